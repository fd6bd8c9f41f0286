"""Where the recorded engine's cassettes lie, and exchanges made by hand for the small cases."""

from __future__ import annotations

from pathlib import Path

from rhevmig.recordings.exchange import Exchange

CASSETTES = Path(__file__).parents[3] / "cassettes"
CRAWL = CASSETTES / "recorded-engine" / "10-crawl.json.xz"
FOLLOW_EACH = CASSETTES / "recorded-engine" / "20-follow-each.json.xz"
CHEAPEST = CASSETTES / "recorded-engine" / "30-inventory-cheapest.json.xz"
OPTIONS = CASSETTES / "recorded-engine" / "40-options.json.xz"

BASE = "https://engine.lab.example/ovirt-engine"


def xml(path: str, body: str, status: int = 200, method: str = "GET") -> Exchange:
    """An exchange with an XML answer."""
    return Exchange(
        method=method,
        uri=BASE + path,
        status=status,
        reason="OK" if status == 200 else "Bad Request",
        headers=(
            ("Content-Type", "application/xml;charset=UTF-8"),
            ("X-Recorded-At", "2026-11-23T01:00:00Z"),
        ),
        body=b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + body.encode(),
    )
