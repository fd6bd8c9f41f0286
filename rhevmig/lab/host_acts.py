"""`deactivate`, `activate`, `refresh` of a host, as recorded in `maintenance-*`, `migrate-refused-cpu`."""

from __future__ import annotations

from rhevmig.lab import tree as trees
from rhevmig.lab.acts import Acted, act
from rhevmig.lab.asking import Asked
from rhevmig.lab.cpulevels import host_flags, required_flags
from rhevmig.lab.faults import Refused, refuse
from rhevmig.lab.maintenance import refusal_text, running_vms
from rhevmig.lab.migrations import Migration
from rhevmig.lab.moves import Moves, moves_of
from rhevmig.lab.tree import Tree
from rhevmig.lab.voice import SYSTEM
from rhevmig.lab.world import Entity

__all__ = ["bring_up", "leave_operation"]

#: Seconds from `unassigned` to `up` (recorded: about two).
ACTIVATION_S = 2.0


@act("hosts", "deactivate")
def deactivate(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Put a host into maintenance: the answer comes when the VMs have started to move."""
    moves = moves_of(asked.engine)
    try:
        moves.maintenance.check(host, language=asked.language)
    except Refused as refused:
        moves.voice.say(
            14001, by=asked.caller.user, correlation_id=asked.correlation_id, refusal=refusal_text(refused)
        )
        raise
    moves.maintenance.begin(
        host, user=asked.caller.user, correlation_id=asked.correlation_id, reason=trees.text(action, "reason")
    )
    return Acted(shown=host)


@act("hosts", "activate")
def activate(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Take a host back into operation."""
    moves = moves_of(asked.engine)
    status = host.text("status")
    if status == "up":
        raise refuse("ACTIVATE_UP", language=asked.language)
    if status in ("non_responsive", "connecting"):
        raise refuse("ACTIVATE_NON_RESPONSIVE", language=asked.language)
    jobs = asked.engine.jobs
    text = f"Invoking Activate Host {host.name}"
    job = jobs.start(text, owner=asked.caller.user, correlation_id=asked.correlation_id)
    jobs.step(job, "Validating", "validating", status="finished")
    jobs.step(job, "Executing", "executing")
    moves.maintenance.cancel(host)
    asked.world.update(host, {"status": "unassigned", "status_detail": None})
    moves.voice.say(16, host, by=asked.caller.user, correlation_id=asked.correlation_id, host=host.name)
    jobs.end(job)
    asked.world.agenda.after(ACTIVATION_S, lambda: bring_up(moves, host), f"activate {host.name}")
    return Acted(job=job, shown=host)


def bring_up(moves: Moves, host: Entity) -> None:
    """The host answers: it is up, or what it reports does not fit its cluster."""
    if host.text("status") not in ("unassigned", "initializing", "connecting", "non_responsive"):
        return
    missing = _missing(moves, host)
    if missing:
        leave_operation(moves, host, missing)
        return
    moves.world.update(host, {"status": "up", "status_detail": None})
    moves.voice.say(13, host, by=SYSTEM, correlation_id=moves.voice.own_correlation_id(), host=host.name)


@act("hosts", "refresh")
def refresh(asked: Asked, host: Entity, action: Tree) -> Acted:
    """Ask the host again what it is; a CPU that no longer fits the cluster puts it out of operation."""
    moves = moves_of(asked.engine)
    missing = _missing(moves, host) if host.text("status") == "up" else ()
    if missing:
        _say_too_old(moves, host, missing)
    own_id = moves.voice.own_correlation_id()
    moves.voice.say(606, host, by=asked.caller.user, correlation_id=own_id, host=host.name)
    if missing:
        _flee(moves, host)
    return Acted(shown=host)


def _missing(moves: Moves, host: Entity) -> tuple[str, ...]:
    """Flags of the cluster's CPU type that the host lacks."""
    world = moves.world
    cluster = world.find("clusters", host.ref("cluster"))
    if cluster is None or not host.lab.get("cpu_flags_lost"):
        return ()
    probe = Entity("vms", "", {}, parent=None, base=None, seq=0)
    needed, present = required_flags(world, probe, cluster), host_flags(world, host, cluster)
    return tuple(sorted(needed - present)) if needed is not None and present is not None else ()


def _say_too_old(moves: Moves, host: Entity, missing: tuple[str, ...]) -> None:
    world, voice = moves.world, moves.voice
    detail = "cpu_type_incompatible_with_cluster"
    world.update(host, {"status": "non_operational", "status_detail": detail})
    voice.say(517, host, by=SYSTEM, correlation_id=voice.own_correlation_id(), host=host.name)
    flags = ", ".join(missing)
    voice.say(515, host, by=SYSTEM, correlation_id=voice.own_correlation_id(), host=host.name, flags=flags)


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
