"""What could not be seen, why, and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rhevmig.checks import Status
from rhevmig.inventory import Unobserved
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Section, Table, Tone
from rhevmig.report.prose import fixed_rows, prose
from rhevmig.report.tables.cells import merged_label, natural
from rhevmig.report.tables.table_column import figure, table_of, text


class _Gap(NamedTuple):
    """Objects of which the same is missing."""

    kind: str
    what: str
    names: list[str]
    reason: str
    remedy: str


def coverage_section(context: ReportContext) -> Section:
    """Everything that the account, the API or the instant did not show."""
    return Section(
        id="unseen",
        title="What could not be seen",
        blocks=(
            prose("unseen", tone=Tone.UNKNOWN),
            _unobserved(context),
            _unjudged(context),
            _never_seen(),
        ),
    )


def _unobserved(context: ReportContext) -> Table:
    return table_of(
        "unobserved",
        "Not observed in this run",
        _gaps(context),
        (
            text("kind", "Kind", lambda g: g.kind),
            text("what", "What", lambda g: g.what),
            text("objects", "Objects", lambda g: merged_label(g.names) if g.names else "all"),
            figure("count", "Count", lambda g: len(g.names) or ""),
            text("reason", "Why", lambda g: g.reason),
            text("remedy", "What would help", lambda g: g.remedy),
        ),
        empty="The account could read everything that was requested.",
        open_rows=30,
        pointer="/inventory/unobserved",
    )


def _gaps(context: ReportContext) -> Iterator[_Gap]:
    groups: dict[tuple[str, str, str, str], list[Unobserved]] = {}
    for item in context.inventory.unobserved:
        groups.setdefault((item.kind, item.what, item.reason, item.remedy), []).append(item)
    for (kind, what, reason, remedy), items in sorted(groups.items()):
        names = sorted((_name(context, item.id) for item in items if item.id is not None), key=natural)
        yield _Gap(kind, what, names, reason, remedy)


def _name(context: ReportContext, object_id: str) -> str:
    inventory = context.inventory
    found = (
        inventory.find_vm(object_id) or inventory.find_host(object_id) or inventory.find_cluster(object_id)
    )
    return found.name if found else object_id


def _unjudged(context: ReportContext) -> Table:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for finding in context.findings or ():
        if finding.status in (Status.UNKNOWN, Status.ERROR):
            key = (finding.check_id, finding.missing or finding.message, finding.remedy)
            groups.setdefault(key, []).append(finding.scope.name)
    return table_of(
        "unjudged",
        "Checks without an answer",
        [
            _Gap(check_id, missing, sorted(names, key=natural), "", remedy)
            for (check_id, missing, remedy), names in sorted(groups.items())
        ],
        (
            text("check", "Check", lambda g: g.kind),
            text("objects", "Objects", lambda g: merged_label(g.names)),
            figure("count", "Count", lambda g: len(g.names)),
            text("missing", "What was missing", lambda g: g.what),
            text("remedy", "What would help", lambda g: g.remedy),
        ),
        empty="Every check has an answer." if context.findings is not None else "The checks were not run.",
        open_rows=30,
    )


def _never_seen() -> Table:
    return table_of(
        "never-seen",
        "Not available through the API",
        fixed_rows("never-seen"),
        (
            text("kind", "Kind", lambda r: r[0]),
            text("what", "What", lambda r: r[1]),
            text("why", "Why", lambda r: r[2]),
            text("instead", "Where it can be seen", lambda r: r[3]),
        ),
        open_rows=30,
    )
