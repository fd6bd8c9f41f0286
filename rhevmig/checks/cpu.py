"""Checks of CPUs: one vendor per cluster, and every host has the flags of the cluster's CPU type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from rhevmig.checks.finding import Finding, ObservedValue, Severity
from rhevmig.checks.registry import Check, Subject, each_cluster, each_host, each_vm, seen
from rhevmig.events import EventCode
from rhevmig.inventory import Cluster, CpuType, Event, Host, Inventory, Vm
from rhevmig.policy import Policy
from rhevmig.scheduling import READ_ALL, Allowed, CpuAnswer, CpuTypes, scheduler_of

CPU_002 = Check(
    id="CPU-002",
    title="The host has the CPU vendor of its cluster",
    area="cpu",
    severity=Severity.BLOCKER,
    needs=("host.cpu.name", "host.cpu.type", "cluster.cpu.type"),
)
CPU_003 = Check(
    id="CPU-003",
    title="The host has every CPU flag of its cluster's CPU type",
    area="cpu",
    severity=Severity.BLOCKER,
    needs=("host.cpu.type", "host.status", "cluster.cpu.type", "clusterlevels", "options/ServerCPUList"),
)
CPU_005 = Check(
    id="CPU-005",
    title="No CPU model keeps the cluster at a lower CPU type",
    area="cpu",
    severity=Severity.INFO,
    needs=("host.cpu.type", "clusterlevels", "options/ServerCPUList"),
)
CPU_010 = Check(
    id="CPU-010",
    title="Every host of the cluster supports the VM's custom CPU model",
    area="cpu",
    severity=Severity.HIGH,
    needs=("vm.custom_cpu_model", "host.cpu.type", "clusterlevels", "options/ServerCPUList"),
)
#: Status details with which the engine refuses to activate a host.
_INCOMPATIBLE = frozenset(
    {"cpu_type_incompatible_with_cluster", "cpu_type_unsupported_in_this_cluster_version"}
)
_ACTIVATE = "Activate the host: it reports its CPU to the engine then."


@each_host(CPU_002)
def _vendor(on: Subject, host: Host, _: Policy) -> Finding:
    cluster = on.inventory.find_cluster(host.cluster_id)
    wanted = cluster.cpu_vendor if cluster else None
    source = (
        f"the cluster's CPU type {cluster.cpu_type}" if cluster and wanted else "most hosts of the cluster"
    )
    wanted = wanted or on.inventory.derived(_usual_vendors).get(host.cluster_id)
    row = seen("CPU", host.cpu_name or host.cpu_type, f"{wanted} ({source})" if wanted else "")
    if host.cpu_vendor is None and cluster is not None and cluster.cpu_vendor and host.is_up:
        message = f"the host is up in a cluster of CPU type {cluster.cpu_type}, so its CPU is of {wanted}"
        return on.passed(message, row, seen("status", host.status, "up"))
    if host.cpu_vendor is None or not wanted:
        message = "the vendor of its CPU is not known"
        return on.unknown(message, row, missing="host.cpu.name", remedy=_report_cpu(on.inventory, (host,)))
    if host.cpu_vendor != wanted:
        return on.failed(
            f"its CPU is of {host.cpu_vendor}, the cluster of {wanted}: VMs cannot migrate between the two",
            row,
            remedy="Give each vendor a separate cluster.",
        )
    return on.passed(f"its CPU is of {wanted}, as expected from {source}", row)


def _report_cpu(inventory: Inventory, hosts: Sequence[Host]) -> str:
    """How the CPUs of hosts become known: more rights only where the account was refused something."""
    off = [host.name for host in hosts if not host.is_up]
    if off:
        return f"Activate {', '.join(off)}: a host reports its CPU to the engine then."
    return READ_ALL if inventory.unobserved else "Refresh the capabilities of the host, then read again."


def _usual_vendors(inventory: Inventory) -> dict[str, str]:
    """The most frequent CPU vendor of each cluster."""
    vendors = {
        cluster.id: Counter(h.cpu_vendor for h in inventory.hosts_of(cluster) if h.cpu_vendor)
        for cluster in inventory.clusters
    }
    return {key: min(found, key=lambda v: (-found[v], v)) for key, found in vendors.items() if found}


@each_host(CPU_003)
def _flags(on: Subject, host: Host, _: Policy) -> Finding:
    cluster = on.inventory.find_cluster(host.cluster_id)
    wanted = cluster.cpu_type if cluster else None
    row = seen(
        "highest CPU type that it satisfies", host.cpu_type, f"all flags of {wanted}" if wanted else ""
    )
    if cluster is None or wanted is None:
        return on.unknown(
            "no CPU type of the cluster was seen, so nothing is promised to its VMs",
            row,
            missing="cluster.cpu.type",
            remedy="Set the cluster's CPU type to the highest one that all its hosts satisfy.",
        )
    types = scheduler_of(on.inventory).cpu_types_of(cluster)
    answer = types.satisfies(host.cpu_type, wanted)
    if host.status_detail in _INCOMPATIBLE or answer.allowed == Allowed.NO:
        return _too_low(on, host, answer, row, wanted)
    if answer.allowed == Allowed.YES:
        return on.passed(answer.because, row)
    if host.is_up:
        message = f"the host is up, so the engine compared its flags with {wanted}; {answer.because}"
        return on.passed(message, row, seen("status", host.status, "up"))
    if not types.has_flags:
        return on.unread(
            answer.because, row, missing="flags of the CPU types", part=("option", "ServerCPUList")
        )
    missing = "host.cpu.type" if host.cpu_type is None else "flags of the host"
    return on.unknown(answer.because, row, missing=missing, remedy=_ACTIVATE)


def _too_low(on: Subject, host: Host, answer: CpuAnswer, row: ObservedValue, wanted: str) -> Finding:
    rows = [row, seen("status", f"{host.status} {host.status_detail or ''}".strip())]
    if answer.flags:
        rows.append(seen("flags that may be missing", ", ".join(answer.flags)))
    event = on.inventory.derived(_refusals).get(host.id)
    if event is not None:
        rows.append(seen(f"event {event.code}", event.description))
    why = host.status_detail if host.status_detail in _INCOMPATIBLE else answer.because
    return on.failed(
        f"it does not satisfy {wanted}: {why}",
        *rows,
        remedy="Update microcode and firmware (Secure types need their mitigations), "
        "or lower the cluster's CPU type and restart its VMs.",
    )


def _refusals(inventory: Inventory) -> dict[str, Event]:
    """The newest event per host that its CPU level is too low."""
    code = EventCode.HOST_CPU_LEVEL_TOO_LOW
    found = [event for event in inventory.events if event.code == code and event.host_id]
    return {event.host_id or "": event for event in reversed(found)}


class CpuLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Which CPU type all hosts of a cluster surely satisfy, and which hosts prevent a higher one."""

    #: Highest type that all hosts satisfy; None where no type is sure.
    common: CpuType | None
    #: Number of hosts by the highest type of each.
    kinds: dict[str, int]
    #: By type of the hosts that prevent it: the highest type of the others.
    without: dict[str, CpuType]


