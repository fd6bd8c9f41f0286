"""`deactivate`, `activate`, `refresh` of a host, as recorded in `maintenance-*`, `migrate-refused-cpu`."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.hosts.maintenance import SPM_RELEASE_S, hand_over_spm, refusal_text, running_vms
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.migration.lifecycle import Migration
from rhevmig.lab.scheduling.cpu_flags import host_flags, required_flags
from rhevmig.lab.state.attribute_values import Tree, text_at
from rhevmig.lab.state.event_publisher import SYSTEM
from rhevmig.lab.state.external_facts import facts_of
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Moves, moves_of

#: Seconds from `up` to the event that says so.
UP_SAID_S = 0.4


@act("hosts", "deactivate")
def _deactivate(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Put a host into maintenance: the answer comes when the VMs have started to move."""
    moves = moves_of(context.engine)
    try:
        moves.maintenance.check(host, language=context.language)
    except EngineFault as refused:
        moves.voice.say(
            14001,
            by=context.caller.user,
            correlation_id=context.correlation_id,
            refusal=refusal_text(refused),
        )
        raise
    moves.maintenance.begin(
        host,
        user=context.caller.user,
        correlation_id=context.correlation_id,
        reason=text_at(action, "reason"),
    )
    return Acted(shown=host)


@act("hosts", "activate")
def _activate(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Take a host back into operation."""
    moves = moves_of(context.engine)
    status = host.text("status")
    if status == "up":
        raise refuse("ACTIVATE_UP", language=context.language)
    if status in ("non_responsive", "connecting"):
        raise refuse("ACTIVATE_NON_RESPONSIVE", language=context.language)
    jobs = context.engine.jobs
    text = f"Invoking Activate Host {host.name}"
    job = jobs.start(text, owner=context.caller.user, correlation_id=context.correlation_id)
    jobs.step(job, "Validating", "validating", status="finished")
    jobs.step(job, "Executing", "executing")
    moves.maintenance.cancel(host)
    context.world.update(host, {"status": "unassigned", "status_detail": None})
    moves.voice.say(16, host, by=context.caller.user, correlation_id=context.correlation_id, host=host.name)
    jobs.end(job)
    wait_s = facts_of(context.world).activation_s(host)
    context.world.agenda.after(wait_s, lambda: bring_up(moves, host), f"activate {host.name}")
    return Acted(job=job, shown=host)


def bring_up(moves: Moves, host: Entity) -> None:
    """The host answers: it is up, or what it reports does not fit its cluster."""
    if host.text("status") not in ("unassigned", "initializing", "connecting", "non_responsive"):
        return
    _take_report(moves, host)
    missing = _missing(moves, host)
    if missing:
        leave_operation(moves, host, missing)
        return
    moves.world.update(host, {"status": "up", "status_detail": None})
    moves.world.agenda.after(UP_SAID_S, lambda: _say_up(moves, host), f"{host.name} is up")


def _say_up(moves: Moves, host: Entity) -> None:
    moves.voice.say(13, host, by=SYSTEM, correlation_id=moves.voice.own_correlation_id(), host=host.name)


@act("hosts", "refresh")
def _refresh(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Ask the host again what it is; a CPU that no longer fits the cluster puts it out of operation."""
    moves = moves_of(context.engine)
    _take_report(moves, host)
    missing = _missing(moves, host) if host.text("status") == "up" else ()
    if missing:
        _say_too_old(moves, host, missing)
    own_id = moves.voice.own_correlation_id()
    moves.voice.say(606, host, by=context.caller.user, correlation_id=own_id, host=host.name)
    if missing:
        _flee(moves, host)
    return Acted(shown=host)


def _take_report(moves: Moves, host: Entity) -> None:
    """Take over what the host reports of its hardware."""
    report = dict(facts_of(moves.world).capabilities(host))
    if "cpu_flags_lost" in report:
        host.lab["cpu_flags_lost"] = report.pop("cpu_flags_lost")
    if report:
        moves.world.update(host, report)


def _missing(moves: Moves, host: Entity) -> tuple[str, ...]:
    """Flags of the cluster's CPU type that the host lacks."""
    world = moves.world
    cluster = world.find("clusters", host.ref("cluster"))
    if cluster is None:
        return ()
    probe = Entity("vms", "", {}, parent=None, base=None, seq=0)
    needed, present = required_flags(world, probe, cluster), host_flags(world, host, cluster)
    return tuple(sorted(needed - present)) if needed is not None and present is not None else ()


def _say_too_old(moves: Moves, host: Entity, missing: tuple[str, ...]) -> None:
    world, voice = moves.world, moves.voice
    detail = "cpu_type_incompatible_with_cluster"
    world.update(host, {"status": "non_operational", "status_detail": detail})
    if host.text("spm.status") == "spm":
        host.lab["was_spm"] = True
        world.set(host, "spm.status", "none")
        world.agenda.after(SPM_RELEASE_S, lambda: _spm_leaves(moves, host), "SPM leaves")
    voice.say(517, host, by=SYSTEM, correlation_id=voice.own_correlation_id(), host=host.name)
    flags = ", ".join(missing)
    voice.say(515, host, by=SYSTEM, correlation_id=voice.own_correlation_id(), host=host.name, flags=flags)


def _spm_leaves(moves: Moves, host: Entity) -> None:
    hand_over_spm(moves.world, moves.voice, host)


def leave_operation(moves: Moves, host: Entity, missing: tuple[str, ...]) -> None:
    """The host cannot serve its cluster: non-operational, and its VMs move away by themselves."""
    _say_too_old(moves, host, missing)
    _flee(moves, host)


def _flee(moves: Moves, host: Entity) -> None:
    """VMs that may move leave a host that is out of operation."""
    for vm in running_vms(moves.world, host):
        if (
            vm.text("placement_policy.affinity", "migratable") != "migratable"
            or vm.id in moves.migrations.active
        ):
            continue
        passing, _ = moves.scheduler.sift(vm, moves.scheduler.candidates(vm, without={host.id}))
        if passing:
            own_id = moves.voice.own_correlation_id()
            target = moves.scheduler.choose(vm, passing)
            moves.migrations.start(
                Migration(vm, host, target, named=True, correlation_id=own_id, user=None, internal=True)
            )
