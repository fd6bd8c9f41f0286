"""Storage: domains, where they are attached, how they are reached, and the disks on them."""

from __future__ import annotations

import msgspec


class StorageDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A storage domain (`storage_domain`); its status is shown per data center only."""

    id: str
    name: str
    #: `data`, `iso`, `export`, `image`, …
    type: str | None = None
    #: `nfs`, `iscsi`, `fcp`, `localfs`, `posixfs`, `glusterfs`, …
    storage_type: str | None = None
    #: Address of the file server.
    address: str | None = None
    path: str | None = None
    #: `v3`, `v4`, `v4_1`, `v4_2`, `auto`.
    nfs_version: str | None = None
    #: Tenths of a second.
    nfs_timeo: int | None = None
    nfs_retrans: int | None = None
    mount_options: str | None = None
    #: File system of a POSIX domain.
    vfs_type: str | None = None
    #: LUNs of a block domain.
    lun_ids: tuple[str, ...] = ()
    #: Addresses of the iSCSI portals of its LUNs.
    lun_addresses: tuple[str, ...] = ()
    #: `v1` … `v5`.
    storage_format: str | None = None
    #: Whether it is the master of its data center.
    master: bool | None = None
    #: `unattached`, else None: see `StorageDomainAttachment`.
    status: str | None = None
    #: Set by an external monitor.
    external_status: str | None = None
    #: In steps of a GiB; None while unknown.
    available_bytes: int | None = None
    used_bytes: int | None = None
    #: Bytes promised to disks.
    committed_bytes: int | None = None
    #: Free space in percent under which the engine warns.
    warning_low_space_percent: int | None = None
    #: Free space in GB under which the engine blocks growth.
    critical_space_gb: int | None = None
    block_size_bytes: int | None = None
    #: Whether it is for backup.
    backup: bool | None = None
    supports_discard: bool | None = None
    data_center_ids: tuple[str, ...] = ()
    #: None where they could not be read.
    connection_ids: tuple[str, ...] | None = None
    description: str | None = None
    comment: str | None = None


class StorageDomainAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A storage domain in a data center (`datacenters/{id}/storagedomains`)."""

    data_center_id: str
    storage_domain_id: str
    #: `active`, `inactive`, `maintenance`, `unknown`, `mixed`, `locked`, …
    status: str | None = None


class StorageConnection(msgspec.Struct, frozen=True, kw_only=True):
    """How hosts reach storage (`storage_connection`); passwords are never kept."""

    id: str
    #: `nfs`, `iscsi`, `fcp`, …
    type: str | None = None
    #: As set: a name or an address.
    address: str | None = None
    path: str | None = None
    port: int | None = None
    #: iSCSI qualified name.
    target: str | None = None
    nfs_version: str | None = None
    #: Tenths of a second.
    nfs_timeo: int | None = None
    nfs_retrans: int | None = None
    mount_options: str | None = None
    #: File system of a POSIX connection.
    vfs_type: str | None = None


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A disk (`disk`); the attachments of a VM name the disks that it has."""

    id: str
    name: str
    #: `ok`, `locked`, `illegal`; None for LUN disks.
    status: str | None = None
    #: `image`, `lun`, `managed_block_storage`, `cinder`.
    storage_type: str | None = None
    storage_domain_ids: tuple[str, ...] = ()
    #: Size that the guest sees.
    provisioned_size_bytes: int | None = None
    #: Size on storage.
    actual_size_bytes: int | None = None
    #: Size on storage with all snapshots.
    total_size_bytes: int | None = None
    #: `cow` or `raw`.
    format: str | None = None
    #: Whether it is thinly provisioned.
    sparse: bool | None = None
    #: `data`, `iso`, `ovf_store`, …
    content_type: str | None = None
    #: Whether several VMs may have it at once.
    shareable: bool | None = None
    #: `incremental` or `none`.
    backup: str | None = None
    #: LUN of a direct LUN disk.
    lun_id: str | None = None
    description: str | None = None
