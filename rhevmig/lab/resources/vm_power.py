"""Starting and stopping VMs: what other programs do around a migration."""

from __future__ import annotations

from rhevmig.lab.api.computed_attributes import schedulable_mib
from rhevmig.lab.api.faults import refuse
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import Acted, act
from rhevmig.lab.resources.changes import job_done, merged, say
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree
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
def start(asked: Asked, vm: Entity, action: Tree) -> Acted:
    """Run a VM on the roomiest host that may take it; a paused one goes on."""
    world = asked.world
    if vm.text("status") == "paused":
        world.update(vm, {"status": "up", "status_detail": None})
        return Acted(job=job_done(asked, f"Launching VM {vm.name}"), shown=vm)
    if vm.get("host") is not None:
        raise refuse("VM_START_RUNNING", language=asked.language)
    host = _place(asked, vm, action)
    job = asked.jobs.start(
        f"Launching VM {vm.name}", owner=asked.caller.user, correlation_id=asked.correlation_id
    )
    asked.jobs.step(job, "Validating", "validating", status="finished")
    asked.jobs.step(job, "Executing", "executing")
    pending = vm.lab.pop("next_run", {})
    if pending:
        world.update(vm, merged(asked, "vms", vm.attrs, pending))
    world.update(
        vm,
        {
            "status": "wait_for_launch",
            "host": trees.ref(host.id),
            "start_time": world.clock.stamp(),
            "run_once": False,
            "next_run_configuration_exists": False,
            "display.port": "5900",
        },
    )
    vm.lab["started_s"] = world.clock.now_s
    say(asked, 153, vm, host, vm=vm.name, host=host.name)

    def running() -> None:
        if vm.ref("host") is not None and vm.text("status") == "wait_for_launch":
            guest = defaults.default_attrs("vms#running").get("guest_operating_system")
            domain = vm.lab.get("guest_domain", "guest.lab.example")
            world.update(vm, {"status": "up", "fqdn": f"{vm.name}.{domain}", "guest_operating_system": guest})
            asked.jobs.end(job)
            asked.events.write(
                32,
                vm,
                host,
                asked.caller.user,
                correlation_id=asked.correlation_id,
                vm=vm.name,
                host=host.name,
            )

    world.agenda.after(START_S, running, f"start {vm.name}")
    return Acted(job=job, shown=vm)


def _place(asked: Asked, vm: Entity, action: Tree) -> Entity:
    """The host to start on. The scheduler's filters see the VM as if it were asked to move there."""
    world = asked.world
    wanted = trees.text(action, "vm.placement_policy.hosts.host.@id")
    hosts = asked.engine.migration_targets([vm], False)
    if wanted:
        hosts = [host for host in hosts if host.id == wanted]
    need_mib = vm.number("memory") // 2**20
    hosts = [host for host in hosts if schedulable_mib(world, host) >= need_mib]
    if not hosts:
        detail = "[There are no hosts to use. Check that the cluster contains at least one host in Up state.]"
        say(asked, 54, vm, vm=vm.name, detail=detail)
        raise refuse("NO_HOSTS_TO_USE", language=asked.language)
    return max(hosts, key=lambda host: (schedulable_mib(world, host), -host.seq))


def _down(asked: Asked, vm: Entity) -> None:
    world = asked.world
    world.update(vm, {**_RUNNING_ONLY, "status": "down", "stop_time": world.clock.stamp()})


def _require_running(asked: Asked, vm: Entity, key: str) -> Entity:
    host = asked.world.find("hosts", vm.ref("host"))
    if host is None:
        raise refuse(key, language=asked.language)
    return host


@act("vms", "stop")
def stop(asked: Asked, vm: Entity, action: Tree) -> Acted:
    """Power a VM off at once."""
    host = _require_running(asked, vm, "VM_STOP_NOT_RUNNING")
    _refuse_moving(asked, vm, host)
    _down(asked, vm)
    reason = trees.text(action, "reason")
    say(asked, 33, vm, host, vm=vm.name, host=host.name, reason=f" (Reason: {reason})" if reason else "")
    return Acted(shown=vm)


@act("vms", "shutdown")
def shutdown(asked: Asked, vm: Entity, action: Tree) -> Acted:
    """Ask the guest to end; refused with a general exception while it moves, as recorded."""
    host = _require_running(asked, vm, "VM_SHUTDOWN_NOT_RUNNING")
    _refuse_moving(asked, vm, host)
    asked.world.set(vm, "status", "powering_down")
    say(asked, 73, vm, host, vm=vm.name, host=host.name, reason="")
    asked.world.agenda.after(
        SHUTDOWN_S, lambda: _down(asked, vm) if vm.text("status") == "powering_down" else None
    )
    return Acted(shown=vm)


def _refuse_moving(asked: Asked, vm: Entity, host: Entity) -> None:
    if vm.text("status") == "migrating":
        job_done(asked, f"Shutting down VM {vm.name}", status="failed")
        say(asked, 74, vm, host, vm=vm.name, host=host.name)
        raise refuse("GENERAL_EXCEPTION", language=asked.language)


@act("vms", "reboot")
def reboot(asked: Asked, vm: Entity, action: Tree) -> Acted:
    """Restart the guest."""
    host = _require_running(asked, vm, "VM_REBOOT_NOT_RUNNING")
    _refuse_moving(asked, vm, host)
    asked.world.set(vm, "status", "reboot_in_progress")
    say(asked, 157, vm, host, vm=vm.name, host=host.name)

    def up() -> None:
        if vm.text("status") == "reboot_in_progress":
            asked.world.set(vm, "status", "up")

    asked.world.agenda.after(SHUTDOWN_S, up, f"reboot {vm.name}")
    return Acted(shown=vm)


@act("vms", "suspend")
def suspend(asked: Asked, vm: Entity, action: Tree) -> Acted:
    """Save a VM's memory and end it."""
    host = _require_running(asked, vm, "VM_SUSPEND_NOT_RUNNING")
    _refuse_moving(asked, vm, host)
    asked.world.set(vm, "status", "saving_state")

    def saved() -> None:
        if vm.text("status") == "saving_state":
            asked.world.update(
                vm, {**_RUNNING_ONLY, "status": "suspended", "stop_time": asked.world.clock.stamp()}
            )

    asked.world.agenda.after(SHUTDOWN_S, saved, f"suspend {vm.name}")
    return Acted(shown=vm)
