"""Storage domains: added, attached, switched, detached, removed (recordings `build-storage`)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import reference
from rhevmig.lab.resources.kinds import add_entity, check_new
from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.store import Entity

_GIB = 2**30


@create("storagedomains")
def add_domain(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A storage domain, unattached."""
    check_new(context, "storagedomains", sent)
    world = context.world
    reference(context, "hosts", sent["host"])
    storage = {name: value for name, value in sorted(sent["storage"].items()) if name != "logical_units"}
    members: Tree = {"storage": storage, "status": "unattached"}
    base: Tree = {"committed": "0", "master": "false"}
    domain = add_entity(context, "storagedomains", sent, base=base, members=members)
    world.add("storageconnections", world.new_id(), storage)
    profile = {"name": domain.name, "storage_domain": ref(domain.id)}
    world.add("storagedomains/diskprofiles", world.new_id(), profile, parent=domain)
    return domain


@remove("storagedomains")
def remove_domain(context: RequestContext, domain: Entity) -> None:
    """Remove a storage domain that is attached nowhere."""
    if any(item.id == domain.id for item in context.world.all("datacenters/storagedomains")):
        raise context.refusal("STORAGE_ATTACHED")
    context.world.remove(domain)


@create("datacenters/storagedomains")
def attach_domain(context: RequestContext, center: Entity, sent: Tree) -> Entity:
    """Attach a storage domain; the first data domain becomes the master and the data center is up."""
    world = context.world
    domain = reference(context, "storagedomains", sent)
    changes: Tree = {
        "status": None,
        "data_centers": {"data_center": [ref(center.id)]},
        "available": domain.text("available") or str(1000 * _GIB),
        "used": domain.text("used") or str(6 * _GIB),
    }
    if not world.children(center, "storagedomains") and domain.text("type") == "data":
        changes["master"] = "true"
        world.update(center, {"status": "up", "storage_format": domain.text("storage_format", "v5")})
    world.update(domain, changes)
    own = {"status": "active", "data_center": ref(center.id)}
    return world.add("datacenters/storagedomains", domain.id, own, parent=center, base=domain)


@remove("datacenters/storagedomains")
def detach_domain(context: RequestContext, part: Entity) -> None:
    """Detach a storage domain that is in maintenance."""
    if part.text("status") not in ("maintenance", "inactive"):
        raise context.refusal("STORAGE_NOT_MAINTENANCE")
    if part.base is not None:
        gone: Tree = dict.fromkeys(("data_centers", "available", "used"))
        context.world.update(part.base, {**gone, "status": "unattached"})
    context.world.remove(part)


@act("datacenters/storagedomains", "activate")
def activate_domain(context: RequestContext, part: Entity, action: Tree) -> Acted:
    """Take a storage domain into use."""
    context.world.set(part, "status", "active")
    return Acted()


@act("datacenters/storagedomains", "deactivate")
def deactivate_domain(context: RequestContext, part: Entity, action: Tree) -> Acted:
    """Put a storage domain into maintenance."""
    context.world.set(part, "status", "maintenance")
    return Acted()
