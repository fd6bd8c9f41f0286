"""Columns of the frames of clusters, hosts and VMs."""

from __future__ import annotations

from typing import Final

from rhevmig.notebook.columns import BOOLEAN, FLOAT, INTEGER, TEXT, TIME, Column
from rhevmig.notebook.rows import ClusterRow, HostRow, VmRow, total
from rhevmig.scheduling import Allowed, explain


def _policy(row: ClusterRow) -> str | None:
    found = row.inventory.migration_policy_of(row.cluster)
    return found.name if found else None


def _at_once(row: ClusterRow) -> int | None:
    found = row.inventory.migration_policy_of(row.cluster)
    return found.max_migrations if found else None


def _migration_speed(row: HostRow) -> int | None:
    nic = row.migration_nic
    return row.host.uplink_of(nic).speed_bits_per_second if nic else None


CLUSTER_COLUMNS: Final[tuple[Column[ClusterRow], ...]] = (
    Column("cluster", TEXT, "name", lambda r: r.cluster.name),
    Column("data_center", TEXT, "name of its data center", lambda r: r.data_center and r.data_center.name),
    Column("level", TEXT, "compatibility level", lambda r: r.cluster.version),
    Column("cpu_type", TEXT, "CPU type that its VMs see; missing where none is set",
           lambda r: r.cluster.cpu_type),
    Column("cpu_vendor", TEXT, "intel, amd or ibm", lambda r: r.cluster.cpu_vendor),
    Column("migration_policy", TEXT, "name of the migration policy", _policy),
    Column("migrations_at_once", INTEGER, "out of a host and into a host, by the policy", _at_once),
    Column("memory_overcommit_percent", INTEGER, "memory that VMs may be promised, in percent of what is "
                                                 "there",
           lambda r: r.cluster.memory_overcommit_percent),
    Column("ha_reservation", BOOLEAN, "whether room is kept for highly available VMs",
           lambda r: r.cluster.ha_reservation),
    Column("threads_as_cores", BOOLEAN, "whether threads count as cores",
           lambda r: r.cluster.threads_as_cores),
    Column("hosts", INTEGER, "hosts in all", lambda r: len(r.hosts)),
    Column("hosts_up", INTEGER, "hosts that take VMs", lambda r: len(r.ready)),
    Column("cpu_threads_up", INTEGER, "CPU threads of the hosts that are up",
           lambda r: total(host.logical_cpus for host in r.ready)),
    Column("memory_up_bytes", INTEGER, "memory of the hosts that are up",
           lambda r: total(host.memory_bytes for host in r.ready)),
    Column("largest_host_memory_bytes", INTEGER, "memory of the largest of them: what is lost when it fails",
           lambda r: max((h.memory_bytes for h in r.ready if h.memory_bytes is not None), default=None)),
    Column("vms", INTEGER, "VMs in all", lambda r: len(r.vms)),
    Column("vms_running", INTEGER, "VMs that occupy a host", lambda r: len(r.running)),
    Column("vcpus_running", INTEGER, "virtual CPUs of running VMs",
           lambda r: total(vm.vcpus for vm in r.running)),
    Column("memory_running_bytes", INTEGER, "memory of running VMs",
           lambda r: total(vm.memory_bytes for vm in r.running)),
    Column("cluster_id", TEXT, "engine id", lambda r: r.cluster.id),
    Column("data_center_id", TEXT, "engine id of the data center", lambda r: r.cluster.data_center_id),
)  # fmt: skip

HOST_COLUMNS: Final[tuple[Column[HostRow], ...]] = (
    Column("host", TEXT, "name", lambda r: r.host.name),
    Column("cluster", TEXT, "name of its cluster", lambda r: r.cluster and r.cluster.name),
    Column("data_center", TEXT, "name of its data center", lambda r: r.data_center and r.data_center.name),
    Column("status", TEXT, "up, maintenance, non_operational, …", lambda r: r.host.status),
    Column("is_up", BOOLEAN, "whether it takes VMs", lambda r: r.host.is_up),
    Column("cpu_model", TEXT, "CPU by its own name", lambda r: r.host.cpu_name),
    Column("cpu_type", TEXT, "highest CPU type that it satisfies", lambda r: r.host.cpu_type),
    Column("cpu_sockets", INTEGER, "sockets", lambda r: r.host.cpu_sockets),
    Column("cpu_cores_per_socket", INTEGER, "cores a socket", lambda r: r.host.cpu_cores),
    Column("cpu_threads_per_core", INTEGER, "threads a core", lambda r: r.host.cpu_threads),
    Column("cpu_threads", INTEGER, "threads in all", lambda r: r.host.logical_cpus),
    Column("cpu_speed_mhz", FLOAT, "clock in MHz", lambda r: r.host.cpu_speed_mhz),
    Column("memory_bytes", INTEGER, "memory", lambda r: r.host.memory_bytes),
    Column("memory_promisable_bytes", INTEGER, "memory that the scheduler may still promise",
           lambda r: r.host.max_scheduling_memory_bytes),
    Column("vms_running", INTEGER, "VMs that run on it", lambda r: len(r.running)),
    Column("vcpus_running", INTEGER, "their virtual CPUs", lambda r: total(vm.vcpus for vm in r.running)),
    Column("memory_running_bytes", INTEGER, "their memory",
           lambda r: total(vm.memory_bytes for vm in r.running)),
    Column("migration_device", TEXT, "device of the migration network; missing where the host has none",
           lambda r: r.migration_nic and r.migration_nic.name),
    Column("migration_link_bits_per_second", INTEGER, "speed of the NIC or bond under it; missing where not "
                                                      "told",
           _migration_speed),
    Column("spm", TEXT, "spm, contending or none", lambda r: r.host.spm_status),
    Column("power_management", BOOLEAN, "whether it can be fenced",
           lambda r: r.host.power_management and r.host.power_management.enabled),
    Column("os_version", TEXT, "version of the operating system", lambda r: r.host.os_version),
    Column("vdsm_version", TEXT, "version of its agent", lambda r: r.host.vdsm_version),
    Column("libvirt_version", TEXT, "version of libvirt", lambda r: r.host.libvirt_version),
    Column("update_available", BOOLEAN, "whether packages wait to be installed",
           lambda r: r.host.update_available),
    Column("host_id", TEXT, "engine id", lambda r: r.host.id),
    Column("cluster_id", TEXT, "engine id of the cluster", lambda r: r.host.cluster_id),
)  # fmt: skip


