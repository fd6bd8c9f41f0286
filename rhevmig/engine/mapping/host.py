"""Hosts with their NICs and networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rhevmig.engine.mapping.values import ids, needed, pairs, ref, word, words
from rhevmig.inventory import (
    Host,
    HostNic,
    IpAssignment,
    NetworkAttachment,
    PowerManagement,
    ReportedConfiguration,
    UnmanagedNetwork,
)


def host_of(item: Any, seen: frozenset[str]) -> Host:
    """A host.

    Args: seen (parts that were asked for and allowed: `nics`, `networkattachments`, `unmanagednetworks`,
    `tags`, `statistics`).
    """
    return Host(
        id=needed(item.id, kind="host", id=item.id, field="id"),
        name=needed(item.name, kind="host", id=item.id, field="name"),
        cluster_id=needed(ref(item.cluster), kind="host", id=item.id, field="cluster"),
        status=needed(word(item.status), kind="host", id=item.id, field="status"),
        status_detail=item.status_detail,
        external_status=word(item.external_status),
        address=item.address,
        port=item.port,
        type=word(item.type),
        memory_bytes=item.memory,
        max_scheduling_memory_bytes=item.max_scheduling_memory,
        vdsm_version=item.version.full_version if item.version else None,
        libvirt_version=item.libvirt_version.full_version if item.libvirt_version else None,
        power_management=_power_management(item.power_management),
        spm_status=word(item.spm.status) if item.spm else None,
        spm_priority=item.spm.priority if item.spm else None,
        selinux_mode=word(item.se_linux.mode) if item.se_linux else None,
        ksm_enabled=item.ksm.enabled if item.ksm else None,
        transparent_hugepages=item.transparent_huge_pages.enabled if item.transparent_huge_pages else None,
        auto_numa_status=word(item.auto_numa_status),
        numa_supported=item.numa_supported,
        kdump_status=word(item.kdump_status),
        device_passthrough=item.device_passthrough.enabled if item.device_passthrough else None,
        vgpu_placement=word(item.vgpu_placement),
        iscsi_initiator=item.iscsi.initiator if item.iscsi else None,
        update_available=item.update_available,
        reinstallation_required=item.reinstallation_required,
        ovn_configured=item.ovn_configured,
        certificate_subject=item.certificate.subject if item.certificate else None,
        ssh_port=item.ssh.port if item.ssh else None,
        display_address=item.display.address if item.display else None,
        network_operation_in_progress=item.network_operation_in_progress,
        comment=item.comment,
        **_cpu(item.cpu),
        **_summary(item.summary),
        **_os(item.os),
        **_hardware(item.hardware_information),
        **_hosted_engine(item.hosted_engine),
        **_parts(item, seen),
    )


def _cpu(cpu: Any) -> dict[str, Any]:
    if cpu is None:
        return {}
    topology = cpu.topology
    return {
        "cpu_name": cpu.name,
        "cpu_type": cpu.type or None,
        "cpu_speed_mhz": cpu.speed,
        "cpu_sockets": topology.sockets if topology else None,
        "cpu_cores": topology.cores if topology else None,
        "cpu_threads": topology.threads if topology else None,
    }


def _summary(summary: Any) -> dict[str, Any]:
    if summary is None:
        return {}
    return {
        "vms_active": summary.active,
        "vms_migrating": summary.migrating,
        "vms_total": summary.total,
    }


def _os(os: Any) -> dict[str, Any]:
    if os is None:
        return {}
    return {
        "os_type": os.type,
        "os_version": os.version.full_version if os.version else None,
        "os_description": os.description,
        "custom_kernel_cmdline": os.custom_kernel_cmdline,
        "reported_kernel_cmdline": os.reported_kernel_cmdline,
    }


def _hardware(hardware: Any) -> dict[str, Any]:
    if hardware is None:
        return {}
    return {
        "hardware_manufacturer": hardware.manufacturer,
        "hardware_product": hardware.product_name,
        "hardware_family": hardware.family,
        "hardware_version": hardware.version,
        "hardware_serial": hardware.serial_number,
        "hardware_uuid": hardware.uuid,
        "rng_sources": words(hardware.supported_rng_sources),
    }


def _hosted_engine(hosted_engine: Any) -> dict[str, Any]:
    if hosted_engine is None:
        return {}
    return {
        "hosted_engine_configured": hosted_engine.configured,
        "hosted_engine_score": hosted_engine.score,
    }


def _power_management(power: Any) -> PowerManagement | None:
    if power is None:
        return None
    return PowerManagement(
        enabled=power.enabled,
        automatic_pm_enabled=power.automatic_pm_enabled,
        kdump_detection=power.kdump_detection,
        proxies=tuple(kind for proxy in power.pm_proxies or () if (kind := word(proxy.type))),
    )


def _parts(item: Any, seen: frozenset[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if "nics" in seen:
        parts["nics"] = tuple(_nic(nic) for nic in item.nics or ())
    if "networkattachments" in seen:
        parts["network_attachments"] = tuple(_attachment(one) for one in item.network_attachments or ())
    if "unmanagednetworks" in seen:
        parts["unmanaged_networks"] = tuple(
            UnmanagedNetwork(name=one.name or "", host_nic_id=ref(one.host_nic))
            for one in item.unmanaged_networks or ()
        )
    if "tags" in seen:
        parts["tags"] = tuple(tag.name for tag in item.tags or () if tag.name)
    if "statistics" in seen:
        parts["statistics"] = figures_of(item.statistics)
    return parts


def figures_of(statistics: Iterable[Any] | None) -> dict[str, float]:
    """Statistics by name, the newest value each; texts and those without a value are left out."""
    return {
        one.name: one.values[0].datum
        for one in statistics or ()
        if one.name and one.values and one.values[0].datum is not None
    }


def _nic(nic: Any) -> HostNic:
    ip, ipv6, bonding, network = nic.ip, nic.ipv6, nic.bonding, nic.network
    return HostNic(
        id=needed(nic.id, kind="host NIC", id=nic.id, field="id"),
        name=needed(nic.name, kind="host NIC", id=nic.id, field="name"),
        status=word(nic.status),
        speed_bits_per_second=nic.speed,
        mtu=nic.mtu,
        mac_address=nic.mac.address if nic.mac else None,
        network_id=network.id if network else None,
        # a network of another cluster, or one that the engine does not know, comes by name only
        network_name=network.name if network and network.id is None else None,
        vlan_id=int(nic.vlan.id) if nic.vlan and nic.vlan.id is not None else None,
        base_interface=nic.base_interface,
        ad_aggregator_id=nic.ad_aggregator_id,
        ip_address=ip.address if ip else None,
        ip_netmask=ip.netmask if ip else None,
        ip_gateway=ip.gateway if ip else None,
        ipv6_address=ipv6.address if ipv6 else None,
        ipv6_prefix=ipv6.netmask if ipv6 else None,
        ipv6_gateway=ipv6.gateway if ipv6 else None,
        boot_protocol=word(nic.boot_protocol),
        ipv6_boot_protocol=word(nic.ipv6_boot_protocol),
        bridged=nic.bridged,
        custom_configuration=nic.custom_configuration,
        qos_id=ref(nic.qos),
        **_bonding(bonding),
    )


def _bonding(bonding: Any) -> dict[str, Any]:
    if bonding is None:
        return {}
    return {
        "bond_slave_ids": ids(bonding.slaves),
        "bond_options": pairs(bonding.options),
        "bond_active_slave_id": ref(bonding.active_slave),
        "ad_partner_mac": bonding.ad_partner_mac.address if bonding.ad_partner_mac else None,
    }


def _attachment(attachment: Any) -> NetworkAttachment:
    return NetworkAttachment(
        id=needed(attachment.id, kind="network attachment", id=attachment.id, field="id"),
        network_id=ref(attachment.network),
        host_nic_id=ref(attachment.host_nic),
        in_sync=attachment.in_sync,
        ip_assignments=tuple(_assignment(one) for one in attachment.ip_address_assignments or ()),
        reported_configurations=tuple(
            ReportedConfiguration(
                name=one.name or "",
                expected_value=one.expected_value,
                actual_value=one.actual_value,
                in_sync=one.in_sync,
            )
            for one in attachment.reported_configurations or ()
        ),
        properties=pairs(attachment.properties),
        qos_id=ref(attachment.qos),
    )


def _assignment(assignment: Any) -> IpAssignment:
    ip = assignment.ip
    return IpAssignment(
        method=word(assignment.assignment_method),
        address=ip.address if ip else None,
        netmask=ip.netmask if ip else None,
        gateway=ip.gateway if ip else None,
        version=word(ip.version) if ip else None,
    )
