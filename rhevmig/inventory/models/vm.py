"""VMs, what they consist of, and the rules about where they may run."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rhevmig.inventory.models.cluster import ClusterMigration
from rhevmig.terms import VmStatus

#: Status words of a VM that occupies a host.
RUNNING = frozenset(
    {
        VmStatus.UP,
        VmStatus.POWERING_UP,
        VmStatus.PAUSED,
        VmStatus.MIGRATING,
        VmStatus.UNKNOWN,
        VmStatus.NOT_RESPONDING,
        VmStatus.WAIT_FOR_LAUNCH,
        VmStatus.REBOOT_IN_PROGRESS,
        VmStatus.SAVING_STATE,
        VmStatus.RESTORING_STATE,
        VmStatus.POWERING_DOWN,
    }
)


class VmNic(msgspec.Struct, frozen=True, kw_only=True):
    """A network card of a VM (`nic`)."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: `virtio`, `e1000`, `pci_passthrough`, …
    interface: str | None = None
    #: Profile; None means that it is connected to nothing.
    vnic_profile_id: str | None = None
    #: Whether it is plugged in.
    plugged: bool | None = None
    #: Whether its link is up.
    linked: bool | None = None
    #: False when the network was changed under it since.
    synced: bool | None = None
    #: Hardware address.
    mac_address: str | None = None


class DiskAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A disk of a VM (`disk_attachment`)."""

    #: Disk.
    disk_id: str
    #: Whether it is plugged in.
    active: bool | None = None
    #: Whether the VM starts from it.
    bootable: bool | None = None
    #: `virtio_scsi`, `virtio`, `sata`, …
    interface: str | None = None
    #: Whether the guest cannot write to it.
    read_only: bool | None = None
    #: Whether it uses SCSI reservations, which forbids migration.
    uses_scsi_reservation: bool | None = None
    #: Whether discard is passed down.
    pass_discard: bool | None = None
    #: Name in the guest.
    logical_name: str | None = None


class HostDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a host that is given to a VM (`host_device`)."""

    #: Engine id.
    id: str
    #: Device name on the host.
    name: str
    #: `pci`, `usb_device`, `scsi`, `mdev`, …
    capability: str | None = None
    #: Host that the device is in.
    host_id: str | None = None


