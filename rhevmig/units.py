"""Units: the factors between the engine's units and those that people read, and their texts."""

from __future__ import annotations

from datetime import timedelta

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
MEGABIT = 1_000_000
GIGABIT = 1000 * MEGABIT

_BYTE_STEPS = ((1024 * GIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))


def format_bytes(size_bytes: float | None) -> str:
    """A size with a binary unit, or a dash where it was not observed.

    >>> format_bytes(8 * GIB), format_bytes(1536), format_bytes(None)
    ('8 GiB', '1.5 KiB', '–')
    """
    if size_bytes is None:
        return "–"
    for step, name in _BYTE_STEPS:
        if abs(size_bytes) >= step:
            return f"{_short(size_bytes / step)} {name}"
    return f"{_short(size_bytes)} B"


def format_speed(bits_per_second: float | None) -> str:
    """A link speed in decimal units, or a dash where it was not observed.

    >>> format_speed(10 * GIGABIT), format_speed(100 * MEGABIT)
    ('10 Gbit/s', '100 Mbit/s')
    """
    if bits_per_second is None:
        return "–"
    if bits_per_second >= GIGABIT:
        return f"{_short(bits_per_second / GIGABIT)} Gbit/s"
    return f"{_short(bits_per_second / MEGABIT)} Mbit/s"


def format_duration(seconds: float | timedelta | None) -> str:
    """A duration in two units at most, or a dash where it is unknown.

    >>> format_duration(0.25), format_duration(95), format_duration(7260)
    ('250 ms', '1 min 35 s', '2 h 1 min')
    """
    if seconds is None:
        return "–"
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 1:
        return f"{_short(total * 1000)} ms"
    if total < 60:
        return f"{_short(total)} s"
    whole = round(total)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _short(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")
