"""From drawings to shapes: rectangles, lines and words at their places, for inline SVG.

Widths of words are estimated, since no font is asked; long words are cut and kept whole in the title.
"""

from __future__ import annotations

from typing import Final

import msgspec

from rhevmig.report.document import Bar, Bars, Grid, Ladder, Mark, Rung, Tone

_CHAR: Final = 7.2
_ROW: Final = 26
_PAD: Final = 10
_SIGNS = {Tone.GOOD: "✓", Tone.BAD: "✕", Tone.UNKNOWN: "?", Tone.WARN: "!", Tone.MUTED: "", Tone.PLAIN: ""}
#: From so many columns on a grid shows signs instead of words.
_DENSE_FROM: Final = 15
_BAR_WIDTH: Final = 380
_MAX_LABEL: Final = 44


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle, a line or a word."""

    #: `rect`, `line` or `text`.
    kind: str
    #: Left edge, or where a word is anchored.
    x: float
    #: Upper edge, or the base line of a word.
    y: float
    #: Width; of a line the way to its end.
    width: float = 0
    #: Height; of a line the way to its end.
    height: float = 0
    #: The word.
    text: str = ""
    #: Looks, by name.
    look: str = ""
    #: `start`, `middle` or `end`.
    anchor: str = "start"
    #: Turned by so many degrees.
    turn: int = 0
    #: Told on hovering.
    title: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Shapes and the room they need."""

    #: Width.
    width: float
    #: Height.
    height: float
    #: The shapes, those below first.
    shapes: tuple[Shape, ...]


def picture_of(drawing: Grid | Bars | Ladder) -> Picture:
    """Lays a drawing out."""
    if isinstance(drawing, Grid):
        return _grid(drawing)
    if isinstance(drawing, Bars):
        return _bars(drawing)
    return _ladder(drawing)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _width(text: str) -> float:
    return len(text) * _CHAR


def _label_room(labels: tuple[str, ...]) -> float:
    return _PAD * 2 + max((_width(_cut(label, _MAX_LABEL)) for label in labels), default=0)


# ── grids ────────────────────────────────────────────────────────────────────────────────────────


def _grid(grid: Grid) -> Picture:
    dense = len(grid.columns) >= _DENSE_FROM
    left = _label_room(grid.rows)
    words = [*grid.columns, *(mark.text for row in grid.marks for mark in row)]
    cell = (
        24.0
        if dense
        else min(_most_width(grid), max(60.0, _PAD * 1.6 + max((_width(w) for w in words), default=0)))
    )
    top = 16.0 + max((_width(_cut(c, 18)) for c in grid.columns), default=0) * 0.8 if dense else 26.0
    shapes = [
        _head(column, left + index * cell, top, cell, dense) for index, column in enumerate(grid.columns)
    ]
    for number, (label, marks) in enumerate(zip(grid.rows, grid.marks, strict=True)):
        y = top + number * _ROW
        shapes.append(
            Shape(
                kind="text",
                x=left - _PAD,
                y=y + 17,
                text=_cut(label, _MAX_LABEL),
                anchor="end",
                look="label",
                title=label,
            )
        )
        for index, mark in enumerate(marks):
            shapes.extend(_cell(mark, left + index * cell, y, cell, dense))
    room = 30.0 if dense else 0.0
    return Picture(
        width=left + cell * len(grid.columns) + room + 2,
        height=top + _ROW * len(grid.rows) + 4,
        shapes=tuple(shapes),
    )


def _most_width(grid: Grid) -> float:
    """Widest a column may be, so that a few columns show whole words and many stay on the page."""
    return min(210.0, 1000.0 / max(1, len(grid.columns)))


def _head(text: str, x: float, top: float, cell: float, dense: bool) -> Shape:
    if dense:
        return Shape(
            kind="text", x=x + cell / 2, y=top - 6, text=_cut(text, 18), look="head", turn=-55, title=text
        )
    shown = _cut(text, int((cell - 6) / _CHAR))
    return Shape(kind="text", x=x + cell / 2, y=top - 9, text=shown, look="head", anchor="middle", title=text)


def _cell(mark: Mark, x: float, y: float, cell: float, dense: bool) -> list[Shape]:
    text = (
        (mark.text if mark.text == "●" else _SIGNS[mark.tone])
        if dense
        else _cut(mark.text, int((cell - 8) / _CHAR))
    )
    title = mark.detail or mark.text
    box = Shape(
        kind="rect",
        x=x + 1,
        y=y + 1,
        width=cell - 2,
        height=_ROW - 2,
        look=f"cell tone-{mark.tone.value}",
        title=title,
    )
    if not text:
        return [box]
    word = Shape(
        kind="text", x=x + cell / 2, y=y + 17, text=text, anchor="middle", look=f"mark ink-{mark.tone.value}"
    )
    return [box, word]


