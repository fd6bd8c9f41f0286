"""What the engine validates before it schedules: obstacles of the VM itself, whatever the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rhevmig.inventory import Inventory, Vm
from rhevmig.scheduling.verdicts import Allowed, Obstacle
from rhevmig.terms import Affinity, HostStatus, VmStatus

#: Status words with which the engine takes a migration.
MIGRATABLE_STATUS = frozenset(
    {VmStatus.UP, VmStatus.POWERING_UP, VmStatus.PAUSED, VmStatus.REBOOT_IN_PROGRESS}
)
STATUS_REMEDIES: dict[str, str] = {
    VmStatus.MIGRATING: "Wait until it has arrived.",
    VmStatus.NOT_RESPONDING: "See to its host; QEMU does not answer there.",
    VmStatus.UNKNOWN: "See to its host; it does not answer.",
    VmStatus.IMAGE_LOCKED: "Wait for the operation on its disks.",
}
LOST_HOST = frozenset({HostStatus.NON_RESPONSIVE, HostStatus.CONNECTING, HostStatus.DOWN})


def vm_obstacles(inventory: Inventory, vm: Vm) -> tuple[Obstacle, ...]:
    """What keeps a VM from migrating at all, in the order in which the engine validates.

    A running backup and a plugged disk snapshot refuse too, and are not seen in an inventory.
    """
    return tuple(obstacle for each in _VALIDATIONS for obstacle in each(inventory, vm))


def _scsi_reservation(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    reserved = [
        d.disk_id for d in vm.disk_attachments or () if d.uses_scsi_reservation and d.active is not False
    ]
    if reserved:
        yield Obstacle(
            code="scsi_reservation",
            allowed=Allowed.NO,
            sentence="it uses SCSI reservations",
            remedy="Deactivate the disk for the move, or plan downtime.",
            evidence={"disks": ", ".join(reserved)},
        )


def _affinity(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.affinity is None:
        yield Obstacle(
            code="unobserved",
            allowed=Allowed.UNKNOWN,
            sentence="whether it is pinned could not be seen",
            remedy="Read with an account that has ReadOnlyAdmin on the system.",
        )
    elif vm.affinity == Affinity.PINNED:
        yield Obstacle(
            code="pinned",
            allowed=Allowed.NO,
            sentence="it is pinned to its host",
            remedy="Set its placement policy to migratable, or plan its shutdown.",
            evidence={"placement policy": vm.affinity},
        )
    elif vm.affinity == Affinity.USER_MIGRATABLE:
        yield Obstacle(
            code="user_migratable",
            allowed=Allowed.NO,
            sentence="only a person may move it",
            remedy="Migrate with force; maintenance that a person asks for moves it as well.",
            force_helps=True,
            evidence={"placement policy": vm.affinity},
        )


def _status(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.status == VmStatus.PAUSED and (vm.status_detail or "").lower() == "eio":
        yield Obstacle(
            code="io_error",
            allowed=Allowed.NO,
            sentence="it is paused by an I/O error",
            remedy="Repair its storage and resume it; until then it holds back its host's whole evacuation.",
            evidence={"status": vm.status, "detail": "eio"},
        )
    elif vm.status not in MIGRATABLE_STATUS:
        remedy = STATUS_REMEDIES.get(vm.status, "Only a running VM moves.")
        yield Obstacle(
            code="migrating" if vm.status == VmStatus.MIGRATING else "status",
            allowed=Allowed.NO,
            sentence=f"it is {vm.status}",
            remedy=remedy,
            evidence={"status": vm.status},
        )


def _source_host(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    host = inventory.find_host(vm.host_id)
    if vm.is_running and host is not None and host.status in LOST_HOST:
        yield Obstacle(
            code="source_host",
            allowed=Allowed.NO,
            sentence=f"its host {host.name} is {host.status}",
            remedy="Bring the host back, or confirm that it was rebooted.",
            evidence={"host": host.name, "status": host.status},
        )


def _pass_through(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    stuck = []
    for nic in vm.nics or ():
        profile = inventory.find_vnic_profile(nic.vnic_profile_id)
        is_passed = profile is not None and profile.pass_through not in (None, "disabled")
        if nic.plugged is not False and is_passed and profile is not None and not profile.migratable:
            stuck.append(nic.name)
    if stuck:
        yield Obstacle(
            code="pass_through_nic",
            allowed=Allowed.NO,
            sentence=f"its NIC {', '.join(stuck)} is a pass-through NIC that may not migrate",
            remedy="Mark the profile as migratable, or unplug the NIC for the move.",
            evidence={"nics": ", ".join(stuck)},
        )


def _host_devices(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    if vm.host_devices:
        names = ", ".join(sorted(device.name for device in vm.host_devices))
        yield Obstacle(
            code="host_device",
            allowed=Allowed.NO,
            sentence=f"it has devices of its host: {names}",
            remedy="Detach the devices while it is down; the filter HostDevice leaves it no other host.",
            evidence={"devices": names},
        )


def _disks(inventory: Inventory, vm: Vm) -> Iterator[Obstacle]:
    locked, illegal = [], []
    for attachment in vm.disk_attachments or ():
        disk = inventory.find_disk(attachment.disk_id)
        if disk is not None and attachment.active is not False:
            locked.extend([disk.name] if disk.status == "locked" else [])
            illegal.extend([disk.name] if disk.status == "illegal" else [])
    if locked:
        yield Obstacle(
            code="locked_disk",
            allowed=Allowed.NO,
            sentence=f"its disk {', '.join(locked)} is locked",
            remedy="Wait for the operation on the disk (snapshot, copy, backup).",
            evidence={"disks": ", ".join(locked)},
        )
    if illegal:
        yield Obstacle(
            code="illegal_disk",
            allowed=Allowed.NO,
            sentence=f"its disk {', '.join(illegal)} is illegal",
            remedy="Repair the image.",
            evidence={"disks": ", ".join(illegal)},
        )


def _unread(_: Inventory, vm: Vm) -> Iterator[Obstacle]:
    parts = {"NICs": vm.nics, "disks": vm.disk_attachments, "host devices": vm.host_devices}
    missing = [name for name, value in parts.items() if value is None]
    if missing:
        yield Obstacle(
            code="unobserved",
            allowed=Allowed.UNKNOWN,
            sentence=f"its {', '.join(missing)} could not be read",
            remedy="Read with an account that has ReadOnlyAdmin on the system.",
            evidence={"missing": ", ".join(missing)},
        )


_VALIDATIONS: tuple[Callable[[Inventory, Vm], Iterator[Obstacle]], ...] = (
    _scsi_reservation,
    _affinity,
    _status,
    _source_host,
    _pass_through,
    _host_devices,
    _disks,
    _unread,
)
