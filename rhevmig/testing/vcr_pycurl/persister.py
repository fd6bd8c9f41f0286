"""vcrpy's persister for engine cassettes: reads and writes through `recordings`, refuses secrets."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from vcr.cassette import Cassette
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request

from rhevmig.errors import CassetteError
from rhevmig.recordings.cassette_file import read_document, write_document
from rhevmig.testing.metadata import metadata_of
from rhevmig.testing.scrub.secrets import find_secrets
from rhevmig.testing.vcr_pycurl.matching import body_of

# Before version 9, vcrpy has no metadata and fails when it is given any.
_HAS_METADATA = hasattr(Cassette, "get_metadata")


class Persister:
    """Loads and saves a cassette for vcrpy.

    Args:
        secrets: what to do with a cassette that has secrets.
        change: applied to the whole document before it is written, e.g. pseudonyms.
    """

    def __init__(
        self,
        *,
        secrets: Literal["refuse", "allow"] = "refuse",
        change: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        self._secrets = secrets
        self._change = change
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
        requests = [_request(one["request"]) for one in document["interactions"]]
        responses = [_response(one["response"]) for one in document["interactions"]]
        metadata = document.get("metadata")
        return (requests, responses, metadata) if metadata and _HAS_METADATA else (requests, responses)

    def save_cassette(self, path: str | Path, cassette: Mapping[str, Any], serializer: object = None) -> None:
        """Writes a cassette.

        Raises: CassetteError where another process changed the file meanwhile; nothing is written then.
        """
        file = Path(path)
        if self._seen.get(str(path), _state(file)) != _state(file):
            raise CassetteError(
                path=str(path),
                detail="another process changed it during the recording; nothing was written",
                remedy="Record to another file.",
            )
        document = _document(cassette)
        if self._change is not None:
            document = self._change(document)
        document["metadata"] = {**(cassette.get("metadata") or {}), **metadata_of(document)}
        write_document(file, document)
        self._seen[str(path)] = _state(file)


def refuse_secrets(file: Path, document: Mapping[str, Any]) -> None:
    """Raises CassetteError with the place of the first secret in a cassette, never with its value."""
    found = find_secrets(document["interactions"])
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise CassetteError(
            path=str(file),
            detail=f"contains a secret: exchange {found[0].exchange}, {found[0].place}{more}",
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
    return {
        "method": request.method,
        "uri": request.uri,
        "body": _text(body_of(request)),
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
    return response


def _state(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
