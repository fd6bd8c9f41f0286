"""Columns of VMs and of their NICs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rhevmig.inventory import Cluster, DataCenter, Host, Inventory, Network, Vm, VmNic
from rhevmig.report.tables.table_column import (
    BOOLEAN,
    BYTES,
    COUNT,
    ID,
    STATUS,
    TEXT,
    TIME,
    TableColumn,
    total,
)
from rhevmig.scheduling import scheduler_of


class VmRow(NamedTuple):
    """A VM with its cluster and host."""

    inventory: Inventory
    vm: Vm
    cluster: Cluster | None
    data_center: DataCenter | None
    host: Host | None

    @property
    def destinations(self) -> int | None:
        """Number of possible destinations; None where it does not run, or a host cannot be judged."""
        if not self.vm.is_running:
            return None
        found = scheduler_of(self.inventory).summarize(self.vm)
        return None if found.unknown_ids else len(found.destination_ids)

    @property
    def disk_bytes(self) -> int | None:
        """Provisioned size of all its disks."""
        if self.vm.disk_attachments is None:
            return None
        disks = [self.inventory.find_disk(attachment.disk_id) for attachment in self.vm.disk_attachments]
        return total(disk.provisioned_size_bytes if disk else None for disk in disks)


class VmNicRow(NamedTuple):
    """A NIC of a VM."""

    inventory: Inventory
    vm: Vm
    nic: VmNic
    cluster: Cluster | None

    @property
    def network(self) -> Network | None:
        """The network of its vNIC profile."""
        profile = self.inventory.find_vnic_profile(self.nic.vnic_profile_id)
        return self.inventory.find_network(profile.network_id) if profile else None


def vm_rows(inventory: Inventory, vms: Iterable[Vm] | None = None) -> Iterator[VmRow]:
    """One row per VM, in the engine's order or in the order given."""
    for vm in inventory.vms if vms is None else vms:
        cluster = inventory.find_cluster(vm.cluster_id)
        data_center = inventory.find_data_center(cluster.data_center_id) if cluster else None
        yield VmRow(inventory, vm, cluster, data_center, inventory.find_host(vm.host_id))


def vm_nic_rows(inventory: Inventory) -> Iterator[VmNicRow]:
    """One row per NIC of a VM; none for a VM whose NICs could not be read."""
    for vm in inventory.vms:
        for nic in vm.nics or ():
            yield VmNicRow(inventory, vm, nic, inventory.find_cluster(vm.cluster_id))


VMS: Final[tuple[TableColumn[VmRow], ...]] = (
    TableColumn("vm", TEXT, lambda r: r.vm.name, "VM", "name"),
    TableColumn("cluster", TEXT, lambda r: r.cluster and r.cluster.name, "Cluster", "name of its cluster"),
    TableColumn("data_center", TEXT, lambda r: r.data_center and r.data_center.name, "Data center",
                "name of its data center"),
    TableColumn("status", STATUS, lambda r: r.vm.status, "Status", "up, down, migrating, paused, …"),
    TableColumn("is_running", BOOLEAN, lambda r: r.vm.is_running, "Running", "whether it occupies a host"),
    TableColumn("host", TEXT, lambda r: r.host and r.host.name, "Host", "name of the host that it runs on"),
    TableColumn("memory_bytes", BYTES, lambda r: r.vm.memory_bytes, "Memory", "memory"),
    TableColumn("memory_guaranteed_bytes", BYTES, lambda r: r.vm.memory_guaranteed_bytes, "Guaranteed",
                "guaranteed memory"),
    TableColumn("vcpus", COUNT, lambda r: r.vm.vcpus, "vCPUs", "virtual CPUs"),
    TableColumn("cpu_mode", TEXT, lambda r: r.vm.cpu_mode, "CPU mode",
                "host_passthrough, host_model, custom; missing means the cluster's type"),
    TableColumn("custom_cpu_model", TEXT, lambda r: r.vm.custom_cpu_model, "Custom CPU model",
                "CPU model that the VM sets itself"),
    TableColumn("type", TEXT, lambda r: r.vm.type, "Type", "server, desktop or high_performance"),
    TableColumn("affinity", TEXT, lambda r: r.vm.affinity, "Migration mode",
                "migratable, user_migratable or pinned; missing where the account may not see it"),
    TableColumn("destinations", COUNT, lambda r: r.destinations, "Destinations",
                "hosts whose every filter accepts it, where it runs and all could be judged"),
    TableColumn("high_availability", BOOLEAN, lambda r: r.vm.high_availability, "Highly available",
                "whether it is restarted when its host is lost"),
    TableColumn("next_run_configuration", BOOLEAN, lambda r: r.vm.next_run_configuration_exists,
                "Changes pending restart", "whether changes take effect at its next start"),
    TableColumn("migration_downtime_ms", COUNT, lambda r: r.vm.migration_downtime_ms, "Downtime limit, ms",
                "its own downtime limit; -1 means that the policy decides"),
    TableColumn("disks", COUNT,
                lambda r: None if r.vm.disk_attachments is None else len(r.vm.disk_attachments), "Disks",
                "disks"),
    TableColumn("disks_provisioned_bytes", BYTES, lambda r: r.disk_bytes, "Size of disks",
                "size of its disks as the guest sees them"),
    TableColumn("nics", COUNT, lambda r: None if r.vm.nics is None else len(r.vm.nics), "NICs",
                "network cards"),
    TableColumn("guest_os", TEXT, lambda r: r.vm.guest_os, "Guest OS",
                "operating system as the guest agent reports it"),
    TableColumn("created_at", TIME, lambda r: r.vm.created_at, "Created", "when it was created"),
    TableColumn("started_at", TIME, lambda r: r.vm.started_at, "Started", "when it was started"),
    TableColumn("vm_id", ID, lambda r: r.vm.id, "Id", "engine id"),
    TableColumn("host_id", ID, lambda r: r.vm.host_id, "Host id", "engine id of the host"),
    TableColumn("cluster_id", ID, lambda r: r.vm.cluster_id, "Cluster id", "engine id of the cluster"),
)  # fmt: skip

VM_NICS: Final[tuple[TableColumn[VmNicRow], ...]] = (
    TableColumn("vm", TEXT, lambda r: r.vm.name, "VM", "name of the VM"),
    TableColumn("cluster", TEXT, lambda r: r.cluster and r.cluster.name, "Cluster",
                "name of the VM's cluster"),
    TableColumn("nic", TEXT, lambda r: r.nic.name, "NIC", "name of the NIC"),
    TableColumn("interface", TEXT, lambda r: r.nic.interface, "Interface",
                "virtio, e1000, pci_passthrough, …"),
    TableColumn("network", TEXT, lambda r: r.network and r.network.name, "Network",
                "network of its vNIC profile"),
    TableColumn("plugged", BOOLEAN, lambda r: r.nic.plugged, "Plugged", "whether it is plugged in"),
    TableColumn("linked", BOOLEAN, lambda r: r.nic.linked, "Linked", "whether its link is up"),
    TableColumn("synced", BOOLEAN, lambda r: r.nic.synced, "In sync",
                "whether the network is unchanged since it was plugged in"),
    TableColumn("mac_address", TEXT, lambda r: r.nic.mac_address, "Hardware address", "hardware address"),
    TableColumn("nic_id", ID, lambda r: r.nic.id, "Id", "engine id"),
    TableColumn("vm_id", ID, lambda r: r.vm.id, "VM id", "engine id of the VM"),
    TableColumn("network_id", ID, lambda r: r.network and r.network.id, "Network id",
                "engine id of the network"),
)  # fmt: skip
