"""One inventory from all lists: read together, joined at home, held against the events meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rhevmig.engine.collections import EVENT_SEARCHES, LISTS, TAGGED, ListOf
from rhevmig.engine.list_reader import FIRST_MAX, GROWTH, Reader
from rhevmig.engine.mapping.affinity import affinity_groups_of, affinity_label_of
from rhevmig.engine.mapping.cluster import (
    cluster_level_of,
    cluster_networks_of,
    cluster_of,
    data_center_of,
    scheduling_policy_of,
)
from rhevmig.engine.mapping.event import event_of
from rhevmig.engine.mapping.host import host_of
from rhevmig.engine.mapping.network import network_of, vnic_profile_of
from rhevmig.engine.mapping.storage import (
    attachments_of,
    disk_of,
    storage_connection_of,
    storage_domain_of,
)
from rhevmig.engine.mapping.values import moment, ref
from rhevmig.engine.mapping.vm import vm_of
from rhevmig.engine.options import cpu_types_of, default_mtu_of, migration_policies_of, with_flags
from rhevmig.engine.parallel import run_together
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE, Transport
from rhevmig.inventory import Engine, Event, Instant, Inventory

#: Longest wait for the root, which every engine answers at once.
ROOT_TIMEOUT_S = 60.0
_OPTIONS = ("ServerCPUList", "MigrationPolicies", "DefaultMTU")


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What the root of the API tells, and when it told it."""

    #: The engine.
    engine: Engine
    #: Version as numbers; empty where the engine tells none.
    version: tuple[int, ...] = ()
    #: When it was asked, by our clock.
    asked_at: datetime
    #: The engine's clock.
    engine_time: datetime | None = None
    #: Engine's clock less ours.
    clock_offset_s: float | None = None
    #: Round trip.
    round_trip_s: float
    #: VMs in all; None where the account may not see the summary.
    vms: int | None = None

    @property
    def first_max(self) -> int:
        """A `max` that no list of this engine should fill, so that none is read twice."""
        most = FIRST_MAX
        while self.vms is not None and self.vms >= most:
            most *= GROWTH
        return most

    @property
    def follows(self) -> bool:
        """Whether this engine follows links; older ones ignore the parameter in silence."""
        return not self.version or self.version >= (4, 2)


def read_root(transport: Transport) -> Root:
    """The root of the API: proves that an engine is there and that the account may come in."""
    clock, settings = transport.clock, transport.settings
    asked_at, start = clock.now(), clock.monotonic()
    timeout_s = min(ROOT_TIMEOUT_S, settings.timeout_s)
    (api,) = transport.read("", {}, tag="api", convert=lambda item: item, timeout_s=timeout_s)
    round_trip_s = clock.monotonic() - start
    told = moment(api.time)
    product = api.product_info
    version = product.version if product else None
    numbers = (version.major, version.minor) if version and version.major is not None else ()
    middle = asked_at + timedelta(seconds=round_trip_s / 2)
    return Root(
        engine=Engine(
            url=settings.url,
            version=version.full_version if version else None,
            name=product.name if product else None,
            vendor=product.vendor if product else None,
            instance_id=product.instance_id if product else None,
            user=settings.username or ref(api.authenticated_user),
            tls_verified=settings.url.startswith("https:") and not settings.insecure,
        ),
        version=tuple(number or 0 for number in numbers),
        asked_at=asked_at,
        engine_time=told,
        clock_offset_s=(told - middle).total_seconds() if told else None,
        round_trip_s=round_trip_s,
        vms=api.summary.vms.total if api.summary and api.summary.vms else None,
    )


def newest_event_index(transport: Transport) -> int | None:
    """Index of the newest event; None on an engine without events."""
    newest = transport.read("events", {"max": "1"}, tag="events", convert=lambda item: int(item.id))
    return newest[0] if newest else None


def wanted_lists(*, tagged: bool) -> dict[str, ListOf]:
    """The lists to read; tags are followed only where there are any."""
    return {name: one.following("tags") if tagged and name in TAGGED else one for name, one in LISTS.items()}


def read_inventory(transport: Transport, reader: Reader, root: Root) -> Inventory:
    """All lists, joined; without details, and not yet held against later events."""
    requests_before = transport.requests - 1
    before: list[int | None] = []
    tags: list[Any] = []
    run_together(
        (
            lambda: before.append(newest_event_index(transport)),
            lambda: tags.append(reader.several("tags", "tags")),
        ),
        at_once=MAX_REQUESTS_AT_ONCE,
    )
    # the root tag is always there; without another one no entity carries any
    tagged = tags[0] is None or any(tag.parent is not None for tag in tags[0])
    parts = _Parts(reader, transport, tagged=tagged)
    run_together(parts.acts(), at_once=MAX_REQUESTS_AT_ONCE)
    instant = Instant(
        started_at=root.asked_at,
        ended_at=transport.clock.now(),
        engine_time=root.engine_time,
        clock_offset_s=root.clock_offset_s,
        round_trip_s=root.round_trip_s,
        event_index_before=before[0],
        event_index_after=newest_event_index(transport),
        requests=transport.requests - requests_before,
    )
    return parts.joined(root.engine, instant)


