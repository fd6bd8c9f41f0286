"""The document as one HTML file: no outside asset, readable without scripts, made for paper too."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import jinja2

from rhevmig.checks import Severity
from rhevmig.report.document import (
    CellValue,
    Document,
    Fact,
    Facts,
    FindingGroup,
    FindingItem,
    Section,
    Table,
)
from rhevmig.report.render.charts import picture_of

_CODE = re.compile(r"`([^`]+)`")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Folding fewer rows than this would cost the reader more than it saves.
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
    environment.filters.update(parts=_parts, folded=_folded, px=_px, wordy=_wordy)
    environment.tests.update(an_id=_is_id)
    environment.globals.update(
        picture_of=picture_of,
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
    """Text in pieces; every second one stood between backticks."""
    return _CODE.split(text)


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _folded(table: Table) -> tuple[tuple[tuple[CellValue, ...], ...], tuple[tuple[CellValue, ...], ...]]:
    """Rows that stay open, and those that are folded away."""
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


def _wordy(value: CellValue) -> bool:
    """Whether a cell is so long that it may break into lines."""
    return len((value if isinstance(value, str) else value.text) if value else "") > _PILL_CHARS


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
