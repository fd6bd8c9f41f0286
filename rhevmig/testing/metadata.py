"""The engine's version and the time of recording, read from the exchanges of a cassette."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

#: Paths of the API's root; only there `product_info` is the engine's own.
_ROOTS = ("/ovirt-engine/api", "/ovirt-engine/api/v4")


def metadata_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is written to a cassette's `metadata`; without what the exchanges do not show."""
    moment = recorded_at(document["interactions"]) or datetime.now(UTC)
    version = engine_version(document["interactions"])
    metadata = {"recorded_at": moment.isoformat(timespec="seconds").replace("+00:00", "Z")}
    return metadata if version is None else {**metadata, "engine_version": version}


def engine_version(interactions: Iterable[Mapping[str, Any]]) -> str | None:
    """The full version in the `product_info` of the API's root; None where no answer shows it.

    Engine: guests and hosts have versions too, so no other answer counts.
    """
    for interaction in interactions:
        if urlsplit(str(interaction["request"]["uri"])).path.rstrip("/") in _ROOTS:
            version = _product_version((interaction["response"].get("body") or {}).get("string") or b"")
            if version:
                return version
    return None


def recorded_at(interactions: Iterable[Mapping[str, Any]]) -> datetime | None:
    """When the first exchange with a time was recorded."""
    moments = (_moment(interaction["response"]) for interaction in interactions)
    return next((moment for moment in moments if moment is not None), None)


def moment_of(text: Any) -> datetime | None:
    """A time from its text, in UTC where it names no zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _product_version(body: bytes | str) -> str | None:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        if text.lstrip()[:1] == "{":
            return str(json.loads(text)["product_info"]["version"]["full_version"])
        return ET.fromstring(text.encode()).findtext("product_info/version/full_version")  # noqa: S314
    except (ValueError, KeyError, TypeError, ET.ParseError):
        return None


def _moment(response: Mapping[str, Any]) -> datetime | None:
    at = (response.get("curl") or {}).get("at")
    if at is None:
        values = (response.get("headers") or {}).get("X-Recorded-At")
        at = values[0] if isinstance(values, list) and values else values
    return moment_of(at)
