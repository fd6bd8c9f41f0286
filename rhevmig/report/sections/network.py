"""Networks as they are: roles and VLANs, devices of hosts, what is out of step."""

from __future__ import annotations

from rhevmig.inventory import Cluster, ClusterNetwork, Host, HostNic, Network
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Figure, Section, Table, Tone
from rhevmig.report.sections.network_figures import (
    presence_figures,
    separation_figure,
    uplink_figure,
)
from rhevmig.report.tables import columns, count, joined, natural, speed, status, yes_no


def network_section(material: Material) -> Section:
    """Networks with roles, VLANs, MTUs, the devices that carry them, and what is out of step."""
    figures: tuple[Figure, ...] = (
        separation_figure(material),
        uplink_figure(material),
        *presence_figures(material),
    )
    return Section(
        id="network",
        title="Network",
        blocks=(_networks(material), _roles(material), *figures, _out_of_sync(material)),
        sections=(
            Section(
                id="network-devices",
                title="Devices of the hosts",
                blocks=(_devices(material), _bonds(material)),
            ),
        ),
    )


def _networks(material: Material) -> Table:
    members: dict[str, int] = {}
    for member in material.inventory.cluster_networks:
        members[member.network_id] = members.get(member.network_id, 0) + 1
    return Table(
        id="networks",
        caption="Networks",
        columns=columns(
            "name=Network", "data_center=Data center", "#vlan=VLAN", "#mtu=MTU", "vm_network=For VMs",
            "isolation=Ports isolated", "#clusters=Clusters", "device=Name on hosts", "@id=Id",
        ),
        rows=tuple(
            (
                network.name,
                material.data_center_name(network.data_center_id),
                _vlan_text(network),
                _mtu_text(material, network),
                yes_no(network.is_vm_network),
                yes_no(network.port_isolation),
                count(members.get(network.id, 0)),
                network.vdsm_name,
                network.id,
            )
            for network in material.networks
        ),
        pointer=material.pointer("networks"),
    )  # fmt: skip


def _vlan_text(network: Network) -> str:
    """The VLAN of a network."""
    return "untagged" if network.vlan_id is None else str(network.vlan_id)


def _mtu_text(material: Material, network: Network) -> str | None:
    value = material.inventory.mtu_of(network)
    if value is None:
        return None
    return f"{value} (default)" if network.mtu == 0 else str(value)


