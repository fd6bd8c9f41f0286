"""A cassette's contents without its bodies: exchanges, engine version, age, secrets."""

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
from rhevmig.recordings.exchange import PREFIX, Exchange, exchange_of
from rhevmig.testing.metadata import engine_version, moment_of, recorded_at
from rhevmig.testing.scrub.secrets import FoundSecret, UnsearchedBody, search

_ID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class ExchangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive equal exchanges."""

    method: str
    #: Path and query below `/ovirt-engine`, ids shortened.
    target: str
    #: HTTP status; None where the transport failed.
    status: int | None
    #: Error of the transport, e.g. `28 Operation timed out`.
    error: str | None = None
    times: int = 1


class CassetteSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What `rhevmig cassette show` prints."""

    path: str
    exchanges: int
    #: Of all response bodies.
    body_bytes: int
    #: Full version; None where the cassette has no answer of the API's root.
    engine_version: str | None
    #: Hosts and ports of the requests, the most frequent first.
    servers: tuple[str, ...]
    #: Time of the first exchange.
    recorded_at: datetime | None
    #: Whole days since then.
    age_days: int | None
    secrets: tuple[FoundSecret, ...]
    #: Bodies that could not be searched for secrets.
    unsearched: tuple[UnsearchedBody, ...]
    #: The exchanges in order.
    lines: tuple[ExchangeLine, ...]


def summarise(path: Path, *, now: datetime | None = None) -> CassetteSummary:
    """Summarises a cassette.

    Raises: CassetteError where it cannot be read.
    """
    document = read_document(path)
    interactions = document["interactions"]
    exchanges = [exchange_of(one) for one in interactions]
    first = moment_of((document.get("metadata") or {}).get("recorded_at")) or recorded_at(interactions)
    secrets, unsearched = search(interactions)
    present = now if now is not None else datetime.now(UTC)
    servers = Counter(urlsplit(one.uri).netloc for one in exchanges)
    return CassetteSummary(
        path=str(path),
        exchanges=len(exchanges),
        body_bytes=sum(len(one.body) for one in exchanges),
        engine_version=engine_version(interactions),
        servers=tuple(name for name, _ in servers.most_common()),
        recorded_at=first,
        age_days=None if first is None else max(0, (present - first).days),
        secrets=secrets,
        unsearched=unsearched,
        lines=_folded(
            [_line(one, interaction) for one, interaction in zip(exchanges, interactions, strict=True)]
        ),
    )


def facts_of(cassette: Any, *, now: datetime | None = None) -> str:
    """Engine version and age of a cassette in use: `engine 4.5.8, 3 days old`."""
    interactions = [
        {"request": {"uri": request.uri}, "response": response}
        for request, response in zip(cassette.requests, cassette.responses, strict=True)
    ]
    metadata = getattr(cassette, "_metadata", None) or {}
    first = moment_of(metadata.get("recorded_at")) or recorded_at(interactions)
    version = engine_version(interactions) or "unknown"
    if first is None:
        return f"engine {version}, age unknown"
    days = ((now if now is not None else datetime.now(UTC)) - first).days
    return f"engine {version}, {max(0, days)} days old"


def _line(exchange: Exchange, interaction: Mapping[str, Any]) -> ExchangeLine:
    error = (interaction["response"].get("curl") or {}).get("error")
    return ExchangeLine(
        method=exchange.method,
        target=_ID.sub(r"\1…", exchange.target.removeprefix(PREFIX)),
        status=exchange.status or None,
        error=None if error is None else f"{error[0]} {error[1]}",
    )


def _folded(lines: list[ExchangeLine]) -> tuple[ExchangeLine, ...]:
    folded: list[ExchangeLine] = []
    for line in lines:
        if folded and msgspec.structs.replace(folded[-1], times=1) == line:
            folded[-1] = msgspec.structs.replace(folded[-1], times=folded[-1].times + 1)
        else:
            folded.append(line)
    return tuple(folded)
