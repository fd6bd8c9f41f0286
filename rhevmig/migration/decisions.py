"""What to do next: a pure function of the campaign's state and of the last poll.

A decision is the record to write next: the executor writes it and sends the request that it announces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from rhevmig.events import EventCode
from rhevmig.inventory import RUNNING
from rhevmig.migration.host_maintenance import HostStep, host_steps
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.records import (
    Attempt,
    CampaignFinished,
    CampaignStopped,
    CancelIntended,
    HostActIntended,
    MigrationIntended,
    MoveSettled,
)
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.observation import Observation, is_unclear
from rhevmig.migration.options import Timing
from rhevmig.migration.outcome import Outcome, OutcomeEvidence, Verdict, vm_evidence
from rhevmig.migration.port import VmState
from rhevmig.migration.refusals import own_refusal
from rhevmig.migration.retry_policy import (
    cooling_hosts,
    course_outcome,
    failure_budget,
    failures,
    next_attempt_at,
    pick_destination,
)
from rhevmig.planning.plan import Move, PlanHost
from rhevmig.terms import Affinity, HostStatus, VmStatus
from rhevmig.units import GIB

#: VMs that may start a migration (engine: VmValidator.vmMigratable).
_MOVABLE = frozenset({VmStatus.UP, VmStatus.POWERING_UP, VmStatus.PAUSED, VmStatus.REBOOT_IN_PROGRESS})
#: Moves beyond those that may start now whose VMs are read with the rest, in the same request.
_AHEAD = 16
#: Most cancels of one migration.
_CANCELS = 3


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Poll again later."""

    seconds: float


Action = (
    MigrationIntended | MoveSettled | CancelIntended | CampaignStopped | HostStep | Wait | CampaignFinished
)

#: Records that announce a request to the engine.
REQUESTS = MigrationIntended | CancelIntended | HostActIntended


def next_actions(state: State, seen: Observation, now: datetime) -> tuple[Action, ...]:
    """What to do now, in order; the last is always a `Wait` or `CampaignFinished`."""
    if state.finished_at is not None:
        return (CampaignFinished(),)
    actions: list[Action] = [*_cancels(state, now)]
    stop = _stop(state)
    if stop is not None:
        actions.append(stop)
    moving = stop is None and state.stopped is None
    starts = _starts(state, seen, now) if moving and not _may_be_lost(state, seen) else ()
    actions.extend(starts)
    steps = host_steps(state, seen, now, is_open=_is_open(state, moving=moving))
    actions.extend(steps.now)
    if any(not isinstance(action, REQUESTS) for action in actions):
        return (*actions, Wait(seconds=0.0))
    if _is_open(state, moving=moving) or actions or steps.waits:
        return (*actions, Wait(seconds=_wait_s(state, seen, now, starts)))
    return (CampaignFinished(),)


def upcoming(state: State, now: datetime) -> tuple[MoveState, ...]:
    """Moves that may start soon, in order; their VMs are read beforehand."""
    if state.stopped is not None:
        return ()
    due = [item for item in state.moves.values() if _is_due(item, state, now)]
    first = [item for item in due if not _follows(state, item)][:_AHEAD]
    led_by = {item.move.number for item in first}
    return (*first, *(item for item in due if _follows(state, item) and item.move.led_by in led_by))


def copy_deadline_s(move: Move, timing: Timing) -> float:
    """Seconds of copying after which a migration is late."""
    p90_s = move.estimate.p90_s or 0.0
    by_size_s = (move.memory_bytes or 0) / GIB * timing.copy_deadline_s_per_gib
    p90_s = p90_s if p90_s < 86_400 else 0.0
    return max(timing.copy_deadline_s, timing.copy_deadline_factor * p90_s, by_size_s)


def remaining_s(move: Move, attempt: Attempt, percent: float | None, now: datetime) -> float | None:
    """Estimated seconds until the copy ends: from its progress once there is some, else from the plan."""
    if attempt.copying_at is None:
        return _rest_of_estimate_s(move, (now - attempt.started_at).total_seconds())
    copied_s = (now - attempt.copying_at).total_seconds()
    if percent is not None and percent >= 5 and copied_s > 0:
        return copied_s * (100.0 - percent) / percent
    return _rest_of_estimate_s(move, copied_s)


