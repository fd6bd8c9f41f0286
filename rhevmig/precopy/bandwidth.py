"""Bytes per second one migration may use: the engine's arithmetic, and sharing links fairly.

Engine: MigrateVmCommand.getMaxBandwidth and getParallelMigrations (4.5.8); hosts: vdsm.conf.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rhevmig.errors import InvalidArgument
from rhevmig.units import MIB

#: what a host uses when the engine sends no limit (vdsm.conf `migration_max_bandwidth`)
VDSM_DEFAULT_MIB_S = 52

_MBPS_PER_CONNECTION = 10 * 1024
_MIN_CONNECTIONS = 2
_MAX_CONNECTIONS = 255

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationLink:
    """One host's end of the migration network; None = not observed."""

    #: speed of the NIC or bond below the migration network, Mbit/s
    link_mbps: int | None = None
    #: outbound QoS of the migration network (average real-time, else upper limit), Mbit/s
    qos_mbps: int | None = None

    @property
    def mbps(self) -> int | None:
        """What the engine takes for this end: the QoS where there is one, else the link."""
        return self.qos_mbps if self.qos_mbps is not None else (self.link_mbps or None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bandwidth:
    """What one migration may use, and why."""

    #: MiB/s as sent to the host, truncated as the engine truncates
    mib_s: int
    #: the figure for the whole host before it is divided, Mbit/s; None: the host's own default holds
    host_mbps: int | None
    #: which number decided: `custom`, `source_qos`, `source_link`, `destination_qos`,
    #: `destination_link` or `vdsm_default`
    limited_by: str
    #: concurrent migrations that the engine allows per host and direction (1 with parallel connections)
    max_migrations: int
    #: parallel (multifd) connections; None = one plain stream
    connections: int | None = None
    #: what had to be assumed because it was not observed
    assumptions: tuple[str, ...] = ()

    @property
    def bytes_s(self) -> float:
        """The same in bytes per second."""
        return float(self.mib_s * MIB)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One running migration as the network sees it."""

    #: the links it crosses (source out, destination in, a switch), by any key
    links: tuple[Hashable, ...]
    #: its own cap, bytes per second; None = none
    cap_bytes_s: float | None = None


def per_migration_bandwidth_mib_s(custom_value_mbps: int, *, max_migrations: int) -> int:
    """Bandwidth one migration may use, truncated the way the engine truncates it.

    Args: custom_value_mbps (for the whole host, Mbit/s); max_migrations (of the cluster's policy).
    Returns: MiB/s; 0 makes the host fall back to its own default.
    Engine: MigrateVmCommand.getMaxBandwidth divides by 8, then by MigrationPolicy.maxMigrations.

    >>> per_migration_bandwidth_mib_s(1000, max_migrations=2)
    62
    """
    return custom_value_mbps // 8 // max(1, max_migrations)


def migration_bandwidth(
    *,
    assignment_method: str,
    custom_value_mbps: int | None = None,
    source: MigrationLink | None = None,
    destination: MigrationLink | None = None,
    max_migrations: int = 2,
    vm_max_migrations: int | None = None,
    connections: int | None = None,
    vdsm_default_mib_s: int = VDSM_DEFAULT_MIB_S,
) -> Bandwidth:
    """Effective bandwidth of one migration from the cluster's settings and both hosts' links.

    Args: assignment_method (`cluster.migration.bandwidth`: auto, hypervisor_default, custom);
    max_migrations (of the *cluster's* policy, which divides the bandwidth even where the VM overrides
    the policy); vm_max_migrations (of the VM's policy, which limits concurrency); connections
    (from `parallel_connections`).
    Engine: the lower of both ends; an end without a figure is left out, and with none the host's
    default holds. A value truncated to 0 MiB/s also falls back to that default (vdsm: `or`).

    >>> migration_bandwidth(assignment_method="auto", source=MigrationLink(link_mbps=10_000),
    ...                     destination=MigrationLink(link_mbps=25_000, qos_mbps=4_000)).mib_s
    250
    """
    host_mbps, limited_by, assumptions = _host_mbps(
        assignment_method, custom_value_mbps, source or MigrationLink(), destination or MigrationLink()
    )
    mib_s = 0
    if host_mbps is not None:
        mib_s = per_migration_bandwidth_mib_s(host_mbps, max_migrations=max_migrations)
        if mib_s == 0:
            assumptions += (f"{host_mbps} Mbit/s truncates to 0 MiB/s, the host's default holds",)
    if mib_s == 0:
        mib_s, limited_by = vdsm_default_mib_s, "vdsm_default"
    limit = max_migrations if vm_max_migrations is None else vm_max_migrations
    return Bandwidth(
        mib_s=mib_s,
        host_mbps=host_mbps,
        limited_by=limited_by,
        max_migrations=1 if connections else limit,
        connections=connections,
        assumptions=assumptions,
    )


def parallel_connections(
    *,
    policy: str,
    host_mbps: int | None,
    vcpus: int,
    custom: int | None = None,
    zero_copy: bool = False,
) -> int | None:
    """Parallel (multifd) connections the engine asks for; None = one plain stream.

    Args: policy (`migration.parallel_migrations_policy`: auto, auto_parallel, disabled, custom);
    host_mbps (`Bandwidth.host_mbps`); custom (with policy custom); zero_copy (the policy's, unless
    encrypted: it forces connections). Needs compatibility 4.7.
    Engine: MigrateVmCommand.getParallelMigrations: one connection per 10240 Mbit/s, at least 2.

    >>> parallel_connections(policy="auto", host_mbps=10_000, vcpus=8) is None
    True
    >>> parallel_connections(policy="auto", host_mbps=25_000, vcpus=8)
    2
    """
    if policy == "custom":
        if custom is None:
            raise InvalidArgument(name="custom", value=None, expected="a number with policy custom")
        wanted: int | None = min(custom, max(_MIN_CONNECTIONS, vcpus))
    elif policy in ("auto", "auto_parallel", "disabled"):
        wanted = None if policy == "disabled" else _automatic(host_mbps, vcpus)
        if wanted is None and policy == "disabled" and zero_copy:
            wanted = _automatic(host_mbps, vcpus)
        if wanted is None and (policy == "auto_parallel" or zero_copy):
            wanted = _MIN_CONNECTIONS
    else:
        raise InvalidArgument(name="policy", value=policy, expected="auto, auto_parallel, disabled or custom")
    return min(wanted, _MAX_CONNECTIONS) if wanted else None


def fair_share(
    flows: Mapping[Key, Flow], *, capacities_bytes_s: Mapping[Hashable, float]
) -> dict[Key, float]:
    """Max-min fair bytes per second for each flow on shared links, as TCP streams settle.

    Links without a capacity do not limit. A flow that crosses no limited link and has no cap gets
    infinity.

    >>> fair_share({"a": Flow(links=("h1",), cap_bytes_s=10), "b": Flow(links=("h1",))},
    ...            capacities_bytes_s={"h1": 100})
    {'a': 10.0, 'b': 90.0}
    """
    share: dict[Key, float] = dict.fromkeys(flows, 0.0)
    open_flows = dict(flows)
    spare = {link: max(0.0, float(value)) for link, value in capacities_bytes_s.items()}
    while open_flows:
        crossing: dict[Hashable, int] = {}
        for flow in open_flows.values():
            for link in set(flow.links) & spare.keys():
                crossing[link] = crossing.get(link, 0) + 1
        level = {link: spare[link] / count for link, count in crossing.items()}
        claim = {
            key: min([_cap(flow), *(level[link] for link in flow.links if link in level)])
            for key, flow in open_flows.items()
        }
        lowest = min(claim.values())
        for key in [key for key, value in claim.items() if value <= lowest]:
            share[key] = lowest
            for link in set(open_flows.pop(key).links) & spare.keys():
                spare[link] = max(0.0, spare[link] - lowest)
    return share


def _cap(flow: Flow) -> float:
    return float("inf") if flow.cap_bytes_s is None else max(0.0, float(flow.cap_bytes_s))


def _automatic(host_mbps: int | None, vcpus: int) -> int | None:
    if host_mbps is None:
        return None
    wanted = min(host_mbps // 8 * 8 // _MBPS_PER_CONNECTION, vcpus)
    return wanted if wanted >= _MIN_CONNECTIONS else None


def _host_mbps(
    method: str, custom_value_mbps: int | None, source: MigrationLink, destination: MigrationLink
) -> tuple[int | None, str, tuple[str, ...]]:
    if method == "custom":
        if custom_value_mbps is None or custom_value_mbps < 0:
            raise InvalidArgument(
                name="custom_value_mbps", value=custom_value_mbps, expected="Mbit/s with method custom"
            )
        return custom_value_mbps, "custom", ()
    if method == "hypervisor_default":
        return None, "vdsm_default", ()
    if method != "auto":
        raise InvalidArgument(
            name="assignment_method", value=method, expected="auto, hypervisor_default or custom"
        )
    return _automatic_mbps(source, destination)


def _automatic_mbps(
    source: MigrationLink, destination: MigrationLink
) -> tuple[int | None, str, tuple[str, ...]]:
    ends = {"source": source, "destination": destination}
    known = [(end.mbps, name) for name, end in ends.items() if end.mbps is not None]
    missing = tuple(
        f"speed and QoS of the {name} are not known" for name, end in ends.items() if end.mbps is None
    )
    if not known:
        return None, "vdsm_default", missing
    mbps, name = min(known, key=lambda item: item[0] or 0)
    kind = "qos" if ends[name].qos_mbps is not None else "link"
    return mbps, f"{name}_{kind}", missing
