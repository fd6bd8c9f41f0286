"""Storage domains: adding, attaching, activating, deactivating, detaching, removing."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import merged, need, reference, unique
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity

_GIB = 2**30


@create("storagedomains")
def add_domain(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A storage domain, unattached."""
    need("StorageDomain", sent, "type", "storage", "host.id|name")
    world, name = context.world, text_at(sent, "name")
    unique(context, "storagedomains", name, "STORAGE_NAME_IN_USE")
    reference(context, "hosts", sent["host"])
    base = {
        **defaults.default_attrs("storagedomains"),
        "committed": "0",
        "master": "false",
        "status": "unattached",
    }
    attrs = merged(context, "storagedomains", base, sent, skip=("host", "storage"))
    storage = {key: value for key, value in sent["storage"].items() if key != "logical_units"}
    attrs.update(storage=dict(sorted(storage.items())), status="unattached")
    domain = world.add("storagedomains", world.new_id(), attrs)
    world.add("storageconnections", world.new_id(), attrs["storage"])
    profile = {"name": name, "storage_domain": ref(domain.id)}
    world.add("storagedomains/diskprofiles", world.new_id(), profile, parent=domain)
    return domain


@edit("storagedomains")
def edit_domain(context: RequestContext, domain: Entity, sent: Tree) -> None:
    """Change a storage domain."""
    context.world.update(
        domain, merged(context, "storagedomains", domain.attrs, sent, skip=("storage", "host"))
    )


@remove("storagedomains")
def remove_domain(context: RequestContext, domain: Entity) -> None:
    """Remove a storage domain that is attached nowhere."""
    if any(item.id == domain.id for item in context.world.all("datacenters/storagedomains")):
        raise refuse("STORAGE_ATTACHED", language=context.language)
    context.world.remove(domain)


@create("datacenters/storagedomains")
def attach_domain(context: RequestContext, center: Entity | None, sent: Tree) -> Entity:
    """Attach a storage domain; the first data domain becomes the master and the data center is Up."""
    if center is None:
        raise EngineFault(404, in_action=False)
    world = context.world
    domain = reference(context, "storagedomains", sent)
    first = not world.children(center, "storagedomains") and domain.text("type") == "data"
    changes: Tree = {
        "status": None,
        "data_centers": {"data_center": [ref(center.id)]},
        "available": domain.text("available") or str(1000 * _GIB),
        "used": domain.text("used") or str(6 * _GIB),
    }
    if first:
        changes["master"] = "true"
        world.update(center, {"status": "up", "storage_format": domain.text("storage_format", "v5")})
    world.update(domain, changes)
    own = {"status": "active", "data_center": ref(center.id)}
    return world.add("datacenters/storagedomains", domain.id, own, parent=center, base=domain)


@remove("datacenters/storagedomains")
def detach_domain(context: RequestContext, part: Entity) -> None:
    """Detach a storage domain that is in maintenance."""
    if part.text("status") not in ("maintenance", "inactive"):
        raise refuse("STORAGE_NOT_MAINTENANCE", language=context.language)
    if part.base is not None:
        context.world.update(
            part.base, {"data_centers": None, "available": None, "used": None, "status": "unattached"}
        )
    context.world.remove(part)


def _switch(context: RequestContext, part: Entity, status: str) -> Acted:
    context.world.set(part, "status", status)
    return Acted()


@act("datacenters/storagedomains", "activate")
def activate_domain(context: RequestContext, part: Entity, action: Tree) -> Acted:
    """Take a storage domain into use."""
    return _switch(context, part, "active")


@act("datacenters/storagedomains", "deactivate")
def deactivate_domain(context: RequestContext, part: Entity, action: Tree) -> Acted:
    """Put a storage domain into maintenance."""
    return _switch(context, part, "maintenance")
