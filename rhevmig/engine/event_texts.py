"""Facts in the English texts of events: names, durations, downtime, errors.

Every request asks for English by `Accept-Language`. A text that matches no pattern is kept and yields no
facts: an engine may reword it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

import yaml

from rhevmig.inventory import Event
from rhevmig.migration.port import EventFact

_UNIT_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_DURATION = re.compile(r"(\d+) (second|minute|hour|day)s?")
_DOWNTIME = re.compile(r"(\d+)ms")


def event_fact_of(event: Event) -> EventFact:
    """An event with the facts of its text."""
    return EventFact(
        index=event.id,
        code=event.code,
        time=event.time,
        correlation_id=event.correlation_id,
        vm_id=event.vm_id,
        host_id=event.host_id,
        description=event.description,
        **facts_of(event.code, event.description),
    )


def facts_of(code: int, text: str) -> dict[str, Any]:
    """The facts in the text of an event of this code, by field of `EventFact`; none where nothing matches.

    >>> facts_of(161, "Migration cancelled (VM: app01, Source: kvm04, User: admin@internal-authz).")["user"]
    'admin@internal-authz'
    """
    pattern = _patterns().get(code)
    match = pattern.fullmatch(" ".join(text.split())) if pattern else None
    if match is None:
        return {}
    # variables that the engine could not fill print as <UNKNOWN>
    found = {name: None if value == "<UNKNOWN>" else value for name, value in match.groupdict().items()}
    error = found.get("error") or found.get("refusal")
    return {
        "vm_name": found.get("vm"),
        "source_host": found.get("source"),
        "destination_host": found.get("destination"),
        "duration_s": duration_s_of(found.get("duration")),
        "total_s": duration_s_of(found.get("total")),
        "downtime_ms": _downtime_ms_of(found.get("downtime")),
        "error": error.strip() if error and error.strip() else None,
        "user": found.get("user"),
        "reason": found.get("reason"),
    }


def duration_s_of(text: str | None) -> float | None:
    """Seconds of a duration as the engine writes it, e.g. `1 minute 12 seconds` (zero units are left out).

    >>> duration_s_of("1 minute 12 seconds"), duration_s_of("(N/A)")
    (72.0, None)
    """
    parts = _DURATION.findall(text or "")
    return float(sum(int(count) * _UNIT_S[unit] for count, unit in parts)) if parts else None


def _downtime_ms_of(text: str | None) -> float | None:
    match = _DOWNTIME.fullmatch(
        text or ""
    )  # `(N/A)` where the host agent reported none, which also happens on success
    return float(match[1]) if match else None


@cache
def _patterns() -> dict[int, re.Pattern[str]]:
    data = resources.files("rhevmig.engine").joinpath("data", "event_texts.yaml").read_text()
    texts: dict[int, Any] = yaml.safe_load(data)
    return {int(code): re.compile(str(text)) for code, text in texts.items()}
