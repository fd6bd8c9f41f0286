"""The layout of drawings: rectangles, lines and text at their places, for inline SVG.

The width of text is estimated, as no font is available; long text is cut and kept whole in the tooltip.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from rhevmig.report.document import Bar, Bars, Grid, Ladder, Mark, Rung, Tone

_CHAR: Final = 7.2
_ROW: Final = 26
_PAD: Final = 10
_SIGNS = {Tone.GOOD: "✓", Tone.BAD: "✕", Tone.UNKNOWN: "?", Tone.WARN: "!", Tone.MUTED: "", Tone.PLAIN: ""}
#: From this number of columns on, a grid shows signs instead of words.
_DENSE_FROM: Final = 15
_BAR_WIDTH: Final = 380
_MAX_LABEL: Final = 44
_MAX_HEAD: Final = 18


class Shape(msgspec.Struct, frozen=True):
    """A rectangle (`rect`), a `line` or a `text`; text is placed by its anchor and base line."""

    kind: str
    x: float
    y: float
    width: float = 0
    height: float = 0
    text: str = ""
    #: Class in the style sheet.
    look: str = ""
    #: `start`, `middle` or `end`.
    anchor: str = "start"
    #: Rotation in degrees.
    turn: int = 0
    #: Tooltip.
    title: str = ""


class Picture(msgspec.Struct, frozen=True):
    """Shapes, the lowest layer first, and the space that they need."""

    width: float
    height: float
    shapes: tuple[Shape, ...]


def picture_of(drawing: Grid | Bars | Ladder) -> Picture:
    """Lays a drawing out."""
    if isinstance(drawing, Grid):
        return _grid(drawing)
    if isinstance(drawing, Bars):
        return _bars(drawing)
    return _ladder(drawing)


def _rect(x: float, y: float, width: float, height: float, look: str, title: str = "") -> Shape:
    return Shape("rect", x, y, width, height, look=look, title=title)


def _line(x: float, y: float, height: float, look: str) -> Shape:
    return Shape("line", x, y, height=height, look=look)


def _word(
    x: float, y: float, text: str, look: str, anchor: str = "start", *, turn: int = 0, title: str = ""
) -> Shape:
    return Shape("text", x, y, text=text, look=look, anchor=anchor, turn=turn, title=title)


def _label(x: float, y: float, text: str) -> Shape:
    """The label of a row, right-aligned before the drawing."""
    return _word(x - _PAD, y, _cut(text, _MAX_LABEL), "label", "end", title=text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _width(text: str) -> float:
    return len(text) * _CHAR


def _widest(texts: Iterable[str], limit: int = 1000) -> float:
    return max((_width(_cut(text, limit)) for text in texts), default=0)


# ── grids ────────────────────────────────────────────────────────────────────────────────────────


def _grid(grid: Grid) -> Picture:
    dense = len(grid.columns) >= _DENSE_FROM
    left = _PAD * 2 + _widest(grid.rows, _MAX_LABEL)
    # A few columns show whole words, many stay on the page.
    most = min(210.0, 1000.0 / max(1, len(grid.columns)))
    words = _widest((*grid.columns, *(mark.text for row in grid.marks for mark in row)))
    cell = 24.0 if dense else min(most, max(60.0, _PAD * 1.6 + words))
    top = 16.0 + _widest(grid.columns, _MAX_HEAD) * 0.8 if dense else 26.0
    shapes = [_head(name, left + n * cell, top, cell, dense) for n, name in enumerate(grid.columns)]
    for number, (label, marks) in enumerate(zip(grid.rows, grid.marks, strict=True)):
        y = top + number * _ROW
        shapes.append(_label(left, y + 17, label))
        for n, mark in enumerate(marks):
            shapes.extend(_cell(mark, left + n * cell, y, cell, dense))
    room = 30.0 if dense else 0.0
    return Picture(left + cell * len(grid.columns) + room + 2, top + _ROW * len(grid.rows) + 4, tuple(shapes))


def _head(text: str, x: float, top: float, cell: float, dense: bool) -> Shape:
    if dense:
        return _word(x + cell / 2, top - 6, _cut(text, _MAX_HEAD), "head", turn=-55, title=text)
    return _word(x + cell / 2, top - 9, _cut(text, int((cell - 6) / _CHAR)), "head", "middle", title=text)


def _cell(mark: Mark, x: float, y: float, cell: float, dense: bool) -> list[Shape]:
    tone = mark.tone.value
    text = _cut(mark.text, int((cell - 8) / _CHAR))
    if dense and mark.text != "●":
        text = _SIGNS[mark.tone]
    box = _rect(x + 1, y + 1, cell - 2, _ROW - 2, f"cell tone-{tone}", mark.detail or mark.text)
    return [box, _word(x + cell / 2, y + 17, text, f"mark ink-{tone}", "middle")] if text else [box]


# ── bars ─────────────────────────────────────────────────────────────────────────────────────────


def _bars(bars: Bars) -> Picture:
    left = _PAD * 2 + _widest((bar.label for bar in bars.bars), _MAX_LABEL)
    top = 28.0
    most = max([bar.value or 0 for bar in bars.bars] + [bars.line or 0, 1e-9])
    scale = _BAR_WIDTH / (most * 1.08)
    bottom = top + _ROW * len(bars.bars)
    shapes = [
        _line(left, top - 4, bottom - top + 8, "axis"),
        _word(left, bottom + 18, "0", "small", "middle"),
        _word(left + _BAR_WIDTH, bottom + 18, bars.axis, "small", "end"),
    ]
    for number, bar in enumerate(bars.bars):
        shapes.extend(_bar(bar, left, top + number * _ROW, scale))
    if bars.line is not None:
        x = left + bars.line * scale
        anchor = "end" if x > left + _BAR_WIDTH * 0.7 else "start"
        shapes.append(_line(x, top - 8, bottom - top + 12, "limit"))
        shapes.append(_word(x, top - 13, bars.line_text, "small", anchor))
    words = _widest(bar.text for bar in bars.bars)
    return Picture(left + _BAR_WIDTH + _PAD * 2 + words, bottom + 26, tuple(shapes))


def _bar(bar: Bar, left: float, y: float, scale: float) -> list[Shape]:
    shapes = [_label(left, y + 17, bar.label)]
    length = 0.0
    if bar.value is not None:
        length = max(2.0, bar.value * scale)
        title = f"{bar.label}: {bar.text}"
        shapes.append(_rect(left, y + 5, length, _ROW - 10, f"bar tone-{bar.tone.value}", title))
    shapes.append(_word(left + length + 7, y + 17, bar.text, f"word ink-{bar.tone.value}"))
    return shapes


# ── ladders ──────────────────────────────────────────────────────────────────────────────────────


def _ladder(ladder: Ladder) -> Picture:
    left = _PAD * 3 + _widest((rung.label for rung in ladder.rungs), _MAX_LABEL)
    shapes: list[Shape] = []
    right = left
    for number, rung in enumerate(ladder.rungs):
        right = max(right, _rung(shapes, rung, left, number * (_ROW + 10) + 6))
    return Picture(right + _PAD, len(ladder.rungs) * (_ROW + 10) + 8, tuple(shapes))


def _rung(shapes: list[Shape], rung: Rung, left: float, y: float) -> float:
    """Adds the shapes of one rung and returns its right edge."""
    x = left + _PAD
    chips: list[Shape] = []
    for name in rung.members:
        width = _width(name) + 16
        look = "chip tone-warn" if rung.holds_down else "chip tone-plain"
        chips.append(_rect(x, y + 5, width, _ROW - 6, look, name))
        chips.append(_word(x + width / 2, y + 19, name, "chip-word", "middle"))
        x += width + 6
    notes = ["type of the cluster"] if rung.is_current else []
    if rung.holds_down:
        notes.append("limits the cluster")
    note = " · ".join(notes)
    end = max(x + _width(note) + 12, left + 420)
    shapes.append(_rect(0, y, end, _ROW + 4, "rung current" if rung.is_current else "rung"))
    shapes.append(_label(left, y + 19, rung.label))
    shapes.extend(chips)
    if note:
        shapes.append(_word(x + 4, y + 19, note, "small strong"))
    return end
