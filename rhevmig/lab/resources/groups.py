"""Affinity groups and labels, tags, users, permissions and events, as recorded."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, edit, leave, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http import accounts
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import merged, need, reference, say, unique
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at
from rhevmig.lab.state.store import Entity


def _above(entity: Entity | None) -> Entity:
    if entity is None:
        raise EngineFault(404, in_action=False)
    return entity


def _member_refs(context: RequestContext, sent: Tree, kind: str) -> Tree:
    ids = []
    for item in items_of(sent.get(kind), kind.removesuffix("s")):
        found = reference(context, kind, item)
        ids.append(ref(found.id))
    return {kind.removesuffix("s"): ids} if ids else {}


# -- affinity groups


def _rule(sent: Tree, present: Tree | None) -> Tree:
    """A rule as sent: a direction alone switches it on; a disabled one shows false throughout."""
    known = {**(present or {}), **sent}
    if text_at(sent, "enabled") == "false":
        enabled = "false"
    else:
        enabled = "true" if "positive" in sent else text_at(present or {}, "enabled", "false")
    if enabled == "false":
        known.update(enforcing="false", positive="false")
    shown = {name: text_at(known, name, "false") for name in ("enforcing", "positive")}
    return {"enabled": enabled, **shown}


@create("clusters/affinitygroups")
def add_group(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """An affinity group of a cluster."""
    cluster = _above(parent)
    need("AffinityGroup", sent, "name")
    unique(
        context,
        "",
        text_at(sent, "name"),
        "GROUP_NAME_IN_USE",
        among=context.world.children(cluster, "affinitygroups"),
    )
    attrs: Tree = {
        "name": text_at(sent, "name"),
        **({"description": sent["description"]} if sent.get("description") else {}),
        "broken": "false",
        "priority": _priority(sent),
        "cluster": ref(cluster.id),
        "host_labels": {},
        "hosts": _member_refs(context, sent, "hosts"),
        "vm_labels": {},
        "vms": _member_refs(context, sent, "vms"),
        **_rules(sent, {}),
    }
    group = context.world.add("clusters/affinitygroups", context.world.new_id(), attrs, parent=cluster)
    context.world.set(group, "broken", is_broken(context, group))
    say(context, 10350, cluster, name=group.name)
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
    value = text_at(sent, "priority", "1")
    return value.removesuffix(".0")


def is_broken(context: RequestContext, group: Entity) -> bool:
    """Whether the running members do not keep the group's rules now."""
    world = context.world
    vms = [world.find("vms", ref_id(item)) for item in items_of(group.get("vms"), "vm")]
    where = [vm.ref("host") for vm in vms if vm is not None and vm.ref("host")]
    hosts = {ref_id(item) for item in items_of(group.get("hosts"), "host")}
    broken = False
    if group.flag("vms_rule.enabled") and len(where) > 1:
        same = len(set(where)) == 1
        broken = not same if group.flag("vms_rule.positive") else len(set(where)) < len(where)
    if group.flag("hosts_rule.enabled") and hosts:
        inside = [host in hosts for host in where]
        broken = broken or (not all(inside) if group.flag("hosts_rule.positive") else any(inside))
    return broken


@edit("clusters/affinitygroups")
def edit_group(context: RequestContext, group: Entity, sent: Tree) -> None:
    """Change an affinity group."""
    changes: Tree = {name: sent[name] for name in ("name", "description") if name in sent}
    if "priority" in sent:
        changes["priority"] = _priority(sent)
    if {"vms_rule", "hosts_rule", "positive", "enforcing"} & set(sent):
        changes.update({"positive": None, **_rules(sent, group.attrs)})
    for kind in ("vms", "hosts"):
        if kind in sent:
            changes[kind] = _member_refs(context, sent, kind)
    context.world.update(group, changes)
    context.world.set(group, "broken", is_broken(context, group))
    say(context, 10352, group.parent, name=group.name)


@remove("clusters/affinitygroups")
def remove_group(context: RequestContext, group: Entity) -> None:
    """Remove an affinity group."""
    context.world.remove(group)
    say(context, 10354, group.parent, name=group.name)


