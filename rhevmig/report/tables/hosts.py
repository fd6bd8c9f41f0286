"""Columns of hosts and of their network devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rhevmig.inventory import (
    Cluster,
    DataCenter,
    Host,
    HostNic,
    Inventory,
    Network,
    NetworkLink,
    Vm,
    migration_path,
)
from rhevmig.report.tables.table_column import (
    BITS_PER_SECOND,
    BOOLEAN,
    BYTES,
    COUNT,
    DECIMAL,
    ID,
    NUMBER,
    STATUS,
    TEXT,
    TableColumn,
    total,
)


class HostRow(NamedTuple):
    """A host with its cluster and what runs on it."""

    inventory: Inventory
    host: Host
    cluster: Cluster | None
    data_center: DataCenter | None
    running: tuple[Vm, ...]

    @property
    def migration_link(self) -> NetworkLink | None:
        """Its connection to the migration network."""
        return migration_path(self.inventory, self.host).link


class NicRow(NamedTuple):
    """A network device of a host."""

    inventory: Inventory
    host: Host
    nic: HostNic
    cluster: Cluster | None

    @property
    def network(self) -> Network | None:
        """The network on it, if the inventory has it."""
        return self.inventory.find_network(self.nic.network_id)

    @property
    def roles(self) -> str | None:
        """Roles of the network in the host's cluster, in alphabetical order."""
        for member in self.inventory.networks_of(self.cluster) if self.cluster else ():
            if member.network_id == self.nic.network_id:
                return " ".join(sorted(member.usages))
        return None

    @property
    def kind(self) -> str:
        """`bond`, `vlan` or `nic`."""
        if self.nic.is_bond:
            return "bond"
        return "vlan" if self.nic.base_interface else "nic"


def host_rows(inventory: Inventory, hosts: Iterable[Host] | None = None) -> Iterator[HostRow]:
    """One row per host, in the engine's order or in the order given."""
    for host in inventory.hosts if hosts is None else hosts:
        cluster = inventory.find_cluster(host.cluster_id)
        data_center = inventory.find_data_center(cluster.data_center_id) if cluster else None
        yield HostRow(inventory, host, cluster, data_center, inventory.vms_on(host))


def nic_rows(inventory: Inventory) -> Iterator[NicRow]:
    """One row per network device of a host; none for a host whose devices could not be read."""
    for host in inventory.hosts:
        for nic in host.nics or ():
            yield NicRow(inventory, host, nic, inventory.find_cluster(host.cluster_id))


