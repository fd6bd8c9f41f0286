"""Checks of storage: every host of the data center has to reach the disks of a VM."""

from __future__ import annotations

from rhevmig.checks.finding import Finding, ObservedValue, Severity
from rhevmig.checks.registry import Check, Subject, each_data_center, each_vm, seen
from rhevmig.inventory import DataCenter, Disk, Inventory, Vm
from rhevmig.policy import Policy
from rhevmig.scheduling import READ_ALL

STO_001 = Check(
    id="STO-001",
    title="The data center has shared storage",
    area="storage",
    severity=Severity.BLOCKER,
    needs=("data_center.local", "storage_domain.storage.type"),
)
STO_002 = Check(
    id="STO-002",
    title="Every disk of the VM is on active, shared storage",
    area="storage",
    severity=Severity.BLOCKER,
    needs=("vm.diskattachments", "disk.storage_domains", "datacenters/{id}/storagedomains.status"),
)


@each_data_center(STO_001)
def _shared(on: Subject, data_center: DataCenter, _: Policy) -> Finding:
    local_domains = [
        domain.name
        for domain in on.inventory.storage_domains
        if domain.storage_type == "localfs" and data_center.id in domain.data_center_ids
    ]
    declared = {None: None, True: "local", False: "shared"}[data_center.local]
    row = seen("storage type of the data center", declared, "shared")
    if data_center.local or local_domains:
        return on.failed(
            "its storage is local to one host: no VM can be migrated",
            row,
            *(seen("local domain", name) for name in local_domains),
            remedy="Move the VMs to a data center with shared storage (NFS, iSCSI, FC).",
        )
    if data_center.local is None:
        return on.unread(
            "the storage type could not be read",
            row,
            missing="data_center.local",
            part=("data_center", "local"),
        )
    return on.passed("its storage is shared", row)


@each_vm(STO_002)
def _disks(on: Subject, vm: Vm, _: Policy) -> Finding:
    if vm.disk_attachments is None:
        message = "its disks could not be read"
        return on.unread(message, missing="vm.diskattachments", part=("vm", "diskattachments"))
    active = [a.disk_id for a in vm.disk_attachments if a.active is not False]
    if not active:
        return on.not_applicable("it has no plugged disk")
    bad: list[ObservedValue] = []
    unread: list[ObservedValue] = []
    for disk_id in active:
        problem = _problem(on.inventory, on.scope.data_center_id, disk_id)
        if problem is not None:
            (unread if problem.observed.startswith("–") else bad).append(problem)
    if bad:
        return on.failed(
            "a disk is where the destination cannot open it",
            *bad,
            *unread,
            remedy="Activate the storage domain, or move the disk to an active shared one.",
        )
    if unread:
        return on.unknown(
            "whether every host reaches a disk could not be read",
            *unread,
            missing="domain of the disk, or hosts that see its LUN",
            remedy=f"{READ_ALL} For a direct LUN, compare hosts/{{id}}/storage of all hosts.",
        )
    return on.passed(f"{len(active)} disk{'s' if len(active) > 1 else ''} on active shared storage")


def _problem(inventory: Inventory, data_center_id: str | None, disk_id: str) -> ObservedValue | None:
    """What prevents a host from opening a disk, or is not known about it; None where nothing does."""
    disk = inventory.find_disk(disk_id)
    if disk is None:
        return seen(f"disk {disk_id}", "– (not seen)", "on an active domain")
    if disk.storage_type not in (None, "image") or not disk.storage_domain_ids:
        kind = disk.storage_type or "unknown"
        return seen(f"disk {disk.name}", f"– ({kind}, on no domain)", "seen by every host")
    return inventory.derived(_DomainProblems).problem(data_center_id, disk)


class _DomainProblems:
    """What is wrong with storage domains, found once per data center and set of domains."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._kept: dict[tuple[str | None, tuple[str, ...]], ObservedValue | None] = {}

    def problem(self, data_center_id: str | None, disk: Disk) -> ObservedValue | None:
        key = (data_center_id, disk.storage_domain_ids)
        if key not in self._kept:
            found = (self._of(data_center_id, domain_id) for domain_id in disk.storage_domain_ids)
            self._kept[key] = next((problem for problem in found if problem is not None), None)
        return self._kept[key]

    def _of(self, data_center_id: str | None, domain_id: str) -> ObservedValue | None:
        domain = self._inventory.find_storage_domain(domain_id)
        name = f"domain {domain.name if domain else domain_id}"
        status = self._inventory.storage_status(data_center_id, domain_id)
        if domain is not None and domain.storage_type == "localfs":
            return seen(name, "local to one host", "shared")
        if status is None:
            return seen(name, "– (status not seen)", "active")
        return seen(name, status, "active") if status != "active" else None
