"""Disks and their attachments to VMs."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import reference, require
from rhevmig.lab.resources.kinds import KINDS, add_entity, check_new, edit_entity
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.store import Entity, World

#: The role that the creator of a disk gets on it.
DISK_OPERATOR_ID = "def0000a-0000-0000-0000-def00000000b"


def new_disk(context: RequestContext, sent: Tree, *, domain: Entity | None) -> Entity:
    """A disk on a storage domain; the domain's figures follow."""
    world = context.world
    if domain is None:
        raise context.refusal("DISK_NO_DOMAIN")
    alias = text_at(sent, "alias") or text_at(sent, "name") or "disk"
    size = text_at(sent, "provisioned_size", "0")
    actual = size if text_at(sent, "sparse", "true") == "false" else "200704"
    base: Tree = {
        "description": "",
        "actual_size": actual,
        "image_id": world.new_id(),
        "provisioned_size": size,
        "total_size": actual,
    }
    members: Tree = {
        "name": alias,
        "alias": alias,
        "storage_domains": {"storage_domain": [ref(domain.id)]},
    }
    profile = next(iter(world.children(domain, "diskprofiles")), None)
    if profile is not None:
        members["disk_profile"] = ref(profile.id)
    disk = add_entity(context, "disks", sent, base=base, members=members)
    granted = {
        "disk": ref(disk.id),
        "role": ref(DISK_OPERATOR_ID),
        "user": ref(context.caller.user.id),
    }
    world.add("disks/permissions", world.new_id(), granted, parent=disk)
    world.set(domain, "committed", domain.number("committed") + int(size))
    return disk


def _domain_of(context: RequestContext, sent: Tree) -> Entity | None:
    listed = items_of(sent.get("storage_domains"), "storage_domain")
    named = listed[0] if listed else sent.get("storage_domain")
    return reference(context, "storagedomains", named) if named else None


def copy_disks(world: World, source: Entity, target: Entity, *, named_after: str | None = None) -> None:
    """Copy the disks of a VM or template to another one, as `NAME_disk` where a name is given."""
    above = {"vms": "vm", "templates": "template"}
    for attachment in world.children(source, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is None:
            continue
        attrs: Tree = {**disk.attrs, "image_id": world.new_id()}
        if named_after is not None:
            attrs |= dict.fromkeys(("alias", "name"), f"{named_after}_{disk.name}")
        copy = world.add("disks", world.new_id(), attrs)
        copied = {**attachment.attrs, "disk": ref(copy.id), above[target.place]: ref(target.id)}
        copied.pop(above[source.place], None)
        world.add(f"{target.place}/diskattachments", copy.id, copied, parent=target)


@create("disks")
def add_disk(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A disk that no VM has yet."""
    require("Disk", sent, *KINDS["disks"].needs)
    disk = new_disk(context, sent, domain=_domain_of(context, sent))
    context.log(2021, disk=disk.name)
    return disk


@edit("disks")
def edit_disk(context: RequestContext, disk: Entity, sent: Tree) -> None:
    """Change a disk."""
    name = text_at(sent, "alias") or text_at(sent, "name") or disk.name
    edit_entity(context, disk, sent, members={"name": name, "alias": name})


@remove("disks")
def remove_disk(context: RequestContext, disk: Entity) -> None:
    """Remove a disk that no running VM has."""
    world = context.world
    attachments = world.referring("vms/diskattachments", "disk", disk.id)
    if any(item.parent is not None and item.parent.get("host") is not None for item in attachments):
        raise context.refusal("DISK_IN_USE")
    for attachment in attachments:
        world.remove(attachment)
    world.remove(disk)


@create("vms/diskattachments")
def attach_disk(context: RequestContext, vm: Entity, sent: Tree) -> Entity:
    """Give a VM a disk: a new one, or one that exists."""
    check_new(context, "vms/diskattachments", sent)
    described = sent.get("disk") or {}
    if described.get("@id"):
        disk = reference(context, "disks", described)
    else:
        domain = _domain_of(context, described)
        if not described.get("alias") and not described.get("name"):
            number = len(context.world.children(vm, "diskattachments")) + 1
            described = {**described, "alias": f"{vm.name}_Disk{number}"}
        disk = new_disk(context, described, domain=domain)
        context.log(78, vm, disk=disk.name, vm=vm.name)
        context.log(97, vm, disk=disk.name, vm=vm.name)
    members = {"disk": ref(disk.id), "vm": ref(vm.id)}
    return add_entity(context, "vms/diskattachments", sent, parent=vm, members=members, entity_id=disk.id)


@edit("vms/diskattachments")
def edit_attachment(context: RequestContext, attachment: Entity, sent: Tree) -> None:
    """Change how a VM has a disk, and the disk if it is described."""
    edit_entity(context, attachment, sent)
    disk = context.world.find("disks", attachment.id)
    described = {name: value for name, value in (sent.get("disk") or {}).items() if name != "@id"}
    if disk is not None and described:
        edit_disk(context, disk, described)


@remove("vms/diskattachments")
def detach_disk(context: RequestContext, attachment: Entity) -> None:
    """Take a disk from a VM; the disk stays unless `detach_only=false`."""
    context.world.remove(attachment)
    disk = context.world.find("disks", attachment.id)
    if disk is not None and context.request.param("detach_only") == "false":
        context.world.remove(disk)
