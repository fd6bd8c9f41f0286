"""Data centers, clusters and hosts with their settings."""

from __future__ import annotations

from rhevmig.inventory import FencingPolicy, Host
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Section, Table, Tone
from rhevmig.report.tables.cells import status, yes_no
from rhevmig.report.tables.clusters import CLUSTERS, cluster_rows
from rhevmig.report.tables.hosts import HOSTS, HostRow, host_rows
from rhevmig.report.tables.table_column import engine_id, figure, table_of, take, text

_RESILIENCE = {
    "migrate": "migrate all VMs",
    "do_not_migrate": "migrate none",
    "migrate_highly_available": "migrate highly available VMs only",
}


def inventory_section(context: ReportContext) -> Section:
    """Data centers, clusters and hosts with their settings."""
    return Section(
        id="estate",
        title="Data centers, clusters and hosts",
        blocks=(
            _data_centers(context),
            _clusters(context),
            _cluster_memory(context),
            _hosts(context),
            _software(context),
        ),
    )


def _data_centers(context: ReportContext) -> Table:
    inventory = context.inventory
    storage = {None: None, True: "local", False: "shared"}
    return table_of(
        "data-centers",
        "Data centers",
        ((data_center, inventory.clusters_of(data_center)) for data_center in context.data_centers),
        (
            text("name", "Data center", lambda r: r[0].name),
            text("status", "Status", lambda r: status(r[0].status)),
            text("storage", "Storage", lambda r: storage[r[0].local]),
            text("level", "Level", lambda r: r[0].version),
            text("format", "Format", lambda r: r[0].storage_format),
            text("quota", "Quota", lambda r: r[0].quota_mode),
            figure("clusters", "Clusters", lambda r: len(r[1])),
            figure("hosts", "Hosts", lambda r: sum(len(inventory.hosts_of(c)) for c in r[1])),
            figure("vms", "VMs", lambda r: sum(len(inventory.vms_of(c)) for c in r[1])),
            engine_id("id", "Id", lambda r: r[0].id),
        ),
        pointer="/inventory/data_centers",
    )


def _clusters(context: ReportContext) -> Table:
    policies = {policy.id: policy.name for policy in context.inventory.scheduling_policies}

    def scheduling(policy_id: str | None) -> str | None:
        return policies.get(policy_id or "", policy_id)

    no_type = Cell(text="none set", tone=Tone.WARN)
    return table_of(
        "clusters",
        "Clusters",
        cluster_rows(context.inventory, context.clusters),
        (
            take(CLUSTERS, "cluster", "name"),
            take(CLUSTERS, "data_center", value=lambda r: r.data_center.name if r.data_center else "–"),
            take(CLUSTERS, "level"),
            take(CLUSTERS, "cpu_type", value=lambda r: r.cluster.cpu_type or no_type),
            text("architecture", "Architecture", lambda r: r.cluster.architecture),
            text("bios", "Chipset and firmware", lambda r: r.cluster.bios_type),
            text(
                "resilience",
                "When a host fails",
                lambda r: _RESILIENCE.get(r.cluster.resilience_policy or "", r.cluster.resilience_policy),
            ),
            text("scheduling", "Scheduling policy", lambda r: scheduling(r.cluster.scheduling_policy_id)),
            text("fencing", "Fencing", lambda r: _fencing(r.cluster.fencing)),
            text("switch", "Switch", lambda r: r.cluster.switch_type),
            take(CLUSTERS, "cluster_id", "id"),
        ),
        pointer="/inventory/clusters",
    )


def _fencing(fencing: FencingPolicy | None) -> CellValue:
    if fencing is None or fencing.enabled is None:
        return None
    if not fencing.enabled:
        return Cell(text="off", tone=Tone.WARN)
    unless = ["its storage lease is alive"] if fencing.skip_if_sd_active else []
    if fencing.skip_if_connectivity_broken:
        unless.append(f"{fencing.connectivity_broken_threshold_percent} % of hosts have no connection")
    return "on, unless " + " or ".join(unless) if unless else "on"


