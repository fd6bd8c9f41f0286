"""What is to be done next: a pure function of the campaign's state and of the last look at the engine.

The loop in `running` executes what comes out of here and holds no rule of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from rhevmig.migration.campaign import Attempt
from rhevmig.migration.host_maintenance import HostStep, SwitchHost, host_steps
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.observation import Observation, is_unclear
from rhevmig.migration.options import Timing
from rhevmig.migration.outcome import Evidence, Outcome, Refusal, RefusalClass, Verdict
from rhevmig.migration.port import VmState
from rhevmig.migration.refusals import classify_text
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
#: Moves beyond those that may start now whose VMs are looked at with the rest, in the same request.
_AHEAD = 16
#: Cancels of one migration at most.
_CANCELS = 3


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the engine to move a VM."""

    #: Number of the move.
    move: int
    #: The VM as it was just seen.
    vm: VmState
    #: Host to name; None lets the engine choose.
    destination_host_id: str | None
    #: Moves that go with it under one request, with their VMs.
    led: tuple[tuple[int, VmState], ...] = ()


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Write down how a move ended that need not be asked for."""

    #: Number of the move.
    move: int
    #: How.
    outcome: Outcome


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the engine to stop a migration."""

    #: The migration.
    attempt: Attempt
    #: Why.
    why: str


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Start nothing more."""

    #: Why.
    reason: str


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """Look again later."""

    #: Seconds.
    seconds: float


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is open any more."""


Action = Start | Settle | Cancel | Stop | HostStep | Wait | Finish


def next_actions(state: State, seen: Observation, now: datetime) -> tuple[Action, ...]:
    """What to do now, in order; the last is always a `Wait` or `Finish`."""
    if state.finished_at is not None:
        return (Finish(),)
    actions: list[Action] = [*_cancels(state, now)]
    stop = _stop(state)
    if stop is not None:
        actions.append(stop)
    moving = stop is None and state.stopped is None
    starts = _starts(state, seen, now) if moving else ()
    actions.extend(starts)
    steps = host_steps(state, seen, now, is_open=_is_open(state, moving=moving))
    actions.extend(steps.now)
    if any(not isinstance(action, Start | Cancel | SwitchHost) for action in actions):
        return (*actions, Wait(seconds=0.0))
    if _is_open(state, moving=moving) or actions or steps.waits:
        return (*actions, Wait(seconds=_wait_s(state, seen, now, starts)))
    return (Finish(),)


def upcoming(state: State, now: datetime) -> tuple[MoveState, ...]:
    """Moves that may start soon, in order; their VMs are looked at beforehand."""
    if state.stopped is not None:
        return ()
    due = [item for item in state.moves.values() if _is_due(item, state, now)]
    first = [item for item in due if not _follows(state, item)][:_AHEAD]
    led_by = {item.move.number for item in first}
    return (*first, *(item for item in due if _follows(state, item) and item.move.led_by in led_by))


def copy_deadline_s(move: Move, timing: Timing) -> float:
    """How long a copy may take before something is done about it."""
    p90_s = move.estimate.p90_s or 0.0
    by_size_s = (move.memory_bytes or 0) / GIB * timing.copy_deadline_s_per_gib
    p90_s = p90_s if p90_s < 86_400 else 0.0
    return max(timing.copy_deadline_s, timing.copy_deadline_factor * p90_s, by_size_s)


def remaining_s(move: Move, attempt: Attempt, percent: float | None, now: datetime) -> float | None:
    """Seconds that a copy should still take: by its own pace once there is one, else by the estimate."""
    if attempt.copying_at is None:
        waited_s = (now - attempt.started_at).total_seconds()
        return None if move.estimate.p50_s is None else max(0.0, move.estimate.p50_s - waited_s)
    copied_s = (now - attempt.copying_at).total_seconds()
    if percent is not None and percent >= 5 and copied_s > 0:
        return copied_s * (100.0 - percent) / percent
    return None if move.estimate.p50_s is None else max(0.0, move.estimate.p50_s - copied_s)


# ── starting ─────────────────────────────────────────────────────────────────────────────────────────


def _is_due(item: MoveState, state: State, now: datetime) -> bool:
    if item.unasked is not None or item.open_attempt is not None:
        return False
    if not item.attempts:
        return True
    due = next_attempt_at(item, state.options)
    return due is not None and due <= now


