"""The VMs of a scenario with their interfaces and disks."""

from __future__ import annotations

from rhevmig.lab.resources.snapshots import add_active_snapshot
from rhevmig.lab.scenario.build_context import Builder, with_attributes
from rhevmig.lab.scenario.model import DiskEntry, VmEntry, VmNicEntry
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, with_value
from rhevmig.lab.state.clock import stamp
from rhevmig.lab.state.store import Entity

_GIB = 2**30
_RUNNING = frozenset(
    ("up", "powering_up", "paused", "migrating", "reboot_in_progress", "not_responding", "unknown")
)


def add_vms(builder: Builder, entry: VmEntry) -> None:
    """The VMs of an entry."""
    if entry.count is not None and entry.count > 1 and "{n" not in entry.name:
        raise builder.invalid(f"VM {entry.name}: count needs a name with {{n}}")
    cluster = builder.get("clusters", entry.cluster, asked_by=f"VM {entry.name}")
    shared = _shared(builder, entry, cluster)
    for number in range(entry.first, entry.first + (entry.count or 1)):
        _add_vm(builder, entry, cluster, shared, number)


def _shared(builder: Builder, entry: VmEntry, cluster: Entity) -> Tree:
    """The members that all VMs of an entry share."""
    world = builder.world
    memory = int(entry.memory_gib * _GIB)
    guaranteed = int((entry.guaranteed_gib if entry.guaranteed_gib is not None else entry.memory_gib) * _GIB)
    profile = next(iter(world.children(cluster, "cpuprofiles")), None)
    placement: Tree = {"affinity": entry.affinity}
    if entry.pinned_to:
        hosts = [ref(builder.get("hosts", name, asked_by=f"VM {entry.name}").id) for name in entry.pinned_to]
        placement["hosts"] = {"host": hosts}
    attrs: Tree = {
        **defaults.default_attrs("vms"),
        "description": "",
        "comment": "",
        "cpu": {
            "architecture": cluster.text("cpu.architecture", "x86_64"),
            "topology": {
                "cores": str(entry.cores),
                "sockets": str(entry.sockets),
                "threads": str(entry.threads),
            },
        },
        "creation_time": stamp(world.clock.start_s - 30 * 86_400),
        "high_availability": {"enabled": "true" if entry.high_availability else "false", "priority": "1"},
        "memory": str(memory),
        "memory_policy": {
            "ballooning": "true",
            "guaranteed": str(guaranteed),
            "max": str(max(memory * 4, _GIB)),
        },
        "placement_policy": placement,
        "type": entry.type,
        "cluster": ref(cluster.id),
        **({"cpu_profile": ref(profile.id)} if profile else {}),
        "run_once": "false",
        "stop_time": stamp(world.clock.start_s - 30 * 86_400),
    }
    return with_attributes(attrs, entry)


def _add_vm(builder: Builder, entry: VmEntry, cluster: Entity, shared: Tree, number: int) -> None:
    world = builder.world
    name = entry.name.format(n=number)
    attrs = {**shared, "name": name, "status": entry.status}
    if entry.status in _RUNNING:
        host = _host_for(builder, entry, cluster, name)
        attrs |= {
            "fqdn": f"{name}.guest.lab.example",
            "guest_operating_system": defaults.default_attrs("vms#running")["guest_operating_system"],
            "start_time": stamp(world.clock.start_s - 86_400),
            "host": ref(host.id),
        }
        attrs = with_value(attrs, "display.port", "5900")
    vm = builder.add("vms", name, attrs, given=entry.id, scope=f"{cluster.ref('data_center')}/", also=name)
    work = entry.workload
    vm.lab["workload"] = work
    vm.lab["nonzero"] = work.nonzero
    vm.lab["started_s"] = world.clock.start_s - 86_400
    _nics(builder, vm, entry, cluster)
    _disks(builder, vm, entry, cluster)
    add_active_snapshot(world, vm, shared["creation_time"], snapshot_id=world.new_id("snapshot", vm.id))
    for tag_name in entry.tags:
        tag = builder.names.get(("tags", tag_name)) or builder.add(
            "tags", tag_name, {"name": tag_name, "parent": ref(defaults.BLANK_ID)}
        )
        world.add("vms/tags", tag.id, {"description": "", "vm": ref(vm.id)}, parent=vm, base=tag)


