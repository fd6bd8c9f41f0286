"""What a report is made from, and the lookups that all its sections share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

import msgspec

from rhevmig.checks import Findings, Severity
from rhevmig.inventory import Cluster, DataCenter, Host, HostNic, Inventory, Network, StorageDomain, Vm
from rhevmig.inventory.collections import COLLECTIONS
from rhevmig.migration import Campaign
from rhevmig.policy import Policy
from rhevmig.report.sections.vm_migratability import VmAnswer, answer_of
from rhevmig.report.tables import natural
from rhevmig.scheduling import explain
from rhevmig.scheduling.cpu_types import CpuTypes


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class Material(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The input of a report."""

    #: The inventory.
    inventory: Inventory
    #: What the checks say about it; None where they were not run.
    findings: Findings | None = None
    #: Migrations done, if any.
    campaign: Campaign | None = None
    #: The policy by which it was judged.
    policy: Policy = Policy()
    #: Severity from which findings decide the verdict.
    gate: Severity = Severity.HIGH
    #: Title.
    title: str | None = None
    #: When the report was made; None leaves it out.
    made_at: datetime | None = None

    # ── in the order that people look for ────────────────────────────────────────────────────────

    @cached_property
    def data_centers(self) -> tuple[DataCenter, ...]:
        """Data centers by name."""
        return by_name(self.inventory.data_centers)

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """Clusters by data center and name."""
        return tuple(sorted(by_name(self.inventory.clusters), key=lambda c: natural(self.data_center_of(c))))

    @cached_property
    def hosts(self) -> tuple[Host, ...]:
        """Hosts by cluster and name."""
        rank = {cluster.id: number for number, cluster in enumerate(self.clusters)}
        return tuple(sorted(by_name(self.inventory.hosts), key=lambda h: rank.get(h.cluster_id, len(rank))))

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """Networks by data center and name."""
        return tuple(
            sorted(
                by_name(self.inventory.networks),
                key=lambda n: natural(self.data_center_name(n.data_center_id)),
            )
        )

    @cached_property
    def storage_domains(self) -> tuple[StorageDomain, ...]:
        """Storage domains by name."""
        return by_name(self.inventory.storage_domains)

    @cached_property
    def vms(self) -> tuple[Vm, ...]:
        """VMs by cluster and name."""
        rank = {cluster.id: number for number, cluster in enumerate(self.clusters)}
        return tuple(sorted(by_name(self.inventory.vms), key=lambda v: rank.get(v.cluster_id, len(rank))))

    def hosts_of(self, cluster: Cluster) -> tuple[Host, ...]:
        """Hosts of a cluster by name."""
        return by_name(self.inventory.hosts_of(cluster))

    # ── names ────────────────────────────────────────────────────────────────────────────────────

    def data_center_name(self, data_center_id: str | None) -> str:
        """Name of a data center; a dash where it was not seen."""
        found = self.inventory.find_data_center(data_center_id)
        return found.name if found else "–"

    def data_center_of(self, cluster: Cluster) -> str:
        """Name of a cluster's data center."""
        return self.data_center_name(cluster.data_center_id)

    def cluster_name(self, cluster_id: str | None) -> str:
        """Name of a cluster; a dash where it was not seen."""
        found = self.inventory.find_cluster(cluster_id)
        return found.name if found else "–"

    def host_name(self, host_id: str | None) -> str | None:
        """Name of a host, its id where it was not seen, None where there is none."""
        found = self.inventory.find_host(host_id)
        return found.name if found else host_id

    def vm_name(self, vm_id: str | None) -> str | None:
        """Name of a VM, its id where it was not seen, None where there is none."""
        found = self.inventory.find_vm(vm_id)
        return found.name if found else vm_id

    def network_name(self, network_id: str | None) -> str:
        """Name of a network, its id where it was not seen."""
        found = self.inventory.find_network(network_id)
        return found.name if found else network_id or "–"

    def roles(self, cluster_id: str, network_id: str | None) -> tuple[str, ...]:
        """Roles that a network has in a cluster, storage by the policy's declaration included."""
        usages = self._usages.get((cluster_id, network_id or ""), ())
        network = self.inventory.find_network(network_id)
        declared = self.policy.roles.storage
        if network and (network.name in declared or network.id in declared):
            usages = (*usages, "storage (declared)")
        return usages

    def network_of(self, nic: HostNic) -> str | None:
        """Name of the network on a device, if any."""
        if nic.network_id is None:
            return nic.network_name
        return self.network_name(nic.network_id)

    # ── derived ──────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def vm_answers(self) -> tuple[VmAnswer, ...]:
        """Where each running VM may go, in the order of `vms`."""
        return tuple(answer_of(explain(self.inventory, vm)) for vm in self.vms if vm.is_running)

    def cpu_types(self, cluster: Cluster | None) -> CpuTypes:
        """The CPU types of a cluster's level, and what follows from their flags."""
        version = cluster.version if cluster else None
        if version not in self._cpu_types:
            self._cpu_types[version] = CpuTypes(self.inventory.cluster_level(version))
        return self._cpu_types[version]

    @cached_property
    def networks_in_use(self) -> frozenset[tuple[str, str]]:
        """Clusters and networks that running VMs of the cluster are plugged into."""
        return frozenset(
            (vm.cluster_id, profile.network_id)
            for vm in self.inventory.vms
            if vm.is_running
            for nic in vm.nics or ()
            if nic.plugged is not False
            and (profile := self.inventory.find_vnic_profile(nic.vnic_profile_id)) is not None
            and profile.network_id is not None
        )

    def pointer(self, kind: str, object_id: str | None = None) -> str:
        """JSON pointer to a collection of the snapshot, or to one object in it."""
        if object_id is None:
            return f"/inventory/{kind}"
        return self._pointers.get(object_id, "")

    @cached_property
    def _pointers(self) -> dict[str, str]:
        return {
            item.id: f"/inventory/{name}/{place}"
            for name, row in COLLECTIONS.items()
            if row.model is not None and {"id", "name"} <= set(row.model.__struct_fields__)
            for place, item in enumerate(getattr(self.inventory, name))
        }

    @cached_property
    def _cpu_types(self) -> dict[str | None, CpuTypes]:
        return {}

    @cached_property
    def _usages(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {(m.cluster_id, m.network_id): m.usages for m in self.inventory.cluster_networks}


def by_name(items: Iterable[N]) -> tuple[N, ...]:
    """By name as people count, then by id, so that equal inventories give equal reports."""
    return tuple(sorted(items, key=lambda item: (natural(item.name), item.id)))
