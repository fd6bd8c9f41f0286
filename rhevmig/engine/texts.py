"""What the engine's English event texts say of a migration; the only place where downtime is told.

Engine: texts of `AuditLogMessages` as recorded from an engine 4.5.8 (62, 63, 65, 67, 120, 128, 161 …);
durations are words ("1 minute 53 seconds") with leading and trailing zero units dropped.
"""

from __future__ import annotations

import re

import msgspec

__all__ = ["MigrationText", "duration_s_of", "read_text"]

#: `(VM: v, Source: a, …)` at the end of a text, values up to the next known label.
_LABELS = ("VM", "Source", "Destination", "Duration", "Total", "Actual downtime", "User", "Reason")
_FIELD = re.compile(rf"({'|'.join(_LABELS)}): (.*?)(?=, (?:{'|'.join(_LABELS)}): |\)\.?\s*$)", re.DOTALL)
_RERUN = re.compile(
    r"^Failed to migrate VM (?P<vm>.+?) to Host (?P<host>.+?) due to an Error: (?P<error>.*)\. "
    r"Trying to migrate to another Host\.\s*$",
    re.DOTALL,
)
_FAILED = re.compile(
    r"^Migration failed(?: due to (?:an Error|a failed validation))?: ?(?P<error>.*?) ?\(VM: ", re.DOTALL
)
_DURATION = re.compile(r"(\d+) (day|hour|minute|second)s?")
_SECONDS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
_DOWNTIME = re.compile(r"(\d+(?:\.\d+)?) ?ms")
_UNFILLED = "<UNKNOWN>"


class MigrationText(msgspec.Struct, frozen=True, kw_only=True):
    """The facts in a text; None for what it does not say."""

    #: VM by name.
    vm_name: str | None = None
    #: Host that the VM leaves, by name.
    source_host: str | None = None
    #: Host that it goes to, by name.
    destination_host: str | None = None
    #: `Duration: …`.
    duration_s: float | None = None
    #: `Total: …`.
    total_s: float | None = None
    #: `Actual downtime: …ms`; None for `(N/A)`.
    downtime_ms: float | None = None
    #: What went wrong.
    error: str | None = None
    #: `User: …`.
    user: str | None = None
    #: `Reason: …`; empty where the engine gave none.
    reason: str | None = None


def read_text(text: str) -> MigrationText:
    """The facts in the text of an event; a text of another kind says nothing.

    >>> read_text("Migration completed (VM: a, Source: h1, Destination: h2, Duration: 1 minute 2 seconds, "
    ...           "Total: 1 minute 3 seconds, Actual downtime: 74ms)").duration_s
    62.0
    """
    rerun = _RERUN.match(text)
    if rerun:
        return MigrationText(
            vm_name=rerun["vm"], destination_host=rerun["host"], error=rerun["error"].strip() or None
        )
    found = {label: value.strip() for label, value in _FIELD.findall(text)}
    failed = _FAILED.match(text)
    downtime = _DOWNTIME.search(found.get("Actual downtime", ""))
    return MigrationText(
        vm_name=_filled(found.get("VM")),
        source_host=_filled(found.get("Source")),
        destination_host=_filled(found.get("Destination")),
        duration_s=duration_s_of(found.get("Duration")),
        total_s=duration_s_of(found.get("Total")),
        downtime_ms=float(downtime[1]) if downtime else None,
        error=(failed["error"].strip() or None) if failed else None,
        user=_filled(found.get("User")),
        reason=found.get("Reason"),
    )


def duration_s_of(words: str | None) -> float | None:
    """Seconds of a duration in words; None where there are none.

    >>> duration_s_of("1 hour 0 minutes 5 seconds"), duration_s_of("(N/A)")
    (3605.0, None)
    """
    parts = _DURATION.findall(words or "")
    return float(sum(int(number) * _SECONDS[unit] for number, unit in parts)) if parts else None


def _filled(value: str | None) -> str | None:
    return None if not value or value == _UNFILLED else value
