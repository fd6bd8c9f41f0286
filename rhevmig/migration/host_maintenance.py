"""The host to be emptied: when to request maintenance or activation, and what keeps it from getting there.

Engine: when the engine's evacuation fails for a `user_migratable` VM, the host stays
`preparing_for_maintenance` for ever: the engine repeats the evacuation every 300 s without an event.
Migrating the stragglers by request lets the host enter maintenance within seconds (recording
`maintenance-stuck-resolved-by-force`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from rhevmig.events import EventCode
from rhevmig.inventory import RUNNING
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.records import (
    HostAct,
    HostActIntended,
    HostActSettled,
    HostCourse,
    MoveAppended,
)
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.observation import Observation
from rhevmig.migration.outcome import RefusalClass
from rhevmig.migration.port import AnswerLost, HostState, NotSent, Refused, VmState
from rhevmig.migration.refusals import classify_refusal
from rhevmig.migration.retry_policy import course_outcome
from rhevmig.planning.plan import Move
from rhevmig.terms import Affinity, HostStatus, VmStatus

#: Requests to switch the host while the engine does not receive them or refuses them for the moment.
_REQUESTS = 4
#: Statuses on the way to the intended one.
_BETWEEN = {
    Act.DEACTIVATE: frozenset({HostStatus.PREPARING_FOR_MAINTENANCE}),
    Act.ACTIVATE: frozenset({HostStatus.UNASSIGNED, HostStatus.INITIALIZING, HostStatus.CONNECTING}),
}
_ARRIVED = {Act.DEACTIVATE: HostStatus.MAINTENANCE, Act.ACTIVATE: HostStatus.UP}


HostStep = HostActIntended | HostActSettled | MoveAppended


class HostSteps(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about the host."""

    now: tuple[HostStep, ...] = ()
    #: Whether it is between two states and must be polled again.
    waits: bool = False


_NOTHING = HostSteps()


def is_host_phase(state: State) -> bool:
    """Whether the host is being switched, or will be next: its VMs and its status are read then."""
    if state.plan.kind != "evacuate" or not state.options.deactivate or state.stopped is not None:
        return False
    if state.host_unasked is not None:
        return False
    if not state.host_acts:
        return not state.open_attempts and all(
            course_outcome(item, state.options) is not None for item in state.moves.values()
        )
    return state.host_acts[-1].settled is None


def host_steps(state: State, seen: Observation, now: datetime, *, is_open: bool) -> HostSteps:
    """What to do about the host, once its VMs have left."""
    if state.plan.kind != "evacuate" or not state.options.deactivate or state.stopped is not None:
        return _NOTHING
    host = seen.hosts.get(state.plan.host_id or "")
    if not state.host_acts:
        if is_open or state.host_unasked is not None:
            return _NOTHING
        return HostSteps(waits=True) if seen.on_host is None else _enter(state, seen, now)
    last = state.host_acts[-1]
    if last.settled is None:
        if host is None:
            return HostSteps(waits=True)
        return _underway(state, last, host, seen, now)
    return _after(state, last, seen, now, is_open=is_open)


def _enter(state: State, seen: Observation, now: datetime) -> HostSteps:
    """All moves have ended: may maintenance be requested?

    Engine: asked for a host with a VM that cannot leave, it may answer 400 or 409 and begin all the same;
    the host then stays `preparing_for_maintenance` (recording `maintenance-accepted-with-400`).
    """
    staying = _staying(state, seen)
    leaving = {item.vm_id for item in state.plan.remaining}
    blocked = {item.vm_id for item in state.plan.blocked} | state.vm_ids
    blocking = [
        vm for vm in staying if vm.vm_id not in leaving and (vm.vm_id in blocked or not _may_go(state, vm))
    ]
    if blocking:
        reason = f"not put into maintenance: {_names(state, blocking)}"
        return HostSteps(now=(_settled(state, "not_started", reason, blocking),))
    host = seen.hosts.get(state.plan.host_id or "")
    if host is not None and (host.vms_active or 0) > len(seen.on_host or ()):
        if (now - state.last_at).total_seconds() < state.options.timing.unheard_s:
            return HostSteps(waits=True)
        reason = (
            f"not put into maintenance: the engine counts {host.vms_active} VMs on it, "
            f"this account sees {len(seen.on_host or ())}"
        )
        return HostSteps(now=(_settled(state, "not_started", reason),))
    # the engine moves VMs that came meanwhile as it empties the host
    return HostSteps(now=(_request(state, seen, now, Act.DEACTIVATE, 1),))


def _staying(state: State, seen: Observation) -> list[VmState]:
    return [vm for vm in seen.on_host or () if vm.status in RUNNING and vm.host_id == state.plan.host_id]


def _names(state: State, vms: Sequence[VmState]) -> str:
    """Each VM that stays with its reason."""
    named = [f"{vm.name or vm.vm_id} ({_why_it_stays(state, vm)})" for vm in vms]
    return f"{len(named)} VM{'' if len(named) == 1 else 's'} on it: " + ", ".join(named)


