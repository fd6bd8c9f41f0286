"""The engine's event log: indexes that only grow, codes, severities, texts and references."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from rhevmig.lab.state.defaults import read_data
from rhevmig.lab.state.store import Entity, World

_MEMBERS = {
    "vms": "vm",
    "hosts": "host",
    "clusters": "cluster",
    "datacenters": "data_center",
    "storagedomains": "storage_domain",
    "templates": "template",
    "users": "user",
}


class EventKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One type of event."""

    severity: str = "normal"
    #: The text with `{names}` to fill in.
    text: str
    #: References in addition to its user; by default all that follow from its subjects.
    refs: frozenset[str] | None = None
    #: Seconds in which the same event about the same entities is not written again.
    flood_s: int = 0


@cache
def event_kinds() -> dict[int, EventKind]:
    """Every type of event that the lab writes, by code."""
    found: dict[int, EventKind] = {}
    for name in ("events.yaml", "events_moves.yaml"):
        found |= msgspec.convert(read_data(name), type=dict[int, EventKind])
    return found


class EventLog:
    """Writes events into the world; `GET /events` reads them from there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._last_flood_s: dict[tuple[Any, ...], float] = {}

    @property
    def last_index(self) -> int:
        """The index of the newest event."""
        return max(
            (int(entity_id) for entity_id in self.world.tables.get("events", ()) if entity_id.isdigit()),
            default=0,
        )

    def write(
        self,
        code: int,
        *about: Entity | None,
        correlation_id: str | None = None,
        severity: str | None = None,
        text: str | None = None,
        **values: object,
    ) -> Entity | None:
        """A new event about these entities; None if the flood limit suppresses it.

        A VM adds references to its cluster, data center and template, a host to its cluster and data center.
        """
        kind = event_kinds().get(code, EventKind(text=""))
        flooded = (code, tuple(entity.id for entity in about if entity is not None))
        now_s = self.world.clock.now_s
        if kind.flood_s and now_s - self._last_flood_s.get(flooded, -1e18) < kind.flood_s:
            return None
        self._last_flood_s[flooded] = now_s
        index = self._next_index()
        attrs: dict[str, Any] = {
            "description": text if text is not None else kind.text.format(**values),
            "code": str(code),
            **({"correlation_id": correlation_id} if correlation_id else {}),
            "custom_id": "-1",
            "flood_rate": str(kind.flood_s),
            "index": str(index),
            "origin": "oVirt",
            "severity": severity or kind.severity,
            "time": self.world.clock.stamp(),
            **self._references(about, kind.refs),
        }
        return self.world.add("events", str(index), attrs)

    def add(self, attrs: dict[str, Any]) -> Entity:
        """An event with its own text, from a scenario or another program."""
        index = self._next_index()
        known = {
            "custom_id": "-1",
            "flood_rate": "30",
            "origin": "oVirt",
            "severity": "normal",
            "time": self.world.clock.stamp(),
        }
        return self.world.add("events", str(index), {**known, **attrs, "index": str(index)})

    def _next_index(self) -> int:
        index = self.world.lab_counters.get("event") or self.last_index
        self.world.lab_counters["event"] = index + 1
        return index + 1

    def _references(self, about: tuple[Entity | None, ...], kept: frozenset[str] | None) -> dict[str, Any]:
        found: dict[str, Entity] = {}
        for entity in about:
            if entity is not None and entity.place in _MEMBERS:
                found.setdefault(_MEMBERS[entity.place], entity)
        places = {
            "template": "templates",
            "host": "hosts",
            "cluster": "clusters",
            "data_center": "datacenters",
        }
        brings = (
            ("vm", "template"),
            ("vm", "host"),
            ("vm", "cluster"),
            ("host", "cluster"),
            ("cluster", "data_center"),
        )
        for member, below in brings:
            source = found.get(member)
            place = places[below]
            target = self.world.find(place, source.ref(below)) if source is not None else None
            if target is not None:
                found.setdefault(below, target)
        return {
            member: {"@id": entity.id, "name": entity.text("user_name") or entity.name}
            for member, entity in sorted(found.items())
            if kept is None or member in kept or member == "user"
        }
