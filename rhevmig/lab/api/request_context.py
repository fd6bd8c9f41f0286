"""One request while the engine handles it: the caller, how the answer is to look, and what handlers need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rhevmig.lab.http.accounts import Caller, Standing
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.http.request import LabRequest
from rhevmig.lab.state.store import Entity

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

_LANGUAGES = ("de", "fr", "ja")


class Look(msgspec.Struct, frozen=True):
    """How an answer is to look."""

    #: What hrefs begin with: `/ovirt-engine/api`, or `/ovirt-engine/api/v4` where that was requested.
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
    """An authenticated request with the engine that handles it."""

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
        # Only what the caller's own permissions show; ordinary users never get more.
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

    def refusal(self, key: str, **values: Any) -> EngineFault:
        """The refusal with that text, in the language of the request."""
        return refuse(key, language=self.language, **values)

    def log(self, code: int, *about: Entity | None, **values: Any) -> None:
        """Write the event of a command that the caller gave."""
        user = self.caller.user
        self.events.write(
            code, *about, user, correlation_id=self.correlation_id, user=self.caller.login, **values
        )

    def start_job(self, description: str) -> Entity:
        """The job of a command that passed its validation and goes on after the answer."""
        job = self.jobs.start(description, owner=self.caller.user, correlation_id=self.correlation_id)
        self.jobs.step(job, "Validating", "validating", status="finished")
        self.jobs.step(job, "Executing", "executing")
        return job

    def end_job(self, description: str, *, status: str = "finished") -> Entity:
        """The job of a command that has ended when it is answered."""
        job = self.start_job(description)
        self.jobs.end(job, status)
        return job
