"""One inventory from all lists: read in parallel and joined here.

What is read was chosen by what it costs an engine (4.5.8, 920 VMs): `vms` 1.0 ms per VM, with `nics` 2.1,
`diskattachments` +1.3, `hostdevices` +0.1, `tags` +0.7 (followed only where tags exist). Following
`diskattachments.disk` costs +6.1, so disks are joined here from their own list (0.2 ms per disk). Statistics
(30 ms per VM), all content (60 ms) and scheduler targets (35 ms) are read on request only (`details`).
Nothing here answers HTTP 500 (recording `follow-refused`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from rhevmig.engine.list_reader import FIRST_MAX, GROWTH, Reader
from rhevmig.engine.mapping import EVENT, MAPPINGS
from rhevmig.engine.mapping.conversions import utc_of
from rhevmig.engine.mapping.fields import NOTHING_FOLLOWED
from rhevmig.engine.options import cpu_types_of, default_mtu_of, migration_policies_of, with_flags
from rhevmig.engine.parallel import run_together
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE, Transport
from rhevmig.events import HOST_EVENTS, MIGRATION_EVENTS, EventCode
from rhevmig.inventory import ClusterLevel, Engine, Event, Instant, Inventory, SchedulingPolicy
from rhevmig.inventory.collections import COLLECTIONS, Collection, children_of, link_name

#: Longest wait for the root, which every engine answers at once.
ROOT_TIMEOUT_S = 60.0
_OPTIONS = ("ServerCPUList", "MigrationPolicies", "DefaultMTU")
#: Names of the units that scheduling policies refer to.
_UNITS = Collection(
    name="scheduling_policy_units", kind="scheduling_policy_unit", label="policy unit", model=None
)
#: Whether objects carry tags, as far as the account may see it.
_Tags = Literal["some", "none", "hidden"]
#: An object, and the objects inside it by the name of their collection.
_Family = tuple[Any, dict[str, list[Any]]]
_ROWS = {name: row for name, row in COLLECTIONS.items() if row.parent is None}


def _search(codes: frozenset[int]) -> str:
    return " or ".join(f"type={code}" for code in sorted(codes))


#: Searches for events, each with the number that is kept: newest first, so the oldest are left out.
#: Clock drift is searched separately: on a busy engine other events would push it out.
EVENT_SEARCHES: tuple[tuple[str, int], ...] = (
    (_search(MIGRATION_EVENTS), 1000),
    (_search(HOST_EVENTS - {EventCode.HOST_TIME_DRIFT}), 500),
    (f"type={int(EventCode.HOST_TIME_DRIFT)}", 100),
)


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """The root of the API, and when it was read."""

    engine: Engine
    #: Version as numbers; empty where the engine reports none.
    version: tuple[int, ...] = ()
    #: By the clock of this machine.
    asked_at: datetime
    #: By the engine's clock.
    engine_time: datetime | None = None
    #: Engine's clock minus the clock of this machine.
    clock_offset_s: float | None = None
    round_trip_s: float
    #: Number of VMs; None where the account may not see the summary.
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
        """Whether this engine follows links; older ones silently ignore the parameter."""
        return not self.version or self.version >= (4, 2)


def read_root(transport: Transport) -> Root:
    """Reads the root of the API, which proves that an engine answers and accepts the account."""
    clock, settings = transport.clock, transport.settings
    asked_at, start = clock.now(), clock.monotonic()
    timeout_s = min(ROOT_TIMEOUT_S, settings.timeout_s)
    (api,) = transport.read("", {}, tag="api", convert=lambda item: item, timeout_s=timeout_s)
    round_trip_s = clock.monotonic() - start
    engine_time = utc_of(api.time)
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
            user=settings.username or (api.authenticated_user.id if api.authenticated_user else None),
            tls_verified=settings.url.startswith("https:") and not settings.insecure,
        ),
        version=tuple(number or 0 for number in numbers),
        asked_at=asked_at,
        engine_time=engine_time,
        clock_offset_s=(engine_time - middle).total_seconds() if engine_time else None,
        round_trip_s=round_trip_s,
        vms=api.summary.vms.total if api.summary and api.summary.vms else None,
    )


def newest_event_index(transport: Transport) -> int | None:
    """Index of the newest event; None on an engine without events."""
    newest = transport.read("events", {"max": "1"}, tag="events", convert=EVENT)
    return newest[0].id if newest else None


def with_tags(collection: Collection) -> Collection:
    """The collection with tags followed, where its objects may carry any."""
    return collection.following(*collection.follow, "tags") if collection.tagged else collection


def read_inventory(transport: Transport, reader: Reader, root: Root) -> Inventory:
    """All lists, joined; without details, and not yet compared with later events."""
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
    # only administrators may list tags, and an account that may not cannot follow them either
    reader.is_administrator = tags[0] is not None
    parts = _Parts(reader, transport, tags=_tag_use(tags[0]))
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


def _tag_use(tags: Sequence[Any] | None) -> _Tags:
    if tags is None:
        return "hidden"
    # every engine has the root tag; without another one no object carries any
    return "some" if any(tag.parent is not None for tag in tags) else "none"


class _Parts:
    """The lists while they are read; each key is written by one thread."""

    def __init__(self, reader: Reader, transport: Transport, *, tags: _Tags) -> None:
        self._reader = reader
        self._transport = transport
        self._tags = tags
        self._found: dict[str, list[_Family]] = {}
        self._units: dict[str, str] = {}
        self._options: dict[str, Any] = {}
        self._events: dict[int, Event] = {}

    def acts(self) -> list[Callable[[], None]]:
        """The requests, the longest first."""
        lists = [self._list(row) for row in _ROWS.values()]
        events = [self._event_search(search, most) for search, most in EVENT_SEARCHES]
        options = [self._option(name) for name in _OPTIONS]
        return [*lists[:3], *events, *lists[3:], self._read_units, *options]

    def _list(self, row: Collection) -> Callable[[], None]:
        convert = _with_children(row, untagged=self._tags == "none")
        wanted = with_tags(row) if self._tags == "some" else row
        if row.tagged and self._tags == "hidden":
            self._reader.miss(row.kind, "tags", "the account may not see tags")

        def act() -> None:
            self._found[row.name] = self._reader.read(wanted, convert)

        return act

    def _read_units(self) -> None:
        units = self._reader.read(_UNITS, lambda item, _followed: (item.id, item.name))
        self._units = {id: name for id, name in units if id and name}

    def _event_search(self, search: str, most: int) -> Callable[[], None]:
        def act() -> None:
            query = {"search": search, "max": str(most)}
            events = self._transport.read("events", query, tag="events", convert=EVENT)
            self._events.update({event.id: event for event in events})

        return act

    def _option(self, name: str) -> Callable[[], None]:
        def act() -> None:
            self._options[name] = self._reader.one(f"options/{name}", "system_option", lambda item: item)
            if self._options[name] is None:
                self._reader.miss("option", name, "the engine does not show it to this account (HTTP 404)")

        return act

    def joined(self, engine: Engine, instant: Instant) -> Inventory:
        """The inventory."""
        collections: dict[str, Any] = {name: self._all(row) for name, row in COLLECTIONS.items()}
        collections["cluster_levels"] = self._levels(collections["cluster_levels"])
        collections["scheduling_policies"] = self._policies(collections["scheduling_policies"])
        policies, mtu = self._options["MigrationPolicies"], self._options["DefaultMTU"]
        inventory = Inventory(
            engine=engine,
            instant=instant,
            migration_policies=migration_policies_of(policies) if policies else (),
            events=tuple(self._events[index] for index in sorted(self._events, reverse=True)),
            default_mtu=default_mtu_of(mtu) if mtu else None,
            **collections,
        )
        self._note_hidden(inventory)
        return msgspec.structs.replace(inventory, unobserved=self._reader.unobserved)

    def _all(self, row: Collection) -> tuple[Any, ...]:
        if row.parent is None:
            return tuple(entity for entity, _ in self._found[row.name])
        return tuple(one for _, children in self._found[row.parent] for one in children[row.name])

    def _levels(self, levels: Sequence[ClusterLevel]) -> tuple[ClusterLevel, ...]:
        option = self._options["ServerCPUList"]
        return with_flags(levels, cpu_types_of(option) if option else {})

    def _policies(self, policies: Sequence[SchedulingPolicy]) -> tuple[SchedulingPolicy, ...]:
        """Policies with the names of their filters; a filter whose unit is not listed keeps its id."""
        return tuple(
            policy
            if policy.filters is None
            else msgspec.structs.replace(
                policy, filters=tuple(self._units.get(unit, unit) for unit in policy.filters)
            )
            for policy in policies
        )

    def _note_hidden(self, inventory: Inventory) -> None:
        """What the engine leaves out for a restricted account without refusing anything."""
        vms, running = inventory.vms, [vm for vm in inventory.vms if vm.is_running]
        self._miss("vm", "host", running, [vm for vm in running if vm.host_id is None])
        self._miss("vm", "placement_policy", vms, [vm for vm in vms if vm.affinity is None])
        levels, domains = inventory.cluster_levels, inventory.storage_domains
        self._miss("cluster_level", "cpu_types", levels, [one for one in levels if not one.cpu_types])
        self._miss("storage_domain", "storage", domains, [one for one in domains if one.storage_type is None])

    def _miss(self, kind: str, what: str, entities: Sequence[Any], hidden: Sequence[Any]) -> None:
        """One record for all where it is hidden of all, else one for each."""
        reason = "the engine leaves it out for this account"
        self._reader.is_restricted |= bool(hidden)
        if hidden and len(hidden) == len(entities):
            self._reader.miss(kind, what, reason)
        else:
            for one in hidden:
                self._reader.miss(kind, what, reason, id=one.id)


def conversion(row: Collection, *, untagged: bool = False) -> Callable[[Any, frozenset[str]], Any]:
    """From an object of the SDK and the links that were followed to a struct of the collection's model.

    Args: untagged (the engine has no tags, so they are known although the link was not followed).
    """
    assert row.model is not None
    table = MAPPINGS[row.model]
    known = frozenset({"tags"}) if untagged else NOTHING_FOLLOWED
    return lambda item, followed: table(item, followed | known)


def _with_children(row: Collection, *, untagged: bool) -> Callable[[Any, frozenset[str]], _Family]:
    """The same, with the structs of the collections that exist inside the object."""
    convert = conversion(row, untagged=untagged)
    children = children_of(row.name)

    def family(item: Any, followed: frozenset[str]) -> _Family:
        inside = {}
        for child in children:
            assert child.model is not None
            assert child.relation is not None
            parts = getattr(item, child.relation) if link_name(child.relation) in followed else None
            parent_id = {f"{row.kind}_id": item.id}
            inside[child.name] = [MAPPINGS[child.model](part, **parent_id) for part in parts or ()]
        return convert(item, followed), inside

    return family
