"""How migrations are set: the effective settings with their origin, the policies in full, the bandwidth."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.inventory import Cluster, ConvergenceStep, MigrationOptions, MigrationPolicy, Vm
from rhevmig.precopy.bandwidth import VDSM_DEFAULT_MIB_S, Bandwidth, MigrationLink, migration_bandwidth
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Prose, Section, Table, Tone
from rhevmig.report.migration_links import Line, migration_line
from rhevmig.report.tables import columns, count, joined, natural, yes_no

#: The policy that means none (engine: NoMigrationPolicy); only levels before 4.3 really use it.
_NO_POLICY = "00000000-0000-0000-0000-000000000000"
#: Migrations at once without a policy (engine: NoMigrationPolicy).
_WITHOUT_POLICY = 2
_METHODS = ("auto", "custom", "hypervisor_default")
_SETTINGS = {
    "policy": "Migration policy",
    "at_once": "At once, each direction",
    "auto_converge": "Slows the guest (auto-converge)",
    "compress": "Compresses pages",
    "encrypt": "Encrypts",
    "parallel": "Parallel connections",
    "bandwidth": "Bandwidth of a host",
    "tunnel": "Tunnelled",
}
_ACTIONS = {
    "setDowntime": "allow a pause of {} ms",
    "abort": "give up: the VM stays where it is",
    "postcopy": "switch to post-copy: the VM moves first, its memory follows",
}
_LIMITS = {
    "custom": "the cluster's custom bandwidth",
    "source_qos": "QoS of the source's migration network",
    "source_link": "link speed of the source",
    "destination_qos": "QoS of the destination's migration network",
    "destination_link": "link speed of the destination",
    "vdsm_default": f"the host's default of {VDSM_DEFAULT_MIB_S} MiB/s",
}


class _Setting(NamedTuple):
    """An effective value and where it comes from."""

    value: CellValue
    origin: str


def moving_section(material: Material) -> Section:
    """Migration settings as they take effect."""
    return Section(
        id="migration-settings",
        title="Migration settings as they take effect",
        blocks=(
            Prose(
                text="`inherit` hides what really holds. The table says which value takes effect in each "
                "cluster "
                "and where it comes from: a migration policy overrides cluster and VM, the cluster "
                "overrides the "
                "engine's default."
            ),
            _effective(material),
            _bandwidths(material),
            Prose(
                text="The engine divides the host's bandwidth by the migrations that the policy allows at "
                "once, and "
                f"truncates to whole MiB/s. Where it knows no link speed, hosts use {VDSM_DEFAULT_MIB_S} "
                "MiB/s. A "
                "link of 10 Gbit/s is too slow for parallel connections, which need 10 240 Mbit/s each and "
                "two of "
                "them at least."
            ),
            _policies(material),
            _schedules(material),
            _overrides(material),
        ),
    )


def _effective(material: Material) -> Table:
    return Table(
        id="migration-effective",
        caption="Effective migration settings of the clusters, and where each comes from",
        columns=columns("cluster=Cluster", *(f"{key}={title}" for key, title in _SETTINGS.items())),
        rows=tuple(
            (cluster.name, *(_said(setting) for setting in _settings(material, cluster)))
            for cluster in material.clusters
        ),
        open_rows=32,
        pointer=material.pointer("clusters"),
    )


def _said(setting: _Setting) -> CellValue:
    """The value with its origin in brackets."""
    value = setting.value
    if value is None:
        return None
    if isinstance(value, Cell):
        return Cell(text=f"{value.text} ({setting.origin})", tone=value.tone)
    return f"{value} ({setting.origin})"


def _settings(material: Material, cluster: Cluster) -> list[_Setting]:
    wanted = cluster.migration
    if wanted is None:
        return [_Setting(None, "") for _ in _SETTINGS]
    policy = material.inventory.migration_policy_of(cluster)
    return [
        _Setting(
            _policy_name(material, wanted.policy_id), "cluster" if _has_policy(wanted) else "nothing set"
        ),
        _at_once(wanted, policy),
        _flag(wanted.auto_converge, policy.auto_converge if policy else None),
        _flag(wanted.compressed, policy.compressed if policy else None),
        _flag(wanted.encrypted, None),
        _parallel(wanted, policy),
        _bandwidth_setting(wanted),
        _Setting(yes_no(cluster.tunnel_migration, bad=True), "cluster"),
    ]


def _has_policy(wanted: MigrationOptions) -> bool:
    return wanted.policy_id not in (None, _NO_POLICY)


def _at_once(wanted: MigrationOptions, policy: MigrationPolicy | None) -> _Setting:
    """Migrations at once; the engine's NoMigrationPolicy allows two."""
    if policy is not None:
        return _Setting(count(policy.max_migrations), "policy")
    return _Setting(None, "") if _has_policy(wanted) else _Setting(str(_WITHOUT_POLICY), "no policy")


