"""Where each running VM could migrate: a matrix of VMs and hosts per cluster, and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from rhevmig.inventory import Cluster, Host
from rhevmig.report.context import ReportContext, RunningVm
from rhevmig.report.document import Cell, Figure, Grid, Mark, Tone
from rhevmig.report.prose import sentence
from rhevmig.report.tables.cells import MERGE_FROM, first_names, merged_label, natural
from rhevmig.report.tables.table_column import engine_id, table_of, text
from rhevmig.scheduling import Allowed, ClassVerdicts, Migratability, Obstacle, Reason, VmClass

_MOST_COLUMNS = 32
_NAMES_SHOWN = 12
_ANSWERS = {
    Migratability.YES: Cell(text="yes", tone=Tone.GOOD),
    Migratability.FORCE: Cell(text="only with force", tone=Tone.WARN),
    Migratability.NO: Cell(text="no", tone=Tone.BAD),
    Migratability.UNKNOWN: Cell(text="cannot be judged", tone=Tone.UNKNOWN),
}
_PRESENT = Mark(text="●", tone=Tone.MUTED, detail="runs here")


def answer_cell(answer: Migratability) -> Cell:
    """The answer in its tone."""
    return _ANSWERS[answer]


def destination_figures(context: ReportContext) -> tuple[Figure, ...]:
    """A matrix for each cluster in which a VM runs and that has two hosts."""
    by_cluster: dict[str, list[RunningVm]] = {}
    for each in context.running_vms:
        by_cluster.setdefault(each.vm.cluster_id, []).append(each)
    return tuple(
        _matrix(context, cluster, hosts, by_cluster[cluster.id])
        for cluster in context.clusters
        if len(hosts := context.hosts_of(cluster)) > 1 and cluster.id in by_cluster
    )


class _ClassAnswers:
    """The verdicts about a class of VMs, ready to be written for each VM of it."""

    def __init__(self, verdicts: ClassVerdicts) -> None:
        self._by_host = dict(zip((host.id for host in verdicts.hosts), verdicts.reasons, strict=True))
        self._names = {host.id: host.name for host in verdicts.hosts}

    @cached_property
    def _accepting(self) -> list[str]:
        return sorted((self._names[each] for each, found in self._by_host.items() if not found), key=natural)

    @cached_property
    def _refusing(self) -> dict[str, list[str]]:
        refusing: dict[str, list[str]] = {}
        for each, found in self._by_host.items():
            if found:
                refusing.setdefault(", ".join(_filters(found)), []).append(self._names[each])
        return {filters: sorted(names, key=natural) for filters, names in sorted(refusing.items())}

    def destinations(self, each: RunningVm) -> str:
        """Names of the accepting hosts, the VM's own host left out."""
        return self._without_own(self._accepting, each) or "none"

    def refusals(self, each: RunningVm) -> str:
        """Names of the refusing hosts by filter, the VM's own host left out."""
        named = ((f, self._without_own(names, each)) for f, names in self._refusing.items())
        return "; ".join(f"{filters}: {names}" for filters, names in named if names)

    def marks(self, hosts: Sequence[Host], held: Obstacle | None) -> tuple[Mark, ...]:
        """The marks of a row of the matrix."""
        return tuple(_mark(self._by_host[host.id], held) for host in hosts)

    def _without_own(self, ordered: list[str], each: RunningVm) -> str:
        """The first names; of hundreds only those are copied that are shown."""
        own = self._names.get(each.vm.host_id or "")
        if own is None or own not in ordered:
            return first_names(ordered, most=_NAMES_SHOWN)
        shown = [name for name in ordered[: _NAMES_SHOWN + 1] if name != own][:_NAMES_SHOWN]
        more = len(ordered) - 1 - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")


def _filters(reasons: Sequence[Reason]) -> list[str]:
    return list(dict.fromkeys(reason.filter for reason in reasons))


def _holding(each: RunningVm) -> Obstacle | None:
    """The first obstacle because of which the engine refuses the migration."""
    return next((o for o in each.summary.obstacles if o.allowed == Allowed.NO), None)


