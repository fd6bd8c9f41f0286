"""Migration settings: the values in effect with their origin, the bandwidth, the policies step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rhevmig.inventory import (
    Cluster,
    ConvergenceStep,
    Host,
    MigrationOptions,
    MigrationPath,
    MigrationPolicy,
    PathState,
    Vm,
)
from rhevmig.planning.estimates import engine_bandwidth
from rhevmig.precopy.bandwidth import VDSM_DEFAULT_MIB_S, Bandwidth
from rhevmig.precopy.presets import LEGACY
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Section, Table, Tone
from rhevmig.report.prose import prose
from rhevmig.report.tables.cells import count, joined, natural, yes_no
from rhevmig.report.tables.table_column import engine_id, figure, table_of, text

_HEADINGS = {
    "policy": "Migration policy",
    "at_once": "At once, each direction",
    "auto_converge": "Auto-converge",
    "compress": "Compression",
    "encrypt": "Encryption",
    "parallel": "Parallel connections",
    "bandwidth": "Bandwidth of a host",
    "tunnel": "Tunnelled",
}
_BANDWIDTHS = {
    "auto": "automatic: QoS, else link speed, of the slower end",
    "hypervisor_default": f"the host's default, {VDSM_DEFAULT_MIB_S} MiB/s per migration",
}
_PARALLEL = {
    "disabled": "off",
    "auto": "by link speed, off below two",
    "auto_parallel": "by link speed, at least two",
    "inherit": "engine default, off",
}
_ACTIONS = {
    "setDowntime": "allow a downtime of {} ms",
    "abort": "abort: the VM stays on its host",
    "postcopy": "switch to post-copy: the VM runs on the destination while its memory follows",
}
_LIMITS = {
    "custom": "the cluster's custom bandwidth",
    "source_qos": "QoS of the source's migration network",
    "source_link": "link speed of the source",
    "destination_qos": "QoS of the destination's migration network",
    "destination_link": "link speed of the destination",
    "vdsm_default": f"the host's default of {VDSM_DEFAULT_MIB_S} MiB/s",
}


def migration_settings_section(context: ReportContext) -> Section:
    """Migration settings in effect."""
    return Section(
        id="migration-settings",
        title="Migration settings in effect",
        blocks=(
            prose("effective settings"),
            _effective(context),
            _bandwidths(context),
            prose("bandwidth", default=VDSM_DEFAULT_MIB_S),
            _policies(context),
            _schedules(context),
            _overrides(context),
        ),
    )


# ── settings in effect ───────────────────────────────────────────────────────────────────────────


class _Setting(NamedTuple):
    """An effective value and where it comes from."""

    value: CellValue
    origin: str

    @property
    def cell(self) -> CellValue:
        """The value with its origin in brackets."""
        if self.value is None:
            return None
        if isinstance(self.value, Cell):
            return Cell(text=f"{self.value.text} ({self.origin})", tone=self.value.tone)
        return f"{self.value} ({self.origin})"


def _effective(context: ReportContext) -> Table:
    return table_of(
        "migration-effective",
        "Effective migration settings of the clusters, and where each comes from",
        [(cluster, _settings(context, cluster)) for cluster in context.clusters],
        (
            text("cluster", "Cluster", lambda r: r[0].name),
            *(
                text(key, heading, _effective_value(key))
                for key, heading in _HEADINGS.items()
            ),
        ),
        open_rows=32,
        pointer="/inventory/clusters",
    )  # fmt: skip


def _effective_value(key: str) -> Callable[[tuple[Cluster, dict[str, _Setting]]], CellValue]:
    return lambda row: row[1][key].cell if key in row[1] else None


def _settings(context: ReportContext, cluster: Cluster) -> dict[str, _Setting]:
    wanted = cluster.migration
    if wanted is None:
        return {}
    policy = context.inventory.migration_policy_of(cluster)
    name = _policy_name(context, wanted.policy_id)
    return {
        "policy": _Setting(name, "cluster" if _has_policy(wanted) else "nothing set"),
        "at_once": _at_once(wanted, policy),
        "auto_converge": _flag(wanted.auto_converge, policy.auto_converge if policy else None),
        "compress": _flag(wanted.compressed, policy.compressed if policy else None),
        "encrypt": _flag(wanted.encrypted, None),
        "parallel": _parallel(wanted, policy),
        "bandwidth": _bandwidth_setting(wanted),
        "tunnel": _Setting(yes_no(cluster.tunnel_migration, bad=True), "cluster"),
    }


def _has_policy(wanted: MigrationOptions) -> bool:
    return wanted.policy_id not in (None, LEGACY.id)


def _at_once(wanted: MigrationOptions, policy: MigrationPolicy | None) -> _Setting:
    if policy is not None:
        return _Setting(count(policy.max_migrations), "policy")
    return _Setting(None, "") if _has_policy(wanted) else _Setting(str(LEGACY.max_migrations), "no policy")


def _policy_name(context: ReportContext, policy_id: str | None) -> CellValue:
    if policy_id is None or policy_id == LEGACY.id:
        return Cell(text="none", tone=Tone.WARN)
    found = _find_policy(context, policy_id)
    return found.name if found else f"{policy_id} (its content could not be read)"


def _find_policy(context: ReportContext, policy_id: str) -> MigrationPolicy | None:
    return next((p for p in context.inventory.migration_policies if p.id == policy_id), None)


def _flag(cluster_value: str | None, policy_value: bool | None) -> _Setting:
    if policy_value is not None:
        return _Setting(yes_no(policy_value), "policy")
    if cluster_value in ("true", "false"):
        return _Setting(yes_no(cluster_value == "true"), "cluster")
    if cluster_value == "inherit":
        return _Setting("off unless the engine's default was changed", "engine, not readable")
    return _Setting(None, "")


def _parallel(wanted: MigrationOptions, policy: MigrationPolicy | None) -> _Setting:
    if policy is not None and policy.zero_copy:
        return _Setting("always, zero-copy", "policy")
    words = wanted.parallel_policy
    if words == "custom":
        return _Setting(f"{wanted.parallel_connections} connections", "cluster")
    return _Setting(_PARALLEL.get(words or "", words), "cluster")


def _bandwidth_setting(wanted: MigrationOptions) -> _Setting:
    method = wanted.bandwidth_method
    if method == "custom":
        return _Setting(f"{count(wanted.bandwidth_custom_mbps)} Mbit/s for the whole host", "cluster")
    return _Setting(_BANDWIDTHS.get(method or "", method), "cluster")


# ── bandwidth ────────────────────────────────────────────────────────────────────────────────────


class _Pair(NamedTuple):
    """Two hosts of a cluster and the bandwidth between them, or one host and why it is not known."""

    cluster: Cluster
    name: str
    source: Host
    destination: Host | None
    bandwidth: Bandwidth | None
    reason: CellValue


def _bandwidths(context: ReportContext) -> Table:
    return table_of(
        "migration-bandwidth",
        "Bandwidth of one migration, between the slowest and the fastest pair of hosts",
        [pair for cluster in context.clusters for pair in _pairs(context, cluster)],
        (
            text("cluster", "Cluster", lambda p: p.cluster.name),
            text("pair", "Pair", lambda p: p.name),
            text("source", "From", lambda p: p.source.name),
            text("destination", "To", lambda p: p.destination.name if p.destination else ""),
            figure(
                "host_mbps", "Whole host, Mbit/s", lambda p: p.bandwidth.host_mbps if p.bandwidth else None
            ),
            figure(
                "at_once", "Migrations at once", lambda p: p.bandwidth.max_migrations if p.bandwidth else None
            ),
            figure("mib_s", "One migration, MiB/s", lambda p: p.bandwidth.mib_s if p.bandwidth else None),
            text("limit", "Limited by", lambda p: p.reason),
        ),
        empty="No cluster has two hosts that are up.",
        open_rows=24,
    )


def _pairs(context: ReportContext, cluster: Cluster) -> Iterator[_Pair]:
    ends = [(host, context.paths[host.id]) for host in context.hosts_of(cluster) if host.is_up]
    if len(ends) < 2:
        return
    usable = sorted(
        (end for end in ends if end[1].state == PathState.USABLE),
        key=lambda end: (end[1].stream_bits_per_second or 0, natural(end[0].name)),
    )
    if len(usable) > 1:
        yield _pair(context, cluster, "slowest", usable[0][0], usable[1][0])
        yield _pair(context, cluster, "fastest", usable[-1][0], usable[-2][0])
    for host, path in ends:
        if path.state != PathState.USABLE:
            yield _Pair(cluster, "any with", host, None, None, _why_unknown(path))


def _why_unknown(path: MigrationPath) -> Cell:
    if path.state == PathState.UNKNOWN:
        return Cell(text=path.reason, tone=Tone.UNKNOWN)
    return Cell(text=f"{path.reason}: {path.consequence}", tone=Tone.BAD)


def _pair(
    context: ReportContext,
    cluster: Cluster,
    name: str,
    source: Host,
    destination: Host,
) -> _Pair:
    if cluster.migration is None or cluster.migration.bandwidth_method is None:
        return _Pair(cluster, name, source, destination, None, "settings could not be read")
    bandwidth = engine_bandwidth(context.inventory, cluster, source, destination)
    reason = _LIMITS.get(bandwidth.limited_by, bandwidth.limited_by)
    return _Pair(cluster, name, source, destination, bandwidth, reason)


# ── policies ─────────────────────────────────────────────────────────────────────────────────────


class _Step(NamedTuple):
    """A step of a policy's convergence schedule."""

    policy: MigrationPolicy
    when: str
    step: ConvergenceStep


