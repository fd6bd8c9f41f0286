"""The progress of a campaign: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rhevmig.cli.output import progress_console
from rhevmig.cli.streams import visible
from rhevmig.migration import Phase, Progress
from rhevmig.units import format_duration

#: Rows of the live table; the oldest ended ones are left out first.
MAX_ROWS = 30
_QUIET = frozenset({Phase.COPYING})
_STYLES = {Phase.COPYING: "cyan", Phase.QUEUED: "blue", Phase.WAITING: "dim", Phase.SETTLING: "yellow"}


class Display:
    """Shows the progress of a campaign; a context manager whose `show` is the campaign's `on_progress`."""

    def __init__(self, *, console: Console | None = None) -> None:
        self._console = console or progress_console()
        self._rows: dict[str, Progress] = {}
        self._campaign: Progress | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=4, transient=False)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Stops drawing, so that a question can be asked below."""
        if self._live is not None:
            self._live.update(self._table())
            self._live.__exit__(None, None, None)
            self._live = None

    def resume(self) -> None:
        """Draws again after `pause`."""
        if self._live is None and self._console.is_terminal:
            self.__enter__()

    def show(self, progress: Progress) -> None:
        """Shows one step of the campaign."""
        key = progress.vm_id or progress.host_id or ""
        before = self._rows.get(key)
        if key:
            self._rows[key] = progress
        else:
            self._campaign = progress
        if self._live is not None:
            self._live.update(self._table())
        elif before is None or before.phase != progress.phase or progress.phase not in _QUIET:
            self._console.print(Text(visible(str(progress))))

    def _table(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("VM or host", "step", "from → to", "progress", "", "remaining", "outcome"):
            table.add_column(column, no_wrap=column != "outcome")
        for progress in self._shown():
            table.add_row(*_cells(progress))
        latest = max(self._rows.values(), key=lambda row: row.at, default=None)
        head = Text(f"{latest.done} of {latest.total} done" if latest else "starting …", style="bold")
        return Group(head, table)

    def _shown(self) -> list[Progress]:
        rows = list(self._rows.values())
        surplus = len(rows) - MAX_ROWS
        ended = sorted((row for row in rows if row.phase == Phase.DONE), key=lambda row: row.at)
        hidden = {id(row) for row in ended[: max(0, surplus)]}
        return [row for row in rows if id(row) not in hidden][:MAX_ROWS]


def _cells(progress: Progress) -> tuple[RenderableType, ...]:
    path = f"{progress.source or '?'} → {progress.destination or '?'}" if progress.vm_id else ""
    copying = progress.phase == Phase.COPYING and progress.percent is not None
    bar: RenderableType = ProgressBar(completed=progress.percent or 0, width=20) if copying else ""
    percent = f"{progress.percent:.0f} %" if copying and progress.percent is not None else ""
    remaining = "" if progress.remaining_s is None else format_duration(progress.remaining_s)
    return (
        Text(visible(progress.name)),
        Text(progress.phase.value.replace("_", " "), style=_STYLES.get(progress.phase, "")),
        Text(visible(path)),
        bar,
        percent,
        remaining,
        _outcome(progress),
    )


def _outcome(progress: Progress) -> Text:
    if progress.outcome is None:
        return Text(visible(progress.note))
    style = "green" if progress.outcome.is_success else "red"
    took = progress.outcome.total_s
    text = progress.outcome.verdict.value.replace("_", " ")
    if took is not None:
        text += f" in {format_duration(took)}"
    if not progress.outcome.is_success:
        text += f": {progress.outcome.reason}"
    return Text(visible(text), style=style)