def _rest_of_estimate_s(move: Move, elapsed_s: float) -> float | None:
    """None once the estimate is used up."""
    rest_s = (move.estimate.p50_s or 0.0) - elapsed_s
    return rest_s if rest_s > 0 else None


# ── starting ─────────────────────────────────────────────────────────────────────────────────────────


def _may_be_lost(state: State, seen: Observation) -> bool:
    """Whether the VM of an open attempt is down or not listed: nothing is started until that is settled."""
    for _, attempt in state.open_attempts:
        vm = seen.vms.get(attempt.vm_id)
        if attempt.vm_id in seen.asked and (
            vm is None or not (vm.status in RUNNING or is_unclear(vm.status))
        ):
            return True
    return False


def _is_due(item: MoveState, state: State, now: datetime) -> bool:
    if item.unasked is not None or item.open_attempt is not None:
        return False
    if not item.attempts:
        return True
    due = next_attempt_at(item, state.options)
    return due is not None and due <= now


def _starts(state: State, seen: Observation, now: datetime) -> tuple[MigrationIntended | MoveSettled, ...]:
    """A sliding window: each move starts as soon as both of its hosts have room."""
    outgoing, incoming = _traffic(state, seen)
    cooling = cooling_hosts(state, now)
    unusable = {h.host_id for h in seen.hosts.values() if h.status != HostStatus.UP}
    busy = {attempt.vm_id for _, attempt in state.open_attempts}
    actions: list[MigrationIntended | MoveSettled] = []
    for item in upcoming(state, now):
        vm = seen.vms.get(item.move.vm_id)
        if item.move.vm_id in busy or item.move.vm_id not in seen.asked:
            continue
        outcome = _unasked(item, vm) or _waited_too_long(state, vm, now)
        if outcome is not None:
            actions.append(_settled(item, outcome))
        elif vm is not None and vm.status in _MOVABLE and _has_room(state, item, outgoing):
            led = _led(state, item, seen)
            if _follows(state, item) or led is None:
                continue
            full = {h.host_id for h in state.plan.hosts if incoming[h.host_id] >= h.max_incoming}
            may_go, host_id = pick_destination(item, cooling=cooling, full=full, unusable=unusable)
            if may_go:
                attempts = _attempts(state, seen, now, (item, vm), led, destination_host_id=host_id)
                actions.append(MigrationIntended(attempts=attempts))
                outgoing[item.move.source_host_id] += 1 + len(led)
                incoming[host_id or ""] += 1 + len(led)
    return tuple(actions)


def _settled(item: MoveState, outcome: Outcome) -> MoveSettled:
    return MoveSettled(vm_id=item.move.vm_id, move=item.move.number, correlation_id=None, outcome=outcome)


def _attempts(
    state: State,
    seen: Observation,
    now: datetime,
    leader: tuple[MoveState, VmState],
    led: tuple[tuple[MoveState, VmState], ...],
    *,
    destination_host_id: str | None,
) -> dict[int, Attempt]:
    """The attempts of one request by number of the move: the leader and the moves that go along."""
    attempts: dict[int, Attempt] = {}
    leader_id: str | None = None
    for item, vm in (leader, *led):
        move, number = item.move, len(item.attempts) + 1
        id = state.new_id(Act.MIGRATE, move=move.number, attempt=number)
        attempts[move.number] = Attempt(
            correlation_id=id,
            vm_id=move.vm_id,
            number=number,
            started_at=now,
            source_host_id=vm.host_id or move.source_host_id,
            destination_host_id=destination_host_id,
            cluster_id=leader[0].move.cluster_id,
            status_before=vm.status,
            force=leader[0].move.force,
            watermark=seen.last_index,
            is_closure=bool(led),
            led_by=leader_id,
        )
        leader_id = leader_id or id
    return attempts