class _Parts:
    """The lists while they come in; each key is written by one thread."""

    def __init__(self, reader: Reader, transport: Transport, *, tagged: bool) -> None:
        self._reader = reader
        self._transport = transport
        self._tagged = tagged
        self._lists = wanted_lists(tagged=tagged)
        self._found: dict[str, list[Any]] = {}
        self._options: dict[str, Any] = {}
        self._events: dict[str, list[Event]] = {}

    def acts(self) -> list[Callable[[], None]]:
        """What to run, the longest first."""
        lists = [self._list(name) for name in self._lists]
        events = [self._event_search(search, most) for search, most in EVENT_SEARCHES]
        return [*lists[:3], *events, *lists[3:], *(self._option(name) for name in _OPTIONS)]

    def _list(self, name: str) -> Callable[[], None]:
        convert = _CONVERSIONS[name]

        def act() -> None:
            self._found[name] = self._reader.read(self._lists[name], convert)

        return act

    def _event_search(self, search: str, most: int) -> Callable[[], None]:
        def act() -> None:
            query = {"search": search, "max": str(most)}
            self._events[search] = self._transport.read("events", query, tag="events", convert=event_of)

        return act

    def _option(self, name: str) -> Callable[[], None]:
        def act() -> None:
            self._options[name] = self._reader.one(f"options/{name}", "system_option", lambda item: item)
            if self._options[name] is None:
                self._reader.miss("option", name, "the engine does not show it to this account (HTTP 404)")

        return act

    def joined(self, engine: Engine, instant: Instant) -> Inventory:
        """The inventory."""
        found, options = self._found, self._options
        units = dict(found["schedulingpolicyunits"])
        inventory = Inventory(
            engine=engine,
            instant=instant,
            data_centers=tuple(one for one, _ in found["datacenters"]),
            clusters=tuple(one for one, _, _ in found["clusters"]),
            cluster_levels=self._levels(),
            hosts=self._untagged(found["hosts"]),
            networks=tuple(found["networks"]),
            cluster_networks=tuple(network for _, networks, _ in found["clusters"] for network in networks),
            vnic_profiles=tuple(found["vnicprofiles"]),
            storage_domains=tuple(found["storagedomains"]),
            storage_attachments=tuple(one for _, attached in found["datacenters"] for one in attached),
            storage_connections=tuple(found["storageconnections"]),
            disks=tuple(found["disks"]),
            vms=self._untagged(found["vms"]),
            affinity_groups=tuple(group for _, _, groups in found["clusters"] for group in groups),
            affinity_labels=tuple(found["affinitylabels"]),
            migration_policies=migration_policies_of(options["MigrationPolicies"])
            if options["MigrationPolicies"]
            else (),
            scheduling_policies=tuple(
                scheduling_policy_of(item, seen, units) for item, seen in found["schedulingpolicies"]
            ),
            events=self._all_events(),
            default_mtu=default_mtu_of(options["DefaultMTU"]) if options["DefaultMTU"] else None,
        )
        self._note_hidden(inventory)
        return msgspec.structs.replace(inventory, unobserved=self._reader.unobserved)

    def _untagged(self, entities: list[Any]) -> tuple[Any, ...]:
        if self._tagged:
            return tuple(entities)
        return tuple(msgspec.structs.replace(one, tags=()) for one in entities)

    def _levels(self) -> tuple[Any, ...]:
        option = self._options["ServerCPUList"]
        return with_flags(self._found["clusterlevels"], cpu_types_of(option) if option else {})

    def _all_events(self) -> tuple[Event, ...]:
        by_index = {event.id: event for events in self._events.values() for event in events}
        return tuple(by_index[index] for index in sorted(by_index, reverse=True))

    def _note_hidden(self, inventory: Inventory) -> None:
        """What a restricted account gets without a refusal: elements that are simply not there."""
        vms, running = inventory.vms, [vm for vm in inventory.vms if vm.is_running]
        self._miss("vm", "host", running, [vm for vm in running if vm.host_id is None])
        self._miss("vm", "placement_policy", vms, [vm for vm in vms if vm.affinity is None])
        levels, domains = inventory.cluster_levels, inventory.storage_domains
        self._miss("cluster_level", "cpu_types", levels, [one for one in levels if not one.cpu_types])
        self._miss("storage_domain", "storage", domains, [one for one in domains if one.storage_type is None])

    def _miss(self, kind: str, what: str, entities: Sequence[Any], hidden: Sequence[Any]) -> None:
        """One note for all where it is hidden of all, else one each."""
        reason = "the engine leaves it out for this account"
        if hidden and len(hidden) == len(entities):
            self._reader.miss(kind, what, reason)
        else:
            for one in hidden:
                self._reader.miss(kind, what, reason, id=one.id)


_CONVERSIONS: dict[str, Callable[[Any, frozenset[str]], Any]] = {
    "vms": vm_of,
    "hosts": host_of,
    "disks": lambda item, _seen: disk_of(item),
    "clusters": lambda item, seen: (
        cluster_of(item),
        cluster_networks_of(item) if "networks" in seen else (),
        affinity_groups_of(item) if "affinitygroups" in seen else (),
    ),
    "datacenters": lambda item, seen: (
        data_center_of(item, seen),
        attachments_of(item) if "storagedomains" in seen else (),
    ),
    "storagedomains": storage_domain_of,
    "schedulingpolicies": lambda item, seen: (item, seen),
    "schedulingpolicyunits": lambda item, _seen: (item.id, item.name),
    "affinitylabels": lambda item, _seen: affinity_label_of(item),
    "networks": lambda item, _seen: network_of(item),
    "vnicprofiles": lambda item, _seen: vnic_profile_of(item),
    "storageconnections": lambda item, _seen: storage_connection_of(item),
    "clusterlevels": lambda item, _seen: cluster_level_of(item),
}
