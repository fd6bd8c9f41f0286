"""One request on its way through the engine: who asks, how the answer is to look, what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhevmig.lab.api.xml import Look
from rhevmig.lab.http.accounts import Caller, Standing
from rhevmig.lab.http.request import Request

if TYPE_CHECKING:
    from rhevmig.lab.state.engine_state import EngineState

_LANGUAGES = ("de", "fr", "ja")


class Asked:
    """A request that was let in."""

    def __init__(
        self, engine: EngineState, request: Request, caller: Caller, correlation_id: str, base: str
    ) -> None:
        self.engine = engine
        self.world = engine.world
        self.events = engine.events
        self.jobs = engine.jobs
        self.request = request
        self.caller = caller
        self.correlation_id = correlation_id
        filtered = request.switch("filter")
        #: Only what the caller's own permissions show; ordinary users never get more.
        self.filtered = caller.standing is Standing.USER if filtered is None else filtered
        self.look = Look(
            base=base,
            all_content=bool(request.switch("all_content")),
            filtered=self.filtered,
        )

    @property
    def language(self) -> str:
        """The language of refusals, as far as it is known."""
        wanted = self.request.headers.get("accept-language", "en")[:2].lower()
        return wanted if wanted in _LANGUAGES else "en"

    @property
    def may_act(self) -> bool:
        """Whether the caller may change things at all."""
        return self.caller.standing is Standing.ADMIN
