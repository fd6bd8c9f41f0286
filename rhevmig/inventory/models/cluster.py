"""Data centers, clusters and what the engine knows about CPU types and migration policies."""

from __future__ import annotations

import msgspec


def cpu_vendor(text: str | None) -> str | None:
    """The CPU vendor behind a CPU type or model name: `intel`, `amd`, `ibm`, `arm`, or None if unknown.

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


class IscsiBond(msgspec.Struct, frozen=True, kw_only=True):
    """A group of storage networks over which iSCSI targets are reached (`iscsi_bond`)."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: Networks that carry storage traffic.
    network_ids: tuple[str, ...] = ()
    #: Storage connections reached over them.
    storage_connection_ids: tuple[str, ...] = ()


class DataCenter(msgspec.Struct, frozen=True, kw_only=True):
    """A data center: what shares one pool of storage (`data_center`)."""

    #: Engine id.
    id: str
    #: Name, unique in the engine.
    name: str
    #: `up`, `uninitialized`, `problematic`, `maintenance`, …
    status: str
    #: True where the storage is local to one host, so that nothing can migrate.
    local: bool | None = None
    #: Compatibility level, e.g. `4.7`.
    version: str | None = None
    #: Levels that it could have.
    supported_versions: tuple[str, ...] = ()
    #: Format of its storage, e.g. `v5`.
    storage_format: str | None = None
    #: `disabled`, `audit` or `enabled`.
    quota_mode: str | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None
    #: Pool that MAC addresses come from.
    mac_pool_id: str | None = None
    #: iSCSI bonds; None where they could not be read.
    iscsi_bonds: tuple[IscsiBond, ...] | None = None


class ClusterMigration(msgspec.Struct, frozen=True, kw_only=True):
    """How a cluster or a VM wants to be migrated (`migration`); `inherit` means the level above decides."""

    #: Id of the migration policy; None where none is set (or, on a VM, inherited).
    policy_id: str | None = None
    #: `auto`, `hypervisor_default` or `custom`; never on a VM.
    bandwidth_method: str | None = None
    #: Custom bandwidth of a host, in Mbit/s, all migrations together.
    bandwidth_custom_mbps: int | None = None
    #: `true`, `false` or `inherit`.
    auto_converge: str | None = None
    #: `true`, `false` or `inherit`.
    compressed: str | None = None
    #: `true`, `false` or `inherit`.
    encrypted: str | None = None
    #: `disabled`, `auto`, `auto_parallel`, `custom` or `inherit`.
    parallel_policy: str | None = None
    #: Connections with the parallel policy `custom`.
    parallel_connections: int | None = None


class FencingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When hosts of a cluster are fenced (`fencing_policy`)."""

    #: Whether fencing happens at all.
    enabled: bool | None = None
    #: Not while the host still renews its storage lease.
    skip_if_sd_active: bool | None = None
    #: Not while many hosts have lost connection.
    skip_if_connectivity_broken: bool | None = None
    #: How many, in percent.
    connectivity_broken_threshold_percent: int | None = None
    #: Not while Gluster bricks are up.
    skip_if_gluster_bricks_up: bool | None = None
    #: Not while Gluster would lose quorum.
    skip_if_gluster_quorum_not_met: bool | None = None


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster: hosts between which VMs migrate (`cluster`)."""

    #: Engine id.
    id: str
    #: Name, unique in the engine.
    name: str
    #: Its data center; None for a detached cluster.
    data_center_id: str | None = None
    #: Compatibility level, e.g. `4.8`.
    version: str | None = None
    #: CPU type that all its VMs see, e.g. `Secure Intel Haswell Family`; None where none is set.
    cpu_type: str | None = None
    #: `x86_64`, `ppc64`, `s390x`, `undefined`.
    architecture: str | None = None
    #: Chipset and firmware of its VMs, e.g. `q35_sea_bios`.
    bios_type: str | None = None
    #: Migration settings.
    migration: ClusterMigration | None = None
    #: What happens to VMs of a host in error: `migrate`, `do_not_migrate`, `migrate_highly_available`.
    resilience_policy: str | None = None
    #: Scheduling policy.
    scheduling_policy_id: str | None = None
    #: Properties of the scheduling policy that this cluster overrides.
    scheduling_properties: dict[str, str] = {}
    #: Memory that VMs may be promised, in percent of what is there.
    memory_overcommit_percent: int | None = None
    #: Whether memory balloons are used.
    ballooning_enabled: bool | None = None
    #: Whether same-page merging is used.
    ksm_enabled: bool | None = None
    #: Whether pages are merged across NUMA nodes.
    ksm_merge_across_nodes: bool | None = None
    #: Whether transparent huge pages are on.
    transparent_hugepages: bool | None = None
    #: Whether threads count as cores.
    threads_as_cores: bool | None = None
    #: Whether room is kept for highly available VMs.
    ha_reservation: bool | None = None
    #: Fencing policy.
    fencing: FencingPolicy | None = None
    #: `legacy` or `ovs`.
    switch_type: str | None = None
    #: `firewalld` or `iptables`.
    firewall_type: str | None = None
    #: `undefined`, `enabled` or `disabled`.
    fips_mode: str | None = None
    #: Whether consoles are encrypted.
    vnc_encryption: bool | None = None
    #: The tunnelled way of migrating, slower and never parallel.
    tunnel_migration: bool | None = None
    #: Whether the cluster runs VMs.
    virt_service: bool | None = None
    #: Whether the cluster runs Gluster.
    gluster_service: bool | None = None
    #: Whether hosts need attestation.
    trusted_service: bool | None = None
    #: Random number sources that hosts must have.
    required_rng_sources: tuple[str, ...] = ()
    #: Memory use of a host that is worth an event.
    log_max_memory_used_threshold: int | None = None
    #: `percentage` or `absolute_value_in_mb`.
    log_max_memory_used_threshold_type: str | None = None
    #: Whether the engine's flag of a rolling upgrade is up.
    upgrade_in_progress: bool | None = None
    #: How far it is, in percent.
    upgrade_percent: int | None = None
    #: Correlation id that started it.
    upgrade_correlation_id: str | None = None
    #: Proxy address of consoles.
    display_proxy: str | None = None
    #: Policy of serial numbers.
    serial_number_policy: str | None = None
    #: Gluster tuning profile.
    gluster_tuned_profile: str | None = None
    #: Pool that MAC addresses come from.
    mac_pool_id: str | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None

    @property
    def cpu_vendor(self) -> str | None:
        """Vendor of the CPU type: `intel`, `amd`, `ibm`, or None where no type is set."""
        return cpu_vendor(self.cpu_type)


