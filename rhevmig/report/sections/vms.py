"""VMs: which cannot migrate and why, their settings, affinity groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rhevmig.inventory import AffinityGroup, AffinityRule, Vm
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Fact, Facts, Section, Table, Tone
from rhevmig.report.prose import prose
from rhevmig.report.sections.vm_destinations import answer_cell, destination_figures
from rhevmig.report.tables.cells import count, counted, joined, natural, yes_no
from rhevmig.report.tables.table_column import engine_id, table_of, take, text
from rhevmig.report.tables.vms import VMS, VmRow, vm_rows
from rhevmig.scheduling import Allowed, HostVerdict, Migratability, VmSummary
from rhevmig.terms import VmStatus

_ALLOWED = {
    Allowed.YES: Cell(text="yes", tone=Tone.GOOD),
    Allowed.NO: Cell(text="no", tone=Tone.BAD),
    Allowed.UNKNOWN: Cell(text="cannot be judged", tone=Tone.UNKNOWN),
}
_STATUS_TONES = {
    VmStatus.UP: Tone.GOOD,
    VmStatus.DOWN: Tone.MUTED,
    VmStatus.SUSPENDED: Tone.MUTED,
    VmStatus.UNKNOWN: Tone.UNKNOWN,
    VmStatus.NOT_RESPONDING: Tone.BAD,
    VmStatus.PAUSED: Tone.BAD,
}


def vms_section(context: ReportContext) -> Section:
    """Which VMs can migrate, which cannot and why, and the settings of all."""
    destinations = Section(
        id="vm-destinations",
        title="Destinations of each VM",
        blocks=destination_figures(context) or (prose("no matrix"),),
    )
    settings = Section(
        id="vm-settings", title="Settings of the VMs", blocks=(_settings(context), _groups(context))
    )
    return Section(
        id="vms",
        title="Virtual machines",
        blocks=(Facts(items=_counts(context)), _not_migratable(context), _disagreements(context)),
        sections=(destinations, settings),
    )


def _counts(context: ReportContext) -> tuple[Fact, ...]:
    answers = Counter(each.summary.migratability for each in context.running_vms)
    statuses = Counter(vm.status for vm in context.inventory.vms)
    words = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in sorted(statuses.items()))

    def toned(number: int, tone: Tone) -> CellValue:
        return Cell(text=str(number), tone=tone) if number else "0"

    return (
        Fact(name="VMs", value=words or "none"),
        Fact(name="Running VMs that can migrate now", value=count(answers[Migratability.YES])),
        Fact(name="only with force", value=toned(answers[Migratability.FORCE], Tone.WARN)),
        Fact(name="cannot migrate", value=toned(answers[Migratability.NO], Tone.BAD)),
        Fact(name="cannot be judged", value=toned(answers[Migratability.UNKNOWN], Tone.UNKNOWN)),
    )


def _not_migratable(context: ReportContext) -> Table:
    return table_of(
        "vms-not-migratable",
        "Running VMs that cannot migrate or cannot be judged",
        [r for r in context.running_vms if r.summary.migratability != Migratability.YES],
        (
            text("vm", "VM", lambda r: r.vm.name),
            text("cluster", "Cluster", lambda r: context.cluster_name(r.vm.cluster_id)),
            text("host", "Host", lambda r: context.host_name(r.vm.host_id)),
            text("answer", "Can migrate", lambda r: answer_cell(r.summary.migratability)),
            text("why", "Why", lambda r: _why(r.summary)),
            text("remedy", "What would help", lambda r: _sentences(o.remedy for o in r.summary.obstacles)),
            engine_id("id", "Id", lambda r: r.vm.id),
        ),
        empty="Every running VM can migrate to at least one host.",
        open_rows=20,
        pointer="/inventory/vms",
    )


def _sentences(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(each.rstrip(".") for each in texts if each))


def _why(found: VmSummary) -> str:
    """The obstacles; where no host accepts it, also the refusals counted by filter."""
    why = [obstacle.sentence for obstacle in found.obstacles]
    if not found.destination_ids:
        listed = ", ".join(f"{name} ({number})" for name, number in found.filters.items())
        why.append(
            f"none of {counted(found.other_hosts, 'other host')} accepts it: {listed}"
            if found.other_hosts
            else ""
        )
    return _sentences(why)


def _disagreements(context: ReportContext) -> Table:
    targets = context.inventory.migration_targets
    found = [
        verdict
        for vm, summary in context.running_vms
        if summary.disagreeing_ids
        for verdict in _by_host_name(context.scheduler.explain(vm).disagreements)
    ]
    return table_of(
        "scheduler-disagreements",
        "Where the engine's scheduler gives another answer than this report",
        found,
        (
            text("vm", "VM", lambda v: v.vm_name),
            text("host", "Host", lambda v: v.host_name),
            text("ours", "This report", lambda v: _ALLOWED[v.allowed]),
            text("engine", "The engine", lambda v: yes_no(v.engine_allows)),
            text("why", "Reasons of this report", _reasons),
        ),
        empty=f"None: the engine was asked about {counted(len(targets), 'VM')} and agrees."
        if targets
        else "The engine was not asked (take the snapshot with the answers of its scheduler to compare).",
        pointer="/inventory/migration_targets",
    )


def _by_host_name(verdicts: Iterable[HostVerdict]) -> list[HostVerdict]:
    return sorted(verdicts, key=lambda verdict: natural(verdict.host_name))


def _reasons(verdict: HostVerdict) -> str | None:
    return joined((reason.sentence for reason in verdict.reasons), none="no known filter refuses")


def _settings(context: ReportContext) -> Table:
    return table_of(
        "vm-settings-table",
        "VMs",
        vm_rows(context.inventory, context.vms),
        (
            take(VMS, "vm"),
            take(VMS, "cluster", value=lambda r: r.cluster.name if r.cluster else "–"),
            take(VMS, "status", value=lambda r: _status(r.vm.status)),
            take(VMS, "host", value=lambda r: context.host_name(r.vm.host_id) if r.vm.is_running else ""),
            take(VMS, "memory_bytes", "memory"),
            take(VMS, "memory_guaranteed_bytes", "guaranteed"),
            take(VMS, "vcpus"),
            text("cpu", "CPU", lambda r: _cpu(r.vm)),
            take(VMS, "affinity", value=_affinity),
            take(VMS, "high_availability", "ha"),
            take(VMS, "next_run_configuration", "next_run", value=_next_run),
            take(VMS, "vm_id", "id"),
        ),
        open_rows=15,
        pointer="/inventory/vms",
    )


def _status(word: str) -> Cell:
    tones = {str(status): tone for status, tone in _STATUS_TONES.items()}
    return Cell(text=word.replace("_", " "), tone=tones.get(word, Tone.WARN))


def _cpu(vm: Vm) -> str:
    return vm.custom_cpu_model or (vm.cpu_mode or "as the cluster").replace("_", " ")


def _affinity(row: VmRow) -> str | None:
    return None if row.vm.affinity is None else row.vm.affinity.replace("_", " ")


def _next_run(row: VmRow) -> CellValue:
    return yes_no(row.vm.next_run_configuration_exists, bad=True)


def _groups(context: ReportContext) -> Table:
    def members(group: AffinityGroup) -> tuple[str, str]:
        vms, hosts = context.inventory.members_of(group)
        vm_names = sorted(context.vm_name(each) or each for each in vms)
        host_names = sorted(context.host_name(each) or each for each in hosts)
        return ", ".join(vm_names) or "none", ", ".join(host_names) or "none"

    return table_of(
        "affinity-groups",
        "Affinity groups",
        sorted(
            context.inventory.affinity_groups,
            key=lambda g: (context.cluster_name(g.cluster_id), g.name, g.id),
        ),
        (
            text("group", "Group", lambda g: g.name),
            text("cluster", "Cluster", lambda g: context.cluster_name(g.cluster_id)),
            text("vms_rule", "VMs run", lambda g: _rule(g.vms_rule, "together", "on different hosts")),
            text("hosts_rule", "VMs run on hosts", lambda g: _rule(g.hosts_rule, "on", "not on")),
            text("vms", "VMs", lambda g: members(g)[0]),
            text("hosts", "Hosts", lambda g: members(g)[1]),
            text("broken", "Broken now", lambda g: yes_no(g.broken, bad=True)),
            engine_id("id", "Id", lambda g: g.id),
        ),
        pointer="/inventory/affinity_groups",
    )


def _rule(rule: AffinityRule, yes: str, no: str) -> str:
    if not rule.enabled:
        return ""
    return f"{yes if rule.positive else no}, {'always' if rule.enforcing else 'if possible'}"
