"""VMs and what they consist of."""

from __future__ import annotations

from datetime import datetime

import msgspec

from rhevmig.inventory.models.cluster import MigrationOptions
from rhevmig.terms import VmStatus

#: `Vm.origin` of the VM in which a self-hosted engine runs.
HOSTED_ENGINE_ORIGINS = frozenset({"managed_hosted_engine", "hosted_engine"})
#: `Vm.origin` of VMs that something else than the engine manages; it refuses all actions on them.
UNMANAGED_ORIGINS = frozenset({"external", "kubevirt"})
#: `VmNic.interface` of a virtual function of the host.
PASS_THROUGH = "pci_passthrough"  # noqa: S105 - not a password
#: Statuses of a VM that occupies a host.
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

    id: str
    name: str
    #: `virtio`, `e1000`, `pci_passthrough`, …
    interface: str | None = None
    #: None means that it is connected to no network.
    vnic_profile_id: str | None = None
    plugged: bool | None = None
    #: Whether its link is up.
    linked: bool | None = None
    #: False when its network was changed since the VM plugged it.
    synced: bool | None = None
    mac_address: str | None = None


class DiskAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A disk of a VM (`disk_attachment`)."""

    disk_id: str
    #: Whether it is plugged in.
    active: bool | None = None
    #: Whether the VM starts from it.
    bootable: bool | None = None
    #: `virtio_scsi`, `virtio`, `sata`, …
    interface: str | None = None
    read_only: bool | None = None
    #: SCSI reservations forbid migration.
    uses_scsi_reservation: bool | None = None
    #: Name in the guest.
    logical_name: str | None = None


class HostDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a host that is assigned to a VM (`host_device`)."""

    id: str
    #: Device name on the host.
    name: str
    #: `pci`, `usb_device`, `scsi`, `mdev`, …
    capability: str | None = None
    #: Host that has the device.
    host_id: str | None = None


class Vm(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual machine (`vm`)."""

    id: str
    #: Unique in its data center.
    name: str
    cluster_id: str
    #: `up`, `down`, `migrating`, `paused`, …
    status: str
    #: Cause of a pause, or the operation on it while down.
    status_detail: str | None = None
    #: None when it does not run, or the account may not see it.
    host_id: str | None = None
    memory_bytes: int | None = None
    #: Memory that the host must be able to give it.
    memory_guaranteed_bytes: int | None = None
    #: Limit of memory hot-plug.
    memory_max_bytes: int | None = None
    #: Whether its memory may be ballooned.
    ballooning: bool | None = None
    cpu_sockets: int | None = None
    #: Cores per socket.
    cpu_cores: int | None = None
    #: Threads per core.
    cpu_threads: int | None = None
    #: `host_passthrough`, `host_model`, `custom`, or None for the cluster's CPU type.
    cpu_mode: str | None = None
    #: Overrides the cluster's CPU type.
    custom_cpu_model: str | None = None
    #: Overrides the cluster's machine type.
    custom_emulated_machine: str | None = None
    #: Overrides the cluster's compatibility level.
    custom_compatibility_version: str | None = None
    #: `none`, `manual`, `resize_and_pin_numa`, `dedicated`, `isolate_threads`.
    cpu_pinning_policy: str | None = None
    #: Manual pins: vCPU to set of CPUs.
    cpu_pins: dict[str, str] = {}
    architecture: str | None = None
    #: Chipset and firmware.
    bios_type: str | None = None
    #: `server`, `desktop` or `high_performance`.
    type: str | None = None
    #: Who may move it: `migratable`, `user_migratable`, `pinned`; None where the account may not see it.
    affinity: str | None = None
    #: Hosts that it is pinned to or preferably starts on.
    placement_host_ids: tuple[str, ...] = ()
    #: Overrides of the cluster's migration options.
    migration: MigrationOptions | None = None
    #: Downtime limit of this VM; -1 means the policy decides.
    migration_downtime_ms: int | None = None
    #: Overrides the cluster's tunnelled migration.
    tunnel_migration: bool | None = None
    #: Whether it is restarted on another host when its host is lost.
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
    #: Whether its changes are discarded when it stops.
    stateless: bool | None = None
    has_illegal_images: bool | None = None
    #: Reported by the guest agent.
    fqdn: str | None = None
    #: Operating system as the guest agent reports it; None without one.
    guest_os: str | None = None
    time_zone: str | None = None
    #: `ovirt`, `managed_hosted_engine`, `external`, …
    origin: str | None = None
    #: `strict`, `interleave`, `preferred`.
    numa_tune_mode: str | None = None
    #: Only with `detail={"vms"}`.
    tpm_enabled: bool | None = None
    custom_properties: dict[str, str] = {}
    #: Console: `vnc`, `spice`.
    display_type: str | None = None
    io_threads: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    #: Reason that was given when it was last stopped.
    stop_reason: str | None = None
    template_id: str | None = None
    #: None where they could not be read.
    nics: tuple[VmNic, ...] | None = None
    #: None where they could not be read.
    disk_attachments: tuple[DiskAttachment, ...] | None = None
    #: None where they could not be read.
    host_devices: tuple[HostDevice, ...] | None = None
    #: Names of its tags; None where they could not be read.
    tags: tuple[str, ...] | None = None
    #: Figures by name (only with `detail={"vm_statistics": …}`).
    statistics: dict[str, float] | None = None
    description: str | None = None
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
