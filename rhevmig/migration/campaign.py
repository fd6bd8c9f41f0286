"""What a campaign has come to, for people and reports: the plan, each move and its tries, the host."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from rhevmig.migration.outcome import SUCCESSES, Outcome, Verdict
from rhevmig.migration.progress import Phase
from rhevmig.planning.plan import Plan


class CampaignState(StrEnum):
    """Whether something is still to be done."""

    #: A process works on it.
    RUNNING = "running"
    #: No process works on it, and something is open: resume it.
    INTERRUPTED = "interrupted"
    #: All that could be done is done.
    FINISHED = "finished"
    #: Stopped early, by request or by its failures.
    STOPPED = "stopped"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the engine to move a VM, and what became of it."""

    #: Correlation id.
    correlation_id: str
    #: VM.
    vm_id: str
    #: Which try of the move, from 1 on.
    number: int
    #: When the intent was written down.
    started_at: datetime
    #: Host that the VM ran on.
    source_host_id: str
    #: Host that was named; None where the engine chose.
    destination_host_id: str | None = None
    #: Cluster that it should be in afterwards.
    cluster_id: str | None = None
    #: Status before.
    status_before: str = "up"
    #: Whether force was given.
    force: bool = False
    #: Newest event before the request.
    watermark: int = 0
    #: Whether VMs tied by hard affinity were asked for together: their events carry ids of the engine's own.
    is_closure: bool = False
    #: Id of the request that asked for this one too; None where it was asked for itself.
    led_by: str | None = None
    #: What the engine answered: `accepted`, `refused`, `not_sent`, `answer_lost`; None while unknown.
    answer: str | None = None
    #: The answer's text.
    answer_detail: str = ""
    #: Ids of cancels that were asked for.
    cancel_ids: tuple[str, ...] = ()
    #: When the last of them was.
    cancelled_at: datetime | None = None
    #: When the first copied byte was seen.
    copying_at: datetime | None = None
    #: When it was settled.
    settled_at: datetime | None = None
    #: How it ended; None while open.
    outcome: Outcome | None = None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One move from plan to end."""

    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Host that it left, or was to leave.
    source_host_id: str
    #: Host that was planned; None where the engine chose.
    destination_host_id: str | None = None
    #: Our step.
    phase: Phase = Phase.WAITING
    #: Tries, oldest first.
    attempts: tuple[Attempt, ...] = ()
    #: How it ended; None while it has not, or was never begun.
    outcome: Outcome | None = None
    #: Not before this instant (back-off after a failed try).
    next_attempt_at: datetime | None = None


class HostCourse(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the host that was to be emptied."""

    #: Host.
    host_id: str
    #: Its name.
    name: str
    #: `none`, `entering_maintenance`, `maintenance`, `activating`, `up`, `stuck`, `refused`, `failed`.
    state: str = "none"
    #: In one sentence.
    reason: str = ""
    #: VMs that keep it from maintenance.
    straggler_ids: tuple[str, ...] = ()
    #: Correlation ids of what was asked of it.
    correlation_ids: tuple[str, ...] = ()


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was run, and what has become of it."""

    #: Name of the campaign, part of its correlation ids.
    id: str
    #: The plan.
    plan: Plan
    #: Whether something is still to be done.
    state: CampaignState
    #: Start by our clock.
    started_at: datetime
    #: End by our clock; None while it goes on.
    ended_at: datetime | None = None
    #: Why it was stopped.
    stop_reason: str = ""
    #: Each move.
    courses: tuple[Course, ...] = ()
    #: The host.
    host: HostCourse | None = None
    #: Who works on it now (process and machine); None when nobody does.
    owner: str | None = None
    #: Where it is written down.
    journal: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Moves by verdict; those without one count as `open`."""
        counts: dict[str, int] = {}
        for course in self.courses:
            word = course.outcome.verdict.value if course.outcome else "open"
            counts[word] = counts.get(word, 0) + 1
        return counts

    @property
    def requests_to_migrate(self) -> int:
        """Migrate requests that were sent, or may have been."""
        return sum(attempt.answer != "not_sent" for course in self.courses for attempt in course.attempts)

    @property
    def is_success(self) -> bool:
        """Whether every VM moved as asked and the host arrived where it was meant to."""
        moved = all(c.outcome is not None and c.outcome.verdict in SUCCESSES for c in self.courses)
        host_arrived = self.host is None or self.host.state in ("none", "maintenance", "up")
        return self.state == CampaignState.FINISHED and moved and host_arrived and not self.plan.blocked

    @property
    def is_unclear(self) -> bool:
        """Whether somebody must look before anything else is done."""
        return self.state in (CampaignState.RUNNING, CampaignState.INTERRUPTED) or any(
            c.outcome is not None and c.outcome.verdict == Verdict.UNKNOWN for c in self.courses
        )

    @property
    def exit_code(self) -> int:
        """0 all moved · 3 something did not · 4 something cannot be told."""
        if self.is_unclear:
            return 4
        return 0 if self.is_success else 3

    def __str__(self) -> str:
        counted = ", ".join(f"{number} {word}" for word, number in sorted(self.counts.items()))
        lines = [f"Campaign {self.id}: {self.state.value}; {counted or 'nothing to move'}"]
        if self.stop_reason:
            lines.append(f"  stopped: {self.stop_reason}")
        for course in self.courses:
            ended = (
                f"{course.outcome.verdict.value}: {course.outcome.reason}" if course.outcome else course.phase
            )
            lines.append(f"  {course.vm_name}: {ended}")
        lines.extend(f"  {item.vm_name}: blocked: {'; '.join(item.reasons)}" for item in self.plan.blocked)
        if self.host is not None and self.host.state != "none":
            lines.append(
                f"  host {self.host.name}: {self.host.state.replace('_', ' ')} {self.host.reason}".rstrip()
            )
        return "\n".join(lines)
