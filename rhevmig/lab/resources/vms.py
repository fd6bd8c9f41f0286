"""VMs, their interfaces, disks and snapshots created, edited and removed (recordings `build-vms`, …)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at
from rhevmig.lab.state.host_memory import MIB
from rhevmig.lab.state.store import Entity

_GIB = 2**30
#: Members that a running VM takes over only at its next start.
_NEXT_RUN = frozenset(
    ("custom_cpu_model", "custom_emulated_machine", "bios", "display", "os", "type", "usb", "cpu")
)


#: What a VM takes from its template, and a template from its VM.
OF_A_TEMPLATE = frozenset(
    (
        "bios",
        "cpu",
        "cpu_pinning_policy",
        "cpu_shares",
        "delete_protected",
        "display",
        "high_availability",
        "io",
        "large_icon",
        "memory",
        "memory_policy",
        "migration",
        "migration_downtime",
        "multi_queues_enabled",
        "os",
        "placement_policy",
        "small_icon",
        "sso",
        "start_paused",
        "stateless",
        "storage_error_resume_behaviour",
        "type",
        "usb",
        "virtio_scsi_multi_queues_enabled",
    )
)


def _template_of(context: RequestContext, sent: Tree) -> Entity | None:
    """The template that a body names, unless it is the blank one."""
    named = sent.get("template")
    found = reference(context, "templates", named) if named else None
    return found if found is not None and found.id != defaults.BLANK_ID else None


def _fill_from(context: RequestContext, vm: Entity, template: Entity) -> None:
    """Disks and interfaces as the template has them."""
    world = context.world
    for attachment in world.children(template, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is not None:
            alias = {"alias": f"{vm.name}_{disk.name}", "name": f"{vm.name}_{disk.name}"}
            copy = world.add("disks", world.new_id(), {**disk.attrs, **alias, "image_id": world.new_id()})
            copied = {**attachment.attrs, "disk": ref(copy.id), "vm": ref(vm.id)}
            copied.pop("template", None)
            world.add("vms/diskattachments", copy.id, copied, parent=vm)
    for nic in world.children(template, "nics"):
        base = {**defaults.default_attrs("vms/nics"), "mac": {"address": _free_mac(context)}}
        kept = {**base, **nic.attrs, "vm": ref(vm.id)}
        kept.pop("template", None)
        world.add("vms/nics", world.new_id(), kept, parent=vm)


@create("vms")
def add_vm(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A VM from the blank template, or as another one says."""
    if not sent.get("cluster"):
        need("Vm", sent, "cluster.id|name")
    world, name = context.world, text_at(sent, "name")
    cluster = reference(context, "clusters", sent["cluster"])
    need("Vm", sent, "name")
    unique(context, "vms", name, "VM_NAME_IN_USE")
    template = _template_of(context, sent)
    told = template.attrs if template is not None else {}
    memory = text_at(sent, "memory", str(told.get("memory", _GIB)))
    now = world.clock.stamp()
    profile = next(iter(world.children(cluster, "cpuprofiles")), None)
    base: Tree = {
        **defaults.default_attrs("vms"),
        "description": "",
        "comment": "",
        "cpu": {
            "architecture": cluster.text("cpu.architecture", "x86_64"),
            "topology": {"cores": "1", "sockets": "1", "threads": "1"},
        },
        "creation_time": now,
        "high_availability": {"enabled": "false", "priority": "0"},
        "memory": memory,
        "memory_policy": {"ballooning": "true", "guaranteed": memory, "max": str(int(memory) * 4)},
        "os": {"boot": {"devices": {"device": "hd"}}, "type": "other"},
        "stop_time": now,
        **{member: value for member, value in told.items() if member in OF_A_TEMPLATE and member != "memory"},
    }
    attrs = merged(context, "vms", base, sent, skip=("cluster", "template", "cpu_profile", "host"))
    attrs.update(cluster=ref(cluster.id), status="down")
    if sent.get("lease") and "storage_error_resume_behaviour" not in sent:
        attrs["storage_error_resume_behaviour"] = "kill"
    if profile is not None:
        attrs["cpu_profile"] = ref(profile.id)
    center = world.find("datacenters", cluster.ref("data_center"))
    quota = next(iter(world.children(center, "quotas")), None) if center else None
    if quota is not None:
        attrs["quota"] = ref(quota.id)
    if template is not None:
        attrs.update(template=ref(template.id), original_template=ref(template.id))
    vm = world.add("vms", world.new_id(), attrs)
    if template is not None:
        _fill_from(context, vm, template)
    snapshot = {
        "description": "Active VM",
        "date": now,
        "persist_memorystate": "false",
        "snapshot_status": "ok",
        "snapshot_type": "active",
    }
    world.add("vms/snapshots", world.new_id(), snapshot, parent=vm)
    job_done(context, f"Creating VM {name} in Cluster {cluster.name}")
    say(context, 34, vm, vm=name)
    return vm