def _mark(reasons: Sequence[Reason], held: Obstacle | None) -> Mark:
    if held is not None and not held.force_helps:
        return Mark(text=held.code.replace("_", " "), tone=Tone.BAD, detail=held.sentence)
    if not reasons:
        if held is not None:
            return Mark(text="only by force", tone=Tone.WARN, detail=held.sentence)
        return Mark(text="✓", tone=Tone.GOOD, detail="can migrate here")
    names = _filters(reasons)
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    is_refused = any(reason.allowed == Allowed.NO for reason in reasons)
    return Mark(
        text=names[0] + more,
        tone=Tone.BAD if is_refused else Tone.UNKNOWN,
        detail="; ".join(reason.sentence for reason in reasons),
    )


class _Rows:
    """The running VMs of a cluster with the answers of their classes."""

    def __init__(self, context: ReportContext, vms: Sequence[RunningVm]) -> None:
        self.vms = vms
        self._scheduler = context.scheduler
        self._answers: dict[VmClass, _ClassAnswers] = {}

    def class_of(self, each: RunningVm) -> VmClass:
        """The class of a VM."""
        return self._scheduler.class_of(each.vm)

    def answers(self, each: RunningVm) -> _ClassAnswers:
        """The answers about the class of a VM."""
        key = self.class_of(each)
        if key not in self._answers:
            self._answers[key] = _ClassAnswers(self._scheduler.class_verdicts(each.vm))
        return self._answers[key]

    def separate(self, hosts: Sequence[Host]) -> list[tuple[str, tuple[Mark, ...]]]:
        """One row per VM, with a mark where it runs."""
        rows = []
        for each in self.vms:
            marks = self.answers(each).marks(hosts, _holding(each))
            by_host = zip(hosts, marks, strict=True)
            own = tuple(_PRESENT if host.id == each.vm.host_id else mark for host, mark in by_host)
            rows.append((each.vm.name, own))
        return rows

    def merged(self, hosts: Sequence[Host]) -> list[tuple[str, tuple[Mark, ...]]]:
        """One row for all VMs with the same marks; few classes, so the marks are made per class."""
        classes: dict[tuple[VmClass, str], list[RunningVm]] = {}
        for each in self.vms:
            held = _holding(each)
            classes.setdefault((self.class_of(each), held.sentence if held else ""), []).append(each)
        drawn: dict[tuple[tuple[str, Tone], ...], tuple[tuple[Mark, ...], list[str]]] = {}
        for members in classes.values():
            marks = self.answers(members[0]).marks(hosts, _holding(members[0]))
            key = tuple((mark.text, mark.tone) for mark in marks)
            drawn.setdefault(key, (marks, []))[1].extend(each.vm.name for each in members)
        named = [(sorted(names, key=natural), marks) for marks, names in drawn.values()]
        return [(merged_label(n), marks) for n, marks in sorted(named, key=lambda row: natural(row[0][0]))]


def _matrix(
    context: ReportContext, cluster: Cluster, hosts: tuple[Host, ...], vms: Sequence[RunningVm]
) -> Figure:
    rows, shown = _Rows(context, vms), hosts[:_MOST_COLUMNS]
    is_merged = len(vms) >= MERGE_FROM
    drawn = rows.merged(shown) if is_merged else rows.separate(shown)
    notes = [sentence("destinations"), sentence(f"destinations of {'many' if is_merged else 'few'}")]
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
        table=table_of(
            f"destinations-{cluster.id}",
            f"Destinations in {cluster.name}",
            vms,
            (
                text("vm", "VM", lambda r: r.vm.name),
                text("answer", "Can migrate", lambda r: answer_cell(r.summary.migratability)),
                text("destinations", "Destinations", lambda r: rows.answers(r).destinations(r)),
                text("refusing", "Hosts that refuse", lambda r: rows.answers(r).refusals(r)),
                engine_id("id", "Id", lambda r: r.vm.id),
            ),
            open_rows=12,
        ),
        note=" ".join(notes),
    )
