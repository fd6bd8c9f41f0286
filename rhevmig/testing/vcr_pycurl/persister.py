"""Cassettes on disk, written: aside and renamed, by one process at a time, never over what cannot be read."""

from __future__ import annotations

import copy
import fcntl
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from vcr.cassette import Cassette
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request

from rhevmig.errors import CassetteError
from rhevmig.recordings.cassette_file import read_document, write_document
from rhevmig.testing.scrub.secrets import find_secrets

#: Before version 9, vcrpy knows no metadata and must not be given any.
_HAS_METADATA = hasattr(Cassette, "get_metadata")


class Persister:
    """vcrpy's persister for engine cassettes: YAML or JSON, plain, `.gz` or `.xz`.

    Args: secrets (what to do with a cassette that still holds some), change (applied to the whole document
    before it is written, e.g. pseudonyms), describe (metadata from the document).
    """

    def __init__(
        self,
        *,
        secrets: Literal["refuse", "allow"] = "refuse",
        change: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        describe: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self._secrets = secrets
        self._change = change
        self._describe = describe
        self._seen: dict[str, tuple[int, int] | None] = {}

    def load_cassette(self, path: str | Path, serializer: object = None) -> tuple[Any, ...]:
        """Requests, responses and metadata of a cassette.

        Raises: CassetteNotFoundError where there is no file; CassetteError where it cannot be used.
        """
        file = Path(path)
        self._seen[str(path)] = _state(file)
        if not file.exists():
            raise CassetteNotFoundError(str(path))
        document = read_document(file)
        if self._secrets == "refuse":
            refuse_secrets(file, document)
        try:
            pairs = [
                (_request(one["request"]), _response(one["response"])) for one in document["interactions"]
            ]
        except (KeyError, TypeError, AttributeError) as problem:
            raise CassetteError(
                path=str(path), detail=f"an exchange is damaged ({type(problem).__name__}: {problem})"
            ) from problem
        requests, responses = [one for one, _ in pairs], [other for _, other in pairs]
        metadata = document.get("metadata")
        return (requests, responses, metadata) if metadata and _HAS_METADATA else (requests, responses)

    def save_cassette(self, path: str | Path, cassette: Mapping[str, Any], serializer: object = None) -> None:
        """Writes a cassette; the file that stood there is replaced in one step or not at all."""
        file = Path(path)
        if self._seen.get(str(path), _state(file)) != _state(file):
            raise CassetteError(
                path=str(path),
                detail="it was changed by another process while this one recorded; nothing was written",
                remedy="Give each recording a file of its own.",
            )
        document = _document(cassette)
        if self._change is not None:
            document = self._change(document)
        if self._describe is not None:
            document["metadata"] = {**(cassette.get("metadata") or {}), **self._describe(document)}
        write_document(file, document)
        self._seen[str(path)] = _state(file)


class Claim:
    """One process's right to record to a cassette; gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self._lock = path.with_name(path.name + ".lock")
        self._path = path
        self._file: io.TextIOWrapper | None = None

    def take(self) -> None:
        """Claims the file.

        Raises: CassetteError where another process has it.
        """
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            while self._file is None:
                self._try()
        except OSError as problem:
            raise CassetteError(path=str(self._path), detail=f"cannot be recorded: {problem}") from problem

    def release(self) -> None:
        """Lets others record; a second call does nothing."""
        if self._file is not None:
            self._lock.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _try(self) -> None:
        file = self._lock.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise CassetteError(
                path=str(self._path),
                detail=f"another recording is under way (process {owner})",
                remedy="Give each recording a file of its own, or wait for the other one.",
            ) from None
        # The owner before us may have removed the file between our opening and our locking it.
        if _inode(self._lock) != os.fstat(file.fileno()).st_ino:
            file.close()
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file


def refuse_secrets(file: Path, document: Mapping[str, Any]) -> None:
    """Raises CassetteError where a cassette holds a secret, naming its place and never its value."""
    found = list(find_secrets(document["interactions"]))
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise CassetteError(
            path=str(file),
            detail=f"it holds a secret: exchange {found[0].exchange}, {found[0].place}{more}",
            remedy=f"Hide it: rhevmig cassette scrub {file}",
        )


def _document(cassette: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": 1,
        "interactions": [
            {"request": _plain_request(request), "response": _plain_response(response)}
            for request, response in zip(cassette["requests"], cassette["responses"], strict=True)
        ],
    }


def _plain_request(request: Any) -> dict[str, Any]:
    body = request.body
    if body is not None and not isinstance(body, bytes | str):
        body = body.read() if hasattr(body, "read") else b"".join(body)
    return {
        "method": request.method,
        "uri": request.uri,
        "body": _text(body),
        "headers": {str(name): [str(value)] for name, value in request.headers.items()},
    }


def _plain_response(response: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: copy.deepcopy(value) for name, value in response.items() if name != "body"}
    plain["headers"] = {str(name): value for name, value in dict(response.get("headers") or {}).items()}
    plain["body"] = {name: _text(value) for name, value in (response.get("body") or {}).items()}
    return plain


def _text(body: Any) -> Any:
    if isinstance(body, bytes):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body
    return body


def _request(content: Mapping[str, Any]) -> Request:
    return Request(content["method"], content["uri"], content.get("body"), content.get("headers") or {})


def _response(content: Mapping[str, Any]) -> dict[str, Any]:
    response = dict(content)
    body = dict(response.get("body") or {})
    text = body.get("string")
    body["string"] = text.encode() if isinstance(text, str) else text or b""
    response["body"] = body
    int(response["status"]["code"])
    return response


def _state(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None
