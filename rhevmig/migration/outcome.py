"""How a migration ended, and what that verdict rests on. An outcome is data, never an exception."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """The terminal word of an attempt."""

    #: Runs where it was meant to run.
    SUCCEEDED = "succeeded"
    #: Our migration ended, on another host than named.
    SUCCEEDED_ELSEWHERE = "succeeded_elsewhere"
    #: Runs on the destination, but not whole: NICs not plugged back, paused, or in the wrong cluster.
    SUCCEEDED_DEGRADED = "succeeded_degraded"
    #: Runs on the source again (or still) after the migration failed.
    RETURNED_TO_SOURCE = "returned_to_source"
    #: The engine said no before anything moved.
    REFUSED = "refused"
    #: Stopped on request, by us or by somebody else.
    CANCELLED = "cancelled"
    #: Somebody else moved it.
    MOVED_BY_OTHER = "moved_by_other"
    #: The VM no longer runs, or no longer is.
    LOST = "lost"
    #: Nobody can tell yet; look again before anything else is done to the VM.
    UNKNOWN = "unknown"
    #: The engine never heard of it, or never began: the VM is where it was.
    NOT_STARTED = "not_started"


#: Verdicts after which the VM has left the source as asked.
SUCCESSES = frozenset({Verdict.SUCCEEDED, Verdict.SUCCEEDED_ELSEWHERE, Verdict.SUCCEEDED_DEGRADED})


class RefusalClass(StrEnum):
    """What can be done about a refusal."""

    #: The configuration must change first.
    PERMANENT = "P"
    #: A named condition must pass first.
    BLOCKED = "B"
    #: The same request works in a moment.
    TRANSIENT = "T"
    #: Another destination may do.
    ALTERNATIVE = "A"
    #: It may be moving, or have moved, already: look.
    UNCLEAR = "U"
    #: A person must look.
    OPERATOR = "O"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's no, understood."""

    #: Stable word, e.g. `pinned`, `memory`, `being_migrated`, `unrecognised`.
    key: str
    #: What can be done about it.
    kind: RefusalClass
    #: The engine's sentence, without its brackets.
    sentence: str
    #: Filters that refused, as the engine spells them; the fault repeats the first host's line, so only
    #: the first name is certain.
    filters: tuple[str, ...] = ()
    #: How many hosts refused; the one number in such a fault that is true of each host.
    hosts_refusing: int = 0
    #: What a person can do.
    remedy: str = ""
    #: HTTP status.
    status_code: int | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that a verdict rests on."""

    #: `vm`, `event`, `job`, `answer`, `absence` or `request`.
    source: str
    #: The fact as a sentence.
    text: str
    #: Index of the event.
    event_index: int | None = None
    #: Code of the event.
    event_code: int | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended for one VM."""

    #: The verdict.
    verdict: Verdict
    #: Why, in one sentence.
    reason: str
    #: What it rests on.
    evidence: tuple[Evidence, ...] = ()
    #: Host that the VM runs on now, as far as seen.
    host_id: str | None = None
    #: Seconds of copying as the engine measured them (event 63, Duration).
    duration_s: float | None = None
    #: Seconds in all as the engine measured them (event 63, Total).
    total_s: float | None = None
    #: Pause as the engine measured it; None where it told none.
    downtime_ms: float | None = None
    #: The refusal, where it was one.
    refusal: Refusal | None = None
    #: Who did it, where it was somebody else: a user, or the engine with its reason.
    actor: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the VM left the source as asked."""
        return self.verdict in SUCCESSES

    @property
    def is_data_risk(self) -> bool:
        """Whether nothing more may be started before a person has looked."""
        return self.verdict in (Verdict.LOST, Verdict.UNKNOWN)