def _cluster_memory(context: ReportContext) -> Table:
    return table_of(
        "cluster-memory",
        "Memory and CPU rules of the clusters",
        cluster_rows(context.inventory, context.clusters),
        (
            take(CLUSTERS, "cluster", "name"),
            take(CLUSTERS, "memory_overcommit_percent", "overcommit"),
            text("ballooning", "Ballooning", lambda r: yes_no(r.cluster.ballooning_enabled)),
            text("ksm", "Same-page merging", lambda r: yes_no(r.cluster.ksm_enabled)),
            text("hugepages", "Transparent huge pages", lambda r: yes_no(r.cluster.transparent_hugepages)),
            take(CLUSTERS, "threads_as_cores", "threads"),
            take(CLUSTERS, "ha_reservation", "ha"),
            take(CLUSTERS, "hosts"),
            take(CLUSTERS, "hosts_up"),
            take(CLUSTERS, "memory_up_bytes", "memory"),
            take(CLUSTERS, "memory_running_bytes", "promised"),
        ),
        pointer="/inventory/clusters",
    )


def _hosts(context: ReportContext) -> Table:
    return table_of(
        "hosts",
        "Hosts",
        host_rows(context.inventory, context.hosts),
        (
            take(HOSTS, "host", "name"),
            take(HOSTS, "cluster", value=_cluster_name),
            take(HOSTS, "status"),
            text("reason", "Reason", lambda r: r.host.status_detail or ""),
            take(HOSTS, "cpu_model", "cpu"),
            text("topology", "Sockets × cores × threads", lambda r: _topology(r.host)),
            take(HOSTS, "memory_bytes", "memory"),
            take(HOSTS, "memory_promisable_bytes", "free"),
            figure("vms", "Running VMs", lambda r: r.host.vms_active),
            take(HOSTS, "spm"),
            text("power", "Power management", lambda r: _power(r.host)),
            text("address", "Address", lambda r: r.host.address),
            take(HOSTS, "host_id", "id"),
        ),
        open_rows=20,
        pointer="/inventory/hosts",
    )


def _cluster_name(row: HostRow) -> str:
    return row.cluster.name if row.cluster else "–"


def _topology(host: Host) -> str | None:
    topology = (host.cpu_sockets, host.cpu_cores, host.cpu_threads)
    return None if None in topology else " × ".join(str(part) for part in topology)


def _power(host: Host) -> CellValue:
    return None if host.power_management is None else yes_no(host.power_management.enabled, bad=False)


def _software(context: ReportContext) -> Table:
    def words(*parts: str | None) -> str | None:
        return " ".join(part for part in parts if part) or None

    def selinux(mode: str | None) -> CellValue:
        return Cell(text=mode, tone=Tone.WARN) if mode == "disabled" else mode

    return table_of(
        "host-software",
        "Hardware and software of the hosts",
        host_rows(context.inventory, context.hosts),
        (
            take(HOSTS, "host", "name"),
            take(HOSTS, "cluster", value=_cluster_name),
            text(
                "hardware",
                "Hardware",
                lambda r: words(r.host.hardware_manufacturer, r.host.hardware_product),
            ),
            text(
                "os",
                "Operating system",
                lambda r: words(r.host.os_description or r.host.os_type, r.host.os_version),
            ),
            take(HOSTS, "vdsm_version", "vdsm"),
            take(HOSTS, "libvirt_version", "libvirt"),
            text("selinux", "SELinux", lambda r: selinux(r.host.selinux_mode)),
            text("kdump", "kdump", lambda r: r.host.kdump_status),
            take(HOSTS, "update_available", "updates"),
            text(
                "reinstall",
                "Reinstallation required",
                lambda r: yes_no(r.host.reinstallation_required, bad=True),
            ),
            text("kernel", "Kernel arguments", lambda r: r.host.reported_kernel_cmdline),
        ),
        open_rows=20,
        pointer="/inventory/hosts",
    )
