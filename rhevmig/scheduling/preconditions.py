"""Validations of the VM that precede scheduling: obstacles that apply to every host."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rhevmig.inventory import Inventory, Vm
from rhevmig.inventory.models.vm import UNMANAGED_ORIGINS
from rhevmig.scheduling.requirements import is_pass_through
from rhevmig.scheduling.verdicts import READ_ALL, Allowed, Obstacle
from rhevmig.terms import Affinity, HostStatus, VmStatus

#: Status of VMs whose migration the engine accepts.
MIGRATABLE_STATUS = frozenset(
    {VmStatus.UP, VmStatus.POWERING_UP, VmStatus.PAUSED, VmStatus.REBOOT_IN_PROGRESS}
)
_STATUS_REMEDIES: dict[str, str] = {
    VmStatus.MIGRATING: "Wait until the migration has ended.",
    VmStatus.NOT_RESPONDING: "Check its host: QEMU does not respond there.",
    VmStatus.UNKNOWN: "Check its host: it does not respond.",
    VmStatus.IMAGE_LOCKED: "Wait until the operation on its disks has ended.",
}
_LOST_HOST = frozenset({HostStatus.NON_RESPONSIVE, HostStatus.CONNECTING, HostStatus.DOWN})


def vm_obstacles(inventory: Inventory, vm: Vm) -> tuple[Obstacle, ...]:
    """Obstacles of a VM in the order in which the engine validates.

    A running backup and a plugged disk snapshot also refuse a migration; an inventory does not hold them.
    """
    return tuple(obstacle for each in _VALIDATIONS for obstacle in each(inventory, vm))


def _no(code: str, sentence: str, remedy: str, *, force_helps: bool = False, **evidence: str) -> Obstacle:
    shown = {name.replace("_", " "): value for name, value in evidence.items()}
    return Obstacle(
        code=code,
        allowed=Allowed.NO,
        sentence=sentence,
        remedy=remedy,
        force_helps=force_helps,
        evidence=shown,
    )


def _unobserved(sentence: str, **evidence: str) -> Obstacle:
    return Obstacle(
        code="unobserved",
        allowed=Allowed.UNKNOWN,
        sentence=sentence,
        remedy=READ_ALL,
        evidence=evidence,
    )


def _unmanaged(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    """Engine: VmActionByVmOriginTypeValidator refuses all actions on VMs of other origin."""
    if vm.origin in UNMANAGED_ORIGINS:
        remedy = (
            "Migrate it with the tool that manages it; maintenance of its host passes over it, "
            "and it keeps running there until the host reboots."
        )
        yield _no("unmanaged", "the engine does not manage it", remedy, origin=vm.origin or "")


def _scsi_reservation(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    reserved = [
        d.disk_id for d in vm.disk_attachments or () if d.uses_scsi_reservation and d.active is not False
    ]
    if reserved:
        remedy = "Deactivate the disk for the migration, or plan downtime."
        yield _no("scsi_reservation", "it uses SCSI reservations", remedy, disks=", ".join(reserved))


def _affinity(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.affinity is None:
        yield _unobserved("its placement policy could not be read")
    elif vm.affinity == Affinity.PINNED:
        remedy = "Set its placement policy to migratable, or plan its shutdown."
        yield _no("pinned", "it is pinned to its host", remedy, placement_policy=vm.affinity)
    elif vm.affinity == Affinity.USER_MIGRATABLE:
        remedy = "Migrate it with force; maintenance that a user requests moves it as well."
        yield _no(
            "user_migratable",
            "only manual migration is allowed",
            remedy,
            force_helps=True,
            placement_policy=vm.affinity,
        )


def _status(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.status == VmStatus.PAUSED and (vm.status_detail or "").lower() == "eio":
        remedy = "Repair its storage and resume it; until then it blocks the evacuation of its host."
        yield _no("io_error", "it is paused by an I/O error", remedy, status=vm.status, detail="eio")
    elif vm.status not in MIGRATABLE_STATUS:
        code = "migrating" if vm.status == VmStatus.MIGRATING else "status"
        remedy = _STATUS_REMEDIES.get(vm.status, "Only a running VM can be migrated.")
        yield _no(code, f"it is {vm.status}", remedy, status=vm.status)


def _source_host(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    host = inventory.find_host(vm.host_id)
    if vm.is_running and host is not None and host.status in _LOST_HOST:
        remedy = "Bring the host back, or confirm that it was rebooted."
        sentence = f"its host {host.name} is {host.status}"
        yield _no("source_host", sentence, remedy, host=host.name, status=host.status)


def _pass_through(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    stuck = []
    for nic in vm.nics or ():
        profile = inventory.find_vnic_profile(nic.vnic_profile_id)
        if nic.plugged is False or profile is None:
            continue
        if is_pass_through(nic, profile) and not profile.migratable:
            stuck.append(nic.name)
    if stuck:
        names = ", ".join(stuck)
        sentence = f"its pass-through NIC {names} is not migratable"
        remedy = "Mark the vNIC profile as migratable, or unplug the NIC for the migration."
        yield _no("pass_through_nic", sentence, remedy, nics=names)


def _host_devices(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.host_devices:
        names = ", ".join(sorted(device.name for device in vm.host_devices))
        remedy = "Detach the devices while it is down; the filter HostDevice leaves no other host."
        yield _no("host_device", f"it has devices of its host: {names}", remedy, devices=names)


def _disks(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    disks = [inventory.find_disk(a.disk_id) for a in vm.disk_attachments or () if a.active is not False]
    remedies = {
        "locked": "Wait until the operation on the disk (snapshot, copy, backup) has ended.",
        "illegal": "Repair the image.",
    }
    for status, remedy in remedies.items():
        names = ", ".join(disk.name for disk in disks if disk is not None and disk.status == status)
        if names:
            yield _no(f"{status}_disk", f"its disk {names} is {status}", remedy, disks=names)


def _alone(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    cluster = inventory.find_cluster(vm.cluster_id)
    if cluster is None or not vm.is_running:
        return
    hosts = inventory.hosts_of(cluster)
    if len(hosts) > 1 or any(host.id != vm.host_id for host in hosts):
        return
    if any(unseen.kind == "host" and unseen.what == "all" for unseen in inventory.unobserved):
        yield _unobserved(f"the hosts of cluster {cluster.name} could not be read", missing="hosts")
    else:
        sentence = f"its cluster {cluster.name} has no other host"
        yield _no("no_other_host", sentence, "Add a host to the cluster.", cluster=cluster.name)


def _unread(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    parts = {"NICs": vm.nics, "disks": vm.disk_attachments, "host devices": vm.host_devices}
    missing = ", ".join(name for name, value in parts.items() if value is None)
    if missing:
        yield _unobserved(f"its {missing} could not be read", missing=missing)


_VALIDATIONS: tuple[Callable[[Inventory, Vm], Iterator[Obstacle]], ...] = (
    _unmanaged,
    _scsi_reservation,
    _affinity,
    _status,
    _source_host,
    _pass_through,
    _host_devices,
    _disks,
    _alone,
    _unread,
)
