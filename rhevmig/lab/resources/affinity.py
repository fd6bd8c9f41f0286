"""Affinity groups and labels with their members (recordings `affinity-*`)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, edit, leave, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import find_referenced, reference
from rhevmig.lab.resources.kinds import add_entity, check_new, log_change, refuse_invalid
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at
from rhevmig.lab.state.store import Entity, World

#: Members of groups and labels: the place of the members, then the tag of one reference.
_TAGS = {"hosts": "host", "vms": "vm", "host_labels": "affinity_label", "vm_labels": "affinity_label"}
_RULE_MEMBERS = frozenset(("vms_rule", "hosts_rule", "positive", "enforcing"))


def _members(context: RequestContext, sent: Tree, kind: str) -> Tree:
    found = [ref(reference(context, kind, item).id) for item in items_of(sent.get(kind), _TAGS[kind])]
    return {_TAGS[kind]: found} if found else {}


def _join(world: World, owner: Entity, kind: str, member_id: str) -> None:
    """Add a member to a list of references, once."""
    present = items_of(owner.get(kind), _TAGS[kind])
    if all(ref_id(item) != member_id for item in present):
        world.set(owner, kind, {_TAGS[kind]: [*present, ref(member_id)]})


def _leave(world: World, owner: Entity, kind: str, member_id: str) -> None:
    """Take a member out of a list of references."""
    kept = [item for item in items_of(owner.get(kind), _TAGS[kind]) if ref_id(item) != member_id]
    world.set(owner, kind, {_TAGS[kind]: kept} if kept else {})


def forget_member(world: World, vm: Entity) -> None:
    """Take a VM that is removed out of every group and label."""
    for place in ("clusters/affinitygroups", "affinitylabels"):
        for owner in world.all(place):
            if any(ref_id(item) == vm.id for item in items_of(owner.get("vms"), "vm")):
                _leave(world, owner, "vms", vm.id)


def _view(member: Entity, how: str) -> Entity:
    """A member as joining answers it: `echo` shows what was sent, `bare` a reference, `accepted` neither."""
    view = Entity(member.place, member.id, {})
    view.lab[how] = True
    return view


# -- affinity groups


@create("clusters/affinitygroups")
def add_group(context: RequestContext, cluster: Entity, sent: Tree) -> Entity:
    """An affinity group of a cluster."""
    check_new(context, "clusters/affinitygroups", sent, parent=cluster)
    members: Tree = {
        "broken": "false",
        "priority": _priority(sent),
        "host_labels": {},
        "hosts": _members(context, sent, "hosts"),
        "vm_labels": {},
        "vms": _members(context, sent, "vms"),
        **_rules(sent, {}),
    }
    shown = {name: sent[name] for name in ("name", "description") if sent.get(name)}
    group = add_entity(context, "clusters/affinitygroups", shown, parent=cluster, members=members)
    _judge(context.world, group)
    log_change(context, group, 0)
    return group


def _rule(sent: Tree, present: Tree | None) -> Tree:
    """A rule as sent: a direction alone switches it on; a disabled one shows false throughout."""
    known = {**(present or {}), **sent}
    if text_at(sent, "enabled") == "false":
        enabled = "false"
    else:
        enabled = "true" if "positive" in sent else text_at(present or {}, "enabled", "false")
    if enabled == "false":
        known.update(enforcing="false", positive="false")
    return {"enabled": enabled, **{name: text_at(known, name, "false") for name in ("enforcing", "positive")}}


def _rules(sent: Tree, present: Tree) -> Tree:
    """Both rules; the older members of the group itself count where the VM rule is not sent."""
    older: Tree = {name: sent[name] for name in ("positive", "enforcing") if name in sent}
    vms = _rule((sent["vms_rule"] or {}) if "vms_rule" in sent else older, present.get("vms_rule"))
    hosts = _rule(sent.get("hosts_rule") or {}, present.get("hosts_rule"))
    shown: Tree = {"enforcing": vms["enforcing"], "hosts_rule": hosts, "vms_rule": vms}
    return {**shown, "positive": vms["positive"]} if vms["enabled"] == "true" else shown


def _priority(sent: Tree) -> str:
    return text_at(sent, "priority", "1").removesuffix(".0")


def _judge(world: World, group: Entity) -> None:
    """Note whether the running members break the group's rules now."""
    vms = [world.find("vms", ref_id(item)) for item in items_of(group.get("vms"), "vm")]
    where = [vm.ref("host") for vm in vms if vm is not None and vm.ref("host")]
    hosts = {ref_id(item) for item in items_of(group.get("hosts"), "host")}
    broken = False
    if group.flag("vms_rule.enabled") and len(where) > 1:
        used = len(set(where))
        broken = used > 1 if group.flag("vms_rule.positive") else used < len(where)
    if group.flag("hosts_rule.enabled") and hosts:
        inside = [host in hosts for host in where]
        broken = broken or (not all(inside) if group.flag("hosts_rule.positive") else any(inside))
    world.set(group, "broken", broken)


