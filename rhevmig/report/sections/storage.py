"""Storage as it is: domains and their status per data center, space, connections."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.inventory import DataCenter, IscsiBond, StorageConnection, StorageDomain
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Bar, Bars, Cell, CellValue, Figure, Section, Table, Tone
from rhevmig.report.prose import prose, sentence
from rhevmig.report.tables.cells import joined, size
from rhevmig.report.tables.storage import STORAGE, storage_rows
from rhevmig.report.tables.table_column import engine_id, figure, table_of, take, text, total

#: Warning of the engine where the domain has no setting (option WarningLowSpaceIndicator: 10 % free).
_ENGINE_WARNS_BELOW_PERCENT_FREE = 10


class _Space(NamedTuple):
    """The space of a domain, in bytes and percent."""

    domain: StorageDomain
    whole: int | None

    def percent(self, part: int | None) -> float | None:
        """A part of the whole."""
        return None if not self.whole or part is None else 100 * part / self.whole

    @property
    def used_percent(self) -> float | None:
        """Used space."""
        return self.percent(self.domain.used_bytes)

    @property
    def tone(self) -> Tone:
        """Bad below the free space at which the engine warns."""
        free = self.domain.warning_low_space_percent or _ENGINE_WARNS_BELOW_PERCENT_FREE
        used = self.used_percent
        return Tone.UNKNOWN if used is None else Tone.BAD if used >= 100 - free else Tone.GOOD


def storage_section(context: ReportContext) -> Section:
    """Storage domains, their space, their connections."""
    return Section(
        id="storage",
        title="Storage",
        blocks=(
            prose("storage"),
            _domains(context),
            _space(context),
            _connections(context),
            _iscsi_bonds(context),
        ),
    )


def _domains(context: ReportContext) -> Table:
    return table_of(
        "storage-domains",
        "Storage domains",
        storage_rows(context.inventory, context.storage_domains),
        (
            take(STORAGE, "storage_domain", "name"),
            take(STORAGE, "data_center", value=lambda r: r.data_center.name if r.data_center else "–"),
            take(STORAGE, "status"),
            take(STORAGE, "type"),
            take(STORAGE, "storage_type", "storage"),
            text("place", "Address", lambda r: _place(r.domain)),
            text("options", "Options", lambda r: _options(r.domain)),
            text("format", "Format", lambda r: r.domain.storage_format),
            take(STORAGE, "is_master", "master"),
            take(STORAGE, "disks"),
            take(STORAGE, "storage_domain_id", "id"),
        ),
        pointer="/inventory/storage_domains",
    )


def _place(domain: StorageDomain) -> str | None:
    if domain.lun_addresses:
        return ", ".join(domain.lun_addresses)
    return domain.path if domain.address is None else f"{domain.address}:{domain.path or ''}"


def _options(item: StorageDomain | StorageConnection) -> str:
    options = []
    if item.nfs_version:
        options.append(f"NFS {item.nfs_version.lstrip('v').replace('_', '.')}")
    if item.nfs_timeo is not None:
        options.append(f"timeo {item.nfs_timeo} (tenths of a second)")
    if item.nfs_retrans is not None:
        options.append(f"retrans {item.nfs_retrans}")
    options.extend(option for option in (item.vfs_type, item.mount_options) if option)
    return ", ".join(options) or "defaults"


def _space(context: ReportContext) -> Figure:
    spaces = [
        _Space(domain, total((domain.available_bytes, domain.used_bytes)))
        for domain in context.storage_domains
    ]
    return Figure(
        id="figure-storage-space",
        caption="Space in use",
        drawing=Bars(
            bars=tuple(_bar(space) for space in spaces),
            axis="used, %",
            line=float(100 - _ENGINE_WARNS_BELOW_PERCENT_FREE),
            line_text="engine warns",
        ),
        table=table_of(
            "storage-space",
            "Space of the storage domains",
            spaces,
            (
                text("name", "Domain", lambda s: s.domain.name),
                figure("used", "Used", lambda s: size(s.domain.used_bytes)),
                figure("free", "Free", lambda s: size(s.domain.available_bytes)),
                figure("used_percent", "Used, %", _used_cell),
                figure("promised", "Committed to disks", lambda s: size(s.domain.committed_bytes)),
                figure(
                    "promised_percent",
                    "Committed, %",
                    lambda s: _percent(s.percent(s.domain.committed_bytes)),
                ),
                text("warning", "Warns below", lambda s: _free(s.domain.warning_low_space_percent, "%")),
                text("critical", "Blocks below", lambda s: _free(s.domain.critical_space_gb, "GB")),
            ),
            pointer="/inventory/storage_domains",
        ),
        note=sentence("storage space"),
    )


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _used_cell(space: _Space) -> Cell | None:
    text_ = _percent(space.used_percent)
    return None if text_ is None else Cell(text=text_, tone=space.tone)


def _free(value: int | None, unit: str) -> str | None:
    return None if value is None else f"{value} {unit} free"


def _bar(space: _Space) -> Bar:
    used = space.used_percent
    label = "not known" if used is None else f"{used:.1f} % · {size(space.domain.available_bytes)} free"
    return Bar(label=space.domain.name, value=used, text=label, tone=space.tone)


def _connections(context: ReportContext) -> Table:
    used: dict[str, list[str]] = {}
    for domain in context.storage_domains:
        for connection_id in domain.connection_ids or ():
            used.setdefault(connection_id, []).append(domain.name)
    return table_of(
        "storage-connections",
        "Storage connections (passwords are never read)",
        sorted(
            context.inventory.storage_connections, key=lambda c: (c.address or "", c.path or "", c.id)
        ),
        (
            text("type", "Type", lambda c: c.type),
            text("address", "Address", lambda c: c.address),
            text("path", "Path or target", lambda c: c.target or c.path),
            figure("port", "Port", lambda c: "" if c.port is None else str(c.port)),
            text("options", "Options", lambda c: _options(c)),  # noqa: PLW0108 - keeps the row type narrow
            text("domains", "Storage domains", lambda c: ", ".join(used.get(c.id, ()))),
            engine_id("id", "Id", lambda c: c.id),
        ),
        pointer="/inventory/storage_connections",
    )  # fmt: skip


def _iscsi_bonds(context: ReportContext) -> Table:
    rows: list[tuple[DataCenter, IscsiBond | None]] = []
    for data_center in context.data_centers:
        bonds = (None,) if data_center.iscsi_bonds is None else data_center.iscsi_bonds
        rows.extend((data_center, bond) for bond in bonds)

    def networks(bond: IscsiBond | None) -> CellValue:
        return joined(sorted(context.network_name(i) for i in bond.network_ids)) if bond else None

    return table_of(
        "iscsi-bonds",
        "iSCSI bonds: networks that carry storage",
        rows,
        (
            text("data_center", "Data center", lambda r: r[0].name),
            text("name", "Bond", lambda r: r[1].name if r[1] else None),
            text("networks", "Networks", lambda r: networks(r[1])),
            figure(
                "connections", "Connections", lambda r: len(r[1].storage_connection_ids) if r[1] else None
            ),
            engine_id("id", "Id", lambda r: r[1].id if r[1] else r[0].id),
        ),
        empty="No data center has an iSCSI bond.",
        pointer="/inventory/data_centers",
    )
