"""Hosts with their NICs and networks."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.conversions import (
    any_text_of,
    figures_of,
    ids_of,
    integer_of,
    names_of,
    pairs_of,
    words_of,
)
from rhevmig.engine.mapping.fields import (
    FieldTable,
    followed,
    reference,
    same,
    struct,
    structs,
    text,
    value,
    word,
    words,
)
from rhevmig.inventory import (
    Host,
    HostNic,
    IpAssignment,
    NetworkAttachment,
    PowerManagement,
    ReportedConfiguration,
    UnmanagedNetwork,
)


def _foreign_name(network: Any) -> str | None:
    """The name of a network that is of another cluster or unknown to the engine: it is sent without an id."""
    return network.name if network is not None and network.id is None else None


def _slaves(bonding: Any) -> tuple[str, ...] | None:
    return None if bonding is None else ids_of(bonding.slaves)


def _proxies(proxies: Any) -> tuple[str, ...]:
    return words_of(proxy.type for proxy in proxies or ())


HOST_NIC = FieldTable(
    HostNic,
    "host NIC",
    same("id", "name", "mtu", "base_interface", "ad_aggregator_id", "bridged", "custom_configuration"),
    words("status", "boot_protocol", "ipv6_boot_protocol"),
    speed_bits_per_second=value("speed"),
    mac_address=value("mac.address"),
    network_id=reference("network"),
    network_name=value("network", _foreign_name),
    vlan_id=value("vlan.id", integer_of),
    bond_slave_ids=value("bonding", _slaves),
    bond_options=value("bonding.options", pairs_of),
    bond_active_slave_id=reference("bonding.active_slave"),
    ad_partner_mac=value("bonding.ad_partner_mac.address"),
    ip_address=value("ip.address"),
    ip_netmask=value("ip.netmask"),
    ip_gateway=value("ip.gateway"),
    ipv6_address=value("ipv6.address"),
    ipv6_prefix=value("ipv6.netmask"),
    ipv6_gateway=value("ipv6.gateway"),
    qos_id=reference("qos"),
    virtual_functions=value("virtual_functions_configuration.number_of_virtual_functions"),
    max_virtual_functions=value("virtual_functions_configuration.max_number_of_virtual_functions"),
    virtual_functions_for_all_networks=value("virtual_functions_configuration.all_networks_allowed"),
    physical_function_id=reference("physical_function"),
)
IP_ASSIGNMENT = FieldTable(
    IpAssignment,
    "IP assignment",
    method=word("assignment_method"),
    address=value("ip.address"),
    netmask=value("ip.netmask"),
    gateway=value("ip.gateway"),
    version=word("ip.version"),
)
REPORTED_CONFIGURATION = FieldTable(
    ReportedConfiguration,
    "reported configuration",
    same("expected_value", "actual_value", "in_sync"),
    name=value("name", any_text_of),
)
NETWORK_ATTACHMENT = FieldTable(
    NetworkAttachment,
    "network attachment",
    same("id", "in_sync"),
    network_id=reference("network"),
    host_nic_id=reference("host_nic"),
    ip_assignments=structs("ip_address_assignments", IP_ASSIGNMENT),
    reported_configurations=structs("reported_configurations", REPORTED_CONFIGURATION),
    properties=value("properties", pairs_of),
    qos_id=reference("qos"),
)
UNMANAGED_NETWORK = FieldTable(
    UnmanagedNetwork,
    "unmanaged network",
    name=value("name", any_text_of),
    host_nic_id=reference("host_nic"),
)
POWER_MANAGEMENT = FieldTable(
    PowerManagement,
    "power management",
    same("enabled", "automatic_pm_enabled", "kdump_detection"),
    proxies=value("pm_proxies", _proxies),
)
HOST = FieldTable(
    Host,
    "host",
    same("id", "name", "status_detail", "address", "port", "comment"),
    same("numa_supported", "update_available", "reinstallation_required", "ovn_configured"),
    same("network_operation_in_progress"),
    words("status", "external_status", "type", "auto_numa_status", "kdump_status", "vgpu_placement"),
    cluster_id=reference("cluster"),
    cpu_name=value("cpu.name"),
    cpu_type=text("cpu.type"),
    cpu_speed_mhz=value("cpu.speed"),
    cpu_sockets=value("cpu.topology.sockets"),
    cpu_cores=value("cpu.topology.cores"),
    cpu_threads=value("cpu.topology.threads"),
    memory_bytes=value("memory"),
    max_scheduling_memory_bytes=value("max_scheduling_memory"),
    vms_active=value("summary.active"),
    vms_migrating=value("summary.migrating"),
    vms_total=value("summary.total"),
    vdsm_version=value("version.full_version"),
    libvirt_version=value("libvirt_version.full_version"),
    os_type=value("os.type"),
    os_version=value("os.version.full_version"),
    os_description=value("os.description"),
    custom_kernel_cmdline=value("os.custom_kernel_cmdline"),
    reported_kernel_cmdline=value("os.reported_kernel_cmdline"),
    spm_status=word("spm.status"),
    spm_priority=value("spm.priority"),
    power_management=struct("power_management", POWER_MANAGEMENT),
    selinux_mode=word("se_linux.mode"),
    ksm_enabled=value("ksm.enabled"),
    transparent_hugepages=value("transparent_huge_pages.enabled"),
    device_passthrough=value("device_passthrough.enabled"),
    iscsi_initiator=value("iscsi.initiator"),
    hardware_manufacturer=value("hardware_information.manufacturer"),
    hardware_product=value("hardware_information.product_name"),
    hardware_family=value("hardware_information.family"),
    hardware_serial=value("hardware_information.serial_number"),
    hardware_uuid=value("hardware_information.uuid"),
    rng_sources=value("hardware_information.supported_rng_sources", words_of),
    certificate_subject=value("certificate.subject"),
    ssh_port=value("ssh.port"),
    hosted_engine_configured=value("hosted_engine.configured"),
    hosted_engine_active=value("hosted_engine.active"),
    hosted_engine_score=value("hosted_engine.score"),
    hosted_engine_local_maintenance=value("hosted_engine.local_maintenance"),
    hosted_engine_global_maintenance=value("hosted_engine.global_maintenance"),
    nics=followed("nics", structs("nics", HOST_NIC)),
    network_attachments=followed("network_attachments", structs("network_attachments", NETWORK_ATTACHMENT)),
    unmanaged_networks=followed("unmanaged_networks", structs("unmanaged_networks", UNMANAGED_NETWORK)),
    tags=followed("tags", value("tags", names_of)),
    statistics=followed("statistics", value("statistics", figures_of)),
)
