"""When two requests are the same: by method, path, query and canonical body, not by host or secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from rhevmig.testing.scrub.secrets import SECRET_NAMES, hide_in_xml

#: The matchers' names, in the order that messages show them.
MATCH_ON = ("method", "path", "query", "body")

#: Methods whose body counts.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Key = tuple[str, str, tuple[tuple[str, str], ...], Any]


class Matching:
    """The rules of one cassette.

    Args: ignore_query (parameters that do not count, e.g. `correlation_id` where a program draws a new one
    each time; they do not count inside a `search` either).
    """

    def __init__(self, *, ignore_query: Iterable[str] = ()) -> None:
        names = sorted(ignore_query)
        self._ignored = frozenset(names) | SECRET_NAMES
        alternatives = "|".join(map(re.escape, names))
        self._in_search = re.compile(rf"\b({alternatives})\s*=\s*\S+") if names else None

    def key(self, request: Any) -> Key:
        """Equal for two requests exactly when all matchers agree."""
        return (request.method.upper(), _path(request), self._query(request), self._body(request))

    def matchers(self) -> dict[str, Callable[[Any, Any], None]]:
        """vcrpy's matchers by name: they say what differs."""

        def method(one: Any, other: Any) -> None:
            _same(one.method.upper(), other.method.upper())

        def path(one: Any, other: Any) -> None:
            _same(_path(one), _path(other))

        def query(one: Any, other: Any) -> None:
            _same(dict(self._query(one)), dict(self._query(other)))

        def body(one: Any, other: Any) -> None:
            _same(self._body(one), self._body(other))

        return {"method": method, "path": path, "query": query, "body": body}

    def _query(self, request: Any) -> tuple[tuple[str, str], ...]:
        pairs = parse_qsl(request.parsed_uri.query, keep_blank_values=True)
        return tuple(
            sorted((name, self._value(name, value)) for name, value in pairs if name not in self._ignored)
        )

    def _value(self, name: str, value: str) -> str:
        if name == "search" and self._in_search is not None:
            return self._in_search.sub(r"\1=*", value)
        return value

    def _body(self, request: Any) -> Any:
        body = request.body
        if request.method.upper() not in _WITH_BODY or not body:
            return b""
        if not isinstance(body, bytes):
            body = body.read() if hasattr(body, "read") else b"".join(body)
        if body.lstrip()[:1] == b"<":
            return _canonical_xml(body)
        if b"json" in str(request.headers.get("Content-Type", "")).encode() or body[:1] in b"{[":
            return _canonical_json(body)
        if b"=" in body and b"\n" not in body:
            return _canonical_form(body)
        return body


def _path(request: Any) -> str:
    return unquote(request.parsed_uri.path).rstrip("/") or "/"


def _canonical_xml(body: bytes) -> Any:
    try:
        return ET.canonicalize(hide_in_xml(body).decode(), strip_text=True)
    except (ET.ParseError, UnicodeDecodeError):
        return body


def _canonical_json(body: bytes) -> Any:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in SECRET_NAMES}
    return json.dumps(content, sort_keys=True)


def _canonical_form(body: bytes) -> Any:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return body
    return tuple(sorted((name, value) for name, value in pairs if name not in SECRET_NAMES))


def _same(asked: Any, recorded: Any) -> None:
    if asked != recorded:
        raise AssertionError(f"{asked} here, {recorded} recorded")
