"""Secrets of exchanges: hidden while recording, found in existing cassettes."""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

from rhevmig.testing.scrub.names import PLACEHOLDER, is_hidden, is_secret_name
from rhevmig.testing.scrub.spans import SecretSpan, body_secrets, replaced, text_spans

_AUTHORIZATIONS = ("authorization", "proxy-authorization")
_COOKIES = ("cookie", "set-cookie")
_COOKIE_PAIR = re.compile(rb"(?<![^;,\s])([^=;,\s]+)=(\"[^\"]*\"|[^;,]*)")
#: Attributes of a cookie, which are not secret.
_COOKIE_ATTRIBUTES = frozenset(
    {b"path", b"domain", b"expires", b"max-age", b"samesite", b"version", b"comment", b"$version", b"$path"}
)
_CDATA = re.compile(rb"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)


class FoundSecret(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a secret; never its value."""

    #: From 1.
    exchange: int
    #: E.g. `request header Authorization`.
    place: str


class UnsearchedBody(msgspec.Struct, frozen=True, kw_only=True):
    """A body whose structure could not be read, so that secrets may be left in it."""

    #: From 1.
    exchange: int
    #: `request body` or `response body`.
    place: str
    problem: str


class SecretHiding:
    """Hides secrets, and every value that was a secret once, wherever it occurs later."""

    def __init__(self, placeholder: str = PLACEHOLDER) -> None:
        self._placeholder = placeholder.encode()
        self._known: set[bytes] = set()

    def uri(self, uri: str) -> str:
        """A URI without secret parameters and passwords."""
        return self._hidden(uri.encode("utf-8", "surrogateescape"), text_spans)

    def headers(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Headers without secrets; schemes of authorizations and names of cookies stay."""
        return {
            name: [self._header(name, one) for one in value]
            if isinstance(value, list)
            else self._header(name, value)
            for name, value in headers.items()
        }

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """A body without secrets; most bodies have none and are returned unchanged."""
        spans = body_secrets(body, content_type).spans
        for span in spans:
            self._learn(body[span.start : span.end])
        return self.without_known(replaced(body, spans, self._placeholder))

    def without_known(self, text: bytes) -> bytes:
        """Text without the values that have been secrets so far."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, self._placeholder)
        return text

    def _header(self, name: str, value: Any) -> str:
        text = str(value).encode("utf-8", "surrogateescape")
        return self._hidden(text, lambda found: header_spans(name, found))

    def _hidden(self, text: bytes, spans_of: Any) -> str:
        spans = _ordered(text, spans_of(text))
        for span in spans:
            self._learn(text[span.start : span.end])
        hidden = self.without_known(replaced(text, spans, self._placeholder))
        return hidden.decode("utf-8", "surrogateescape")

    def _learn(self, secret: bytes) -> None:
        cdata = _CDATA.fullmatch(secret)
        for plain in _plain_forms(cdata[1] if cdata else secret):
            # A password that is a word of the language occurs in innocent texts too.
            is_word = len(plain) < 16 and (plain.isalpha() or plain.isdigit())
            if len(plain) >= 6 and not is_word and not is_hidden(plain):
                self._known.update(_written_forms(plain))


def header_spans(name: str, value: bytes) -> Iterator[SecretSpan]:
    """The secrets of a header's value."""
    plain = name.lower()
    if plain in _COOKIES:
        pairs = list(_COOKIE_PAIR.finditer(value))
        if not pairs:
            yield SecretSpan(start=0, end=len(value), label=f"header {name}")
        for pair in pairs:
            if plain == "cookie" or pair[1].lower() not in _COOKIE_ATTRIBUTES:
                yield SecretSpan(start=pair.start(2), end=pair.end(2), label=f"header {name}")
    elif plain in _AUTHORIZATIONS:
        start = value.find(b" ") + 1
        yield SecretSpan(start=start, end=len(value), label=f"header {name}")
    elif is_secret_name(name):
        yield SecretSpan(start=0, end=len(value), label=f"header {name}")
    else:
        for span in text_spans(value):
            yield msgspec.structs.replace(span, label=f"header {name}, {span.label}")


def search(
    interactions: list[Mapping[str, Any]],
) -> tuple[tuple[FoundSecret, ...], tuple[UnsearchedBody, ...]]:
    """Every secret of a cassette, and every body whose structure could not be read, in order."""
    secrets: dict[FoundSecret, None] = {}
    unsearched: list[UnsearchedBody] = []
    for number, interaction in enumerate(interactions, start=1):
        uri = str(interaction["request"].get("uri") or "").encode("utf-8", "surrogateescape")
        places = [f"request URI, {span.label}" for span in _ordered(uri, text_spans(uri))]
        for side in ("request", "response"):
            headers = interaction[side].get("headers") or {}
            places += (f"{side} {label}" for label in _header_labels(headers))
            body = body_secrets(body_bytes(interaction[side].get("body")), content_type_of(headers))
            places += (f"{side} body, {span.label}" for span in body.spans)
            if body.problem is not None:
                unsearched.append(UnsearchedBody(exchange=number, place=f"{side} body", problem=body.problem))
        secrets |= dict.fromkeys(FoundSecret(exchange=number, place=place) for place in places)
    return tuple(secrets), tuple(unsearched)


def find_secrets(interactions: list[Mapping[str, Any]]) -> tuple[FoundSecret, ...]:
    """Every secret of a cassette, in order."""
    return search(interactions)[0]


def content_type_of(headers: Mapping[str, Any]) -> str:
    """The Content-Type among headers; empty without one."""
    for name, value in headers.items():
        if name.lower() == "content-type":
            return str(value[0] if isinstance(value, list) and value else value)
    return ""


def body_bytes(body: Any) -> bytes:
    """A body of vcrpy's mapping as bytes."""
    content = body.get("string") if isinstance(body, Mapping) else body
    if isinstance(content, bytes):
        return content
    return str(content or "").encode("utf-8", "surrogateescape")


def _header_labels(headers: Mapping[str, Any]) -> Iterator[str]:
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            text = str(value).encode("utf-8", "surrogateescape")
            yield from (span.label for span in _ordered(text, header_spans(name, text)))


def _ordered(text: bytes, spans: Iterator[SecretSpan]) -> list[SecretSpan]:
    """Spans with something to hide, in order and without overlaps."""
    kept: list[SecretSpan] = []
    for span in sorted(spans, key=lambda one: one.start):
        value = unquote_plus(text[span.start : span.end].decode("utf-8", "replace"))
        if not is_hidden(value) and (not kept or span.start >= kept[-1].end):
            kept.append(span)
    return kept


def _plain_forms(secret: bytes) -> Iterator[str]:
    """The secret itself, from the way in which it is written."""
    text = secret.decode("utf-8", "surrogateescape")
    yield text
    yield unquote_plus(text)
    yield html.unescape(text)
    if "\\" in text:
        with contextlib.suppress(ValueError):
            yield str(json.loads(f'"{text}"'))
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return
    if user.isprintable() and colon and password.isprintable():
        yield password


def _written_forms(plain: str) -> set[bytes]:
    """The ways in which a secret may be written elsewhere."""
    forms = {
        plain,
        quote(plain, safe=""),
        quote(plain),
        quote_plus(plain),
        html.escape(plain),
        html.escape(plain, quote=False),
    }
    forms.add(json.dumps(plain)[1:-1])
    return {form.encode("utf-8", "surrogateescape") for form in forms}
