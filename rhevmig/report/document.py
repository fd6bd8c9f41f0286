"""The document that every format renders: sections, prose, tables, figures, verdicts, findings.

Plain frozen data in reading order. A renderer adds looks, never content, so all formats have the same
content. A cell that is None was *not observed* and is shown as a dash.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

#: Marks a JSON file as a report.
DOCUMENT_FORMAT: Final = "rhevmig-report"
#: Raised when a field is removed or changes its meaning.
DOCUMENT_SCHEMA_VERSION: Final = 1


class Tone(StrEnum):
    """What a piece of content means for the reader; its text always has the same meaning."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    #: Could not be judged or seen; never read as good.
    UNKNOWN = "unknown"
    MUTED = "muted"


class Cell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that carries a tone."""

    text: str
    tone: Tone = Tone.PLAIN


#: A value of a table or a fact: text, text with a tone, or None for what was not observed.
CellValue = str | Cell | None


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table."""

    #: Stable key for programs.
    name: str
    #: Heading for people, with the unit where the cells have none.
    title: str
    #: Right-aligned.
    is_figure: bool = False
    #: Set small; the last column.
    is_id: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True, tag="table", omit_defaults=True):
    """Rows under columns."""

    #: Stable key, unique in the document.
    id: str
    caption: str
    columns: tuple[Column, ...]
    #: One cell per column.
    rows: tuple[tuple[CellValue, ...], ...] = ()
    #: Shown instead of a table without rows.
    empty: str = "There are none."
    #: Number of rows that stay open in HTML; the others are folded, never omitted.
    open_rows: int = 15
    #: JSON pointer into the snapshot that the rows are read from.
    pointer: str = ""


class Prose(msgspec.Struct, frozen=True, kw_only=True, tag="prose", omit_defaults=True):
    """A paragraph; text between backticks is set as code."""

    text: str
    #: Any tone but plain makes it a boxed note.
    tone: Tone = Tone.PLAIN
    #: Whether it is the sentence to remember.
    is_lead: bool = False


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named value."""

    name: str
    value: CellValue = None


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag="facts", omit_defaults=True):
    """A list of named values."""

    items: tuple[Fact, ...]


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a grid."""

    #: A short word or sign; empty where there is nothing to show.
    text: str = ""
    tone: Tone = Tone.MUTED
    #: Tooltip; the table of the figure has the same text.
    detail: str = ""


class Grid(msgspec.Struct, frozen=True, kw_only=True, tag="grid", omit_defaults=True):
    """A matrix of marks."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    marks: tuple[tuple[Mark, ...], ...]


class Bar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One bar."""

    label: str
    #: Length, in the unit of the bars; None where it was not observed.
    value: float | None = None
    #: The value as people read it.
    text: str = "–"
    tone: Tone = Tone.PLAIN


class Bars(msgspec.Struct, frozen=True, kw_only=True, tag="bars", omit_defaults=True):
    """Bars from a common zero."""

    bars: tuple[Bar, ...]
    #: Name of the axis, with its unit.
    axis: str
    #: A line to compare with, in the same unit.
    line: float | None = None
    line_text: str = ""


class Rung(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a ladder with its members."""

    label: str
    members: tuple[str, ...] = ()
    #: Whether this is the step in effect.
    is_current: bool = False
    #: Whether its members prevent a higher step for all.
    holds_down: bool = False


class Ladder(msgspec.Struct, frozen=True, kw_only=True, tag="ladder", omit_defaults=True):
    """Steps from the highest to the lowest."""

    rungs: tuple[Rung, ...]


class Figure(msgspec.Struct, frozen=True, kw_only=True, tag="figure", omit_defaults=True):
    """A drawing with the same content as a table."""

    #: Stable key, unique in the document.
    id: str
    caption: str
    drawing: Grid | Bars | Ladder
    #: The same content; formats without drawings show only this.
    table: Table
    note: str = ""


class VerdictCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The verdict on one cluster."""

    name: str
    subtitle: str
    #: `ready`, `not ready`, `cannot be judged`.
    verdict: str
    tone: Tone
    counts: tuple[Fact, ...] = ()
    #: Findings that decide the verdict, worst first.
    blockers: tuple[str, ...] = ()
    #: Number of further blockers.
    more: int = 0


class Verdicts(msgspec.Struct, frozen=True, kw_only=True, tag="verdicts", omit_defaults=True):
    """The verdicts, side by side."""

    cards: tuple[VerdictCard, ...]


class FoundObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An object of a finding."""

    name: str
    id: str
    #: Clusters that it counts for; empty means all.
    clusters: tuple[str, ...] = ()
    #: JSON pointer to it in the snapshot.
    pointer: str = ""


class FindingItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding about one object, or about several with the same finding."""

    #: `fails`, `cannot be judged`, `the check broke`, `waived`.
    status: str
    tone: Tone
    kind: str
    objects: tuple[FoundObject, ...]
    message: str
    #: Name, observed value, expected value.
    evidence: tuple[tuple[str, str, str], ...] = ()
    #: Where it differs from that of the group.
    remedy: str = ""
    #: What was missing where it cannot be judged.
    missing: str = ""
    #: Who accepted it, why, until when.
    waiver: str = ""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Clusters that it counts for; empty means all."""
        if any(not found.clusters for found in self.objects):
            return ()
        return tuple(dict.fromkeys(name for found in self.objects for name in found.clusters))


class FindingGroup(msgspec.Struct, frozen=True, kw_only=True, tag="finding_group", omit_defaults=True):
    """All findings of one check."""

    check_id: str
    #: What should hold.
    title: str
    area: str
    severity: str
    tone: Tone
    counts: tuple[Fact, ...]
    items: tuple[FindingItem, ...]
    #: Where it is the same for all items.
    remedy: str = ""
    #: Thresholds with their sources.
    thresholds: tuple[str, ...] = ()
    #: Number of items that stay open in HTML.
    open_items: int = 8


Block = Prose | Facts | Table | Figure | Verdicts | FindingGroup


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A heading with its content."""

    #: Stable key, unique in the document.
    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()

    def walk(self) -> Iterator[Section]:
        """This section and all under it, in reading order."""
        yield self
        for section in self.sections:
            yield from section.walk()


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole report."""

    #: Always `rhevmig-report`.
    format: str
    schema_version: int
    title: str
    subtitle: str
    #: None where it is left out, so that equal input gives equal files.
    made_at: datetime | None = None
    #: Record of the run, shown on the cover.
    record: tuple[Fact, ...] = ()
    sections: tuple[Section, ...] = ()

    def walk(self) -> Iterator[Section]:
        """All sections in reading order."""
        for section in self.sections:
            yield from section.walk()

    def tables(self) -> Iterator[Table]:
        """All tables in reading order, those of figures included."""
        for section in self.walk():
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block
                elif isinstance(block, Figure):
                    yield block.table
