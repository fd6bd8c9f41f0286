"""Printing: lines and tables for people, JSON for programs; results on stdout, notes on stderr.

Colours are used on a terminal only and honour NO_COLOR. In a pipe or a file a line stays one line.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from rhevmig.cli.streams import DroppingStream, is_terminal, visible, write_err, write_out

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "bold": 1}
#: A character and its style.
_Cell = tuple[str, str]
#: Characters of a note.
MAX_NOTE = 2_000
#: Columns of a table that is not printed on a terminal: nothing is folded.
_UNLIMITED = 10_000


class Styled(NamedTuple):
    """A piece of text with a colour, or bold."""

    text: str
    style: str

    def __str__(self) -> str:
        return self.text


def print_line(*parts: str | Styled, indent: int = 0) -> None:
    """One line of results; on a terminal a long line is wrapped, two columns deeper than its start."""
    pieces = [(visible(str(part)), part.style if isinstance(part, Styled) else "") for part in parts]
    if not is_terminal(sys.stdout):
        write_out(" " * indent + "".join(text for text, _ in pieces) + "\n")
        return
    cells = [(character, style) for text, style in pieces for character in text]
    width = shutil.get_terminal_size().columns
    coloured = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    write_out(
        "".join(
            f"{_painted(line) if coloured else _plain(line)}\n" for line in _wrapped(cells, width, indent)
        )
    )


def _wrapped(cells: list[_Cell], width: int, indent: int) -> Iterator[list[_Cell]]:
    margin = indent
    while True:
        room = max(20, width - margin)
        end = len(cells)
        if end > room:
            end = next((n for n in range(room, 0, -1) if cells[n][0] == " "), room)
        yield [(" ", "")] * margin + cells[:end]
        margin = indent + 2
        cells = list(dropwhile(lambda cell: cell[0] == " ", cells[end:]))
        if not cells:
            return


def _plain(cells: Iterable[_Cell]) -> str:
    return "".join(character for character, _ in cells)


def _painted(cells: Iterable[_Cell]) -> str:
    runs = [(style, _plain(run)) for style, run in groupby(cells, key=lambda cell: cell[1])]
    return "".join(f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if style else text for style, text in runs)


def print_text(text: str) -> None:
    """Several lines of results."""
    for line in text.splitlines():
        stripped = line.lstrip(" ")
        print_line(stripped, indent=len(line) - len(stripped))


def note(text: str) -> None:
    """One line about what is going on, on stderr; what a server or a file made enormous is cut."""
    shown = (
        text if len(text) <= MAX_NOTE else f"{text[:MAX_NOTE]} … ({len(text) - MAX_NOTE:,} more characters)"
    )
    write_err(f"{visible(shown)}\n")


def print_json(value: Any) -> None:
    """A Struct of the product, or plain data, as JSON."""
    import msgspec

    try:
        text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()
    except UnicodeEncodeError:
        # a lone surrogate, e.g. of an argument that is not UTF-8: JSON has an escape for it
        text = json.dumps(msgspec.to_builtins(value, enc_hook=str), indent=2)
    write_out(text + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table without frames, easy to read, cut and grep."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(cell, Text) for cell in row))
    text = io.StringIO()
    terminal = is_terminal(sys.stdout)
    width = None if terminal else _UNLIMITED
    Console(file=text, force_terminal=terminal, highlight=False, width=width).print(table)
    write_out("".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines()))


def _cell(cell: object, text: Any) -> Any:
    if isinstance(cell, Styled):
        return text(visible(cell.text), style=cell.style)
    return text("–" if cell is None else visible(str(cell)))


def progress_console() -> Console:
    """The console for progress on stderr."""
    from rich.console import Console

    stream: Any = DroppingStream(sys.stderr)
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _UNLIMITED)