def _host_for(builder: Builder, entry: VmEntry, cluster: Entity, name: str) -> Entity:
    wanted = entry.host or (entry.pinned_to[0] if entry.pinned_to else None)
    if wanted is not None:
        host = builder.get("hosts", wanted, asked_by=f"VM {name}")
        if host.ref("cluster") != cluster.id:
            raise builder.invalid(f"VM {name} runs on {wanted}, which is in another cluster")
        return host
    chosen = builder.roomiest(cluster.id, entry.memory_gib)
    if chosen is None:
        raise builder.invalid(f"VM {name}: cluster {cluster.name} has no Up host to run it on")
    return chosen


def _nics(builder: Builder, vm: Entity, entry: VmEntry, cluster: Entity) -> None:
    world = builder.world
    default = [VmNicEntry()]
    for position, nic in enumerate(entry.nics if entry.nics is not None else default, start=1):
        attrs: Tree = {
            **defaults.default_attrs("vms/nics"),
            "name": nic.name or f"nic{position}",
            "interface": nic.interface,
            "mac": {"address": nic.mac or builder.next_mac()},
            "plugged": "true" if nic.plugged else "false",
            "linked": "true" if nic.linked else "false",
            "vm": ref(vm.id),
        }
        if nic.profile is not None:
            scope = f"{cluster.ref('data_center')}/"
            profile = builder.get("vnicprofiles", nic.profile, asked_by=f"VM {vm.name}", scope=scope)
            attrs["vnic_profile"] = ref(profile.id)
        world.add("vms/nics", nic.id or world.new_id("vmnic", f"{vm.id}/{position}"), attrs, parent=vm)


def _disks(builder: Builder, vm: Entity, entry: VmEntry, cluster: Entity) -> None:
    world = builder.world
    default = [DiskEntry()]
    for position, disk in enumerate(entry.disks if entry.disks is not None else default, start=1):
        center = world.find("datacenters", cluster.ref("data_center"))
        if disk.storage is not None:
            domain: Entity | None = builder.get("storagedomains", disk.storage, asked_by=f"VM {vm.name}")
        else:
            domain = world.find("storagedomains", center.lab.get("master_domain")) if center else None
        if domain is None:
            continue
        alias = disk.name or f"{vm.name}_Disk{position}"
        disk_id = disk.id or world.new_id("disk", f"{vm.id}/{position}")
        profile = next(iter(world.children(domain, "diskprofiles")), None)
        size = disk.size_gib * _GIB
        attrs: Tree = {
            **defaults.default_attrs("disks"),
            "name": alias,
            "description": "",
            "actual_size": str(size // 4),
            "alias": alias,
            "image_id": world.new_id("image", disk_id),
            "provisioned_size": str(size),
            "shareable": "true" if disk.shareable else "false",
            "total_size": str(size // 4),
            **({"disk_profile": ref(profile.id)} if profile else {}),
            "storage_domains": {"storage_domain": [ref(domain.id)]},
        }
        if world.find("disks", disk_id) is None:
            world.add("disks", disk_id, attrs)
        attachment: Tree = {
            **defaults.default_attrs("vms/diskattachments"),
            "bootable": "true" if position == 1 else "false",
            "interface": disk.interface,
            "active": "true" if disk.active else "false",
            "read_only": "true" if disk.read_only else "false",
            "uses_scsi_reservation": "true" if disk.uses_scsi_reservation else "false",
            "disk": ref(disk_id),
            "vm": ref(vm.id),
        }
        world.add("vms/diskattachments", disk_id, attachment, parent=vm)
