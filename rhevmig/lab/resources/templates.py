"""Templates made from VMs and removed."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import reference
from rhevmig.lab.resources.disks import copy_disks
from rhevmig.lab.resources.kinds import add_entity, check_new
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.store import Entity

_NIC_MEMBERS = frozenset(("name", "interface", "linked", "plugged", "vnic_profile"))


@create("templates")
def add_template(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A template with copies of a VM's disks and with its interfaces."""
    check_new(context, "templates", sent)
    world = context.world
    vm = reference(context, "vms", sent["vm"])
    if vm.get("host") is not None:
        raise context.refusal("TEMPLATE_VM_RUNNING")
    base: Tree = {
        **{member: value for member, value in vm.attrs.items() if member in defaults.member_set("template")},
        "description": "",
        "comment": "",
        "creation_time": world.clock.stamp(),
        "status": "ok",
    }
    template = add_entity(context, "templates", sent, base=base)
    version = {"version_name": "base version", "version_number": "1", "base_template": ref(template.id)}
    world.set(template, "version", version)
    copy_disks(world, vm, template)
    for nic in world.children(vm, "nics"):
        attrs: Tree = {member: value for member, value in nic.attrs.items() if member in _NIC_MEMBERS}
        world.add("templates/nics", world.new_id(), {**attrs, "template": ref(template.id)}, parent=template)
    context.end_job(f"Creating Template {template.name} from VM {vm.name}")
    return template


@remove("templates")
def remove_template(context: RequestContext, template: Entity) -> None:
    """Remove a template that no VM uses, with its disks."""
    world = context.world
    if template.id == defaults.BLANK_ID:
        raise context.refusal("TEMPLATE_BLANK")
    if world.referring("vms", "template", template.id):
        raise context.refusal("TEMPLATE_IN_USE")
    for attachment in world.children(template, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is not None:
            world.remove(disk)
    world.remove(template)