def _in_order(context: ReportContext) -> list[MigrationPolicy]:
    return sorted(context.inventory.migration_policies, key=lambda policy: (natural(policy.name), policy.id))


def _policies(context: ReportContext) -> Table:
    used: dict[str, list[str]] = {}
    for cluster in context.clusters:
        if cluster.migration and cluster.migration.policy_id:
            used.setdefault(cluster.migration.policy_id, []).append(cluster.name)
    return table_of(
        "migration-policies",
        "Migration policies of this engine",
        _in_order(context),
        (
            text("name", "Policy", lambda p: p.name),
            text("clusters", "Used by clusters", lambda p: ", ".join(used.get(p.id, ()))),
            figure("at_once", "Migrations at once", lambda p: p.max_migrations),
            text("auto_converge", "Auto-converge", lambda p: yes_no(p.auto_converge)),
            text("compressed", "Compression", lambda p: yes_no(p.compressed)),
            text("zero_copy", "Zero-copy", lambda p: yes_no(bool(p.zero_copy))),
            text("guest_events", "Guest notifications", lambda p: yes_no(p.guest_events)),
            text("levels", "Levels", lambda p: joined(p.versions)),
            engine_id("id", "Id", lambda p: p.id),
        ),
        empty="The option MigrationPolicies could not be read; it needs the role ReadOnlyAdmin.",
        pointer="/inventory/migration_policies",
    )


