"""The object of a finding, and what would help where a part of the engine could not be read."""

from __future__ import annotations

from rhevmig.checks.finding import Scope
from rhevmig.inventory import Cluster, DataCenter, Host, Inventory, Network, Vm
from rhevmig.scheduling import READ_ALL

_KINDS: dict[type, str] = {
    Cluster: "cluster",
    Host: "host",
    Vm: "vm",
    Network: "network",
}


def engine_scope(inventory: Inventory) -> Scope:
    """The engine itself."""
    engine = inventory.engine
    return Scope(kind="engine", id=engine.url, name=engine.name or engine.url)


def scope_of(inventory: Inventory, item: object, cluster: Cluster | None = None) -> Scope:
    """A data center, cluster, host, VM, or a network in one cluster, with the objects that contain it."""
    if isinstance(item, DataCenter):
        return Scope(kind="data_center", id=item.id, name=item.name, data_center_id=item.id)
    if isinstance(item, Host | Vm):
        cluster = inventory.find_cluster(item.cluster_id)
        cluster_id: str | None = item.cluster_id
    elif isinstance(item, Cluster):
        cluster, cluster_id = item, item.id
    elif isinstance(item, Network):
        cluster_id = cluster.id if cluster else None
    else:
        raise TypeError(f"no finding is about a {type(item).__name__}")
    data_center_id = cluster.data_center_id if cluster else None
    return Scope(
        kind=_KINDS[type(item)],
        id=item.id,
        name=item.name,
        cluster_id=cluster_id,
        data_center_id=item.data_center_id if isinstance(item, Network) else data_center_id,
    )


def help_for(inventory: Inventory, kind: str, *parts: str, id: str | None = None) -> str:
    """What would make a part readable, as recorded while reading; else the role that reads everything."""
    for unseen in inventory.unobserved:
        if unseen.kind == kind and unseen.what in (*parts, "all") and unseen.id in (None, id):
            return f"{unseen.remedy} ({unseen.reason})" if unseen.remedy else unseen.reason
    return READ_ALL
