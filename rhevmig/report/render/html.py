"""The document as one HTML file without external assets, readable without scripts, printable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources

import jinja2

from rhevmig.checks import Severity
from rhevmig.report.document import (
    CellValue,
    Column,
    Document,
    Fact,
    Facts,
    FindingGroup,
    FindingItem,
    Section,
    Table,
    Tone,
)
from rhevmig.report.render.charts import picture_of

_CODE = re.compile(r"`([^`]+)`")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Fewer rows than this are not worth folding.
_WORTH_FOLDING = 4
_PILL_CHARS = 28


def render_html(document: Document) -> str:
    """The whole report as one HTML page."""
    return (
        _environment()
        .get_template("page.j2")
        .render(document=document, style=_text("style.css"), script=_text("filter.j2"))
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(parts=_parts, folded=_folded, px=_px)
    environment.globals.update(
        picture_of=picture_of,
        cell=_cell,
        table_rows=_table_rows,
        facts_in=_facts_in,
        statuses_in=_statuses_in,
        clusters_in=_clusters_in,
        severities=[severity.value for severity in Severity],
        portrait=("summary", "findings", "unseen"),
    )
    return environment


@cache
def _text(name: str) -> str:
    return resources.files("rhevmig.report").joinpath("render", "templates", name).read_text(encoding="utf-8")


def _parts(text: str) -> list[str]:
    """Text in pieces; every second one was between backticks."""
    return _CODE.split(text)


def _table_rows(table: Table, rows: Sequence[tuple[CellValue, ...]]) -> str:
    """The rows of a table. Written here and not in the template, which is slow for 100,000 cells."""
    return "\n".join(
        f"<tr>{''.join(_table_cell(c, value) for c, value in zip(table.columns, row, strict=True))}</tr>"
        for row in rows
    )


def _table_cell(column: Column, value: CellValue) -> str:
    content = _short_id(value) if column.is_id and isinstance(value, str) else _cell(value)
    looks = ' class="num"' if column.is_figure else ' class="w"' if _is_long(value) else ""
    return f"<td{looks}>{content}</td>"


def _short_id(text: str) -> str:
    if _ID.fullmatch(text):
        return f'<span class="id" title="{text}">{text[:8]}…</span>'
    return f'<span class="id">{escape(text)}</span>'


def _cell(value: CellValue) -> str:
    if value is None:
        return '<span class="unseen" title="not observed">–</span>'
    if isinstance(value, str):
        return escape(value)
    if value.tone == Tone.PLAIN:
        return escape(value.text)
    look = "said" if _is_long(value) else "pill"
    return f'<span class="{look} tone-{value.tone.value}">{escape(value.text)}</span>'


def _is_long(value: CellValue) -> bool:
    """Whether a cell is so long that it may break into lines."""
    return len((value if isinstance(value, str) else value.text) if value else "") > _PILL_CHARS


def _folded(table: Table) -> tuple[tuple[tuple[CellValue, ...], ...], tuple[tuple[CellValue, ...], ...]]:
    """Rows that stay open, and those that are folded."""
    if len(table.rows) <= table.open_rows + _WORTH_FOLDING:
        return table.rows, ()
    return table.rows[: table.open_rows], table.rows[table.open_rows :]


def _facts_in(block: Facts) -> tuple[Fact, ...]:
    return block.items


def _items_in(section: Section) -> list[FindingItem]:
    return [item for block in section.blocks if isinstance(block, FindingGroup) for item in block.items]


def _statuses_in(section: Section) -> list[str]:
    return sorted({item.status for item in _items_in(section)})


def _clusters_in(section: Section) -> list[str]:
    return sorted({name for item in _items_in(section) for name in item.clusters})


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
