"""How a migration ended: the verdict with its meaning, the facts it rests on, the engine's refusal.

An outcome is data, never an exception. What a verdict means for the campaign, the exit code and the
report is the table `VERDICTS`; nothing else decides by the name of a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal

import msgspec

from rhevmig.migration.port import EventFact, JobState, VmState


class RefusalClass(StrEnum):
    """What can be done about a refusal or a failure."""

    #: The configuration must change first.
    PERMANENT = "P"
    #: A named condition must pass first.
    BLOCKED = "B"
    #: The same request is accepted a moment later.
    TRANSIENT = "T"
    #: Another destination may accept the VM.
    ALTERNATIVE = "A"
    #: The VM may be moving already, or may have moved: read its state.
    UNCLEAR = "U"
    #: An administrator must look.
    OPERATOR = "O"


class VerdictMeaning(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a verdict."""

    #: Whether the VM left the source as requested.
    is_success: bool = False
    #: Whether it counts against the campaign's failure budget.
    is_failure: bool = False
    #: Whether nothing more may be started before an administrator has looked.
    is_data_risk: bool = False
    #: Class under which the move is attempted again; the class of a refusal is the refusal's own.
    retry: RefusalClass | None = None
    #: Whether the failure counts against the destination that was named.
    blames_destination: bool = False
    #: Exit code of a campaign with one such move; the highest of all moves counts.
    exit_code: Literal[0, 3, 4] = 3
    #: How a report colours it.
    tone: Literal["good", "warn", "bad", "unknown"] = "bad"


class Verdict(StrEnum):
    """The end of an attempt in one word."""

    #: Runs on the intended host.
    SUCCEEDED = "succeeded"
    #: Our migration ended on another host than the named one.
    SUCCEEDED_ELSEWHERE = "succeeded_elsewhere"
    #: Runs on the destination with a defect: NICs not plugged back, paused, or in the wrong cluster.
    SUCCEEDED_DEGRADED = "succeeded_degraded"
    #: Runs on the source after the migration failed.
    RETURNED_TO_SOURCE = "returned_to_source"
    #: The engine refused before anything moved.
    REFUSED = "refused"
    #: Cancelled by us or by another client.
    CANCELLED = "cancelled"
    #: Another client, or the engine, moved it.
    MOVED_BY_OTHER = "moved_by_other"
    #: The VM no longer runs, or no longer exists.
    LOST = "lost"
    #: Cannot be determined yet; look again before anything else is done to the VM.
    UNKNOWN = "unknown"
    #: The engine never received the request, or never began: the VM is where it was.
    NOT_STARTED = "not_started"

    @property
    def meaning(self) -> VerdictMeaning:
        """The verdict's row of `VERDICTS`."""
        return VERDICTS[self]


VERDICTS: Final[Mapping[Verdict, VerdictMeaning]] = {
    Verdict.SUCCEEDED: VerdictMeaning(is_success=True, exit_code=0, tone="good"),
    Verdict.SUCCEEDED_ELSEWHERE: VerdictMeaning(is_success=True, exit_code=0, tone="warn"),
    Verdict.SUCCEEDED_DEGRADED: VerdictMeaning(is_success=True, exit_code=0, tone="warn"),
    Verdict.RETURNED_TO_SOURCE: VerdictMeaning(
        is_failure=True, retry=RefusalClass.ALTERNATIVE, blames_destination=True
    ),
    Verdict.REFUSED: VerdictMeaning(is_failure=True),
    Verdict.CANCELLED: VerdictMeaning(),
    Verdict.MOVED_BY_OTHER: VerdictMeaning(),
    Verdict.LOST: VerdictMeaning(is_failure=True, is_data_risk=True),
    Verdict.UNKNOWN: VerdictMeaning(is_failure=True, is_data_risk=True, exit_code=4, tone="unknown"),
    Verdict.NOT_STARTED: VerdictMeaning(is_failure=True, retry=RefusalClass.TRANSIENT),
}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal of the engine, classified."""

    #: Stable word, e.g. `pinned`, `memory`, `being_migrated`, `unrecognised`.
    key: str
    kind: RefusalClass
    #: The engine's sentence, without its brackets.
    sentence: str
    #: Filters that refused, as the engine spells them; the fault repeats the line of the first host, so
    #: only the first name is certain.
    filters: tuple[str, ...] = ()
    #: Hosts that refused; the one number in such a fault that is true of each host.
    hosts_refusing: int = 0
    #: What an administrator can do.
    remedy: str = ""
    #: HTTP status.
    status_code: int | None = None


class OutcomeEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that a verdict rests on."""

    #: `vm`, `event`, `job`, `answer`, `absence` or `request`.
    source: str
    #: The fact as a sentence.
    text: str
    event_index: int | None = None
    event_code: int | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a move of one VM ended."""

    verdict: Verdict
    #: Why, in one sentence.
    reason: str
    evidence: tuple[OutcomeEvidence, ...] = ()
    #: Host that the VM runs on now, as far as observed.
    host_id: str | None = None
    #: Seconds of copying as the engine measured them (event 63, Duration).
    duration_s: float | None = None
    #: Seconds with queueing and reruns as the engine measured them (event 63, Total).
    total_s: float | None = None
    #: Downtime as the engine measured it; None where it reported none.
    downtime_ms: float | None = None
    refusal: Refusal | None = None
    #: Who did it, where it was not us: a user, or the engine with its reason.
    actor: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the VM left the source as requested."""
        return self.verdict.meaning.is_success

    @property
    def is_data_risk(self) -> bool:
        """Whether nothing more may be started before an administrator has looked."""
        return self.verdict.meaning.is_data_risk


# ── evidence ─────────────────────────────────────────────────────────────────────────────────────────


def vm_evidence(vm: VmState | None, host_names: Mapping[str, str]) -> OutcomeEvidence:
    """Status and host of the VM."""
    if vm is None:
        return OutcomeEvidence(source="vm", text="the engine does not list the VM")
    where = "" if vm.host_id is None else f" on {host_names.get(vm.host_id, vm.host_id)}"
    return OutcomeEvidence(source="vm", text=f"the VM is {vm.status}{where}")


def event_evidence(event: EventFact) -> OutcomeEvidence:
    """An event with its text."""
    return OutcomeEvidence(
        source="event",
        text=event.description.strip() or f"event {event.code}",
        event_index=event.index,
        event_code=event.code,
    )


def job_evidence(jobs: Sequence[JobState] | None) -> OutcomeEvidence:
    """Description and status of the last job."""
    if not jobs:
        return OutcomeEvidence(source="job", text="the engine has no job with our id")
    return OutcomeEvidence(source="job", text=f"job “{jobs[-1].description}” {jobs[-1].status}")


def absence_evidence(text: str) -> OutcomeEvidence:
    """What was looked for and not found."""
    return OutcomeEvidence(source="absence", text=text)
