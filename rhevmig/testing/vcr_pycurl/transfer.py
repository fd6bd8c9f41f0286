"""One transfer: the request from a handle's options, the answer collected from libcurl or replayed.

A recorded answer has vcrpy's layout. What libcurl users see beyond it (errors of the transport, earlier
header blocks of redirects and of `100 Continue`, the effective URL) is under `curl`, which other readers of
cassettes ignore.
"""

from __future__ import annotations

import base64
import io
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pycurl
from vcr.request import Request

Sink = Callable[[bytes], Any]
Options = Mapping[int, Any]

# libcurl passes a body to the callback in pieces of at most this size.
_PIECE = 16_384
_DROPPED = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def _get(options: Options, *names: str) -> Any:
    for name in names:
        value = options.get(getattr(pycurl, name, -1))
        if value is not None:
            return value
    return None


# ── the request ──────────────────────────────────────────────────────────────────────────────────


def request_of(options: Options, uploaded: bytes | None = None) -> Request:
    """vcrpy's request for what libcurl sends with these options.

    Args:
        uploaded: the data of a read callback, where one is set.
    """
    body = uploaded if uploaded is not None else _bytes(_get(options, "COPYPOSTFIELDS", "POSTFIELDS"))
    method = _method(options, body)
    if method not in _METHODS_WITH_BODY:
        body = None
    return Request(method, _text(_get(options, "URL") or ""), body, _headers(options, body, method))


def _method(options: Options, body: bytes | None) -> str:
    custom = _get(options, "CUSTOMREQUEST")
    if custom:
        return _text(custom).upper()
    if _get(options, "UPLOAD", "PUT"):
        return "PUT"
    if _get(options, "NOBODY"):
        return "HEAD"
    return "POST" if body is not None or _get(options, "POST") else "GET"


