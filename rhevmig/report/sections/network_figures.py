"""Drawings of the network: which roles share a VLAN, how fast the uplinks are, which host lacks what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from rhevmig.inventory import Cluster, ClusterNetwork, DataCenter, Host, Network
from rhevmig.report.context import Material
from rhevmig.report.document import Bar, Bars, Cell, CellValue, Figure, Grid, Mark, Table, Tone
from rhevmig.report.migration_links import Line, migration_line, uplink_speed
from rhevmig.report.row_folding import merged_rows
from rhevmig.report.tables import columns, natural, speed
from rhevmig.units import GIGABIT

#: Roles that have to be apart from each other, with the heading of each.
_APART = {
    "management": "Management",
    "migration": "Migration",
    "storage": "Storage",
    "display": "Display",
    "vm": "Guests",
}
_CRITICAL = ("management", "migration", "storage")
_WANTED_GBIT = 10


def separation_figure(material: Material) -> Figure:
    """Which VLAN carries which role in each cluster, and where two of them share one."""
    marks, rows = [], []
    for cluster in material.clusters:
        carried = {role: _networks_with(material, cluster, role) for role in _APART}
        line = tuple(_separation_mark(role, carried) for role in _APART)
        marks.append(line)
        rows.append((cluster.name, *(_separation_cell(mark) for mark in line)))
    return Figure(
        id="figure-separation",
        caption="Which VLAN carries which role",
        drawing=Grid(
            rows=tuple(cluster.name for cluster in material.clusters),
            columns=tuple(_APART.values()),
            marks=tuple(marks),
        ),
        table=Table(
            id="network-separation",
            caption="VLANs by role",
            columns=columns("cluster=Cluster", *(f"{role}={title}" for role, title in _APART.items())),
            rows=tuple(rows),
            open_rows=30,
        ),
        note="Green: on a VLAN of its own. Red: management, migration or storage share one. The engine has "
        "no role "
        "for storage networks: unless the site's policy declares one, that column cannot be judged.",
    )


def _networks_with(material: Material, cluster: Cluster, role: str) -> tuple[Network, ...]:
    found = []
    for member in material.inventory.networks_of(cluster):
        network = material.inventory.find_network(member.network_id)
        if network is not None and _has_role(material, cluster, network, role):
            found.append(network)
    return tuple(sorted(found, key=lambda network: natural(network.name)))


def _has_role(material: Material, cluster: Cluster, network: Network, role: str) -> bool:
    roles = material.roles(cluster.id, network.id)
    if role == "storage":
        bonds = {
            network_id
            for data_center in material.inventory.data_centers
            for bond in data_center.iscsi_bonds or ()
            for network_id in bond.network_ids
        }
        return "storage (declared)" in roles or network.id in bonds
    return role in roles


def _separation_mark(role: str, carried: dict[str, tuple[Network, ...]]) -> Mark:
    networks = carried[role]
    if not networks:
        if role == "storage":
            return Mark(
                text="not declared", tone=Tone.UNKNOWN, detail="no storage network is declared or identified"
            )
        return Mark(text="none", tone=Tone.MUTED, detail="no network has this role")
    tags = {network.vlan_id for network in networks}
    sharing = sorted(
        other
        for other in _CRITICAL
        if other != role and role in _CRITICAL and any(network.vlan_id in tags for network in carried[other])
    )
    names = ", ".join(network.name for network in networks)
    words = ", ".join(
        "untagged" if tag is None else f"VLAN {tag}" for tag in sorted(tags, key=lambda t: t or 0)
    )
    if sharing:
        return Mark(text=words, tone=Tone.BAD, detail=f"{names}; shared with {' and '.join(sharing)}")
    return Mark(text=words, tone=Tone.GOOD if role in _CRITICAL else Tone.MUTED, detail=names)


def _separation_cell(mark: Mark) -> CellValue:
    text = mark.text if mark.text in ("none", "not declared") else f"{mark.text} ({mark.detail})"
    return Cell(text=text, tone=mark.tone) if mark.tone in (Tone.BAD, Tone.UNKNOWN) else text


def uplink_figure(material: Material) -> Figure:
    """How fast the link is that each host moves VMs over."""
    lines = [migration_line(material, host) for host in material.hosts]
    merged = merged_rows([(_bar_key(line), line.host.name, _bar(line)) for line in lines])
    drawn = [msgspec.structs.replace(bar, label=label) for label, bar in merged]
    return Figure(
        id="figure-uplinks",
        caption="Links that migrations use",
        drawing=Bars(
            bars=tuple(drawn), axis="Gbit/s", line=float(_WANTED_GBIT), line_text=f"{_WANTED_GBIT} Gbit/s "
                                                                                  "wanted"
        ),
        table=Table(
            id="migration-links",
            caption="The migration network on each host",
            columns=columns(
                "host=Host", "cluster=Cluster", "network=Network", "device=Device", "uplink=NIC or bond",
                "#speed=Speed",
                "address=Address", "#mtu=MTU", "result=Migrations use",
            ),
            rows=tuple(_line_row(material, line) for line in lines),
            open_rows=20,
        ),
        note="Red: the host has no working migration network, so the engine moves its VMs over the "
             "management network "
        "without saying so. A bond counts with one slave, because one migration is one stream.",
    )  # fmt: skip


def _bar_key(line: Line) -> tuple[object, ...]:
    return line.host.cluster_id, line.state, line.speed_bits_per_second, line.reason


def _bar(line: Line) -> Bar:
    value = None if line.speed_bits_per_second is None else line.speed_bits_per_second / GIGABIT
    if line.state == "fallback":
        return Bar(label=line.host.name, value=None, text=f"falls back: {line.reason}", tone=Tone.BAD)
    if line.state == "unknown" or value is None:
        return Bar(label=line.host.name, value=value, text=line.reason or "speed not told", tone=Tone.UNKNOWN)
    slow = value < _WANTED_GBIT
    return Bar(
        label=line.host.name, value=value, text=speed(line.speed_bits_per_second) or "–",
        tone=Tone.WARN if slow else Tone.GOOD,
    )  # fmt: skip


def _line_row(material: Material, line: Line) -> tuple[CellValue, ...]:
    nic = line.nic
    result: CellValue = {
        "ok": Cell(text="this network", tone=Tone.GOOD),
        "fallback": Cell(text=f"the management network: {line.reason}", tone=Tone.BAD),
    }.get(line.state, Cell(text=f"not known: {line.reason}", tone=Tone.UNKNOWN))
    return (
        line.host.name,
        material.cluster_name(line.host.cluster_id),
        line.network.name if line.network else None,
        nic.name if nic else None,
        line.uplink.name if line.uplink else None,
        speed(line.speed_bits_per_second),
        None if nic is None else nic.ip_address or nic.ipv6_address,
        None if nic is None or nic.mtu is None else str(nic.mtu),
        result,
    )


def presence_figures(material: Material) -> tuple[Figure, ...]:
    """Per data center: which host has which network, and whether as set."""
    made = []
    for data_center in material.data_centers:
        networks = [n for n in material.networks if n.data_center_id == data_center.id]
        ids = {cluster.id for cluster in material.inventory.clusters_of(data_center)}
        hosts = [host for host in material.hosts if host.cluster_id in ids]
        if hosts and networks:
            made.append(_presence(material, data_center, networks, hosts))
    return tuple(made)


def _presence(
    material: Material, data_center: DataCenter, networks: Sequence[Network], hosts: Iterable[Host]
) -> Figure:
    rows = [(host, tuple(_presence_mark(material, host, network) for network in networks)) for host in hosts]
    drawn = merged_rows([(tuple((m.text, m.tone) for m in marks), host.name, marks) for host, marks in rows])
    name = data_center.name
    return Figure(
        id=f"figure-presence-{data_center.id}",
        caption=f"Networks on the hosts of {name}",
        drawing=Grid(
            rows=tuple(label for label, _ in drawn),
            columns=tuple(network.name for network in networks),
            marks=tuple(marks for _, marks in drawn),
        ),
        table=Table(
            id=f"presence-{data_center.id}",
            caption=f"Networks on the hosts of {name}",
            columns=columns("host=Host", *(f"n{i}={network.name}" for i, network in enumerate(networks))),
            rows=tuple((host.name, *(_presence_cell(mark) for mark in marks)) for host, marks in rows),
            open_rows=20,
        ),
        note="Device and speed of the link. Red: missing although a role or running VMs need it, or its link "
        "is down. Amber: missing without a known need, or not as set (!). Empty: not used in the "
        "host's cluster.",
    )


def _presence_cell(mark: Mark) -> CellValue:
    if mark.tone in (Tone.GOOD, Tone.MUTED):
        return mark.detail
    return Cell(text=mark.detail, tone=mark.tone)


def _why_needed(material: Material, member: ClusterNetwork, roles: Sequence[str]) -> str:
    """Why a host should have a network; empty where nothing is known to need it."""
    said = []
    if member.required:
        said.append("it is required")
    own = [role.replace("_", " ") for role in sorted(roles) if role != "vm"]
    if own:
        said.append(f"it is the network for {' and '.join(own)}")
    if (member.cluster_id, member.network_id) in material.networks_in_use:
        said.append("running VMs are plugged into it")
    return "; ".join(said)


def _presence_mark(material: Material, host: Host, network: Network) -> Mark:
    member = next(
        (
            m
            for m in material.inventory.cluster_networks
            if (m.cluster_id, m.network_id) == (host.cluster_id, network.id)
        ),
        None,
    )
    if host.nics is None or host.network_attachments is None:
        return Mark(text="?", tone=Tone.UNKNOWN, detail="could not be read")
    nic = host.nic_of_network(network.id)
    if nic is None:
        roles = material.roles(host.cluster_id, network.id)
        if member is None:
            return Mark(text="", tone=Tone.MUTED, detail="not in this cluster")
        needed = _why_needed(material, member, roles)
        tone = Tone.BAD if needed else Tone.WARN
        return Mark(text="missing", tone=tone, detail=f"missing: {needed or 'nothing is known to need it'}")
    uplink, found = uplink_speed(host, nic)
    attachment = host.attachment_of(network.id)
    text = f"{uplink.name} {speed(found) or ''}".strip()
    detail = f"{nic.name}, {speed(found) or 'speed not told'}, MTU {nic.mtu}"
    if attachment is not None and attachment.in_sync is False:
        return Mark(text=f"{text} !", tone=Tone.WARN, detail=f"{detail}; out of sync")
    if uplink.status is not None and not uplink.is_up:
        return Mark(text=f"{text} down", tone=Tone.BAD, detail=f"{detail}; link {uplink.status}")
    return Mark(text=text, tone=Tone.GOOD, detail=detail)
