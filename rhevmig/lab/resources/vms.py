"""VMs, their interfaces, disks and snapshots created, edited and removed (recordings `build-vms`, …)."""

from __future__ import annotations

from rhevmig.lab.api.faults import Refused, refuse
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity

_GIB = 2**30
_MIB = 2**20
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


def _template_of(asked: Asked, sent: Tree) -> Entity | None:
    """The template that a body names, unless it is the blank one."""
    named = sent.get("template")
    found = reference(asked, "templates", named) if named else None
    return found if found is not None and found.id != defaults.BLANK_ID else None


def _fill_from(asked: Asked, vm: Entity, template: Entity) -> None:
    """Disks and interfaces as the template has them."""
    world = asked.world
    for attachment in world.children(template, "diskattachments"):
        disk = world.find("disks", attachment.id)
        if disk is not None:
            alias = {"alias": f"{vm.name}_{disk.name}", "name": f"{vm.name}_{disk.name}"}
            copy = world.add("disks", world.new_id(), {**disk.attrs, **alias, "image_id": world.new_id()})
            copied = {**attachment.attrs, "disk": trees.ref(copy.id), "vm": trees.ref(vm.id)}
            copied.pop("template", None)
            world.add("vms/diskattachments", copy.id, copied, parent=vm)
    for nic in world.children(template, "nics"):
        base = {**defaults.default_attrs("vms/nics"), "mac": {"address": _free_mac(asked)}}
        kept = {**base, **nic.attrs, "vm": trees.ref(vm.id)}
        kept.pop("template", None)
        world.add("vms/nics", world.new_id(), kept, parent=vm)


