"""Hosts and their network: NICs, bonds, VLAN devices, attachments of networks."""

from __future__ import annotations

import msgspec

from rhevmig.inventory.models.cluster import cpu_vendor
from rhevmig.terms import HostStatus


class HostNic(msgspec.Struct, frozen=True, kw_only=True):
    """A network device of a host: a physical NIC, a bond or a VLAN device (`host_nic`)."""

    #: Engine id.
    id: str
    #: Device name, e.g. `bond0.120`.
    name: str
    #: Link state, refreshed with the statistics: `up` or `down`.
    status: str | None = None
    #: Speed as last reported with the capabilities; None where the engine does not say, which is not slow.
    speed_bits_per_second: int | None = None
    #: MTU in bytes that the device has.
    mtu: int | None = None
    #: Hardware address.
    mac_address: str | None = None
    #: Network attached to it, when it is one of the cluster's.
    network_id: str | None = None
    #: Name of a network that the engine does not know in this cluster.
    network_name: str | None = None
    #: VLAN tag of a VLAN device.
    vlan_id: int | None = None
    #: Device under a VLAN device.
    base_interface: str | None = None
    #: NICs of a bond; None for what is no bond.
    bond_slave_ids: tuple[str, ...] | None = None
    #: Options of a bond, e.g. `mode: 4`.
    bond_options: dict[str, str] = {}
    #: Slave in use in an active-backup bond.
    bond_active_slave_id: str | None = None
    #: Hardware address of the partner in an LACP bond; all zeros means no partner.
    ad_partner_mac: str | None = None
    #: Aggregator of an LACP bond or slave.
    ad_aggregator_id: int | None = None
    #: IPv4 address.
    ip_address: str | None = None
    #: IPv4 netmask.
    ip_netmask: str | None = None
    #: IPv4 gateway.
    ip_gateway: str | None = None
    #: IPv6 address.
    ipv6_address: str | None = None
    #: IPv6 prefix length, as text.
    ipv6_prefix: str | None = None
    #: IPv6 gateway.
    ipv6_gateway: str | None = None
    #: `none`, `dhcp`, `static`.
    boot_protocol: str | None = None
    #: `none`, `dhcp`, `static`, `autoconf`.
    ipv6_boot_protocol: str | None = None
    #: Whether a bridge stands on it.
    bridged: bool | None = None
    #: True when it is **not** as the engine has set it.
    custom_configuration: bool | None = None
    #: QoS entry.
    qos_id: str | None = None

    @property
    def is_bond(self) -> bool:
        """Whether it bundles other NICs."""
        return self.bond_slave_ids is not None

    @property
    def is_up(self) -> bool:
        """Whether the link is up."""
        return self.status == "up"


class IpAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """How an attached network gets its address (`ip_address_assignment`)."""

    #: `none`, `dhcp`, `static`, `autoconf`.
    method: str | None = None
    #: Address as set.
    address: str | None = None
    #: Netmask (v4) or prefix length (v6).
    netmask: str | None = None
    #: Gateway.
    gateway: str | None = None
    #: `v4` or `v6`.
    version: str | None = None


class ReportedConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """One property of an attached network, as wanted and as found (`reported_configuration`)."""

    #: `mtu`, `vlan`, `ipv4_address`, …
    name: str
    #: What the engine wants; None where it wants nothing.
    expected_value: str | None = None
    #: What the host has; None where it has nothing.
    actual_value: str | None = None
    #: Whether the two agree.
    in_sync: bool | None = None


class NetworkAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A network on a host (`network_attachment`)."""

    #: Engine id.
    id: str
    #: Network.
    network_id: str | None = None
    #: Device that carries it (the base device, not the VLAN device).
    host_nic_id: str | None = None
    #: Whether the host has it as the engine wants it; None where the host did not report.
    in_sync: bool | None = None
    #: Addresses as set.
    ip_assignments: tuple[IpAssignment, ...] = ()
    #: Property by property.
    reported_configurations: tuple[ReportedConfiguration, ...] = ()
    #: Custom properties.
    properties: dict[str, str] = {}
    #: QoS entry that this host overrides.
    qos_id: str | None = None


class UnmanagedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network on a host that the engine does not know (`unmanaged_network`)."""

    #: Name.
    name: str
    #: Device that carries it.
    host_nic_id: str | None = None


