"""Columns of storage domains in data centers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rhevmig.inventory import DataCenter, Inventory, StorageDomain
from rhevmig.report.tables.table_column import BOOLEAN, BYTES, COUNT, ID, STATUS, TEXT, TableColumn


class StorageRow(NamedTuple):
    """A storage domain in a data center, or (without one) detached."""

    domain: StorageDomain
    data_center: DataCenter | None
    status: str | None
    disks: int


def storage_rows(
    inventory: Inventory, domains: Iterable[StorageDomain] | None = None
) -> Iterator[StorageRow]:
    """One row per storage domain and data center; one without a data center for a detached domain."""
    disks = Counter(domain_id for disk in inventory.disks for domain_id in disk.storage_domain_ids)
    for domain in inventory.storage_domains if domains is None else domains:
        for data_center_id in domain.data_center_ids or (None,):
            yield StorageRow(
                domain=domain,
                data_center=inventory.find_data_center(data_center_id),
                status=inventory.storage_status(data_center_id, domain.id) or domain.status,
                disks=disks[domain.id],
            )


STORAGE: Final[tuple[TableColumn[StorageRow], ...]] = (
    TableColumn("storage_domain", TEXT, lambda r: r.domain.name, "Domain", "name"),
    TableColumn("data_center", TEXT, lambda r: r.data_center and r.data_center.name, "Data center",
                "data center that it is attached to"),
    TableColumn("status", STATUS, lambda r: r.status, "Status",
                "status in that data center: active, maintenance, …"),
    TableColumn("type", TEXT, lambda r: r.domain.type, "Type", "data, iso, export, …"),
    TableColumn("storage_type", TEXT, lambda r: r.domain.storage_type, "Storage type", "nfs, iscsi, fcp, …"),
    TableColumn("address", TEXT, lambda r: r.domain.address, "Server", "file server"),
    TableColumn("path", TEXT, lambda r: r.domain.path, "Path", "path on it"),
    TableColumn("available_bytes", BYTES, lambda r: r.domain.available_bytes, "Free", "free, in whole GiB"),
    TableColumn("used_bytes", BYTES, lambda r: r.domain.used_bytes, "Used", "used"),
    TableColumn("committed_bytes", BYTES, lambda r: r.domain.committed_bytes, "Committed to disks",
                "committed to disks"),
    TableColumn("warning_low_space_percent", COUNT, lambda r: r.domain.warning_low_space_percent,
                "Warning below, % free", "free space below which the engine warns"),
    TableColumn("is_master", BOOLEAN, lambda r: r.domain.master, "Master",
                "whether it is the master of its data center"),
    TableColumn("disks", COUNT, lambda r: r.disks, "Disks", "disks on it"),
    TableColumn("storage_domain_id", ID, lambda r: r.domain.id, "Id", "engine id"),
    TableColumn("data_center_id", ID, lambda r: r.data_center and r.data_center.id, "Data center id",
                "engine id of the data center"),
)  # fmt: skip
