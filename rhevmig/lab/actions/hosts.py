"""`deactivate`, `activate`, `refresh` of a host, as recorded in `maintenance-*`, `migrate-refused-cpu`."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.hosts.maintenance import SPM_RELEASE_S, hand_over_spm, refusal_text, running_vms
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.scheduling.cpu_flags import host_flags, required_flags
from rhevmig.lab.state.attribute_values import Tree, text_at
from rhevmig.lab.state.external_facts import facts_of
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Subsystems, subsystems_of

#: Seconds from `up` to its event.
UP_SAID_S = 0.4


@act("hosts", "deactivate")
def _deactivate(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Put a host into maintenance: the answer comes when the VMs have started to move."""
    subsystems = subsystems_of(context.engine)
    try:
        subsystems.maintenance.check(host, language=context.language)
    except EngineFault as refused:
        subsystems.publisher.publish(
            14001,
            by=context.caller.user,
            correlation_id=context.correlation_id,
            refusal=refusal_text(refused),
        )
        raise
    fault = subsystems.maintenance.begin(
        host,
        user=context.caller.user,
        correlation_id=context.correlation_id,
        reason=text_at(action, "reason"),
    )
    if fault is not None:
        raise fault
    return Acted(shown=host)


@act("hosts", "activate")
def _activate(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Take a host back into operation."""
    subsystems = subsystems_of(context.engine)
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
    subsystems.maintenance.cancel(host)
    context.world.update(host, {"status": "unassigned", "status_detail": None})
    subsystems.publisher.publish(
        16, host, by=context.caller.user, correlation_id=context.correlation_id, host=host.name
    )
    jobs.end(job)
    wait_s = facts_of(context.world).activation_s(host)
    context.world.agenda.after(wait_s, lambda: bring_up(subsystems, host), f"activate {host.name}")
    return Acted(job=job, shown=host)


def bring_up(subsystems: Subsystems, host: Entity) -> None:
    """The host answers: it is up, or what it reports does not fit its cluster."""
    if host.text("status") not in ("unassigned", "initializing", "connecting", "non_responsive"):
        return
    _take_report(subsystems, host)
    missing = _missing(subsystems, host)
    if missing:
        leave_operation(subsystems, host, missing)
        return
    subsystems.world.update(host, {"status": "up", "status_detail": None})
    subsystems.world.agenda.after(UP_SAID_S, lambda: _say_up(subsystems, host), f"{host.name} is up")


def _say_up(subsystems: Subsystems, host: Entity) -> None:
    subsystems.publisher.publish_own(13, host, host=host.name)


@act("hosts", "refresh")
def _refresh(context: RequestContext, host: Entity, action: Tree) -> Acted:
    """Ask the host again what it is; a CPU that no longer fits the cluster puts it out of operation."""
    subsystems = subsystems_of(context.engine)
    _take_report(subsystems, host)
    missing = _missing(subsystems, host) if host.text("status") == "up" else ()
    if missing:
        _say_too_old(subsystems, host, missing)
    own_id = subsystems.publisher.own_correlation_id()
    subsystems.publisher.publish(606, host, by=context.caller.user, correlation_id=own_id, host=host.name)
    if missing:
        _flee(subsystems, host)
    return Acted(shown=host)


def _take_report(subsystems: Subsystems, host: Entity) -> None:
    """Take over what the host reports of its hardware."""
    report = dict(facts_of(subsystems.world).capabilities(host))
    if "cpu_flags_lost" in report:
        host.lab["cpu_flags_lost"] = report.pop("cpu_flags_lost")
    if report:
        subsystems.world.update(host, report)


def _missing(subsystems: Subsystems, host: Entity) -> tuple[str, ...]:
    """Flags of the cluster's CPU type that the host lacks."""
    world = subsystems.world
    cluster = world.find("clusters", host.ref("cluster"))
    if cluster is None:
        return ()
    probe = Entity("vms", "", {})
    needed, present = required_flags(world, probe, cluster), host_flags(world, host, cluster)
    return tuple(sorted(needed - present)) if needed is not None and present is not None else ()


def _say_too_old(subsystems: Subsystems, host: Entity, missing: tuple[str, ...]) -> None:
    world, publisher = subsystems.world, subsystems.publisher
    detail = "cpu_type_incompatible_with_cluster"
    world.update(host, {"status": "non_operational", "status_detail": detail})
    if host.text("spm.status") == "spm":
        host.lab["was_spm"] = True
        world.set(host, "spm.status", "none")
        world.agenda.after(SPM_RELEASE_S, lambda: _spm_leaves(subsystems, host), "SPM leaves")
    publisher.publish_own(517, host, host=host.name)
    flags = ", ".join(missing)
    publisher.publish_own(515, host, host=host.name, flags=flags)


def _spm_leaves(subsystems: Subsystems, host: Entity) -> None:
    hand_over_spm(subsystems.world, subsystems.publisher, host)


def leave_operation(subsystems: Subsystems, host: Entity, missing: tuple[str, ...]) -> None:
    """The host cannot serve its cluster: non-operational, and its VMs move away by themselves."""
    _say_too_old(subsystems, host, missing)
    _flee(subsystems, host)


def _flee(subsystems: Subsystems, host: Entity) -> None:
    """VMs that may move leave a host that is out of operation."""
    for vm in running_vms(subsystems.world, host):
        if (
            vm.text("placement_policy.affinity", "migratable") != "migratable"
            or vm.id in subsystems.migrations.active
        ):
            continue
        passing = subsystems.scheduler.passing(vm, without={host.id})
        if passing:
            subsystems.migrations.start_own(vm, subsystems.scheduler.choose(vm, passing))
