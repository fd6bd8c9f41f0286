"""The inventory: everything that was read of one engine at one instant, and how to look things up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from rhevmig._version import VERSION
from rhevmig.errors import AmbiguousName, NotFound
from rhevmig.inventory.extending import extension
from rhevmig.inventory.files import SCHEMA_VERSION, SNAPSHOT_FORMAT, write_aside
from rhevmig.inventory.models.cluster import (
    Cluster,
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
from rhevmig.inventory.models.vm import AffinityGroup, AffinityLabel, Vm

#: What the engine takes for a network whose MTU is 0, where `DefaultMTU` could not be read.
ENGINE_DEFAULT_MTU = 1500


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)
T = TypeVar("T")


class Inventory(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One engine at one instant: frozen, references by id, lookups built once.

    `None` anywhere means *not observed*, never zero or false; `unobserved` says why.
    """

    #: The engine.
    engine: Engine
    #: When, and whether it stood still.
    instant: Instant
    #: Data centers.
    data_centers: tuple[DataCenter, ...] = ()
    #: Clusters.
    clusters: tuple[Cluster, ...] = ()
    #: Compatibility levels and their CPU types.
    cluster_levels: tuple[ClusterLevel, ...] = ()
    #: Hosts.
    hosts: tuple[Host, ...] = ()
    #: Networks.
    networks: tuple[Network, ...] = ()
    #: Networks in clusters, with their roles.
    cluster_networks: tuple[ClusterNetwork, ...] = ()
    #: Profiles of VM NICs.
    vnic_profiles: tuple[VnicProfile, ...] = ()
    #: Storage domains.
    storage_domains: tuple[StorageDomain, ...] = ()
    #: Storage domains in data centers, with their status.
    storage_attachments: tuple[StorageDomainAttachment, ...] = ()
    #: Storage connections.
    storage_connections: tuple[StorageConnection, ...] = ()
    #: Disks.
    disks: tuple[Disk, ...] = ()
    #: VMs.
    vms: tuple[Vm, ...] = ()
    #: Affinity groups.
    affinity_groups: tuple[AffinityGroup, ...] = ()
    #: Affinity labels.
    affinity_labels: tuple[AffinityLabel, ...] = ()
    #: Migration policies; empty where the option could not be read.
    migration_policies: tuple[MigrationPolicy, ...] = ()
    #: Scheduling policies.
    scheduling_policies: tuple[SchedulingPolicy, ...] = ()
    #: Events of migrations, hosts and clocks, newest first.
    events: tuple[Event, ...] = ()
    #: Hosts that the engine itself would migrate a VM to, by VM id (only with `detail={"targets"}`).
    migration_targets: dict[str, tuple[str, ...]] = {}
    #: Option `DefaultMTU`; None where it could not be read.
    default_mtu: int | None = None
    #: What could not be seen, and why.
    unobserved: tuple[Unobserved, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the inventory as JSON; `rhevmig.load` reads it back equal.

        Raises: OutputFailed; an older file at the path is then untouched.
        """
        snapshot = {
            "format": SNAPSHOT_FORMAT,
            "schema_version": SCHEMA_VERSION,
            "written_by": f"rhevmig {VERSION}",
            "inventory": self,
        }
        return write_aside(Path(path), msgspec.json.encode(snapshot) + b"\n")

    def frames(self) -> Any:
        """Tidy DataFrames of clusters, hosts, VMs, NICs, networks, storage (`rhevmig.notebook.Frames`).

        Raises: ExtraMissing without the extra `notebook`.
        """
        return extension("frames", extra="notebook")(self)

    # ── by id ────────────────────────────────────────────────────────────────────────────────────

    def data_center(self, key: str) -> DataCenter:
        """The data center of this id or name; raises `NotFound`."""
        return _get("data center", self.data_centers, self._data_center_ids, key)

    def cluster(self, key: str) -> Cluster:
        """The cluster of this id or name; raises `NotFound`."""
        return _get("cluster", self.clusters, self._cluster_ids, key)

    def host(self, key: str) -> Host:
        """The host of this id or name; raises `NotFound`."""
        return _get("host", self.hosts, self._host_ids, key)

    def vm(self, key: str) -> Vm:
        """The VM of this id or name; raises `NotFound`, or `AmbiguousName` when data centers share it."""
        return _get("VM", self.vms, self._vm_ids, key)

    def network(self, key: str) -> Network:
        """The network of this id or name; raises `NotFound`, `AmbiguousName` when data centers share it."""
        return _get("network", self.networks, self._network_ids, key)

    def storage_domain(self, key: str) -> StorageDomain:
        """The storage domain of this id or name; raises `NotFound`."""
        return _get("storage domain", self.storage_domains, self._storage_domain_ids, key)

    def find_network(self, network_id: str | None) -> Network | None:
        """The network of this id, if it was seen."""
        return self._network_ids.get(network_id or "")

    def find_data_center(self, data_center_id: str | None) -> DataCenter | None:
        """The data center of this id, if it was seen."""
        return self._data_center_ids.get(data_center_id or "")

    def find_cluster(self, cluster_id: str | None) -> Cluster | None:
        """The cluster of this id, if it was seen."""
        return self._cluster_ids.get(cluster_id or "")

    def find_host(self, host_id: str | None) -> Host | None:
        """The host of this id, if it was seen."""
        return self._host_ids.get(host_id or "")

    def find_vm(self, vm_id: str | None) -> Vm | None:
        """The VM of this id, if it was seen."""
        return self._vm_ids.get(vm_id or "")

    def find_disk(self, disk_id: str | None) -> Disk | None:
        """The disk of this id, if it was seen."""
        return self._disk_ids.get(disk_id or "")

    def find_storage_domain(self, storage_domain_id: str | None) -> StorageDomain | None:
        """The storage domain of this id, if it was seen."""
        return self._storage_domain_ids.get(storage_domain_id or "")

    def find_vnic_profile(self, vnic_profile_id: str | None) -> VnicProfile | None:
        """The profile of this id, if it was seen."""
        return self._vnic_profile_ids.get(vnic_profile_id or "")

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

    def groups_of(self, vm: Vm) -> tuple[AffinityGroup, ...]:
        """Affinity groups of a VM's cluster that it belongs to, directly or by a label."""
        labels = {label.id for label in self.affinity_labels if vm.id in label.vm_ids}
        return tuple(
            group
            for group in self.affinity_groups
            if group.cluster_id == vm.cluster_id
            and (vm.id in group.vm_ids or labels.intersection(group.vm_label_ids))
        )

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
        """Status of a storage domain in a data center; None where it was not seen there."""
        return self._storage_status.get((data_center_id or "", storage_domain_id))

    def cluster_level(self, version: str | None) -> ClusterLevel | None:
        """The compatibility level, if it was seen."""
        return next((level for level in self.cluster_levels if level.id == version), None)

    def migration_policy_of(self, cluster: Cluster) -> MigrationPolicy | None:
        """The migration policy of a cluster; None where none is set or the option could not be read."""
        policy_id = cluster.migration.policy_id if cluster.migration else None
        return next((policy for policy in self.migration_policies if policy.id == policy_id), None)

    def mtu_of(self, network: Network) -> int | None:
        """The MTU that a network means: the engine's default where it says 0; None where it was not seen."""
        if network.mtu is None:
            return None
        return network.mtu or self.default_mtu or ENGINE_DEFAULT_MTU

    def derived(self, make: Callable[[Inventory], T]) -> T:
        """What a function makes of this inventory, made once and kept with it."""
        kept: T
        if make not in self._derived:
            self._derived[make] = make(self)
        kept = self._derived[make]
        return kept

    # ── indexes, built at first use ──────────────────────────────────────────────────────────────

    @cached_property
    def _derived(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _data_center_ids(self) -> dict[str, DataCenter]:
        return {item.id: item for item in self.data_centers}

    @cached_property
    def _cluster_ids(self) -> dict[str, Cluster]:
        return {item.id: item for item in self.clusters}

    @cached_property
    def _host_ids(self) -> dict[str, Host]:
        return {item.id: item for item in self.hosts}

    @cached_property
    def _vm_ids(self) -> dict[str, Vm]:
        return {item.id: item for item in self.vms}

    @cached_property
    def _network_ids(self) -> dict[str, Network]:
        return {item.id: item for item in self.networks}

    @cached_property
    def _disk_ids(self) -> dict[str, Disk]:
        return {item.id: item for item in self.disks}

    @cached_property
    def _storage_domain_ids(self) -> dict[str, StorageDomain]:
        return {item.id: item for item in self.storage_domains}

    @cached_property
    def _vnic_profile_ids(self) -> dict[str, VnicProfile]:
        return {item.id: item for item in self.vnic_profiles}

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


def _get(kind: str, items: tuple[N, ...], by_id: Mapping[str, N], key: str) -> N:
    if key in by_id:
        return by_id[key]
    named = [item for item in items if item.name == key]
    if len(named) > 1:
        raise AmbiguousName(kind=kind, name=key, ids=tuple(item.id for item in named))
    if not named:
        raise NotFound(kind=kind, key=key)
    return named[0]


def _group(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    groups: dict[str, list[T]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}
