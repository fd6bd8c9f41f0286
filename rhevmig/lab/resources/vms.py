"""VMs and their interfaces created, changed and removed (recordings `build-vms`, …)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.affinity import forget_member
from rhevmig.lab.resources.changes import reference, refuse_taken, require
from rhevmig.lab.resources.disks import copy_disks
from rhevmig.lab.resources.kinds import add_entity, check_new, edit_entity, refuse_invalid
from rhevmig.lab.resources.snapshots import add_active_snapshot
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.external_facts import facts_of
from rhevmig.lab.state.host_load import MIB
from rhevmig.lab.state.store import Entity, World

#: Largest maximum memory of a VM, MiB (recorded); most CPUs of a VM (MaxNumOfVmCpus of cluster level 4.8).
_PLATFORM_MIB = 67_108_864
_MAX_CPUS = 710
_NIC_KINDS = {"virtio": "VirtIO"}


@create("vms")
def add_vm(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A VM from the blank template, or as another template has it."""
    if not sent.get("cluster"):
        require("Vm", sent, "cluster.id|name")
    world, now = context.world, context.world.clock.stamp()
    cluster = reference(context, "clusters", sent["cluster"], "Cluster: name={name}")
    if not sent.get("template") and not sent.get("snapshots"):
        require("Vm", sent, "template.id|name")
    template = None
    if sent.get("template"):
        template = reference(context, "templates", sent["template"], "GetVmTemplate")
    check_new(context, "vms", sent)
    _refuse_too_large(context, sent, "add")
    center_id = cluster.ref("data_center")
    refuse_taken(context, "VM_NAME_IN_USE", text_at(sent, "name"), vms_of_center(world, center_id))
    if template is not None and template.id == defaults.BLANK_ID:
        template = None
    members: Tree = {"cluster": ref(cluster.id), "status": "down"}
    profile = next(iter(world.children(cluster, "cpuprofiles")), None)
    if profile is not None:
        members["cpu_profile"] = ref(profile.id)
    center = world.find("datacenters", cluster.ref("data_center"))
    quota = next(iter(world.children(center, "quotas")), None) if center else None
    if quota is not None:
        members["quota"] = ref(quota.id)
    if template is not None:
        members |= {"template": ref(template.id), "original_template": ref(template.id)}
    if sent.get("lease") and "storage_error_resume_behaviour" not in sent:
        members["storage_error_resume_behaviour"] = "kill"
    vm = add_entity(context, "vms", sent, base=_first_members(cluster, template, sent, now), members=members)
    if template is not None:
        _fill_from(world, vm, template)
    add_active_snapshot(world, vm, now, snapshot_id=world.new_id())
    context.end_job(f"Creating VM {vm.name} in Cluster {cluster.name}")
    context.log(34, vm, vm=vm.name)
    return vm


def _refuse_too_large(context: RequestContext, sent: Tree, action: str) -> None:
    """Refuse more memory or CPUs than the engine allows on x86."""
    largest_mib = int(text_at(sent, "memory", "0")) // MIB * 4
    if largest_mib > _PLATFORM_MIB:
        raise context.refusal("VM_TOO_LARGE", action=action, memory=largest_mib, limit=_PLATFORM_MIB)
    cpus = 1
    for part in ("sockets", "cores", "threads"):
        cpus *= int(text_at(sent, f"cpu.topology.{part}", "1"))
    if cpus > _MAX_CPUS:
        raise context.refusal("VM_TOO_MANY_CPUS", action=action)


def vms_of_center(world: World, center_id: str | None) -> list[Entity]:
    """The VMs of a data center, within which their names are unique."""
    clusters = world.referring("clusters", "data_center", center_id or "")
    return [vm for cluster in clusters for vm in world.referring("vms", "cluster", cluster.id)]


def _first_members(cluster: Entity, template: Entity | None, sent: Tree, now: str) -> Tree:
    """The members of a new VM where nothing is sent: the engine's, then the template's."""
    own = template.attrs if template is not None else {}
    memory = text_at(sent, "memory", str(own.get("memory", 1024 * MIB)))
    return {
        "description": "",
        "comment": "",
        "cpu": {
            "architecture": cluster.text("cpu.architecture", "x86_64"),
            "topology": {"cores": "1", "sockets": "1", "threads": "1"},
        },
        "creation_time": now,
        "high_availability": {"enabled": "false", "priority": "0"},
        "memory_policy": {"ballooning": "true", "guaranteed": memory, "max": str(int(memory) * 4)},
        "os": {"boot": {"devices": {"device": "hd"}}, "type": "other"},
        "stop_time": now,
        **{member: value for member, value in own.items() if member in defaults.member_set("template")},
        "memory": memory,
    }


