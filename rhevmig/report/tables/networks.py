"""Columns of networks in clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from rhevmig.inventory import Cluster, ClusterNetwork, DataCenter, Inventory, Network
from rhevmig.report.tables.table_column import BOOLEAN, ID, NUMBER, STATUS, TEXT, TableColumn
from rhevmig.terms import NetworkRole


class NetworkRow(NamedTuple):
    """A network in a cluster, or (without a cluster) in its data center only."""

    inventory: Inventory
    network: Network
    data_center: DataCenter | None
    cluster: Cluster | None
    member: ClusterNetwork | None

    def has(self, role: str) -> bool | None:
        """Whether it has a role in the cluster; None without a cluster."""
        return None if self.member is None else role in self.member.usages


def network_rows(inventory: Inventory) -> Iterator[NetworkRow]:
    """One row per network and cluster; one without a cluster for a network that no cluster has."""
    members: dict[str, list[ClusterNetwork]] = {}
    for member in inventory.cluster_networks:
        members.setdefault(member.network_id, []).append(member)
    for network in inventory.networks:
        data_center = inventory.find_data_center(network.data_center_id)
        for found in members.get(network.id, ()):
            cluster = inventory.find_cluster(found.cluster_id)
            yield NetworkRow(inventory, network, data_center, cluster, found)
        if network.id not in members:
            yield NetworkRow(inventory, network, data_center, None, None)


NETWORKS: Final[tuple[TableColumn[NetworkRow], ...]] = (
    TableColumn("network", TEXT, lambda r: r.network.name, "Network", "name"),
    TableColumn("data_center", TEXT, lambda r: r.data_center and r.data_center.name, "Data center",
                "name of its data center"),
    TableColumn("cluster", TEXT, lambda r: r.cluster and r.cluster.name, "Cluster",
                "cluster that uses it; missing where none does"),
    TableColumn("vlan_id", NUMBER, lambda r: r.network.vlan_id, "VLAN", "VLAN tag; missing means untagged"),
    TableColumn("mtu", NUMBER, lambda r: r.inventory.mtu_of(r.network), "MTU", "MTU in bytes as set"),
    TableColumn("required", BOOLEAN, lambda r: r.member and r.member.required, "Required",
                "whether a host without it becomes non-operational"),
    TableColumn("is_management", BOOLEAN, lambda r: r.has(NetworkRole.MANAGEMENT), "Management",
                "role in that cluster"),
    TableColumn("is_migration", BOOLEAN, lambda r: r.has(NetworkRole.MIGRATION), "Migration",
                "role in that cluster"),
    TableColumn("is_display", BOOLEAN, lambda r: r.has(NetworkRole.DISPLAY), "Display",
                "role in that cluster"),
    TableColumn("is_vm", BOOLEAN, lambda r: r.has(NetworkRole.VM), "VMs", "role in that cluster"),
    TableColumn("is_default_route", BOOLEAN, lambda r: r.has(NetworkRole.DEFAULT_ROUTE), "Default route",
                "role in that cluster"),
    TableColumn("status", STATUS, lambda r: r.member and r.member.status, "Status",
                "operational or non_operational"),
    TableColumn("network_id", ID, lambda r: r.network.id, "Id", "engine id"),
    TableColumn("cluster_id", ID, lambda r: r.member and r.member.cluster_id, "Cluster id",
                "engine id of the cluster"),
    TableColumn("data_center_id", ID, lambda r: r.network.data_center_id, "Data center id",
                "engine id of the data center"),
)  # fmt: skip