HOSTS: Final[tuple[TableColumn[HostRow], ...]] = (
    TableColumn("host", TEXT, lambda r: r.host.name, "Host", "name"),
    TableColumn("cluster", TEXT, lambda r: r.cluster and r.cluster.name, "Cluster", "name of its cluster"),
    TableColumn("data_center", TEXT, lambda r: r.data_center and r.data_center.name, "Data center",
                "name of its data center"),
    TableColumn("status", STATUS, lambda r: r.host.status, "Status", "up, maintenance, non_operational, …"),
    TableColumn("is_up", BOOLEAN, lambda r: r.host.is_up, "Up", "whether it accepts VMs"),
    TableColumn("cpu_model", TEXT, lambda r: r.host.cpu_name, "CPU", "CPU model as the CPU reports it"),
    TableColumn("cpu_type", TEXT, lambda r: r.host.cpu_type, "CPU type",
                "highest CPU type that it satisfies"),
    TableColumn("cpu_sockets", COUNT, lambda r: r.host.cpu_sockets, "Sockets", "sockets"),
    TableColumn("cpu_cores_per_socket", COUNT, lambda r: r.host.cpu_cores, "Cores per socket",
                "cores per socket"),
    TableColumn("cpu_threads_per_core", COUNT, lambda r: r.host.cpu_threads, "Threads per core",
                "threads per core"),
    TableColumn("cpu_threads", COUNT, lambda r: r.host.logical_cpus, "CPU threads", "all threads"),
    TableColumn("cpu_speed_mhz", DECIMAL, lambda r: r.host.cpu_speed_mhz, "Clock, MHz", "clock in MHz"),
    TableColumn("memory_bytes", BYTES, lambda r: r.host.memory_bytes, "Memory", "memory"),
    TableColumn("memory_promisable_bytes", BYTES, lambda r: r.host.max_scheduling_memory_bytes,
                "Schedulable memory", "memory that the scheduler can still give to VMs"),
    TableColumn("vms_running", COUNT, lambda r: len(r.running), "Running VMs", "VMs that run on it"),
    TableColumn("vcpus_running", COUNT, lambda r: total(vm.vcpus for vm in r.running), "vCPUs of running VMs",
                "their virtual CPUs"),
    TableColumn("memory_running_bytes", BYTES, lambda r: total(vm.memory_bytes for vm in r.running),
                "Memory of running VMs", "their memory"),
    TableColumn("migration_device", TEXT, lambda r: r.migration_link and r.migration_link.device,
                "Migration device", "device of the migration network; missing where the host has none"),
    TableColumn("migration_link_bits_per_second", BITS_PER_SECOND,
                lambda r: r.migration_link and r.migration_link.stream_bits_per_second, "Migration link",
                "upper limit of one migration over it, by the mode of a bond; missing where not reported"),
    TableColumn("spm", TEXT, lambda r: r.host.spm_status, "SPM", "spm, contending or none"),
    TableColumn("power_management", BOOLEAN,
                lambda r: r.host.power_management and r.host.power_management.enabled, "Power management",
                "whether it can be fenced"),
    TableColumn("os_version", TEXT, lambda r: r.host.os_version, "OS version",
                "version of the operating system"),
    TableColumn("vdsm_version", TEXT, lambda r: r.host.vdsm_version, "VDSM", "version of its agent"),
    TableColumn("libvirt_version", TEXT, lambda r: r.host.libvirt_version, "libvirt", "version of libvirt"),
    TableColumn("update_available", BOOLEAN, lambda r: r.host.update_available, "Updates available",
                "whether packages can be updated"),
    TableColumn("host_id", ID, lambda r: r.host.id, "Id", "engine id"),
    TableColumn("cluster_id", ID, lambda r: r.host.cluster_id, "Cluster id", "engine id of the cluster"),
)  # fmt: skip

NICS: Final[tuple[TableColumn[NicRow], ...]] = (
    TableColumn("host", TEXT, lambda r: r.host.name, "Host", "name of the host"),
    TableColumn("cluster", TEXT, lambda r: r.cluster and r.cluster.name, "Cluster",
                "name of the host's cluster"),
    TableColumn("device", TEXT, lambda r: r.nic.name, "Device", "name of the device"),
    TableColumn("kind", TEXT, lambda r: r.kind, "Kind", "nic, bond or vlan"),
    TableColumn("status", STATUS, lambda r: r.nic.status, "Link", "link: up or down"),
    TableColumn("speed_bits_per_second", BITS_PER_SECOND, lambda r: r.nic.speed_bits_per_second, "Speed",
                "speed as last reported; missing where not reported, which does not mean slow"),
    TableColumn("mtu", NUMBER, lambda r: r.nic.mtu, "MTU", "MTU in bytes that the device has"),
    TableColumn("vlan_id", NUMBER, lambda r: r.nic.vlan_id, "VLAN", "VLAN tag of a VLAN device"),
    TableColumn("base_device", TEXT, lambda r: r.nic.base_interface, "Base device",
                "device under a VLAN device"),
    TableColumn("bond_slaves", COUNT,
                lambda r: None if r.nic.bond_slave_ids is None else len(r.nic.bond_slave_ids), "Slaves",
                "NICs in a bond; missing for other devices"),
    TableColumn("network", TEXT, lambda r: r.network.name if r.network else r.nic.network_name, "Network",
                "network on it"),
    TableColumn("roles", TEXT, lambda r: r.roles, "Roles", "roles of that network in the host's cluster"),
    TableColumn("ip_address", TEXT, lambda r: r.nic.ip_address, "IPv4 address", "IPv4 address"),
    TableColumn("ipv6_address", TEXT, lambda r: r.nic.ipv6_address, "IPv6 address", "IPv6 address"),
    TableColumn("mac_address", TEXT, lambda r: r.nic.mac_address, "Hardware address", "hardware address"),
    TableColumn("nic_id", ID, lambda r: r.nic.id, "Id", "engine id"),
    TableColumn("host_id", ID, lambda r: r.host.id, "Host id", "engine id of the host"),
    TableColumn("network_id", ID, lambda r: r.nic.network_id, "Network id", "engine id of the network"),
)  # fmt: skip
