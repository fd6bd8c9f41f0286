"""VMs that cannot move and why, and where the others could go."""

from __future__ import annotations

from collections import Counter

from rhevmig.inventory import Vm
from rhevmig.report.context import Material
from rhevmig.report.document import (
    Cell,
    CellValue,
    Fact,
    Facts,
    Prose,
    Section,
    Table,
    Tone,
)
from rhevmig.report.sections.destinations import destination_figures
from rhevmig.report.sections.vm_migratability import Movable, VmAnswer, movable_cell
from rhevmig.report.tables import columns, count, counted, joined, natural, size, yes_no
from rhevmig.scheduling import Allowed, Explanation
from rhevmig.terms import VmStatus

_ALLOWED = {
    Allowed.YES: Cell(text="yes", tone=Tone.GOOD),
    Allowed.NO: Cell(text="no", tone=Tone.BAD),
    Allowed.UNKNOWN: Cell(text="cannot be judged", tone=Tone.UNKNOWN),
}


def vms_section(material: Material) -> Section:
    """Which VMs can move, which cannot and why, and the settings of all."""
    return Section(
        id="vms",
        title="Virtual machines",
        blocks=(Facts(items=_counts(material)), _stuck(material), _disagreements(material)),
        sections=(
            Section(
                id="vm-destinations",
                title="Where each VM could go",
                blocks=destination_figures(material)
                or (Prose(text="No VM runs in a cluster with two hosts."),),
            ),
            Section(
                id="vm-settings", title="Settings of the VMs", blocks=(_settings(material), _groups(material))
            ),
        ),
    )


def _counts(material: Material) -> tuple[Fact, ...]:
    answers = Counter(answer.movable for answer in material.vm_answers)
    statuses = Counter(vm.status for vm in material.inventory.vms)
    words = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in sorted(statuses.items()))
    return (
        Fact(name="VMs", value=words or "none"),
        Fact(name="Running VMs that can move now", value=count(answers[Movable.YES])),
        Fact(name="that move only with force", value=_toned(answers[Movable.FORCE], Tone.WARN)),
        Fact(name="that cannot move", value=_toned(answers[Movable.NO], Tone.BAD)),
        Fact(name="of which it cannot be told", value=_toned(answers[Movable.UNKNOWN], Tone.UNKNOWN)),
    )


def _toned(number: int, tone: Tone) -> CellValue:
    return Cell(text=str(number), tone=tone) if number else "0"


def _stuck(material: Material) -> Table:
    rows = [_stuck_row(material, answer) for answer in material.vm_answers if answer.movable != Movable.YES]
    return Table(
        id="vms-not-migratable",
        caption="Running VMs that cannot move, or of which it cannot be told",
        columns=columns(
            "vm=VM",
            "cluster=Cluster",
            "host=Host",
            "answer=Can it move",
            "why=Why",
            "remedy=What would help",
            "@id=Id",
        ),
        rows=tuple(rows),
        empty="Every running VM has at least one host that it can move to.",
        open_rows=20,
        pointer=material.pointer("vms"),
    )


def _stuck_row(material: Material, answer: VmAnswer) -> tuple[CellValue, ...]:
    explanation = answer.explanation
    why = [obstacle.sentence for obstacle in explanation.obstacles]
    remedies = [obstacle.remedy for obstacle in explanation.obstacles]
    if not answer.destinations:
        why.extend(_no_host(explanation))
    return (
        explanation.vm_name,
        material.cluster_name(explanation.cluster_id),
        material.host_name(explanation.host_id),
        movable_cell(answer.movable),
        "; ".join(dict.fromkeys(text.rstrip(".") for text in why)),
        "; ".join(dict.fromkeys(text.rstrip(".") for text in remedies if text)),
        explanation.vm_id,
    )


def _no_host(explanation: Explanation) -> list[str]:
    """Why no host takes it: the refusals counted by filter, so that it stays one line for 500 hosts."""
    others = [verdict for verdict in explanation.verdicts if not verdict.is_current_host]
    if not others:
        return ["its cluster has no other host"]
    refusals = Counter(reason.filter for verdict in others for reason in verdict.reasons)
    listed = ", ".join(f"{name} ({number})" for name, number in sorted(refusals.items()))
    return [
        f"none of {counted(len(others), 'other host')} takes it; refused by "
        f"{listed or 'no filter that is known'}"
    ]