def _headers(options: Options, body: bytes | None, method: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    agent, cookie, referer = (_get(options, name) for name in ("USERAGENT", "COOKIE", "REFERER"))
    for name, value in (("User-Agent", agent), ("Cookie", cookie), ("Referer", referer)):
        if value:
            headers[name] = _text(value)
    login = _get(options, "USERPWD")
    if login is None and _get(options, "USERNAME"):
        login = f"{_text(_get(options, 'USERNAME'))}:{_text(_get(options, 'PASSWORD') or '')}"
    if login and _text(login) != ":":
        headers["Authorization"] = "Basic " + base64.b64encode(_bytes(login) or b"").decode()
    if _get(options, "XOAUTH2_BEARER"):
        headers["Authorization"] = "Bearer " + _text(_get(options, "XOAUTH2_BEARER"))
    if body is not None and method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    for line in _get(options, "HTTPHEADER") or ():
        name, colon, value = _text(line).partition(":")
        if colon and value.strip():
            headers = {key: old for key, old in headers.items() if key.lower() != name.strip().lower()}
            headers[name.strip()] = value.strip()
    return headers


def upload_of(options: Options) -> bytes | None:
    """An upload, read to its end from the callback; None without a callback.

    It is read once, before it is compared or sent: a callback cannot be read twice.
    """
    read = _get(options, "READFUNCTION") or getattr(_get(options, "READDATA", "INFILE"), "read", None)
    if read is None:
        return None
    pieces: list[bytes] = []
    while piece := read(_PIECE):
        if not isinstance(piece, str | bytes):
            raise pycurl.error(pycurl.E_ABORTED_BY_CALLBACK, "operation aborted by callback")
        pieces.append(_bytes(piece) or b"")
    return b"".join(pieces)


# ── receivers of the answer ────────────────────────────────────────────────────────────────────────


def sinks_of(options: Options) -> tuple[Sink, Sink | None]:
    """The user's callbacks for the body and for header lines."""
    body = _get(options, "WRITEFUNCTION")
    if body is None:
        body = getattr(_get(options, "WRITEDATA", "FILE"), "write", None)
    headers = _get(options, "HEADERFUNCTION")
    if headers is None:
        headers = getattr(_get(options, "WRITEHEADER"), "write", None)
    return body or _to_stdout, headers


def _to_stdout(piece: bytes) -> None:
    target = getattr(sys.stdout, "buffer", None)
    if target is not None:
        target.write(piece)
    else:
        sys.stdout.write(piece.decode("utf-8", "replace"))


class Collected:
    """Records what libcurl passes to the callbacks."""

    def __init__(self, options: Options) -> None:
        self._body_sink, self._header_sink = sinks_of(options)
        self._decodes = _get(options, "ACCEPT_ENCODING", "ENCODING") is not None
        self._blocks: list[list[bytes]] = []
        self._body: list[bytes] = []
        self._at = datetime.now(UTC)
        self._started = time.perf_counter()

    def header(self, line: bytes) -> Any:
        """libcurl's header callback."""
        if line.startswith(b"HTTP/") or not self._blocks:
            self._blocks.append([])
        self._blocks[-1].append(line)
        return None if self._header_sink is None else self._header_sink(line)

    def body(self, piece: bytes) -> Any:
        """libcurl's write callback."""
        self._body.append(piece)
        return self._body_sink(piece)

    def response(self, handle: Any, error: tuple[int, str] | None) -> dict[str, Any]:
        """vcrpy's response for the collected data; `handle` is libcurl's, after the transfer."""
        block = self._blocks[-1] if self._blocks else []
        curl: dict[str, Any] = {
            "at": self._at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "elapsed_ms": round((time.perf_counter() - self._started) * 1000, 1),
        }
        if error is not None:
            curl["error"] = [error[0], error[1]]
        if len(self._blocks) > 1:
            curl["earlier"] = [b"".join(lines).decode("latin-1") for lines in self._blocks[:-1]]
        redirects = handle.getinfo(pycurl.REDIRECT_COUNT)
        if redirects:
            curl["redirects"], curl["url"] = redirects, handle.getinfo(pycurl.EFFECTIVE_URL)
        version, code, reason = _status(block[0] if block else b"")
        if version not in ("", "1.1"):
            curl["http_version"] = version
        return {
            "status": {"code": code, "message": reason},
            "headers": self._named(block[1:]),
            "body": {"string": b"".join(self._body)},
            "curl": curl,
        }

    def _named(self, lines: list[bytes]) -> dict[str, list[str]]:
        """Headers by name, without those of the encoding that libcurl has decoded."""
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or (
                name.lower() in _DROPPED and (self._decodes or name.lower() != "content-encoding")
            ):
                continue
            headers.setdefault(name, []).append(value.strip())
        return headers


# ── replaying an answer ────────────────────────────────────────────────────────────────


def replay(response: Mapping[str, Any], options: Options) -> tuple[int, str] | None:
    """Calls the callbacks as libcurl does; returns the recorded error of the transport."""
    body_sink, header_sink = sinks_of(options)
    curl = response.get("curl") or {}
    if header_sink is not None:
        for line in _header_lines(response, curl):
            failed = _give(header_sink, line)
            if failed is not None:
                return failed
    body = _bytes(response["body"]["string"]) or b""
    for start in range(0, len(body), _PIECE):
        failed = _give(body_sink, body if len(body) <= _PIECE else body[start : start + _PIECE])
        if failed is not None:
            return failed
    error = curl.get("error")
    return None if error is None else (int(error[0]), str(error[1]))


def _header_lines(response: Mapping[str, Any], curl: Mapping[str, Any]) -> list[bytes]:
    lines: list[bytes] = []
    for block in curl.get("earlier") or ():
        lines += io.BytesIO(block.encode("latin-1")).readlines()
    status = response["status"]
    if status["code"]:
        lines.append(
            f"HTTP/{curl.get('http_version', '1.1')} {status['code']} {status['message'] or ''}\r\n".encode(
                "latin-1"
            )
        )
        for name, values in (response.get("headers") or {}).items():
            if not name.lower().startswith("x-recorded-"):
                each = values if isinstance(values, list) else [values]
                lines += [f"{name}: {value}\r\n".encode("latin-1", "replace") for value in each]
        lines.append(b"\r\n")
    return lines


def _give(sink: Sink, piece: bytes) -> tuple[int, str] | None:
    try:
        taken = sink(piece)
    except Exception:  # noqa: BLE001 - pycurl prints an exception of a callback and aborts the transfer
        traceback.print_exc()
        taken = -1
    if taken is None or taken == len(piece):
        return None
    return (
        pycurl.E_WRITE_ERROR,
        f"Failure writing output to destination, passed {len(piece)} returned {taken}",
    )


def played_info(response: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The `getinfo` fields of a replayed transfer."""
    curl = response.get("curl") or {}
    headers = {name.lower(): values for name, values in (response.get("headers") or {}).items()}
    kind = headers.get("content-type")
    body = response["body"]["string"] or b""
    milliseconds = float(curl.get("elapsed_ms") or 0)
    return {
        "code": int(response["status"]["code"]),
        "url": curl.get("url") or _text(_get(options, "URL") or ""),
        "content_type": kind[-1] if isinstance(kind, list) else kind,
        "seconds": milliseconds / 1000,
        "length": float(len(body)),
        "header_length": sum(map(len, _header_lines(response, curl))),
        "redirects": int(curl.get("redirects") or 0),
        "http_version": {"1.0": 1, "1.1": 2, "2": 3, "3": 30}.get(str(curl.get("http_version", "1.1")), 0),
        "zero_seconds": 0.0,
        "zero": 0,
        "nothing": None,
    }


def _status(line: bytes) -> tuple[str, int, str]:
    words = line.decode("latin-1").split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return "", 0, ""
    return words[0][5:], int(words[1]), words[2].strip() if len(words) > 2 else ""


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogateescape")