def _disk_bytes(row: VmRow) -> int | None:
    if row.vm.disk_attachments is None:
        return None
    disks = [row.inventory.find_disk(attachment.disk_id) for attachment in row.vm.disk_attachments]
    return total(disk.provisioned_size_bytes if disk else None for disk in disks)


def _destinations(row: VmRow) -> int | None:
    """Hosts that it could move to; missing where it does not run, or where any host cannot be judged."""
    if not row.vm.is_running:
        return None
    explanation = explain(row.inventory, row.vm)
    if any(verdict.allowed == Allowed.UNKNOWN for verdict in explanation.verdicts):
        return None
    return len(explanation.destinations)


VM_COLUMNS: Final[tuple[Column[VmRow], ...]] = (
    Column("vm", TEXT, "name", lambda r: r.vm.name),
    Column("cluster", TEXT, "name of its cluster", lambda r: r.cluster and r.cluster.name),
    Column("data_center", TEXT, "name of its data center", lambda r: r.data_center and r.data_center.name),
    Column("status", TEXT, "up, down, migrating, paused, …", lambda r: r.vm.status),
    Column("is_running", BOOLEAN, "whether it occupies a host", lambda r: r.vm.is_running),
    Column("host", TEXT, "name of the host that it runs on", lambda r: r.host and r.host.name),
    Column("memory_bytes", INTEGER, "memory", lambda r: r.vm.memory_bytes),
    Column("memory_guaranteed_bytes", INTEGER, "memory that it is promised",
           lambda r: r.vm.memory_guaranteed_bytes),
    Column("vcpus", INTEGER, "virtual CPUs", lambda r: r.vm.vcpus),
    Column("cpu_mode", TEXT, "host_passthrough, host_model, custom; missing means the cluster's type",
           lambda r: r.vm.cpu_mode),
    Column("custom_cpu_model", TEXT, "CPU model of its own", lambda r: r.vm.custom_cpu_model),
    Column("type", TEXT, "server, desktop or high_performance", lambda r: r.vm.type),
    Column("affinity", TEXT, "migratable, user_migratable or pinned; missing where the account may not see "
                             "it",
           lambda r: r.vm.affinity),
    Column("destinations", INTEGER, "hosts whose every filter lets it in, where it runs and all could be "
                                    "judged",
           _destinations),
    Column("high_availability", BOOLEAN, "whether it is restarted when its host is lost",
           lambda r: r.vm.high_availability),
    Column("next_run_configuration", BOOLEAN, "whether changes wait for its next start",
           lambda r: r.vm.next_run_configuration_exists),
    Column("migration_downtime_ms", INTEGER, "its own limit of the pause; -1 means that the policy decides",
           lambda r: r.vm.migration_downtime_ms),
    Column("disks", INTEGER, "disks",
           lambda r: None if r.vm.disk_attachments is None else len(r.vm.disk_attachments)),
    Column("disks_provisioned_bytes", INTEGER, "size of its disks as the guest sees them", _disk_bytes),
    Column("nics", INTEGER, "network cards", lambda r: None if r.vm.nics is None else len(r.vm.nics)),
    Column("guest_os", TEXT, "operating system as the guest agent tells it", lambda r: r.vm.guest_os),
    Column("created_at", TIME, "when it was made", lambda r: r.vm.created_at),
    Column("started_at", TIME, "when it was started", lambda r: r.vm.started_at),
    Column("vm_id", TEXT, "engine id", lambda r: r.vm.id),
    Column("host_id", TEXT, "engine id of the host", lambda r: r.vm.host_id),
    Column("cluster_id", TEXT, "engine id of the cluster", lambda r: r.vm.cluster_id),
)  # fmt: skip