@edit("vms")
def edit_vm(context: RequestContext, vm: Entity, sent: Tree) -> None:
    """Change a VM; what a running one cannot take over at once waits for its next start."""
    world = context.world
    if "name" in sent:
        unique(context, "vms", text_at(sent, "name"), "VM_EDIT_NAME_IN_USE", besides=vm)
    running = vm.get("host") is not None
    skipped = {"template", "original_template", "host", "cluster"}
    if running:
        later = _NEXT_RUN.intersection(sent)
        skipped |= later
        if later:
            vm.lab["next_run"] = {
                **vm.lab.get("next_run", {}),
                **{name: sent[name] for name in sorted(later)},
            }
            world.set(vm, "next_run_configuration_exists", True)
    before = vm.number("memory") // MIB
    attrs = merged(context, "vms", vm.attrs, sent, skip=skipped)
    if "cluster" in sent and not running:
        attrs["cluster"] = ref(reference(context, "clusters", sent["cluster"]).id)
    placement = attrs.get("placement_policy")
    if isinstance(placement, dict) and not items_of(placement.get("hosts"), "host"):
        attrs["placement_policy"] = {name: value for name, value in placement.items() if name != "hosts"}
    world.update(vm, attrs)
    after = vm.number("memory") // MIB
    if running and after != before:
        say(context, 2039, vm, vm=vm.name, before=before, after=after)
    job_done(context, f"Editing VM {vm.name} properties")
    say(context, 35, vm, vm=vm.name)


@remove("vms")
def remove_vm(context: RequestContext, vm: Entity) -> None:
    """Remove a VM that is down, with its disks unless asked not to."""
    world = context.world
    if vm.get("host") is not None or vm.text("status") not in ("down", "suspended"):
        raise refuse("VM_REMOVE_RUNNING", language=context.language)
    if vm.flag("delete_protected"):
        raise refuse("VM_REMOVE_PROTECTED", language=context.language)
    if context.request.param("detach_only") != "true":
        for attachment in world.children(vm, "diskattachments"):
            disk = world.find("disks", attachment.id)
            if disk is not None and not disk.flag("shareable"):
                world.remove(disk)
    for place in ("clusters/affinitygroups", "affinitylabels"):
        for group in world.all(place):
            members = items_of(group.get("vms"), "vm")
            kept = [item for item in members if ref_id(item) != vm.id]
            if len(kept) != len(members):
                world.set(group, "vms", {"vm": kept} if kept else {})
    job_done(context, f"Removing VM {vm.name} from system")
    world.remove(vm)
    say(context, 113, vm=vm.name)


# -- interfaces


