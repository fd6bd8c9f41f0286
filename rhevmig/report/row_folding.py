"""Rows that say the same are drawn once, so that a figure of 500 hosts stays readable."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

from rhevmig.report.tables import natural

R = TypeVar("R")

#: From so many rows on, equal ones are drawn once.
MERGE_FROM = 25
_NAMES_SHOWN = 3


def merged_label(names: Sequence[str], noun: str = "") -> str:
    """Some names and how many more there are.

    >>> merged_label(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    rest = f"{len(names) - _NAMES_SHOWN} more {noun}".strip()
    return f"{', '.join(names[:_NAMES_SHOWN])} and {rest}"


def some_names(names: Sequence[str], *, most: int = 12) -> str:
    """Names as people count; of very many the first and how many more there are.

    >>> some_names(["h10", "h2", "h1"], most=2)
    'h1, h2 and 1 more'
    """
    ordered = sorted(names, key=natural)
    shown = ", ".join(ordered[:most])
    return shown if len(ordered) <= most else f"{shown} and {len(ordered) - most} more"


def merged_rows(
    rows: Sequence[tuple[Hashable, str, R]], *, merge_from: int = MERGE_FROM
) -> list[tuple[str, R]]:
    """Rows with a label each; from `merge_from` rows on, those with equal keys become one."""
    if len(rows) < merge_from:
        return [(name, row) for _, name, row in rows]
    names: dict[Hashable, list[str]] = {}
    first: dict[Hashable, R] = {}
    for key, name, row in rows:
        names.setdefault(key, []).append(name)
        first.setdefault(key, row)
    return [(merged_label(names[key]), row) for key, row in first.items()]
