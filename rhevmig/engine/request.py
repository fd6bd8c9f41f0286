"""One request to an engine and its answer, as errors name them."""

from __future__ import annotations

from typing import Any

import msgspec


class EngineRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request."""

    method: str = "GET"
    #: Base address of the API.
    url: str = ""
    #: Path below it, without query; empty for the root.
    path: str = ""
    #: Correlation id that was sent.
    correlation_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that every `EngineError` carries."""
        path = f"{self.url}/{self.path}".rstrip("/") if self.path else self.url
        return {"method": self.method, "path": path, "correlation_id": self.correlation_id}


class EngineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back over HTTP."""

    #: HTTP status; 0 where nothing came.
    status_code: int
    #: Media type without parameters, lower case; None where the header is missing.
    content_type: str | None = None
    #: Address that a redirect points to.
    location: str | None = None
    body: bytes = b""

    @property
    def is_xml(self) -> bool:
        """Whether its content type is XML."""
        return self.content_type in ("application/xml", "text/xml")
