"""Clusters and their settings."""

from __future__ import annotations

import msgspec

from rhevmig.inventory.models.data_center import cpu_vendor


class MigrationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Migration options of a cluster or a VM (`migration`); `inherit` means that the level above decides."""

    #: None where none is set or, on a VM, inherited.
    policy_id: str | None = None
    #: `auto`, `hypervisor_default` or `custom`; never on a VM.
    bandwidth_method: str | None = None
    #: Mbit/s per host, all migrations together.
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

    enabled: bool | None = None
    #: Not while the host renews its lease on storage.
    skip_if_sd_active: bool | None = None
    #: Not while many hosts have lost connection.
    skip_if_connectivity_broken: bool | None = None
    #: Hosts without connection, in percent, from which fencing is skipped.
    connectivity_broken_threshold_percent: int | None = None


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster: hosts between which VMs migrate (`cluster`)."""

    id: str
    name: str
    #: None for a detached cluster.
    data_center_id: str | None = None
    #: Compatibility level, e.g. `4.8`.
    version: str | None = None
    #: CPU type that all its VMs see, e.g. `Secure Intel Haswell Family`; None where none is set.
    cpu_type: str | None = None
    #: `x86_64`, `ppc64`, `s390x`, `undefined`.
    architecture: str | None = None
    #: Chipset and firmware of its VMs, e.g. `q35_sea_bios`.
    bios_type: str | None = None
    migration: MigrationOptions | None = None
    #: What happens to VMs of a host in error: `migrate`, `do_not_migrate`, `migrate_highly_available`.
    resilience_policy: str | None = None
    scheduling_policy_id: str | None = None
    #: Properties of the scheduling policy that this cluster overrides.
    scheduling_properties: dict[str, str] = {}
    #: Memory that may be promised to VMs, in percent of the host's memory.
    memory_overcommit_percent: int | None = None
    ballooning_enabled: bool | None = None
    ksm_enabled: bool | None = None
    ksm_merge_across_nodes: bool | None = None
    transparent_hugepages: bool | None = None
    #: Whether threads count as cores.
    threads_as_cores: bool | None = None
    #: Whether capacity is reserved for highly available VMs.
    ha_reservation: bool | None = None
    fencing: FencingPolicy | None = None
    #: `legacy` or `ovs`.
    switch_type: str | None = None
    #: `firewalld` or `iptables`.
    firewall_type: str | None = None
    #: `undefined`, `enabled` or `disabled`.
    fips_mode: str | None = None
    #: Whether VNC consoles are encrypted.
    vnc_encryption: bool | None = None
    #: Tunnelled migration: slower, and never over parallel connections.
    tunnel_migration: bool | None = None
    #: Whether the cluster runs VMs.
    virt_service: bool | None = None
    gluster_service: bool | None = None
    #: Whether hosts need attestation.
    trusted_service: bool | None = None
    #: Random number sources that hosts must have.
    required_rng_sources: tuple[str, ...] = ()
    upgrade_in_progress: bool | None = None
    upgrade_percent: int | None = None
    upgrade_correlation_id: str | None = None
    description: str | None = None
    comment: str | None = None

    @property
    def cpu_vendor(self) -> str | None:
        """Vendor of the CPU type: `intel`, `amd`, `ibm`, or None where no type is set."""
        return cpu_vendor(self.cpu_type)
