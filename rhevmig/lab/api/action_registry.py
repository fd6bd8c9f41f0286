"""The registry of actions: what `POST /vms/{id}/migrate` and its like do.

    @act("vms", "migrate")
    def migrate(context: RequestContext, vm: Entity, action: Tree) -> Acted: ...

An action refuses by raising `faults.Refused`; the answer then wraps the fault in an `<action>` with the
sent elements echoed. `unknown("vms", "migrate")` says what is answered when the object does not exist.
Modules that register are imported by `engine`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity

if TYPE_CHECKING:
    from rhevmig.lab.api.request_context import RequestContext
    from rhevmig.lab.http.request import LabResponse


class Acted:
    """What an action answers beside the echo of what was sent."""

    def __init__(
        self,
        *,
        job: Entity | None = None,
        shown: Entity | None = None,
        status: str = "complete",
        extra: Tree | None = None,
        only: bool = False,
        response: LabResponse | None = None,
    ) -> None:
        #: The job that the engine started for it, shown as a reference.
        self.job = job
        #: The object with its actions and links, as most actions show it.
        self.shown = shown
        #: complete, in_progress, …
        self.status = status
        #: Further elements of the answer.
        self.extra = extra or {}
        #: Show nothing but the status: the object is left out.
        self.only = only
        #: A whole answer instead.
        self.response = response


Action = Callable[["RequestContext", Entity, Tree], Acted]
#: Makes an entity from a body: `create(context, parent, tree) -> Entity`.
Creator = Callable[["RequestContext", Entity | None, Tree], Entity]
Editor = Callable[["RequestContext", Entity, Tree], None]
Remover = Callable[["RequestContext", Entity], None]

_ACTIONS: dict[tuple[str, str], Action] = {}
_UNKNOWN: dict[tuple[str, str], tuple[str, Callable[[RequestContext, str], None] | None]] = {}
_CREATORS: dict[str, Creator] = {}
_EDITORS: dict[str, Editor] = {}
_REMOVERS: dict[str, Remover] = {}
#: Takes an entity out of a collection of members: `leave(context, owner, member)`.
Leaver = Callable[["RequestContext", Entity, Entity], None]
_LEAVERS: dict[str, Leaver] = {}


def act(place: str, name: str) -> Callable[[Action], Action]:
    """Register what an action does."""

    def register(function: Action) -> Action:
        _ACTIONS[place, name] = function
        return function

    return register


def unknown(
    place: str, name: str, message: str, told: Callable[[RequestContext, str], None] | None = None
) -> None:
    """Register the text that refuses an action on an object that does not exist, and who is told its id."""
    _UNKNOWN[place, name] = message, told


def create(place: str) -> Callable[[Creator], Creator]:
    """Register what a POST on a collection does."""

    def register(function: Creator) -> Creator:
        _CREATORS[place] = function
        return function

    return register


def edit(place: str) -> Callable[[Editor], Editor]:
    """Register what a PUT on an item does."""

    def register(function: Editor) -> Editor:
        _EDITORS[place] = function
        return function

    return register


def remove(place: str) -> Callable[[Remover], Remover]:
    """Register what a DELETE on an item does."""

    def register(function: Remover) -> Remover:
        _REMOVERS[place] = function
        return function

    return register


def leave(place: str) -> Callable[[Leaver], Leaver]:
    """Register what a DELETE on a member of a group or label does: it stays, its membership goes."""

    def register(function: Leaver) -> Leaver:
        _LEAVERS[place] = function
        return function

    return register


def leaver_of(place: str) -> Leaver | None:
    """The registered end of a membership."""
    return _LEAVERS.get(place)


def action_of(place: str, name: str) -> Action | None:
    """The registered action."""
    return _ACTIONS.get((place, name))


def unknown_of(place: str, name: str) -> tuple[str, Callable[[RequestContext, str], None] | None] | None:
    """The message for an object that does not exist, and who is told its id."""
    return _UNKNOWN.get((place, name))


def creator_of(place: str) -> Creator | None:
    """The registered creation."""
    return _CREATORS.get(place)


def editor_of(place: str) -> Editor | None:
    """The registered edit."""
    return _EDITORS.get(place)


def remover_of(place: str) -> Remover | None:
    """The registered removal."""
    return _REMOVERS.get(place)


def registered() -> dict[str, Any]:
    """Everything registered, for the coverage page."""
    return {
        "act": sorted(_ACTIONS),
        "create": sorted(_CREATORS),
        "edit": sorted(_EDITORS),
        "remove": sorted(_REMOVERS),
    }