@create("vms")
def add_vm(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A VM from the blank template, or as another one says."""
    if not sent.get("cluster"):
        need("Vm", sent, "cluster.id|name")
    world, name = asked.world, trees.text(sent, "name")
    cluster = reference(asked, "clusters", sent["cluster"])
    need("Vm", sent, "name")
    unique(asked, "vms", name, "VM_NAME_IN_USE")
    template = _template_of(asked, sent)
    told = template.attrs if template is not None else {}
    memory = trees.text(sent, "memory", str(told.get("memory", _GIB)))
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
    attrs = merged(asked, "vms", base, sent, skip=("cluster", "template", "cpu_profile", "host"))
    attrs.update(cluster=trees.ref(cluster.id), status="down")
    if sent.get("lease") and "storage_error_resume_behaviour" not in sent:
        attrs["storage_error_resume_behaviour"] = "kill"
    if profile is not None:
        attrs["cpu_profile"] = trees.ref(profile.id)
    center = world.find("datacenters", cluster.ref("data_center"))
    quota = next(iter(world.children(center, "quotas")), None) if center else None
    if quota is not None:
        attrs["quota"] = trees.ref(quota.id)
    if template is not None:
        attrs.update(template=trees.ref(template.id), original_template=trees.ref(template.id))
    vm = world.add("vms", world.new_id(), attrs)
    if template is not None:
        _fill_from(asked, vm, template)
    snapshot = {
        "description": "Active VM",
        "date": now,
        "persist_memorystate": "false",
        "snapshot_status": "ok",
        "snapshot_type": "active",
    }
    world.add("vms/snapshots", world.new_id(), snapshot, parent=vm)
    job_done(asked, f"Creating VM {name} in Cluster {cluster.name}")
    say(asked, 34, vm, vm=name)
    return vm


@edit("vms")
def edit_vm(asked: Asked, vm: Entity, sent: Tree) -> None:
    """Change a VM; what a running one cannot take over at once waits for its next start."""
    world = asked.world
    if "name" in sent:
        unique(asked, "vms", trees.text(sent, "name"), "VM_EDIT_NAME_IN_USE", besides=vm)
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
    before = vm.number("memory") // _MIB
    attrs = merged(asked, "vms", vm.attrs, sent, skip=skipped)
    if "cluster" in sent and not running:
        attrs["cluster"] = trees.ref(reference(asked, "clusters", sent["cluster"]).id)
    placement = attrs.get("placement_policy")
    if isinstance(placement, dict) and not trees.items_of(placement.get("hosts"), "host"):
        attrs["placement_policy"] = {name: value for name, value in placement.items() if name != "hosts"}
    world.update(vm, attrs)
    after = vm.number("memory") // _MIB
    if running and after != before:
        say(asked, 2039, vm, vm=vm.name, before=before, after=after)
    job_done(asked, f"Editing VM {vm.name} properties")
    say(asked, 35, vm, vm=vm.name)


@remove("vms")
def remove_vm(asked: Asked, vm: Entity) -> None:
    """Remove a VM that is down, with its disks unless asked not to."""
    world = asked.world
    if vm.get("host") is not None or vm.text("status") not in ("down", "suspended"):
        raise refuse("VM_REMOVE_RUNNING", language=asked.language)
    if vm.flag("delete_protected"):
        raise refuse("VM_REMOVE_PROTECTED", language=asked.language)
    if asked.request.param("detach_only") != "true":
        for attachment in world.children(vm, "diskattachments"):
            disk = world.find("disks", attachment.id)
            if disk is not None and not disk.flag("shareable"):
                world.remove(disk)
    for place in ("clusters/affinitygroups", "affinitylabels"):
        for group in world.all(place):
            members = trees.items_of(group.get("vms"), "vm")
            kept = [item for item in members if trees.ref_id(item) != vm.id]
            if len(kept) != len(members):
                world.set(group, "vms", {"vm": kept} if kept else {})
    job_done(asked, f"Removing VM {vm.name} from system")
    world.remove(vm)
    say(asked, 113, vm=vm.name)


# -- interfaces


@create("vms/nics")
def add_nic(asked: Asked, vm: Entity | None, sent: Tree) -> Entity:
    """An interface of a VM."""
    if vm is None:
        raise Refused(404, in_action=False)
    need("Nic", sent, "name")
    world, name = asked.world, trees.text(sent, "name")
    if any(nic.name == name for nic in world.children(vm, "nics")):
        raise refuse("NIC_NAME_IN_USE", language=asked.language)
    base: Tree = {
        **defaults.default_attrs("vms/nics"),
        "mac": {"address": _free_mac(asked)},
        "vm": trees.ref(vm.id),
    }
    attrs = merged(asked, "vms/nics", base, sent, skip=("vm",))
    nic = world.add("vms/nics", world.new_id(), attrs, parent=vm)
    kind = {"virtio": "VirtIO", "e1000": "e1000", "e1000e": "e1000e"}.get(
        nic.text("interface"), nic.text("interface")
    )
    say(asked, 932, vm, nic=name, kind=kind, vm=vm.name)
    if nic.flag("plugged"):
        say(asked, 1012, vm, nic=name, kind=kind, vm=vm.name)
    return nic


def _free_mac(asked: Asked) -> str:
    """The first free address of the pool."""
    taken = {nic.text("mac.address") for nic in asked.world.all("vms/nics")}
    number = 0
    while (mac := f"56:6f:0b:4f:{number >> 8:02x}:{number & 0xFF:02x}") in taken:
        number += 1
    return mac


@edit("vms/nics")
def edit_nic(asked: Asked, nic: Entity, sent: Tree) -> None:
    """Change an interface."""
    asked.world.update(nic, merged(asked, "vms/nics", nic.attrs, sent, skip=("vm",)))


@remove("vms/nics")
def remove_nic(asked: Asked, nic: Entity) -> None:
    """Remove an interface."""
    asked.world.remove(nic)


@act("vms/nics", "activate")
def plug_nic(asked: Asked, nic: Entity, action: Tree) -> Acted:
    """Plug an interface."""
    asked.world.set(nic, "plugged", True)
    return Acted()


@act("vms/nics", "deactivate")
def unplug_nic(asked: Asked, nic: Entity, action: Tree) -> Acted:
    """Unplug an interface."""
    asked.world.set(nic, "plugged", False)
    return Acted()


# -- disks

#: The role that whoever makes a disk gets on it.
DISK_OPERATOR_ID = "def0000a-0000-0000-0000-def00000000b"


def new_disk(asked: Asked, sent: Tree, *, domain: Entity | None) -> Entity:
    """A disk on a storage domain; the domain's figures follow."""
    world = asked.world
    if domain is None:
        raise refuse("DISK_NO_DOMAIN", language=asked.language)
    alias = trees.text(sent, "alias") or trees.text(sent, "name") or "disk"
    size = trees.text(sent, "provisioned_size", "0")
    profile = next(iter(world.children(domain, "diskprofiles")), None)
    actual = size if trees.text(sent, "sparse", "true") == "false" else "200704"
    base: Tree = {
        **defaults.default_attrs("disks"),
        "description": "",
        "actual_size": actual,
        "image_id": world.new_id(),
        "provisioned_size": size,
        "total_size": actual,
    }
    attrs = merged(
        asked, "disks", base, sent, skip=("storage_domains", "storage_domain", "name", "disk_profile")
    )
    attrs.update(name=alias, alias=alias, storage_domains={"storage_domain": [trees.ref(domain.id)]})
    if profile is not None:
        attrs["disk_profile"] = trees.ref(profile.id)
    disk = world.add("disks", world.new_id(), attrs)
    granted = {
        "disk": trees.ref(disk.id),
        "role": trees.ref(DISK_OPERATOR_ID),
        "user": trees.ref(asked.caller.user.id),
    }
    world.add("disks/permissions", world.new_id(), granted, parent=disk)
    world.set(domain, "committed", domain.number("committed") + int(size))
    return disk


def _domain_of(asked: Asked, sent: Tree) -> Entity | None:
    listed = trees.items_of(sent.get("storage_domains"), "storage_domain")
    named = listed[0] if listed else sent.get("storage_domain")
    return reference(asked, "storagedomains", named) if named else None


@create("disks")
def add_disk(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A disk that no VM has yet."""
    disk = new_disk(asked, sent, domain=_domain_of(asked, sent))
    say(asked, 2021, disk=disk.name)
    return disk


@edit("disks")
def edit_disk(asked: Asked, disk: Entity, sent: Tree) -> None:
    """Change a disk."""
    attrs = merged(asked, "disks", disk.attrs, sent, skip=("storage_domains", "storage_domain"))
    name = trees.text(sent, "alias") or trees.text(sent, "name") or disk.name
    asked.world.update(disk, {**attrs, "name": name, "alias": name})


@remove("disks")
def remove_disk(asked: Asked, disk: Entity) -> None:
    """Remove a disk that no running VM has."""
    world = asked.world
    attachments = world.referring("vms/diskattachments", "disk", disk.id)
    if any(item.parent is not None and item.parent.get("host") is not None for item in attachments):
        raise refuse("DISK_IN_USE", language=asked.language)
    for attachment in attachments:
        world.remove(attachment)
    world.remove(disk)


@create("vms/diskattachments")
def attach_disk(asked: Asked, vm: Entity | None, sent: Tree) -> Entity:
    """Give a VM a disk: a new one, or one that exists."""
    if vm is None:
        raise Refused(404, in_action=False)
    need("DiskAttachment", sent, "bootable", "interface")
    described = sent.get("disk") or {}
    if described.get("@id"):
        disk = reference(asked, "disks", described)
    else:
        domain = _domain_of(asked, described) or _master_domain(asked, vm)
        if not described.get("alias") and not described.get("name"):
            number = len(asked.world.children(vm, "diskattachments")) + 1
            described = {**described, "alias": f"{vm.name}_Disk{number}"}
        disk = new_disk(asked, described, domain=domain)
        say(asked, 78, vm, disk=disk.name, vm=vm.name)
        say(asked, 97, vm, disk=disk.name, vm=vm.name)
    attrs = merged(
        asked, "vms/diskattachments", defaults.default_attrs("vms/diskattachments"), sent, skip=("disk", "vm")
    )
    attrs.update(disk=trees.ref(disk.id), vm=trees.ref(vm.id))
    return asked.world.add("vms/diskattachments", disk.id, attrs, parent=vm)


def _master_domain(asked: Asked, vm: Entity) -> Entity | None:
    cluster = asked.world.find("clusters", vm.ref("cluster"))
    center = asked.world.find("datacenters", cluster.ref("data_center")) if cluster else None
    domains = asked.world.children(center, "storagedomains") if center else []
    return next((item.base for item in domains if item.base is not None and item.base.flag("master")), None)


@edit("vms/diskattachments")
def edit_attachment(asked: Asked, attachment: Entity, sent: Tree) -> None:
    """Change how a VM has a disk, and the disk if it is described."""
    attrs = merged(asked, "vms/diskattachments", attachment.attrs, sent, skip=("disk", "vm"))
    asked.world.update(attachment, attrs)
    disk = asked.world.find("disks", attachment.id)
    described = {name: value for name, value in (sent.get("disk") or {}).items() if name != "@id"}
    if disk is not None and described:
        edit_disk(asked, disk, described)


@remove("vms/diskattachments")
def detach_disk(asked: Asked, attachment: Entity) -> None:
    """Take a disk from a VM; the disk stays unless `detach_only=false`."""
    asked.world.remove(attachment)
    if asked.request.param("detach_only") == "false":
        disk = asked.world.find("disks", attachment.id)
        if disk is not None:
            asked.world.remove(disk)


# -- snapshots


@create("vms/snapshots")
def add_snapshot(asked: Asked, vm: Entity | None, sent: Tree) -> Entity:
    """A snapshot: the VM is locked while it is made."""
    if vm is None:
        raise Refused(404, in_action=False)
    world = asked.world
    if any(item.text("snapshot_status") == "locked" for item in world.children(vm, "snapshots")):
        raise refuse("SNAPSHOT_RUNNING", language=asked.language, vm=vm.name)
    description = trees.text(sent, "description")
    attrs: Tree = {
        "description": description,
        "date": world.clock.stamp(),
        "persist_memorystate": trees.text(sent, "persist_memorystate", "true"),
        "snapshot_status": "locked",
        "snapshot_type": "regular",
        "vm": trees.ref(vm.id),
    }
    snapshot = world.add("vms/snapshots", world.new_id(), attrs, parent=vm)
    job = asked.jobs.start(
        f"Creating VM Snapshot {description} for VM {vm.name}",
        owner=asked.caller.user,
        correlation_id=asked.correlation_id,
    )
    asked.jobs.step(job, "Validating", "validating", status="finished")
    asked.jobs.step(job, "Executing", "executing")
    say(asked, 45, vm, snapshot=description, vm=vm.name)
    seconds = float(vm.lab.get("snapshot_s", 10.0))

    def made() -> None:
        world.set(snapshot, "snapshot_status", "ok")
        asked.jobs.end(job)
        asked.events.write(68, vm, correlation_id=asked.correlation_id, snapshot=description, vm=vm.name)

    world.agenda.after(seconds, made, f"snapshot of {vm.name}")
    return snapshot


@remove("vms/snapshots")
def remove_snapshot(asked: Asked, snapshot: Entity) -> None:
    """Remove a snapshot."""
    asked.world.remove(snapshot)
