"""Figures of the network: roles by VLAN, speed of the links that migrations use, networks on hosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from rhevmig.checks import CHECKS
from rhevmig.checks.network_separation import role_separation
from rhevmig.inventory import (
    Cluster,
    DataCenter,
    Host,
    MigrationPath,
    Network,
    NetworkLink,
    PathState,
    network_link,
)
from rhevmig.report.context import STORAGE, ReportContext
from rhevmig.report.document import Bar, Bars, Cell, CellValue, Figure, Grid, Mark, Tone
from rhevmig.report.prose import sentence
from rhevmig.report.tables.cells import merged_rows, natural, speed
from rhevmig.report.tables.table_column import figure, table_of, text
from rhevmig.units import GIGABIT

_ROLES = {
    "management": "Management",
    "migration": "Migration",
    "storage": "Storage",
    "display": "Display",
    "vm": "Guests",
}


# ── roles by VLAN ────────────────────────────────────────────────────────────────────────────────


def separation_figure(context: ReportContext) -> Figure:
    """Which VLAN carries which role in each cluster, and which roles share one."""
    rows = [(cluster, _separation(context, cluster)) for cluster in context.clusters]
    return Figure(
        id="figure-separation",
        caption="Which VLAN carries which role",
        drawing=Grid(
            rows=tuple(cluster.name for cluster, _ in rows),
            columns=tuple(_ROLES.values()),
            marks=tuple(tuple(marks.values()) for _, marks in rows),
        ),
        table=table_of(
            "network-separation",
            "VLANs by role",
            rows,
            (
                text("cluster", "Cluster", lambda r: r[0].name),
                *(text(role, title, _role_cell(role)) for role, title in _ROLES.items()),
            ),
            open_rows=30,
        ),
        note=sentence("separation"),
    )  # fmt: skip


def _separation(context: ReportContext, cluster: Cluster) -> dict[str, Mark]:
    """A mark for each role, as check NET-005 judges it."""
    storage = context.storage_networks.get(cluster.data_center_id or "")
    separation = role_separation(context.inventory, context.policy, cluster, storage)
    marks = {}
    for role in _ROLES:
        networks = separation.networks.get(role)
        if networks is None:
            networks = _networks_with(context, cluster, role)
        conflicts = [c for c in separation.conflicts if role in c.roles]
        tone = Tone.GOOD if role in separation.networks else Tone.MUTED
        if any(conflict.is_certain for conflict in conflicts):
            tone = Tone.BAD
        elif conflicts:
            tone = Tone.UNKNOWN
        details = [network.name for network in networks] + [conflict.text for conflict in conflicts]
        if networks:
            marks[role] = Mark(text=_vlans(networks), tone=tone, detail="; ".join(details))
        elif role == STORAGE and not (storage and storage.uses_ip is False):
            marks[role] = Mark(text="not known", tone=Tone.UNKNOWN, detail="no storage network is known")
        else:
            marks[role] = Mark(text="none", tone=Tone.MUTED, detail="no network has this role")
    return marks


def _networks_with(context: ReportContext, cluster: Cluster, role: str) -> tuple[Network, ...]:
    """Networks of a cluster with a role that the policy does not separate."""
    if role == STORAGE:
        known = context.storage_networks.get(cluster.data_center_id or "")
        return known.networks if known else ()
    members = context.inventory.networks_of(cluster)
    found = (context.inventory.find_network(m.network_id) for m in members if role in m.usages)
    return tuple(sorted((n for n in found if n is not None), key=lambda n: natural(n.name)))


def _vlans(networks: Sequence[Network]) -> str:
    tags = sorted({network.vlan_id for network in networks}, key=lambda tag: tag or 0)
    return ", ".join("untagged" if tag is None else f"VLAN {tag}" for tag in tags)


def _role_cell(role: str) -> Callable[[tuple[Cluster, dict[str, Mark]]], CellValue]:
    def cell(row: tuple[Cluster, dict[str, Mark]]) -> CellValue:
        mark = row[1][role]
        value = mark.text if mark.text in ("none", "not known") else f"{mark.text} ({mark.detail})"
        return Cell(text=value, tone=mark.tone) if mark.tone in (Tone.BAD, Tone.UNKNOWN) else value

    return cell


# ── links of migrations ──────────────────────────────────────────────────────────────────────────


class _HostPath(NamedTuple):
    """A host and the path of its migrations."""

    host: Host
    path: MigrationPath

    @property
    def link(self) -> NetworkLink | None:
        """Its connection to the migration network."""
        return self.path.link

    @property
    def speed(self) -> int | None:
        """Upper limit of one migration over its migration network."""
        return self.link.stream_bits_per_second if self.link else None


def uplink_figure(context: ReportContext) -> Figure:
    """How fast one migration can be over the migration network of each host."""
    paths = [_HostPath(host, context.paths[host.id]) for host in context.hosts]
    wanted = CHECKS["NET-010"].thresholds[0].value(context.policy)
    merged = merged_rows([(_bar_key(each), each.host.name, _bar(each, wanted)) for each in paths])
    return Figure(
        id="figure-uplinks",
        caption="Links that migrations use",
        drawing=Bars(
            bars=tuple(msgspec.structs.replace(bar, label=label) for label, bar in merged),
            axis="Gbit/s",
            line=float(wanted),
            line_text=f"{wanted:g} Gbit/s wanted",
        ),
        table=table_of(
            "migration-links",
            "The migration network on each host",
            paths,
            (
                text("host", "Host", lambda p: p.host.name),
                text("cluster", "Cluster", lambda p: context.cluster_name(p.host.cluster_id)),
                text("network", "Network", lambda p: _network_name(context, p.path.network_id)),
                text("device", "Device", lambda p: p.link.device if p.link else None),
                text("uplink", "NIC or bond", lambda p: p.link.uplink if p.link else None),
                figure("speed", "Speed", lambda p: speed(p.speed)),
                text("address", "Address", lambda p: _address(p.link)),
                figure("mtu", "MTU", lambda p: str(p.link.mtu) if p.link and p.link.mtu else None),
                text("result", "Migrations use", lambda p: _result(p.path)),
            ),
            open_rows=20,
        ),
        note=sentence("uplinks"),
    )  # fmt: skip


def _network_name(context: ReportContext, network_id: str | None) -> str | None:
    return None if network_id is None else context.network_name(network_id)


def _address(link: NetworkLink | None) -> str | None:
    return next(iter(link.reported_addresses), None) if link else None


def _bar_key(each: _HostPath) -> tuple[object, ...]:
    return each.host.cluster_id, each.path.state, each.path.reason, each.speed


def _bar(each: _HostPath, wanted_gbit: float) -> Bar:
    name, path = each.host.name, each.path
    value = None if each.speed is None else each.speed / GIGABIT
    if path.state in (PathState.FALLBACK, PathState.BROKEN):
        return Bar(label=name, text=f"{_STATES[path.state]}: {path.reason}", tone=Tone.BAD)
    if path.state == PathState.UNKNOWN or value is None:
        return Bar(label=name, value=value, text=path.reason or "speed not reported", tone=Tone.UNKNOWN)
    tone = Tone.WARN if value < wanted_gbit else Tone.GOOD
    return Bar(label=name, value=value, text=speed(each.speed) or "–", tone=tone)


_STATES = {PathState.FALLBACK: "falls back", PathState.BROKEN: "migrations fail"}


def _result(path: MigrationPath) -> Cell:
    if path.state == PathState.USABLE:
        return Cell(text="this network", tone=Tone.GOOD)
    if path.state == PathState.FALLBACK:
        return Cell(text=f"the management network: {path.reason}", tone=Tone.BAD)
    if path.state == PathState.BROKEN:
        return Cell(text=f"this network, and fail: {path.reason}", tone=Tone.BAD)
    return Cell(text=f"not known: {path.reason}", tone=Tone.UNKNOWN)


# ── networks on hosts ────────────────────────────────────────────────────────────────────────────


def presence_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Per data center: which host has which network, and whether as set."""
    made = []
    for data_center in context.data_centers:
        networks = [n for n in context.networks if n.data_center_id == data_center.id]
        ids = {cluster.id for cluster in context.inventory.clusters_of(data_center)}
        hosts = [host for host in context.hosts if host.cluster_id in ids]
        if hosts and networks:
            made.append(_presence(context, data_center, networks, hosts))
    return tuple(made)


