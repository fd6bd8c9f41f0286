"""The reading itself: which engine, when, which events, and what could not be read."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that was read (`/api`)."""

    #: Address of its API.
    url: str
    #: Package version, e.g. `4.5.8_master`.
    version: str | None = None
    #: Product name.
    name: str | None = None
    vendor: str | None = None
    #: Id of the installation.
    instance_id: str | None = None
    #: Account that read it.
    user: str | None = None
    #: Whether the TLS certificate was verified.
    tls_verified: bool | None = None


class Instant(msgspec.Struct, frozen=True, kw_only=True):
    """When the inventory was read, and whether the engine changed meanwhile."""

    #: By the clock of this machine.
    started_at: datetime
    #: By the clock of this machine.
    ended_at: datetime
    #: The engine's clock at the start (`/api` time).
    engine_time: datetime | None = None
    #: Engine's clock minus the clock of this machine, corrected by half the round trip.
    clock_offset_s: float | None = None
    #: Round trip of that request: the offset is accurate to half of it.
    round_trip_s: float | None = None
    #: Index of the newest event before the reading.
    event_index_before: int | None = None
    #: Index of the newest event after the reading.
    event_index_after: int | None = None
    #: Objects that changed while they were read, and again while they were read once more.
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
    #: See `rhevmig.events`.
    code: int
    #: By the engine's clock.
    time: datetime | None = None
    #: `normal`, `warning`, `error`, `alert`.
    severity: str | None = None
    #: English text.
    description: str = ""
    correlation_id: str | None = None
    vm_id: str | None = None
    host_id: str | None = None
    cluster_id: str | None = None
    data_center_id: str | None = None
    storage_domain_id: str | None = None
    user_id: str | None = None


class Unobserved(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could not be read, and why; it is never reported as fine."""

    #: Kind of object: `vm`, `host`, `cluster`, `cluster_level`, `data_center`, `storage_domain`, `option`, …
    kind: str
    #: None where it concerns all objects of the kind.
    id: str | None = None
    #: What is missing: `all` of them, a relation as links spell it (`nics`, `networkattachments`,
    #: `affinitygroups`, …), a part (`host`, `placement_policy`, `cpu_types`, `storage`), an option's name.
    what: str
    reason: str
    #: The smallest permission, setting or act that would help.
    remedy: str = ""
