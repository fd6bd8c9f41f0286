"""The host that is emptied: when it is switched, when it has arrived, and what keeps it from arriving.

Engine: a host whose own evacuation failed stays `preparing_for_maintenance` for ever when a VM that only
users may migrate is left on it, for the engine repeats the evacuation as itself, every 300 s and without
an event. Moving the stragglers by request lets it arrive within seconds (recording
`maintenance-stuck-resolved-by-force`).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rhevmig.events import EventCode
from rhevmig.inventory import RUNNING
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.state import HostAct, MoveState, State
from rhevmig.migration.observation import Observation
from rhevmig.migration.outcome import SUCCESSES, RefusalClass, Verdict
from rhevmig.migration.port import AnswerLost, HostState, NotSent, Refused, VmState
from rhevmig.migration.refusals import classify_refusal
from rhevmig.migration.retry_policy import course_outcome
from rhevmig.terms import Affinity, HostStatus, VmStatus

#: Tries of a switch that the engine never heard of or that is blocked for the moment.
_TRIES = 4
_ARRIVED = {Act.DEACTIVATE: HostStatus.MAINTENANCE, Act.ACTIVATE: HostStatus.UP}


class SwitchHost(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the engine to switch the host."""

    #: Into maintenance, or back.
    act: Act
    #: Which try.
    attempt: int


class SettleHost(msgspec.Struct, frozen=True, kw_only=True):
    """Write down where the host has arrived, or why it has not."""

    #: See `records.HostSettled`.
    state: str
    #: In one sentence.
    reason: str = ""
    #: VMs that keep it.
    straggler_ids: tuple[str, ...] = ()


class AddMove(msgspec.Struct, frozen=True, kw_only=True):
    """Move one more VM."""

    #: The VM as seen.
    vm: VmState
    #: Host that it leaves.
    source_host_id: str
    #: Host to name; None lets the engine choose.
    destination_host_id: str | None
    #: Whether force is given.
    force: bool
    #: `straggler` or `home`.
    why: str


HostStep = SwitchHost | SettleHost | AddMove