class Vm(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual machine (`vm`)."""

    #: Engine id.
    id: str
    #: Name, unique in its data center.
    name: str
    #: Cluster.
    cluster_id: str
    #: `up`, `down`, `migrating`, `paused`, …
    status: str
    #: Why it is paused, or what is done to it while down.
    status_detail: str | None = None
    #: Host that it runs on; None when it does not run, or the account may not see it.
    host_id: str | None = None
    #: RAM.
    memory_bytes: int | None = None
    #: RAM that it is promised.
    memory_guaranteed_bytes: int | None = None
    #: RAM that it could be given while running.
    memory_max_bytes: int | None = None
    #: Whether its memory may be ballooned.
    ballooning: bool | None = None
    #: Sockets.
    cpu_sockets: int | None = None
    #: Cores a socket.
    cpu_cores: int | None = None
    #: Threads a core.
    cpu_threads: int | None = None
    #: `host_passthrough`, `host_model`, `custom`, or None for the cluster's type.
    cpu_mode: str | None = None
    #: Model that it has instead of the cluster's type.
    custom_cpu_model: str | None = None
    #: Machine type that it has instead of the cluster's.
    custom_emulated_machine: str | None = None
    #: Level that it has instead of the cluster's.
    custom_compatibility_version: str | None = None
    #: `none`, `manual`, `resize_and_pin_numa`, `dedicated`, `isolate_threads`.
    cpu_pinning_policy: str | None = None
    #: Manual pins: vCPU to set of CPUs.
    cpu_pins: dict[str, str] = {}
    #: CPU shares.
    cpu_shares: int | None = None
    #: Architecture.
    architecture: str | None = None
    #: Chipset and firmware.
    bios_type: str | None = None
    #: `server`, `desktop` or `high_performance`.
    type: str | None = None
    #: Who may move it: `migratable`, `user_migratable`, `pinned`; None where the account may not see it.
    affinity: str | None = None
    #: Hosts that it is pinned to or prefers to start on.
    placement_host_ids: tuple[str, ...] = ()
    #: Overrides of the cluster's migration settings.
    migration: ClusterMigration | None = None
    #: Downtime limit of its own; -1 means the policy decides.
    migration_downtime_ms: int | None = None
    #: Overrides of tunnelled migration.
    tunnel_migration: bool | None = None
    #: Whether it is restarted elsewhere when its host is lost.
    high_availability: bool | None = None
    #: Priority of restarts and of migrations.
    ha_priority: int | None = None
    #: Storage domain of its lease.
    lease_storage_domain_id: str | None = None
    #: `auto_resume`, `leave_paused`, `kill`.
    storage_error_resume_behaviour: str | None = None
    #: Operating system as set.
    os_type: str | None = None
    #: Whether changes wait for its next start.
    next_run_configuration_exists: bool | None = None
    #: Whether it was started with settings for one run.
    run_once: bool | None = None
    #: Whether its changes are thrown away.
    stateless: bool | None = None
    #: Whether it may not be deleted.
    delete_protected: bool | None = None
    #: Whether an image of it is illegal.
    has_illegal_images: bool | None = None
    #: Name that the guest gives itself; told by the guest agent.
    fqdn: str | None = None
    #: Operating system as the guest agent tells it; None without one.
    guest_os: str | None = None
    #: Time zone.
    time_zone: str | None = None
    #: `ovirt`, `managed_hosted_engine`, `external`, …
    origin: str | None = None
    #: `strict`, `interleave`, `preferred`.
    numa_tune_mode: str | None = None
    #: Whether it has a TPM (only with `detail={"vms"}`).
    tpm_enabled: bool | None = None
    #: Custom properties.
    custom_properties: dict[str, str] = {}
    #: Kind of console: `vnc`, `spice`.
    display_type: str | None = None
    #: I/O threads.
    io_threads: int | None = None
    #: When it was made.
    created_at: datetime | None = None
    #: When it was started.
    started_at: datetime | None = None
    #: When it was last stopped.
    stopped_at: datetime | None = None
    #: Why it was last stopped.
    stop_reason: str | None = None
    #: CPU profile.
    cpu_profile_id: str | None = None
    #: Quota.
    quota_id: str | None = None
    #: Template.
    template_id: str | None = None
    #: Network cards; None where they could not be read.
    nics: tuple[VmNic, ...] | None = None
    #: Disks; None where they could not be read.
    disk_attachments: tuple[DiskAttachment, ...] | None = None
    #: Devices of hosts; None where they could not be read.
    host_devices: tuple[HostDevice, ...] | None = None
    #: Names of its tags; None where they could not be read.
    tags: tuple[str, ...] | None = None
    #: Statistics by name (only with `detail={"vm_statistics": …}`).
    statistics: dict[str, float] | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it occupies a host."""
        return self.status in RUNNING

    @property
    def vcpus(self) -> int | None:
        """Virtual CPUs; None while any factor is unknown."""
        if self.cpu_sockets is None or self.cpu_cores is None or self.cpu_threads is None:
            return None
        return self.cpu_sockets * self.cpu_cores * self.cpu_threads


class AffinityRule(msgspec.Struct, frozen=True, kw_only=True):
    """One half of an affinity group (`vms_rule`, `hosts_rule`)."""

    #: Whether it holds at all.
    enabled: bool = False
    #: Whether it forbids (hard) or only prefers (soft).
    enforcing: bool = False
    #: Together (True) or apart (False).
    positive: bool = False


class AffinityGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about which VMs run together, apart, or on which hosts (`affinity_group`)."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: Cluster.
    cluster_id: str
    #: Rule among its VMs.
    vms_rule: AffinityRule
    #: Rule between its VMs and its hosts.
    hosts_rule: AffinityRule
    #: VMs.
    vm_ids: tuple[str, ...] = ()
    #: Hosts.
    host_ids: tuple[str, ...] = ()
    #: Labels whose VMs belong to it.
    vm_label_ids: tuple[str, ...] = ()
    #: Labels whose hosts belong to it.
    host_label_ids: tuple[str, ...] = ()
    #: Which rule gives way first.
    priority: float | None = None
    #: Whether the engine sees it broken now.
    broken: bool | None = None
    #: Description.
    description: str | None = None


class AffinityLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A label that VMs and hosts share (`affinity_label`)."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: VMs.
    vm_ids: tuple[str, ...] = ()
    #: Hosts.
    host_ids: tuple[str, ...] = ()
    #: Whether it acts as a hard group of its own (before level 4.4).
    has_implicit_affinity_group: bool | None = None
    #: Whether the engine keeps it.
    read_only: bool | None = None
