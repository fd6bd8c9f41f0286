"""Starting and stopping VMs, and their consoles: what other programs do around a migration."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import merged, require
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.host_load import MIB, schedulable_mib
from rhevmig.lab.state.store import Entity

#: Seconds from the start of a VM to `up`, from an orderly shutdown to `down`.
START_S = 5.0
SHUTDOWN_S = 10.0
_RUNNING_ONLY = ("host", "fqdn", "guest_operating_system", "display.port", "status_detail")


@act("vms", "start")
def start(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Run a VM on the host with the most free memory that may run it; a paused one continues."""
    world = context.world
    if vm.text("status") == "paused":
        world.update(vm, {"status": "up", "status_detail": None})
        return Acted(job=context.end_job(f"Launching VM {vm.name}"), shown=vm)
    if vm.text("status") == "migrating":
        raise _status_illegal(context, vm, "run VM")
    if vm.get("host") is not None:
        raise context.refusal("VM_START_RUNNING")
    if not _can_boot(context, vm):
        raise context.refusal("VM_NO_BOOTABLE_DISK")
    host = _choose_host(context, vm, action)
    job = context.start_job(f"Launching VM {vm.name}")
    pending = vm.lab.pop("next_run", {})
    if pending:
        world.update(vm, merged(context, "vms", vm.attrs, pending))
    changes = {
        "status": "wait_for_launch",
        "host": ref(host.id),
        "start_time": world.clock.stamp(),
        "run_once": False,
        "next_run_configuration_exists": False,
        "display.port": "5900",
    }
    world.update(vm, changes)
    vm.lab["started_s"] = world.clock.now_s
    context.log(153, vm, host, vm=vm.name, host=host.name)

    def running() -> None:
        if vm.ref("host") is not None and vm.text("status") == "wait_for_launch":
            guest = defaults.default_attrs("vms#running").get("guest_operating_system")
            domain = vm.lab.get("guest_domain", "guest.lab.example")
            world.update(vm, {"status": "up", "fqdn": f"{vm.name}.{domain}", "guest_operating_system": guest})
            context.jobs.end(job)
            about, values = (vm, host, context.caller.user), {"vm": vm.name, "host": host.name}
            context.events.write(32, *about, correlation_id=context.correlation_id, **values)

    world.agenda.after(START_S, running, f"start {vm.name}")
    return Acted(job=job, shown=vm)


def _can_boot(context: RequestContext, vm: Entity) -> bool:
    """Whether the VM has a disk, or boots from something else as well.

    Engine: RunVmValidator.validateBootSequence; the disk need not be bootable.
    """
    devices = items_of(vm.get("os.boot.devices"), "device")
    has_disks = bool(context.world.children(vm, "diskattachments"))
    return has_disks or any(device != "hd" for device in devices)


def _status_illegal(context: RequestContext, vm: Entity, what: str) -> EngineFault:
    status = " ".join(word.capitalize() for word in vm.text("status").split("_"))
    return context.refusal("VM_STATUS_ILLEGAL", what=what, status=status)


def _choose_host(context: RequestContext, vm: Entity, action: Tree) -> Entity:
    """The host to start on. The scheduler's filters treat the VM as if it were to migrate there."""
    world = context.world
    wanted = text_at(action, "vm.placement_policy.hosts.host.@id")
    needed_mib = vm.number("memory") // MIB
    free_mib = {
        host: schedulable_mib(world, host)
        for host in context.engine.migration_targets([vm], False)
        if wanted in ("", host.id)
    }
    hosts = [host for host, free in free_mib.items() if free >= needed_mib]
    if not hosts:
        detail = "[There are no hosts to use. Check that the cluster contains at least one host in Up state.]"
        context.log(54, vm, vm=vm.name, detail=detail)
        raise context.refusal("NO_HOSTS_TO_USE")
    return max(hosts, key=lambda host: (free_mib[host], -host.seq))


def _end(context: RequestContext, vm: Entity, status: str = "down") -> None:
    gone = dict.fromkeys(_RUNNING_ONLY)
    context.world.update(vm, {**gone, "status": status, "stop_time": context.world.clock.stamp()})


def _host_of(context: RequestContext, vm: Entity) -> Entity | None:
    """The host of a VM that runs; refused with a general exception while it migrates, as recorded."""
    host = context.world.find("hosts", vm.ref("host"))
    if host is not None and vm.text("status") == "migrating":
        context.end_job(f"Shutting down VM {vm.name}", status="failed")
        context.log(74, vm, host, vm=vm.name, host=host.name)
        raise context.refusal("GENERAL_EXCEPTION")
    return host


