"""Affinity groups and labels, tags, users, permissions and events, as recorded."""

from __future__ import annotations

from rhevmig.lab.api.faults import Refused, refuse
from rhevmig.lab.http import accounts
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import create, edit, leave, remove
from rhevmig.lab.resources.changes import merged, need, reference, say, unique
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity


def _above(entity: Entity | None) -> Entity:
    if entity is None:
        raise Refused(404, in_action=False)
    return entity


def _member_refs(asked: Asked, sent: Tree, kind: str) -> Tree:
    ids = []
    for item in trees.items_of(sent.get(kind), kind.removesuffix("s")):
        found = reference(asked, kind, item)
        ids.append(trees.ref(found.id))
    return {kind.removesuffix("s"): ids} if ids else {}


# -- affinity groups


def _rule(sent: Tree, present: Tree | None) -> Tree:
    """A rule as sent: a direction alone switches it on; a disabled one shows false throughout."""
    known = {**(present or {}), **sent}
    if trees.text(sent, "enabled") == "false":
        enabled = "false"
    else:
        enabled = "true" if "positive" in sent else trees.text(present or {}, "enabled", "false")
    if enabled == "false":
        known.update(enforcing="false", positive="false")
    shown = {name: trees.text(known, name, "false") for name in ("enforcing", "positive")}
    return {"enabled": enabled, **shown}


