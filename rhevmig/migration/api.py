"""Run, resume, cancel and inspect campaigns. Each call returns data; how a move ended is in its outcome."""

from __future__ import annotations

import os
import random
from typing import Any, cast

import msgspec

from rhevmig.clock import Clock, SystemClock
from rhevmig.errors import (
    JournalClaimed,
    JournalError,
    MigrationFailed,
    MigrationTimeout,
    NotMigratable,
    PlanOutdated,
    UsageError,
)
from rhevmig.inventory import Engine, Inventory
from rhevmig.migration.campaign import Campaign, Course, campaign_of
from rhevmig.migration.executor import WISH_CANCEL, WISH_STOP, Executor
from rhevmig.migration.journal.correlation_ids import new_campaign_id
from rhevmig.migration.journal.records import CampaignOpened, CampaignStopped
from rhevmig.migration.journal.state import State, replay
from rhevmig.migration.journal.store import Journal
from rhevmig.migration.options import Options
from rhevmig.migration.outcome import Outcome, Verdict
from rhevmig.migration.port import MigrationEngine, MigrationPort
from rhevmig.migration.progress import OnProgress
from rhevmig.planning.evacuation import fingerprint, plan_migration
from rhevmig.planning.plan import Plan
from rhevmig.terms import HostStatus

JournalTarget = str | os.PathLike[str]


def run(
    plan: Plan,
    engine: MigrationEngine | MigrationPort,
    *,
    journal: JournalTarget,
    options: Options | None = None,
    return_host: bool = False,
    return_vms: bool = False,
    inventory: Inventory | None = None,
    clock: Clock | None = None,
    on_progress: OnProgress | None = None,
    rng: random.Random | None = None,
) -> Campaign:
    """Runs a plan and returns the campaign; blocks until nothing is open.

    An interruption (Ctrl-C) leaves the migrations running; `resume` continues from the journal.

    Args:
        journal: path or database URL; written before each request.
        options: limits, waits and deadlines.
        return_host: activate the host again.
        return_vms: then migrate its VMs back.
        inventory: newer than the plan's; the plan must still fit it.
        clock: the connection's by default.
        on_progress: called with a `Progress` at every change.

    Raises: PlanOutdated, NotMigratable (a single VM that is blocked), JournalError (also for a journal with
    an unfinished campaign), JournalClaimed, EngineError when the engine stays away: then `resume`.
    """
    port = _port_of(engine)
    chosen = options or Options()
    if return_host or return_vms:
        chosen = msgspec.structs.replace(chosen, return_host=True, return_vms=return_vms or chosen.return_vms)
    _check_runnable(plan)
    now = _clock_of(engine, clock)
    with Journal(journal) as book:
        book.claim()
        _check_nothing_open(book)
        _check_current(plan, port, inventory)
        campaign_id = new_campaign_id(now.now(), rng or random.SystemRandom())
        opened = CampaignOpened(plan=plan, options=chosen, watermark=port.event_index())
        book.append(campaign_id, opened, at=now.now())
        return _execute(book, campaign_id, port, now, on_progress)


def resume(
    journal: JournalTarget,
    engine: MigrationEngine | MigrationPort,
    *,
    campaign_id: str | None = None,
    clock: Clock | None = None,
    on_progress: OnProgress | None = None,
) -> Campaign:
    """Continues an interrupted campaign: reads the state of what is open, then does what is left.

    Raises: JournalError (missing or damaged), JournalClaimed (a running process works on it),
    PlanOutdated (another engine), EngineError.
    """
    port = _port_of(engine)
    with Journal(journal, create=False) as book:
        book.claim()
        state = _state(book, campaign_id)
        _check_engine(state.plan, port)
        return _execute(book, state.campaign_id, port, _clock_of(engine, clock), on_progress)


def status(journal: JournalTarget, *, campaign_id: str | None = None) -> Campaign:
    """The last campaign of a journal, or the named one, from any process."""
    with Journal(journal, create=False) as book:
        return campaign_of(_state(book, campaign_id), owner=book.owner(), journal=book.url)


def cancel(
    journal: JournalTarget,
    engine: MigrationEngine | MigrationPort | None = None,
    *,
    campaign_id: str | None = None,
    keep_migrating: bool = False,
    clock: Clock | None = None,
    on_progress: OnProgress | None = None,
) -> Campaign:
    """Stops a campaign: nothing more is started, and open migrations are cancelled.

    Where a running process works on it, that process stops it. Otherwise this call cancels the migrations
    and blocks until all are settled.

    Args:
        engine: needed only where no process works on it.
        keep_migrating: let open migrations arrive.
    """
    with Journal(journal, create=False) as book:
        state = _state(book, campaign_id)
        if state.finished_at is not None:
            return campaign_of(state, owner=None, journal=book.url)
        try:
            book.claim()
        except JournalClaimed:
            book.wish(state.campaign_id, WISH_STOP if keep_migrating else WISH_CANCEL)
            return campaign_of(state, owner=book.owner(), journal=book.url)
        if engine is None:
            raise UsageError(detail="no process works on this campaign: an engine is needed to cancel it")
        now = _clock_of(engine, clock)
        port = _port_of(engine)
        _check_engine(state.plan, port)
        stopped = CampaignStopped(reason="stopped on request", cancel_open=not keep_migrating)
        book.append(state.campaign_id, stopped, at=now.now())
        return _execute(book, state.campaign_id, port, now, on_progress)


