"""Storage domains, connections and disks. Passwords that the engine may send are never kept."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.conversions import ids_of
from rhevmig.engine.mapping.fields import (
    FieldTable,
    computed,
    followed,
    references,
    same,
    value,
    word,
    words,
)
from rhevmig.inventory import Disk, StorageConnection, StorageDomain, StorageDomainAttachment


def _data_centers(domain: Any) -> tuple[str, ...]:
    return ids_of(domain.data_centers) or ids_of([domain.data_center] if domain.data_center else None)


def _units(storage: Any) -> list[Any]:
    """LUNs, which the engine lists directly or in a volume group."""
    if storage is None:
        return []
    group = storage.volume_group
    return [*(storage.logical_units or ()), *((group.logical_units if group else None) or ())]


def _lun_addresses(storage: Any) -> tuple[str, ...]:
    return tuple(sorted({unit.address for unit in _units(storage) if unit.address}))


def _first_id(units: Any) -> str | None:
    return units[0].id if units else None


#: Without the status in a data center, see `STORAGE_ATTACHMENT`.
STORAGE_DOMAIN = FieldTable(
    StorageDomain,
    "storage domain",
    same("id", "name", "master", "backup", "supports_discard", "description", "comment"),
    words("type", "storage_format", "status", "external_status"),
    storage_type=word("storage.type"),
    address=value("storage.address"),
    path=value("storage.path"),
    nfs_version=word("storage.nfs_version"),
    nfs_timeo=value("storage.nfs_timeo"),
    nfs_retrans=value("storage.nfs_retrans"),
    mount_options=value("storage.mount_options"),
    vfs_type=value("storage.vfs_type"),
    lun_ids=value("storage", lambda storage: ids_of(_units(storage))),
    lun_addresses=value("storage", _lun_addresses),
    available_bytes=value("available"),
    used_bytes=value("used"),
    committed_bytes=value("committed"),
    warning_low_space_percent=value("warning_low_space_indicator"),
    critical_space_gb=value("critical_space_action_blocker"),
    block_size_bytes=value("block_size"),
    data_center_ids=computed(_data_centers),
    connection_ids=followed("storage_connections", references("storage_connections")),
)
#: A domain inside a data center, which gives `data_center_id` (`datacenters?follow=storagedomains`).
STORAGE_ATTACHMENT = FieldTable(
    StorageDomainAttachment, "storage domain", storage_domain_id=value("id"), status=word("status")
)
STORAGE_CONNECTION = FieldTable(
    StorageConnection,
    "storage connection",
    same("id", "address", "path", "port", "target", "nfs_timeo", "nfs_retrans", "mount_options", "vfs_type"),
    words("type", "nfs_version"),
)
DISK = FieldTable(
    Disk,
    "disk",
    same("id", "sparse", "shareable", "description"),
    words("status", "storage_type", "format", "content_type", "backup"),
    name=computed(lambda disk: disk.name or disk.alias),
    storage_domain_ids=references("storage_domains"),
    provisioned_size_bytes=value("provisioned_size"),
    actual_size_bytes=value("actual_size"),
    total_size_bytes=value("total_size"),
    lun_id=value("lun_storage.logical_units", _first_id),
)
