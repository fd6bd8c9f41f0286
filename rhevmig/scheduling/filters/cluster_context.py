"""Facts of a cluster that its filters compare with."""

from __future__ import annotations

import msgspec

from rhevmig.inventory import Cluster, Inventory
from rhevmig.scheduling.cpu_types import CpuTypes
from rhevmig.terms import NetworkRole


class ClusterContext(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with what belongs to its level, its networks and its data center."""

    cluster: Cluster
    #: CPU types of its compatibility level.
    cpu_types: CpuTypes
    display_network_id: str | None
    #: Whether the roles of its networks were read.
    roles_seen: bool
    #: Names of networks by id.
    network_names: dict[str, str]
    #: Networks of an external provider, which the filter Network ignores.
    external_network_ids: frozenset[str]
    #: Status of the storage domains in its data center by id.
    storage_status: dict[str, str | None]


def cluster_context(inventory: Inventory, cluster: Cluster, cpu_types: CpuTypes) -> ClusterContext:
    """Collects the facts of one cluster."""
    display = inventory.network_by_role(cluster, NetworkRole.DISPLAY)
    return ClusterContext(
        cluster=cluster,
        cpu_types=cpu_types,
        display_network_id=display.id if display else None,
        roles_seen=inventory.network_by_role(cluster, NetworkRole.MANAGEMENT) is not None,
        network_names={network.id: network.name for network in inventory.networks},
        external_network_ids=frozenset(n.id for n in inventory.networks if n.external_provider_id),
        storage_status={
            a.storage_domain_id: a.status
            for a in inventory.storage_attachments
            if a.data_center_id == cluster.data_center_id
        },
    )
