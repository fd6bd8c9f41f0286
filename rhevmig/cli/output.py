"""Printing: results on stdout, progress and errors on stderr, `--json` for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

import msgspec
from rich.console import Console
from rich.table import Table

#: In a pipe or a file a line is a line, however long.
UNFOLDED = 10_000


def out() -> Console:
    """The console for results; honours NO_COLOR and the width of the terminal, folds nothing in a pipe."""
    return _console(sys.stdout)


def err() -> Console:
    """The console for progress and errors."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    return Console(file=stream, highlight=False, width=None if stream.isatty() else UNFOLDED)


def note(text: str) -> None:
    """One plain line about what is going on, on stderr."""
    err().print(text, markup=False)


def print_json(value: Any) -> None:
    """Any of the product's Structs, or plain data, as JSON."""
    encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """A table without frames, so that it can be read, cut and grepped."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    out().print(table)
