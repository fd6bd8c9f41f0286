"""Hosts and their network: NICs, bonds, VLAN devices, attachments of networks."""

from __future__ import annotations

import msgspec

from rhevmig.inventory.models.data_center import cpu_vendor
from rhevmig.terms import HostStatus


class HostNic(msgspec.Struct, frozen=True, kw_only=True):
    """A network device of a host: a physical NIC, a bond or a VLAN device (`host_nic`)."""

    id: str
    #: Device name, e.g. `bond0.120`.
    name: str
    #: Link state, refreshed with the statistics: `up` or `down`.
    status: str | None = None
    #: Refreshed with the capabilities; None where the engine reports none, which does not mean slow.
    speed_bits_per_second: int | None = None
    #: In bytes, as the device has it.
    mtu: int | None = None
    mac_address: str | None = None
    #: Network attached to it, when it is one of the cluster's.
    network_id: str | None = None
    #: Name of a network that the engine does not know in this cluster.
    network_name: str | None = None
    #: Only of a VLAN device.
    vlan_id: int | None = None
    #: Device under a VLAN device.
    base_interface: str | None = None
    #: NICs of a bond; None for any other device.
    bond_slave_ids: tuple[str, ...] | None = None
    #: E.g. `mode: 4`.
    bond_options: dict[str, str] = {}
    #: Slave in use in an active-backup bond.
    bond_active_slave_id: str | None = None
    #: Partner of an LACP bond; all zeros means no partner.
    ad_partner_mac: str | None = None
    #: Aggregator of an LACP bond or slave.
    ad_aggregator_id: int | None = None
    ip_address: str | None = None
    ip_netmask: str | None = None
    ip_gateway: str | None = None
    ipv6_address: str | None = None
    #: Prefix length, as text.
    ipv6_prefix: str | None = None
    ipv6_gateway: str | None = None
    #: `none`, `dhcp`, `static`.
    boot_protocol: str | None = None
    #: `none`, `dhcp`, `static`, `autoconf`.
    ipv6_boot_protocol: str | None = None
    #: Whether a bridge is on top of it.
    bridged: bool | None = None
    #: True when it is **not** as the engine has set it.
    custom_configuration: bool | None = None
    qos_id: str | None = None
    #: Virtual functions that are enabled (SR-IOV; read where a VM has a pass-through NIC).
    virtual_functions: int | None = None
    max_virtual_functions: int | None = None
    #: Whether any network may use the virtual functions; False where the engine restricts them.
    virtual_functions_for_all_networks: bool | None = None
    #: NIC whose virtual function this is.
    physical_function_id: str | None = None

    @property
    def is_bond(self) -> bool:
        """Whether it bundles other NICs."""
        return self.bond_slave_ids is not None

    @property
    def is_up(self) -> bool:
        """Whether the link is up."""
        return self.status == "up"


class IpAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """The address configuration of an attached network (`ip_address_assignment`)."""

    #: `none`, `dhcp`, `static`, `autoconf`.
    method: str | None = None
    address: str | None = None
    #: Netmask (v4) or prefix length (v6).
    netmask: str | None = None
    gateway: str | None = None
    #: `v4` or `v6`.
    version: str | None = None


class ReportedConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """One property of an attached network, as set and as found (`reported_configuration`)."""

    #: `mtu`, `vlan`, `ipv4_address`, …
    name: str
    #: None where the engine sets nothing.
    expected_value: str | None = None
    #: None where the host has nothing.
    actual_value: str | None = None
    in_sync: bool | None = None


class NetworkAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A network on a host (`network_attachment`)."""

    id: str
    network_id: str | None = None
    #: Device that carries it (the base device, not the VLAN device).
    host_nic_id: str | None = None
    #: Whether the host has it as the engine has set it; None where the host did not report.
    in_sync: bool | None = None
    ip_assignments: tuple[IpAssignment, ...] = ()
    reported_configurations: tuple[ReportedConfiguration, ...] = ()
    #: Custom properties.
    properties: dict[str, str] = {}
    #: QoS entry that this host overrides.
    qos_id: str | None = None


class UnmanagedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network on a host that the engine does not know (`unmanaged_network`)."""

    name: str
    #: Device that carries it.
    host_nic_id: str | None = None