class PowerManagement(msgspec.Struct, frozen=True, kw_only=True):
    """How a host can be fenced (`power_management`)."""

    #: Whether it is configured.
    enabled: bool | None = None
    #: Whether the scheduler may switch it off and on.
    automatic_pm_enabled: bool | None = None
    #: Whether a crash dump is waited for.
    kdump_detection: bool | None = None
    #: Kinds of proxies, in order.
    proxies: tuple[str, ...] = ()


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """A hypervisor (`host`)."""

    #: Engine id.
    id: str
    #: Name, unique in the engine.
    name: str
    #: Cluster.
    cluster_id: str
    #: `up`, `maintenance`, `preparing_for_maintenance`, `non_operational`, …
    status: str
    #: Why, where the engine says; of maintenance the reason given.
    status_detail: str | None = None
    #: What an outside monitor reported: `ok`, `warning`, …
    external_status: str | None = None
    #: Address of its agent.
    address: str | None = None
    #: Port of its agent.
    port: int | None = None
    #: `rhel`, `ovirt_node`, …
    type: str | None = None
    #: CPU model from the machine.
    cpu_name: str | None = None
    #: Highest CPU type of the cluster's level that the host satisfies; None where nothing matches.
    cpu_type: str | None = None
    #: Clock in MHz.
    cpu_speed_mhz: float | None = None
    #: Sockets.
    cpu_sockets: int | None = None
    #: Cores a socket.
    cpu_cores: int | None = None
    #: Threads a core.
    cpu_threads: int | None = None
    #: RAM.
    memory_bytes: int | None = None
    #: RAM that the scheduler may still promise.
    max_scheduling_memory_bytes: int | None = None
    #: VMs running on it.
    vms_active: int | None = None
    #: VMs on their way in or out.
    vms_migrating: int | None = None
    #: VMs in all.
    vms_total: int | None = None
    #: Version of its agent, e.g. `vdsm-4.50.5.1-1.el9`.
    vdsm_version: str | None = None
    #: Version of libvirt.
    libvirt_version: str | None = None
    #: Kind of operating system.
    os_type: str | None = None
    #: Its version.
    os_version: str | None = None
    #: Its name.
    os_description: str | None = None
    #: Kernel arguments that the engine sets.
    custom_kernel_cmdline: str | None = None
    #: Kernel arguments that it runs with.
    reported_kernel_cmdline: str | None = None
    #: `spm`, `contending` or `none`.
    spm_status: str | None = None
    #: Priority for becoming SPM; -1 never.
    spm_priority: int | None = None
    #: Fencing.
    power_management: PowerManagement | None = None
    #: `enforcing`, `permissive`, `disabled`.
    selinux_mode: str | None = None
    #: Whether same-page merging runs.
    ksm_enabled: bool | None = None
    #: Whether transparent huge pages are on.
    transparent_hugepages: bool | None = None
    #: `enable`, `disable`, `unknown`.
    auto_numa_status: str | None = None
    #: Whether it has NUMA.
    numa_supported: bool | None = None
    #: `enabled`, `disabled`, `unknown`.
    kdump_status: str | None = None
    #: Whether devices may be given to VMs.
    device_passthrough: bool | None = None
    #: `consolidated` or `separated`.
    vgpu_placement: str | None = None
    #: iSCSI initiator name.
    iscsi_initiator: str | None = None
    #: Whether packages wait to be installed.
    update_available: bool | None = None
    #: Whether the engine wants it reinstalled.
    reinstallation_required: bool | None = None
    #: Whether the OVN provider is set up.
    ovn_configured: bool | None = None
    #: Manufacturer.
    hardware_manufacturer: str | None = None
    #: Product.
    hardware_product: str | None = None
    #: Family.
    hardware_family: str | None = None
    #: Hardware version.
    hardware_version: str | None = None
    #: Serial number.
    hardware_serial: str | None = None
    #: Hardware UUID.
    hardware_uuid: str | None = None
    #: Random number sources.
    rng_sources: tuple[str, ...] = ()
    #: Subject of its certificate; the API has no dates.
    certificate_subject: str | None = None
    #: Port of ssh.
    ssh_port: int | None = None
    #: Address of consoles where it differs.
    display_address: str | None = None
    #: Whether the engine's own VM may run here (only with `detail={"hosts"}`).
    hosted_engine_configured: bool | None = None
    #: Its score, 0 to 3400.
    hosted_engine_score: int | None = None
    #: Whether a network change is under way (only with `detail={"hosts"}`).
    network_operation_in_progress: bool | None = None
    #: Network devices; None where they could not be read.
    nics: tuple[HostNic, ...] | None = None
    #: Networks on it; None where they could not be read.
    network_attachments: tuple[NetworkAttachment, ...] | None = None
    #: Networks that the engine does not know; None where they could not be read.
    unmanaged_networks: tuple[UnmanagedNetwork, ...] | None = None
    #: Names of its tags; None where they could not be read.
    tags: tuple[str, ...] | None = None
    #: Statistics by name (only with `detail={"host_statistics"}`).
    statistics: dict[str, float] | None = None
    #: Comment.
    comment: str | None = None

    @property
    def is_up(self) -> bool:
        """Whether it takes VMs."""
        return self.status == HostStatus.UP

    @property
    def cpu_vendor(self) -> str | None:
        """Vendor by the CPU's own name, else by the type it satisfies."""
        return cpu_vendor(self.cpu_name) or cpu_vendor(self.cpu_type)

    @property
    def logical_cpus(self) -> int | None:
        """Threads in all; None while any factor is unknown."""
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
        """The device that the network lies on: the VLAN device where it is tagged."""
        return next((nic for nic in self.nics or () if nic.network_id == network_id), None)

    def uplink_of(self, nic: HostNic) -> HostNic:
        """The NIC or bond that carries the traffic of a device: the base of a VLAN device, else itself."""
        return (self.find_nic(nic.base_interface) if nic.base_interface else None) or nic
