"""Was the engine still while it was read? Events say what moved; that is read again, once.

An inventory takes seconds to read and an engine does not wait: a VM may arrive on a host between the list
of hosts and the list of VMs. The events between the indexes before and after name what changed. VMs and
hosts among it are read again; what changes even then, and what cannot be read again alone, is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import msgspec

from rhevmig.engine.collections import ListOf
from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping.event import event_of
from rhevmig.engine.mapping.host import host_of
from rhevmig.engine.mapping.vm import vm_of
from rhevmig.engine.snapshot_reader import newest_event_index, wanted_lists
from rhevmig.engine.transport import Transport
from rhevmig.events import EventCode
from rhevmig.inventory import Event, Inventory

#: More than this many are read by their list again instead of by ids: an address has its longest length.
MOST_BY_ID = 100
#: Most events that are looked at; an engine that writes more between two readings was not still at all.
MOST_EVENTS = 2000
#: People coming and going change nothing of the inventory.
_IGNORED = frozenset({int(EventCode.LOGIN), int(EventCode.LOGOUT), 114})


class _Entity(Protocol):
    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=_Entity)


def mended(inventory: Inventory, transport: Transport, reader: Reader) -> Inventory:
    """The inventory with what moved read again; `instant.torn_ids` names what may still be torn."""
    before, after = inventory.instant.event_index_before, inventory.instant.event_index_after
    if before == after or after is None:
        return inventory
    moved = _touched(_events_above(transport, before or 0))
    if not moved:
        return inventory
    tagged = any(vm.tags for vm in inventory.vms) or any(host.tags for host in inventory.hosts)
    lists = wanted_lists(tagged=tagged)
    known_vms = {vm.id for vm in inventory.vms}
    known_hosts = {host.id for host in inventory.hosts}
    vm_ids, host_ids = moved["vm"], moved["host"]
    vms = _read_again(inventory.vms, vm_ids, lists["vms"], vm_of, reader)
    hosts = _read_again(inventory.hosts, host_ids, lists["hosts"], host_of, reader)
    last = newest_event_index(transport)
    again = _touched(_events_above(transport, after)) if last != after else {}
    torn = moved["other"] | again.get("other", set()) | again.get("vm", set()) | again.get("host", set())
    torn &= known_vms | known_hosts | _others(inventory) | {vm.id for vm in vms} | {host.id for host in hosts}
    instant = msgspec.structs.replace(
        inventory.instant,
        ended_at=transport.clock.now(),
        event_index_after=last,
        torn_ids=tuple(sorted(torn)),
    )
    return msgspec.structs.replace(inventory, vms=vms, hosts=hosts, instant=instant)


def _events_above(transport: Transport, index: int) -> list[Event]:
    query = {"from": str(index), "max": str(MOST_EVENTS)}
    return transport.read("events", query, tag="events", convert=event_of)


def _touched(events: Iterable[Event]) -> dict[str, set[str]]:
    """Ids of what the events are about: VMs, hosts, and what only others are about."""
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
    entities: tuple[E, ...],
    ids: set[str],
    wanted: ListOf,
    convert: Callable[[Any, frozenset[str]], E],
    reader: Reader,
) -> tuple[E, ...]:
    if not ids:
        return entities
    if len(ids) > MOST_BY_ID:
        return tuple(reader.read(wanted, convert))
    search = " or ".join(f"id={id}" for id in sorted(ids))
    fresh: dict[str, E] = {one.id: one for one in reader.read(wanted, convert, query={"search": search})}
    kept = [fresh.pop(one.id, one) for one in entities if one.id not in ids or one.id in fresh]
    return (*kept, *fresh.values())


def _others(inventory: Inventory) -> set[str]:
    groups: tuple[tuple[Any, ...], ...] = (
        inventory.clusters,
        inventory.data_centers,
        inventory.storage_domains,
    )
    return {one.id for group in groups for one in group}
