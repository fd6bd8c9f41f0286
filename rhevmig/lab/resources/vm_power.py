"""Starting and stopping VMs: what other programs do around a migration."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import refuse
from rhevmig.lab.resources.changes import job_done, merged, say
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.host_memory import schedulable_mib
from rhevmig.lab.state.store import Entity

#: Seconds from the start of a VM to `up`, from an orderly shutdown to `down`.
START_S = 5.0
SHUTDOWN_S = 10.0
_RUNNING_ONLY = {
    "host": None,
    "fqdn": None,
    "guest_operating_system": None,
    "display.port": None,
    "status_detail": None,
}


@act("vms", "start")
def start(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Run a VM on the roomiest host that may take it; a paused one goes on."""
    world = context.world
    if vm.text("status") == "paused":
        world.update(vm, {"status": "up", "status_detail": None})
        return Acted(job=job_done(context, f"Launching VM {vm.name}"), shown=vm)
    if vm.get("host") is not None:
        raise refuse("VM_START_RUNNING", language=context.language)
    host = _place(context, vm, action)
    job = context.jobs.start(
        f"Launching VM {vm.name}", owner=context.caller.user, correlation_id=context.correlation_id
    )
    context.jobs.step(job, "Validating", "validating", status="finished")
    context.jobs.step(job, "Executing", "executing")
    pending = vm.lab.pop("next_run", {})
    if pending:
        world.update(vm, merged(context, "vms", vm.attrs, pending))
    world.update(
        vm,
        {
            "status": "wait_for_launch",
            "host": ref(host.id),
            "start_time": world.clock.stamp(),
            "run_once": False,
            "next_run_configuration_exists": False,
            "display.port": "5900",
        },
    )
    vm.lab["started_s"] = world.clock.now_s
    say(context, 153, vm, host, vm=vm.name, host=host.name)

    def running() -> None:
        if vm.ref("host") is not None and vm.text("status") == "wait_for_launch":
            guest = defaults.default_attrs("vms#running").get("guest_operating_system")
            domain = vm.lab.get("guest_domain", "guest.lab.example")
            world.update(vm, {"status": "up", "fqdn": f"{vm.name}.{domain}", "guest_operating_system": guest})
            context.jobs.end(job)
            context.events.write(
                32,
                vm,
                host,
                context.caller.user,
                correlation_id=context.correlation_id,
                vm=vm.name,
                host=host.name,
            )

    world.agenda.after(START_S, running, f"start {vm.name}")
    return Acted(job=job, shown=vm)


def _place(context: RequestContext, vm: Entity, action: Tree) -> Entity:
    """The host to start on. The scheduler's filters see the VM as if it were asked to move there."""
    world = context.world
    wanted = text_at(action, "vm.placement_policy.hosts.host.@id")
    hosts = context.engine.migration_targets([vm], False)
    if wanted:
        hosts = [host for host in hosts if host.id == wanted]
    need_mib = vm.number("memory") // 2**20
    hosts = [host for host in hosts if schedulable_mib(world, host) >= need_mib]
    if not hosts:
        detail = "[There are no hosts to use. Check that the cluster contains at least one host in Up state.]"
        say(context, 54, vm, vm=vm.name, detail=detail)
        raise refuse("NO_HOSTS_TO_USE", language=context.language)
    return max(hosts, key=lambda host: (schedulable_mib(world, host), -host.seq))


def _down(context: RequestContext, vm: Entity) -> None:
    world = context.world
    world.update(vm, {**_RUNNING_ONLY, "status": "down", "stop_time": world.clock.stamp()})


def _require_running(context: RequestContext, vm: Entity, key: str) -> Entity:
    host = context.world.find("hosts", vm.ref("host"))
    if host is None:
        raise refuse(key, language=context.language)
    return host


@act("vms", "stop")
def stop(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Power a VM off at once."""
    host = _require_running(context, vm, "VM_STOP_NOT_RUNNING")
    _refuse_moving(context, vm, host)
    _down(context, vm)
    reason = text_at(action, "reason")
    say(context, 33, vm, host, vm=vm.name, host=host.name, reason=f" (Reason: {reason})" if reason else "")
    return Acted(shown=vm)


@act("vms", "shutdown")
def shutdown(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Ask the guest to end; refused with a general exception while it moves, as recorded."""
    host = _require_running(context, vm, "VM_SHUTDOWN_NOT_RUNNING")
    _refuse_moving(context, vm, host)
    context.world.set(vm, "status", "powering_down")
    say(context, 73, vm, host, vm=vm.name, host=host.name, reason="")
    context.world.agenda.after(
        SHUTDOWN_S, lambda: _down(context, vm) if vm.text("status") == "powering_down" else None
    )
    return Acted(shown=vm)


def _refuse_moving(context: RequestContext, vm: Entity, host: Entity) -> None:
    if vm.text("status") == "migrating":
        job_done(context, f"Shutting down VM {vm.name}", status="failed")
        say(context, 74, vm, host, vm=vm.name, host=host.name)
        raise refuse("GENERAL_EXCEPTION", language=context.language)


@act("vms", "reboot")
def reboot(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Restart the guest."""
    host = _require_running(context, vm, "VM_REBOOT_NOT_RUNNING")
    _refuse_moving(context, vm, host)
    context.world.set(vm, "status", "reboot_in_progress")
    say(context, 157, vm, host, vm=vm.name, host=host.name)

    def up() -> None:
        if vm.text("status") == "reboot_in_progress":
            context.world.set(vm, "status", "up")

    context.world.agenda.after(SHUTDOWN_S, up, f"reboot {vm.name}")
    return Acted(shown=vm)


@act("vms", "suspend")
def suspend(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Save a VM's memory and end it."""
    host = _require_running(context, vm, "VM_SUSPEND_NOT_RUNNING")
    _refuse_moving(context, vm, host)
    context.world.set(vm, "status", "saving_state")

    def saved() -> None:
        if vm.text("status") == "saving_state":
            context.world.update(
                vm, {**_RUNNING_ONLY, "status": "suspended", "stop_time": context.world.clock.stamp()}
            )

    context.world.agenda.after(SHUTDOWN_S, saved, f"suspend {vm.name}")
    return Acted(shown=vm)
