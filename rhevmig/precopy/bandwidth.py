"""Bytes per second one migration may use: the engine's arithmetic, and sharing links fairly."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = [
    "VDSM_DEFAULT_MIB_S",
    "Bandwidth",
    "Flow",
    "MigrationLink",
    "fair_share",
    "migration_bandwidth",
    "parallel_connections",
    "per_migration_bandwidth_mib_s",
]

#: what a host uses when the engine sends no limit (vdsm.conf `migration_max_bandwidth`)
VDSM_DEFAULT_MIB_S = 52

K = TypeVar("K", bound=Hashable)
L = TypeVar("L", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationLink:
    """One host's end of the migration network; None = not observed."""

    #: link speed of the NIC (or bond) below the migration network, Mbit/s
    link_mbps: int | None = None
    #: outbound average real-time limit of the network's QoS, Mbit/s
    qos_mbps: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bandwidth:
    """What one migration may use, and why."""

    #: MiB/s as the engine sends it to the host, truncated as the engine truncates
    mib_s: int
    #: the same in bytes per second
    bytes_s: float
    #: whole-host figure before it is divided among migrations, Mbit/s; None: vdsm's default is used
    host_mbps: int | None
    #: which number decided: `custom`, `source_qos`, `source_link`, `destination_qos`,
    #: `destination_link`, `vdsm_default`
    limited_by: str
    #: concurrent migrations per direction that the engine tells the hosts (1 with parallel connections)
    max_migrations: int
    #: parallel (multifd) connections; None = one plain stream
    connections: int | None
    #: what had to be assumed because it was not observed
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """One running migration as the network sees it."""

    #: keys of the links it crosses (source out, destination in, a switch)
    links: tuple[Hashable, ...]
    #: its own cap, bytes per second; None = none
    cap_bytes_s: float | None = None


def per_migration_bandwidth_mib_s(custom_value_mbps: int, *, max_migrations: int) -> int:
    """Bandwidth one migration may use, truncated the way the engine truncates it."""
    raise NotImplementedError


def migration_bandwidth(
    *,
    assignment_method: str,
    custom_value_mbps: int | None = None,
    source: MigrationLink | None = None,
    destination: MigrationLink | None = None,
    max_migrations: int = 2,
    parallel_policy: str = "disabled",
    custom_parallel_migrations: int | None = None,
    vcpus: int | None = None,
    zero_copy: bool = False,
) -> Bandwidth:
    """Effective bandwidth of one migration from the cluster's settings and both hosts' links."""
    raise NotImplementedError


def parallel_connections(
    *,
    policy: str,
    host_mbps: int | None,
    vcpus: int | None,
    custom: int | None = None,
    zero_copy: bool = False,
) -> int | None:
    """Parallel (multifd) connections the engine asks for; None = one plain stream."""
    raise NotImplementedError


def fair_share(
    flows: Mapping[K, Flow], *, capacities_bytes_s: Mapping[Hashable, float]
) -> dict[K, float]:
    """Max-min fair bytes per second for each flow on shared links (TCP's long-run behaviour)."""
    raise NotImplementedError
