"""One object per row of a frame: an entity of the inventory with what stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rhevmig.inventory import (
    Cluster,
    ClusterNetwork,
    DataCenter,
    Host,
    HostNic,
    Inventory,
    Network,
    StorageDomain,
    Vm,
    VmNic,
)
from rhevmig.terms import NetworkRole


class ClusterRow(NamedTuple):
    """A cluster, its data center, its hosts and VMs."""

    inventory: Inventory
    cluster: Cluster
    data_center: DataCenter | None
    hosts: tuple[Host, ...]
    ready: tuple[Host, ...]
    vms: tuple[Vm, ...]
    running: tuple[Vm, ...]


class HostRow(NamedTuple):
    """A host, where it belongs, what runs on it."""

    inventory: Inventory
    host: Host
    cluster: Cluster | None
    data_center: DataCenter | None
    running: tuple[Vm, ...]

    @property
    def migration_nic(self) -> HostNic | None:
        """The device of the network that has the role migration."""
        network = (
            self.inventory.network_by_role(self.cluster, NetworkRole.MIGRATION) if self.cluster else None
        )
        return self.host.nic_of_network(network.id) if network else None


class VmRow(NamedTuple):
    """A VM, where it belongs and runs."""

    inventory: Inventory
    vm: Vm
    cluster: Cluster | None
    data_center: DataCenter | None
    host: Host | None


class NicRow(NamedTuple):
    """A network device of a host."""

    inventory: Inventory
    host: Host
    nic: HostNic
    cluster: Cluster | None

    @property
    def network(self) -> Network | None:
        """The network on it, if the inventory has it."""
        return self.inventory.find_network(self.nic.network_id)

    @property
    def roles(self) -> str | None:
        """Roles of the network in the host's cluster, in alphabetical order."""
        for member in self.inventory.networks_of(self.cluster) if self.cluster else ():
            if member.network_id == self.nic.network_id:
                return " ".join(sorted(member.usages))
        return None


class VmNicRow(NamedTuple):
    """A network card of a VM."""

    inventory: Inventory
    vm: Vm
    nic: VmNic
    cluster: Cluster | None

    @property
    def network(self) -> Network | None:
        """The network that its profile leads to."""
        profile = self.inventory.find_vnic_profile(self.nic.vnic_profile_id)
        return self.inventory.find_network(profile.network_id) if profile else None


class NetworkRow(NamedTuple):
    """A network in a cluster, or (without a cluster) in its data center only."""

    inventory: Inventory
    network: Network
    data_center: DataCenter | None
    cluster: Cluster | None
    member: ClusterNetwork | None


class StorageRow(NamedTuple):
    """A storage domain in a data center, or (without one) detached."""

    inventory: Inventory
    domain: StorageDomain
    data_center: DataCenter | None


def total(values: Iterator[int | None]) -> int | None:
    """A sum; missing as soon as one part of it is missing.

    >>> total(iter([1, 2])), total(iter([1, None]))
    (3, None)
    """
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def cluster_rows(inventory: Inventory) -> Iterator[ClusterRow]:
    """A row a cluster."""
    for cluster in inventory.clusters:
        hosts, vms = inventory.hosts_of(cluster), inventory.vms_of(cluster)
        yield ClusterRow(
            inventory=inventory,
            cluster=cluster,
            data_center=inventory.find_data_center(cluster.data_center_id),
            hosts=hosts,
            ready=tuple(host for host in hosts if host.is_up),
            vms=vms,
            running=tuple(vm for vm in vms if vm.is_running),
        )


def host_rows(inventory: Inventory) -> Iterator[HostRow]:
    """A row a host."""
    for host in inventory.hosts:
        cluster = inventory.find_cluster(host.cluster_id)
        data_center = inventory.find_data_center(cluster.data_center_id) if cluster else None
        yield HostRow(inventory, host, cluster, data_center, inventory.vms_on(host))


def vm_rows(inventory: Inventory) -> Iterator[VmRow]:
    """A row a VM."""
    for vm in inventory.vms:
        cluster = inventory.find_cluster(vm.cluster_id)
        data_center = inventory.find_data_center(cluster.data_center_id) if cluster else None
        yield VmRow(inventory, vm, cluster, data_center, inventory.find_host(vm.host_id))


def nic_rows(inventory: Inventory) -> Iterator[NicRow]:
    """A row a network device of a host; none for hosts whose devices could not be read."""
    for host in inventory.hosts:
        for nic in host.nics or ():
            yield NicRow(inventory, host, nic, inventory.find_cluster(host.cluster_id))


def vm_nic_rows(inventory: Inventory) -> Iterator[VmNicRow]:
    """A row a network card of a VM; none for VMs whose cards could not be read."""
    for vm in inventory.vms:
        for nic in vm.nics or ():
            yield VmNicRow(inventory, vm, nic, inventory.find_cluster(vm.cluster_id))


def network_rows(inventory: Inventory) -> Iterator[NetworkRow]:
    """A row a network and cluster; one without a cluster for a network that no cluster has."""
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


def storage_rows(inventory: Inventory) -> Iterator[StorageRow]:
    """A row a storage domain and data center; one without a data center for a detached domain."""
    for domain in inventory.storage_domains:
        for data_center_id in domain.data_center_ids or (None,):
            yield StorageRow(inventory, domain, inventory.find_data_center(data_center_id))