@act("vms", "stop")
def stop(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Power a VM off at once; one that is down stays down, with success."""
    host = _host_of(context, vm)
    job = context.end_job(f"Stopping VM {vm.name}")
    if host is None:
        return Acted(job=job, shown=vm)
    _end(context, vm)
    reason = text_at(action, "reason")
    context.log(33, vm, host, vm=vm.name, host=host.name, reason=f" (Reason: {reason})" if reason else "")
    return Acted(job=job, shown=vm)


@act("vms", "shutdown")
def shutdown(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Ask the guest to shut down; one that is down stays down, with success."""
    host = _host_of(context, vm)
    job = context.end_job(f"Shutting down VM {vm.name}")
    if host is None:
        return Acted(job=job, shown=vm)
    context.world.set(vm, "status", "powering_down")
    context.log(73, vm, host, vm=vm.name, host=host.name, reason="")

    def ended() -> None:
        if vm.text("status") == "powering_down":
            _end(context, vm)

    context.world.agenda.after(SHUTDOWN_S, ended, f"shutdown {vm.name}")
    return Acted(job=job, shown=vm)


@act("vms", "reboot")
def reboot(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Restart the guest."""
    host = _host_of(context, vm)
    if host is None:
        raise _status_illegal(context, vm, "restart VM")
    context.world.set(vm, "status", "reboot_in_progress")
    context.log(157, vm, host, vm=vm.name, host=host.name)

    def up() -> None:
        if vm.text("status") == "reboot_in_progress":
            context.world.set(vm, "status", "up")

    context.world.agenda.after(SHUTDOWN_S, up, f"reboot {vm.name}")
    return Acted(shown=vm)


@act("vms", "suspend")
def suspend(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Save the memory of a VM and end it."""
    if _host_of(context, vm) is None:
        raise context.refusal("VM_NOT_UP")
    context.world.set(vm, "status", "saving_state")

    def saved() -> None:
        if vm.text("status") == "saving_state":
            _end(context, vm, "suspended")

    context.world.agenda.after(SHUTDOWN_S, saved, f"suspend {vm.name}")
    return Acted(shown=vm)


# -- tickets, resets, consoles


@act("vms", "ticket")
def make_ticket(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """A ticket for the console of a running VM."""
    if vm.get("host") is None:
        refused = _status_illegal(context, vm, "set Virtual Machine Ticket")
        refused.in_action = False
        raise refused
    given = text_at(action, "ticket.value") or context.world.new_id("ticket")[:12].replace("-", "")
    expiry = text_at(action, "ticket.expiry", "7200")
    return Acted(extra={"ticket": {"expiry": expiry, "value": given}}, only=True)


@act("vms", "reset")
def reset(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Reset a running VM."""
    if vm.get("host") is None:
        raise _status_illegal(context, vm, "reset VM")
    return Acted(job=context.end_job(f"Resetting VM {vm.name}"), shown=vm)


@act("vms", "freezefilesystems")
@act("vms", "thawfilesystems")
def freeze(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Freeze or thaw the guest's file systems, which no answer shows."""
    if vm.get("host") is None:
        raise _status_illegal(context, vm, "freeze VM")
    return Acted(shown=vm)


@act("vms", "reordermacaddresses")
def reorder_mac_addresses(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Accepted; no answer shows a difference."""
    return Acted(shown=vm)


@act("vms", "detach")
def detach_from_pool(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Refused, as recorded for a VM that belongs to no pool."""
    raise context.refusal("NOT_AUTHORIZED")


@act("vms", "autopincpuandnumanodes")
def pin_cpus(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Let the engine pin CPUs and NUMA nodes."""
    if text_at(action, "optimize_cpu_settings") != "true":
        detail = "The input is unsupported. `Pin` CPU Pinning policy is not supported."
        raise EngineFault(400, detail, in_action=False)
    context.world.set(vm, "cpu_pinning_policy", "resize_and_pin_numa")
    return Acted(only=True)


@create("vms/graphicsconsoles")
def add_console(context: RequestContext, vm: Entity, sent: Tree) -> Entity:
    """A graphics console with that protocol."""
    require("GraphicsConsole", sent, "protocol")
    protocol = text_at(sent, "protocol")
    vm.lab.pop("headless", None)
    context.world.set(vm, "display.type", protocol)
    attrs: Tree = {"protocol": protocol, "vm": ref(vm.id)}
    return Entity("vms/graphicsconsoles", protocol.encode().hex(), attrs, parent=vm)


@remove("vms/graphicsconsoles")
def remove_console(context: RequestContext, console: Entity) -> None:
    """Make the VM headless."""
    vm = console.parent
    if vm is not None:
        vm.lab["headless"] = True
        context.world.touch(vm)
