"""Users and what they are granted."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http import accounts
from rhevmig.lab.resources.changes import reference, require
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity

#: Places with permissions of their objects, and the member of a permission that names the object.
_OBJECTS = {
    "clusters": "cluster",
    "vms": "vm",
    "hosts": "host",
    "datacenters": "data_center",
    "disks": "disk",
    "storagedomains": "storage_domain",
}
_BELOW_OBJECTS = tuple(f"{place}/permissions" for place in _OBJECTS)


@create("users")
def add_user(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """Let a user of the directory into the engine; this sets no password."""
    require("User", sent, "userName")
    login, _, authz = text_at(sent, "user_name").rpartition("@")
    principal, profile = (login, authz.removesuffix("-authz")) if login else (authz, "internal")
    known = accounts.find_account(context.world, principal, profile)
    if known is not None:
        return known
    name = f"{login}@{profile}" if login else authz
    user = accounts.add_user(context.world, name, None, user_id=context.world.new_id())
    context.log(149, user, name=user.text("principal"))
    return user


@remove("users")
def remove_user(context: RequestContext, user: Entity) -> None:
    """Remove a user and what it was granted."""
    for place in ("permissions", "clusters/permissions", "vms/permissions", "datacenters/permissions"):
        for permission in [item for item in context.world.all(place) if item.ref("user") == user.id]:
            context.world.remove(permission)
    context.world.remove(user)


@create("permissions", "users/permissions", *_BELOW_OBJECTS)
def grant(context: RequestContext, above: Entity | None, sent: Tree) -> Entity:
    """Grant a role to a user or group, on an object or on everything."""
    if not sent.get("user") and not sent.get("group"):
        require("Permission", {}, "user|group.id")
    attrs: Tree = {"role": ref(reference(context, "roles", sent.get("role") or {}).id)}
    for member in ("user", "group"):
        if sent.get(member):
            attrs[member] = ref(reference(context, f"{member}s", sent[member]).id)
    world = context.world
    if above is None or above.place == "users":
        made = world.add("permissions", world.new_id(), attrs)
        made.lab["shown_below"] = world.find("users", made.ref("user"))
        return made
    attrs = {_OBJECTS[above.place]: ref(above.id), **attrs}
    return world.add(f"{above.place}/permissions", world.new_id(), attrs, parent=above)


@remove("permissions", "users/permissions", *_BELOW_OBJECTS)
def revoke(context: RequestContext, permission: Entity) -> None:
    """Revoke a permission."""
    context.world.remove(permission)
