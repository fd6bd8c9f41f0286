"""Small conversions that every entity needs; None stays None, which means not observed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from rhevmig.errors import FieldMissing


def ref(reference: Any) -> str | None:
    """The id of what is referred to."""
    return None if reference is None else reference.id


def ids(references: Iterable[Any] | None) -> tuple[str, ...]:
    """The ids of all that is referred to."""
    return tuple(reference.id for reference in references or () if reference.id is not None)


def word(value: Any) -> str | None:
    """The engine's own word behind an enumeration of the SDK."""
    return None if value is None else value.value


def words(values: Iterable[Any] | None) -> tuple[str, ...]:
    """The engine's own words; those that the SDK does not know are lost already."""
    return tuple(value.value for value in values or () if value is not None)


def version(value: Any) -> str | None:
    """A compatibility level as text, e.g. `4.8`."""
    if value is None or value.major is None:
        return None
    return f"{value.major}.{value.minor or 0}"


def moment(value: datetime | None) -> datetime | None:
    """A time in UTC; the engine always sends its offset."""
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def pairs(properties: Iterable[Any] | None) -> dict[str, str]:
    """Properties (`name`, `value`) as a mapping."""
    return {item.name: item.value or "" for item in properties or () if item.name is not None}


def needed(value: str | None, *, kind: str, id: str | None, field: str) -> str:
    """A value that the model cannot do without.

    Raises: FieldMissing; of a status this also means a word that the SDK does not know.
    """
    if value is None:
        raise FieldMissing(kind=kind, id=id or "without id", field_name=field)
    return value
