"""VMs with their NICs, disks and devices."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.cluster import migration_of
from rhevmig.engine.mapping.host import figures_of
from rhevmig.engine.mapping.values import ids, moment, needed, pairs, ref, version, word
from rhevmig.inventory import DiskAttachment, HostDevice, Vm, VmNic


def vm_of(item: Any, seen: frozenset[str]) -> Vm:
    """A VM.

    Args: seen (parts that were asked for and allowed: `nics`, `diskattachments`, `hostdevices`, `tags`,
    `statistics`).
    """
    placement = item.placement_policy
    return Vm(
        id=needed(item.id, kind="VM", id=item.id, field="id"),
        name=needed(item.name, kind="VM", id=item.id, field="name"),
        cluster_id=needed(ref(item.cluster), kind="VM", id=item.id, field="cluster"),
        status=needed(word(item.status), kind="VM", id=item.id, field="status"),
        status_detail=item.status_detail,
        host_id=ref(item.host),
        memory_bytes=item.memory,
        custom_cpu_model=item.custom_cpu_model or None,
        custom_emulated_machine=item.custom_emulated_machine or None,
        custom_compatibility_version=version(item.custom_compatibility_version),
        cpu_pinning_policy=word(item.cpu_pinning_policy),
        cpu_shares=item.cpu_shares,
        bios_type=word(item.bios.type) if item.bios else None,
        type=word(item.type),
        affinity=word(placement.affinity) if placement else None,
        placement_host_ids=ids(placement.hosts) if placement else (),
        migration=migration_of(item.migration),
        migration_downtime_ms=item.migration_downtime,
        tunnel_migration=item.tunnel_migration,
        lease_storage_domain_id=ref(item.lease.storage_domain) if item.lease else None,
        storage_error_resume_behaviour=word(item.storage_error_resume_behaviour),
        os_type=item.os.type if item.os else None,
        next_run_configuration_exists=item.next_run_configuration_exists,
        run_once=item.run_once,
        stateless=item.stateless,
        delete_protected=item.delete_protected,
        has_illegal_images=item.has_illegal_images,
        fqdn=item.fqdn,
        guest_os=_guest_os(item.guest_operating_system),
        time_zone=item.time_zone.name if item.time_zone else None,
        origin=item.origin,
        numa_tune_mode=word(item.numa_tune_mode),
        tpm_enabled=item.tpm_enabled,
        custom_properties=pairs(item.custom_properties),
        display_type=word(item.display.type) if item.display else None,
        io_threads=item.io.threads if item.io else None,
        created_at=moment(item.creation_time),
        started_at=moment(item.start_time),
        stopped_at=moment(item.stop_time),
        stop_reason=item.stop_reason,
        cpu_profile_id=ref(item.cpu_profile),
        quota_id=ref(item.quota),
        template_id=ref(item.template),
        description=item.description,
        comment=item.comment,
        **_memory(item.memory_policy),
        **_cpu(item.cpu),
        **_availability(item.high_availability),
        **_parts(item, seen),
    )


def _memory(policy: Any) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "memory_guaranteed_bytes": policy.guaranteed,
        "memory_max_bytes": policy.max,
        "ballooning": policy.ballooning,
    }


def _availability(policy: Any) -> dict[str, Any]:
    if policy is None:
        return {}
    return {"high_availability": policy.enabled, "ha_priority": policy.priority}


def _cpu(cpu: Any) -> dict[str, Any]:
    if cpu is None:
        return {}
    topology, tune = cpu.topology, cpu.cpu_tune
    return {
        "cpu_sockets": topology.sockets if topology else None,
        "cpu_cores": topology.cores if topology else None,
        "cpu_threads": topology.threads if topology else None,
        "cpu_mode": word(cpu.mode),
        "architecture": word(cpu.architecture),
        "cpu_pins": {str(pin.vcpu): pin.cpu_set or "" for pin in (tune.vcpu_pins if tune else None) or ()},
    }


def _guest_os(system: Any) -> str | None:
    """What the guest agent tells, e.g. `Fedora 39`; the version alone where it tells no distribution."""
    if system is None:
        return None
    release = system.version.full_version if system.version else None
    named = " ".join(part for part in (system.distribution, release) if part)
    return named or system.family


def _parts(item: Any, seen: frozenset[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if "nics" in seen:
        parts["nics"] = tuple(_nic(nic) for nic in item.nics or ())
    if "diskattachments" in seen:
        parts["disk_attachments"] = tuple(_disk_attachment(one) for one in item.disk_attachments or ())
    if "hostdevices" in seen:
        parts["host_devices"] = tuple(_host_device(one) for one in item.host_devices or ())
    if "tags" in seen:
        parts["tags"] = tuple(tag.name for tag in item.tags or () if tag.name)
    if "statistics" in seen:
        parts["statistics"] = figures_of(item.statistics)
    return parts


def _nic(nic: Any) -> VmNic:
    return VmNic(
        id=needed(nic.id, kind="NIC", id=nic.id, field="id"),
        name=needed(nic.name, kind="NIC", id=nic.id, field="name"),
        interface=word(nic.interface),
        vnic_profile_id=ref(nic.vnic_profile),
        plugged=nic.plugged,
        linked=nic.linked,
        synced=nic.synced,
        mac_address=nic.mac.address if nic.mac else None,
    )


def _disk_attachment(attachment: Any) -> DiskAttachment:
    return DiskAttachment(
        disk_id=needed(
            ref(attachment.disk) or attachment.id, kind="disk attachment", id=attachment.id, field="disk"
        ),
        active=attachment.active,
        bootable=attachment.bootable,
        interface=word(attachment.interface),
        read_only=attachment.read_only,
        uses_scsi_reservation=attachment.uses_scsi_reservation,
        pass_discard=attachment.pass_discard,
        logical_name=attachment.logical_name,
    )


def _host_device(device: Any) -> HostDevice:
    return HostDevice(
        id=needed(device.id, kind="host device", id=device.id, field="id"),
        name=needed(device.name, kind="host device", id=device.id, field="name"),
        capability=device.capability,
        host_id=ref(device.host),
    )
