"""A campaign as programs, reports and people see it: the plan, each move with its attempts, the host."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from rhevmig.migration.journal.lease import Owner
from rhevmig.migration.journal.records import Attempt, HostCourse
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.retry_policy import course_outcome, expected_attempt_at
from rhevmig.planning.plan import Plan


class CampaignState(StrEnum):
    """Whether anything is left to do."""

    #: A process works on it.
    RUNNING = "running"
    #: No process works on it, and something is open: resume it.
    INTERRUPTED = "interrupted"
    #: All that could be done is done.
    FINISHED = "finished"
    #: Ended early, by request or because of failures.
    STOPPED = "stopped"


class Phase(StrEnum):
    """The step of a VM or of the host."""

    #: Not requested yet.
    WAITING = "waiting"
    #: Requested; no byte copied yet.
    QUEUED = "queued"
    COPYING = "copying"
    #: A cancel was requested.
    CANCELLING = "cancelling"
    #: No longer migrating; the outcome is being determined.
    SETTLING = "settling"
    #: Ended; see the outcome.
    DONE = "done"
    #: The engine does not answer; nothing is started until it does.
    ENGINE_AWAY = "engine_away"
    ENTERING_MAINTENANCE = "entering_maintenance"
    IN_MAINTENANCE = "in_maintenance"
    ACTIVATING = "activating"


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One move from plan to end."""

    vm_id: str
    vm_name: str
    #: Host that it left, or should leave.
    source_host_id: str
    #: Host that was planned; None where the engine chose.
    destination_host_id: str | None = None
    phase: Phase = Phase.WAITING
    #: Oldest first.
    attempts: tuple[Attempt, ...] = ()
    #: None while the move has not ended, or was never begun.
    outcome: Outcome | None = None
    #: Earliest time of the next attempt: back-off after a failure, cool-down of its destinations.
    next_attempt_at: datetime | None = None


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is run, with the outcome of every move."""

    #: Part of its correlation ids.
    id: str
    plan: Plan
    state: CampaignState
    #: By our clock.
    started_at: datetime
    #: By our clock; None while it goes on.
    ended_at: datetime | None = None
    #: Why it was stopped.
    stop_reason: str = ""
    #: One per move.
    courses: tuple[Course, ...] = ()
    host: HostCourse | None = None
    #: Process and machine that work on it now; None where there is none.
    owner: str | None = None
    #: Path or URL of its journal.
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
        """Whether every VM moved as requested and the host reached the intended state."""
        moved = all(course.outcome is not None and course.outcome.is_success for course in self.courses)
        host_arrived = self.host is None or self.host.state in ("none", "maintenance", "up")
        # a single migration that arrived before its cancel has done all that was requested
        is_done = self.state == CampaignState.FINISHED or (
            self.state == CampaignState.STOPPED and self.plan.kind == "migrate"
        )
        return is_done and moved and host_arrived and not self.plan.blocked

    @property
    def is_unclear(self) -> bool:
        """Whether an administrator must look before anything else is done."""
        return self.state in (CampaignState.RUNNING, CampaignState.INTERRUPTED) or any(
            course.outcome is not None and course.outcome.verdict.meaning.exit_code == 4
            for course in self.courses
        )

    @property
    def exit_code(self) -> int:
        """0: all moved · 3: something did not · 4: something is not known."""
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
        for item in self.plan.blocked:
            remedy = f" · {item.remedy}" if item.remedy else ""
            lines.append(f"  {item.vm_name}: blocked: {'; '.join(item.reasons)}{remedy}")
        if self.host is not None and self.host.state != "none":
            lines.append(
                f"  host {self.host.name}: {self.host.state.replace('_', ' ')} {self.host.reason}".rstrip()
            )
        return "\n".join(lines)


def campaign_of(state: State, *, owner: Owner | None, journal: str) -> Campaign:
    """The public view of a campaign's state."""
    campaign_state = CampaignState.RUNNING if owner is not None else CampaignState.INTERRUPTED
    if state.finished_at is not None:
        campaign_state = CampaignState.STOPPED if state.stopped else CampaignState.FINISHED
    return Campaign(
        id=state.campaign_id,
        plan=state.plan,
        state=campaign_state,
        started_at=state.opened_at,
        ended_at=state.finished_at,
        stop_reason=state.stopped.reason if state.stopped else "",
        courses=tuple(_course(state, item) for item in state.moves.values()),
        host=state.host,
        owner=str(owner) if owner is not None and state.finished_at is None else None,
        journal=journal,
    )


def attempt_phase(item: MoveState, *, migrating: bool = True) -> Phase:
    """The phase of a move that has no outcome."""
    attempt = item.open_attempt
    if attempt is None:
        return Phase.WAITING
    if attempt.cancel_ids:
        return Phase.CANCELLING
    if not migrating:
        return Phase.SETTLING
    return Phase.QUEUED if attempt.copying_at is None else Phase.COPYING


def _course(state: State, item: MoveState) -> Course:
    is_over = state.finished_at is not None
    outcome = item.last_outcome if is_over else course_outcome(item, state.options)
    due: datetime | None = None if is_over or outcome is not None else expected_attempt_at(state, item)[0]
    return Course(
        vm_id=item.move.vm_id,
        vm_name=item.move.vm_name,
        source_host_id=item.move.source_host_id,
        destination_host_id=item.move.destination_host_id,
        phase=Phase.DONE if outcome is not None else attempt_phase(item),
        attempts=item.attempts,
        outcome=outcome,
        next_attempt_at=due,
    )
