"""What is asked of the engine: one request, named the same way in every error."""

from __future__ import annotations

from typing import Any

import msgspec


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, as errors name it."""

    #: HTTP method.
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