@create("vms/nics")
def add_nic(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    """An interface of a VM."""
    if vm is None:
        raise EngineFault(404, in_action=False)
    need("Nic", sent, "name")
    world, name = context.world, text_at(sent, "name")
    if any(nic.name == name for nic in world.children(vm, "nics")):
        raise refuse("NIC_NAME_IN_USE", language=context.language)
    base: Tree = {
        **defaults.default_attrs("vms/nics"),
        "mac": {"address": _free_mac(context)},
        "vm": ref(vm.id),
    }
    attrs = merged(context, "vms/nics", base, sent, skip=("vm",))
    nic = world.add("vms/nics", world.new_id(), attrs, parent=vm)
    kind = {"virtio": "VirtIO", "e1000": "e1000", "e1000e": "e1000e"}.get(
        nic.text("interface"), nic.text("interface")
    )
    say(context, 932, vm, nic=name, kind=kind, vm=vm.name)
    if nic.flag("plugged"):
        say(context, 1012, vm, nic=name, kind=kind, vm=vm.name)
    return nic


def _free_mac(context: RequestContext) -> str:
    """The first free address of the pool."""
    taken = {nic.text("mac.address") for nic in context.world.all("vms/nics")}
    number = 0
    while (mac := f"56:6f:0b:4f:{number >> 8:02x}:{number & 0xFF:02x}") in taken:
        number += 1
    return mac


@edit("vms/nics")
def edit_nic(context: RequestContext, nic: Entity, sent: Tree) -> None:
    """Change an interface."""
    context.world.update(nic, merged(context, "vms/nics", nic.attrs, sent, skip=("vm",)))


@remove("vms/nics")
def remove_nic(context: RequestContext, nic: Entity) -> None:
    """Remove an interface."""
    context.world.remove(nic)


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


# -- disks

#: The role that whoever makes a disk gets on it.
DISK_OPERATOR_ID = "def0000a-0000-0000-0000-def00000000b"


def new_disk(context: RequestContext, sent: Tree, *, domain: Entity | None) -> Entity:
    """A disk on a storage domain; the domain's figures follow."""
    world = context.world
    if domain is None:
        raise refuse("DISK_NO_DOMAIN", language=context.language)
    alias = text_at(sent, "alias") or text_at(sent, "name") or "disk"
    size = text_at(sent, "provisioned_size", "0")
    profile = next(iter(world.children(domain, "diskprofiles")), None)
    actual = size if text_at(sent, "sparse", "true") == "false" else "200704"
    base: Tree = {
        **defaults.default_attrs("disks"),
        "description": "",
        "actual_size": actual,
        "image_id": world.new_id(),
        "provisioned_size": size,
        "total_size": actual,
    }
    attrs = merged(
        context, "disks", base, sent, skip=("storage_domains", "storage_domain", "name", "disk_profile")
    )
    attrs.update(name=alias, alias=alias, storage_domains={"storage_domain": [ref(domain.id)]})
    if profile is not None:
        attrs["disk_profile"] = ref(profile.id)
    disk = world.add("disks", world.new_id(), attrs)
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


@create("disks")
def add_disk(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A disk that no VM has yet."""
    disk = new_disk(context, sent, domain=_domain_of(context, sent))
    say(context, 2021, disk=disk.name)
    return disk


@edit("disks")
def edit_disk(context: RequestContext, disk: Entity, sent: Tree) -> None:
    """Change a disk."""
    attrs = merged(context, "disks", disk.attrs, sent, skip=("storage_domains", "storage_domain"))
    name = text_at(sent, "alias") or text_at(sent, "name") or disk.name
    context.world.update(disk, {**attrs, "name": name, "alias": name})


@remove("disks")
def remove_disk(context: RequestContext, disk: Entity) -> None:
    """Remove a disk that no running VM has."""
    world = context.world
    attachments = world.referring("vms/diskattachments", "disk", disk.id)
    if any(item.parent is not None and item.parent.get("host") is not None for item in attachments):
        raise refuse("DISK_IN_USE", language=context.language)
    for attachment in attachments:
        world.remove(attachment)
    world.remove(disk)


@create("vms/diskattachments")
def attach_disk(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    """Give a VM a disk: a new one, or one that exists."""
    if vm is None:
        raise EngineFault(404, in_action=False)
    need("DiskAttachment", sent, "bootable", "interface")
    described = sent.get("disk") or {}
    if described.get("@id"):
        disk = reference(context, "disks", described)
    else:
        domain = _domain_of(context, described) or _master_domain(context, vm)
        if not described.get("alias") and not described.get("name"):
            number = len(context.world.children(vm, "diskattachments")) + 1
            described = {**described, "alias": f"{vm.name}_Disk{number}"}
        disk = new_disk(context, described, domain=domain)
        say(context, 78, vm, disk=disk.name, vm=vm.name)
        say(context, 97, vm, disk=disk.name, vm=vm.name)
    attrs = merged(
        context,
        "vms/diskattachments",
        defaults.default_attrs("vms/diskattachments"),
        sent,
        skip=("disk", "vm"),
    )
    attrs.update(disk=ref(disk.id), vm=ref(vm.id))
    return context.world.add("vms/diskattachments", disk.id, attrs, parent=vm)


def _master_domain(context: RequestContext, vm: Entity) -> Entity | None:
    cluster = context.world.find("clusters", vm.ref("cluster"))
    center = context.world.find("datacenters", cluster.ref("data_center")) if cluster else None
    domains = context.world.children(center, "storagedomains") if center else []
    return next((item.base for item in domains if item.base is not None and item.base.flag("master")), None)


@edit("vms/diskattachments")
def edit_attachment(context: RequestContext, attachment: Entity, sent: Tree) -> None:
    """Change how a VM has a disk, and the disk if it is described."""
    attrs = merged(context, "vms/diskattachments", attachment.attrs, sent, skip=("disk", "vm"))
    context.world.update(attachment, attrs)
    disk = context.world.find("disks", attachment.id)
    described = {name: value for name, value in (sent.get("disk") or {}).items() if name != "@id"}
    if disk is not None and described:
        edit_disk(context, disk, described)


@remove("vms/diskattachments")
def detach_disk(context: RequestContext, attachment: Entity) -> None:
    """Take a disk from a VM; the disk stays unless `detach_only=false`."""
    context.world.remove(attachment)
    if context.request.param("detach_only") == "false":
        disk = context.world.find("disks", attachment.id)
        if disk is not None:
            context.world.remove(disk)


# -- snapshots


@create("vms/snapshots")
def add_snapshot(context: RequestContext, vm: Entity | None, sent: Tree) -> Entity:
    """A snapshot: the VM is locked while it is made."""
    if vm is None:
        raise EngineFault(404, in_action=False)
    world = context.world
    if any(item.text("snapshot_status") == "locked" for item in world.children(vm, "snapshots")):
        raise refuse("SNAPSHOT_RUNNING", language=context.language, vm=vm.name)
    description = text_at(sent, "description")
    attrs: Tree = {
        "description": description,
        "date": world.clock.stamp(),
        "persist_memorystate": text_at(sent, "persist_memorystate", "true"),
        "snapshot_status": "locked",
        "snapshot_type": "regular",
        "vm": ref(vm.id),
    }
    snapshot = world.add("vms/snapshots", world.new_id(), attrs, parent=vm)
    job = context.jobs.start(
        f"Creating VM Snapshot {description} for VM {vm.name}",
        owner=context.caller.user,
        correlation_id=context.correlation_id,
    )
    context.jobs.step(job, "Validating", "validating", status="finished")
    context.jobs.step(job, "Executing", "executing")
    say(context, 45, vm, snapshot=description, vm=vm.name)
    seconds = float(vm.lab.get("snapshot_s", 10.0))

    def made() -> None:
        world.set(snapshot, "snapshot_status", "ok")
        context.jobs.end(job)
        context.events.write(68, vm, correlation_id=context.correlation_id, snapshot=description, vm=vm.name)

    world.agenda.after(seconds, made, f"snapshot of {vm.name}")
    return snapshot


@remove("vms/snapshots")
def remove_snapshot(context: RequestContext, snapshot: Entity) -> None:
    """Remove a snapshot."""
    context.world.remove(snapshot)