def _policy_name(material: Material, policy_id: str | None) -> CellValue:
    if policy_id is None or policy_id == _NO_POLICY:
        return Cell(text="none", tone=Tone.WARN)
    found = next((p for p in material.inventory.migration_policies if p.id == policy_id), None)
    return found.name if found else f"{policy_id} (its content could not be read)"


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
    texts = {
        "disabled": "off",
        "auto": "by link speed, off below two",
        "auto_parallel": "by link speed, at least two",
        "inherit": "engine default, off",
    }
    return _Setting(texts.get(words or "", words), "cluster")


def _bandwidth_setting(wanted: MigrationOptions) -> _Setting:
    if wanted.bandwidth_method == "custom":
        return _Setting(f"{count(wanted.bandwidth_custom_mbps)} Mbit/s for the whole host", "cluster")
    texts = {
        "auto": "automatic: QoS, else link speed, of the slower end",
        "hypervisor_default": f"the host's default, {VDSM_DEFAULT_MIB_S} MiB/s a migration",
    }
    return _Setting(texts.get(wanted.bandwidth_method or "", wanted.bandwidth_method), "cluster")


def _bandwidths(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for cluster in material.clusters:
        rows.extend(_bandwidth_rows(material, cluster))
    return Table(
        id="migration-bandwidth",
        caption="Bandwidth that one migration may use, from the slowest and to the fastest pair of hosts",
        columns=columns(
            "cluster=Cluster", "pair=Pair", "source=From", "destination=To", "#host_mbps=Whole host, Mbit/s",
            "#at_once=Migrations at once", "#mib_s=One migration, MiB/s", "limit=Limited by",
        ),
        rows=tuple(rows),
        empty="No cluster has two hosts that are up.",
        open_rows=24,
    )  # fmt: skip


def _bandwidth_rows(material: Material, cluster: Cluster) -> list[tuple[CellValue, ...]]:
    lines = [migration_line(material, host) for host in material.hosts_of(cluster) if host.is_up]
    if len(lines) < 2:
        return []
    usable = sorted(
        (line for line in lines if line.state == "ok"),
        key=lambda line: (line.speed_bits_per_second or 0, natural(line.host.name)),
    )
    rows: list[tuple[CellValue, ...]] = []
    if len(usable) > 1:
        for name, source, destination in (
            ("slowest", usable[0], usable[1]),
            ("fastest", usable[-1], usable[-2]),
        ):
            rows.append((cluster.name, name, *_bandwidth_cells(material, cluster, source, destination)))
    rows.extend(
        (cluster.name, "any with", line.host.name, "", None, None, None, _why_unknown(line))
        for line in lines
        if line.state != "ok"
    )
    return rows


def _why_unknown(line: Line) -> Cell:
    if line.state == "fallback":
        return Cell(text=f"runs over the management network: {line.reason}", tone=Tone.BAD)
    return Cell(text=line.reason, tone=Tone.UNKNOWN)


def _bandwidth_cells(
    material: Material, cluster: Cluster, source: Line, destination: Line
) -> tuple[CellValue, ...]:
    bandwidth = _bandwidth(material, cluster, source, destination)
    if bandwidth is None:
        return source.host.name, destination.host.name, None, None, None, "settings could not be read"
    return (
        source.host.name,
        destination.host.name,
        count(bandwidth.host_mbps),
        count(bandwidth.max_migrations),
        count(bandwidth.mib_s),
        _LIMITS.get(bandwidth.limited_by, bandwidth.limited_by),
    )


def _bandwidth(material: Material, cluster: Cluster, source: Line, destination: Line) -> Bandwidth | None:
    policy = material.inventory.migration_policy_of(cluster)
    wanted = cluster.migration
    if wanted is None or wanted.bandwidth_method not in _METHODS:
        return None
    if wanted.bandwidth_method == "custom" and wanted.bandwidth_custom_mbps is None:
        return None
    return migration_bandwidth(
        assignment_method=wanted.bandwidth_method,
        custom_value_mbps=wanted.bandwidth_custom_mbps,
        source=MigrationLink(link_mbps=source.speed_mbps),
        destination=MigrationLink(link_mbps=destination.speed_mbps),
        max_migrations=(policy.max_migrations if policy else None) or _WITHOUT_POLICY,
    )


def _policies(material: Material) -> Table:
    used: dict[str, list[str]] = {}
    for cluster in material.clusters:
        if cluster.migration and cluster.migration.policy_id:
            used.setdefault(cluster.migration.policy_id, []).append(cluster.name)
    return Table(
        id="migration-policies",
        caption="Migration policies that this engine offers",
        columns=columns(
            "name=Policy", "clusters=Used by clusters", "#at_once=Migrations at once",
            "auto_converge=Slows the guest",
            "compressed=Compresses", "zero_copy=Zero-copy", "guest_events=Tells the guest",
            "levels=Levels", "@id=Id",
        ),
        rows=tuple(
            (
                policy.name,
                joined(used.get(policy.id, ()), none=""),
                count(policy.max_migrations),
                yes_no(policy.auto_converge),
                yes_no(policy.compressed),
                yes_no(bool(policy.zero_copy)),
                yes_no(policy.guest_events),
                joined(policy.versions),
                policy.id,
            )
            for policy in _in_order(material)
        ),
        empty="The option MigrationPolicies could not be read; it needs the role ReadOnlyAdmin.",
        pointer=material.pointer("migration_policies"),
    )  # fmt: skip


def _schedules(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for policy in _in_order(material):
        rows.extend(_step_row(policy, "at the start", step) for step in policy.initial_steps)
        rows.extend(
            _step_row(policy, f"after {step.stalling_limit} stalled iterations", step)
            for step in policy.convergence_steps
        )
        rows.extend(_step_row(policy, "at last", step) for step in policy.last_steps)
    return Table(
        id="migration-schedules",
        caption="What each policy does to a migration that does not come to an end",
        columns=columns("policy=Policy", "when=When", "action=What it does"),
        rows=tuple(rows),
        empty="The option MigrationPolicies could not be read.",
        open_rows=8,
        pointer=material.pointer("migration_policies"),
    )


def _in_order(material: Material) -> list[MigrationPolicy]:
    return sorted(material.inventory.migration_policies, key=lambda policy: (natural(policy.name), policy.id))


def _step_row(policy: MigrationPolicy, when: str, step: ConvergenceStep) -> tuple[CellValue, ...]:
    action = _ACTIONS.get(step.action, f"{step.action} {' '.join(step.params)}".strip())
    return (
        policy.name,
        when,
        action.format(*step.params) if step.params or "{}" not in action else step.action,
    )


def _overrides(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for vm in material.vms:
        said = _said_by(material, vm)
        if said:
            rows.append((vm.name, material.cluster_name(vm.cluster_id), "; ".join(said), vm.id))
    return Table(
        id="migration-overrides",
        caption="VMs that override their cluster",
        columns=columns("vm=VM", "cluster=Cluster", "settings=Settings of its own", "@id=Id"),
        rows=tuple(rows),
        empty="No VM overrides its cluster.",
        pointer=material.pointer("vms"),
    )


def _said_by(material: Material, vm: Vm) -> list[str]:
    said = []
    own = vm.migration
    if own is not None:
        if own.policy_id:
            found = next((p for p in material.inventory.migration_policies if p.id == own.policy_id), None)
            said.append(f"policy {found.name if found else own.policy_id}")
        said.extend(
            f"{name} {'on' if value == 'true' else 'off'}"
            for name, value in (
                ("auto-converge", own.auto_converge),
                ("compression", own.compressed),
                ("encryption", own.encrypted),
            )
            if value in ("true", "false")
        )
        if own.parallel_policy not in (None, "inherit"):
            said.append(f"parallel connections {own.parallel_policy}")
    if vm.migration_downtime_ms is not None and vm.migration_downtime_ms >= 0:
        said.append(f"pause of {vm.migration_downtime_ms} ms at most")
    if vm.tunnel_migration:
        said.append("tunnelled")
    return said