def _starts(state: State, seen: Observation, now: datetime) -> tuple[Start | Settle, ...]:
    """A window that slides: each move starts as soon as its two hosts have room for it."""
    outgoing, incoming = _traffic(state, seen)
    cooling = cooling_hosts(state, now)
    unusable = {h.host_id for h in seen.hosts.values() if h.status != HostStatus.UP}
    busy = {attempt.vm_id for _, attempt in state.open_attempts}
    actions: list[Start | Settle] = []
    for item in upcoming(state, now):
        vm = seen.vms.get(item.move.vm_id)
        if item.move.vm_id in busy or item.move.vm_id not in seen.asked:
            continue
        verdict = _unasked(item, vm) or _waited_in_vain(state, vm, now)
        if verdict is not None:
            actions.append(Settle(move=item.move.number, outcome=verdict))
        elif vm is not None and vm.status in _MOVABLE and _has_room(state, item, outgoing):
            led = _led(state, item, seen)
            if _follows(state, item) or led is None:
                continue
            full = {h.host_id for h in state.plan.hosts if incoming[h.host_id] >= h.max_incoming}
            may_go, host_id = pick_destination(item, cooling=cooling, full=full, unusable=unusable)
            if may_go:
                actions.append(Start(move=item.move.number, vm=vm, destination_host_id=host_id, led=led))
                outgoing[item.move.source_host_id] += 1 + len(led)
                incoming[host_id or ""] += 1 + len(led)
    return tuple(actions)


def _follows(state: State, item: MoveState) -> bool:
    """Whether a move waits for the one that it goes with."""
    leader = state.moves.get(item.move.led_by or 0)
    return leader is not None and course_outcome(leader, state.options) is None


def _led(state: State, leader: MoveState, seen: Observation) -> tuple[tuple[int, VmState], ...] | None:
    """The moves that go with a move; None while one of them cannot go."""
    found = []
    for item in state.moves.values():
        if item.move.led_by != leader.move.number or item.unasked is not None:
            continue
        vm = seen.vms.get(item.move.vm_id)
        if item.open_attempt is not None or vm is None or vm.status not in _MOVABLE:
            return None
        found.append((item.move.number, vm))
    return tuple(found)


def _waited_in_vain(state: State, vm: VmState | None, now: datetime) -> Outcome | None:
    """Nothing at all has gone on for too long: the VM is unclear, or no destination is in service."""
    timing = state.options.timing
    idle_s = (now - state.last_at).total_seconds()
    if vm is None or state.open_attempts or idle_s < timing.unclear_deadline_s + timing.host_cooldown_s:
        return None
    if is_unclear(vm.status):
        return Outcome(
            verdict=Verdict.UNKNOWN,
            reason=f"the VM is {vm.status}: a host may not answer, so it was not asked for",
            evidence=(Evidence(source="vm", text=f"the VM is {vm.status}"),),
            host_id=vm.host_id,
        )
    if vm.status == VmStatus.MIGRATING:
        return _refused_here("being_migrated", "somebody else's migration does not end", RefusalClass.BLOCKED)
    return _refused_here("no_destination", "no destination is in service", RefusalClass.BLOCKED)


def _traffic(state: State, seen: Observation) -> tuple[Counter[str], Counter[str]]:
    """Migrations of ours under way, out of and into each host."""
    outgoing: Counter[str] = Counter()
    incoming: Counter[str] = Counter()
    names = {event.correlation_id: event.destination_host for event in seen.events if event.code == 62}
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
    """The outcome of a move that the engine need not be asked for, as its VM is seen now."""
    if vm is None:
        return _refused_here("vm_not_found", "the engine no longer lists the VM", RefusalClass.PERMANENT)
    facts = (Evidence(source="vm", text=f"the VM is {vm.status}"),)
    if vm.status == VmStatus.MIGRATING or is_unclear(vm.status):
        return None
    if vm.host_id is not None and vm.host_id != item.move.source_host_id:
        return Outcome(
            verdict=Verdict.MOVED_BY_OTHER,
            reason="it had left the source before it was asked for",
            evidence=facts,
            host_id=vm.host_id,
        )
    if vm.status not in _MOVABLE:
        return _refused_here("not_running", f"the VM is {vm.status}", RefusalClass.BLOCKED)
    if vm.affinity == Affinity.PINNED:
        return _refused_here("pinned", "the VM has been pinned to its host since", RefusalClass.PERMANENT)
    return None