def _follows(state: State, item: MoveState) -> bool:
    """Whether a move waits for the leader of its affinity group."""
    leader = state.moves.get(item.move.led_by or 0)
    return leader is not None and course_outcome(leader, state.options) is None


def _led(state: State, leader: MoveState, seen: Observation) -> tuple[tuple[MoveState, VmState], ...] | None:
    """The moves that go along with a move; None while one of them cannot go."""
    found = []
    for item in state.moves.values():
        if item.move.led_by != leader.move.number or item.unasked is not None:
            continue
        vm = seen.vms.get(item.move.vm_id)
        if item.open_attempt is not None or vm is None or vm.status not in _MOVABLE:
            return None
        found.append((item, vm))
    return tuple(found)


def _waited_too_long(state: State, vm: VmState | None, now: datetime) -> Outcome | None:
    """Nothing has happened for too long: the VM's state is unclear, or no destination is in service."""
    timing = state.options.timing
    idle_s = (now - state.last_at).total_seconds()
    if vm is None or state.open_attempts or idle_s < timing.unclear_deadline_s + timing.host_cooldown_s:
        return None
    if is_unclear(vm.status):
        return Outcome(
            verdict=Verdict.UNKNOWN,
            reason=f"the VM is {vm.status}: its host may be unreachable; no migration was requested",
            evidence=(vm_evidence(vm, {}),),
            host_id=vm.host_id,
        )
    if vm.status == VmStatus.MIGRATING:
        return _not_requested("being_migrated", "a migration by another client does not end")
    return _not_requested("no_destination", "no destination is in service")


def _traffic(state: State, seen: Observation) -> tuple[Counter[str], Counter[str]]:
    """Migrations of ours under way, out of and into each host."""
    outgoing: Counter[str] = Counter()
    incoming: Counter[str] = Counter()
    names = {
        event.correlation_id: event.destination_host
        for event in seen.events
        if event.code == EventCode.MIGRATION_STARTED
    }
    for _, attempt in state.open_attempts:
        outgoing[attempt.source_host_id] += 1
        chosen = state.plan.find_host_id(names.get(attempt.correlation_id))
        incoming[attempt.destination_host_id or chosen or ""] += 1
    return outgoing, incoming


def _has_room(state: State, item: MoveState, outgoing: Counter[str]) -> bool:
    source = state.plan.find_host(item.move.source_host_id)
    return outgoing[item.move.source_host_id] < (source or _any_host(item.move)).max_outgoing


def _any_host(move: Move) -> PlanHost:
    return PlanHost(host_id=move.source_host_id, name="", cluster_id=move.cluster_id)


def _unasked(item: MoveState, vm: VmState | None) -> Outcome | None:
    """The outcome of a move whose VM shows that a request is needless."""
    if vm is None:
        return _not_requested("vm_not_found", "the engine no longer lists the VM")
    if vm.status == VmStatus.MIGRATING or is_unclear(vm.status):
        return None
    if vm.host_id is not None and vm.host_id != item.move.source_host_id:
        return Outcome(
            verdict=Verdict.MOVED_BY_OTHER,
            reason="it had left the source before a migration was requested",
            evidence=(vm_evidence(vm, {}),),
            host_id=vm.host_id,
        )
    if vm.status not in _MOVABLE:
        return _not_requested("not_running", f"the VM is {vm.status}")
    if vm.affinity == Affinity.PINNED:
        return _not_requested("pinned", "the VM has been pinned to its host since")
    return None


def _not_requested(key: str, sentence: str) -> Outcome:
    return Outcome(
        verdict=Verdict.REFUSED,
        reason=f"no migration was requested: {sentence}",
        evidence=(OutcomeEvidence(source="vm", text=sentence),),
        refusal=own_refusal(key, sentence),
    )


# ── stopping ─────────────────────────────────────────────────────────────────────────────────────────


