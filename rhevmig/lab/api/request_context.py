"""One request on its way through the engine: who asks, how the answer is to look, what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rhevmig.lab.http.accounts import Caller, Standing
from rhevmig.lab.http.request import LabRequest

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

_LANGUAGES = ("de", "fr", "ja")


class Look(msgspec.Struct, frozen=True):
    """How an answer is to look."""

    #: What hrefs begin with: `/ovirt-engine/api`, or `/ovirt-engine/api/v4` when asked there.
    base: str = "/ovirt-engine/api"
    #: Also the members that cost extra queries.
    all_content: bool = False
    #: The view of an ordinary user: some members are missing.
    filtered: bool = False
    #: Reached by `follow`: a few members are shown only then.
    followed: bool = False
    #: Only the id and href, actions and links: what an action's answer shows of its object.
    bare: bool = False


class RequestContext:
    """A request that was let in."""

    def __init__(
        self, engine: EngineState, request: LabRequest, caller: Caller, correlation_id: str, base: str
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
