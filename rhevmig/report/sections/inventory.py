"""The estate as it is: data centers, clusters and hosts."""

from __future__ import annotations

from rhevmig.inventory import Cluster, FencingPolicy, Host
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Section, Table, Tone
from rhevmig.report.tables import columns, count, size, status, yes_no

_RESILIENCE = {
    "migrate": "migrate all VMs",
    "do_not_migrate": "migrate none",
    "migrate_highly_available": "migrate highly available VMs only",
}


def estate_section(material: Material) -> Section:
    """Data centers, clusters and hosts with their settings."""
    return Section(
        id="estate",
        title="Data centers, clusters and hosts",
        blocks=(
            _data_centers(material),
            _clusters(material),
            _cluster_memory(material),
            _hosts(material),
            _software(material),
        ),
    )


def _data_centers(material: Material) -> Table:
    inventory = material.inventory
    rows = []
    for data_center in material.data_centers:
        clusters = inventory.clusters_of(data_center)
        rows.append(
            (
                data_center.name,
                status(data_center.status),
                "local" if data_center.local else "shared" if data_center.local is False else None,
                data_center.version,
                data_center.storage_format,
                data_center.quota_mode,
                count(len(clusters)),
                count(sum(len(inventory.hosts_of(c)) for c in clusters)),
                count(sum(len(inventory.vms_of(c)) for c in clusters)),
                data_center.id,
            )
        )
    return Table(
        id="data-centers",
        caption="Data centers",
        columns=columns(
            "name=Data center", "status=Status", "storage=Storage", "level=Level", "format=Format",
            "quota=Quota",
            "#clusters=Clusters", "#hosts=Hosts", "#vms=VMs", "@id=Id",
        ),
        rows=tuple(rows),
        pointer=material.pointer("data_centers"),
    )  # fmt: skip


def _clusters(material: Material) -> Table:
    policies = {policy.id: policy.name for policy in material.inventory.scheduling_policies}
    rows = tuple(
        (
            cluster.name,
            material.data_center_of(cluster),
            cluster.version,
            cluster.cpu_type or Cell(text="none set", tone=Tone.WARN),
            cluster.architecture,
            cluster.bios_type,
            _RESILIENCE.get(cluster.resilience_policy or "", cluster.resilience_policy),
            policies.get(cluster.scheduling_policy_id or "", cluster.scheduling_policy_id),
            _fencing(cluster.fencing),
            cluster.switch_type,
            cluster.id,
        )
        for cluster in material.clusters
    )
    return Table(
        id="clusters",
        caption="Clusters",
        columns=columns(
            "name=Cluster", "data_center=Data center", "level=Level", "cpu_type=CPU type",
            "architecture=Architecture",
            "bios=Chipset and firmware", "resilience=When a host fails", "scheduling=Scheduling policy",
            "fencing=Fencing", "switch=Switch", "@id=Id",
        ),
        rows=rows,
        pointer=material.pointer("clusters"),
    )  # fmt: skip


def _cluster_memory(material: Material) -> Table:
    return Table(
        id="cluster-memory",
        caption="Memory and CPU rules of the clusters",
        columns=columns(
            "name=Cluster", "#overcommit=Memory overcommit, %", "ballooning=Ballooning",
            "ksm=Same-page merging",
            "hugepages=Transparent huge pages", "threads=Threads count as cores", "ha=Room kept for HA",
            "#hosts=Hosts", "#hosts_up=Hosts up", "#memory=Memory of hosts up",
            "#promised=Memory of running VMs",
        ),
        rows=tuple(_memory_row(material, cluster) for cluster in material.clusters),
        pointer=material.pointer("clusters"),
    )  # fmt: skip


def _memory_row(material: Material, cluster: Cluster) -> tuple[CellValue, ...]:
    hosts = material.inventory.hosts_of(cluster)
    ready = [host for host in hosts if host.is_up]
    running = [vm for vm in material.inventory.vms_of(cluster) if vm.is_running]
    return (
        cluster.name,
        count(cluster.memory_overcommit_percent),
        yes_no(cluster.ballooning_enabled),
        yes_no(cluster.ksm_enabled),
        yes_no(cluster.transparent_hugepages),
        yes_no(cluster.threads_as_cores),
        yes_no(cluster.ha_reservation),
        count(len(hosts)),
        count(len(ready)),
        size(_total([host.memory_bytes for host in ready])),
        size(_total([vm.memory_bytes for vm in running])),
    )


def _total(sizes: list[int | None]) -> int | None:
    """A sum, or None as soon as one part of it is unknown."""
    known = [value for value in sizes if value is not None]
    return sum(known) if len(known) == len(sizes) else None


def _fencing(fencing: FencingPolicy | None) -> CellValue:
    if fencing is None or fencing.enabled is None:
        return None
    if not fencing.enabled:
        return Cell(text="off", tone=Tone.WARN)
    unless = []
    if fencing.skip_if_sd_active:
        unless.append("its storage lease is alive")
    if fencing.skip_if_connectivity_broken:
        unless.append(f"{fencing.connectivity_broken_threshold_percent} % of hosts are cut off")
    return "on, unless " + " or ".join(unless) if unless else "on"


def _hosts(material: Material) -> Table:
    return Table(
        id="hosts",
        caption="Hosts",
        columns=columns(
            "name=Host", "cluster=Cluster", "status=Status", "reason=Reason", "cpu=CPU",
            "topology=Sockets × cores × threads",
            "#memory=Memory", "#free=Still to be promised", "#vms=Running VMs", "spm=SPM",
            "power=Power management",
            "address=Address", "@id=Id",
        ),
        rows=tuple(_host_row(material, host) for host in material.hosts),
        open_rows=20,
        pointer=material.pointer("hosts"),
    )  # fmt: skip


def _host_row(material: Material, host: Host) -> tuple[CellValue, ...]:
    topology = (host.cpu_sockets, host.cpu_cores, host.cpu_threads)
    return (
        host.name,
        material.cluster_name(host.cluster_id),
        status(host.status),
        host.status_detail or "",
        host.cpu_name,
        None if None in topology else " × ".join(str(part) for part in topology),
        size(host.memory_bytes),
        size(host.max_scheduling_memory_bytes),
        count(host.vms_active),
        host.spm_status,
        None if host.power_management is None else yes_no(host.power_management.enabled, bad=False),
        host.address,
        host.id,
    )


def _software(material: Material) -> Table:
    return Table(
        id="host-software",
        caption="Hardware and software of the hosts",
        columns=columns(
            "name=Host", "cluster=Cluster", "hardware=Hardware", "os=Operating system", "vdsm=VDSM",
            "libvirt=libvirt",
            "selinux=SELinux", "kdump=kdump", "updates=Updates waiting", "reinstall=Reinstallation wanted",
            "kernel=Kernel arguments",
        ),
        rows=tuple(
            (
                host.name,
                material.cluster_name(host.cluster_id),
                _words(host.hardware_manufacturer, host.hardware_product),
                _words(host.os_description or host.os_type, host.os_version),
                host.vdsm_version,
                host.libvirt_version,
                _selinux(host.selinux_mode),
                host.kdump_status,
                yes_no(host.update_available),
                yes_no(host.reinstallation_required, bad=True),
                host.reported_kernel_cmdline,
            )
            for host in material.hosts
        ),
        open_rows=20,
        pointer=material.pointer("hosts"),
    )  # fmt: skip


def _words(*parts: str | None) -> str | None:
    return " ".join(part for part in parts if part) or None


def _selinux(mode: str | None) -> CellValue:
    return Cell(text=mode, tone=Tone.WARN) if mode == "disabled" else mode
