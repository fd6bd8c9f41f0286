"""CPU: one vendor, and every host has the features that the cluster promises to its VMs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from rhevmig.checks.finding import Evidence, Finding, Scope, Severity
from rhevmig.checks.registry import Check, register
from rhevmig.checks.scopes import READ_ALL, cluster_scope, clusters_with_hosts, help_for, host_scope
from rhevmig.events import EventCode
from rhevmig.inventory import Cluster, CpuType, Host, Inventory
from rhevmig.policy import Policy
from rhevmig.scheduling import Allowed, CpuAnswer, CpuTypes

CPU_002 = Check(
    id="CPU-002",
    title="The host has the CPU vendor of its cluster",
    area="cpu",
    severity=Severity.BLOCKER,
    needs=("host.cpu.name", "host.cpu.type", "cluster.cpu.type"),
)
CPU_003 = Check(
    id="CPU-003",
    title="The host has every CPU feature that its cluster demands",
    area="cpu",
    severity=Severity.BLOCKER,
    needs=("host.cpu.type", "host.status", "cluster.cpu.type", "clusterlevels", "options/ServerCPUList"),
)
CPU_005 = Check(
    id="CPU-005",
    title="No kind of host holds the cluster's CPU level down",
    area="cpu",
    severity=Severity.INFO,
    needs=("host.cpu.type", "clusterlevels", "options/ServerCPUList"),
)
CPU_TOO_LOW = EventCode.HOST_CPU_LEVEL_TOO_LOW
INCOMPATIBLE = frozenset(
    {"cpu_type_incompatible_with_cluster", "cpu_type_unsupported_in_this_cluster_version"}
)


@register(CPU_002)
def _vendor(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        hosts = inventory.hosts_of(cluster)
        vendors = Counter(host.cpu_vendor for host in hosts if host.cpu_vendor)
        if cluster.cpu_vendor is not None:
            wanted, origin = cluster.cpu_vendor, f"the cluster's type {cluster.cpu_type}"
        elif vendors:
            wanted, origin = min(vendors, key=lambda v: (-vendors[v], v)), "most hosts of the cluster"
        else:
            wanted, origin = "", "nothing that was seen"
        for host in hosts:
            yield _vendor_of(inventory, host, wanted, origin)


def _vendor_of(inventory: Inventory, host: Host, wanted: str, origin: str) -> Finding:
    scope = host_scope(inventory, host)
    expected = f"{wanted} (by {origin})" if wanted else ""
    row = Evidence(name="CPU", observed=host.cpu_name or host.cpu_type or "–", expected=expected)
    if host.cpu_vendor is None or not wanted:
        return CPU_002.unknown(
            scope,
            "the vendor of its CPU is not known",
            row,
            missing="host.cpu.name",
            remedy="Activate the host once: the engine learns its CPU then.",
        )
    if host.cpu_vendor != wanted:
        return CPU_002.failed(
            scope,
            f"its CPU is of {host.cpu_vendor}, the cluster is of {wanted}: VMs cannot move between the two",
            row,
            remedy="Give each vendor a cluster of its own.",
        )
    return CPU_002.passed(scope, f"its CPU is of {wanted}, as {origin}", row)


@register(CPU_003)
def _level(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        types = CpuTypes(inventory.cluster_level(cluster.version))
        for host in inventory.hosts_of(cluster):
            yield _level_of(inventory, cluster, host, types)


def _level_of(inventory: Inventory, cluster: Cluster, host: Host, types: CpuTypes) -> Finding:
    scope = host_scope(inventory, host)
    row = Evidence(
        name="highest CPU type that it satisfies",
        observed=host.cpu_type or "–",
        expected=f"all flags of {cluster.cpu_type}" if cluster.cpu_type else "",
    )
    if cluster.cpu_type is None:
        return CPU_003.unknown(
            scope,
            "the cluster has no CPU type that could be seen, so nothing is promised to its VMs",
            row,
            missing="cluster.cpu.type",
            remedy="Set the cluster's CPU type to the highest that all its hosts satisfy.",
        )
    answer = types.satisfies(host.cpu_type, cluster.cpu_type)
    if host.status_detail in INCOMPATIBLE or answer.allowed == Allowed.NO:
        return _too_low(inventory, scope, host, answer, row, cluster.cpu_type)
    if answer.allowed == Allowed.YES:
        return CPU_003.passed(scope, f"{answer.because}", row)
    return _undecided(inventory, scope, host, types, answer, row)


def _too_low(
    inventory: Inventory, scope: Scope, host: Host, answer: CpuAnswer, row: Evidence, wanted: str
) -> Finding:
    rows = [row, Evidence(name="status", observed=f"{host.status} {host.status_detail or ''}".strip())]
    if answer.flags:
        rows.append(Evidence(name="flags that may be missing", observed=", ".join(answer.flags)))
    refusals = (e for e in inventory.events if e.code == CPU_TOO_LOW and e.host_id == host.id)
    rows += [Evidence(name="event 515", observed=event.description) for event in list(refusals)[:1]]
    why = host.status_detail if host.status_detail in INCOMPATIBLE else answer.because
    return CPU_003.failed(
        scope,
        f"it does not satisfy {wanted}: {why}",
        *rows,
        remedy="Update microcode and firmware (Secure types need their mitigations), "
        "or lower the cluster's type and restart its VMs.",
    )


def _undecided(
    inventory: Inventory, scope: Scope, host: Host, types: CpuTypes, answer: CpuAnswer, row: Evidence
) -> Finding:
    if types.has_flags and host.is_up and host.cpu_type is not None:
        rows = (row, Evidence(name="status", observed=host.status, expected="up"))
        message = f"{answer.because}; but it is up, and the engine compares all flags before that"
        return CPU_003.passed(scope, message, *rows)
    if not types.has_flags:
        missing, remedy = "flags of the CPU types", help_for(inventory, "option", "ServerCPUList")
    elif host.cpu_type is None:
        missing, remedy = "host.cpu.type", "Activate the host once: the engine learns its CPU then."
    else:
        missing, remedy = "flags of the host", "Activate the host: the engine compares all its flags then."
    return CPU_003.unknown(scope, answer.because, row, missing=missing, remedy=remedy)


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


@register(CPU_005)
def _limit(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for item in clusters_with_hosts(inventory, CPU_005):
        yield item if isinstance(item, Finding) else _limit_of(inventory, item)


def _limit_of(inventory: Inventory, cluster: Cluster) -> Finding:
    scope, hosts = cluster_scope(cluster), inventory.hosts_of(cluster)
    types = CpuTypes(inventory.cluster_level(cluster.version))
    limit = cpu_limit(types, hosts)
    if limit is None:
        is_flags = all(host.cpu_type is not None for host in hosts)
        missing = "flags of the CPU types" if is_flags else "host.cpu.type"
        help_ = help_for(inventory, "option", "ServerCPUList") if is_flags else READ_ALL
        message = "the highest common CPU type is not known"
        return CPU_005.unknown(scope, message, missing=missing, remedy=help_)
    common = limit.common.name if limit.common else None
    rows = [Evidence(name="highest type that all hosts satisfy", observed=common or "none")]
    rows += [Evidence(name=f"{limit.kinds[name]} hosts", observed=name) for name in sorted(limit.kinds)]
    rows += [
        Evidence(name=f"highest type without {name}", observed=rest.name)
        for name, rest in limit.without.items()
    ]
    if not limit.without:
        return CPU_005.passed(scope, "no CPU model keeps the cluster at a lower CPU type", *rows)
    held = ", ".join(h.name for h in hosts if h.cpu_type in limit.without)
    return CPU_005.failed(
        scope,
        f"the CPU type stays at {common or 'no common type'} because of {held}",
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