class PowerManagement(msgspec.Struct, frozen=True, kw_only=True):
    """How a host can be fenced (`power_management`)."""

    enabled: bool | None = None
    #: Whether the scheduler may switch the host off and on.
    automatic_pm_enabled: bool | None = None
    #: Whether fencing waits for a crash dump.
    kdump_detection: bool | None = None
    #: Kinds of fence proxies, in order: `cluster`, `dc`, `other_dc`.
    proxies: tuple[str, ...] = ()


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A hypervisor (`host`)."""

    id: str
    name: str
    cluster_id: str
    #: `up`, `maintenance`, `preparing_for_maintenance`, `non_operational`, …
    status: str
    #: Cause of the status, where the engine reports one; of maintenance the reason given.
    status_detail: str | None = None
    #: Set by an external monitor: `ok`, `warning`, …
    external_status: str | None = None
    #: Address of its agent.
    address: str | None = None
    #: Port of its agent.
    port: int | None = None
    #: `rhel`, `ovirt_node`, …
    type: str | None = None
    #: CPU model as the hardware reports it.
    cpu_name: str | None = None
    #: Highest CPU type of the cluster's level that the host satisfies; None where none matches.
    cpu_type: str | None = None
    cpu_speed_mhz: float | None = None
    cpu_sockets: int | None = None
    #: Cores per socket.
    cpu_cores: int | None = None
    #: Threads per core.
    cpu_threads: int | None = None
    memory_bytes: int | None = None
    #: Memory that the scheduler may still promise.
    max_scheduling_memory_bytes: int | None = None
    vms_active: int | None = None
    #: VMs that migrate to or from it.
    vms_migrating: int | None = None
    vms_total: int | None = None
    #: E.g. `vdsm-4.50.5.1-1.el9`.
    vdsm_version: str | None = None
    libvirt_version: str | None = None
    os_type: str | None = None
    os_version: str | None = None
    os_description: str | None = None
    #: Kernel arguments that the engine sets.
    custom_kernel_cmdline: str | None = None
    #: Kernel arguments that it runs with.
    reported_kernel_cmdline: str | None = None
    #: `spm`, `contending` or `none`.
    spm_status: str | None = None
    #: -1 means never SPM.
    spm_priority: int | None = None
    power_management: PowerManagement | None = None
    #: `enforcing`, `permissive`, `disabled`.
    selinux_mode: str | None = None
    ksm_enabled: bool | None = None
    transparent_hugepages: bool | None = None
    #: `enable`, `disable`, `unknown`.
    auto_numa_status: str | None = None
    numa_supported: bool | None = None
    #: `enabled`, `disabled`, `unknown`.
    kdump_status: str | None = None
    #: Whether its devices may be assigned to VMs.
    device_passthrough: bool | None = None
    #: `consolidated` or `separated`.
    vgpu_placement: str | None = None
    #: iSCSI qualified name.
    iscsi_initiator: str | None = None
    #: Whether packages wait to be installed.
    update_available: bool | None = None
    #: Whether the engine asks for a reinstallation.
    reinstallation_required: bool | None = None
    ovn_configured: bool | None = None
    hardware_manufacturer: str | None = None
    hardware_product: str | None = None
    hardware_family: str | None = None
    hardware_serial: str | None = None
    hardware_uuid: str | None = None
    #: Random number sources.
    rng_sources: tuple[str, ...] = ()
    #: The API has no dates of certificates.
    certificate_subject: str | None = None
    ssh_port: int | None = None
    #: Whether the VM of a self-hosted engine may run here (read where there is one).
    hosted_engine_configured: bool | None = None
    #: Whether the agent of the self-hosted engine runs.
    hosted_engine_active: bool | None = None
    #: 0 to 3400; hosts with a score above 0 can take the VM of the self-hosted engine.
    hosted_engine_score: int | None = None
    hosted_engine_local_maintenance: bool | None = None
    hosted_engine_global_maintenance: bool | None = None
    #: Whether a network change is under way (only with `detail={"hosts"}`).
    network_operation_in_progress: bool | None = None
    #: None where they could not be read.
    nics: tuple[HostNic, ...] | None = None
    #: None where they could not be read.
    network_attachments: tuple[NetworkAttachment, ...] | None = None
    #: Networks that the engine does not know; None where they could not be read.
    unmanaged_networks: tuple[UnmanagedNetwork, ...] | None = None
    #: Names of its tags; None where they could not be read.
    tags: tuple[str, ...] | None = None
    #: Figures by name (only with `detail={"host_statistics"}`).
    statistics: dict[str, float] | None = None
    comment: str | None = None

    @property
    def is_up(self) -> bool:
        """Whether it takes VMs."""
        return self.status == HostStatus.UP

    @property
    def cpu_vendor(self) -> str | None:
        """Vendor by the CPU model, else by the CPU type that the host satisfies."""
        return cpu_vendor(self.cpu_name) or cpu_vendor(self.cpu_type)

    @property
    def logical_cpus(self) -> int | None:
        """Threads in total; None while any factor is unknown."""
        if self.cpu_sockets is None or self.cpu_cores is None or self.cpu_threads is None:
            return None
        return self.cpu_sockets * self.cpu_cores * self.cpu_threads

    def find_nic(self, name_or_id: str | None) -> HostNic | None:
        """The device of this name or id."""
        return next((nic for nic in self.nics or () if name_or_id in (nic.name, nic.id)), None)

    def attachment_of(self, network_id: str) -> NetworkAttachment | None:
        """The attachment of a network; None where it is not attached or attachments were not read."""
        return next((a for a in self.network_attachments or () if a.network_id == network_id), None)

    def nic_of_network(self, network_id: str) -> HostNic | None:
        """The device that carries the network: the VLAN device where it is tagged."""
        return next((nic for nic in self.nics or () if nic.network_id == network_id), None)

    def uplink_of(self, nic: HostNic) -> HostNic:
        """The NIC or bond that carries the traffic of a device: the base of a VLAN device, else itself."""
        return (self.find_nic(nic.base_interface) if nic.base_interface else None) or nic