def _why_it_stays(state: State, vm: VmState) -> str:
    blocked = next((item for item in state.plan.blocked if item.vm_id == vm.vm_id), None)
    if blocked is not None:
        return "; ".join(blocked.reasons)
    item = next((i for i in reversed(state.moves.values()) if i.move.vm_id == vm.vm_id), None)
    if item is not None and item.last_outcome is not None:
        return f"{item.last_outcome.verdict.value.replace('_', ' ')}: {item.last_outcome.reason}"
    if vm.affinity not in (None, Affinity.MIGRATABLE):
        return f"{vm.affinity}"
    return vm.status


def _request(state: State, seen: Observation, now: datetime, act: Act, number: int) -> HostActIntended:
    assert state.plan.host_id is not None
    host_act = HostAct(
        act=act,
        correlation_id=state.new_id(act, move=0, attempt=number),
        intended_at=now,
        watermark=seen.last_index,
    )
    return HostActIntended(host_id=state.plan.host_id, act=host_act)


def _settled(state: State, word: str, reason: str = "", staying: Sequence[VmState] = ()) -> HostActSettled:
    """The host's course; an activation after maintenance that was not reached is no success."""
    assert state.plan.host_id is not None
    straggler_ids = tuple(vm.vm_id for vm in staying)
    before = _failed_maintenance(state)
    if before is not None:
        word = "reactivated" if word == "up" else word
        reason = f"{reason or 'activated again'}; before that: {before.reason}"
        straggler_ids = before.straggler_ids
    course = HostCourse(
        host_id=state.plan.host_id,
        name=state.plan.host_name(state.plan.host_id),
        state=word,
        reason=reason,
        straggler_ids=straggler_ids,
    )
    return HostActSettled(host=course)


def _failed_maintenance(state: State) -> HostCourse | None:
    """The host's course before an activation that did not follow maintenance."""
    if not state.host_acts or state.host_acts[-1].act != Act.ACTIVATE:
        return None
    settled = [act.settled for act in state.host_acts if act.act == Act.DEACTIVATE and act.settled]
    return settled[-1] if settled and settled[-1].state != "maintenance" else None


def _underway(state: State, act: HostAct, host: HostState, seen: Observation, now: datetime) -> HostSteps:
    timing = state.options.timing
    waited_s = (now - act.intended_at).total_seconds()
    word = "maintenance" if act.act == Act.DEACTIVATE else "up"
    if host.status == _ARRIVED[act.act]:
        return HostSteps(now=(_settled(state, word),))
    is_between = host.status in _BETWEEN[act.act]
    if isinstance(act.answer, Refused) and not is_between:
        return _refused(state, act, act.answer, seen, now)
    if isinstance(act.answer, NotSent):
        return _again(state, act, seen, now, "the request did not reach the engine")
    is_unclear = act.answer is None or isinstance(act.answer, AnswerLost)
    if not is_between and is_unclear and not _is_received(act, seen):
        if waited_s < timing.unheard_s:
            return HostSteps(waits=True)
        return _again(state, act, seen, now, "the engine has not received the request")
    if host.status == HostStatus.UP and act.act == Act.DEACTIVATE and waited_s > timing.unheard_s:
        return HostSteps(now=(_settled(state, "failed", "another client activated it again"),))
    if act.act == Act.DEACTIVATE:
        stuck = _stuck(state, seen, waited_s)
        if stuck is not None:
            return stuck
    if waited_s > timing.host_deadline_s:
        reason = f"still {host.status} after {waited_s:.0f} s {host.status_detail or ''}".strip()
        reason = "; ".join([reason, *wait_reasons(seen)])
        return HostSteps(now=(_settled(state, "failed", reason),))
    return HostSteps(waits=True)


def wait_reasons(seen: Observation) -> tuple[str, ...]:
    """What an empty host in preparation waits for, with the remedy."""
    if seen.on_host or not seen.transfers:
        return ()
    names = ", ".join(
        f"{item.direction or 'transfer'} of disk {item.disk_id or '?'} ({item.phase or 'phase unknown'})"
        for item in seen.transfers
    )
    return (f"it waits for {names}: finish or cancel the transfer, or wait for it",)


def _refused(state: State, act: HostAct, answer: Refused, seen: Observation, now: datetime) -> HostSteps:
    waited_s = (now - act.intended_at).total_seconds()
    refusal = classify_refusal(answer)
    timing = state.options.timing
    look_s = timing.unheard_s if refusal.kind == RefusalClass.UNCLEAR else timing.event_grace_s
    if waited_s < look_s:
        # a refused act may have begun all the same: the host's status decides
        return HostSteps(waits=True)
    if refusal.kind in (RefusalClass.BLOCKED, RefusalClass.TRANSIENT):
        number = _requests(state, act)
        wait_s = min(timing.blocked_backoff_s * 2 ** (number - 1), timing.blocked_backoff_max_s)
        first_at = next(item.intended_at for item in state.host_acts if item.act == act.act)
        if waited_s < wait_s:
            return HostSteps(waits=True)
        if (now - first_at).total_seconds() < timing.blocked_wait_s:
            return HostSteps(now=(_request(state, seen, now, act.act, number + 1),))
    reason = refusal.sentence or "the engine gave no reason"
    if refusal.key != "unrecognised":
        reason = f"{reason} – {refusal.remedy}"
    return HostSteps(now=(_settled(state, "refused", reason),))