def _refused_here(key: str, sentence: str, kind: RefusalClass) -> Outcome:
    remedy = classify_text("VM is not running" if key == "not_running" else "").remedy
    refusal = Refusal(key=key, kind=kind, sentence=sentence, remedy=remedy)
    return Outcome(
        verdict=Verdict.REFUSED,
        reason=f"not asked for: {sentence}",
        evidence=(Evidence(source="vm", text=sentence),),
        refusal=refusal,
    )


# ── stopping ─────────────────────────────────────────────────────────────────────────────────────────


def _cancels(state: State, now: datetime) -> tuple[Cancel, ...]:
    timing, found = state.options.timing, []
    for item, attempt in state.open_attempts:
        if attempt.answer == "refused" or not _may_cancel(attempt, now, timing):
            continue
        if state.stopped is not None and state.stopped.cancel_open:
            found.append(Cancel(attempt=attempt, why=state.stopped.reason))
        elif attempt.copying_at is not None and state.options.on_deadline == "cancel":
            deadline_s = copy_deadline_s(item.move, timing)
            if now > attempt.copying_at + timedelta(seconds=deadline_s):
                found.append(Cancel(attempt=attempt, why=f"not done after {deadline_s:.0f} s of copying"))
    return tuple(found)


def _may_cancel(attempt: Attempt, now: datetime, timing: Timing) -> bool:
    """Once; again only where nothing came of it for long, for a cancel may have been lost on the way."""
    if attempt.cancelled_at is None:
        return True
    waited_s = (now - attempt.cancelled_at).total_seconds()
    return waited_s > timing.unheard_s and len(attempt.cancel_ids) < _CANCELS


def _stop(state: State) -> Stop | None:
    if state.stopped is not None:
        return None
    for item in state.moves.values():
        outcome = course_outcome(item, state.options)
        if outcome is not None and outcome.is_data_risk:
            return Stop(reason=f"VM {item.move.vm_name}: {outcome.verdict.value}: {outcome.reason}")
    failed, budget = failures(state), failure_budget(state)
    if len(state.moves) > 1 and failed >= budget:
        return Stop(reason=f"{failed} moves have failed, {budget} are allowed")
    return None


def _is_open(state: State, *, moving: bool) -> bool:
    """Whether a try is open, or a move still to be made."""
    if state.open_attempts:
        return True
    return moving and any(
        item.unasked is None and (not item.attempts or next_attempt_at(item, state.options) is not None)
        for item in state.moves.values()
    )


# ── waiting ──────────────────────────────────────────────────────────────────────────────────────────


#: Looks are this share of a migration's length apart, closer around its expected end, and begin at half.
_LOOK_SHARE, _CLOSE_LOOK_SHARE, _FIRST_LOOK_SHARE = 0.1, 0.04, 0.5
_CLOSE_FROM, _CLOSE_TO = 0.8, 1.5


def _wait_s(state: State, seen: Observation, now: datetime, starts: Sequence[Start | Settle]) -> float:
    """Until something may have ended: idling stays a small share of what is waited for, looks stay few."""
    timing = state.options.timing
    waits = [_next_look_s(state.moves[start.move].move, 0.0, timing) for start in starts]
    for item, attempt in state.open_attempts:
        vm = seen.vms.get(attempt.vm_id)
        is_resting = vm is not None and vm.status != VmStatus.MIGRATING
        waits.append(
            timing.brisk_poll_s * 2
            if is_resting
            else _next_look_s(item.move, (now - attempt.started_at).total_seconds(), timing)
        )
    return min(waits, default=timing.poll_s)


def _next_look_s(move: Move, elapsed_s: float, timing: Timing) -> float:
    expected_s = move.estimate.p50_s
    if expected_s is None:
        wait_s = max(1.0, _LOOK_SHARE * elapsed_s)
    else:
        is_close = _CLOSE_FROM * expected_s <= elapsed_s <= _CLOSE_TO * expected_s
        share = _CLOSE_LOOK_SHARE if is_close else _LOOK_SHARE
        wait_s = max(share * max(elapsed_s, expected_s), _FIRST_LOOK_SHARE * expected_s - elapsed_s)
    return min(timing.poll_s, max(timing.brisk_poll_s, wait_s))
