"""The inventory: everything that was read of one engine at one instant, and its lookups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec

from rhevmig.errors import AmbiguousName, NotFound
from rhevmig.inventory.collections import COLLECTIONS
from rhevmig.inventory.files import FileKind, json_schema_of, load_file, save_file
from rhevmig.inventory.models.affinity import AffinityGroup, AffinityLabel
from rhevmig.inventory.models.cluster import Cluster
from rhevmig.inventory.models.data_center import (
    ClusterLevel,
    DataCenter,
    MigrationPolicy,
    SchedulingPolicy,
)
from rhevmig.inventory.models.engine import Engine, Event, Instant, Unobserved
from rhevmig.inventory.models.host import Host
from rhevmig.inventory.models.network import ClusterNetwork, Network, VnicProfile
from rhevmig.inventory.models.storage import (
    Disk,
    StorageConnection,
    StorageDomain,
    StorageDomainAttachment,
)
from rhevmig.inventory.models.vm import Vm

SNAPSHOT: Final = FileKind(
    noun="snapshot",
    format="rhevmig-inventory",
    schema_version=1,
    body="inventory",
    remedy="Take a new one with `rhevmig snapshot`.",
)
#: The engine's default MTU, in bytes, where the option `DefaultMTU` could not be read.
ENGINE_DEFAULT_MTU = 1500


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)
T = TypeVar("T")


class Inventory(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One engine at one instant: frozen, references by id, indexes built once.

    `None` anywhere means *not observed*, never zero or false; `unobserved` names the reason.
    """

    engine: Engine
    instant: Instant
    data_centers: tuple[DataCenter, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    cluster_levels: tuple[ClusterLevel, ...] = ()
    hosts: tuple[Host, ...] = ()
    networks: tuple[Network, ...] = ()
    #: Networks in clusters, with their roles.
    cluster_networks: tuple[ClusterNetwork, ...] = ()
    vnic_profiles: tuple[VnicProfile, ...] = ()
    storage_domains: tuple[StorageDomain, ...] = ()
    #: Storage domains in data centers, with their status.
    storage_attachments: tuple[StorageDomainAttachment, ...] = ()
    storage_connections: tuple[StorageConnection, ...] = ()
    disks: tuple[Disk, ...] = ()
    vms: tuple[Vm, ...] = ()
    affinity_groups: tuple[AffinityGroup, ...] = ()
    affinity_labels: tuple[AffinityLabel, ...] = ()
    #: Empty where the option could not be read.
    migration_policies: tuple[MigrationPolicy, ...] = ()
    scheduling_policies: tuple[SchedulingPolicy, ...] = ()
    #: Events of migrations, hosts and clocks, newest first.
    events: tuple[Event, ...] = ()
    #: Hosts that the engine's scheduler would accept, by VM id (only with `detail={"targets"}`).
    migration_targets: dict[str, tuple[str, ...]] = {}
    #: Option `DefaultMTU`, in bytes; None where it could not be read.
    default_mtu: int | None = None
    #: What could not be read, and why.
    unobserved: tuple[Unobserved, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the inventory as JSON; `rhevmig.load` reads it back equal.

        Raises: OutputFailed; an older file at the path is then unchanged.
        """
        return save_file(Path(path), SNAPSHOT, self)

    # ── by id ────────────────────────────────────────────────────────────────────────────────────

    def data_center(self, key: str) -> DataCenter:
        """The data center of this id or name; raises `NotFound`."""
        return self._get("data_centers", self.data_centers, key)

    def cluster(self, key: str) -> Cluster:
        """The cluster of this id or name; raises `NotFound`."""
        return self._get("clusters", self.clusters, key)

    def host(self, key: str) -> Host:
        """The host of this id or name; raises `NotFound`."""
        return self._get("hosts", self.hosts, key)

    def vm(self, key: str) -> Vm:
        """The VM of this id or name; raises `NotFound`, or `AmbiguousName` when data centers share it."""
        return self._get("vms", self.vms, key)

    def network(self, key: str) -> Network:
        """The network of this id or name; raises `NotFound`, `AmbiguousName` when data centers share it."""
        return self._get("networks", self.networks, key)

    def storage_domain(self, key: str) -> StorageDomain:
        """The storage domain of this id or name; raises `NotFound`."""
        return self._get("storage_domains", self.storage_domains, key)

    def find_network(self, network_id: str | None) -> Network | None:
        """The network of this id, if it was read."""
        return self._index(self.networks).get(network_id or "")

    def find_data_center(self, data_center_id: str | None) -> DataCenter | None:
        """The data center of this id, if it was read."""
        return self._index(self.data_centers).get(data_center_id or "")

    def find_cluster(self, cluster_id: str | None) -> Cluster | None:
        """The cluster of this id, if it was read."""
        return self._index(self.clusters).get(cluster_id or "")

    def find_host(self, host_id: str | None) -> Host | None:
        """The host of this id, if it was read."""
        return self._index(self.hosts).get(host_id or "")

    def find_vm(self, vm_id: str | None) -> Vm | None:
        """The VM of this id, if it was read."""
        return self._index(self.vms).get(vm_id or "")

    def find_disk(self, disk_id: str | None) -> Disk | None:
        """The disk of this id, if it was read."""
        return self._index(self.disks).get(disk_id or "")

    def find_storage_domain(self, storage_domain_id: str | None) -> StorageDomain | None:
        """The storage domain of this id, if it was read."""
        return self._index(self.storage_domains).get(storage_domain_id or "")

    def find_vnic_profile(self, vnic_profile_id: str | None) -> VnicProfile | None:
        """The profile of this id, if it was read."""
        return self._index(self.vnic_profiles).get(vnic_profile_id or "")

    # ── by relation ──────────────────────────────────────────────────────────────────────────────

    def hosts_of(self, cluster: Cluster) -> tuple[Host, ...]:
        """Hosts of a cluster, in the engine's order."""
        return self._hosts_by_cluster.get(cluster.id, ())

    def clusters_of(self, data_center: DataCenter) -> tuple[Cluster, ...]:
        """Clusters of a data center, in the engine's order."""
        return tuple(c for c in self.clusters if c.data_center_id == data_center.id)

    def vms_of(self, cluster: Cluster) -> tuple[Vm, ...]:
        """VMs of a cluster, running or not."""
        return self._vms_by_cluster.get(cluster.id, ())

    def vms_on(self, host: Host) -> tuple[Vm, ...]:
        """VMs that run on a host."""
        return self._vms_by_host.get(host.id, ())

    def networks_of(self, cluster: Cluster) -> tuple[ClusterNetwork, ...]:
        """Networks of a cluster with their roles there."""
        return self._networks_by_cluster.get(cluster.id, ())

    def network_by_role(self, cluster: Cluster, role: str) -> Network | None:
        """The network that has a role in a cluster; None where none has or networks were not read."""
        for member in self.networks_of(cluster):
            if role in member.usages:
                return self.find_network(member.network_id)
        return None

    def members_of(self, group: AffinityGroup) -> tuple[frozenset[str], frozenset[str]]:
        """Ids of all VMs and of all hosts of an affinity group, those by label included."""
        labels = {label.id: label for label in self.affinity_labels}
        vm_ids, host_ids = set(group.vm_ids), set(group.host_ids)
        for label_id in group.vm_label_ids:
            vm_ids.update(labels[label_id].vm_ids if label_id in labels else ())
        for label_id in group.host_label_ids:
            host_ids.update(labels[label_id].host_ids if label_id in labels else ())
        return frozenset(vm_ids), frozenset(host_ids)

    def storage_status(self, data_center_id: str | None, storage_domain_id: str) -> str | None:
        """Status of a storage domain in a data center; None where it was not read there."""
        return self._storage_status.get((data_center_id or "", storage_domain_id))

    def cluster_level(self, version: str | None) -> ClusterLevel | None:
        """The compatibility level, if it was read."""
        return next((level for level in self.cluster_levels if level.id == version), None)

    def migration_policy_of(self, cluster: Cluster) -> MigrationPolicy | None:
        """The migration policy of a cluster; None where none is set or the option could not be read."""
        policy_id = cluster.migration.policy_id if cluster.migration else None
        return next((policy for policy in self.migration_policies if policy.id == policy_id), None)

    def mtu_of(self, network: Network) -> int | None:
        """The MTU of a network in bytes: the engine's default where it is 0; None where it was not read."""
        if network.mtu is None:
            return None
        return network.mtu or self.default_mtu or ENGINE_DEFAULT_MTU

    def derived(self, make: Callable[[Inventory], T]) -> T:
        """The result of a function of this inventory, computed once and kept with it."""
        kept: T
        if make not in self._derived:
            self._derived[make] = make(self)
        kept = self._derived[make]
        return kept

    # ── indexes, built at first use ──────────────────────────────────────────────────────────────

    @cached_property
    def _derived(self) -> dict[Any, Any]:
        return {}

    def _get(self, collection: str, items: tuple[N, ...], key: str) -> N:
        found = self._index(items).get(key)
        if found is not None:
            return found
        kind = COLLECTIONS[collection].label
        named = [item for item in items if item.name == key]
        if len(named) > 1:
            raise AmbiguousName(kind=kind, name=key, ids=tuple(item.id for item in named))
        if not named:
            raise NotFound(kind=kind, key=key)
        return named[0]

    def _index(self, items: tuple[N, ...]) -> dict[str, N]:
        # a tuple lives as long as the inventory that holds it, so its identity is a safe key
        index: dict[str, N] | None = self._indexes.get(id(items))
        if index is None:
            index = self._indexes[id(items)] = {item.id: item for item in items}
        return index

    @cached_property
    def _indexes(self) -> dict[int, dict[str, Any]]:
        return {}

    @cached_property
    def _hosts_by_cluster(self) -> dict[str, tuple[Host, ...]]:
        return _group((host.cluster_id, host) for host in self.hosts)

    @cached_property
    def _vms_by_cluster(self) -> dict[str, tuple[Vm, ...]]:
        return _group((vm.cluster_id, vm) for vm in self.vms)

    @cached_property
    def _vms_by_host(self) -> dict[str, tuple[Vm, ...]]:
        return _group((vm.host_id, vm) for vm in self.vms if vm.host_id and vm.is_running)

    @cached_property
    def _networks_by_cluster(self) -> dict[str, tuple[ClusterNetwork, ...]]:
        return _group((member.cluster_id, member) for member in self.cluster_networks)

    @cached_property
    def _storage_status(self) -> dict[tuple[str, str], str | None]:
        return {(a.data_center_id, a.storage_domain_id): a.status for a in self.storage_attachments}


def _group(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    groups: dict[str, list[T]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}


def load(path: str | os.PathLike[str]) -> Inventory:
    """Reads an inventory that `Inventory.save` wrote.

    Raises: FileDamaged (cut, of another kind, or not readable, with the place), FileVersion (another schema).
    """
    return load_file(Path(path), SNAPSHOT, Inventory)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a snapshot file, for editors and other programs."""
    return json_schema_of(SNAPSHOT, Inventory)