def _again(state: State, act: HostAct, seen: Observation, now: datetime, why: str) -> HostSteps:
    requests = _requests(state, act)
    if requests >= _REQUESTS:
        return HostSteps(now=(_settled(state, "failed", f"{why}, {requests} times"),))
    return HostSteps(now=(_request(state, seen, now, act.act, requests + 1),))


def _requests(state: State, act: HostAct) -> int:
    return sum(item.act == act.act for item in state.host_acts)


def _is_received(act: HostAct, seen: Observation) -> bool:
    codes = (
        EventCode.HOST_ENTERS_MAINTENANCE,
        EventCode.HOST_ENTERS_MAINTENANCE_WITHOUT_REASON,
        EventCode.HOST_ACTIVATE,
    )
    return any(e.correlation_id == act.correlation_id and e.code in codes for e in seen.events)


def _stuck(state: State, seen: Observation, waited_s: float) -> HostSteps | None:
    """A host in preparation with VMs on it and no migration: migrate them ourselves, or name them."""
    if seen.on_host is None or waited_s < state.options.timing.stuck_after_s:
        return None
    staying = _staying(state, seen)
    if not staying or any(vm.status == VmStatus.MIGRATING for vm in staying) or state.open_attempts:
        return None
    fresh = [vm for vm in staying if not _was_tried(state, vm) and _may_go(state, vm)]
    if fresh:
        return HostSteps(
            now=_appended(state, [_straggler(state, vm) for vm in fresh], "straggler"), waits=True
        )
    if any(course_outcome(item, state.options) is None for item in state.moves.values()):
        return HostSteps(waits=True)
    reason = (
        f"the engine's own evacuation does not move {_names(state, staying)}; migrate with force, stop, "
        "or activate the host"
    )
    return HostSteps(now=(_settled(state, "stuck", reason, staying),))


def _may_go(state: State, vm: VmState) -> bool:
    if vm.affinity == Affinity.PINNED:
        return False
    return vm.affinity == Affinity.MIGRATABLE or state.plan.force


def _was_tried(state: State, vm: VmState) -> bool:
    return any(item.why == "straggler" and item.move.vm_id == vm.vm_id for item in state.moves.values())


def _straggler(state: State, vm: VmState) -> Move:
    assert state.plan.host_id is not None
    return Move(
        number=0,
        vm_id=vm.vm_id,
        vm_name=vm.name or vm.vm_id,
        cluster_id=vm.cluster_id or "",
        source_host_id=state.plan.host_id,
        force=vm.affinity != Affinity.MIGRATABLE,
    )


def _appended(state: State, moves: Sequence[Move], why: str) -> tuple[MoveAppended, ...]:
    """Records of further moves, numbered after those that the campaign has."""
    first = max(state.moves, default=0) + 1
    return tuple(
        MoveAppended(move=msgspec.structs.replace(move, number=number), why=why)
        for number, move in enumerate(moves, first)
    )


def _after(state: State, last: HostAct, seen: Observation, now: datetime, *, is_open: bool) -> HostSteps:
    """What follows once the host has reached a state, or has not."""
    assert last.settled is not None
    if last.act == Act.DEACTIVATE:
        is_out_of_service = last.settled.state in ("maintenance", "stuck", "failed")
        if is_out_of_service and state.options.return_host and not is_open:
            return HostSteps(now=(_request(state, seen, now, Act.ACTIVATE, 1),))
        return _NOTHING
    if last.settled.state not in ("up", "reactivated") or not state.options.return_vms:
        return _NOTHING
    # per VM, for a process may have ended after only some of these moves were written
    back = {item.move.vm_id for item in state.moves.values() if item.why == "home"}
    away = [item for item in state.moves.values() if _left(item) and item.move.vm_id not in back]
    return HostSteps(now=_appended(state, [_return(state, item) for item in away], "home"))


def _left(item: MoveState) -> bool:
    outcome = item.last_outcome
    return (
        outcome is not None
        and not outcome.is_data_risk
        and outcome.host_id not in (None, item.move.source_host_id)
    )


def _return(state: State, item: MoveState) -> Move:
    outcome, move = item.last_outcome, item.move
    assert outcome is not None
    assert outcome.host_id is not None
    return Move(
        number=0,
        vm_id=move.vm_id,
        vm_name=move.vm_name,
        cluster_id=move.cluster_id,
        source_host_id=outcome.host_id,
        destination_host_id=state.plan.host_id,
        force=move.force,
    )