def _fill_from(world: World, vm: Entity, template: Entity) -> None:
    """Disks and interfaces as the template has them."""
    copy_disks(world, template, vm, named_after=vm.name)
    for nic in world.children(template, "nics"):
        attrs = {**defaults.default_attrs("vms/nics"), "mac": {"address": _free_mac(world)}, **nic.attrs}
        attrs.pop("template", None)
        world.add("vms/nics", world.new_id(), {**attrs, "vm": ref(vm.id)}, parent=vm)


@edit("vms")
def edit_vm(context: RequestContext, vm: Entity, sent: Tree) -> None:
    """Change a VM; what a running one cannot take over at once waits for its next start."""
    running, before = vm.get("host") is not None, vm.number("memory") // MIB
    later = defaults.member_set("next_run").intersection(sent) if running else frozenset()
    refuse_invalid("vms", sent, action="edit")
    _refuse_too_large(context, sent, "edit")
    if "name" in sent:
        cluster = context.world.find("clusters", vm.ref("cluster"))
        among = vms_of_center(context.world, cluster.ref("data_center") if cluster else None)
        refuse_taken(context, "VM_EDIT_NAME_IN_USE", text_at(sent, "name"), among, besides=vm)
    edit_entity(context, vm, sent, skip=tuple(later))
    if later:
        pending = {name: sent[name] for name in sorted(later)}
        vm.lab["next_run"] = {**vm.lab.get("next_run", {}), **pending}
        context.world.set(vm, "next_run_configuration_exists", True)
    if "cluster" in sent and not running:
        context.world.set(vm, "cluster", ref(reference(context, "clusters", sent["cluster"]).id))
    if not items_of(vm.get("placement_policy.hosts"), "host"):
        context.world.set(vm, "placement_policy.hosts", None)
    after = vm.number("memory") // MIB
    if running and after != before:
        context.log(2039, vm, vm=vm.name, before=before, after=after)
    context.end_job(f"Editing VM {vm.name} properties")
    context.log(35, vm, vm=vm.name)


@remove("vms")
def remove_vm(context: RequestContext, vm: Entity) -> Entity:
    """Remove a VM that is down, with its disks unless `detach_only`."""
    world = context.world
    if vm.get("host") is not None or vm.text("status") not in ("down", "suspended"):
        raise context.refusal("VM_REMOVE_RUNNING")
    if vm.flag("delete_protected"):
        raise context.refusal("VM_REMOVE_PROTECTED")
    if context.request.param("detach_only") != "true":
        for attachment in world.children(vm, "diskattachments"):
            disk = world.find("disks", attachment.id)
            if disk is not None and not disk.flag("shareable"):
                world.remove(disk)
    forget_member(world, vm)
    job = context.end_job(f"Removing VM {vm.name} from system")
    world.remove(vm)
    context.log(113, vm=vm.name)
    return job


# -- interfaces


@create("vms/nics")
def add_nic(context: RequestContext, vm: Entity, sent: Tree) -> Entity:
    """An interface of a VM."""
    check_new(context, "vms/nics", sent, parent=vm)
    base: Tree = {"mac": {"address": _free_mac(context.world)}}
    nic = add_entity(context, "vms/nics", sent, parent=vm, base=base)
    kind = _NIC_KINDS.get(nic.text("interface"), nic.text("interface"))
    if nic.flag("plugged") and vm.ref("host") and not facts_of(context.world).plugs_nic(vm):
        context.world.remove(nic)
        for code in (1013, 933):
            context.log(code, vm, nic=nic.name, kind=kind, vm=vm.name)
        raise context.refusal("INTERNAL_ERROR")
    context.log(932, vm, nic=nic.name, kind=kind, vm=vm.name)
    if nic.flag("plugged"):
        context.log(1012, vm, nic=nic.name, kind=kind, vm=vm.name)
    return nic


def _free_mac(world: World) -> str:
    """The first free address of the pool."""
    taken = {nic.text("mac.address") for nic in world.all("vms/nics")}
    number = 0
    while (mac := f"56:6f:0b:4f:{number >> 8:02x}:{number & 0xFF:02x}") in taken:
        number += 1
    return mac


@act("vms/nics", "activate")
def plug_nic(context: RequestContext, nic: Entity, action: Tree) -> Acted:
    """Plug an interface."""
    context.world.set(nic, "plugged", True)
    return Acted()


@act("vms/nics", "deactivate")
def unplug_nic(context: RequestContext, nic: Entity, action: Tree) -> Acted:
    """Unplug an interface."""
    context.world.set(nic, "plugged", False)
    return Acted()
