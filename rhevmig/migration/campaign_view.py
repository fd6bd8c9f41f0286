"""A campaign as people see it, put together from its state."""

from __future__ import annotations

from datetime import datetime

from rhevmig.migration.campaign import Campaign, CampaignState, Course, HostCourse
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.lease import Owner
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.progress import Phase
from rhevmig.migration.retry_policy import course_outcome, next_attempt_at


def campaign_view(state: State, *, owner: Owner | None, journal: str) -> Campaign:
    """What has become of a campaign."""
    return Campaign(
        id=state.campaign_id,
        plan=state.plan,
        state=_campaign_state(state, owner),
        started_at=state.opened_at,
        ended_at=state.finished_at,
        stop_reason=state.stopped.reason if state.stopped else "",
        courses=tuple(_course(state, item) for item in state.moves.values()),
        host=_host(state),
        owner=str(owner) if owner is not None and state.finished_at is None else None,
        journal=journal,
    )


def attempt_phase(item: MoveState, *, migrating: bool = True) -> Phase:
    """Our step of a move."""
    attempt = item.open_attempt
    if attempt is None:
        return Phase.WAITING
    if attempt.cancel_ids:
        return Phase.CANCELLING
    if not migrating:
        return Phase.SETTLING
    return Phase.QUEUED if attempt.copying_at is None else Phase.COPYING


def done_moves(state: State) -> int:
    """Moves that have ended."""
    return sum(course_outcome(item, state.options) is not None for item in state.moves.values())


def _campaign_state(state: State, owner: Owner | None) -> CampaignState:
    if state.finished_at is not None:
        return CampaignState.STOPPED if state.stopped else CampaignState.FINISHED
    return CampaignState.RUNNING if owner is not None else CampaignState.INTERRUPTED


def _course(state: State, item: MoveState) -> Course:
    is_over = state.finished_at is not None
    outcome = item.last_outcome if is_over else course_outcome(item, state.options)
    due: datetime | None = None if is_over or outcome is not None else next_attempt_at(item, state.options)
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


def _host(state: State) -> HostCourse | None:
    host_id = state.plan.host_id
    if host_id is None:
        return None
    name = state.plan.host_name(host_id)
    if state.host_unasked is not None:
        settled = state.host_unasked
        return HostCourse(
            host_id=host_id,
            name=name,
            state="not_started",
            reason=settled.reason,
            straggler_ids=settled.straggler_ids,
        )
    if not state.host_acts:
        return HostCourse(host_id=host_id, name=name)
    last = state.host_acts[-1]
    word = "entering_maintenance" if last.act == Act.DEACTIVATE else "activating"
    return HostCourse(
        host_id=host_id,
        name=name,
        state=last.settled.state if last.settled else word,
        reason=last.settled.reason if last.settled else "",
        straggler_ids=last.settled.straggler_ids if last.settled else (),
        correlation_ids=tuple(act.correlation_id for act in state.host_acts),
    )
