"""What the checks say: findings by check, worst first, with evidence, remedy and where figures come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rhevmig.checks import CHECKS, Check, Finding, Severity, Status, Threshold
from rhevmig.policy import Policy
from rhevmig.report.context import Material
from rhevmig.report.document import (
    Cell,
    CellValue,
    Fact,
    FindingGroup,
    FindingItem,
    FoundObject,
    Prose,
    Section,
    Table,
    Tone,
)
from rhevmig.report.tables import columns, count, natural

STATUS_TONES = {
    Status.PASS: Tone.GOOD,
    Status.FAIL: Tone.BAD,
    Status.UNKNOWN: Tone.UNKNOWN,
    Status.ERROR: Tone.UNKNOWN,
    Status.WAIVED: Tone.WARN,
    Status.NOT_APPLICABLE: Tone.MUTED,
}
_STATUS_WORDS = {
    Status.FAIL: "fails",
    Status.UNKNOWN: "cannot be judged",
    Status.ERROR: "the check broke",
    Status.WAIVED: "waived",
    Status.PASS: "passes",
    Status.NOT_APPLICABLE: "does not apply",
}
_COUNTED = {
    Status.FAIL: "failed",
    Status.UNKNOWN: "not judged",
    Status.ERROR: "broke",
    Status.WAIVED: "waived",
}
_HEADS = {
    Status.PASS: "Passes",
    Status.FAIL: "Fails",
    Status.UNKNOWN: "Not judged",
    Status.NOT_APPLICABLE: "N/A",
    Status.WAIVED: "Waived",
    Status.ERROR: "Broke",
}
_SHOWN = (Status.FAIL, Status.UNKNOWN, Status.ERROR, Status.WAIVED)


def severity_tone(severity: Severity) -> Tone:
    """How a failure of this severity is coloured."""
    return Tone.BAD if severity.at_or_above(Severity.HIGH) else Tone.WARN


def findings_section(material: Material) -> Section:
    """Everything that fails or cannot be judged, and what was checked at all."""
    if material.findings is None:
        note = Prose(
            text="The checks were not run; nothing in this report says that something is fine.",
            tone=Tone.UNKNOWN,
        )
        return Section(id="findings", title="Findings", blocks=(note,))
    groups = tuple(_group(material, check_id, found) for check_id, found in _by_check(material.findings))
    empty = Prose(text="Every check that applies passes.", tone=Tone.GOOD)
    return Section(
        id="findings",
        title="Findings",
        blocks=(*(groups or (empty,)),),
        sections=(Section(id="checks-run", title="What was checked", blocks=(_overview(material),)),),
    )


def _by_check(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings worth showing, by check; worst failure first, then what cannot be judged, then waivers."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status in _SHOWN:
            groups.setdefault(finding.check_id, []).append(finding)
    return sorted(groups.items(), key=lambda item: (*_worst(item[1]), item[0]))


def _worst(found: list[Finding]) -> tuple[int, int]:
    return min((_SHOWN.index(f.status), f.severity.rank) for f in found)


def _group(material: Material, check_id: str, found: list[Finding]) -> FindingGroup:
    check = CHECKS.get(check_id)
    ordered = sorted(
        found, key=lambda f: (_SHOWN.index(f.status), f.severity.rank, natural(f.scope.name), f.scope.id)
    )
    remedies = {f.remedy for f in ordered}
    shared = remedies.pop() if len(remedies) == 1 else ""
    counts = Counter(f.status for f in ordered)
    worst = ordered[0]
    return FindingGroup(
        check_id=check_id,
        title=check.title if check else worst.message,
        area=check.area if check else "",
        severity=worst.severity.value,
        tone=STATUS_TONES[worst.status] if worst.status != Status.FAIL else severity_tone(worst.severity),
        counts=tuple(Fact(name=_COUNTED[s], value=str(counts[s])) for s in _SHOWN if counts[s]),
        items=_items(material, ordered, shared),
        remedy=shared,
        thresholds=tuple(
            threshold_text(t.name, t.default, t.unit, t.provenance, material.policy)
            for t in _thresholds(check)
        ),
    )


def _thresholds(check: Check | None) -> tuple[Threshold, ...]:
    return check.thresholds if check else ()


def threshold_text(name: str, default: float, unit: str, provenance: str, policy: Policy) -> str:
    """A figure with its unit and where it comes from: the site's policy before the check's default."""
    key = name.removeprefix("thresholds.")
    own = getattr(policy.thresholds, key, None)
    if own is None:
        return f"{name} {_short(default)} {unit} (default; {provenance})".replace("  ", " ")
    source = policy.provenance.get(name) or policy.provenance.get(key) or "no source given"
    return f"{name} {_short(own)} {unit} (policy {policy.name}; {source})"


def _short(value: float) -> str:
    return f"{value:g}"


def _items(material: Material, found: list[Finding], shared_remedy: str) -> tuple[FindingItem, ...]:
    """One item for all objects of which the same is said, so that 900 VMs with one trouble stay readable."""
    same: dict[tuple[object, ...], list[Finding]] = {}
    for f in found:
        key = (f.status, f.severity, f.message, f.evidence, f.remedy, f.missing, f.waiver, f.scope.kind)
        same.setdefault(key, []).append(f)
    return tuple(_item(material, findings, shared_remedy) for findings in same.values())


def _item(material: Material, found: list[Finding], shared_remedy: str) -> FindingItem:
    first = found[0]
    return FindingItem(
        status=_STATUS_WORDS[first.status],
        tone=STATUS_TONES[first.status] if first.status != Status.FAIL else severity_tone(first.severity),
        kind=first.scope.kind.replace("_", " "),
        objects=tuple(_object(material, finding) for finding in found),
        message=first.message,
        evidence=tuple((e.name, e.observed, e.expected) for e in first.evidence),
        remedy="" if shared_remedy else first.remedy,
        missing=first.missing or "",
        waiver=first.waiver or "",
    )


def _object(material: Material, finding: Finding) -> FoundObject:
    scope = finding.scope
    return FoundObject(
        name=scope.name,
        id=scope.id,
        clusters=_clusters(material, finding),
        pointer=material.pointer("", scope.id),
    )


def _clusters(material: Material, finding: Finding) -> tuple[str, ...]:
    scope = finding.scope
    if scope.cluster_id:
        return (material.cluster_name(scope.cluster_id),)
    if scope.data_center_id:
        return tuple(c.name for c in material.clusters if c.data_center_id == scope.data_center_id)
    return ()


def _overview(material: Material) -> Table:
    rows = []
    findings = tuple(material.findings or ())
    for check in CHECKS.values():
        counts = Counter(f.status for f in findings if f.check_id == check.id)
        rows.append(
            (
                check.id,
                check.area,
                check.severity.value,
                check.title,
                *(_tally(counts[status], status) for status in Status),
            )
        )
    heads = [f"#{status.value}={_HEADS[status]}" for status in Status]
    return Table(
        id="checks",
        caption="Every check and what became of it, object by object",
        columns=columns("id=Check", "area=Area", "severity=Severity", "title=What should hold", *heads),
        rows=tuple(rows),
        open_rows=40,
    )


def _tally(number: int, status: Status) -> CellValue:
    if not number:
        return "0"
    return Cell(text=count(number) or "", tone=STATUS_TONES[status])