def migrate(
    engine: MigrationEngine,
    vm: str,
    host: str | None = None,
    *,
    force: bool = False,
    check: bool = False,
    journal: JournalTarget = ":memory:",
    inventory: Inventory | None = None,
    options: Options | None = None,
    clock: Clock | None = None,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Migrates one VM and returns the outcome; blocks until it is known.

    Args:
        host: name or id; None lets the engine choose.
        check: raise unless it succeeded.
        journal: with a path, the migration can be resumed after a crash; `":memory:"` is lost with it.

    Raises: NotFound, AmbiguousName, NotMigratable (blocked), EngineError, JournalError; with `check` also
    MigrationFailed, or MigrationTimeout where the outcome is unknown.
    """
    plan = plan_migration(inventory or engine.inventory(), vm, host, force=force)
    campaign = run(plan, engine, journal=journal, options=options, clock=clock, on_progress=on_progress)
    course = campaign.courses[0]
    outcome = course.outcome
    assert outcome is not None
    if check and not outcome.is_success:
        raise _failure(campaign, course, outcome)
    return outcome


# ── inside ───────────────────────────────────────────────────────────────────────────────────────────


def _failure(campaign: Campaign, course: Course, outcome: Outcome) -> MigrationFailed | MigrationTimeout:
    about: dict[str, Any] = {
        "vm_id": course.vm_id,
        "vm_name": course.vm_name,
        "source_host_id": course.source_host_id,
        "destination_host_id": course.destination_host_id,
        "correlation_id": course.attempts[-1].correlation_id if course.attempts else None,
    }
    if outcome.verdict == Verdict.UNKNOWN:
        ended_at = campaign.ended_at or campaign.started_at
        waited_s = (ended_at - campaign.started_at).total_seconds()
        return MigrationTimeout(waited_s=waited_s, last_status=outcome.reason, **about)
    return MigrationFailed(verdict=outcome.verdict.value, reason=outcome.reason, **about)


def _execute(
    book: Journal, campaign_id: str, port: MigrationPort, clock: Clock, on_progress: OnProgress | None
) -> Campaign:
    executor = Executor(
        campaign_id=campaign_id, port=port, journal=book, clock=clock, on_progress=on_progress
    )
    state = executor.execute()
    return campaign_of(state, owner=None, journal=book.url)


def _state(book: Journal, campaign_id: str | None) -> State:
    known = book.campaign_ids()
    if not known:
        raise JournalError(url=book.url, detail="it holds no campaign")
    if campaign_id is not None and campaign_id not in known:
        raise JournalError(url=book.url, detail=f"it holds no campaign {campaign_id}")
    return replay(book.entries(campaign_id or known[-1]), url=book.url)


def _port_of(engine: MigrationEngine | MigrationPort) -> MigrationPort:
    """The port itself, or the port of a connection."""
    maker = getattr(engine, "migration_port", None)
    return cast(MigrationPort, maker() if maker is not None else engine)


def _clock_of(engine: MigrationEngine | MigrationPort, clock: Clock | None) -> Clock:
    """The given clock, else the connection's (a lab's may run faster), else the machine's."""
    return clock or getattr(engine, "clock", None) or SystemClock()


def _check_runnable(plan: Plan) -> None:
    if plan.kind == "migrate" and not plan.moves:
        item = plan.blocked[0]
        raise NotMigratable(vm_id=item.vm_id, vm_name=item.vm_name, reasons=item.reasons, remedy=item.remedy)


def _check_nothing_open(book: Journal) -> None:
    for campaign_id in book.campaign_ids()[-1:]:
        if replay(book.entries(campaign_id), url=book.url).finished_at is None:
            raise JournalError(
                url=book.url,
                detail=f"campaign {campaign_id} in it is not finished",
                remedy="`rhevmig resume` or `rhevmig cancel` it first, or name another journal.",
            )


def _check_engine(plan: Plan, port: MigrationPort) -> None:
    there = port.identity()
    if _installation(plan.engine) != _installation(there) and plan.engine.url != there.url:
        raise PlanOutdated(detail=f"it was made for {plan.engine.url}, this engine is {there.url}")


def _installation(engine: Engine) -> str:
    return engine.instance_id or engine.url


def _check_current(plan: Plan, port: MigrationPort, inventory: Inventory | None) -> None:
    """The plan must still fit: a VM that has moved or a host that is not up makes it outdated."""
    _check_engine(plan, port)
    drift: list[str] = []
    if inventory is not None:
        vm_ids = {*(m.vm_id for m in plan.moves), *(b.vm_id for b in plan.blocked)}
        vm_ids |= {item.vm_id for item in plan.remaining}
        if fingerprint(inventory, vm_ids, {host.host_id for host in plan.hosts}) != plan.fingerprint:
            drift.append("the inventory is newer than the plan and differs from it")
    vms = port.watch(tuple(move.vm_id for move in plan.moves)) if plan.moves else {}
    for move in plan.moves:
        vm = vms.get(move.vm_id)
        if vm is None:
            drift.append(f"VM {move.vm_name} is gone")
        elif vm.host_id is not None and vm.host_id != move.source_host_id:
            drift.append(f"VM {move.vm_name} runs on {plan.host_name(vm.host_id)} now")
        elif vm.status != move.status:
            drift.append(f"VM {move.vm_name} is {vm.status} now")
    named = {move.destination_host_id for move in plan.moves} - {None}
    hosts = port.host_states(tuple(sorted(h for h in named if h is not None))) if named else {}
    for host_id in sorted(h for h in named if h is not None):
        host = hosts.get(host_id)
        if host is None or host.status != HostStatus.UP:
            drift.append(f"host {plan.host_name(host_id)} is {host.status if host else 'gone'} now")
    if drift:
        more = f" and {len(drift) - 3} more" if len(drift) > 3 else ""
        raise PlanOutdated(detail="; ".join(drift[:3]) + more)
