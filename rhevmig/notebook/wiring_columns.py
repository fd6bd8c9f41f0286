"""Columns of the frames of NICs, networks and storage."""

from __future__ import annotations

from typing import Final

from rhevmig.inventory import ClusterNetwork
from rhevmig.notebook.columns import BOOLEAN, INTEGER, TEXT, Column
from rhevmig.notebook.rows import NetworkRow, NicRow, StorageRow, VmNicRow
from rhevmig.terms import NetworkRole


def _kind(row: NicRow) -> str:
    if row.nic.is_bond:
        return "bond"
    return "vlan" if row.nic.base_interface else "nic"


NIC_COLUMNS: Final[tuple[Column[NicRow], ...]] = (
    Column("host", TEXT, "name of the host", lambda r: r.host.name),
    Column("cluster", TEXT, "name of the host's cluster", lambda r: r.cluster and r.cluster.name),
    Column("device", TEXT, "name of the device", lambda r: r.nic.name),
    Column("kind", TEXT, "nic, bond or vlan", _kind),
    Column("status", TEXT, "link: up or down", lambda r: r.nic.status),
    Column("speed_bits_per_second", INTEGER, "speed as last reported; missing where not told, which is not "
                                             "slow",
           lambda r: r.nic.speed_bits_per_second),
    Column("mtu", INTEGER, "MTU in bytes that the device has", lambda r: r.nic.mtu),
    Column("vlan_id", INTEGER, "VLAN tag of a VLAN device", lambda r: r.nic.vlan_id),
    Column("base_device", TEXT, "device under a VLAN device", lambda r: r.nic.base_interface),
    Column("bond_slaves", INTEGER, "NICs in a bond; missing for what is none",
           lambda r: None if r.nic.bond_slave_ids is None else len(r.nic.bond_slave_ids)),
    Column("network", TEXT, "network on it", lambda r: r.network.name if r.network else r.nic.network_name),
    Column("roles", TEXT, "roles of that network in the host's cluster", lambda r: r.roles),
    Column("ip_address", TEXT, "IPv4 address", lambda r: r.nic.ip_address),
    Column("ipv6_address", TEXT, "IPv6 address", lambda r: r.nic.ipv6_address),
    Column("mac_address", TEXT, "hardware address", lambda r: r.nic.mac_address),
    Column("nic_id", TEXT, "engine id", lambda r: r.nic.id),
    Column("host_id", TEXT, "engine id of the host", lambda r: r.host.id),
    Column("network_id", TEXT, "engine id of the network", lambda r: r.nic.network_id),
)  # fmt: skip

VM_NIC_COLUMNS: Final[tuple[Column[VmNicRow], ...]] = (
    Column("vm", TEXT, "name of the VM", lambda r: r.vm.name),
    Column("cluster", TEXT, "name of the VM's cluster", lambda r: r.cluster and r.cluster.name),
    Column("nic", TEXT, "name of the card", lambda r: r.nic.name),
    Column("interface", TEXT, "virtio, e1000, pci_passthrough, …", lambda r: r.nic.interface),
    Column("network", TEXT, "network that its profile leads to", lambda r: r.network and r.network.name),
    Column("plugged", BOOLEAN, "whether it is plugged in", lambda r: r.nic.plugged),
    Column("linked", BOOLEAN, "whether its link is up", lambda r: r.nic.linked),
    Column("synced", BOOLEAN, "whether the network is still as it was plugged", lambda r: r.nic.synced),
    Column("mac_address", TEXT, "hardware address", lambda r: r.nic.mac_address),
    Column("nic_id", TEXT, "engine id", lambda r: r.nic.id),
    Column("vm_id", TEXT, "engine id of the VM", lambda r: r.vm.id),
    Column("network_id", TEXT, "engine id of the network", lambda r: r.network and r.network.id),
)  # fmt: skip


def _has(member: ClusterNetwork | None, role: str) -> bool | None:
    return None if member is None else role in member.usages


NETWORK_COLUMNS: Final[tuple[Column[NetworkRow], ...]] = (
    Column("network", TEXT, "name", lambda r: r.network.name),
    Column("data_center", TEXT, "name of its data center", lambda r: r.data_center and r.data_center.name),
    Column("cluster", TEXT, "cluster that uses it; missing where none does",
           lambda r: r.cluster and r.cluster.name),
    Column("vlan_id", INTEGER, "VLAN tag; missing means untagged", lambda r: r.network.vlan_id),
    Column("mtu", INTEGER, "MTU in bytes that it means", lambda r: r.inventory.mtu_of(r.network)),
    Column("required", BOOLEAN, "whether a host without it is taken out of service",
           lambda r: r.member and r.member.required),
    Column("is_management", BOOLEAN, "role in that cluster",
           lambda r: _has(r.member, NetworkRole.MANAGEMENT)),
    Column("is_migration", BOOLEAN, "role in that cluster", lambda r: _has(r.member, NetworkRole.MIGRATION)),
    Column("is_display", BOOLEAN, "role in that cluster", lambda r: _has(r.member, NetworkRole.DISPLAY)),
    Column("is_vm", BOOLEAN, "role in that cluster", lambda r: _has(r.member, NetworkRole.VM)),
    Column("is_default_route", BOOLEAN, "role in that cluster",
           lambda r: _has(r.member, NetworkRole.DEFAULT_ROUTE)),
    Column("status", TEXT, "operational or non_operational", lambda r: r.member and r.member.status),
    Column("network_id", TEXT, "engine id", lambda r: r.network.id),
    Column("cluster_id", TEXT, "engine id of the cluster", lambda r: r.member and r.member.cluster_id),
    Column("data_center_id", TEXT, "engine id of the data center", lambda r: r.network.data_center_id),
)  # fmt: skip


def _status(row: StorageRow) -> str | None:
    data_center_id = row.data_center.id if row.data_center else None
    return row.inventory.storage_status(data_center_id, row.domain.id) or row.domain.status


def _disks(row: StorageRow) -> int:
    return sum(row.domain.id in disk.storage_domain_ids for disk in row.inventory.disks)


STORAGE_COLUMNS: Final[tuple[Column[StorageRow], ...]] = (
    Column("storage_domain", TEXT, "name", lambda r: r.domain.name),
    Column("data_center", TEXT, "data center that it is attached to",
           lambda r: r.data_center and r.data_center.name),
    Column("status", TEXT, "status in that data center: active, maintenance, …", _status),
    Column("type", TEXT, "data, iso, export, …", lambda r: r.domain.type),
    Column("storage_type", TEXT, "nfs, iscsi, fcp, …", lambda r: r.domain.storage_type),
    Column("address", TEXT, "file server", lambda r: r.domain.address),
    Column("path", TEXT, "path on it", lambda r: r.domain.path),
    Column("available_bytes", INTEGER, "free, in steps of a GiB", lambda r: r.domain.available_bytes),
    Column("used_bytes", INTEGER, "used", lambda r: r.domain.used_bytes),
    Column("committed_bytes", INTEGER, "promised to disks", lambda r: r.domain.committed_bytes),
    Column("warning_low_space_percent", INTEGER, "free space that is worth a warning",
           lambda r: r.domain.warning_low_space_percent),
    Column("is_master", BOOLEAN, "whether it is the master of its data center", lambda r: r.domain.master),
    Column("disks", INTEGER, "disks on it", _disks),
    Column("storage_domain_id", TEXT, "engine id", lambda r: r.domain.id),
    Column("data_center_id", TEXT, "engine id of the data center",
           lambda r: r.data_center and r.data_center.id),
)  # fmt: skip
