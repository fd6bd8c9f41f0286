"""Where each running VM could go: a matrix of VMs and hosts per cluster, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rhevmig.inventory import Cluster, Host
from rhevmig.report.context import Material
from rhevmig.report.document import CellValue, Figure, Grid, Mark, Table, Tone
from rhevmig.report.row_folding import MERGE_FROM, merged_rows, some_names
from rhevmig.report.sections.vm_migratability import VmAnswer, movable_cell
from rhevmig.report.tables import columns
from rhevmig.scheduling import Allowed, Obstacle, Verdict

_MOST_COLUMNS = 32
_NOTE = (
    "Green: it could move there. Amber: only with force. Red: the filter that refuses, or what keeps the VM "
    "from "
    "moving at all."
)
_FEW = "Dot: it runs there."
_MANY = "VMs with the same answers share a row, in which the hosts that they run on are not marked."


def destination_figures(material: Material) -> tuple[Figure, ...]:
    """A matrix for each cluster in which a VM runs and that has two hosts."""
    answers: dict[str, list[VmAnswer]] = {}
    for answer in material.vm_answers:
        answers.setdefault(answer.explanation.cluster_id, []).append(answer)
    return tuple(
        _matrix(cluster, hosts, answers[cluster.id])
        for cluster in material.clusters
        if len(hosts := material.hosts_of(cluster)) > 1 and cluster.id in answers
    )


def _matrix(cluster: Cluster, hosts: tuple[Host, ...], answers: Sequence[VmAnswer]) -> Figure:
    shown = hosts[:_MOST_COLUMNS]
    is_merged = len(answers) >= MERGE_FROM
    rows = [
        (answer.explanation.vm_name, _marks(answer, shown, marks_present=not is_merged)) for answer in answers
    ]
    drawn = merged_rows([(tuple((m.text, m.tone) for m in marks), name, marks) for name, marks in rows])
    notes = [_NOTE, _MANY if is_merged else _FEW]
    if len(hosts) > len(shown):
        notes.append(f"The first {len(shown)} of {len(hosts)} hosts are drawn.")
    return Figure(
        id=f"figure-destinations-{cluster.id}",
        caption=f"Destinations in {cluster.name}",
        drawing=Grid(
            rows=tuple(label for label, _ in drawn),
            columns=tuple(host.name for host in shown),
            marks=tuple(marks for _, marks in drawn),
        ),
        table=_table(cluster, answers),
        note=" ".join(notes),
    )


def _marks(answer: VmAnswer, hosts: tuple[Host, ...], *, marks_present: bool) -> tuple[Mark, ...]:
    verdicts = {verdict.host_id: verdict for verdict in answer.explanation.verdicts}
    held = next((o for o in answer.explanation.obstacles if o.allowed == Allowed.NO), None)
    return tuple(_mark(verdicts.get(host.id), held, marks_present=marks_present) for host in hosts)


def _mark(verdict: Verdict | None, held: Obstacle | None, *, marks_present: bool) -> Mark:
    if verdict is None:
        return Mark(text="?", tone=Tone.UNKNOWN, detail="not judged")
    if verdict.is_current_host and marks_present:
        return Mark(text="●", tone=Tone.MUTED, detail="runs here")
    if held is not None and not held.force_helps:
        return Mark(text=held.code.replace("_", " "), tone=Tone.BAD, detail=held.sentence)
    if verdict.allowed == Allowed.YES or verdict.is_current_host:
        if held is not None:
            return Mark(text="only by force", tone=Tone.WARN, detail=held.sentence)
        return Mark(text="✓", tone=Tone.GOOD, detail="could move here")
    names = list(dict.fromkeys(reason.filter for reason in verdict.reasons))
    text = names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else "?"
    tone = Tone.BAD if verdict.allowed == Allowed.NO else Tone.UNKNOWN
    return Mark(text=text, tone=tone, detail="; ".join(reason.sentence for reason in verdict.reasons))


def _table(cluster: Cluster, answers: Sequence[VmAnswer]) -> Table:
    return Table(
        id=f"destinations-{cluster.id}",
        caption=f"Destinations in {cluster.name}",
        columns=columns(
            "vm=VM",
            "answer=Can it move",
            "destinations=Could move to",
            "refusing=Hosts that refuse",
            "@id=Id",
        ),
        rows=tuple(_row(answer) for answer in answers),
        open_rows=12,
    )


def _row(answer: VmAnswer) -> tuple[CellValue, ...]:
    refusals: dict[str, list[str]] = {}
    for verdict in answer.explanation.verdicts:
        if not verdict.is_current_host and verdict.allowed != Allowed.YES:
            named = ", ".join(dict.fromkeys(reason.filter for reason in verdict.reasons)) or "not told"
            refusals.setdefault(named, []).append(verdict.host_name)
    return (
        answer.explanation.vm_name,
        movable_cell(answer.movable),
        some_names([verdict.host_name for verdict in answer.destinations]) or "none",
        "; ".join(f"{names}: {some_names(hosts)}" for names, hosts in sorted(refusals.items())),
        answer.explanation.vm_id,
    )
