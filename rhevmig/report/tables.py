"""How facts become cells: units, yes and no, the tone of a status word, and the order of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rhevmig.report.document import Cell, CellValue, Column, Tone
from rhevmig.units import format_bytes, format_speed

_GOOD = frozenset({"up", "active", "ok", "operational", "finished", "arrived"})
_BAD = frozenset(
    {
        "down",
        "error",
        "non_operational",
        "non_responsive",
        "inactive",
        "install_failed",
        "problematic",
        "failed",
    }
)
_WARN = frozenset(
    {
        "maintenance",
        "preparing_for_maintenance",
        "paused",
        "migrating",
        "locked",
        "mixed",
        "not_operational",
        "contend",
        "uninitialized",
        "reboot",
        "connecting",
    }
)
_UNKNOWN = frozenset({"unknown", "not_responding", "unassigned"})
_DIGITS = re.compile(r"(\d+)")


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


def columns(*specs: str) -> tuple[Column, ...]:
    """Columns from `key=Heading`; a `#` before the key marks figures, an `@` an id.

    >>> [(c.name, c.title, c.is_figure) for c in columns("name=Name", "#mtu=MTU")]
    [('name', 'Name', False), ('mtu', 'MTU', True)]
    """
    made = []
    for spec in specs:
        key, _, title = spec.partition("=")
        made.append(
            Column(
                name=key.lstrip("#@"), title=title, is_figure=key.startswith("#"), is_id=key.startswith("@")
            )
        )
    return tuple(made)


def yes_no(value: bool | None, *, bad: bool | None = None) -> CellValue:
    """Yes, no, or None for what was not observed; the value named as `bad` stands out."""
    if value is None:
        return None
    word = "yes" if value else "no"
    return Cell(text=word, tone=Tone.WARN) if bad is not None and value is bad else word


def count(value: float | None) -> str | None:
    """A figure as text, thousands set apart."""
    if value is None:
        return None
    return (
        f"{value:,.1f}".replace(",", "\u202f")
        if isinstance(value, float)
        else f"{value:,}".replace(",", "\u202f")
    )


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
    """A moment in UTC, to the second."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def joined(words: Iterable[str] | None, *, none: str = "none") -> str | None:
    """Words after each other; None stays None."""
    if words is None:
        return None
    return ", ".join(words) or none


def ids(values: Sequence[str]) -> str:
    """Ids after each other."""
    return ", ".join(values)


def status(word: str | None) -> CellValue:
    """A status word of the engine with its tone; a word never met stays plain."""
    if word is None:
        return None
    for tone, words in (
        (Tone.GOOD, _GOOD),
        (Tone.BAD, _BAD),
        (Tone.WARN, _WARN),
        (Tone.UNKNOWN, _UNKNOWN),
    ):
        if word in words:
            return Cell(text=word.replace("_", " "), tone=tone)
    return word.replace("_", " ")
