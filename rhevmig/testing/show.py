"""What a cassette holds, told without its bodies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rhevmig.recordings.cassette_file import read_document
from rhevmig.recordings.exchange import Exchange, exchange_of
from rhevmig.testing.scrub.secrets import Found, find_secrets

_VERSION = re.compile(rb"<full_version>([^<]+)</full_version>")
_ID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Equal exchanges, folded."""

    #: HTTP method.
    method: str
    #: Path and query below `/ovirt-engine`, ids shortened.
    target: str
    #: HTTP status; None where the transport failed.
    status: int | None
    #: The transport's error, e.g. `28 Operation timed out`.
    error: str | None = None
    #: How many in a row.
    times: int = 1


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A cassette at a glance."""

    #: The file.
    path: str
    #: How many exchanges.
    exchanges: int
    #: Bytes of all response bodies.
    body_bytes: int
    #: The engine's full version; None where no answer tells it.
    engine_version: str | None
    #: Hosts that were asked.
    servers: tuple[str, ...]
    #: When the first exchange was recorded; None where the cassette does not tell.
    recorded_at: datetime | None
    #: Whole days since then.
    age_days: int | None
    #: Secrets still in it, by place.
    secrets: tuple[Found, ...]
    #: The exchanges in order.
    lines: tuple[Line, ...]


def summarise(path: Path, *, now: datetime | None = None) -> Summary:
    """Summarises a cassette.

    Raises: CassetteError where it cannot be read.
    """
    document = read_document(path)
    interactions = document["interactions"]
    exchanges = [exchange_of(one) for one in interactions]
    recorded_at = _first_moment(document)
    present = now if now is not None else datetime.now(UTC)
    servers = Counter(urlsplit(one.uri).netloc for one in exchanges)
    return Summary(
        path=str(path),
        exchanges=len(exchanges),
        body_bytes=sum(len(one.body) for one in exchanges),
        engine_version=_engine_version(document, exchanges),
        servers=tuple(name for name, _ in servers.most_common()),
        recorded_at=recorded_at,
        age_days=None if recorded_at is None else max(0, (present - recorded_at).days),
        secrets=tuple(find_secrets(interactions)),
        lines=_folded(
            [_line(one, interaction) for one, interaction in zip(exchanges, interactions, strict=True)]
        ),
    )


def engine_of(cassette: Any) -> str | None:
    """The engine version of a cassette in use."""
    told = (getattr(cassette, "_metadata", None) or {}).get("engine_version")
    if told:
        return str(told)
    bodies = ((response.get("body") or {}).get("string") or b"" for response in cassette.responses)
    found = (
        _VERSION.search(body) for body in bodies if isinstance(body, bytes) and b"<full_version>" in body
    )
    return next((match[1].decode() for match in found if match), None)


def age_of(cassette: Any, *, now: datetime | None = None) -> str:
    """How old a cassette in use is, in words."""
    moment = _parsed((getattr(cassette, "_metadata", None) or {}).get("recorded_at"))
    for response in cassette.responses if moment is None else ():
        moment = _moment(response)
        if moment is not None:
            break
    if moment is None:
        return "age unknown"
    days = ((now if now is not None else datetime.now(UTC)) - moment).days
    return f"{max(0, days)} days old"


def _engine_version(document: Mapping[str, Any], exchanges: list[Exchange]) -> str | None:
    told = (document.get("metadata") or {}).get("engine_version")
    found = (_VERSION.search(one.body) for one in exchanges if b"<full_version>" in one.body)
    return str(told) if told else next((match[1].decode() for match in found if match), None)


def _first_moment(document: Mapping[str, Any]) -> datetime | None:
    told = _parsed((document.get("metadata") or {}).get("recorded_at"))
    if told is not None:
        return told
    moments = (_moment(one["response"]) for one in document["interactions"])
    return next((moment for moment in moments if moment is not None), None)


def _moment(response: Mapping[str, Any]) -> datetime | None:
    at = (response.get("curl") or {}).get("at")
    if at is None:
        values = (response.get("headers") or {}).get("X-Recorded-At")
        at = values[0] if isinstance(values, list) and values else values
    return _parsed(at)


def _parsed(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(exchange: Exchange, interaction: Mapping[str, Any]) -> Line:
    parts = urlsplit(exchange.uri)
    target = parts.path.removeprefix("/ovirt-engine") + (f"?{parts.query}" if parts.query else "")
    error = (interaction["response"].get("curl") or {}).get("error")
    return Line(
        method=exchange.method,
        target=_ID.sub(r"\1…", target),
        status=exchange.status or None,
        error=None if error is None else f"{error[0]} {error[1]}",
    )


def _folded(lines: list[Line]) -> tuple[Line, ...]:
    folded: list[Line] = []
    for line in lines:
        if folded and msgspec.structs.replace(folded[-1], times=1) == line:
            folded[-1] = msgspec.structs.replace(folded[-1], times=folded[-1].times + 1)
        else:
            folded.append(line)
    return tuple(folded)
