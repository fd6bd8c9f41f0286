"""The document as Markdown: one line per row and a fixed order, so that two reports compare well in git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rhevmig.report.document import (
    Block,
    CellValue,
    Document,
    Fact,
    Facts,
    Figure,
    FindingGroup,
    FindingItem,
    Prose,
    Section,
    Table,
    Tone,
    VerdictCard,
    Verdicts,
)

#: Label of a note, which HTML shows by colour.
_NOTES = {
    Tone.WARN: "Caution",
    Tone.BAD: "Problem",
    Tone.UNKNOWN: "Not known",
    Tone.GOOD: "Good",
    Tone.MUTED: "Note",
}

_MARKUP = {"\\": "\\\\", "<": "&lt;", "*": "\\*", "[": "\\[", "_": "\\_", "`": "\\`", "|": "\\|"}


def render_markdown(document: Document) -> str:
    """The whole report as Markdown (GitHub's tables)."""
    lines = [f"# {_text(document.title)}", "", _text(document.subtitle), ""]
    lines.extend(_facts(document.record))
    for section in document.sections:
        lines.extend(_section(section, 2))
    return "\n".join(lines).rstrip() + "\n"


def _section(section: Section, depth: int) -> Iterator[str]:
    yield from (f"{'#' * depth} {_text(section.title)}", "")
    for block in section.blocks:
        yield from _block(block, depth)
    for inner in section.sections:
        yield from _section(inner, depth + 1)


def _block(block: Block, depth: int) -> Iterator[str]:
    match block:
        case Prose():
            note = f"**{_NOTES[block.tone]}:** " if block.tone in _NOTES else ""
            quote = "> " if note else ""
            yield from (f"{quote}{note}{_prose(block.text)}", "")
        case Facts():
            yield from _facts(block.items)
        case Table():
            yield from _table(block)
        case Figure():
            yield from _table(block.table)
            if block.note:
                yield from (f"*{_text(block.note)}*", "")
        case Verdicts():
            for card in block.cards:
                yield from _card(card, depth + 1)
        case FindingGroup():
            yield from _group(block, depth + 1)


def _facts(facts: Sequence[Fact]) -> Iterator[str]:
    for fact in facts:
        yield f"- {_text(fact.name)}: {_cell(fact.value)}"
    yield ""


def _table(table: Table) -> Iterator[str]:
    pointer = f" (`{table.pointer}`)" if table.pointer else ""
    yield from (f"**{_text(table.caption)}**{pointer}", "")
    if not table.rows:
        yield from (_text(table.empty), "")
        return
    yield _row([_text(column.title) for column in table.columns])
    yield _row(["---:" if column.is_figure else "---" for column in table.columns])
    for row in table.rows:
        yield _row([_cell(value) for value in row])
    yield ""


def _card(card: VerdictCard, depth: int) -> Iterator[str]:
    yield from (f"{'#' * depth} {_text(card.name)}: {card.verdict}", "", _text(card.subtitle), "")
    if card.counts:
        yield from (", ".join(f"{_cell(fact.value)} {_text(fact.name)}" for fact in card.counts), "")
    for text in card.blockers:
        yield f"- {_text(text)}"
    if card.more:
        yield f"- and {card.more} more, see Findings"
    if card.blockers:
        yield ""


def _group(group: FindingGroup, depth: int) -> Iterator[str]:
    yield from (f"{'#' * depth} {group.check_id} {_text(group.title)}", "")
    counts = ", ".join(f"{_cell(fact.value)} {_text(fact.name)}" for fact in group.counts)
    yield from (f"{group.severity}, {group.area}: {counts}", "")
    if group.remedy:
        yield from (f"What to do: {_text(group.remedy)}", "")
    for item in group.items:
        yield from _item(item)
    yield ""
    for text in group.thresholds:
        yield from (f"Compared with {_text(text)}", "")


def _item(item: FindingItem) -> Iterator[str]:
    kind = item.kind if len(item.objects) == 1 else f"{len(item.objects)} × {item.kind}"
    yield f"- {item.status}, {_text(kind)}: {_text(item.message)}"
    for found in item.objects:
        where = f", {_text(', '.join(found.clusters))}" if found.clusters and item.kind != "cluster" else ""
        yield f"  - **{_text(found.name)}**{where} (`{found.pointer or found.id}`)"
    if item.missing:
        yield f"  - missing: {_text(item.missing)}"
    if item.waiver:
        yield f"  - waived: {_text(item.waiver)}"
    for name, observed, expected in item.evidence:
        yield f"  - {_text(name)}: {_text(observed)}" + (f" (expected {_text(expected)})" if expected else "")
    if item.remedy:
        yield f"  - what to do: {_text(item.remedy)}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: CellValue) -> str:
    if value is None:
        return "–"
    return _text(value if isinstance(value, str) else value.text)


def _text(text: str) -> str:
    """One line, with the markup of Markdown and HTML escaped."""
    return "".join(_MARKUP.get(character, character) for character in " ".join(text.split()))


def _prose(text: str) -> str:
    """Text of the report itself: text between backticks stays code, all else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _text(text)
    return "".join(f"`{part}`" if number % 2 else _edges(part) for number, part in enumerate(parts))


def _edges(text: str) -> str:
    """Escaped, with the spaces at both ends kept."""
    head, tail = " " * text.startswith(" "), " " * (text.endswith(" ") and bool(text.strip()))
    return f"{head}{_text(text)}{tail}"