def _cancels(state: State, now: datetime) -> tuple[CancelIntended, ...]:
    timing, found = state.options.timing, []
    for item, attempt in state.open_attempts:
        if attempt.answer == "refused" or not _may_cancel(attempt, now, timing):
            continue
        if state.stopped is not None and state.stopped.cancel_open:
            found.append(_cancel(state, item, attempt, state.stopped.reason))
        elif attempt.copying_at is not None and state.options.on_deadline == "cancel":
            deadline_s = copy_deadline_s(item.move, timing)
            if now > attempt.copying_at + timedelta(seconds=deadline_s):
                why = f"not finished after {deadline_s:.0f} s of copying"
                found.append(_cancel(state, item, attempt, why))
    return tuple(found)


def _cancel(state: State, item: MoveState, attempt: Attempt, why: str) -> CancelIntended:
    number = attempt.number * 10 + len(attempt.cancel_ids) + 1
    return CancelIntended(
        vm_id=attempt.vm_id,
        migration_id=attempt.correlation_id,
        correlation_id=state.new_id(Act.CANCEL, move=item.move.number, attempt=number),
        why=why,
    )


def _may_cancel(attempt: Attempt, now: datetime, timing: Timing) -> bool:
    """Once; again only after a long time without effect, for a cancel may have been lost."""
    if attempt.cancelled_at is None:
        return True
    waited_s = (now - attempt.cancelled_at).total_seconds()
    return waited_s > timing.unheard_s and len(attempt.cancel_ids) < _CANCELS


def _stop(state: State) -> CampaignStopped | None:
    if state.stopped is not None:
        return None
    for item in state.moves.values():
        outcome = course_outcome(item, state.options)
        if outcome is not None and outcome.is_data_risk:
            reason = f"VM {item.move.vm_name}: {outcome.verdict.value}: {outcome.reason}"
            return CampaignStopped(reason=reason, is_data_risk=True)
    failed, budget = failures(state), failure_budget(state)
    if len(state.moves) > 1 and failed >= budget:
        return CampaignStopped(reason=f"{failed} moves failed; the limit is {budget}")
    return None


def _is_open(state: State, *, moving: bool) -> bool:
    """Whether an attempt is open or a move may still start."""
    if state.open_attempts:
        return True
    return moving and any(
        item.unasked is None and (not item.attempts or next_attempt_at(item, state.options) is not None)
        for item in state.moves.values()
    )


# ── waiting ──────────────────────────────────────────────────────────────────────────────────────────


#: The interval between polls as a share of the migration's length: shorter around its expected end. The
#: first poll comes after half of the expected time.
_POLL_SHARE, _CLOSE_POLL_SHARE, _FIRST_POLL_SHARE = 0.1, 0.04, 0.5
_CLOSE_FROM, _CLOSE_TO = 0.8, 1.5


def _wait_s(state: State, seen: Observation, now: datetime, starts: Sequence[Action]) -> float:
    """Seconds until something may have ended: a small share of the time waited for, with few polls."""
    timing = state.options.timing
    waits = [
        _next_poll_s(state.moves[number].move, 0.0, timing)
        for start in starts
        if isinstance(start, MigrationIntended)
        for number in start.attempts
    ]
    for item, attempt in state.open_attempts:
        vm = seen.vms.get(attempt.vm_id)
        is_resting = vm is not None and vm.status != VmStatus.MIGRATING
        waits.append(
            timing.brisk_poll_s * 2
            if is_resting
            else _next_poll_s(item.move, (now - attempt.started_at).total_seconds(), timing)
        )
    return min(waits, default=timing.poll_s)


def _next_poll_s(move: Move, elapsed_s: float, timing: Timing) -> float:
    expected_s = move.estimate.p50_s
    if expected_s is None:
        wait_s = max(1.0, _POLL_SHARE * elapsed_s)
    else:
        is_close = _CLOSE_FROM * expected_s <= elapsed_s <= _CLOSE_TO * expected_s
        share = _CLOSE_POLL_SHARE if is_close else _POLL_SHARE
        wait_s = max(share * max(elapsed_s, expected_s), _FIRST_POLL_SHARE * expected_s - elapsed_s)
    return min(timing.poll_s, max(timing.brisk_poll_s, wait_s))