class CpuType(msgspec.Struct, frozen=True, kw_only=True):
    """A CPU type that a cluster may have (`cpu_type` of a cluster level, `ServerCPUList`)."""

    #: Name, e.g. `Secure Intel Haswell Family`.
    name: str
    #: Rank among the types of its vendor; **not** a total order of features.
    level: int | None = None
    #: Architecture.
    architecture: str | None = None
    #: CPU flags that a host must have; None where the option could not be read.
    flags: tuple[str, ...] | None = None
    #: What QEMU is told, e.g. `Haswell-noTSX,+spec-ctrl`.
    qemu_model: str | None = None

    @property
    def vendor(self) -> str | None:
        """Vendor by the name."""
        return cpu_vendor(self.name)


class ClusterLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A compatibility level and its CPU types (`cluster_level`)."""

    #: The level, e.g. `4.8`.
    id: str
    #: CPU types; empty where the account may not see them.
    cpu_types: tuple[CpuType, ...] = ()

    def find_cpu_type(self, name: str | None) -> CpuType | None:
        """The CPU type of this name at this level."""
        return next((cpu_type for cpu_type in self.cpu_types if cpu_type.name == name), None)


class ConvergenceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a convergence schedule."""

    #: `setDowntime`, `abort`, `postcopy`.
    action: str
    #: Its parameters; the downtime in milliseconds.
    params: tuple[str, ...] = ()
    #: Iterations without progress before it; None for the first and the last steps.
    stalling_limit: int | None = None


class MigrationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A migration policy (option `MigrationPolicies`)."""

    #: Engine id.
    id: str
    #: Name, e.g. `Minimal downtime`.
    name: str
    #: Migrations at once, out of a host and into a host.
    max_migrations: int | None = None
    #: Whether the guest is slowed down until it converges.
    auto_converge: bool | None = None
    #: Whether pages are compressed.
    compressed: bool | None = None
    #: Whether the guest is told before and after.
    guest_events: bool | None = None
    #: Parallel connections that the policy asks for, if it says.
    parallel_connections: int | None = None
    #: Whether pages are sent without copying, if it says.
    zero_copy: bool | None = None
    #: First steps.
    initial_steps: tuple[ConvergenceStep, ...] = ()
    #: Steps as the migration stalls.
    convergence_steps: tuple[ConvergenceStep, ...] = ()
    #: Last steps.
    last_steps: tuple[ConvergenceStep, ...] = ()
    #: Levels at which the engine offers it.
    versions: tuple[str, ...] = ()


class SchedulingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduling policy (`scheduling_policy`)."""

    #: Engine id.
    id: str
    #: Name, e.g. `evenly_distributed`.
    name: str
    #: Description.
    description: str | None = None
    #: Whether it is one of the engine's own.
    locked: bool | None = None
    #: Whether new clusters get it.
    default_policy: bool | None = None
    #: Properties and their values.
    properties: dict[str, str] = {}
    #: Names of its filters; None where they could not be read.
    filters: tuple[str, ...] | None = None