def _roles(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for cluster in material.clusters:
        members = material.inventory.networks_of(cluster)
        rows.extend(
            _role_row(material, cluster, m) for m in sorted(members, key=lambda m: _member_key(material, m))
        )
    return Table(
        id="network-roles",
        caption="Roles of the networks in each cluster",
        columns=columns(
            "cluster=Cluster", "network=Network", "#vlan=VLAN", "#mtu=MTU", "roles=Roles",
            "required=Required",
            "status=Status",
        ),
        rows=tuple(rows),
        empty="No network of any cluster could be read.",
        open_rows=40,
        pointer=material.pointer("cluster_networks"),
    )  # fmt: skip


def _member_key(material: Material, member: ClusterNetwork) -> tuple[object, ...]:
    return natural(material.network_name(member.network_id)), member.network_id


def _role_row(material: Material, cluster: Cluster, member: ClusterNetwork) -> tuple[CellValue, ...]:
    network = material.inventory.find_network(member.network_id)
    roles = [role.replace("_", " ") for role in material.roles(cluster.id, member.network_id)]
    return (
        cluster.name,
        material.network_name(member.network_id),
        None if network is None else _vlan_text(network),
        None if network is None else _mtu_text(material, network),
        joined(sorted(roles), none="none that the engine knows"),
        yes_no(member.required),
        status(member.status),
    )


def _out_of_sync(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for host in material.hosts:
        if host.network_attachments is None:
            rows.append((host.name, material.cluster_name(host.cluster_id), None, None, None, None))
        rows.extend(_differences(material, host))
    return Table(
        id="networks-out-of-sync",
        caption="Networks that a host does not have as the engine has set them",
        columns=columns(
            "host=Host",
            "cluster=Cluster",
            "network=Network",
            "property=Property",
            "expected=As set",
            "actual=As found",
        ),
        rows=tuple(rows),
        empty="Every network that a host reported is as the engine has set it.",
        open_rows=25,
        pointer=material.pointer("hosts"),
    )


def _differences(material: Material, host: Host) -> list[tuple[CellValue, ...]]:
    rows: list[tuple[CellValue, ...]] = []
    attached = sorted(
        host.network_attachments or (), key=lambda a: natural(material.network_name(a.network_id))
    )
    for attachment in attached:
        head: tuple[CellValue, ...] = (
            host.name,
            material.cluster_name(host.cluster_id),
            material.network_name(attachment.network_id),
        )
        wrong = [item for item in attachment.reported_configurations if item.in_sync is False]
        rows.extend(
            (
                *head,
                item.name,
                item.expected_value or "nothing",
                Cell(text=item.actual_value or "nothing", tone=Tone.BAD),
            )
            for item in wrong
        )
        if attachment.in_sync is None:
            rows.append((*head, "all", None, None))
        elif attachment.in_sync is False and not wrong:
            rows.append((*head, "not told which", None, Cell(text="out of sync", tone=Tone.BAD)))
    return rows


def _devices(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for host in material.hosts:
        if host.nics is None:
            rows.append((host.name, Cell(text="devices could not be read", tone=Tone.UNKNOWN), *[None] * 10))
        rows.extend(
            _device_row(material, host, nic) for nic in sorted(host.nics or (), key=lambda n: natural(n.name))
        )
    return Table(
        id="host-devices",
        caption="Network devices",
        columns=columns(
            "host=Host", "device=Device", "kind=Kind", "state=Link", "#speed=Speed", "#mtu=MTU", "#vlan=VLAN",
            "network=Network", "roles=Roles", "address=Address", "protocol=From", "@mac=Hardware address",
        ),
        rows=tuple(rows),
        open_rows=18,
        pointer=material.pointer("hosts"),
    )  # fmt: skip


def _device_row(material: Material, host: Host, nic: HostNic) -> tuple[CellValue, ...]:
    roles = material.roles(host.cluster_id, nic.network_id) if nic.network_id else ()
    addresses = [text for text in (nic.ip_address, nic.ipv6_address) if text]
    return (
        host.name,
        nic.name,
        _kind(nic),
        status(nic.status),
        speed(nic.speed_bits_per_second),
        None if nic.mtu is None else str(nic.mtu),
        "" if nic.vlan_id is None else str(nic.vlan_id),
        material.network_of(nic) or "",
        ", ".join(role.replace("_", " ") for role in sorted(roles)),
        ", ".join(addresses),
        nic.boot_protocol if nic.network_id else "",
        nic.mac_address or (None if nic.base_interface is None else ""),
    )


def _kind(nic: HostNic) -> str:
    if nic.is_bond:
        return "bond"
    return f"VLAN on {nic.base_interface}" if nic.base_interface else "NIC"


def _bonds(material: Material) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for host in material.hosts:
        for nic in sorted(host.nics or (), key=lambda n: natural(n.name)):
            if nic.is_bond:
                slaves = [slave for i in nic.bond_slave_ids or () if (slave := host.find_nic(i))]
                said = [f"{slave.name} ({slave.status or 'state unknown'})" for slave in slaves]
                mode = nic.bond_options.get("mode") or joined(
                    f"{k}={v}" for k, v in sorted(nic.bond_options.items())
                )
                rows.append((host.name, nic.name, mode, joined(said), nic.ad_partner_mac))
    return Table(
        id="bonds",
        caption="Bonds",
        columns=columns("host=Host", "bond=Bond", "mode=Mode", "slaves=NICs in it", "partner=LACP partner"),
        rows=tuple(rows),
        empty="No host has a bond.",
        pointer=material.pointer("hosts"),
    )
