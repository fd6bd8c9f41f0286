"""Data centers, their iSCSI bonds, and the options that hold for a whole engine per compatibility level."""

from __future__ import annotations

import msgspec


class IscsiBond(msgspec.Struct, frozen=True, kw_only=True):
    """A group of storage networks over which iSCSI targets are reached (`iscsi_bond`)."""

    id: str
    name: str
    network_ids: tuple[str, ...] = ()
    storage_connection_ids: tuple[str, ...] = ()


class DataCenter(msgspec.Struct, frozen=True, kw_only=True):
    """A data center: the clusters that share one pool of storage (`data_center`)."""

    id: str
    name: str
    #: `up`, `uninitialized`, `problematic`, `maintenance`, …
    status: str
    #: True where the storage is local to one host, so that nothing can migrate.
    local: bool | None = None
    #: Compatibility level, e.g. `4.7`.
    version: str | None = None
    supported_versions: tuple[str, ...] = ()
    #: `v1` … `v5`.
    storage_format: str | None = None
    #: `disabled`, `audit` or `enabled`.
    quota_mode: str | None = None
    description: str | None = None
    comment: str | None = None
    #: None where they could not be read.
    iscsi_bonds: tuple[IscsiBond, ...] | None = None


class CpuType(msgspec.Struct, frozen=True, kw_only=True):
    """A CPU type that a cluster may have (`cpu_type` of a cluster level, `ServerCPUList`)."""

    #: E.g. `Secure Intel Haswell Family`.
    name: str
    #: Rank among the types of its vendor; **not** a total order of features.
    level: int | None = None
    architecture: str | None = None
    #: CPU flags that a host must have; None where the option could not be read.
    flags: tuple[str, ...] | None = None
    #: QEMU model and flags, e.g. `Haswell-noTSX,+spec-ctrl`.
    qemu_model: str | None = None

    @property
    def vendor(self) -> str | None:
        """Vendor by the name."""
        return cpu_vendor(self.name)


class ClusterLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A compatibility level and its CPU types (`cluster_level`)."""

    #: The level itself, e.g. `4.8`.
    id: str
    #: Empty where the account may not see them.
    cpu_types: tuple[CpuType, ...] = ()


class ConvergenceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a convergence schedule."""

    #: `setDowntime`, `abort`, `postcopy`.
    action: str
    #: Parameters of the action; a downtime in milliseconds.
    params: tuple[str, ...] = ()
    #: Iterations without progress before it; None for the first and the last steps.
    stalling_limit: int | None = None


class MigrationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A migration policy (option `MigrationPolicies`)."""

    id: str
    #: E.g. `Minimal downtime`.
    name: str
    #: Simultaneous migrations, out of a host and into a host.
    max_migrations: int | None = None
    #: Whether QEMU slows the guest down until the copy converges.
    auto_converge: bool | None = None
    compressed: bool | None = None
    #: Whether the guest agent is notified before and after.
    guest_events: bool | None = None
    #: None where the policy does not set it.
    parallel_connections: int | None = None
    #: None where the policy does not set it.
    zero_copy: bool | None = None
    initial_steps: tuple[ConvergenceStep, ...] = ()
    #: In the order in which they are taken while the migration stalls.
    convergence_steps: tuple[ConvergenceStep, ...] = ()
    last_steps: tuple[ConvergenceStep, ...] = ()
    #: Compatibility levels that offer it.
    versions: tuple[str, ...] = ()


class SchedulingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduling policy (`scheduling_policy`)."""

    id: str
    #: E.g. `evenly_distributed`.
    name: str
    description: str | None = None
    #: Whether it is one of the engine's built-in policies.
    locked: bool | None = None
    #: Whether new clusters get it.
    default_policy: bool | None = None
    properties: dict[str, str] = {}
    #: Names of its filters; None where they could not be read.
    filters: tuple[str, ...] | None = None


def cpu_vendor(text: str | None) -> str | None:
    """The CPU vendor behind a CPU type or model name: `intel`, `amd`, `ibm`, or None if unknown.

    >>> cpu_vendor("Secure Intel Haswell Family"), cpu_vendor("AMD EPYC 7402"), cpu_vendor("IBM POWER9")
    ('intel', 'amd', 'ibm')
    """
    lowered = (text or "").lower()
    for vendor, marks in (
        ("intel", ("intel",)),
        ("amd", ("amd", "epyc", "opteron")),
        ("ibm", ("ibm", "power")),
    ):
        if any(mark in lowered for mark in marks):
            return vendor
    return None
