"""Telling a watcher what has changed since it was last told."""

from __future__ import annotations

from datetime import datetime

from rhevmig.migration.campaign_view import attempt_phase, done_moves
from rhevmig.migration.decisions import remaining_s
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.observation import Observation
from rhevmig.migration.progress import OnProgress, Phase, Progress
from rhevmig.migration.retry_policy import course_outcome, next_attempt_at
from rhevmig.terms import VmStatus
from rhevmig.units import format_duration

_HOST_PHASES = {
    (Act.DEACTIVATE, False): Phase.ENTERING_MAINTENANCE,
    (Act.DEACTIVATE, True): Phase.IN_MAINTENANCE,
    (Act.ACTIVATE, False): Phase.ACTIVATING,
    (Act.ACTIVATE, True): Phase.DONE,
}


class Announcer:
    """Remembers what was told and tells what is new."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._told: dict[str, tuple[object, ...]] = {}

    def announce(self, state: State, seen: Observation | None, now: datetime) -> None:
        """Tells of every move, and of the host, that looks other than it was told to."""
        if self._on_progress is None:
            return
        done = done_moves(state)
        for item in state.moves.values():
            self._tell(f"move {item.move.number}", _of_move(state, item, seen, now, done))
        host = _of_host(state, now, done)
        if host is not None:
            self._tell("host", host)

    def engine_away(self, state: State, now: datetime, why: str) -> None:
        """Tells that the engine does not answer."""
        if self._on_progress is None:
            return
        progress = Progress(
            campaign_id=state.campaign_id,
            at=now,
            phase=Phase.ENGINE_AWAY,
            done=done_moves(state),
            total=len(state.moves),
            note=why,
        )
        self._tell("engine", progress)

    def engine_back(self) -> None:
        """Forgets that the engine was away, so that the next time is told again."""
        self._told.pop("engine", None)

    def _tell(self, key: str, progress: Progress) -> None:
        outcome = progress.outcome.verdict if progress.outcome else None
        shown = None if progress.percent is None else round(progress.percent)
        face = (progress.phase, shown, outcome, progress.note, progress.destination)
        first_word = key not in self._told and progress.phase == Phase.WAITING and not progress.note
        if self._told.get(key) != face and self._on_progress is not None:
            self._told[key] = face
            if not first_word:
                self._on_progress(progress)


def _of_move(state: State, item: MoveState, seen: Observation | None, now: datetime, done: int) -> Progress:
    move, attempt = item.move, item.open_attempt
    vm = seen.vms.get(move.vm_id) if seen is not None else None
    is_fresh = attempt is not None and seen is not None and attempt.started_at >= seen.at
    phase = attempt_phase(item, migrating=is_fresh or vm is None or vm.status == VmStatus.MIGRATING)
    outcome = course_outcome(item, state.options)
    percent = seen.percent.get(move.vm_id) if seen is not None and attempt is not None else None
    due = next_attempt_at(item, state.options) if attempt is None and outcome is None else None
    note = ""
    if due is not None and item.last_outcome is not None:
        wait = format_duration(max(0.0, (due - (item.attempts[-1].settled_at or now)).total_seconds()))
        note = f"{item.last_outcome.verdict.value}: {item.last_outcome.reason}; again in {wait}"
    elif attempt is not None and phase == Phase.QUEUED:
        waited_s = (now - attempt.started_at).total_seconds()
        if waited_s > state.options.timing.queue_deadline_s:
            note = "copies nothing yet: other migrations may be ahead of it on its hosts"
    destination_id = attempt.destination_host_id if attempt is not None else move.destination_host_id
    if outcome is not None and outcome.host_id is not None:
        destination_id = outcome.host_id
    return Progress(
        campaign_id=state.campaign_id,
        at=now,
        phase=Phase.DONE if outcome is not None else phase,
        vm_id=move.vm_id,
        name=move.vm_name,
        source=state.plan.host_name(move.source_host_id),
        destination=state.plan.host_name(destination_id) if destination_id else None,
        percent=percent,
        elapsed_s=(now - attempt.started_at).total_seconds() if attempt is not None else None,
        remaining_s=remaining_s(move, attempt, percent, now) if attempt is not None else None,
        outcome=outcome,
        done=done,
        total=len(state.moves),
        note=note,
    )


def _of_host(state: State, now: datetime, done: int) -> Progress | None:
    settled, phase = state.host_unasked, Phase.DONE
    if state.host_acts:
        last = state.host_acts[-1]
        settled = last.settled
        arrived = settled is not None and settled.state in ("maintenance", "up")
        phase = _HOST_PHASES[last.act, arrived] if settled is None or arrived else Phase.DONE
    elif settled is None:
        return None
    note = ""
    if settled is not None and settled.state not in ("maintenance", "up"):
        note = f"{settled.state}: {settled.reason}"
    return Progress(
        campaign_id=state.campaign_id,
        at=now,
        phase=phase,
        host_id=state.plan.host_id,
        name=state.plan.host_name(state.plan.host_id),
        done=done,
        total=len(state.moves),
        note=note,
    )
