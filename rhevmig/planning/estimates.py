"""How long one migration takes, from the path of its hosts and the migration policy of its cluster."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from rhevmig.inventory import Cluster, Host, Inventory, Vm, migration_path, used_links
from rhevmig.planning.migration_settings import MigrationSettings, migration_settings
from rhevmig.planning.plan import Estimate
from rhevmig.precopy import Prediction, predict
from rhevmig.precopy.bandwidth import Bandwidth, MigrationLink, migration_bandwidth, parallel_connections
from rhevmig.precopy.schedules import ConvergenceSchedule
from rhevmig.terms import VmStatus
from rhevmig.units import MEGABIT

#: Connections with the parallel policy `custom` where the number could not be read.
_CUSTOM_CONNECTIONS = 2


def estimate_move(inventory: Inventory, vm: Vm, source: Host, destination: Host | None) -> Estimate:
    """How long the migration of a VM between two hosts takes; without a destination, to any host."""
    cluster = inventory.find_cluster(vm.cluster_id)
    if cluster is None:
        return Estimate(assumptions=("the VM's cluster was not seen",))
    settings = migration_settings(inventory, cluster, vm)
    bandwidth = _bandwidth(inventory, cluster, settings, source, destination, vcpus=vm.vcpus)
    streams = _streams(inventory, cluster, source, destination)
    bytes_s = min(bandwidth.bytes_s, streams.bytes_s)
    schedule = settings.policy.schedule
    if bandwidth.connections or vm.status == VmStatus.PAUSED:
        schedule = schedule.without_post_copy()
    used_bytes = (vm.statistics or {}).get("memory.used")
    prediction = _predict(
        memory_bytes=vm.memory_bytes,
        nonzero_bytes=used_bytes or None,
        bandwidth_bytes_s=bytes_s,
        stop_bandwidth_bytes_s=streams.bytes_s if math.isfinite(streams.bytes_s) else None,
        schedule=schedule,
        auto_converge=settings.policy.auto_converge,
    )
    assumptions = (
        *streams.notes,
        *filter(None, (settings.policy.assumption,)),
        *bandwidth.assumptions,
        *prediction.assumptions,
    )
    return Estimate(
        p50_s=_finite(prediction.p50.total_s),
        p90_s=_finite(prediction.p90.total_s),
        downtime_s=_finite(prediction.p50.downtime_s),
        bandwidth_bytes_s=bytes_s,
        limited_by=bandwidth.limited_by if bandwidth.bytes_s <= streams.bytes_s else streams.limited_by,
        converges=prediction.converges,
        migration_policy=settings.policy.name,
        max_migrations=bandwidth.max_migrations,
        outcomes={outcome.value: round(share, 3) for outcome, share in prediction.outcomes.items()},
        assumptions=assumptions,
    )


@lru_cache(maxsize=4096)
def _predict(
    *,
    memory_bytes: float | None,
    nonzero_bytes: float | None,
    bandwidth_bytes_s: float,
    stop_bandwidth_bytes_s: float | None,
    schedule: ConvergenceSchedule,
    auto_converge: bool,
) -> Prediction:
    """Kept because equal VMs are frequent and a schedule is stepped through for each plausible load."""
    return predict(
        memory_bytes=memory_bytes,
        nonzero_bytes=nonzero_bytes,
        bandwidth_bytes_s=bandwidth_bytes_s,
        stop_bandwidth_bytes_s=stop_bandwidth_bytes_s,
        schedule=schedule,
        auto_converge=auto_converge,
    )


def max_migrations_of(inventory: Inventory, host: Host) -> int:
    """How many migrations a host does at once in each direction, by the policy of its cluster.

    Engine: `maxMigrations` of the policy; 1 in each direction while a migration uses parallel connections.
    """
    cluster = inventory.find_cluster(host.cluster_id)
    settings = migration_settings(inventory, cluster or Cluster(id="", name=""))
    is_parallel = settings.parallel_policy in ("auto_parallel", "custom") or settings.zero_copy
    return 1 if is_parallel else settings.policy.max_migrations


def engine_bandwidth(
    inventory: Inventory, cluster: Cluster, source: Host, destination: Host | None
) -> Bandwidth:
    """The bandwidth that the engine gives one migration between two hosts, without parallel connections."""
    settings = migration_settings(inventory, cluster)
    return _bandwidth(inventory, cluster, settings, source, destination, vcpus=None)


def _bandwidth(
    inventory: Inventory,
    cluster: Cluster,
    settings: MigrationSettings,
    source: Host,
    destination: Host | None,
    *,
    vcpus: int | None,
) -> Bandwidth:
    method = (cluster.migration.bandwidth_method if cluster.migration else None) or "auto"
    custom_mbps = cluster.migration.bandwidth_custom_mbps if cluster.migration else None
    if method == "custom" and custom_mbps is None:
        method = "auto"

    def with_connections(connections: int | None) -> Bandwidth:
        return migration_bandwidth(
            assignment_method=method,
            custom_value_mbps=custom_mbps,
            source=_engine_link(inventory, cluster, source),
            destination=_engine_link(inventory, cluster, destination),
            max_migrations=settings.cluster_policy.max_migrations,
            vm_max_migrations=settings.policy.max_migrations,
            connections=connections,
        )

    plain = with_connections(None)
    connections = parallel_connections(
        policy=settings.parallel_policy,
        host_mbps=plain.host_mbps,
        vcpus=vcpus or 1,
        custom=settings.parallel_connections or _CUSTOM_CONNECTIONS,
        zero_copy=settings.zero_copy,
    )
    return plain if connections is None else with_connections(connections)


def _engine_link(inventory: Inventory, cluster: Cluster, host: Host | None) -> MigrationLink | None:
    """What the engine divides among the migrations of a host.

    Engine: the reported speed of the NIC or bond below the migration network while it is up, of a bond the
    sum; also where the migration then falls back to the management network.
    """
    link = migration_path(inventory, host, cluster).link if host is not None else None
    if link is None or link.engine_sees_up is False:
        return None
    speed = link.uplink_bits_per_second
    return MigrationLink(link_mbps=speed // MEGABIT if speed else None)


class _Streams(NamedTuple):
    """What one stream may use on the links of both hosts."""

    bytes_s: float
    #: `source_stream` or `destination_stream`.
    limited_by: str
    notes: tuple[str, ...]


def _streams(inventory: Inventory, cluster: Cluster, source: Host, destination: Host | None) -> _Streams:
    ends = {"source": source} if destination is None else {"source": source, "destination": destination}
    paths = {end: migration_path(inventory, host, cluster) for end, host in ends.items()}
    links = used_links(paths["source"], paths.get("destination", paths["source"]))
    limits = {
        f"{end}_stream": link.stream_bits_per_second / 8
        for end, link in zip(ends, links, strict=False)
        if link is not None and link.stream_bits_per_second
    }
    notes = [
        f"{ends[end].name}: {path.reason}, {path.consequence}" for end, path in paths.items() if path.reason
    ]
    if not notes and links[0] is not paths["source"].link:
        notes.append(
            "the two hosts share no address family, the engine silently falls back to the management network"
        )
    lowest = min(limits, key=lambda name: limits[name], default="")
    return _Streams(limits.get(lowest, math.inf), lowest, tuple(notes))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