def _schedules(context: ReportContext) -> Table:
    return table_of(
        "migration-schedules",
        "What each policy does when a migration does not converge",
        [step for policy in _in_order(context) for step in _steps(policy)],
        (
            text("policy", "Policy", lambda s: s.policy.name),
            text("when", "When", lambda s: s.when),
            text("action", "Action", lambda s: _action(s.step)),
        ),
        empty="The option MigrationPolicies could not be read.",
        open_rows=8,
        pointer="/inventory/migration_policies",
    )


def _steps(policy: MigrationPolicy) -> Iterator[_Step]:
    for step in policy.initial_steps:
        yield _Step(policy, "at the start", step)
    for step in policy.convergence_steps:
        yield _Step(policy, f"after {step.stalling_limit} stalled iterations", step)
    for step in policy.last_steps:
        yield _Step(policy, "at the end", step)


def _action(step: ConvergenceStep) -> str:
    action = _ACTIONS.get(step.action, f"{step.action} {' '.join(step.params)}".strip())
    return action.format(*step.params) if step.params or "{}" not in action else step.action


# ── VMs ──────────────────────────────────────────────────────────────────────────────────────────


def _overrides(context: ReportContext) -> Table:
    found = ((vm, _overrides_of(context, vm)) for vm in context.vms)
    return table_of(
        "migration-overrides",
        "VMs that override their cluster",
        [(vm, settings) for vm, settings in found if settings],
        (
            text("vm", "VM", lambda r: r[0].name),
            text("cluster", "Cluster", lambda r: context.cluster_name(r[0].cluster_id)),
            text("settings", "Settings", lambda r: "; ".join(r[1])),
            engine_id("id", "Id", lambda r: r[0].id),
        ),
        empty="No VM overrides its cluster.",
        pointer="/inventory/vms",
    )


def _overrides_of(context: ReportContext, vm: Vm) -> list[str]:
    settings, own = [], vm.migration
    if own is not None:
        if own.policy_id:
            found = _find_policy(context, own.policy_id)
            settings.append(f"policy {found.name if found else own.policy_id}")
        flags = (
            ("auto-converge", own.auto_converge),
            ("compression", own.compressed),
            ("encryption", own.encrypted),
        )
        settings.extend(
            f"{name} {'on' if value == 'true' else 'off'}"
            for name, value in flags
            if value in ("true", "false")
        )
        if own.parallel_policy not in (None, "inherit"):
            settings.append(f"parallel connections {own.parallel_policy}")
    if vm.migration_downtime_ms is not None and vm.migration_downtime_ms >= 0:
        settings.append(f"downtime of at most {vm.migration_downtime_ms} ms")
    if vm.tunnel_migration:
        settings.append("tunnelled")
    return settings
