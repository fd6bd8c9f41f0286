"""What findings are about, and why something could not be seen."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.checks.finding import Finding, Scope
from rhevmig.checks.registry import Check
from rhevmig.inventory import Cluster, DataCenter, Host, Inventory, Network, Vm

#: The smallest role that was seen to read all that checks need (recordings `roles-*`).
READ_ALL = "Read with an account that has ReadOnlyAdmin on the system."


def engine_scope(inventory: Inventory) -> Scope:
    """The engine itself."""
    engine = inventory.engine
    return Scope(kind="engine", id=engine.url, name=engine.name or engine.url)


def data_center_scope(data_center: DataCenter) -> Scope:
    """A data center."""
    return Scope(kind="data_center", id=data_center.id, name=data_center.name, data_center_id=data_center.id)


def cluster_scope(cluster: Cluster) -> Scope:
    """A cluster."""
    return Scope(
        kind="cluster",
        id=cluster.id,
        name=cluster.name,
        cluster_id=cluster.id,
        data_center_id=cluster.data_center_id,
    )


def host_scope(inventory: Inventory, host: Host) -> Scope:
    """A host."""
    cluster = inventory.find_cluster(host.cluster_id)
    return Scope(
        kind="host",
        id=host.id,
        name=host.name,
        cluster_id=host.cluster_id,
        data_center_id=cluster.data_center_id if cluster else None,
    )


def vm_scope(vm: Vm, cluster: Cluster | None) -> Scope:
    """A VM."""
    return Scope(
        kind="vm",
        id=vm.id,
        name=vm.name,
        cluster_id=vm.cluster_id,
        data_center_id=cluster.data_center_id if cluster else None,
    )


def network_scope(network: Network, cluster: Cluster) -> Scope:
    """A network as one cluster has it."""
    return Scope(
        kind="network",
        id=network.id,
        name=network.name,
        cluster_id=cluster.id,
        data_center_id=network.data_center_id,
    )


def help_for(inventory: Inventory, kind: str, *parts: str, id: str | None = None) -> str:
    """What would help to see it, as the reading noted it; else the role that sees everything."""
    for unseen in inventory.unobserved:
        if unseen.kind == kind and unseen.what in (*parts, "all") and unseen.id in (None, id):
            return f"{unseen.remedy} ({unseen.reason})" if unseen.remedy else unseen.reason
    return READ_ALL


def clusters_with_hosts(inventory: Inventory, check: Check) -> Iterator[Cluster | Finding]:
    """Clusters to judge; for one without hosts a finding that says so."""
    hosts_unseen = any(u.kind == "host" and u.what == "all" for u in inventory.unobserved)
    for cluster in inventory.clusters:
        if inventory.hosts_of(cluster):
            yield cluster
        elif hosts_unseen:
            yield check.unknown(
                cluster_scope(cluster),
                "the hosts of the cluster could not be read",
                missing="hosts",
                remedy=help_for(inventory, "host"),
            )
        else:
            yield check.not_applicable(cluster_scope(cluster), "the cluster has no hosts")
