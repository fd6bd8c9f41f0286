"""Makes docs/lab-coverage.md: what of the engine's API the lab answers, path by path.

The paths and methods are those of the SDK, walked from its root service; what the lab does is read from
its schema and its registry of acts.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ovirtsdk4.services import SystemService

import rhevmig.lab.simulated_engine  # noqa: F401  registers every act
from rhevmig.lab.api import action_registry as acts
from rhevmig.lab.api import schema
from rhevmig.lab.api.routes import TOPS, below, home_of
from rhevmig.lab.api.schema import Place

#: How many names deep a path may be; the SDK's tree has no end (a cluster's data center's clusters …).
DEPTH = 4
_METHODS = ("add", "get", "list", "remove", "update")

_HEAD = """# What the lab models

Made by `make docs` from the SDK's services and the lab's registry; a test keeps it current.

Of the {paths} collections and single objects that SDK 4.6 knows down to {depth} names deep, the lab answers
GET for {read}; of {writes} kinds of writing requests (POST, PUT, DELETE, actions) it carries out {written}.

- **yes**: answered from the lab's state, as the engine does.
- **501**: the lab answers `501 Not modelled`, which the engine never does, and changes nothing. An empty
  success is never given for something that is not modelled.
- **404**: the lab does not know the path and answers with the engine's page for unknown paths.
- nothing: the engine does not offer it.

Objects of kinds without POST come from the scenario ([lab.md](lab.md)) or a crawl. How exact the answers
are is in [lab-fidelity.md](lab-fidelity.md).
"""


@dataclass
class Row:
    """One collection or single object with its items below."""

    path: str
    place: Place | None
    read: bool = False
    #: method → state
    methods: dict[str, str] | None = None
    #: action → state
    actions: dict[str, str] | None = None


@cache
def rows() -> tuple[Row, ...]:
    """Every path with what the lab does there."""
    return tuple(_row(path, service) for path, service in sorted(_services(SystemService(None, "")).items()))


def _services(service: Any, found: dict[str, Any] | None = None) -> dict[str, Any]:
    known: dict[str, Any] = {} if found is None else found
    for name, locate in inspect.getmembers(service, inspect.ismethod):
        if not name.endswith("_service") or name.startswith("_"):
            continue
        below_it = locate(*(["{id}"] * len(inspect.signature(locate).parameters)))
        path = below_it._path.strip("/")
        if path not in known and len([part for part in path.split("/") if part != "{id}"]) <= DEPTH:
            known[path] = below_it
            _services(below_it, known)
    return known


def _row(path: str, service: Any) -> Row:
    place, is_item = _place(path)
    names = {
        name
        for name, _ in inspect.getmembers(service, inspect.ismethod)
        if not name.startswith("_") and not name.endswith("_service") and name != "service"
    }
    methods = {
        method: _state(place, method)
        for method in _METHODS
        if method in names or (method == "add" and any(name.startswith("add_") for name in names))
    }
    actions = {
        name.replace("_", ""): _state(place, "act", name.replace("_", ""))
        for name in sorted(names)
        if name not in _METHODS and not name.startswith("add_") and is_item
    }
    return Row(path, place, methods=methods, actions=actions)


def _place(path: str) -> tuple[Place | None, bool]:
    parts = path.split("/")
    collections, is_item = [part for part in parts if part != "{id}"], parts[-1] == "{id}"
    if collections[0] not in TOPS or collections[0] not in schema.places():
        return None, is_item
    place: Place | None = schema.place(collections[0])
    for name in collections[1:]:
        if place is not None:
            place = below(place, name) or below(home_of(place), name)
    return place, is_item


def _state(place: Place | None, method: str, action: str = "") -> str:
    if place is None:
        return "404"
    home = home_of(place).path
    known = {
        "get": True,
        "list": True,
        "add": acts.creator_of(place.path),
        "update": acts.editor_of(home),
        "remove": acts.remover_of(home) or acts.leaver_of(home),
        "act": acts.action_of(home, action),
    }[method]
    return "yes" if known else "501"


def _counts() -> tuple[int, int, int, int]:
    read = [row for row in rows() if {"get", "list"} & set(row.methods or {})]
    answered = [row for row in read if row.place is not None]
    writes = [state for row in rows() for state in _writes(row)]
    return len(read), len(answered), len(writes), writes.count("yes")


def _writes(row: Row) -> Iterator[str]:
    yield from (state for method, state in (row.methods or {}).items() if method not in ("get", "list"))
    yield from (row.actions or {}).values()


def page() -> str:
    """The text of the page."""
    paths, read, writes, written = _counts()
    lines = [_HEAD.format(paths=paths, depth=DEPTH, read=read, writes=writes, written=written)]
    lines += ["| path | GET | POST | PUT | DELETE | actions |", "|---|---|---|---|---|---|"]
    lines += [_line(row) for row in rows() if row.methods or row.actions]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    methods = row.methods or {}
    cells = [
        f"`{row.path}`",
        methods.get("list", methods.get("get", "")),
        methods.get("add", ""),
        methods.get("update", ""),
        methods.get("remove", ""),
        _actions(row.actions or {}),
    ]
    return "| " + " | ".join(cells) + " |"


def _actions(actions: dict[str, str]) -> str:
    done = [name for name, state in actions.items() if state == "yes"]
    other: dict[str, list[str]] = {}
    for name, state in actions.items():
        if state != "yes":
            other.setdefault(state, []).append(name)
    parts = [f"**yes:** {', '.join(done)}"] if done else []
    return "; ".join(parts + [f"{state}: {', '.join(names)}" for state, names in other.items()])
