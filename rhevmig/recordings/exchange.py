"""One request to an engine with its response, as a cassette holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec

#: Where an engine's API and its login service begin.
PREFIX = "/ovirt-engine"


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request and its response; bodies are decoded (no gzip, no chunks)."""

    #: Upper case.
    method: str
    #: As recorded, with scheme and host.
    uri: str
    #: Names in lower case; the last value of a repeated header.
    request_headers: Mapping[str, str] = {}
    request_body: bytes | None = None
    #: HTTP status; 0 where the transport failed and there was no response.
    status: int
    reason: str = ""
    #: Response headers as recorded, in order.
    headers: tuple[tuple[str, str], ...] = ()
    #: Response body.
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query, without scheme and host: `/ovirt-engine/api/vms?max=2`."""
        _, scheme, rest = self.uri.partition("://")
        return rest[rest.find("/") :] if scheme and "/" in rest else self.uri

    @property
    def path(self) -> str:
        """The path below `/ovirt-engine/api/`, or the whole path elsewhere; without slashes at its ends."""
        path = self.target.partition("?")[0]
        return path.removeprefix(f"{PREFIX}/api").removeprefix("/v4").strip("/")

    @property
    def query(self) -> str:
        """The query, not decoded."""
        return self.target.partition("?")[2]

    def param(self, name: str) -> str:
        """A decoded query parameter; empty where it is absent."""
        values = parse_qs(self.query).get(name)
        return values[0] if values else ""

    def has_param(self, name: str) -> bool:
        """Whether the query has this parameter with a value."""
        return self.param(name) != ""

    def header(self, name: str) -> str | None:
        """The last value of a response header, by its name in any case."""
        wanted = name.lower()
        return next((value for key, value in reversed(self.headers) if key.lower() == wanted), None)

    @property
    def request_text(self) -> str:
        """The request body as text; empty without one."""
        return (self.request_body or b"").decode("utf-8", "replace")

    @property
    def answer(self) -> str:
        """The response body as text."""
        return self.body.decode("utf-8", "replace")


def exchange_of(interaction: Mapping[str, Any]) -> Exchange:
    """An exchange from the mapping that vcrpy writes.

    Raises: KeyError, TypeError, AttributeError or ValueError for a damaged mapping.
    """
    request, response = interaction["request"], interaction["response"]
    if not isinstance(response.get("curl") or {}, Mapping):
        raise TypeError("`curl` is a mapping")
    return Exchange(
        method=str(request["method"]).upper(),
        uri=str(request["uri"]),
        request_headers={name.lower(): value for name, value in _pairs(request.get("headers") or {})},
        request_body=_body(request.get("body")),
        status=int(response["status"]["code"]),
        reason=str(response["status"].get("message") or ""),
        headers=_pairs(response.get("headers") or {}),
        body=_body(response.get("body")) or b"",
    )


def _body(value: Any) -> bytes | None:
    if isinstance(value, Mapping):
        value = value.get("string")
    if value is None or isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a body is text or bytes, not {type(value).__name__}")
    return value.encode("utf-8", "surrogateescape")


def _pairs(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(
        (str(name), value)
        for name, values in headers.items()
        for value in (values if isinstance(values, list | tuple) else [values])
    )
    for name, value in pairs:
        if isinstance(value, Mapping | list | tuple):
            raise TypeError(f"header {name} is text, not {type(value).__name__}")
    return tuple((name, str(value)) for name, value in pairs)