def _join(context: RequestContext, owner: Entity, kind: str, sent: Tree) -> Entity:
    member = reference(context, kind, sent)
    singular = kind.removesuffix("s")
    present = items_of(owner.get(kind), singular)
    if all(ref_id(item) != member.id for item in present):
        context.world.set(owner, kind, {singular: [*present, ref(member.id)]})
    return member


def _leave(context: RequestContext, owner: Entity, kind: str, member_id: str) -> None:
    singular = kind.removesuffix("s")
    kept = [item for item in items_of(owner.get(kind), singular) if ref_id(item) != member_id]
    context.world.set(owner, kind, {singular: kept} if kept else {})


@create("clusters/affinitygroups/vms")
def join_group(context: RequestContext, group: Entity | None, sent: Tree) -> Entity:
    """Add a VM to a group."""
    member = _join(context, _above(group), "vms", sent)
    context.world.set(_above(group), "broken", is_broken(context, _above(group)))
    say(context, 10352, _above(group).parent, name=_above(group).name)
    return _echoed(member)


@create("clusters/affinitygroups/hosts")
def join_group_host(context: RequestContext, group: Entity | None, sent: Tree) -> Entity:
    """Add a host to a group."""
    return _echoed(_join(context, _above(group), "hosts", sent))


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


def _leave_kind(context: RequestContext, owner: Entity, member: Entity) -> None:
    """Take a VM or host out of a group or label."""
    _leave(context, owner, member.place, member.id)
    if owner.place == "clusters/affinitygroups":
        context.world.set(owner, "broken", is_broken(context, owner))


