"""Reading a saved inventory back, whole or with one clear error; `Inventory.save` writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.errors import SnapshotDamaged, SnapshotVersion
from rhevmig.inventory.files import SCHEMA_VERSION, SNAPSHOT_FORMAT
from rhevmig.inventory.inventory import Inventory


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    schema_version: int
    written_by: str
    inventory: Inventory


class _Head(msgspec.Struct):
    format: str | None = None
    schema_version: Any = None


def load(path: str | os.PathLike[str]) -> Inventory:
    """Reads an inventory that `Inventory.save` wrote.

    Raises: SnapshotDamaged (cut, foreign or not readable, with the place), SnapshotVersion (newer schema).
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SnapshotDamaged(file=str(file), detail=error.strerror or str(error)) from error
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(file=str(file), detail=str(error)) from error
    if head.format != SNAPSHOT_FORMAT:
        raise SnapshotDamaged(
            file=str(file), detail=f"its format is {head.format!r}, not {SNAPSHOT_FORMAT!r}"
        )
    if head.schema_version != SCHEMA_VERSION:
        raise SnapshotVersion(file=str(file), found=head.schema_version, supported=f"{SCHEMA_VERSION}")
    try:
        return msgspec.json.decode(content, type=_Snapshot).inventory
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(file=str(file), detail=str(error)) from error


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a snapshot file, for editors and other programs."""
    schema: dict[str, Any] = json.loads(msgspec.json.encode(msgspec.json.schema(_Snapshot)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "rhevmig snapshot", **schema}
