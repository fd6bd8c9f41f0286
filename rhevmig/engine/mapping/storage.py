"""Storage domains, connections and disks. Passwords that the engine may send are never kept."""

from __future__ import annotations

from typing import Any

from rhevmig.engine.mapping.values import ids, needed, ref, word
from rhevmig.inventory import Disk, StorageConnection, StorageDomain, StorageDomainAttachment


def storage_domain_of(item: Any, seen: frozenset[str]) -> StorageDomain:
    """A storage domain; its status in a data center is told there only."""
    return StorageDomain(
        id=needed(item.id, kind="storage domain", id=item.id, field="id"),
        name=needed(item.name, kind="storage domain", id=item.id, field="name"),
        type=word(item.type),
        storage_format=word(item.storage_format),
        master=item.master,
        status=word(item.status),
        external_status=word(item.external_status),
        available_bytes=item.available,
        used_bytes=item.used,
        committed_bytes=item.committed,
        warning_low_space_percent=item.warning_low_space_indicator,
        critical_space_gb=item.critical_space_action_blocker,
        block_size_bytes=item.block_size,
        backup=item.backup,
        discard_after_delete=item.discard_after_delete,
        supports_discard=item.supports_discard,
        supports_discard_zeroes_data=item.supports_discard_zeroes_data,
        wipe_after_delete=item.wipe_after_delete,
        data_center_ids=ids(item.data_centers) or ids([item.data_center] if item.data_center else None),
        connection_ids=ids(item.storage_connections) if "storageconnections" in seen else None,
        description=item.description,
        comment=item.comment,
        **_storage(item.storage),
    )


def _storage(storage: Any) -> dict[str, Any]:
    if storage is None:
        return {}
    units = list(storage.logical_units or ())
    if storage.volume_group is not None:
        units += storage.volume_group.logical_units or ()
    return {
        "storage_type": word(storage.type),
        "address": storage.address,
        "path": storage.path,
        "nfs_version": word(storage.nfs_version),
        "nfs_timeo": storage.nfs_timeo,
        "nfs_retrans": storage.nfs_retrans,
        "mount_options": storage.mount_options,
        "vfs_type": storage.vfs_type,
        "lun_ids": ids(units),
        "lun_addresses": tuple(sorted({unit.address for unit in units if unit.address})),
    }


def attachments_of(data_center: Any) -> tuple[StorageDomainAttachment, ...]:
    """The storage domains of a data center with their status there."""
    return tuple(
        StorageDomainAttachment(
            data_center_id=data_center.id,
            storage_domain_id=needed(one.id, kind="storage domain", id=one.id, field="id"),
            status=word(one.status),
        )
        for one in data_center.storage_domains or ()
    )


def storage_connection_of(item: Any) -> StorageConnection:
    """A way to storage."""
    return StorageConnection(
        id=needed(item.id, kind="storage connection", id=item.id, field="id"),
        type=word(item.type),
        address=item.address,
        path=item.path,
        port=item.port,
        target=item.target,
        nfs_version=word(item.nfs_version),
        nfs_timeo=item.nfs_timeo,
        nfs_retrans=item.nfs_retrans,
        mount_options=item.mount_options,
        vfs_type=item.vfs_type,
    )


def disk_of(item: Any) -> Disk:
    """A disk."""
    units = item.lun_storage.logical_units if item.lun_storage else None
    return Disk(
        id=needed(item.id, kind="disk", id=item.id, field="id"),
        name=needed(item.name or item.alias, kind="disk", id=item.id, field="name"),
        status=word(item.status),
        storage_type=word(item.storage_type),
        storage_domain_ids=ids(item.storage_domains),
        provisioned_size_bytes=item.provisioned_size,
        actual_size_bytes=item.actual_size,
        total_size_bytes=item.total_size,
        format=word(item.format),
        sparse=item.sparse,
        content_type=word(item.content_type),
        shareable=item.shareable,
        backup=word(item.backup),
        lun_id=units[0].id if units else None,
        propagate_errors=item.propagate_errors,
        wipe_after_delete=item.wipe_after_delete,
        image_id=item.image_id,
        disk_profile_id=ref(item.disk_profile),
        quota_id=ref(item.quota),
        qcow_version=word(item.qcow_version),
        description=item.description,
    )
