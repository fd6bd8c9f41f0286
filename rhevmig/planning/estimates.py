"""How long moves should take, one by one and together, and how many may run at once."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rhevmig.inventory import Cluster, Host, Inventory, Vm, migration_path, used_links
from rhevmig.planning.plan import Estimate, Move, PlanHost
from rhevmig.precopy import predict
from rhevmig.precopy.bandwidth import Bandwidth, MigrationLink, migration_bandwidth, parallel_connections
from rhevmig.units import MEGABIT

#: What the engine's own policies allow where the cluster's could not be read (`Minimal downtime`).
_DEFAULT_MAX_MIGRATIONS = 2


def estimate_move(inventory: Inventory, vm: Vm, source: Host, destination: Host | None) -> Estimate:
    """How long a VM should take between two hosts; to any host where none is named."""
    cluster = inventory.find_cluster(vm.cluster_id)
    if cluster is None:
        return Estimate(assumptions=("the VM's cluster was not seen",))
    bandwidth = _bandwidth(inventory, cluster, source, destination)
    streams = _streams(inventory, cluster, source, destination)
    bytes_s = min(bandwidth.bytes_s, streams.bytes_s)
    used_bytes = (vm.statistics or {}).get("memory.used")
    prediction = predict(
        memory_bytes=vm.memory_bytes,
        nonzero_bytes=used_bytes or None,
        bandwidth_bytes_s=bytes_s,
    )
    return Estimate(
        p50_s=_finite(prediction.p50.total_s),
        p90_s=_finite(prediction.p90.total_s),
        downtime_s=_finite(prediction.p50.downtime_s),
        bandwidth_bytes_s=bytes_s,
        limited_by=bandwidth.limited_by if bandwidth.bytes_s <= streams.bytes_s else streams.limited_by,
        converges=prediction.converges,
        assumptions=(*streams.notes, *bandwidth.assumptions, *prediction.assumptions),
    )


def estimate_window(moves: Sequence[Move], hosts: Mapping[str, PlanHost]) -> Estimate:
    """How long a set of moves should take when each starts as soon as its two hosts have room."""
    return Estimate(
        p50_s=_makespan([(m, m.estimate.p50_s) for m in moves], hosts),
        p90_s=_makespan([(m, m.estimate.p90_s) for m in moves], hosts),
        assumptions=tuple(dict.fromkeys(a for move in moves for a in move.estimate.assumptions)),
    )


def plan_host(inventory: Inventory, host: Host) -> PlanHost:
    """How many migrations a host may do at once, each way.

    Engine: `maxMigrations` of the cluster's migration policy; with parallel connections 1 each way.
    """
    cluster = inventory.find_cluster(host.cluster_id)
    limit = _DEFAULT_MAX_MIGRATIONS
    if cluster is not None:
        limit = _bandwidth(inventory, cluster, host, None).max_migrations
    return PlanHost(
        host_id=host.id, name=host.name, cluster_id=host.cluster_id, max_outgoing=limit, max_incoming=limit
    )


def _bandwidth(inventory: Inventory, cluster: Cluster, source: Host, destination: Host | None) -> Bandwidth:
    settings = cluster.migration
    policy = inventory.migration_policy_of(cluster)
    at_once = (
        policy.max_migrations if policy is not None and policy.max_migrations else _DEFAULT_MAX_MIGRATIONS
    )
    method = (settings.bandwidth_method if settings else None) or "auto"
    ends = {
        "assignment_method": method,
        "custom_value_mbps": settings.bandwidth_custom_mbps if settings else None,
        "source": _engine_link(inventory, cluster, source),
        "destination": _engine_link(inventory, cluster, destination),
        "max_migrations": at_once,
    }
    if method == "custom" and ends["custom_value_mbps"] is None:
        ends["assignment_method"] = "auto"
    plain = migration_bandwidth(**ends)  # type: ignore[arg-type]
    connections = parallel_connections(
        policy=_parallel_policy(settings.parallel_policy if settings else None),
        host_mbps=plain.host_mbps,
        vcpus=_DEFAULT_VCPUS,
        custom=(settings.parallel_connections if settings else None) or _DEFAULT_MAX_MIGRATIONS,
        zero_copy=bool(policy and policy.zero_copy),
    )
    return migration_bandwidth(**ends, connections=connections)  # type: ignore[arg-type]


#: The engine never opens more connections than the VM has CPUs; limits are asked for hosts, not VMs.
_DEFAULT_VCPUS = 8


def _parallel_policy(word: str | None) -> str:
    return word if word in ("auto", "auto_parallel", "custom") else "disabled"


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


def _makespan(moves: Iterable[tuple[Move, float | None]], hosts: Mapping[str, PlanHost]) -> float | None:
    waiting = [(move, seconds) for move, seconds in moves if seconds is not None]
    busy: Counter[tuple[str, str]] = Counter()
    running: list[tuple[float, int, Move]] = []
    now_s = 0.0
    if not waiting:
        return None
    while waiting or running:
        for pair in list(waiting):
            move, seconds = pair
            if _has_room(move, hosts, busy):
                waiting.remove(pair)
                busy.update(_ends(move))
                heapq.heappush(running, (now_s + seconds, move.number, move))
        if not running:
            return None
        now_s, _, ended = heapq.heappop(running)
        busy.subtract(_ends(ended))
    return now_s


def _ends(move: Move) -> list[tuple[str, str]]:
    return [("out", move.source_host_id), ("in", move.destination_host_id or "")]


def _has_room(move: Move, hosts: Mapping[str, PlanHost], busy: Counter[tuple[str, str]]) -> bool:
    source, destination = hosts.get(move.source_host_id), hosts.get(move.destination_host_id or "")
    out_limit = source.max_outgoing if source is not None else _DEFAULT_MAX_MIGRATIONS
    in_limit = destination.max_incoming if destination is not None else math.inf
    out_key, in_key = _ends(move)
    return busy[out_key] < out_limit and busy[in_key] < in_limit


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
