"""Progress reports of a running campaign: one for every change of a move, of the host or of the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from rhevmig.migration.campaign import Phase, attempt_phase
from rhevmig.migration.decisions import remaining_s
from rhevmig.migration.host_maintenance import wait_reasons
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.observation import Observation
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.retry_policy import course_outcome, expected_attempt_at
from rhevmig.terms import VmStatus
from rhevmig.units import format_duration


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one VM, of the host, or (both ids None) of the campaign."""

    campaign_id: str
    #: By the campaign's clock.
    at: datetime
    phase: Phase
    vm_id: str | None = None
    host_id: str | None = None
    #: Name of the VM or host.
    name: str = ""
    #: Name of the source host.
    source: str | None = None
    #: Name of the destination host; None while the engine has not chosen one.
    destination: str | None = None
    #: Copied, as the engine reports it; None while it reports nothing.
    percent: float | None = None
    #: Since the request.
    elapsed_s: float | None = None
    #: Estimate; None where there is no basis for one.
    remaining_s: float | None = None
    outcome: Outcome | None = None
    #: Moves that have ended.
    done: int = 0
    #: All moves.
    total: int = 0
    note: str = ""

    def __str__(self) -> str:
        parts = [f"[{self.done}/{self.total}]", self.name or "campaign", self.phase.value.replace("_", " ")]
        if self.source and self.phase in (Phase.QUEUED, Phase.COPYING):
            parts.append(f"{self.source} → {self.destination or '?'}")
        if self.percent is not None and self.phase == Phase.COPYING:
            parts.append(f"{self.percent:.0f} %")
        if self.remaining_s is not None:
            parts.append(f"about {format_duration(self.remaining_s)} left")
        if self.outcome is not None:
            parts.append(f"{self.outcome.verdict.value}: {self.outcome.reason}")
        if self.note:
            parts.append(self.note)
        return " ".join(parts)


OnProgress = Callable[[Progress], None]
_log = structlog.get_logger(__name__)

_HOST_PHASES = {
    (Act.DEACTIVATE, False): Phase.ENTERING_MAINTENANCE,
    (Act.DEACTIVATE, True): Phase.IN_MAINTENANCE,
    (Act.ACTIVATE, False): Phase.ACTIVATING,
    (Act.ACTIVATE, True): Phase.DONE,
}


class ProgressReporter:
    """Passes on what has changed since the last report."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._reported: dict[str, tuple[object, ...]] = {}

    def report(self, state: State, seen: Observation | None, now: datetime) -> None:
        """Reports every move, and the host, that has changed."""
        if self._on_progress is None:
            return
        done = _done_moves(state)
        for item in state.moves.values():
            self._pass_on(f"move {item.move.number}", _of_move(state, item, seen, now, done))
        host = _of_host(state, seen, now, done)
        if host is not None:
            self._pass_on("host", host)

    def engine_away(self, state: State, now: datetime, why: str) -> None:
        """Reports that the engine does not answer."""
        progress = Progress(
            campaign_id=state.campaign_id,
            at=now,
            phase=Phase.ENGINE_AWAY,
            done=_done_moves(state),
            total=len(state.moves),
            note=why,
        )
        self._pass_on("engine", progress)

    def engine_back(self) -> None:
        """The next absence of the engine is reported again."""
        self._reported.pop("engine", None)

    def _pass_on(self, key: str, progress: Progress) -> None:
        outcome = progress.outcome.verdict if progress.outcome else None
        shown = None if progress.percent is None else round(progress.percent)
        face = (progress.phase, shown, outcome, progress.note, progress.destination)
        is_first_wait = key not in self._reported and progress.phase == Phase.WAITING and not progress.note
        if self._reported.get(key) != face and self._on_progress is not None:
            self._reported[key] = face
            if not is_first_wait:
                self._call(progress)

    def _call(self, progress: Progress) -> None:
        """A display that fails (a closed pipe, a full disk) is given up; the campaign goes on."""
        try:
            if self._on_progress is not None:
                self._on_progress(progress)
        except Exception as error:  # noqa: BLE001 - any failure of a display
            self._on_progress = None
            if structlog.is_configured():
                _log.warning("progress display failed", error=repr(error))


def _done_moves(state: State) -> int:
    return sum(course_outcome(item, state.options) is not None for item in state.moves.values())


def _of_move(state: State, item: MoveState, seen: Observation | None, now: datetime, done: int) -> Progress:
    move, attempt = item.move, item.open_attempt
    vm = seen.vms.get(move.vm_id) if seen is not None else None
    is_fresh = attempt is not None and seen is not None and attempt.started_at >= seen.at
    phase = attempt_phase(item, migrating=is_fresh or vm is None or vm.status == VmStatus.MIGRATING)
    outcome = course_outcome(item, state.options)
    percent = seen.percent.get(move.vm_id) if seen is not None and attempt is not None else None
    if phase == Phase.COPYING:
        percent = percent or None
    due, cooling = expected_attempt_at(state, item) if attempt is None and outcome is None else (None, "")
    note = ""
    if due is not None and item.last_outcome is not None:
        wait = format_duration(max(0.0, (due - (item.attempts[-1].settled_at or now)).total_seconds()))
        note = f"{item.last_outcome.verdict.value}: {item.last_outcome.reason}; next attempt in {wait}"
        if cooling:
            note += f", {state.plan.host_name(cooling)} failed twice and is not used until then"
    elif attempt is not None and phase == Phase.QUEUED:
        waited_s = (now - attempt.started_at).total_seconds()
        if waited_s > state.options.timing.queue_deadline_s:
            note = "queued: waiting for a migration slot"
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


def _of_host(state: State, seen: Observation | None, now: datetime, done: int) -> Progress | None:
    settled, phase = state.host_unasked, Phase.DONE
    if state.host_acts:
        last = state.host_acts[-1]
        settled = last.settled
        arrived = settled is not None and settled.state in ("maintenance", "up")
        phase = _HOST_PHASES[last.act, arrived] if settled is None or arrived else Phase.DONE
    elif settled is None:
        return None
    note = "; ".join(wait_reasons(seen)) if seen is not None and settled is None else ""
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