@create("clusters/affinitygroups")
def add_group(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """An affinity group of a cluster."""
    cluster = _above(parent)
    need("AffinityGroup", sent, "name")
    unique(
        asked,
        "",
        trees.text(sent, "name"),
        "GROUP_NAME_IN_USE",
        among=asked.world.children(cluster, "affinitygroups"),
    )
    attrs: Tree = {
        "name": trees.text(sent, "name"),
        **({"description": sent["description"]} if sent.get("description") else {}),
        "broken": "false",
        "priority": _priority(sent),
        "cluster": trees.ref(cluster.id),
        "host_labels": {},
        "hosts": _member_refs(asked, sent, "hosts"),
        "vm_labels": {},
        "vms": _member_refs(asked, sent, "vms"),
        **_rules(sent, {}),
    }
    group = asked.world.add("clusters/affinitygroups", asked.world.new_id(), attrs, parent=cluster)
    asked.world.set(group, "broken", is_broken(asked, group))
    say(asked, 10350, cluster, name=group.name)
    return group


def _rules(sent: Tree, present: Tree) -> Tree:
    """Both rules; the older members of the group itself count where the VM rule is not sent."""
    older: Tree = {name: sent[name] for name in ("positive", "enforcing") if name in sent}
    vms = _rule((sent["vms_rule"] or {}) if "vms_rule" in sent else older, present.get("vms_rule"))
    hosts = _rule(sent.get("hosts_rule") or {}, present.get("hosts_rule"))
    shown: Tree = {"enforcing": vms["enforcing"], "hosts_rule": hosts, "vms_rule": vms}
    if vms["enabled"] == "true":
        shown["positive"] = vms["positive"]
    return shown


def _priority(sent: Tree) -> str:
    value = trees.text(sent, "priority", "1")
    return value.removesuffix(".0")


def is_broken(asked: Asked, group: Entity) -> bool:
    """Whether the running members do not keep the group's rules now."""
    world = asked.world
    vms = [world.find("vms", trees.ref_id(item)) for item in trees.items_of(group.get("vms"), "vm")]
    where = [vm.ref("host") for vm in vms if vm is not None and vm.ref("host")]
    hosts = {trees.ref_id(item) for item in trees.items_of(group.get("hosts"), "host")}
    broken = False
    if group.flag("vms_rule.enabled") and len(where) > 1:
        same = len(set(where)) == 1
        broken = not same if group.flag("vms_rule.positive") else len(set(where)) < len(where)
    if group.flag("hosts_rule.enabled") and hosts:
        inside = [host in hosts for host in where]
        broken = broken or (not all(inside) if group.flag("hosts_rule.positive") else any(inside))
    return broken


@edit("clusters/affinitygroups")
def edit_group(asked: Asked, group: Entity, sent: Tree) -> None:
    """Change an affinity group."""
    changes: Tree = {name: sent[name] for name in ("name", "description") if name in sent}
    if "priority" in sent:
        changes["priority"] = _priority(sent)
    if {"vms_rule", "hosts_rule", "positive", "enforcing"} & set(sent):
        changes.update({"positive": None, **_rules(sent, group.attrs)})
    for kind in ("vms", "hosts"):
        if kind in sent:
            changes[kind] = _member_refs(asked, sent, kind)
    asked.world.update(group, changes)
    asked.world.set(group, "broken", is_broken(asked, group))
    say(asked, 10352, group.parent, name=group.name)


@remove("clusters/affinitygroups")
def remove_group(asked: Asked, group: Entity) -> None:
    """Remove an affinity group."""
    asked.world.remove(group)
    say(asked, 10354, group.parent, name=group.name)


def _join(asked: Asked, owner: Entity, kind: str, sent: Tree) -> Entity:
    member = reference(asked, kind, sent)
    singular = kind.removesuffix("s")
    present = trees.items_of(owner.get(kind), singular)
    if all(trees.ref_id(item) != member.id for item in present):
        asked.world.set(owner, kind, {singular: [*present, trees.ref(member.id)]})
    return member


def _leave(asked: Asked, owner: Entity, kind: str, member_id: str) -> None:
    singular = kind.removesuffix("s")
    kept = [item for item in trees.items_of(owner.get(kind), singular) if trees.ref_id(item) != member_id]
    asked.world.set(owner, kind, {singular: kept} if kept else {})


@create("clusters/affinitygroups/vms")
def join_group(asked: Asked, group: Entity | None, sent: Tree) -> Entity:
    """Add a VM to a group."""
    member = _join(asked, _above(group), "vms", sent)
    asked.world.set(_above(group), "broken", is_broken(asked, _above(group)))
    say(asked, 10352, _above(group).parent, name=_above(group).name)
    return _echoed(member)


@create("clusters/affinitygroups/hosts")
def join_group_host(asked: Asked, group: Entity | None, sent: Tree) -> Entity:
    """Add a host to a group."""
    return _echoed(_join(asked, _above(group), "hosts", sent))


def _echoed(member: Entity) -> Entity:
    """Membership of a group is answered with what was sent, without a URL."""
    view = Entity(member.place, member.id, {}, parent=None, base=None, seq=0)
    view.lab["echo"] = True
    return view


def _linked(member: Entity) -> Entity:
    """Membership of a label is answered with the bare reference."""
    view = Entity(member.place, member.id, {}, parent=None, base=None, seq=0)
    view.lab["bare"] = True
    return view


def _leave_kind(asked: Asked, owner: Entity, member: Entity) -> None:
    """Take a VM or host out of a group or label."""
    _leave(asked, owner, member.place, member.id)
    if owner.place == "clusters/affinitygroups":
        asked.world.set(owner, "broken", is_broken(asked, owner))


def _label_off(asked: Asked, owner: Entity, label: Entity) -> None:
    _leave(asked, label, owner.place, owner.id)


for _place in (
    "clusters/affinitygroups/vms",
    "clusters/affinitygroups/hosts",
    "affinitylabels/vms",
    "affinitylabels/hosts",
):
    leave(_place)(_leave_kind)
for _place in ("vms/affinitylabels", "hosts/affinitylabels"):
    leave(_place)(_label_off)


# -- affinity labels


@create("affinitylabels")
def add_label(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """An affinity label."""
    need("AffinityLabel", sent, "name")
    unique(asked, "affinitylabels", trees.text(sent, "name"), "LABEL_NAME_IN_USE")
    attrs: Tree = {
        "name": trees.text(sent, "name"),
        "has_implicit_affinity_group": "false",
        "read_only": "false",
    }
    for kind in ("hosts", "vms"):
        members = _member_refs(asked, sent, kind)
        if members:
            attrs[kind] = members
    label = asked.world.add("affinitylabels", asked.world.new_id(), attrs)
    say(asked, 10380, name=label.name)
    return label


@edit("affinitylabels")
def edit_label(asked: Asked, label: Entity, sent: Tree) -> None:
    """Change an affinity label."""
    changes: Tree = {name: sent[name] for name in ("name", "has_implicit_affinity_group") if name in sent}
    for kind in ("hosts", "vms"):
        if kind in sent:
            changes[kind] = _member_refs(asked, sent, kind)
    asked.world.update(label, changes)
    say(asked, 10382, name=label.name)


@remove("affinitylabels")
def remove_label(asked: Asked, label: Entity) -> None:
    """Remove a label that nothing carries."""
    if trees.items_of(label.get("vms"), "vm") or trees.items_of(label.get("hosts"), "host"):
        raise refuse("LABEL_IN_USE", language=asked.language)
    asked.world.remove(label)
    say(asked, 10384, name=label.name)


@create("affinitylabels/vms")
def label_vm(asked: Asked, label: Entity | None, sent: Tree) -> Entity:
    """Put a label on a VM."""
    member = _join(asked, _above(label), "vms", sent)
    say(asked, 10382, name=_above(label).name)
    return _linked(member)


@create("affinitylabels/hosts")
def label_host(asked: Asked, label: Entity | None, sent: Tree) -> Entity:
    """Put a label on a host."""
    member = _join(asked, _above(label), "hosts", sent)
    say(asked, 10382, name=_above(label).name)
    return _linked(member)


def _label_on(asked: Asked, owner: Entity | None, kind: str, sent: Tree) -> Entity:
    label = reference(asked, "affinitylabels", sent)
    _join(asked, label, kind, trees.ref(_above(owner).id))
    return _linked(label)


@create("vms/affinitylabels")
def label_on_vm(asked: Asked, vm: Entity | None, sent: Tree) -> Entity:
    """The same, from the VM."""
    return _label_on(asked, vm, "vms", sent)


@create("hosts/affinitylabels")
def label_on_host(asked: Asked, host: Entity | None, sent: Tree) -> Entity:
    """The same, from the host."""
    return _label_on(asked, host, "hosts", sent)


# -- tags


@create("tags")
def add_tag(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A tag below another or below the root."""
    need("Tag", sent, "name")
    unique(asked, "tags", trees.text(sent, "name"), "TAG_NAME_IN_USE")
    above = reference(asked, "tags", sent["parent"]).id if sent.get("parent") else defaults.BLANK_ID
    attrs = merged(asked, "tags", {}, sent, skip=("parent",))
    tag = asked.world.add("tags", asked.world.new_id(), {**attrs, "parent": trees.ref(above)})
    say(asked, 432, name=tag.name)
    return tag


@edit("tags")
def edit_tag(asked: Asked, tag: Entity, sent: Tree) -> None:
    """Change a tag."""
    asked.world.update(tag, merged(asked, "tags", {}, sent, skip=("parent",)))


@remove("tags")
def remove_tag(asked: Asked, tag: Entity) -> None:
    """Remove a tag and every use of it."""
    for place in ("vms/tags", "hosts/tags"):
        for used in [item for item in asked.world.all(place) if item.id == tag.id]:
            asked.world.remove(used)
    asked.world.remove(tag)


def _attach_tag(asked: Asked, owner: Entity | None, sent: Tree, kind: str) -> Entity:
    tag = reference(asked, "tags", sent)
    above = _above(owner)
    attrs: Tree = {kind: trees.ref(above.id)}
    used = asked.world.add(f"{above.place}/tags", tag.id, attrs, parent=above, base=tag)
    if kind == "vm":
        say(asked, 440, tag=tag.name, names=above.name)
    return used


@create("vms/tags")
def tag_vm(asked: Asked, vm: Entity | None, sent: Tree) -> Entity:
    """Put a tag on a VM."""
    return _attach_tag(asked, vm, sent, "vm")


@create("hosts/tags")
def tag_host(asked: Asked, host: Entity | None, sent: Tree) -> Entity:
    """Put a tag on a host."""
    return _attach_tag(asked, host, sent, "host")


@remove("vms/tags")
def untag_vm(asked: Asked, used: Entity) -> None:
    """Take a tag off a VM."""
    asked.world.remove(used)


@remove("hosts/tags")
def untag_host(asked: Asked, used: Entity) -> None:
    """Take a tag off a host."""
    asked.world.remove(used)


# -- users and permissions


@create("users")
def add_user(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """Let a user of the directory into the engine; nobody gets a password this way."""
    need("User", sent, "userName")
    login, _, authz = trees.text(sent, "user_name").rpartition("@")
    name = f"{login}@{authz.removesuffix('-authz')}" if login else authz
    known = accounts.find_account(
        asked.world, login or authz, authz.removesuffix("-authz") if login else "internal"
    )
    if known is not None:
        return known
    user = accounts.add_user(asked.world, name, None, user_id=asked.world.new_id())
    say(asked, 149, user, name=user.text("principal"))
    return user


@remove("users")
def remove_user(asked: Asked, user: Entity) -> None:
    """Remove a user and what it was granted."""
    for place in ("permissions", "clusters/permissions", "vms/permissions", "datacenters/permissions"):
        for permission in [item for item in asked.world.all(place) if item.ref("user") == user.id]:
            asked.world.remove(permission)
    asked.world.remove(user)


def _grant(asked: Asked, above: Entity | None, sent: Tree) -> Entity:
    role = reference(asked, "roles", sent.get("role") or {})
    owner = reference(asked, "users", sent.get("user") or {}) if sent.get("user") else None
    attrs: Tree = {"role": trees.ref(role.id)}
    if owner is not None:
        attrs["user"] = trees.ref(owner.id)
    if sent.get("group"):
        attrs["group"] = trees.ref(reference(asked, "groups", sent["group"]).id)
    world = asked.world
    if above is None or above.place == "users":
        made = world.add("permissions", world.new_id(), attrs)
        made.lab["shown_below"] = owner
        return made
    kind = {
        "clusters": "cluster",
        "vms": "vm",
        "hosts": "host",
        "datacenters": "data_center",
        "disks": "disk",
        "storagedomains": "storage_domain",
        "networks": "network",
        "templates": "template",
    }[above.place]
    return world.add(
        f"{above.place}/permissions", world.new_id(), {kind: trees.ref(above.id), **attrs}, parent=above
    )


for _place in (
    "permissions",
    "users/permissions",
    "clusters/permissions",
    "vms/permissions",
    "hosts/permissions",
    "datacenters/permissions",
    "disks/permissions",
    "storagedomains/permissions",
):
    create(_place)(_grant)


@remove("permissions")
def revoke(asked: Asked, permission: Entity) -> None:
    """Take a permission back."""
    asked.world.remove(permission)


for _place in (
    "users/permissions",
    "clusters/permissions",
    "vms/permissions",
    "hosts/permissions",
    "datacenters/permissions",
    "disks/permissions",
    "storagedomains/permissions",
):
    remove(_place)(revoke)


# -- events


@create("events")
def add_event(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """An event of an outside program."""
    need("Event", sent, "description", "severity", "origin", "customId")
    codes = {"normal": "9801", "warning": "9802", "error": "9803", "alert": "9804"}
    attrs = merged(asked, "events", {"code": codes.get(trees.text(sent, "severity"), "9801")}, sent)
    return asked.events.add(attrs)


@remove("events")
def remove_event(asked: Asked, event: Entity) -> None:
    """Forget an event."""
    asked.world.remove(event)
