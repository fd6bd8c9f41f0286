"""How values become cells: units, yes and no, the tone of a status, lists of names, the order of rows."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from rhevmig.report.document import Cell, CellValue, Tone
from rhevmig.units import format_bytes, format_speed

R = TypeVar("R")

_TONES: Final = {
    Tone.GOOD: "up active ok operational finished arrived",
    Tone.BAD: "down error non_operational non_responsive inactive install_failed problematic failed",
    Tone.WARN: "maintenance preparing_for_maintenance paused migrating locked mixed not_operational contend"
    " uninitialized reboot connecting",
    Tone.UNKNOWN: "unknown not_responding unassigned",
}
_TONE_OF_STATUS: Final = {word: tone for tone, words in _TONES.items() for word in words.split()}
_DIGITS = re.compile(r"(\d+)")
#: From this number of rows on, equal rows of a figure are drawn once.
MERGE_FROM: Final = 25
_NAMES_SHOWN: Final = 3


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts `kvm2` before `kvm10`.

    >>> sorted(["kvm10", "kvm2", "db"], key=natural)
    ['db', 'kvm2', 'kvm10']
    """
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in _DIGITS.split(text)
        if part
    )


def yes_no(value: bool | None, *, bad: bool | None = None) -> CellValue:
    """Yes, no, or None for what was not observed; the value named as `bad` is emphasised."""
    if value is None:
        return None
    word = "yes" if value else "no"
    return Cell(text=word, tone=Tone.WARN) if bad is not None and value is bad else word


def count(value: float | None) -> str | None:
    """A figure as text, with narrow spaces between thousands."""
    if value is None:
        return None
    text = f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
    return text.replace(",", "\u202f")


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "host"), counted(3, "host"), counted(0, "policy", "policies")
    ('1 host', '3 hosts', '0 policies')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def size(value_bytes: float | None) -> str | None:
    """A size with its unit."""
    return None if value_bytes is None else format_bytes(value_bytes)


def speed(bits_per_second: float | None) -> str | None:
    """A link speed with its unit."""
    return None if bits_per_second is None else format_speed(bits_per_second)


def instant(value: datetime | None) -> str | None:
    """An instant in UTC, to the second."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def joined(words: Iterable[str] | None, *, none: str = "none") -> str | None:
    """Words separated by commas; None stays None."""
    return None if words is None else ", ".join(words) or none


def status(word: str | None) -> CellValue:
    """A status of the engine with its tone; an unknown word stays plain."""
    if word is None:
        return None
    text = word.replace("_", " ")
    return Cell(text=text, tone=_TONE_OF_STATUS[word]) if word in _TONE_OF_STATUS else text


def merged_label(names: Sequence[str], noun: str = "") -> str:
    """The first names and the number of the others.

    >>> merged_label(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    rest = f"{len(names) - _NAMES_SHOWN} more {noun}".strip()
    return f"{', '.join(names[:_NAMES_SHOWN])} and {rest}"


def some_names(names: Iterable[str], *, most: int = 12) -> str:
    """Names in natural order; of very many the first and the number of the others.

    >>> some_names(["h10", "h2", "h1"], most=2)
    'h1, h2 and 1 more'
    """
    return first_names(sorted(names, key=natural), most=most)


def first_names(ordered: Sequence[str], *, most: int = 12) -> str:
    """The same of names that are in order already."""
    shown = ", ".join(ordered[:most])
    return shown if len(ordered) <= most else f"{shown} and {len(ordered) - most} more"


def merged_rows(
    rows: Sequence[tuple[Hashable, str, R]], *, merge_from: int = MERGE_FROM
) -> list[tuple[str, R]]:
    """Rows of a figure with their labels; from `merge_from` rows on, those with equal keys become one."""
    if len(rows) < merge_from:
        return [(name, row) for _, name, row in rows]
    names: dict[Hashable, list[str]] = {}
    first: dict[Hashable, R] = {}
    for key, name, row in rows:
        names.setdefault(key, []).append(name)
        first.setdefault(key, row)
    return [(merged_label(names[key]), row) for key, row in first.items()]
