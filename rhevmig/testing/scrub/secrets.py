"""What is secret in an exchange with an engine: hidden on the way into a cassette, found in existing ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

import msgspec

#: What stands where a secret was.
PLACEHOLDER = "SCRUBBED"

#: Fields of forms and of JSON, and query parameters, that are secret.
SECRET_NAMES = frozenset(
    {
        "access_token", "api_key", "assertion", "auth_token", "client_secret", "code_verifier", "id_token",
        "passphrase", "passwd", "password", "private_key", "refresh_token", "secret", "session_id", "ticket",
        "token",
    }
)  # fmt: skip

_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token")

#: Elements of the API that hold a secret: logins of hosts, storage, power management, external providers,
#: cloud-init, console tickets, keys.
_XML = re.compile(
    rb"(<(?P<tag>(?:[a-z_]*password|passphrase|secret|private_key|sso_token|auth_key)|ticket><value)>)([^<]+)(</)"
)
_XML_HINTS = (b"password", b"passphrase", b"secret", b"private_key", b"sso_token", b"auth_key", b"<ticket>")
#: The engine's login events tell the session id in clear text (events 30 and 31).
_SESSION = re.compile(rb"(using session ')([^']+)(')")
_JSON = re.compile(
    rb'("(?:'
    + b"|".join(name.encode() for name in sorted(SECRET_NAMES))
    + rb')"\s*:\s*")((?:[^"\\]|\\.)*)(")'
)
_PAIR = re.compile(r"((?:^|[?&;])(?:" + "|".join(sorted(SECRET_NAMES)) + r")=)([^&;]*)", re.IGNORECASE)
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(?!\s*SCRUBBED).*?-----END \1-----", re.DOTALL)
_COOKIE = re.compile(r"^([^=;]+)=([^;]*)")

#: Words that stand for a secret in cassettes, whoever made them: SCRUBBED, <TOKEN>, ***, REDACTED, xxxx.
_HIDDEN = re.compile(r"^[\[<{(]*(?:[A-Z][A-Z_ -]*|\*+|x{3,}|None|null)?[\])}>]*$")


class FoundSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret in a cassette; its value is never told."""

    #: Number of the exchange, from 1.
    exchange: int
    #: Where in it, e.g. `request header Authorization`.
    place: str


class Hiding:
    """Hides secrets, and remembers them, so that a later exchange cannot tell them elsewhere."""

    def __init__(self, placeholder: str = PLACEHOLDER) -> None:
        self._placeholder = placeholder
        self._known: set[bytes] = set()

    def uri(self, uri: str) -> str:
        """A URI without secret parameters."""
        return self._pairs(uri) if "?" in uri else uri

    def request_body(self, body: bytes | None) -> bytes | None:
        """A request body without secrets."""
        if not body:
            return body
        if body.lstrip()[:1] not in (b"<", b"{", b"["):
            text = body.decode("utf-8", "surrogateescape")
            return self._pairs(text).encode("utf-8", "surrogateescape")
        return self.response_body(body)

    def headers(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Headers without tokens and cookies; schemes of authorizations and names of cookies stay."""
        return {
            name: self._header(name.lower(), value) if name.lower() in _SECRET_HEADERS else value
            for name, value in headers.items()
        }

    def response_body(self, body: bytes) -> bytes:
        """A body without secrets; most bodies hold none and come back as they are."""
        if body[:1] in (b"{", b"["):
            body = _JSON.sub(self._learnt, body)
        elif any(hint in body for hint in _XML_HINTS):
            body = _XML.sub(lambda match: match[1] + self._learn(match[3]) + match[4], body)
        if b"using session '" in body:
            body = _SESSION.sub(self._learnt, body)
        if b"PRIVATE KEY-----" in body:
            body = _KEY.sub(rb"-----BEGIN \1-----SCRUBBED-----END \1-----", body)
        for secret in self._known:
            if secret in body:
                body = body.replace(secret, self._placeholder.encode())
        return body

    def _pairs(self, text: str) -> str:
        def hidden(match: re.Match[str]) -> str:
            self._learn(unquote_plus(match[2]).encode())
            return match[1] + quote(self._placeholder)

        return _PAIR.sub(hidden, text)

    def _header(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._header(name, one) for one in value]
        if "cookie" in name:
            return _COOKIE.sub(rf"\1={self._placeholder}", str(value))
        scheme, blank, rest = str(value).partition(" ")
        self._learn((rest or scheme).encode())
        return f"{scheme} {self._placeholder}" if blank else self._placeholder

    def _learnt(self, match: re.Match[bytes]) -> bytes:
        return match[1] + self._learn(match[2]) + match[3]

    def _learn(self, secret: bytes) -> bytes:
        # A password that is a word of the language would be found in innocent texts.
        is_word = len(secret) < 16 and (secret.isalpha() or secret.isdigit())
        if len(secret) >= 8 and not is_word and not _HIDDEN.match(secret.decode("utf-8", "replace")):
            self._known.add(secret)
        return self._placeholder.encode()


def hide_in_xml(body: bytes) -> bytes:
    """An XML body with its secrets replaced by one fixed word, so that bodies compare without them."""
    return _XML.sub(rb"\1\4", body)


def find_secrets(interactions: list[Mapping[str, Any]]) -> Iterator[FoundSecret]:
    """Every secret that a cassette still holds, in order."""
    for number, interaction in enumerate(interactions, start=1):
        request, response = interaction["request"], interaction["response"]
        places = [
            *_in_headers("request", request.get("headers") or {}),
            *_in_headers("response", response.get("headers") or {}),
            *_in_text("request URI", str(request.get("uri") or "")),
            *_in_body("request body", request.get("body")),
            *_in_body("response body", response.get("body")),
        ]
        yield from (FoundSecret(exchange=number, place=place) for place in dict.fromkeys(places))


def _in_headers(side: str, headers: Mapping[str, Any]) -> Iterator[str]:
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            if name.lower() not in _SECRET_HEADERS:
                continue
            if "cookie" in name.lower():
                match = _COOKIE.match(str(value))
                rest = match[2] if match else str(value)
            else:
                rest = str(value).partition(" ")[2] or str(value)
            if not _HIDDEN.match(rest):
                yield f"{side} header {name}"


def _in_text(place: str, text: str) -> Iterator[str]:
    for match in _PAIR.finditer(text):
        if not _HIDDEN.match(unquote_plus(match[2])):
            yield f"{place}, parameter {match[1].strip('?&;=')}"


def _in_body(place: str, body: Any) -> Iterator[str]:
    content = body.get("string") if isinstance(body, Mapping) else body
    if not content:
        return
    data = content if isinstance(content, bytes) else str(content).encode()
    if data.lstrip()[:1] not in (b"<", b"{", b"["):
        if place == "request body":
            yield from _in_text(place, data.decode("utf-8", "replace"))
    elif data[:1] in (b"{", b"["):
        for match in _JSON.finditer(data):
            if not _HIDDEN.match(match[2].decode("utf-8", "replace")):
                yield f"{place}, field {match[1].decode().split(chr(34))[1]}"
    elif any(hint in data for hint in _XML_HINTS):
        for match in _XML.finditer(data):
            if not _HIDDEN.match(match[3].decode("utf-8", "replace")):
                yield f"{place}, element {match['tag'].decode()}"
    if b"using session '" in data:
        yield from (
            f"{place}, session of a login event"
            for match in _SESSION.finditer(data)
            if not _HIDDEN.match(match[2].decode("utf-8", "replace"))
        )
    if b"PRIVATE KEY-----" in data and _KEY.search(data):
        yield f"{place}, private key"
