"""A request and a response, independent of the server."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl, unquote

#: Larger bodies are refused before they are read.
BODY_LIMIT_BYTES = 8 * 1024 * 1024


def is_true(value: str | None) -> bool | None:
    """A boolean parameter as the engine reads it: empty is true; None if absent or unreadable."""
    if value is None:
        return None
    if value.lower() in ("", "t", "true", "y", "yes", "1"):
        return True
    return False if value.lower() in ("f", "false", "n", "no", "0") else None


class LabRequest:
    """A request of a client."""

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        client: str = "127.0.0.1",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.body = body
        self.client = client
        # The client's port; 0 if there is no server.
        self.port = 0
        self.params = dict(parse_qsl(query, keep_blank_values=True))

    def param(self, name: str) -> str | None:
        """A parameter of the query, or of the last path segment (`/events;from=10`)."""
        if name in self.params:
            return self.params[name]
        for matrix in self.path.rpartition("/")[2].split(";")[1:]:
            key, _, value = matrix.partition("=")
            if key == name:
                return unquote(value)
        return None

    def switch(self, name: str) -> bool | None:
        """A boolean that may come as parameter or as header: filter, all_content."""
        value = self.param(name)
        return is_true(value if value is not None else self.headers.get(name.replace("_", "-")))

    @property
    def segments(self) -> list[str]:
        """The path's segments, decoded, without matrix parameters."""
        return [unquote(part.split(";")[0]) for part in self.path.strip("/").split("/") if part]


class LabResponse:
    """An answer of the engine."""

    __slots__ = ("body", "delay_s", "fate", "headers", "status")

    def __init__(
        self, status: int = 200, body: bytes = b"", headers: list[tuple[str, str]] | None = None
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or []
        # Real seconds by which the server delays the answer (injected faults, engine costs).
        self.delay_s = 0.0
        # Its fate on the connection (see `relay`).
        self.fate: Literal["", "lost", "reset", "silent", "cut"] = ""

    def header(self, name: str) -> str | None:
        """A header's value."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()
