"""Columns of clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rhevmig.inventory import Cluster, DataCenter, Host, Inventory, MigrationPolicy, Vm
from rhevmig.report.tables.table_column import BOOLEAN, BYTES, COUNT, ID, TEXT, TableColumn, total


class ClusterRow(NamedTuple):
    """A cluster with its data center, hosts and VMs."""

    inventory: Inventory
    cluster: Cluster
    data_center: DataCenter | None
    policy: MigrationPolicy | None
    hosts: tuple[Host, ...]
    hosts_up: tuple[Host, ...]
    vms: tuple[Vm, ...]
    running: tuple[Vm, ...]


def cluster_rows(inventory: Inventory, clusters: Iterable[Cluster] | None = None) -> Iterator[ClusterRow]:
    """One row per cluster, in the engine's order or in the order given."""
    for cluster in inventory.clusters if clusters is None else clusters:
        hosts, vms = inventory.hosts_of(cluster), inventory.vms_of(cluster)
        yield ClusterRow(
            inventory=inventory,
            cluster=cluster,
            data_center=inventory.find_data_center(cluster.data_center_id),
            policy=inventory.migration_policy_of(cluster),
            hosts=hosts,
            hosts_up=tuple(host for host in hosts if host.is_up),
            vms=vms,
            running=tuple(vm for vm in vms if vm.is_running),
        )


CLUSTERS: Final[tuple[TableColumn[ClusterRow], ...]] = (
    TableColumn("cluster", TEXT, lambda r: r.cluster.name, "Cluster", "name"),
    TableColumn("data_center", TEXT, lambda r: r.data_center and r.data_center.name, "Data center",
                "name of its data center"),
    TableColumn("level", TEXT, lambda r: r.cluster.version, "Level", "compatibility level"),
    TableColumn("cpu_type", TEXT, lambda r: r.cluster.cpu_type, "CPU type",
                "CPU type that its VMs see; missing where none is set"),
    TableColumn("cpu_vendor", TEXT, lambda r: r.cluster.cpu_vendor, "CPU vendor", "intel, amd or ibm"),
    TableColumn("migration_policy", TEXT, lambda r: r.policy and r.policy.name, "Migration policy",
                "name of the migration policy"),
    TableColumn("migrations_at_once", COUNT, lambda r: r.policy and r.policy.max_migrations,
                "Migrations at once", "out of a host and into a host, by the migration policy"),
    TableColumn("memory_overcommit_percent", COUNT, lambda r: r.cluster.memory_overcommit_percent,
                "Memory overcommit, %", "memory that VMs may be given, in percent of the physical memory"),
    TableColumn("ha_reservation", BOOLEAN, lambda r: r.cluster.ha_reservation, "HA reservation",
                "whether memory is reserved for highly available VMs"),
    TableColumn("threads_as_cores", BOOLEAN, lambda r: r.cluster.threads_as_cores, "Threads count as cores",
                "whether threads count as cores"),
    TableColumn("hosts", COUNT, lambda r: len(r.hosts), "Hosts", "all hosts"),
    TableColumn("hosts_up", COUNT, lambda r: len(r.hosts_up), "Hosts up", "hosts that accept VMs"),
    TableColumn("cpu_threads_up", COUNT, lambda r: total(host.logical_cpus for host in r.hosts_up),
                "CPU threads of hosts up", "CPU threads of the hosts that are up"),
    TableColumn("memory_up_bytes", BYTES, lambda r: total(host.memory_bytes for host in r.hosts_up),
                "Memory of hosts up", "memory of the hosts that are up"),
    TableColumn("largest_host_memory_bytes", BYTES,
                lambda r: max((h.memory_bytes for h in r.hosts_up if h.memory_bytes), default=None),
                "Memory of the largest host", "memory of the largest of them: the loss when it fails"),
    TableColumn("vms", COUNT, lambda r: len(r.vms), "VMs", "all VMs"),
    TableColumn("vms_running", COUNT, lambda r: len(r.running), "Running VMs", "VMs that occupy a host"),
    TableColumn("vcpus_running", COUNT, lambda r: total(vm.vcpus for vm in r.running), "vCPUs of running VMs",
                "virtual CPUs of running VMs"),
    TableColumn("memory_running_bytes", BYTES, lambda r: total(vm.memory_bytes for vm in r.running),
                "Memory of running VMs", "memory of running VMs"),
    TableColumn("cluster_id", ID, lambda r: r.cluster.id, "Id", "engine id"),
    TableColumn("data_center_id", ID, lambda r: r.cluster.data_center_id, "Data center id",
                "engine id of the data center"),
)  # fmt: skip