def _presence(
    context: ReportContext, data_center: DataCenter, networks: Sequence[Network], hosts: Sequence[Host]
) -> Figure:
    rows = [(host, tuple(_presence_mark(context, host, network) for network in networks)) for host in hosts]
    drawn = merged_rows([(tuple((m.text, m.tone) for m in marks), host.name, marks) for host, marks in rows])
    caption = f"Networks on the hosts of {data_center.name}"
    return Figure(
        id=f"figure-presence-{data_center.id}",
        caption=caption,
        drawing=Grid(
            rows=tuple(label for label, _ in drawn),
            columns=tuple(network.name for network in networks),
            marks=tuple(marks for _, marks in drawn),
        ),
        table=table_of(
            f"presence-{data_center.id}",
            caption,
            rows,
            (
                text("host", "Host", lambda r: r[0].name),
                *(text(f"n{i}", network.name, _presence_cell(i)) for i, network in enumerate(networks)),
            ),
            open_rows=20,
        ),
        note=sentence("presence"),
    )


def _presence_cell(place: int) -> Callable[[tuple[Host, tuple[Mark, ...]]], CellValue]:
    def cell(row: tuple[Host, tuple[Mark, ...]]) -> CellValue:
        mark = row[1][place]
        if mark.tone in (Tone.GOOD, Tone.MUTED):
            return mark.detail
        return Cell(text=mark.detail, tone=mark.tone)

    return cell


