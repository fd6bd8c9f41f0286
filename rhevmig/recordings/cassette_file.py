"""Cassettes on disk, read into exchanges. Nothing here talks to a network or changes a file."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rhevmig.errors import CassetteError

#: libyaml's loader reads a big cassette ten times faster; it is missing on some builds of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer, as a cassette holds them."""

    #: HTTP method, upper case.
    method: str
    #: The whole URI as recorded.
    uri: str
    #: Request body; None where none was sent.
    request_body: bytes | None = None
    #: HTTP status; 0 where the transport failed and no answer came.
    status: int
    #: Text behind the status.
    reason: str = ""
    #: Response headers as recorded, in order.
    headers: tuple[tuple[str, str], ...] = ()
    #: Decoded response body.
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The last value of a response header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), None)


def read_document(path: Path) -> dict[str, Any]:
    """The cassette's own mapping, with `interactions` proven to be a list.

    Reads YAML and JSON, plain or compressed (`.gz`, `.xz`).
    Raises: CassetteError with the reason, for a missing, empty, cut, foreign or older file.
    """
    data = _read_bytes(path)
    if not data.strip():
        raise CassetteError(path=str(path), detail="the file is empty", remedy="Record it again.")
    document = _decode(path, data)
    if isinstance(document, list):
        raise CassetteError(
            path=str(path),
            detail="it has the layout of vcrpy before version 1",
            remedy="Convert it with `python -m vcr.migration FILE`, or record it again.",
        )
    if not isinstance(document, dict) or "interactions" not in document:
        raise CassetteError(path=str(path), detail="it is no cassette: it has no `interactions`")
    if document.get("version") != 1:
        raise CassetteError(
            path=str(path),
            detail=f"it has cassette version {document.get('version')!r}; version 1 is read",
            remedy="A cut file has lost the version at its end: record it again.",
        )
    if not isinstance(document["interactions"], list):
        raise CassetteError(path=str(path), detail="`interactions` is not a list")
    return document


def read_cassette(path: Path) -> tuple[Exchange, ...]:
    """All exchanges of a cassette in the order they were recorded."""
    exchanges = []
    for number, interaction in enumerate(read_document(path)["interactions"], start=1):
        try:
            exchanges.append(exchange_of(interaction))
        except (KeyError, TypeError, AttributeError, ValueError) as problem:
            raise CassetteError(
                path=str(path), detail=f"exchange {number} is damaged ({type(problem).__name__}: {problem})"
            ) from problem
    return tuple(exchanges)


def exchange_of(interaction: Mapping[str, Any]) -> Exchange:
    """An exchange from vcrpy's mapping of it."""
    request, response = interaction["request"], interaction["response"]
    return Exchange(
        method=str(request["method"]).upper(),
        uri=str(request["uri"]),
        request_body=_body(request.get("body")),
        status=int(response["status"]["code"]),
        reason=str(response["status"].get("message") or ""),
        headers=_pairs(response.get("headers") or {}),
        body=_body(response.get("body")) or b"",
    )


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            return gzip.decompress(data)
        if path.suffix == ".xz":
            return lzma.decompress(data)
        return data
    except FileNotFoundError as problem:
        raise CassetteError(path=str(path), detail="there is no such file") from problem
    except (OSError, EOFError, lzma.LZMAError) as problem:
        raise CassetteError(path=str(path), detail=f"it cannot be read: {problem}") from problem


def _decode(path: Path, data: bytes) -> Any:
    name = path.name.removesuffix(".gz").removesuffix(".xz")
    try:
        if name.endswith(".json"):
            return msgspec.json.decode(data)
        return yaml.load(data, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, msgspec.DecodeError, UnicodeDecodeError) as problem:
        said = " ".join(str(problem).split())
        raise CassetteError(
            path=str(path), detail=f"it is cut or damaged: {said[:200]}", remedy="Record it again."
        ) from problem


def _body(value: Any) -> bytes | None:
    if isinstance(value, Mapping):
        value = value.get("string")
    if value is None:
        return None
    return value if isinstance(value, bytes) else str(value).encode()


def _pairs(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(name), str(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )
