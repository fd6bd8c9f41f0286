"""Conversions of single values of the SDK. None stays None, which means not observed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any


def ids_of(references: Iterable[Any] | None) -> tuple[str, ...]:
    """The ids of all objects that are referred to."""
    return tuple(reference.id for reference in references or () if reference.id is not None)


def words_of(values: Iterable[Any] | None) -> tuple[str, ...]:
    """The engine's spelling of values of an enumeration, without those that the SDK does not know."""
    return tuple(value.value for value in values or () if value is not None)


def version_of(value: Any) -> str | None:
    """A compatibility level as text, e.g. `4.8`."""
    if value is None or value.major is None:
        return None
    return f"{value.major}.{value.minor or 0}"


def utc_of(value: datetime | None) -> datetime | None:
    """A time in UTC; the engine always sends its offset."""
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def integer_of(value: Any) -> int | None:
    """An identifier that is a number, e.g. of a VLAN."""
    return None if value is None else int(value)


def pairs_of(properties: Iterable[Any] | None) -> dict[str, str]:
    """Properties (`name`, `value`) as a mapping."""
    return {item.name: item.value or "" for item in properties or () if item.name is not None}


def any_text_of(value: str | None) -> str:
    """A text that may be empty."""
    return value or ""


def names_of(items: Iterable[Any] | None) -> tuple[str, ...]:
    """The names of all objects."""
    return tuple(item.name for item in items or () if item.name)


def figures_of(statistics: Iterable[Any] | None) -> dict[str, float]:
    """Statistics by name, the newest value each; texts and those without a value are left out."""
    return {
        one.name: one.values[0].datum
        for one in statistics or ()
        if one.name and one.values and one.values[0].datum is not None
    }
