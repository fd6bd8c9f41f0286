"""Method, thresholds with their sources, and where to find the raw data."""

from __future__ import annotations

from rhevmig.checks import CHECKS
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Section, Table
from rhevmig.report.prose import fixed_rows, prose
from rhevmig.report.sections.findings import threshold_texts
from rhevmig.report.tables.table_column import table_of, text


def appendix_section(context: ReportContext) -> Section:
    """Method, thresholds with their sources, and how to find each object in the snapshot."""
    return Section(
        id="appendix", title="Appendix", blocks=(_method(), _thresholds(context), prose("pointers"))
    )


def _method() -> Table:
    return table_of(
        "method",
        "How figures and answers are found",
        fixed_rows("method"),
        (text("what", "What", lambda r: r[0]), text("how", "How", lambda r: r[1])),
        open_rows=20,
    )


def _thresholds(context: ReportContext) -> Table:
    return table_of(
        "thresholds",
        "What each check reads, its thresholds, and their sources",
        CHECKS.values(),
        (
            text("check", "Check", lambda c: c.id),
            text("needs", "Reads", lambda c: ", ".join(c.needs)),
            text("figure", "Thresholds and their sources", lambda c: "; ".join(threshold_texts(context, c))),
        ),
        open_rows=40,
    )
