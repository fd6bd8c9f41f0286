"""VMs with their NICs, disks and devices."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.cluster import MIGRATION_OPTIONS
from rhevmig.engine.mapping.conversions import (
    figures_of,
    names_of,
    pairs_of,
    utc_of,
    version_of,
)
from rhevmig.engine.mapping.fields import (
    FieldTable,
    computed,
    followed,
    reference,
    references,
    same,
    struct,
    structs,
    text,
    value,
    word,
    words,
)
from rhevmig.inventory import DiskAttachment, HostDevice, Vm, VmNic


def _pins(pins: Any) -> dict[str, str]:
    return {str(pin.vcpu): pin.cpu_set or "" for pin in pins or ()}


def _guest_os(system: Any) -> str | None:
    """E.g. `Fedora 39`; the version alone where the guest agent reports no distribution."""
    if system is None:
        return None
    release = system.version.full_version if system.version else None
    named = " ".join(part for part in (system.distribution, release) if part)
    return named or system.family


def _disk_id(attachment: Any) -> str | None:
    found: str | None = (attachment.disk.id if attachment.disk else None) or attachment.id
    return found


VM_NIC = FieldTable(
    VmNic,
    "NIC",
    same("id", "name", "plugged", "linked", "synced"),
    words("interface"),
    vnic_profile_id=reference("vnic_profile"),
    mac_address=value("mac.address"),
)
DISK_ATTACHMENT = FieldTable(
    DiskAttachment,
    "disk attachment",
    same("active", "bootable", "read_only", "uses_scsi_reservation", "logical_name"),
    words("interface"),
    disk_id=computed(_disk_id),
)
HOST_DEVICE = FieldTable(
    HostDevice, "host device", same("id", "name", "capability"), host_id=reference("host")
)
VM = FieldTable(
    Vm,
    "VM",
    same("id", "name", "status_detail", "description", "comment", "fqdn", "origin", "stop_reason"),
    same("next_run_configuration_exists", "run_once", "stateless", "has_illegal_images"),
    same("tunnel_migration", "tpm_enabled"),
    words("status", "type", "cpu_pinning_policy", "numa_tune_mode", "storage_error_resume_behaviour"),
    cluster_id=reference("cluster"),
    host_id=reference("host"),
    memory_bytes=value("memory"),
    memory_guaranteed_bytes=value("memory_policy.guaranteed"),
    memory_max_bytes=value("memory_policy.max"),
    ballooning=value("memory_policy.ballooning"),
    cpu_sockets=value("cpu.topology.sockets"),
    cpu_cores=value("cpu.topology.cores"),
    cpu_threads=value("cpu.topology.threads"),
    cpu_mode=word("cpu.mode"),
    cpu_pins=value("cpu.cpu_tune.vcpu_pins", _pins),
    architecture=word("cpu.architecture"),
    custom_cpu_model=text("custom_cpu_model"),
    custom_emulated_machine=text("custom_emulated_machine"),
    custom_compatibility_version=value("custom_compatibility_version", version_of),
    custom_properties=value("custom_properties", pairs_of),
    bios_type=word("bios.type"),
    affinity=word("placement_policy.affinity"),
    placement_host_ids=references("placement_policy.hosts"),
    migration=struct("migration", MIGRATION_OPTIONS),
    migration_downtime_ms=value("migration_downtime"),
    high_availability=value("high_availability.enabled"),
    ha_priority=value("high_availability.priority"),
    lease_storage_domain_id=reference("lease.storage_domain"),
    os_type=value("os.type"),
    guest_os=value("guest_operating_system", _guest_os),
    time_zone=value("time_zone.name"),
    display_type=word("display.type"),
    io_threads=value("io.threads"),
    created_at=value("creation_time", utc_of),
    started_at=value("start_time", utc_of),
    stopped_at=value("stop_time", utc_of),
    template_id=reference("template"),
    nics=followed("nics", structs("nics", VM_NIC)),
    disk_attachments=followed("disk_attachments", structs("disk_attachments", DISK_ATTACHMENT)),
    host_devices=followed("host_devices", structs("host_devices", HOST_DEVICE)),
    tags=followed("tags", value("tags", names_of)),
    statistics=followed("statistics", value("statistics", figures_of)),
)
