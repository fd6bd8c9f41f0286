"""The files that rhevmig writes: one envelope (kind, schema version, writer, body), whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from rhevmig._version import VERSION
from rhevmig.errors import FileDamaged, FileVersion
from rhevmig.files import write_file

#: Longest file that is read, in bytes: an inventory of 5,000 VMs has about 20 MB.
MAX_FILE_BYTES: Final = 1 << 30
_FIRST_BYTES: Final = 4096

T = TypeVar("T")


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file and what marks it."""

    #: As texts name it, e.g. `snapshot`.
    noun: str
    #: Value of `format` in the file.
    format: str
    #: Raised when a field changes its meaning or a new one is required; new optional fields do not raise it.
    schema_version: int
    #: Key of the body.
    body: str
    #: What helps when such a file cannot be read.
    remedy: str


def save_file(path: Path, kind: FileKind, body: msgspec.Struct, *, indent: int = 0) -> Path:
    """Writes a body in its envelope as JSON.

    Raises: OutputFailed; an older file at the path is then unchanged.
    """
    document = {
        "format": kind.format,
        "schema_version": kind.schema_version,
        "written_by": f"rhevmig {VERSION}",
        kind.body: body,
    }
    content = msgspec.json.encode(document)
    if indent:
        content = msgspec.json.format(content, indent=indent)
    return write_file(path, content + b"\n")


def load_file(path: Path, kind: FileKind, type: type[T]) -> T:
    """Reads the body of a file that `save_file` wrote; fields that are no longer known are ignored.

    Raises: FileDamaged (cut, of another kind, or not readable, with the place), FileVersion (another schema).
    """

    def damaged(detail: str) -> FileDamaged:
        return FileDamaged(kind=kind.noun, file=str(path), detail=detail, remedy=kind.remedy)

    try:
        content = _read(path)
        head = msgspec.json.decode(content, type=_Head)
        if head.format != kind.format:
            raise damaged(f"its format is {head.format!r}, not {kind.format!r}")
        if head.schema_version != kind.schema_version:
            raise FileVersion(
                kind=kind.noun,
                file=str(path),
                found=head.schema_version,
                supported=str(kind.schema_version),
                remedy=f"Update rhevmig, or: {kind.remedy}",
            )
        body: T = getattr(msgspec.json.decode(content, type=_envelope(kind, type)), kind.body)
    except OSError as error:
        raise damaged(error.strerror or str(error)) from error
    except RecursionError as error:
        raise damaged("it is nested too deeply") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise damaged(str(error)) from error
    return body


def json_schema_of(kind: FileKind, type: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a kind of file, for editors and other programs."""
    schema: dict[str, Any] = json.loads(msgspec.json.encode(msgspec.json.schema(_envelope(kind, type))))
    title = f"rhevmig {kind.noun}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}


class _Head(msgspec.Struct):
    format: str | None = None
    schema_version: Any = None


def _envelope(kind: FileKind, type: Any) -> type[msgspec.Struct]:
    head: list[tuple[str, Any] | tuple[str, Any, Any]] = [("format", str), ("schema_version", int)]
    fields = [*head, ("written_by", str, ""), (kind.body, type)]
    name = kind.noun.capitalize()
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


def _read(path: Path) -> bytes:
    """The content of a file; only its beginning where that is not JSON, as of a device that never ends."""
    with path.open("rb") as stream:
        first = stream.read(_FIRST_BYTES)
        if not first.lstrip().startswith(b"{"):
            return first
        content = first + stream.read(MAX_FILE_BYTES)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"it is longer than {MAX_FILE_BYTES:,} bytes")
    return content
