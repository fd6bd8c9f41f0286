"""Did the engine change while it was read? Events name what did; that is read again, once.

An inventory takes seconds to read, and a VM may arrive on a host between the list of hosts and the list of
VMs. The events between the indexes before and after name what changed. VMs and hosts among it are read again;
what changes once more, and what cannot be read again alone, is reported in `instant.torn_ids`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import msgspec

from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping import EVENT
from rhevmig.engine.snapshot_reader import conversion, newest_event_index, with_tags
from rhevmig.engine.transport import Transport
from rhevmig.events import EventCode
from rhevmig.inventory import Event, Inventory
from rhevmig.inventory.collections import COLLECTIONS, Collection

#: More than this many are read with the whole list instead of by ids: URLs have a length limit.
MOST_BY_ID = 100
#: Most events that are read; an engine that writes more between two readings is busy anyway.
MOST_EVENTS = 2000
#: Logins, logouts and sessions (114) change nothing of the inventory.
_IGNORED = frozenset({int(EventCode.LOGIN), int(EventCode.LOGOUT), 114})


class _Entity(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Entity)


def mended(inventory: Inventory, transport: Transport, reader: Reader) -> Inventory:
    """The inventory with what changed read again; `instant.torn_ids` names what may still be inconsistent."""
    before, after = inventory.instant.event_index_before, inventory.instant.event_index_after
    if before == after or after is None:
        return inventory
    moved = _touched(_events_above(transport, before or 0))
    if not moved:
        return inventory
    tags = {vm.tags for vm in inventory.vms} | {host.tags for host in inventory.hosts}
    vms = _read_again(inventory.vms, moved["vm"], COLLECTIONS["vms"], reader, tags)
    hosts = _read_again(inventory.hosts, moved["host"], COLLECTIONS["hosts"], reader, tags)
    last = newest_event_index(transport)
    again = _touched(_events_above(transport, after)) if last != after else {}
    torn = moved["other"] | again.get("other", set()) | again.get("vm", set()) | again.get("host", set())
    entities: tuple[Iterable[_Entity], ...] = (
        *(inventory.vms, inventory.hosts, vms, hosts),
        *(inventory.clusters, inventory.data_centers, inventory.storage_domains),
    )
    torn &= {one.id for group in entities for one in group}
    instant = msgspec.structs.replace(
        inventory.instant,
        ended_at=transport.clock.now(),
        event_index_after=last,
        torn_ids=tuple(sorted(torn)),
    )
    return msgspec.structs.replace(inventory, vms=vms, hosts=hosts, instant=instant)


def _events_above(transport: Transport, index: int) -> list[Event]:
    query = {"from": str(index), "max": str(MOST_EVENTS)}
    return transport.read("events", query, tag="events", convert=EVENT)


def _touched(events: Iterable[Event]) -> dict[str, set[str]]:
    """Ids of the events' objects: VMs, hosts, and others of events that name neither."""
    found: dict[str, set[str]] = {"vm": set(), "host": set(), "other": set()}
    for event in events:
        if event.code in _IGNORED:
            continue
        if event.vm_id or event.host_id:
            found["vm"].update({event.vm_id} if event.vm_id else ())
            found["host"].update({event.host_id} if event.host_id else ())
        else:
            others = (event.storage_domain_id, event.cluster_id, event.data_center_id)
            found["other"].update([next(id for id in others if id)] if any(others) else ())
    return found if any(found.values()) else {}


def _read_again(
    entities: tuple[E, ...], ids: set[str], row: Collection, reader: Reader, tags: set[tuple[str, ...] | None]
) -> tuple[E, ...]:
    """The objects with those of the ids read again; tags are followed only where an object has some."""
    if not ids:
        return entities
    convert: Any = conversion(row, untagged=tags <= {()})
    row = with_tags(row) if any(tags) else row
    if len(ids) > MOST_BY_ID:
        return tuple(reader.read(row, convert))
    search = " or ".join(f"id={id}" for id in sorted(ids))
    fresh: dict[str, E] = {one.id: one for one in reader.read(row, convert, query={"search": search})}
    kept = [fresh.pop(one.id, one) for one in entities if one.id not in ids or one.id in fresh]
    return (*kept, *fresh.values())