class HostSteps(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done about the host."""

    #: Now.
    now: tuple[HostStep, ...] = ()
    #: Whether it is on its way and must be looked at again.
    waits: bool = False


_NOTHING = HostSteps()


def is_host_phase(state: State) -> bool:
    """Whether the host is switched, or is about to be: its VMs and its status are then looked at."""
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
    """What is to be done about the host, if it is its turn."""
    if state.plan.kind != "evacuate" or not state.options.deactivate or state.stopped is not None:
        return _NOTHING
    host = seen.hosts.get(state.plan.host_id or "")
    if not state.host_acts:
        if is_open or state.host_unasked is not None:
            return _NOTHING
        return HostSteps(waits=True) if seen.on_host is None else _leave(state, seen.on_host)
    last = state.host_acts[-1]
    if last.settled is None:
        if host is None:
            return HostSteps(waits=True)
        return _underway(state, last, host, seen, now)
    return _after(state, last, seen, is_open=is_open)


def _leave(state: State, on_host: tuple[VmState, ...]) -> HostSteps:
    """All moves have ended: may the host be switched?"""
    staying = [vm for vm in on_host if vm.status in RUNNING and vm.host_id == state.plan.host_id]
    blocking = [vm for vm in staying if not _may_go(state, vm) or vm.vm_id in state.vm_ids]
    if not blocking:
        #: VMs that came meanwhile are moved by the engine as it empties the host
        return HostSteps(now=(SwitchHost(act=Act.DEACTIVATE, attempt=1),))
    names = ", ".join(vm.name or vm.vm_id for vm in blocking)
    step = SettleHost(
        state="not_started",
        reason=f"not put into maintenance: {names} still run{'s' if len(blocking) == 1 else ''} on it",
        straggler_ids=tuple(vm.vm_id for vm in blocking),
    )
    return HostSteps(now=(step,))


def _underway(state: State, act: HostAct, host: HostState, seen: Observation, now: datetime) -> HostSteps:
    timing = state.options.timing
    waited_s = (now - act.intended_at).total_seconds()
    word = "maintenance" if act.act == Act.DEACTIVATE else "up"
    if host.status == _ARRIVED[act.act]:
        return HostSteps(now=(SettleHost(state=word),))
    if isinstance(act.answer, Refused):
        return _refused(state, act, act.answer, waited_s)
    if isinstance(act.answer, NotSent):
        return _again(state, act, "the request never reached the engine")
    is_on_its_way = host.status in (
        HostStatus.PREPARING_FOR_MAINTENANCE,
        HostStatus.UNASSIGNED,
        HostStatus.INITIALIZING,
        HostStatus.CONNECTING,
    )
    is_unclear = act.answer is None or isinstance(act.answer, AnswerLost)
    if not is_on_its_way and is_unclear and not _is_heard(act, seen):
        if waited_s < timing.unheard_s:
            return HostSteps(waits=True)
        return _again(state, act, "the engine never heard of the request")
    if host.status == HostStatus.UP and act.act == Act.DEACTIVATE and waited_s > timing.unheard_s:
        return HostSteps(now=(SettleHost(state="failed", reason="somebody took it back into service"),))
    if act.act == Act.DEACTIVATE:
        stuck = _stuck(state, seen, waited_s)
        if stuck is not None:
            return stuck
    if waited_s > timing.host_deadline_s:
        reason = f"still {host.status} after {waited_s:.0f} s {host.status_detail or ''}".strip()
        return HostSteps(now=(SettleHost(state="failed", reason=reason),))
    return HostSteps(waits=True)


def _refused(state: State, act: HostAct, answer: Refused, waited_s: float) -> HostSteps:
    refusal = classify_refusal(answer)
    if refusal.kind == RefusalClass.UNCLEAR and waited_s < state.options.timing.unheard_s:
        return HostSteps(waits=True)
    if refusal.kind in (RefusalClass.BLOCKED, RefusalClass.TRANSIENT) and _tries(state, act) < _TRIES:
        wait_s = state.options.timing.blocked_backoff_s * 2 ** _tries(state, act)
        return _again(state, act, refusal.sentence) if waited_s >= wait_s else HostSteps(waits=True)
    return HostSteps(now=(SettleHost(state="refused", reason=refusal.sentence),))


def _again(state: State, act: HostAct, why: str) -> HostSteps:
    tries = _tries(state, act)
    if tries >= _TRIES:
        return HostSteps(now=(SettleHost(state="failed", reason=f"{why}, {tries} times"),))
    return HostSteps(now=(SwitchHost(act=act.act, attempt=tries + 1),))


def _tries(state: State, act: HostAct) -> int:
    return sum(item.act == act.act for item in state.host_acts)


def _is_heard(act: HostAct, seen: Observation) -> bool:
    codes = (
        EventCode.HOST_ENTERS_MAINTENANCE,
        EventCode.HOST_ENTERS_MAINTENANCE_WITHOUT_REASON,
        EventCode.HOST_ACTIVATE,
    )
    return any(e.correlation_id == act.correlation_id and e.code in codes for e in seen.events)


def _stuck(state: State, seen: Observation, waited_s: float) -> HostSteps | None:
    """A host on its way with VMs on it and nothing moving: move them ourselves, or say who it is."""
    if seen.on_host is None or waited_s < state.options.timing.stuck_after_s:
        return None
    staying = [vm for vm in seen.on_host if vm.status in RUNNING and vm.host_id == state.plan.host_id]
    if not staying or any(vm.status == VmStatus.MIGRATING for vm in staying) or state.open_attempts:
        return None
    fresh = [vm for vm in staying if not _was_tried(state, vm) and _may_go(state, vm)]
    if fresh:
        return HostSteps(now=tuple(_straggler(state, vm) for vm in fresh), waits=True)
    if any(course_outcome(item, state.options) is None for item in state.moves.values()):
        return HostSteps(waits=True)
    names = ", ".join(f"{vm.name or vm.vm_id} ({vm.affinity or vm.status})" for vm in staying)
    step = SettleHost(
        state="stuck",
        reason=f"{names} will not leave it by the engine's own evacuation; migrate with force, stop, "
        "or activate the host",
        straggler_ids=tuple(vm.vm_id for vm in staying),
    )
    return HostSteps(now=(step,))


def _may_go(state: State, vm: VmState) -> bool:
    if vm.affinity == Affinity.PINNED:
        return False
    return vm.affinity == Affinity.MIGRATABLE or state.plan.force


def _was_tried(state: State, vm: VmState) -> bool:
    return any(item.why == "straggler" and item.move.vm_id == vm.vm_id for item in state.moves.values())


def _straggler(state: State, vm: VmState) -> AddMove:
    assert state.plan.host_id is not None
    return AddMove(
        vm=vm,
        source_host_id=state.plan.host_id,
        destination_host_id=None,
        force=vm.affinity != Affinity.MIGRATABLE,
        why="straggler",
    )


def _after(state: State, last: HostAct, seen: Observation, *, is_open: bool) -> HostSteps:
    """The host has arrived, or has not: what follows?"""
    assert last.settled is not None
    if last.act == Act.DEACTIVATE:
        if last.settled.state == "maintenance" and state.options.return_host and not is_open:
            return HostSteps(now=(SwitchHost(act=Act.ACTIVATE, attempt=1),))
        return _NOTHING
    if last.settled.state != "up" or not state.options.return_vms:
        return _NOTHING
    #: VM by VM, for the moves home may have been written down in part when a process died
    at_home = {item.move.vm_id for item in state.moves.values() if item.why == "home"}
    away = [item for item in state.moves.values() if _went(item) and item.move.vm_id not in at_home]
    return HostSteps(now=tuple(_home(state, item) for item in away))


def _went(item: MoveState) -> bool:
    outcome = item.last_outcome
    return (
        outcome is not None
        and (outcome.verdict in SUCCESSES or outcome.verdict == Verdict.MOVED_BY_OTHER)
        and outcome.host_id not in (None, item.move.source_host_id)
    )


def _home(state: State, item: MoveState) -> AddMove:
    outcome, move = item.last_outcome, item.move
    assert outcome is not None
    assert outcome.host_id is not None
    vm = VmState(
        vm_id=move.vm_id,
        name=move.vm_name,
        cluster_id=move.cluster_id,
        status=move.status,
        host_id=outcome.host_id,
    )
    return AddMove(
        vm=vm,
        source_host_id=outcome.host_id,
        destination_host_id=state.plan.host_id,
        force=move.force,
        why="home",
    )
