"""Facts of a cluster that its filters compare with."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from rhevmig.inventory import Cluster, Inventory
from rhevmig.inventory.models.vm import HOSTED_ENGINE_ORIGINS
from rhevmig.scheduling.cpu_types import CpuTypes
from rhevmig.terms import FilterName, NetworkRole

#: Not a filter of the engine: only hosts that are up reach its filters.
HOST_STATUS = "Host status"


class ClusterContext(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster with what belongs to its level, its networks and its data center."""

    cluster: Cluster
    #: CPU types of a compatibility level.
    cpu_types_at: Callable[[str | None], CpuTypes]
    #: Names of the filters in its scheduling policy; None where they were not read.
    policy_filters: frozenset[str] | None
    #: Properties of its scheduling policy, those of the cluster included.
    properties: dict[str, str]
    #: Whether the self-hosted engine runs in it.
    has_hosted_engine: bool
    display_network_id: str | None
    #: Whether the roles of its networks were read.
    roles_seen: bool
    #: Names of networks by id.
    network_names: dict[str, str]
    #: Networks of an external provider, which the filter Network ignores.
    external_network_ids: frozenset[str]
    #: Status of the storage domains in its data center by id.
    storage_status: dict[str, str | None]

    def is_active(self, name: str) -> bool:
        """Whether the engine applies a filter: mandatory, in the scheduling policy, or of an unread policy.

        Engine: InternalPolicyUnits.getMandatoryUnits.
        """
        return self.policy_filters is None or name in MANDATORY or name in self.policy_filters

    def property_number(self, name: str, default: int) -> int:
        """A number among the properties."""
        text = self.properties.get(name, "")
        return int(text) if text.isdigit() else default


#: Filters that apply under every scheduling policy.
MANDATORY = frozenset(
    {
        HOST_STATUS,
        FilterName.COMPATIBILITY_VERSION,
        FilterName.CPU_LEVEL,
        FilterName.CPU_TOPOLOGY,
        FilterName.CPU_PINNING,
        FilterName.HOST_DEVICE,
        FilterName.MDEVICE,
        FilterName.PIN_TO_HOST,
        FilterName.VM_LEASES_READY,
    }
)


def cluster_context(
    inventory: Inventory, cluster: Cluster, cpu_types_at: Callable[[str | None], CpuTypes]
) -> ClusterContext:
    """Collects the facts of one cluster."""
    policy = next((p for p in inventory.scheduling_policies if p.id == cluster.scheduling_policy_id), None)
    display = inventory.network_by_role(cluster, NetworkRole.DISPLAY)
    return ClusterContext(
        cluster=cluster,
        cpu_types_at=cpu_types_at,
        policy_filters=None if policy is None or policy.filters is None else frozenset(policy.filters),
        properties={**(policy.properties if policy else {}), **cluster.scheduling_properties},
        has_hosted_engine=any(vm.origin in HOSTED_ENGINE_ORIGINS for vm in inventory.vms_of(cluster)),
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
