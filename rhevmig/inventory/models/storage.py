"""Storage: domains, where they are attached, how they are reached, and the disks on them."""

from __future__ import annotations

import msgspec


class StorageDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A storage domain (`storage_domain`); its status is told only per data center."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: `data`, `iso`, `export`, `image`, …
    type: str | None = None
    #: `nfs`, `iscsi`, `fcp`, `localfs`, `posixfs`, `glusterfs`, …
    storage_type: str | None = None
    #: Address of a file server.
    address: str | None = None
    #: Path on it.
    path: str | None = None
    #: `v3`, `v4`, `v4_1`, `v4_2`, `auto`.
    nfs_version: str | None = None
    #: NFS timeout, in tenths of a second.
    nfs_timeo: int | None = None
    #: NFS retransmissions.
    nfs_retrans: int | None = None
    #: Mount options.
    mount_options: str | None = None
    #: File system of a POSIX domain.
    vfs_type: str | None = None
    #: Ids of the LUNs of a block domain.
    lun_ids: tuple[str, ...] = ()
    #: Addresses of the iSCSI portals of its LUNs.
    lun_addresses: tuple[str, ...] = ()
    #: `v1` … `v5`.
    storage_format: str | None = None
    #: Whether it is the master of its data center.
    master: bool | None = None
    #: `unattached`, else None: see `StorageDomainAttachment`.
    status: str | None = None
    #: What an outside monitor reported.
    external_status: str | None = None
    #: Free bytes, in steps of a GiB; None while unknown.
    available_bytes: int | None = None
    #: Used bytes.
    used_bytes: int | None = None
    #: Bytes promised to disks.
    committed_bytes: int | None = None
    #: Free space in percent that is worth a warning.
    warning_low_space_percent: int | None = None
    #: Free space in GB under which nothing may grow.
    critical_space_gb: int | None = None
    #: Block size.
    block_size_bytes: int | None = None
    #: Whether it is for backup.
    backup: bool | None = None
    #: Whether blocks are discarded after deletion.
    discard_after_delete: bool | None = None
    #: Whether discard works.
    supports_discard: bool | None = None
    #: Whether discarded blocks read as zero.
    supports_discard_zeroes_data: bool | None = None
    #: Whether blocks are zeroed after deletion.
    wipe_after_delete: bool | None = None
    #: Data centers that it is attached to.
    data_center_ids: tuple[str, ...] = ()
    #: Connections; None where they could not be read.
    connection_ids: tuple[str, ...] | None = None
    #: Description.
    description: str | None = None
    #: Comment.
    comment: str | None = None


class StorageDomainAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A storage domain in a data center (`datacenters/{id}/storagedomains`)."""

    #: Data center.
    data_center_id: str
    #: Storage domain.
    storage_domain_id: str
    #: `active`, `inactive`, `maintenance`, `unknown`, `mixed`, `locked`, …
    status: str | None = None


class StorageConnection(msgspec.Struct, frozen=True, kw_only=True):
    """How hosts reach storage (`storage_connection`); passwords are never kept."""

    #: Engine id.
    id: str
    #: `nfs`, `iscsi`, `fcp`, …
    type: str | None = None
    #: Address as set: a name or an address.
    address: str | None = None
    #: Path.
    path: str | None = None
    #: Port.
    port: int | None = None
    #: iSCSI target.
    target: str | None = None
    #: NFS version.
    nfs_version: str | None = None
    #: NFS timeout, in tenths of a second.
    nfs_timeo: int | None = None
    #: NFS retransmissions.
    nfs_retrans: int | None = None
    #: Mount options.
    mount_options: str | None = None
    #: File system of a POSIX connection.
    vfs_type: str | None = None


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """A disk (`disk`); which VM has it is told by the VM's attachments."""

    #: Engine id.
    id: str
    #: Name.
    name: str
    #: `ok`, `locked`, `illegal`; None for LUN disks.
    status: str | None = None
    #: `image`, `lun`, `managed_block_storage`, `cinder`.
    storage_type: str | None = None
    #: Storage domains that it lies on.
    storage_domain_ids: tuple[str, ...] = ()
    #: Size that the guest sees.
    provisioned_size_bytes: int | None = None
    #: Size on storage.
    actual_size_bytes: int | None = None
    #: Size with all snapshots.
    total_size_bytes: int | None = None
    #: `cow` or `raw`.
    format: str | None = None
    #: Whether it grows.
    sparse: bool | None = None
    #: `data`, `iso`, `ovf_store`, …
    content_type: str | None = None
    #: Whether several VMs may have it at once.
    shareable: bool | None = None
    #: `incremental` or `none`.
    backup: str | None = None
    #: LUN of a direct LUN disk.
    lun_id: str | None = None
    #: Whether the guest is told of errors.
    propagate_errors: bool | None = None
    #: Whether blocks are zeroed after deletion.
    wipe_after_delete: bool | None = None
    #: Image.
    image_id: str | None = None
    #: Disk profile.
    disk_profile_id: str | None = None
    #: Quota.
    quota_id: str | None = None
    #: qcow2 compatibility version.
    qcow_version: str | None = None
    #: Description.
    description: str | None = None
