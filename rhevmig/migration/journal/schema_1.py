"""Converts the records of journal schema 1, so that its journals stay readable and can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from rhevmig.migration.journal.records import (
    Attempt,
    HostAct,
    HostActIntended,
    HostActSettled,
    HostCourse,
    MigrationIntended,
    MoveAppended,
    Record,
)
from rhevmig.planning.plan import Move


def is_of_schema_1(kind: str) -> bool:
    """Whether only schema 1 writes records of this kind."""
    return kind in _CONVERSIONS


def record_of_schema_1(kind: str, payload: str, at: datetime) -> Record:
    """The record in its present form. Raises: msgspec.MsgspecError, LookupError."""
    fields = msgspec.json.decode(payload, type=dict[str, Any])
    del fields["type"]
    return _CONVERSIONS[kind](fields, at)


def _move_added(fields: dict[str, Any], at: datetime) -> MoveAppended:
    why = fields.pop("why")
    return MoveAppended(move=msgspec.convert(fields, Move), why=why)


def _migrate_intended(fields: dict[str, Any], at: datetime) -> MigrationIntended:
    led = fields.pop("led", ())
    move, number = fields.pop("move"), fields.pop("attempt")
    leader = msgspec.convert({**fields, "number": number, "started_at": at, "is_closure": bool(led)}, Attempt)
    attempts = {move: leader}
    for item in led:
        move, number = item.pop("move"), item.pop("attempt")
        attempts[move] = msgspec.structs.replace(leader, number=number, led_by=leader.correlation_id, **item)
    return MigrationIntended(attempts=attempts)


def _host_intended(fields: dict[str, Any], at: datetime) -> HostActIntended:
    host_id = fields.pop("host_id")
    return HostActIntended(host_id=host_id, act=msgspec.convert({**fields, "intended_at": at}, HostAct))


def _host_settled(fields: dict[str, Any], at: datetime) -> HostActSettled:
    return HostActSettled(host=msgspec.convert(fields, HostCourse))


_CONVERSIONS: dict[str, Callable[[dict[str, Any], datetime], Record]] = {
    "move_added": _move_added,
    "migrate_intended": _migrate_intended,
    "host_intended": _host_intended,
    "host_settled": _host_settled,
}
