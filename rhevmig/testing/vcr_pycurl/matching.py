"""Which requests are the same: method, path, query and canonical body count, hosts and secrets do not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET

from rhevmig.testing.scrub.names import is_secret_name
from rhevmig.testing.scrub.spans import without_secrets

#: Names of the matchers, in the order of messages.
MATCH_ON = ("method", "path", "query", "body")

#: Methods whose body counts.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Key = tuple[str, str, tuple[tuple[str, str], ...], Any]


class Matching:
    """The rules of one cassette.

    Args:
        ignore_query: parameters that do not count, e.g. `correlation_id` where a program generates a new one
            each time; they do not count inside a `search` either.
    """

    def __init__(self, *, ignore_query: Iterable[str] = ()) -> None:
        names = sorted(ignore_query)
        self._ignored = frozenset(names)
        alternatives = "|".join(map(re.escape, names))
        self._in_search = re.compile(rf"\b({alternatives})\s*=\s*\S+") if names else None

    def key(self, request: Any) -> Key:
        """Equal for two of vcrpy's requests exactly when all matchers agree."""
        content_type = str(request.headers.get("Content-Type", ""))
        return self.key_of(request.method, request.uri, body_of(request) or b"", content_type)

    def key_of(self, method: str, uri: str, body: bytes, content_type: str) -> Key:
        """The parts of a request that count: method, path, query and canonical body."""
        parts = urlsplit(uri)
        counts = method.upper() in _WITH_BODY
        return (
            method.upper(),
            unquote(parts.path).rstrip("/") or "/",
            self._query(parts.query),
            _canonical(body, content_type) if counts else b"",
        )

    def matchers(self) -> dict[str, Callable[[Any, Any], None]]:
        """vcrpy's matchers by name; they raise AssertionError with the difference."""

        def matcher(part: int, name: str) -> Callable[[Any, Any], None]:
            def compare(sent: Any, recorded: Any) -> None:
                one, other = self.key(sent)[part], self.key(recorded)[part]
                if one != other:
                    raise AssertionError(f"{_shown(one)} here, {_shown(other)} recorded")

            compare.__name__ = name  # vcrpy's messages show it
            return compare

        return {name: matcher(part, name) for part, name in enumerate(MATCH_ON)}

    def _query(self, query: str) -> tuple[tuple[str, str], ...]:
        pairs = parse_qsl(query, keep_blank_values=True)
        return tuple(sorted((name, self._value(name, value)) for name, value in pairs if self._counts(name)))

    def _counts(self, name: str) -> bool:
        return name not in self._ignored and not is_secret_name(name)

    def _value(self, name: str, value: str) -> str:
        if name == "search" and self._in_search is not None:
            return self._in_search.sub(r"\1=*", value)
        return value


def body_of(request: Any) -> bytes | None:
    """The body of one of vcrpy's requests, which may be a file or an iterator; None without a body."""
    body = request.body
    if body is None or isinstance(body, bytes):
        return body
    return bytes(body.read() if hasattr(body, "read") else b"".join(body))


def _canonical(body: bytes, content_type: str) -> Any:
    if not body:
        return b""
    if body.lstrip()[:1] == b"<":
        return _canonical_xml(body)
    if "json" in content_type or body[:1] in b"{[":
        return _canonical_json(body)
    if b"=" in body and b"\n" not in body:
        return _canonical_form(body)
    return body


def _shown(part: Any) -> Any:
    return dict(part) if isinstance(part, tuple) else part


def _canonical_xml(body: bytes) -> Any:
    try:
        return ET.canonicalize(without_secrets(body).decode(), strip_text=True)
    except (ET.ParseError, UnicodeDecodeError):
        return body


def _canonical_json(body: bytes) -> Any:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if not is_secret_name(name)}
    return json.dumps(content, sort_keys=True)


def _canonical_form(body: bytes) -> Any:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return body
    return tuple(sorted((name, value) for name, value in pairs if not is_secret_name(name)))
