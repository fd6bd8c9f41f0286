"""The one reader and the one writer of cassettes: vcrpy's layout, as YAML or JSON, plain, `.gz` or `.xz`.

Reading is bounded in bytes, depth and nodes. A file is replaced in one step, so that a reader sees the old
cassette or the new one.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec
import yaml

from rhevmig.errors import CassetteError, OutputFailed
from rhevmig.files import check_bounds, write_file
from rhevmig.recordings.exchange import Exchange, exchange_of

#: Bytes of a cassette after decompression.
MAX_BYTES = 512 * 1024 * 1024
#: Values in a cassette; an alias counts again each time it is used.
MAX_NODES = 2_000_000
#: Levels of nesting; vcrpy's layout needs seven.
MAX_DEPTH = 40

_SUFFIX = re.compile(r"\.(ya?ml|json)(\.gz|\.xz)?$")
# libyaml reads and writes ten times faster; some builds of PyYAML lack it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read_cassette(path: Path) -> tuple[Exchange, ...]:
    """All exchanges of a cassette in the order in which they were recorded.

    Raises: CassetteError as `read_document`.
    """
    return _exchanges(path, _read_document(path))


def read_document(path: Path) -> dict[str, Any]:
    """A cassette as vcrpy's mapping, with exchanges that can be read.

    Raises: CassetteError for a missing, empty, truncated or oversized file, another format, an old version
        and a damaged exchange.
    """
    document = _read_document(path)
    _exchanges(path, document)
    return document


def _read_document(path: Path) -> dict[str, Any]:
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
        raise CassetteError(path=str(path), detail="not a cassette: there is no `interactions`")
    if document.get("version") != 1:
        raise CassetteError(
            path=str(path),
            detail=f"unsupported cassette version {document.get('version')!r}; version 1 is supported",
            remedy="A truncated file has lost the version at its end: record it again.",
        )
    if not isinstance(document["interactions"], list):
        raise CassetteError(path=str(path), detail="`interactions` is not a list")
    if not isinstance(document.get("metadata") or {}, dict):
        raise CassetteError(path=str(path), detail="`metadata` is not a mapping")
    return document


def _exchanges(path: Path, document: Mapping[str, Any]) -> tuple[Exchange, ...]:
    exchanges = []
    for number, interaction in enumerate(document["interactions"], start=1):
        try:
            exchanges.append(exchange_of(interaction))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CassetteError(
                path=str(path), detail=f"exchange {number} is damaged ({type(error).__name__}: {error})"
            ) from error
    return tuple(exchanges)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a cassette to a temporary file and renames it.

    Raises: CassetteError where the folder is not writable.
    """
    data = _encode(path, document)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
    except OutputFailed as error:
        raise CassetteError(path=str(path), detail=f"cannot be written: {error.detail}") from error
    except OSError as error:
        raise CassetteError(path=str(path), detail=f"cannot be written: {error.strerror}") from error


def cassette_files(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """The cassettes among files and folders; those of a folder in the order of their names.

    Raises: CassetteError for a missing path and for a folder without cassettes.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files: list[Path] = []
    for path in map(Path, given):
        if not path.exists():
            raise CassetteError(path=str(path), detail="no such file")
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(file for file in path.iterdir() if _SUFFIX.search(file.name))
        if not found:
            raise CassetteError(path=str(path), detail="the folder has no cassette")
        files += found
    return files


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file, _decompressed(path, file) as source:
            data = source.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise CassetteError(path=str(path), detail="no such file") from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise CassetteError(path=str(path), detail=f"cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise CassetteError(path=str(path), detail=f"larger than {MAX_BYTES // 1024**2} MiB")
    return data


def _decompressed(path: Path, file: IO[bytes]) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    return io.BufferedReader(lzma.LZMAFile(file)) if path.suffix == ".xz" else file


def _decode(path: Path, data: bytes) -> Any:
    try:
        # Both loaders are safe ones.
        document = msgspec.json.decode(data) if _is_json(path) else yaml.load(data, Loader=_LOADER)  # noqa: S506
    except RecursionError as error:
        raise CassetteError(path=str(path), detail="nested too deeply") from error
    except (yaml.YAMLError, msgspec.DecodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CassetteError(
            path=str(path), detail=f"truncated or damaged: {reason[:200]}", remedy="Record it again."
        ) from error
    try:
        check_bounds(document, max_depth=MAX_DEPTH, max_values=MAX_NODES)
    except ValueError as error:
        raise CassetteError(path=str(path), detail=str(error)) from error
    return document


def _encode(path: Path, document: Mapping[str, Any]) -> bytes:
    try:
        if _is_json(path):
            data = json.dumps(document, ensure_ascii=False, indent=1).encode()
        else:
            data = yaml.dump(document, Dumper=_DUMPER, allow_unicode=True, encoding="utf-8")
    except (TypeError, yaml.YAMLError) as error:
        raise CassetteError(path=str(path), detail=f"an exchange cannot be written: {error}") from error
    if path.suffix == ".gz":
        return gzip.compress(data, mtime=0)
    return lzma.compress(data) if path.suffix == ".xz" else data


def _is_json(path: Path) -> bool:
    return path.name.removesuffix(".gz").removesuffix(".xz").endswith(".json")