def cpu_limit(types: CpuTypes, hosts: Sequence[Host]) -> CpuLimit | None:
    """The highest common CPU type of hosts and what limits it; None where that is not known."""
    known = [host.cpu_type for host in hosts if host.cpu_type is not None]
    if len(known) < len(hosts) or not types.has_flags:
        return None
    kinds = Counter(known)
    common = _highest_common(types, list(kinds))
    without: dict[str, CpuType] = {}
    for name in kinds:
        rest = _highest_common(types, [other for other in kinds if other != name])
        if rest is None or types.satisfies(name, rest.name).allowed != Allowed.NO:
            continue
        if common is None or (rest.level or 0) > (common.level or 0):
            without[name] = rest
    return CpuLimit(common=common, kinds=dict(kinds), without=without)


@each_cluster(CPU_005)
def _limit(on: Subject, cluster: Cluster, _: Policy) -> Finding:
    hosts = on.inventory.hosts_of(cluster)
    limit = cpu_limit(scheduler_of(on.inventory).cpu_types_of(cluster), hosts)
    if limit is None:
        message = "the highest common CPU type is not known"
        if all(host.cpu_type is not None for host in hosts):
            return on.unread(message, missing="flags of the CPU types", part=("option", "ServerCPUList"))
        unknown = [host for host in hosts if host.cpu_type is None]
        remedy = _report_cpu(on.inventory, unknown)
        return on.unknown(message, missing="host.cpu.type", remedy=remedy)
    common = limit.common.name if limit.common else None
    rows = [seen("highest type that all hosts satisfy", common or "none")]
    rows += [seen(f"{limit.kinds[name]} hosts", name) for name in sorted(limit.kinds)]
    rows += [seen(f"highest type without {name}", rest.name) for name, rest in limit.without.items()]
    if not limit.without:
        return on.passed("no CPU model keeps the cluster at a lower CPU type", *rows)
    limiting = ", ".join(h.name for h in hosts if h.cpu_type in limit.without)
    return on.failed(
        f"the CPU type stays at {common or 'no common type'} because of {limiting}",
        *rows,
        remedy="Consider it when buying and retiring hosts: the others could have a higher type.",
    )


def _highest_common(types: CpuTypes, names: list[str]) -> CpuType | None:
    """The highest type that hosts of all these types surely satisfy."""
    candidates = types.vendor_types(names[0]) if names else ()
    sure = [
        candidate
        for candidate in candidates
        if all(types.satisfies(name, candidate.name).allowed == Allowed.YES for name in names)
    ]
    return sure[-1] if sure else None


@each_vm(CPU_010)
def _custom_model(on: Subject, vm: Vm, _: Policy) -> Finding:
    cluster = on.inventory.find_cluster(vm.cluster_id)
    if not vm.custom_cpu_model:
        return on.passed("it has no custom CPU model")
    if cluster is None:
        return on.unread("its cluster was not seen", missing="vm.cluster", part=("cluster", "all"))
    types, model = scheduler_of(on.inventory).cpu_types_of(cluster), vm.custom_cpu_model
    hosts = on.inventory.hosts_of(cluster)
    answers = {host.name: types.includes_model(host.cpu_type, model) for host in hosts}
    rows = [seen(f"CPU type of {host.name}", host.cpu_type, f"includes {model}") for host in hosts]
    if not types.has_flags:
        message = f"the models of the CPU types could not be read, so {model} was not compared"
        return on.unread(message, missing="flags of the CPU types", part=("option", "ServerCPUList"))
    if types.lists_model(model):
        return on.passed(f"the engine compares the flags of {model} with every host", *rows)
    without = ", ".join(name for name, answer in answers.items() if answer.allowed == Allowed.NO)
    open_ = ", ".join(name for name, answer in answers.items() if answer.allowed == Allowed.UNKNOWN)
    not_compared = f"the engine requires no flag for {model}"
    if without:
        return on.failed(
            f"{not_compared} and may migrate the VM to {without}, where QEMU cannot provide this CPU",
            *rows,
            remedy="Unset the custom CPU model, or use a model of ServerCPUList as a whole.",
        )
    if open_:
        return on.unknown(
            f"{not_compared}; whether {open_} supports it is not known",
            *rows,
            missing="CPU flags of the hosts",
            remedy="Compare `virsh domcapabilities` on these hosts.",
        )
    return on.passed(f"every host supports {model}", *rows)