def _presence_mark(context: ReportContext, host: Host, network: Network) -> Mark:
    if host.nics is None or host.network_attachments is None:
        return Mark(text="?", tone=Tone.UNKNOWN, detail="could not be read")
    if host.nic_of_network(network.id) is None:
        return _missing(context, host, network)
    link, attachment = network_link(host, network), host.attachment_of(network.id)
    stream = speed(link.stream_bits_per_second)
    label = f"{link.uplink} {stream or ''}".strip()
    detail = f"{link.device}, {stream or 'speed not reported'}, MTU {link.mtu}"
    if link.down:
        down = " and ".join(link.down)
        return Mark(text=f"{label} down", tone=Tone.BAD, detail=f"{detail}; {down} down")
    if attachment is not None and attachment.in_sync is False:
        return Mark(text=f"{label} !", tone=Tone.WARN, detail=f"{detail}; out of sync")
    return Mark(text=label, tone=Tone.GOOD, detail=detail)


def _missing(context: ReportContext, host: Host, network: Network) -> Mark:
    cluster = context.inventory.find_cluster(host.cluster_id)
    members = context.inventory.networks_of(cluster) if cluster else ()
    member = next((m for m in members if m.network_id == network.id), None)
    if member is None:
        return Mark(text="", tone=Tone.MUTED, detail="not in this cluster")
    reasons = ["it is required"] if member.required else []
    roles = [r.replace("_", " ") for r in context.roles(host.cluster_id, network.id) if r != "vm"]
    if roles:
        reasons.append(f"it is the network for {' and '.join(roles)}")
    if (host.cluster_id, network.id) in context.networks_in_use:
        reasons.append("running VMs are plugged into it")
    needed = "; ".join(reasons) or "nothing is known to need it"
    return Mark(text="missing", tone=Tone.BAD if reasons else Tone.WARN, detail=f"missing: {needed}")
