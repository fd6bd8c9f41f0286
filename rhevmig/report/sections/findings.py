"""The findings by check, worst first, with evidence, remedy and the source of thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rhevmig.checks import CHECKS, Check, Finding, Severity, Status, equal_findings
from rhevmig.report.context import ReportContext
from rhevmig.report.document import (
    Cell,
    Fact,
    FindingGroup,
    FindingItem,
    FoundObject,
    Section,
    Table,
    Tone,
)
from rhevmig.report.prose import prose
from rhevmig.report.tables.cells import count, natural
from rhevmig.report.tables.table_column import figure, table_of, text


class _Words(NamedTuple):
    """How the report writes a status."""

    tone: Tone
    heading: str
    item: str
    counted: str


_STATUS = {
    Status.FAIL: _Words(Tone.BAD, "Fails", "fails", "failed"),
    Status.UNKNOWN: _Words(Tone.UNKNOWN, "Not judged", "cannot be judged", "not judged"),
    Status.ERROR: _Words(Tone.UNKNOWN, "Broke", "the check broke", "broke"),
    Status.WAIVED: _Words(Tone.WARN, "Waived", "waived", "waived"),
    Status.PASS: _Words(Tone.GOOD, "Passes", "passes", "passed"),
    Status.NOT_APPLICABLE: _Words(Tone.MUTED, "N/A", "does not apply", "not applicable"),
}
_SHOWN = (Status.FAIL, Status.UNKNOWN, Status.ERROR, Status.WAIVED)


def findings_section(context: ReportContext) -> Section:
    """Everything that fails or cannot be judged, and what was checked at all."""
    if context.findings is None:
        note = prose("not checked", tone=Tone.UNKNOWN)
        return Section(id="findings", title="Findings", blocks=(note,))
    groups = tuple(_group(context, check_id, found) for check_id, found in _by_check(context.findings))
    return Section(
        id="findings",
        title="Findings",
        blocks=groups or (prose("all pass", tone=Tone.GOOD),),
        sections=(Section(id="checks-run", title="What was checked", blocks=(_overview(context),)),),
    )


def _by_check(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings to show by check, each worst first: failures, then what cannot be judged, then waivers."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status in _SHOWN:
            groups.setdefault(finding.check_id, []).append(finding)
    for found in groups.values():
        found.sort(key=lambda f: (*_rank(f), natural(f.scope.name), f.scope.id))
    return sorted(groups.items(), key=lambda item: (*_rank(item[1][0]), item[0]))


def _rank(finding: Finding) -> tuple[int, int]:
    return _SHOWN.index(finding.status), finding.severity.rank


def _tone(finding: Finding) -> Tone:
    if finding.status == Status.FAIL and not finding.severity.at_or_above(Severity.HIGH):
        return Tone.WARN
    return _STATUS[finding.status].tone


def _group(context: ReportContext, check_id: str, found: list[Finding]) -> FindingGroup:
    check, worst = CHECKS.get(check_id), found[0]
    remedies = {finding.remedy for finding in found}
    shared = remedies.pop() if len(remedies) == 1 else ""
    counts = Counter(finding.status for finding in found)
    return FindingGroup(
        check_id=check_id,
        title=check.title if check else worst.message,
        area=check.area if check else "",
        severity=worst.severity.value,
        tone=_tone(worst),
        counts=tuple(Fact(name=_STATUS[s].counted, value=str(counts[s])) for s in _SHOWN if counts[s]),
        items=tuple(_item(context, equal, shared) for equal in equal_findings(found)),
        remedy=shared,
        thresholds=threshold_texts(context, check) if check else (),
    )


def threshold_texts(context: ReportContext, check: Check) -> tuple[str, ...]:
    """The thresholds of a check with unit and source, as its evidence states them."""
    return tuple(f"{t.name} {t.expected(context.policy, '').strip()}" for t in check.thresholds)


def _item(context: ReportContext, found: tuple[Finding, ...], shared_remedy: str) -> FindingItem:
    first = found[0]
    return FindingItem(
        status=_STATUS[first.status].item,
        tone=_tone(first),
        kind=first.scope.kind.replace("_", " "),
        objects=tuple(_object(context, finding) for finding in found),
        message=first.message,
        evidence=tuple((e.name, e.observed, e.expected) for e in first.evidence),
        remedy="" if shared_remedy else first.remedy,
        missing=first.missing or "",
        waiver=first.waiver or "",
    )


def _object(context: ReportContext, finding: Finding) -> FoundObject:
    scope = finding.scope
    clusters: tuple[str, ...] = ()
    if scope.cluster_id:
        clusters = (context.cluster_name(scope.cluster_id),)
    elif scope.data_center_id:
        clusters = tuple(c.name for c in context.clusters if c.data_center_id == scope.data_center_id)
    return FoundObject(name=scope.name, id=scope.id, clusters=clusters, pointer=context.pointer(scope.id))


def _overview(context: ReportContext) -> Table:
    counts = Counter((finding.check_id, finding.status) for finding in context.findings or ())

    def tally(status: Status) -> Callable[[Check], Cell | str]:
        def cell(check: Check) -> Cell | str:
            number = counts[check.id, status]
            return Cell(text=count(number) or "", tone=_STATUS[status].tone) if number else "0"

        return cell

    return table_of(
        "checks",
        "Every check and its results, one per object",
        CHECKS.values(),
        (
            text("id", "Check", lambda c: c.id),
            text("area", "Area", lambda c: c.area),
            text("severity", "Severity", lambda c: c.severity.value),
            text("title", "What should hold", lambda c: c.title),
            *(figure(status.value, _STATUS[status].heading, tally(status)) for status in Status),
        ),
        open_rows=40,
    )