def _label_off(context: RequestContext, owner: Entity, label: Entity) -> None:
    _leave(context, label, owner.place, owner.id)


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
def add_label(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """An affinity label."""
    need("AffinityLabel", sent, "name")
    unique(context, "affinitylabels", text_at(sent, "name"), "LABEL_NAME_IN_USE")
    attrs: Tree = {
        "name": text_at(sent, "name"),
        "has_implicit_affinity_group": "false",
        "read_only": "false",
    }
    for kind in ("hosts", "vms"):
        members = _member_refs(context, sent, kind)
        if members:
            attrs[kind] = members
    label = context.world.add("affinitylabels", context.world.new_id(), attrs)
    say(context, 10380, name=label.name)
    return label


@edit("affinitylabels")
def edit_label(context: RequestContext, label: Entity, sent: Tree) -> None:
    """Change an affinity label."""
    changes: Tree = {name: sent[name] for name in ("name", "has_implicit_affinity_group") if name in sent}
    for kind in ("hosts", "vms"):
        if kind in sent:
            changes[kind] = _member_refs(context, sent, kind)
    context.world.update(label, changes)
    say(context, 10382, name=label.name)


@remove("affinitylabels")
def remove_label(context: RequestContext, label: Entity) -> None:
    """Remove a label that nothing carries."""
    if items_of(label.get("vms"), "vm") or items_of(label.get("hosts"), "host"):
        raise refuse("LABEL_IN_USE", language=context.language)
    context.world.remove(label)
    say(context, 10384, name=label.name)


@create("affinitylabels/vms")
def label_vm(context: RequestContext, label: Entity | None, sent: Tree) -> Entity:
    """Put a label on a VM."""
    member = _join(context, _above(label), "vms", sent)
    say(context, 10382, name=_above(label).name)
    return _linked(member)


@create("affinitylabels/hosts")
def label_host(context: RequestContext, label: Entity | None, sent: Tree) -> Entity:
    """Put a label on a host."""
    member = _join(context, _above(label), "hosts", sent)
    say(context, 10382, name=_above(label).name)
    return _linked(member)


def _label_on(context: RequestContext, owner: Entity | None, kind: str, sent: Tree) -> Entity:
    label = reference(context, "affinitylabels", sent)
    _join(context, label, kind, ref(_above(owner).id))
    return _linked(label)


@create("vms/affinitylabels")
def label_on_vm(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    """The same, from the VM."""
    return _label_on(context, vm, "vms", sent)


@create("hosts/affinitylabels")
def label_on_host(context: RequestContext, host: Entity | None, sent: Tree) -> Entity:
    """The same, from the host."""
    return _label_on(context, host, "hosts", sent)


# -- tags


@create("tags")
def add_tag(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A tag below another or below the root."""
    need("Tag", sent, "name")
    unique(context, "tags", text_at(sent, "name"), "TAG_NAME_IN_USE")
    above = reference(context, "tags", sent["parent"]).id if sent.get("parent") else defaults.BLANK_ID
    attrs = merged(context, "tags", {}, sent, skip=("parent",))
    tag = context.world.add("tags", context.world.new_id(), {**attrs, "parent": ref(above)})
    say(context, 432, name=tag.name)
    return tag


@edit("tags")
def edit_tag(context: RequestContext, tag: Entity, sent: Tree) -> None:
    """Change a tag."""
    context.world.update(tag, merged(context, "tags", {}, sent, skip=("parent",)))


@remove("tags")
def remove_tag(context: RequestContext, tag: Entity) -> None:
    """Remove a tag and every use of it."""
    for place in ("vms/tags", "hosts/tags"):
        for used in [item for item in context.world.all(place) if item.id == tag.id]:
            context.world.remove(used)
    context.world.remove(tag)


def _attach_tag(context: RequestContext, owner: Entity | None, sent: Tree, kind: str) -> Entity:
    tag = reference(context, "tags", sent)
    above = _above(owner)
    attrs: Tree = {kind: ref(above.id)}
    used = context.world.add(f"{above.place}/tags", tag.id, attrs, parent=above, base=tag)
    if kind == "vm":
        say(context, 440, tag=tag.name, names=above.name)
    return used


@create("vms/tags")
def tag_vm(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    """Put a tag on a VM."""
    return _attach_tag(context, vm, sent, "vm")


@create("hosts/tags")
def tag_host(context: RequestContext, host: Entity | None, sent: Tree) -> Entity:
    """Put a tag on a host."""
    return _attach_tag(context, host, sent, "host")


@remove("vms/tags")
def untag_vm(context: RequestContext, used: Entity) -> None:
    """Take a tag off a VM."""
    context.world.remove(used)


@remove("hosts/tags")
def untag_host(context: RequestContext, used: Entity) -> None:
    """Take a tag off a host."""
    context.world.remove(used)


# -- users and permissions


@create("users")
def add_user(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """Let a user of the directory into the engine; nobody gets a password this way."""
    need("User", sent, "userName")
    login, _, authz = text_at(sent, "user_name").rpartition("@")
    name = f"{login}@{authz.removesuffix('-authz')}" if login else authz
    known = accounts.find_account(
        context.world, login or authz, authz.removesuffix("-authz") if login else "internal"
    )
    if known is not None:
        return known
    user = accounts.add_user(context.world, name, None, user_id=context.world.new_id())
    say(context, 149, user, name=user.text("principal"))
    return user


@remove("users")
def remove_user(context: RequestContext, user: Entity) -> None:
    """Remove a user and what it was granted."""
    for place in ("permissions", "clusters/permissions", "vms/permissions", "datacenters/permissions"):
        for permission in [item for item in context.world.all(place) if item.ref("user") == user.id]:
            context.world.remove(permission)
    context.world.remove(user)


def _grant(context: RequestContext, above: Entity | None, sent: Tree) -> Entity:
    role = reference(context, "roles", sent.get("role") or {})
    owner = reference(context, "users", sent.get("user") or {}) if sent.get("user") else None
    attrs: Tree = {"role": ref(role.id)}
    if owner is not None:
        attrs["user"] = ref(owner.id)
    if sent.get("group"):
        attrs["group"] = ref(reference(context, "groups", sent["group"]).id)
    world = context.world
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
        f"{above.place}/permissions", world.new_id(), {kind: ref(above.id), **attrs}, parent=above
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
def revoke(context: RequestContext, permission: Entity) -> None:
    """Take a permission back."""
    context.world.remove(permission)


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
def add_event(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """An event of an outside program."""
    need("Event", sent, "description", "severity", "origin", "customId")
    codes = {"normal": "9801", "warning": "9802", "error": "9803", "alert": "9804"}
    attrs = merged(context, "events", {"code": codes.get(text_at(sent, "severity"), "9801")}, sent)
    return context.events.add(attrs)


@remove("events")
def remove_event(context: RequestContext, event: Entity) -> None:
    """Forget an event."""
    context.world.remove(event)