# ── bars ─────────────────────────────────────────────────────────────────────────────────────────


def _bars(bars: Bars) -> Picture:
    left = _label_room(tuple(bar.label for bar in bars.bars))
    top = 28.0
    most = max([bar.value or 0 for bar in bars.bars] + [bars.line or 0, 1e-9])
    scale = _BAR_WIDTH / (most * 1.08)
    bottom = top + _ROW * len(bars.bars)
    shapes: list[Shape] = [
        Shape(kind="line", x=left, y=top - 4, height=bottom - top + 8, look="axis"),
        Shape(kind="text", x=left, y=bottom + 18, text="0", anchor="middle", look="small"),
        Shape(kind="text", x=left + _BAR_WIDTH, y=bottom + 18, text=bars.axis, anchor="end", look="small"),
    ]
    for number, bar in enumerate(bars.bars):
        shapes.extend(_bar(bar, left, top + number * _ROW, scale))
    if bars.line is not None:
        x = left + bars.line * scale
        anchor = "end" if x > left + _BAR_WIDTH * 0.7 else "start"
        shapes.append(Shape(kind="line", x=x, y=top - 8, height=bottom - top + 12, look="limit"))
        shapes.append(Shape(kind="text", x=x, y=top - 13, text=bars.line_text, anchor=anchor, look="small"))
    words = max((_width(bar.text) for bar in bars.bars), default=0)
    return Picture(width=left + _BAR_WIDTH + _PAD * 2 + words, height=bottom + 26, shapes=tuple(shapes))


def _bar(bar: Bar, left: float, y: float, scale: float) -> list[Shape]:
    shapes = [
        Shape(
            kind="text",
            x=left - _PAD,
            y=y + 17,
            text=_cut(bar.label, _MAX_LABEL),
            anchor="end",
            look="label",
            title=bar.label,
        )
    ]
    length = max(2.0, bar.value * scale) if bar.value is not None else 0.0
    if bar.value is not None:
        look = f"bar tone-{bar.tone.value}"
        shapes.append(
            Shape(
                kind="rect",
                x=left,
                y=y + 5,
                width=length,
                height=_ROW - 10,
                look=look,
                title=f"{bar.label}: {bar.text}",
            )
        )
    shapes.append(
        Shape(kind="text", x=left + length + 7, y=y + 17, text=bar.text, look=f"word ink-{bar.tone.value}")
    )
    return shapes


# ── ladders ──────────────────────────────────────────────────────────────────────────────────────


def _ladder(ladder: Ladder) -> Picture:
    left = _label_room(tuple(rung.label for rung in ladder.rungs)) + _PAD
    shapes: list[Shape] = []
    right = left
    for number, rung in enumerate(ladder.rungs):
        end = _rung(shapes, rung, left, number * (_ROW + 10) + 6)
        right = max(right, end)
    height = len(ladder.rungs) * (_ROW + 10) + 8
    return Picture(width=right + _PAD, height=height, shapes=tuple(shapes))


def _rung(shapes: list[Shape], rung: Rung, left: float, y: float) -> float:
    """Draws one rung and tells where it ends."""
    x = left + _PAD
    chips: list[Shape] = []
    for name in rung.members:
        width = _width(name) + 16
        look = "chip tone-warn" if rung.holds_down else "chip tone-plain"
        chips.append(Shape(kind="rect", x=x, y=y + 5, width=width, height=_ROW - 6, look=look, title=name))
        chips.append(
            Shape(kind="text", x=x + width / 2, y=y + 19, text=name, anchor="middle", look="chip-word")
        )
        x += width + 6
    words = []
    if rung.is_current:
        words.append("type of the cluster")
    if rung.holds_down:
        words.append("holds the cluster down")
    said = " · ".join(words)
    end = max(x + _width(said) + 12, left + 420)
    look = "rung current" if rung.is_current else "rung"
    shapes.append(Shape(kind="rect", x=0, y=y, width=end, height=_ROW + 4, look=look))
    shapes.append(
        Shape(
            kind="text",
            x=left - _PAD,
            y=y + 19,
            text=_cut(rung.label, _MAX_LABEL),
            anchor="end",
            look="label",
            title=rung.label,
        )
    )
    shapes.extend(chips)
    if said:
        shapes.append(Shape(kind="text", x=x + 4, y=y + 19, text=said, look="small strong"))
    return end