def _disagreements(material: Material) -> Table:
    rows = tuple(
        (
            verdict.vm_name,
            verdict.host_name,
            _ALLOWED[verdict.allowed],
            yes_no(verdict.engine_allows),
            joined((reason.sentence for reason in verdict.reasons), none="no filter that is known objects"),
        )
        for answer in material.vm_answers
        for verdict in sorted(answer.explanation.disagreements, key=lambda v: natural(v.host_name))
    )
    asked = len(material.inventory.migration_targets)
    return Table(
        id="scheduler-disagreements",
        caption="Where the engine's own answer differs from this report",
        columns=columns("vm=VM", "host=Host", "ours=We say", "engine=The engine says", "why=Our reasons"),
        rows=rows,
        empty=f"None: the engine was asked about {counted(asked, 'VM')} and says the same."
        if asked
        else "The engine was not asked (take the snapshot with its scheduler's answers to compare).",
        pointer=material.pointer("migration_targets"),
    )


def _settings(material: Material) -> Table:
    return Table(
        id="vm-settings-table",
        caption="VMs",
        columns=columns(
            "vm=VM", "cluster=Cluster", "status=Status", "host=Host", "#memory=Memory",
            "#guaranteed=Guaranteed",
            "#vcpus=vCPUs", "cpu=CPU", "affinity=May be moved", "ha=Highly available",
            "next_run=Changes wait for restart",
            "@id=Id",
        ),
        rows=tuple(_vm_row(material, vm) for vm in material.vms),
        open_rows=15,
        pointer=material.pointer("vms"),
    )  # fmt: skip


def _vm_row(material: Material, vm: Vm) -> tuple[CellValue, ...]:
    return (
        vm.name,
        material.cluster_name(vm.cluster_id),
        _vm_status(vm.status),
        material.host_name(vm.host_id) if vm.is_running else "",
        size(vm.memory_bytes),
        size(vm.memory_guaranteed_bytes),
        count(vm.vcpus),
        vm.custom_cpu_model or (vm.cpu_mode or "as the cluster").replace("_", " "),
        None if vm.affinity is None else vm.affinity.replace("_", " "),
        yes_no(vm.high_availability),
        yes_no(vm.next_run_configuration_exists, bad=True),
        vm.id,
    )


def _vm_status(word: str) -> Cell:
    tones = {VmStatus.UP: Tone.GOOD, VmStatus.DOWN: Tone.MUTED, VmStatus.SUSPENDED: Tone.MUTED}
    tones |= {VmStatus.UNKNOWN: Tone.UNKNOWN, VmStatus.NOT_RESPONDING: Tone.BAD, VmStatus.PAUSED: Tone.BAD}
    return Cell(text=word.replace("_", " "), tone={str(k): v for k, v in tones.items()}.get(word, Tone.WARN))


def _groups(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for group in sorted(
        material.inventory.affinity_groups, key=lambda g: (material.cluster_name(g.cluster_id), g.name, g.id)
    ):
        vms, hosts = material.inventory.members_of(group)
        rows.append(
            (
                group.name,
                material.cluster_name(group.cluster_id),
                _rule(
                    group.vms_rule.enabled,
                    group.vms_rule.enforcing,
                    group.vms_rule.positive,
                    "together",
                    "apart",
                ),
                _rule(
                    group.hosts_rule.enabled,
                    group.hosts_rule.enforcing,
                    group.hosts_rule.positive,
                    "on",
                    "not on",
                ),
                joined(sorted(material.vm_name(i) or i for i in vms)),
                joined(sorted(material.host_name(i) or i for i in hosts)),
                yes_no(group.broken, bad=True),
                group.id,
            )
        )
    return Table(
        id="affinity-groups",
        caption="Affinity groups",
        columns=columns(
            "group=Group", "cluster=Cluster", "vms_rule=VMs run", "hosts_rule=VMs run on hosts", "vms=VMs",
            "hosts=Hosts",
            "broken=Broken now", "@id=Id",
        ),
        rows=tuple(rows),
        pointer=material.pointer("affinity_groups"),
    )  # fmt: skip


def _rule(enabled: bool, enforcing: bool, positive: bool, yes: str, no: str) -> str:
    if not enabled:
        return ""
    return f"{yes if positive else no}, {'always' if enforcing else 'if possible'}"
