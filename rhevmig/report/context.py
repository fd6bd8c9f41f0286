"""What a report is made from, and the lookups that its sections share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from rhevmig.checks import Findings, Severity
from rhevmig.checks.storage_networks import StorageNetworks, storage_networks
from rhevmig.inventory import (
    Cluster,
    DataCenter,
    Host,
    Inventory,
    MigrationPath,
    Network,
    StorageDomain,
    Vm,
    migration_path,
)
from rhevmig.inventory.collections import COLLECTIONS
from rhevmig.migration import Campaign
from rhevmig.policy import Policy
from rhevmig.report.tables.cells import natural
from rhevmig.scheduling import Scheduler, VmSummary, scheduler_of

STORAGE = "storage"


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


class RunningVm(NamedTuple):
    """A running VM and whether it can be migrated."""

    vm: Vm
    summary: VmSummary


class ReportContext(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The input of a report."""

    inventory: Inventory
    #: None where the checks were not run.
    findings: Findings | None = None
    campaign: Campaign | None = None
    #: The policy by which it was judged.
    policy: Policy = Policy()
    #: Lowest severity that affects the verdict.
    gate: Severity = Severity.HIGH
    title: str | None = None
    #: None leaves it out.
    made_at: datetime | None = None

    # ── in the order of the report ───────────────────────────────────────────────────────────────

    @cached_property
    def data_centers(self) -> tuple[DataCenter, ...]:
        """Data centers by name."""
        return by_name(self.inventory.data_centers)

    @cached_property
    def clusters(self) -> tuple[Cluster, ...]:
        """Clusters by data center and name."""
        return tuple(
            sorted(
                by_name(self.inventory.clusters),
                key=lambda c: natural(self.data_center_name(c.data_center_id)),
            )
        )

    @cached_property
    def hosts(self) -> tuple[Host, ...]:
        """Hosts by cluster and name."""
        return tuple(sorted(by_name(self.inventory.hosts), key=lambda h: self._rank(h.cluster_id)))

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
        return tuple(sorted(by_name(self.inventory.vms), key=lambda v: self._rank(v.cluster_id)))

    def hosts_of(self, cluster: Cluster) -> tuple[Host, ...]:
        """Hosts of a cluster by name."""
        return by_name(self.inventory.hosts_of(cluster))

    def _rank(self, cluster_id: str) -> int:
        return self._ranks.get(cluster_id, len(self._ranks))

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {cluster.id: number for number, cluster in enumerate(self.clusters)}

    # ── names ────────────────────────────────────────────────────────────────────────────────────

    def data_center_name(self, data_center_id: str | None) -> str:
        """Name of a data center; a dash where there is none."""
        found = self.inventory.find_data_center(data_center_id)
        return found.name if found else "–"

    def cluster_name(self, cluster_id: str | None) -> str:
        """Name of a cluster; a dash where there is none."""
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

    # ── derived ──────────────────────────────────────────────────────────────────────────────────

    def roles(self, cluster_id: str, network_id: str | None) -> tuple[str, ...]:
        """Roles of a network in a cluster in alphabetical order, storage included where it is known."""
        usages = self._usages.get((cluster_id, network_id or ""), ())
        is_storage = network_id is not None and network_id in self._storage_network_ids
        return tuple(sorted((*usages, STORAGE) if is_storage else usages))

    @cached_property
    def storage_networks(self) -> dict[str, StorageNetworks]:
        """What is known of the networks that carry storage, by data center id."""
        return {
            data_center.id: storage_networks(self.inventory, self.policy, data_center)
            for data_center in self.inventory.data_centers
        }

    @cached_property
    def scheduler(self) -> Scheduler:
        """The scheduler of the inventory."""
        return scheduler_of(self.inventory)

    @cached_property
    def running_vms(self) -> tuple[RunningVm, ...]:
        """Running VMs and whether each can be migrated, in the order of `vms`."""
        return tuple(RunningVm(vm, self.scheduler.summarize(vm)) for vm in self.vms if vm.is_running)

    @cached_property
    def paths(self) -> dict[str, MigrationPath]:
        """The path of migrations by host id."""
        return {host.id: migration_path(self.inventory, host) for host in self.inventory.hosts}

    @cached_property
    def networks_in_use(self) -> frozenset[tuple[str, str]]:
        """Cluster id and network id of the networks that running VMs are plugged into."""
        return frozenset(
            (vm.cluster_id, profile.network_id)
            for vm in self.inventory.vms
            if vm.is_running
            for nic in vm.nics or ()
            if nic.plugged is not False
            and (profile := self.inventory.find_vnic_profile(nic.vnic_profile_id)) is not None
            and profile.network_id is not None
        )

    def pointer(self, object_id: str) -> str:
        """JSON pointer to an object in the snapshot; empty where it has none."""
        return self._pointers.get(object_id, "")

    @cached_property
    def _pointers(self) -> dict[str, str]:
        return {
            item.id: f"/inventory/{name}/{place}"
            for name in COLLECTIONS
            for place, item in enumerate(getattr(self.inventory, name))
            if hasattr(item, "id")
        }

    @cached_property
    def _usages(self) -> dict[tuple[str, str], tuple[str, ...]]:
        return {(m.cluster_id, m.network_id): m.usages for m in self.inventory.cluster_networks}

    @cached_property
    def _storage_network_ids(self) -> frozenset[str]:
        return frozenset(n.id for known in self.storage_networks.values() for n in known.networks)


def by_name(items: Iterable[N]) -> tuple[N, ...]:
    """In natural order of names, then by id, so that equal inventories give equal reports."""
    return tuple(sorted(items, key=lambda item: (natural(item.name), item.id)))
