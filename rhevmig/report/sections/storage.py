"""Storage as it is: domains and their status per data center, connections, space."""

from __future__ import annotations

from rhevmig.inventory import StorageConnection, StorageDomain
from rhevmig.report.context import Material
from rhevmig.report.document import Bar, Bars, Cell, CellValue, Column, Figure, Prose, Section, Table, Tone
from rhevmig.report.tables import columns, count, joined, size, status, yes_no

_WARN_USED_PERCENT = 90


def storage_section(material: Material) -> Section:
    """Storage domains, their space, their connections."""
    return Section(
        id="storage",
        title="Storage",
        blocks=(
            Prose(
                text="Live migration moves memory, not disks: source and destination must both reach every "
                "storage "
                "domain of a VM. A domain's status is told per data center, never by the domain itself."
            ),
            _domains(material),
            _space(material),
            _connections(material),
            _iscsi_bonds(material),
        ),
    )


def _domains(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for domain in material.storage_domains:
        places = domain.data_center_ids or (None,)
        for data_center_id in places:
            found = material.inventory.storage_status(data_center_id, domain.id) or domain.status
            rows.append(
                (
                    domain.name,
                    material.data_center_name(data_center_id),
                    status(found),
                    domain.type,
                    domain.storage_type,
                    _place(domain),
                    _options(domain),
                    domain.storage_format,
                    yes_no(domain.master),
                    count(len(_disks(material, domain))),
                    domain.id,
                )
            )
    return Table(
        id="storage-domains",
        caption="Storage domains",
        columns=columns(
            "name=Domain", "data_center=Data center", "status=Status", "type=Type", "storage=Reached by",
            "place=Address", "options=Options", "format=Format", "master=Master", "#disks=Disks", "@id=Id",
        ),
        rows=tuple(rows),
        pointer=material.pointer("storage_domains"),
    )  # fmt: skip


def _disks(material: Material, domain: StorageDomain) -> list[str]:
    return [disk.id for disk in material.inventory.disks if domain.id in disk.storage_domain_ids]


def _place(domain: StorageDomain) -> str | None:
    if domain.lun_addresses:
        return ", ".join(domain.lun_addresses)
    if domain.address is None:
        return domain.path
    return f"{domain.address}:{domain.path or ''}"


def _options(item: StorageDomain | StorageConnection) -> str:
    said = []
    if item.nfs_version:
        said.append(f"NFS {item.nfs_version.lstrip('v').replace('_', '.')}")
    if item.nfs_timeo is not None:
        said.append(f"timeo {item.nfs_timeo} (tenths of a second)")
    if item.nfs_retrans is not None:
        said.append(f"retrans {item.nfs_retrans}")
    if item.vfs_type:
        said.append(item.vfs_type)
    if item.mount_options:
        said.append(item.mount_options)
    return ", ".join(said) or "defaults"


def _space(material: Material) -> Figure:
    shown = [_space_of(domain) for domain in material.storage_domains]
    table = Table(
        id="storage-space",
        caption="Space of the storage domains",
        columns=(
            *columns("name=Domain", "#used=Used", "#free=Free", "#used_percent=Used, %"),
            Column(name="promised", title="Promised to disks", is_figure=True),
            *columns("#promised_percent=Promised, % of all", "warning=Warns below", "critical=Blocks below"),
        ),
        rows=tuple(row for row, _ in shown),
        pointer=material.pointer("storage_domains"),
    )
    return Figure(
        id="figure-storage-space",
        caption="Space in use",
        drawing=Bars(
            bars=tuple(bar for _, bar in shown),
            axis="used, %",
            line=float(_WARN_USED_PERCENT),
            line_text="engine warns",
        ),
        table=table,
        note="The line is the engine's usual warning at 10 % free; the table has each domain's own.",
    )


def _space_of(domain: StorageDomain) -> tuple[tuple[CellValue, ...], Bar]:
    free, used, promised = domain.available_bytes, domain.used_bytes, domain.committed_bytes
    whole = None if free is None or used is None else free + used
    percent = None if not whole or used is None else 100 * used / whole
    warning = 100 - (domain.warning_low_space_percent or 100 - _WARN_USED_PERCENT)
    tone = Tone.UNKNOWN if percent is None else Tone.BAD if percent >= warning else Tone.GOOD
    row: tuple[CellValue, ...] = (
        domain.name,
        size(used),
        size(free),
        None if percent is None else Cell(text=f"{percent:.1f}", tone=tone),
        size(promised),
        None if promised is None or not whole else f"{100 * promised / whole:.1f}",
        None if domain.warning_low_space_percent is None else f"{domain.warning_low_space_percent} % free",
        None if domain.critical_space_gb is None else f"{domain.critical_space_gb} GB free",
    )
    text = "not known" if percent is None else f"{percent:.1f} % · {size(free)} free"
    return row, Bar(label=domain.name, value=percent, text=text, tone=tone)


def _connections(material: Material) -> Table:
    used: dict[str, list[str]] = {}
    for domain in material.storage_domains:
        for connection_id in domain.connection_ids or ():
            used.setdefault(connection_id, []).append(domain.name)
    ordered = sorted(
        material.inventory.storage_connections, key=lambda c: (c.address or "", c.path or "", c.id)
    )
    return Table(
        id="storage-connections",
        caption="Storage connections (passwords are never read)",
        columns=columns(
            "type=Type", "address=Address", "path=Path or target", "#port=Port", "options=Options",
            "domains=Storage domains", "@id=Id",
        ),
        rows=tuple(
            (
                connection.type,
                connection.address,
                connection.target or connection.path,
                "" if connection.port is None else str(connection.port),
                _options(connection),
                joined(used.get(connection.id), none="") or "",
                connection.id,
            )
            for connection in ordered
        ),
        pointer=material.pointer("storage_connections"),
    )  # fmt: skip


def _iscsi_bonds(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for data_center in material.data_centers:
        if data_center.iscsi_bonds is None:
            rows.append((data_center.name, None, None, None, data_center.id))
        for bond in data_center.iscsi_bonds or ():
            networks = joined(sorted(material.network_name(i) for i in bond.network_ids))
            rows.append(
                (data_center.name, bond.name, networks, count(len(bond.storage_connection_ids)), bond.id)
            )
    return Table(
        id="iscsi-bonds",
        caption="iSCSI bonds: networks that carry storage",
        columns=columns(
            "data_center=Data center", "name=Bond", "networks=Networks", "#connections=Connections", "@id=Id"
        ),
        rows=tuple(rows),
        empty="No data center has an iSCSI bond, so the engine itself names no storage network.",
        pointer=material.pointer("data_centers"),
    )
