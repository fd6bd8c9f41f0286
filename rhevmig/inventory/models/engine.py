"""The record of the reading itself: which engine, when, which events, and what could not be seen."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that was read (`/api`)."""

    #: Address of its API.
    url: str
    #: Version as packaged, e.g. `4.5.8_master`.
    version: str | None = None
    #: Product name.
    name: str | None = None
    #: Vendor.
    vendor: str | None = None
    #: Id of the installation.
    instance_id: str | None = None
    #: User that read it.
    user: str | None = None
    #: Whether TLS was verified; False is a finding of its own.
    tls_verified: bool | None = None


class Instant(msgspec.Struct, frozen=True, kw_only=True):
    """When the inventory was read, and whether the engine stood still meanwhile."""

    #: Start by our clock.
    started_at: datetime
    #: End by our clock.
    ended_at: datetime
    #: The engine's clock at the start (`/api` time).
    engine_time: datetime | None = None
    #: Engine's clock less ours, corrected by half the round trip.
    clock_offset_s: float | None = None
    #: Round trip of that request: the offset is known to half of it.
    round_trip_s: float | None = None
    #: Newest event before.
    event_index_before: int | None = None
    #: Newest event after.
    event_index_after: int | None = None
    #: Ids of entities that changed while they were read and could not be read again in peace.
    torn_ids: tuple[str, ...] = ()
    #: Requests that the reading took.
    requests: int | None = None

    @property
    def is_torn(self) -> bool:
        """Whether parts of the inventory may belong to different instants."""
        return bool(self.torn_ids)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the engine (`event`): of migrations, hosts and clocks only."""

    #: Index, increasing.
    id: int
    #: Code, see `rhevmig.events`.
    code: int
    #: When, by the engine's clock.
    time: datetime | None = None
    #: `normal`, `warning`, `error`, `alert`.
    severity: str | None = None
    #: Text in English.
    description: str = ""
    #: Correlation id.
    correlation_id: str | None = None
    #: VM.
    vm_id: str | None = None
    #: Host.
    host_id: str | None = None
    #: Cluster.
    cluster_id: str | None = None
    #: Data center.
    data_center_id: str | None = None
    #: Storage domain.
    storage_domain_id: str | None = None
    #: User.
    user_id: str | None = None


class Unobserved(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be seen, and why: never to be taken for fine."""

    #: Kind of entity: `vm`, `host`, `cluster`, `cluster_level`, `data_center`, `storage_domain`, `option`, …
    kind: str
    #: Id of the entity; None where it concerns all of the kind.
    id: str | None = None
    #: What is missing: `all` of them, a relation as links spell it (`nics`, `networkattachments`,
    #: `affinitygroups`, …), a part (`host`, `placement_policy`, `cpu_types`, `storage`), an option's name.
    what: str
    #: Why.
    reason: str
    #: The smallest permission, setting or act that would help.
    remedy: str = ""
