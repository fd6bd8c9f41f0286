"""The collections of an inventory: one row each, read by the engine room, the lookups and the report.

A collection that the API lists is read with `GET /{path}?follow=…`. One that only exists inside another (the
networks of a cluster with their roles) names that collection as its parent.
"""

from __future__ import annotations

import msgspec

from rhevmig.inventory.models.affinity import AffinityGroup, AffinityLabel
from rhevmig.inventory.models.cluster import Cluster
from rhevmig.inventory.models.data_center import ClusterLevel, DataCenter, SchedulingPolicy
from rhevmig.inventory.models.engine import Unobserved
from rhevmig.inventory.models.host import Host
from rhevmig.inventory.models.network import ClusterNetwork, Network, VnicProfile
from rhevmig.inventory.models.storage import (
    Disk,
    StorageConnection,
    StorageDomain,
    StorageDomainAttachment,
)
from rhevmig.inventory.models.vm import Vm


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of one kind, as the API lists them and as the inventory holds them."""

    #: Field of `Inventory`; in the API the outermost element of the list.
    name: str
    #: One object, as links and `Unobserved.kind` name it.
    kind: str
    #: One object, as texts name it.
    label: str
    model: type[msgspec.Struct] | None
    #: Relations to follow, as elements name them, e.g. `disk_attachments`.
    follow: tuple[str, ...] = ()
    #: Whether its objects may carry tags.
    tagged: bool = False
    #: Collection whose objects contain these, by the relation `relation`.
    parent: str | None = None
    relation: str | None = None

    @property
    def path(self) -> str:
        """Path below the API, e.g. `datacenters`."""
        return link_name(self.name)

    def following(self, *relations: str) -> Collection:
        """The same collection with these relations followed and no others."""
        return msgspec.structs.replace(self, follow=relations)


def link_name(relation: str) -> str:
    """A relation as links and the parameter `follow` spell it.

    >>> link_name("disk_attachments")
    'diskattachments'
    """
    return relation.replace("_", "")


def _row(name: str, kind: str, model: type[msgspec.Struct], *follow: str, **more: object) -> Collection:
    label = {"vm": "VM", "vnic_profile": "vNIC profile"}.get(kind, kind.replace("_", " "))
    row = Collection(name=name, kind=kind, label=label, model=model, follow=follow)
    return msgspec.structs.replace(row, **more)


#: All collections by name, the largest first, so that the small ones are read while these are.
COLLECTIONS: dict[str, Collection] = {
    row.name: row
    for row in (
        _row("vms", "vm", Vm, "nics", "disk_attachments", "host_devices", tagged=True),
        _row("hosts", "host", Host, "nics", "network_attachments", "unmanaged_networks", tagged=True),
        _row("disks", "disk", Disk),
        _row("clusters", "cluster", Cluster, "networks", "affinity_groups"),
        _row("data_centers", "data_center", DataCenter, "storage_domains", "iscsi_bonds"),
        _row("storage_domains", "storage_domain", StorageDomain, "storage_connections"),
        _row("scheduling_policies", "scheduling_policy", SchedulingPolicy, "filters"),
        _row("affinity_labels", "affinity_label", AffinityLabel, "hosts", "vms"),
        _row("networks", "network", Network),
        _row("vnic_profiles", "vnic_profile", VnicProfile),
        _row("storage_connections", "storage_connection", StorageConnection),
        _row("cluster_levels", "cluster_level", ClusterLevel),
        _row("cluster_networks", "network", ClusterNetwork, parent="clusters", relation="networks"),
        _row(
            "affinity_groups", "affinity_group", AffinityGroup, parent="clusters", relation="affinity_groups"
        ),
        _row(
            "storage_attachments",
            "storage_domain",
            StorageDomainAttachment,
            parent="data_centers",
            relation="storage_domains",
        ),
    )
}


def subject_of(missing: Unobserved) -> str:
    """What could not be read, in words.

    >>> subject_of(Unobserved(kind="cluster_level", what="all", reason=""))
    'cluster levels (all)'
    >>> subject_of(Unobserved(kind="vm", id="7c1f", what="host", reason=""))
    'VM 7c1f (host)'
    """
    if missing.kind == "option":
        return f"option {missing.what}"
    label = next((row.label for row in COLLECTIONS.values() if row.kind == missing.kind), None)
    label = label or missing.kind.replace("_", " ")
    plural = f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
    of = f"{label} {missing.id}" if missing.id else plural
    return f"{of} ({missing.what.replace('_', ' ')})"


def children_of(name: str) -> tuple[Collection, ...]:
    """The collections that the objects of this one contain."""
    return tuple(row for row in COLLECTIONS.values() if row.parent == name)
