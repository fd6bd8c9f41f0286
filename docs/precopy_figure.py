"""Draws docs/precopy.svg: predicted against measured times, and two migrations as they went."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.precopy import Compared, Row, compared, rows, stepped, traces
from rhevmig.precopy.rounds import Rounds
from rhevmig.units import MIB

_SIZE = 340
_MARGIN = 52
_MEASURED, _PREDICTED, _IDLE = "#1f4e79", "#c55a11", "#7f7f7f"


class _Panel:
    """One square plot with linear axes from zero."""

    def __init__(self, *, left: float, title: str, across: tuple[str, float], up: tuple[str, float]) -> None:
        self.left = left
        self.across, self.up = across[1], up[1]
        self.parts = [_text(left + _SIZE / 2, 22, title, bold=True)]
        self.parts.append(_text(left + _SIZE / 2, _MARGIN + _SIZE + 36, across[0]))
        self.parts.append(_text(left - 36, _MARGIN + _SIZE / 2, up[0], turned=True))
        for step in range(5):
            self._grid(step / 4)

    def _grid(self, part: float) -> None:
        x, y = self.at(part * self.across, part * self.up)
        low_x, low_y = self.at(0, 0)
        high_x, high_y = self.at(self.across, self.up)
        self.parts += [
            _line([(x, low_y), (x, high_y)], "#dddddd", 1),
            _line([(low_x, y), (high_x, y)], "#dddddd", 1),
            _text(x, low_y + 16, f"{part * self.across:g}"),
            _text(low_x - 6, y + 4, f"{part * self.up:g}", anchor="end"),
        ]

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x / self.across * _SIZE, _MARGIN + _SIZE - y / self.up * _SIZE

    def curve(self, points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> None:
        self.parts.append(_line([self.at(x, y) for x, y in points], colour, 1.6, dashed=dashed))

    def dot(self, x: float, y: float, colour: str) -> None:
        across, up = self.at(x, y)
        self.parts.append(
            f'<circle cx="{across:.1f}" cy="{up:.1f}" r="3" fill="{colour}" fill-opacity="0.75"/>'
        )


def figure() -> str:
    """The text of docs/precopy.svg."""
    panels = [_scatter(compared()), *(_course(row) for row in rows() if row["id"] in traces())]
    width = len(panels) * (_SIZE + 90) + 10
    body = "\n".join(part for panel in panels for part in panel.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_SIZE + 110}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{escape(_LABEL)}">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


_LABEL = "Predicted against measured migration times, and remaining memory over time of two migrations"


def _scatter(runs: Sequence[Compared]) -> _Panel:
    panel = _Panel(
        left=_MARGIN + 8,
        title="48 migrations: predicted (bar: up to the ninth decile)",
        across=("measured total time, s", 24),
        up=("predicted total time, s", 24),
    )
    panel.curve([(0, 0), (24, 24)], "#999999", dashed=True)
    for run in runs:
        measured = run.row["total_ms"] / 1000
        colour = _PREDICTED if run.is_busy else _IDLE
        panel.curve([(measured, run.prediction.total_s), (measured, run.prediction.p90.total_s)], colour)
        panel.dot(measured, run.prediction.total_s, colour)
    return panel


def _course(row: Row) -> _Panel:
    seen = traces()[row["id"]]
    index = 1 + sorted(traces()).index(row["id"])
    panel = _Panel(
        left=_MARGIN + 8 + index * (_SIZE + 90),
        title=f"{row['ram_mib']} MiB, {row['target_dirty_mib_s']} MiB/s over {row['working_set_mib']} MiB, "
        f"link {row['bandwidth_mib_s']} MiB/s",
        across=("seconds", 20 if row["total_ms"] > 10_000 else 10),
        up=("memory remaining, MiB", row["ram_mib"]),
    )
    panel.curve([(second, remaining / MIB) for second, remaining, _ in seen], _MEASURED)
    panel.curve(_remaining(row), _PREDICTED, dashed=True)
    panel.parts += [
        _text(panel.left + _SIZE - 8, _MARGIN + 18, "measured", colour=_MEASURED, anchor="end"),
        _text(
            panel.left + _SIZE - 8,
            _MARGIN + 34,
            "stepped with the true load",
            colour=_PREDICTED,
            anchor="end",
        ),
    ]
    return panel


def _remaining(row: Row) -> list[tuple[float, float]]:
    rounds = Rounds(stepped(row).job)
    points = []
    while rounds.outcome is None:
        points.append((rounds.elapsed_s, rounds.remaining_bytes / MIB))
        rounds.advance(0.1, bandwidth_bytes_s=row["bandwidth_mib_s"] * MIB)
    return [*points, (rounds.elapsed_s, 0.0)]


def _line(points: Sequence[tuple[float, float]], colour: str, width: float, *, dashed: bool = False) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}/>'


def _text(
    x: float,
    y: float,
    words: str,
    *,
    colour: str = "#333333",
    anchor: str = "middle",
    bold: bool = False,
    turned: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}{turn}>'
        f"{escape(words)}</text>"
    )
