"""The registry of handlers: what POST, PUT, DELETE and actions do, by place.

    @act("vms", "migrate")
    def migrate(context: RequestContext, vm: Entity, action: Tree) -> Acted: ...

A handler refuses by raising `EngineFault`. The answer to an action then wraps the fault in an `<action>`
that echoes what was sent. `simulated_engine` imports every module that registers handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.request import LabResponse
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What an action answers in addition to the echo of what was sent."""

    #: The job that the engine started for it, shown as a reference.
    job: Entity | None = None
    #: The object with its actions and links, as most actions show it.
    shown: Entity | None = None
    #: complete, in_progress, …
    status: str = "complete"
    #: Further elements of the answer.
    extra: Tree = {}
    #: Leaves the object out of the answer.
    only: bool = False
    #: Replaces the whole answer.
    response: LabResponse | None = None


Action = Callable[[RequestContext, Entity, Tree], Acted]
#: Makes an entity from a body, below a parent (None at the top).
Creator = Callable[[RequestContext, Any, Tree], Entity]
Editor = Callable[[RequestContext, Entity, Tree], None]
#: May return the job of the removal, which the answer then shows.
Remover = Callable[[RequestContext, Entity], Entity | None]
#: Takes a member (the last argument) out of a group or label; the member itself stays.
Leaver = Callable[[RequestContext, Entity, Entity], None]
#: Reports the id of an object that does not exist.
Reporter = Callable[[RequestContext, str], None]

_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_ACTIONS: dict[tuple[str, str], Action] = {}
_UNKNOWN: dict[tuple[str, str], tuple[str, Reporter | None]] = {}
_CREATORS: dict[str, Creator] = {}
_EDITORS: dict[str, Editor] = {}
_REMOVERS: dict[str, Remover] = {}
_LEAVERS: dict[str, Leaver] = {}


def _registration(table: dict[Any, Any], *keys: Any) -> Callable[[_Handler], _Handler]:
    def register(handler: _Handler) -> _Handler:
        table.update(dict.fromkeys(keys, handler))
        return handler

    return register


def act(place: str, name: str) -> Callable[[_Handler], _Handler]:
    """Register what an action does."""
    return _registration(_ACTIONS, (place, name))


def create(*places: str) -> Callable[[_Handler], _Handler]:
    """Register what a POST on a collection does."""
    return _registration(_CREATORS, *places)


def edit(*places: str) -> Callable[[_Handler], _Handler]:
    """Register what a PUT on an item does."""
    return _registration(_EDITORS, *places)


def remove(*places: str) -> Callable[[_Handler], _Handler]:
    """Register what a DELETE on an item does."""
    return _registration(_REMOVERS, *places)


def leave(*places: str) -> Callable[[_Handler], _Handler]:
    """Register what a DELETE on a member of a group or label does."""
    return _registration(_LEAVERS, *places)


def unknown(place: str, name: str, message: str, report: Reporter | None = None) -> None:
    """Register the text that refuses an action on an object that does not exist, and who reports its id."""
    _UNKNOWN[place, name] = message, report


def action_of(place: str, name: str) -> Action | None:
    """The registered action."""
    return _ACTIONS.get((place, name))


def unknown_of(place: str, name: str) -> tuple[str, Reporter | None] | None:
    """The message for an object that does not exist, and who reports its id."""
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


def leaver_of(place: str) -> Leaver | None:
    """The registered end of a membership."""
    return _LEAVERS.get(place)


def registered() -> dict[str, list[Any]]:
    """The keys of all registered actions, creations, edits and removals."""
    return {
        "act": sorted(_ACTIONS),
        "create": sorted(_CREATORS),
        "edit": sorted(_EDITORS),
        "remove": sorted(_REMOVERS),
    }
