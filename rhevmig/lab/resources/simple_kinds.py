"""Kinds that are only kept: bookmarks, MAC pools, profiles, quotas, labels, connections; templates, tickets.

The recordings show none of these being changed: the members that are asked for are those of the API's
own documentation, the engine's events are not written.
"""

from __future__ import annotations

import msgspec

from rhevmig.lab.api.action_registry import Acted, act, create, edit, leave, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import job_done, merged, need, reference, unique
from rhevmig.lab.resources.vms import OF_A_TEMPLATE
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at
from rhevmig.lab.state.store import Entity


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of which only the members are kept."""

    #: As the engine calls it in "… [name] required for add".
    words: str
    #: Members that a new one needs.
    needs: tuple[str, ...] = ("name",)
    #: Members that it has when nothing is sent.
    base: Tree = {}
    #: The member that refers to the object above.
    above: str = ""
    #: The member whose text is its id, if the engine makes none up.
    id_from: str = ""


KEPT: dict[str, Kept] = {
    "bookmarks": Kept(words="Bookmark", needs=("name", "value")),
    "clusters/cpuprofiles": Kept(words="CpuProfile", above="cluster"),
    "datacenters/qoss": Kept(words="Qos", needs=("name", "type"), above="data_center"),
    "datacenters/quotas": Kept(
        words="Quota",
        base={
            "cluster_hard_limit_pct": "20",
            "cluster_soft_limit_pct": "80",
            "storage_hard_limit_pct": "20",
            "storage_soft_limit_pct": "80",
        },
        above="data_center",
    ),
    "hosts/nics/networklabels": Kept(words="NetworkLabel", needs=(), above="host_nic", id_from="@id"),
    "macpools": Kept(
        words="MacPool", needs=("name", "ranges"), base={"allow_duplicates": "false", "default_pool": "false"}
    ),
    "networks/networklabels": Kept(words="NetworkLabel", needs=(), above="network", id_from="@id"),
    "storageconnections": Kept(words="StorageConnection", needs=("type",)),
    "storagedomains/diskprofiles": Kept(words="DiskProfile", above="storage_domain"),
    "vms/watchdogs": Kept(words="Watchdog", needs=("action", "model"), above="vm"),
}


def _register(place: str, kept: Kept) -> None:
    @create(place)
    def add(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
        need(kept.words, sent, *kept.needs)
        own = text_at(sent, kept.id_from) if kept.id_from else ""
        if kept.id_from and not own:
            raise EngineFault(400, f"{kept.words} [id] required for add", reason="Incomplete parameters")
        attrs = merged(context, place, dict(kept.base), sent)
        if kept.above and parent is not None:
            attrs[kept.above] = ref(parent.id)
        return context.world.add(place, own or context.world.new_id(), attrs, parent=parent)

    @edit(place)
    def change(context: RequestContext, entity: Entity, sent: Tree) -> None:
        context.world.update(entity, merged(context, place, entity.attrs, sent, skip=(kept.above,)))

    @remove(place)
    def forget(context: RequestContext, entity: Entity) -> None:
        context.world.remove(entity)


for _place, _kept in KEPT.items():
    _register(_place, _kept)


# -- labels of affinity groups


def _label_members(kind: str) -> None:
    @create(f"clusters/affinitygroups/{kind}labels")
    def add(context: RequestContext, group: Entity | None, sent: Tree) -> Entity:
        if group is None:
            raise EngineFault(404, in_action=False)
        label = reference(context, "affinitylabels", sent)
        known = items_of(group.get(f"{kind}_labels"), "affinity_label")
        kept = [item for item in known if ref_id(item) != label.id]
        context.world.set(group, f"{kind}_labels", {"affinity_label": [*kept, ref(label.id)]})
        return label

    @leave(f"clusters/affinitygroups/{kind}labels")
    def take(context: RequestContext, group: Entity, label: Entity) -> None:
        known = items_of(group.get(f"{kind}_labels"), "affinity_label")
        kept = [item for item in known if ref_id(item) != label.id]
        context.world.set(group, f"{kind}_labels", {"affinity_label": kept} if kept else {})


for _kind in ("host", "vm"):
    _label_members(_kind)


# -- templates


@create("templates")
def _add_template(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    need("Template", sent, "name", "vm.id|name")
    world, name = context.world, text_at(sent, "name")
    unique(context, "templates", name, "TEMPLATE_NAME_IN_USE")
    vm = reference(context, "vms", sent["vm"])
    if vm.get("host") is not None:
        raise refuse("TEMPLATE_VM_RUNNING", language=context.language)
    base = {
        **{member: value for member, value in vm.attrs.items() if member in OF_A_TEMPLATE},
        "description": "",
        "comment": "",
        "creation_time": world.clock.stamp(),
        "status": "ok",
    }
    attrs = merged(context, "templates", base, sent, skip=("vm",))
    template_id = world.new_id()
    attrs["version"] = {
        "version_name": "base version",
        "version_number": "1",
        "base_template": ref(template_id),
    }
    template = world.add("templates", template_id, attrs)
    for attachment in world.children(vm, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is not None:
            copy = world.add("disks", world.new_id(), {**disk.attrs, "image_id": world.new_id()})
            copied = {**attachment.attrs, "disk": ref(copy.id), "template": ref(template.id)}
            copied.pop("vm", None)
            world.add("templates/diskattachments", copy.id, copied, parent=template)
    for nic in world.children(vm, "nics"):
        shared = ("name", "interface", "linked", "plugged", "vnic_profile")
        kept: Tree = {member: value for member, value in nic.attrs.items() if member in shared}
        kept["template"] = ref(template.id)
        world.add("templates/nics", world.new_id(), kept, parent=template)
    job_done(context, f"Creating Template {name} from VM {vm.name}")
    return template


@edit("templates")
def _edit_template(context: RequestContext, template: Entity, sent: Tree) -> None:
    context.world.update(template, merged(context, "templates", template.attrs, sent, skip=("vm", "version")))


@remove("templates")
def _remove_template(context: RequestContext, template: Entity) -> None:
    world = context.world
    if template.id == defaults.BLANK_ID:
        raise refuse("TEMPLATE_BLANK", language=context.language)
    if any(vm.ref("template") == template.id for vm in world.all("vms")):
        raise refuse("TEMPLATE_IN_USE", language=context.language)
    for attachment in world.children(template, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is not None:
            world.remove(disk)
    world.remove(template)


# -- tickets, resets, consoles


@act("vms", "ticket")
def _ticket(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    if vm.get("host") is None:
        raise refuse("TICKET_NOT_RUNNING", language=context.language)
    given = text_at(action, "ticket.value") or context.world.new_id("ticket")[:12].replace("-", "")
    expiry = text_at(action, "ticket.expiry", "7200")
    return Acted(extra={"ticket": {"expiry": expiry, "value": given}}, only=True)


@act("vms", "reset")
def _reset(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    if vm.get("host") is None:
        raise refuse("RESET_NOT_RUNNING", language=context.language)
    return Acted(job=job_done(context, f"Resetting VM {vm.name}"), shown=vm)


@act("vms", "autopincpuandnumanodes")
def _pin_cpus(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    context.world.set(vm, "cpu_pinning_policy", "resize_and_pin_numa")
    return Acted(only=True)


@remove("vms/graphicsconsoles")
def _remove_console(context: RequestContext, console: Entity) -> None:
    vm = console.parent
    if vm is not None:
        vm.lab["headless"] = True
        context.world.touch(vm)


@create("vms/graphicsconsoles")
def _add_console(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    need("GraphicsConsole", sent, "protocol")
    if vm is None:
        raise EngineFault(404, in_action=False)
    protocol = text_at(sent, "protocol")
    vm.lab.pop("headless", None)
    context.world.set(vm, "display.type", protocol)
    return Entity(
        "vms/graphicsconsoles",
        protocol.encode().hex(),
        {"protocol": protocol, "vm": ref(vm.id)},
        parent=vm,
        base=None,
        seq=0,
    )