@edit("clusters/affinitygroups")
def edit_group(context: RequestContext, group: Entity, sent: Tree) -> None:
    """Change an affinity group."""
    refuse_invalid(group.place, sent, action="edit")
    changes: Tree = {name: sent[name] for name in ("name", "description") if name in sent}
    if "priority" in sent:
        changes["priority"] = _priority(sent)
    if _RULE_MEMBERS & set(sent):
        changes.update({"positive": None, **_rules(sent, group.attrs)})
    changes.update({kind: _members(context, sent, kind) for kind in ("vms", "hosts") if kind in sent})
    context.world.update(group, changes)
    _judge(context.world, group)
    log_change(context, group, 1)


@create("clusters/affinitygroups/vms")
def join_group(context: RequestContext, group: Entity, sent: Tree) -> Entity:
    """Add a VM to a group."""
    member = find_referenced(context, "vms", sent)
    if member is None:
        raise context.refusal("GROUP_VM_UNKNOWN")
    if any(ref_id(item) == member.id for item in items_of(group.get("vms"), "vm")):
        raise context.refusal("GROUP_VM_TWICE")
    _join(context.world, group, "vms", member.id)
    _judge(context.world, group)
    log_change(context, group, 1)
    return _view(member, "echo")


@create("clusters/affinitygroups/hosts")
def join_group_host(context: RequestContext, group: Entity, sent: Tree) -> Entity:
    """Add a host to a group."""
    member = reference(context, "hosts", sent)
    _join(context.world, group, "hosts", member.id)
    return _view(member, "accepted")


@leave(
    *(f"clusters/affinitygroups/{kind}" for kind in ("vms", "hosts")),
    "affinitylabels/vms",
    "affinitylabels/hosts",
)
def leave_owner(context: RequestContext, owner: Entity, member: Entity) -> None:
    """Take a VM or host out of a group or label."""
    _leave(context.world, owner, member.place, member.id)
    if owner.place == "clusters/affinitygroups":
        _judge(context.world, owner)


# -- affinity labels


@create("affinitylabels")
def add_label(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """An affinity label."""
    check_new(context, "affinitylabels", sent)
    members = {kind: found for kind in ("hosts", "vms") if (found := _members(context, sent, kind))}
    attrs: Tree = {
        "name": text_at(sent, "name"),
        "has_implicit_affinity_group": "false",
        "read_only": "false",
        **members,
    }
    label = context.world.add("affinitylabels", context.world.new_id(), attrs)
    log_change(context, label, 0)
    return label


@edit("affinitylabels")
def edit_label(context: RequestContext, label: Entity, sent: Tree) -> None:
    """Change an affinity label."""
    changes: Tree = {name: sent[name] for name in ("name", "has_implicit_affinity_group") if name in sent}
    changes.update({kind: _members(context, sent, kind) for kind in ("hosts", "vms") if kind in sent})
    context.world.update(label, changes)
    log_change(context, label, 1)


@remove("affinitylabels", "clusters/affinitygroups")
def remove_owner(context: RequestContext, owner: Entity) -> None:
    """Remove a group, or a label that no VM and no host has."""
    is_used = items_of(owner.get("vms"), "vm") or items_of(owner.get("hosts"), "host")
    if owner.place == "affinitylabels" and is_used:
        raise context.refusal("LABEL_IN_USE")
    context.world.remove(owner)
    log_change(context, owner, 2)


def _register_labels(kind: str) -> None:
    @create(f"affinitylabels/{kind}")
    def add_to_label(context: RequestContext, label: Entity, sent: Tree) -> Entity:
        member = reference(context, kind, sent)
        _join(context.world, label, kind, member.id)
        log_change(context, label, 1)
        return _view(member, "bare")

    @create(f"{kind}/affinitylabels")
    def add_label_to(context: RequestContext, owner: Entity, sent: Tree) -> Entity:
        label = reference(context, "affinitylabels", sent)
        _join(context.world, label, kind, owner.id)
        return _view(label, "bare")

    labels = f"{_TAGS[kind]}_labels"

    @create(f"clusters/affinitygroups/{_TAGS[kind]}labels")
    def add_label_to_group(context: RequestContext, group: Entity, sent: Tree) -> Entity:
        label = reference(context, "affinitylabels", sent)
        _join(context.world, group, labels, label.id)
        return label

    @leave(f"clusters/affinitygroups/{_TAGS[kind]}labels")
    def take_from_group(context: RequestContext, group: Entity, label: Entity) -> None:
        _leave(context.world, group, labels, label.id)


for _kind in ("vms", "hosts"):
    _register_labels(_kind)


@leave("vms/affinitylabels", "hosts/affinitylabels")
def take_label_off(context: RequestContext, owner: Entity, label: Entity) -> None:
    """Take a label off a VM or host."""
    _leave(context.world, label, owner.place, owner.id)
