"""Storage: live migration needs storage that every host of the data center reaches."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.checks.finding import Evidence, Finding, Severity
from rhevmig.checks.registry import Check, register
from rhevmig.checks.scopes import READ_ALL, data_center_scope, help_for, vm_scope
from rhevmig.inventory import Cluster, Disk, Inventory, Vm
from rhevmig.policy import Policy

STO_001 = Check(
    id="STO-001",
    title="The data center has shared storage",
    area="storage",
    severity=Severity.BLOCKER,
    needs=("data_center.local", "storage_domain.storage.type"),
)
STO_002 = Check(
    id="STO-002",
    title="Every disk of the VM lies on active, shared storage",
    area="storage",
    severity=Severity.BLOCKER,
    needs=("vm.diskattachments", "disk.storage_domains", "datacenters/{id}/storagedomains.status"),
)


@register(STO_001)
def _shared(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for data_center in inventory.data_centers:
        scope = data_center_scope(data_center)
        local_domains = [
            domain.name
            for domain in inventory.storage_domains
            if domain.storage_type == "localfs" and data_center.id in domain.data_center_ids
        ]
        declared = {None: "–", True: "local", False: "shared"}[data_center.local]
        row = Evidence(name="storage type of the data center", observed=declared, expected="shared")
        if data_center.local or local_domains:
            rows = [Evidence(name="local domain", observed=name) for name in local_domains]
            yield STO_001.failed(
                scope,
                "its storage is local to one host: no VM can move",
                row,
                *rows,
                remedy="Move the VMs to a data center with shared storage (NFS, iSCSI, FC).",
            )
        elif data_center.local is None:
            yield STO_001.unknown(
                scope,
                "whether its storage is shared could not be seen",
                row,
                missing="data_center.local",
                remedy=help_for(inventory, "data_center", "local"),
            )
        else:
            yield STO_001.passed(scope, "its storage is shared", row)


@register(STO_002)
def _disks(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    kinds = {domain.id: domain.storage_type for domain in inventory.storage_domains}
    judged: dict[tuple[str | None, tuple[str, ...]], Evidence | None] = {}
    for vm in inventory.vms:
        yield _disks_of(inventory, vm, kinds, judged)


def _disks_of(
    inventory: Inventory,
    vm: Vm,
    kinds: dict[str, str | None],
    judged: dict[tuple[str | None, tuple[str, ...]], Evidence | None],
) -> Finding:
    cluster = inventory.find_cluster(vm.cluster_id)
    scope = vm_scope(vm, cluster)
    if vm.disk_attachments is None:
        return STO_002.unknown(
            scope,
            "its disks could not be read",
            missing="vm.diskattachments",
            remedy=help_for(inventory, "vm", "diskattachments", id=vm.id),
        )
    active = [a.disk_id for a in vm.disk_attachments if a.active is not False]
    if not active:
        return STO_002.not_applicable(scope, "it has no plugged disk")
    bad: list[Evidence] = []
    unseen: list[Evidence] = []
    for disk_id in active:
        disk = inventory.find_disk(disk_id)
        if disk is None or disk.storage_type not in (None, "image") or not disk.storage_domain_ids:
            unseen.append(_unjudged(disk, disk_id))
            continue
        key = (cluster.data_center_id if cluster else None, disk.storage_domain_ids)
        if key not in judged:
            judged[key] = _domains(inventory, cluster, disk, kinds)
        problem = judged[key]
        if problem is not None:
            (unseen if problem.observed.startswith("–") else bad).append(problem)
    if bad:
        return STO_002.failed(
            scope,
            "a disk lies where the destination cannot open it",
            *bad,
            *unseen,
            remedy="Activate the storage domain, or move the disk to an active shared one.",
        )
    if unseen:
        return STO_002.unknown(
            scope,
            "for a disk it could not be seen whether every host reaches it",
            *unseen,
            missing="where the disk lies, or which hosts see its LUN",
            remedy=f"{READ_ALL} Whether every host sees a direct LUN is told by hosts/{{id}}/storage.",
        )
    return STO_002.passed(
        scope, f"{len(active)} disk{'s' if len(active) > 1 else ''} on active shared storage"
    )


def _unjudged(disk: Disk | None, disk_id: str) -> Evidence:
    if disk is None:
        return Evidence(name=f"disk {disk_id}", observed="– (not seen)", expected="on an active domain")
    kind = disk.storage_type or "unknown"
    return Evidence(
        name=f"disk {disk.name}", observed=f"– ({kind}, on no domain)", expected="seen by every host"
    )


def _domains(
    inventory: Inventory, cluster: Cluster | None, disk: Disk, kinds: dict[str, str | None]
) -> Evidence | None:
    """What is wrong with the domains that a disk lies on; None where nothing is."""
    for domain_id in disk.storage_domain_ids:
        domain = inventory.find_storage_domain(domain_id)
        name = f"domain {domain.name if domain else domain_id}"
        status = inventory.storage_status(cluster.data_center_id if cluster else None, domain_id)
        if kinds.get(domain_id) == "localfs":
            return Evidence(name=name, observed="local to one host", expected="shared")
        if status is None:
            return Evidence(name=name, observed="– (status not seen)", expected="active")
        if status != "active":
            return Evidence(name=name, observed=status, expected="active")
    return None
