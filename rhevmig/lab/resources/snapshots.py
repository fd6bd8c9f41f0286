"""Snapshots of VMs (recordings `snapshot-*`)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity, World

#: Seconds that a snapshot takes.
SNAPSHOT_S = 10.0


def add_active_snapshot(world: World, vm: Entity, date: str, *, snapshot_id: str) -> None:
    """The snapshot that stands for the present state; every VM has it."""
    attrs: Tree = {
        "description": "Active VM",
        "date": date,
        "persist_memorystate": "false",
        "snapshot_status": "ok",
        "snapshot_type": "active",
    }
    world.add("vms/snapshots", snapshot_id, attrs, parent=vm)


@act("vms", "commitsnapshot")
@act("vms", "undosnapshot")
def end_preview(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Refused: snapshots are never previewed in the lab."""
    raise context.refusal("SNAPSHOT_NOT_PREVIEWED")


@create("vms/snapshots")
def add_snapshot(context: RequestContext, vm: Entity, sent: Tree) -> Entity:
    """A snapshot; the VM is locked until it is complete."""
    world = context.world
    if any(item.text("snapshot_status") == "locked" for item in world.children(vm, "snapshots")):
        raise context.refusal("SNAPSHOT_RUNNING", vm=vm.name)
    description = text_at(sent, "description")
    attrs: Tree = {
        "description": description,
        "date": world.clock.stamp(),
        "persist_memorystate": text_at(sent, "persist_memorystate", "true"),
        "snapshot_status": "locked",
        "snapshot_type": "regular",
        "vm": ref(vm.id),
    }
    snapshot = world.add("vms/snapshots", world.new_id(), attrs, parent=vm)
    job = context.start_job(f"Creating VM Snapshot {description} for VM {vm.name}")
    context.log(45, vm, snapshot=description, vm=vm.name)

    def complete() -> None:
        world.set(snapshot, "snapshot_status", "ok")
        context.jobs.end(job)
        values = {"snapshot": description, "vm": vm.name}
        context.events.write(68, vm, correlation_id=context.correlation_id, **values)

    world.agenda.after(float(vm.lab.get("snapshot_s", SNAPSHOT_S)), complete, f"snapshot of {vm.name}")
    return snapshot
