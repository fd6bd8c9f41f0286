"""Networks as they are: roles and VLANs, devices of hosts, what is out of sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rhevmig.inventory import Cluster, ClusterNetwork, Host, HostNic, Network
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Section, Table, Tone
from rhevmig.report.sections.network_figures import presence_figures, separation_figure, uplink_figure
from rhevmig.report.tables.cells import joined, natural, speed, status, yes_no
from rhevmig.report.tables.table_column import engine_id, figure, table_of, text


class _Member(NamedTuple):
    """A network in a cluster."""

    cluster: Cluster
    member: ClusterNetwork
    network: Network | None


class _Device(NamedTuple):
    """A network device of a host; None where the devices could not be read."""

    host: Host
    nic: HostNic | None


class _Difference(NamedTuple):
    """A property of a network on a host that is not as the engine wants it."""

    host: Host
    network_id: str | None
    property: str | None
    expected: CellValue
    actual: CellValue


def network_section(context: ReportContext) -> Section:
    """Networks with roles, VLANs and MTUs, the devices that carry them, and what is out of sync."""
    figures = (separation_figure(context), uplink_figure(context), *presence_figures(context))
    devices = Section(
        id="network-devices",
        title="Devices of the hosts",
        blocks=(_devices(context), _bonds(context)),
    )
    return Section(
        id="network",
        title="Network",
        blocks=(_networks(context), _roles(context), *figures, _out_of_sync(context)),
        sections=(devices,),
    )


def _networks(context: ReportContext) -> Table:
    members: dict[str, int] = {}
    for member in context.inventory.cluster_networks:
        members[member.network_id] = members.get(member.network_id, 0) + 1
    return table_of(
        "networks",
        "Networks",
        context.networks,
        (
            text("name", "Network", lambda n: n.name),
            text("data_center", "Data center", lambda n: context.data_center_name(n.data_center_id)),
            figure("vlan", "VLAN", _vlan),
            figure("mtu", "MTU", lambda n: _mtu(context, n)),
            text("vm_network", "For VMs", lambda n: yes_no(n.is_vm_network)),
            text("isolation", "Ports isolated", lambda n: yes_no(n.port_isolation)),
            figure("clusters", "Clusters", lambda n: members.get(n.id, 0)),
            text("device", "Name on hosts", lambda n: n.vdsm_name),
            engine_id("id", "Id", lambda n: n.id),
        ),
        pointer="/inventory/networks",
    )


def _vlan(network: Network) -> str:
    return "untagged" if network.vlan_id is None else str(network.vlan_id)


def _mtu(context: ReportContext, network: Network | None) -> str | None:
    value = context.inventory.mtu_of(network) if network else None
    if value is None or network is None:
        return None
    return f"{value} (default)" if network.mtu == 0 else str(value)


def _roles(context: ReportContext) -> Table:
    return table_of(
        "network-roles",
        "Roles of the networks in each cluster",
        _members(context),
        (
            text("cluster", "Cluster", lambda m: m.cluster.name),
            text("network", "Network", lambda m: context.network_name(m.member.network_id)),
            figure("vlan", "VLAN", lambda m: _vlan(m.network) if m.network else None),
            figure("mtu", "MTU", lambda m: _mtu(context, m.network)),
            text("roles", "Roles", lambda m: _role_names(context, m.cluster.id, m.network) or "none"),
            text("required", "Required", lambda m: yes_no(m.member.required)),
            text("status", "Status", lambda m: status(m.member.status)),
        ),
        empty="No network of any cluster could be read.",
        open_rows=40,
        pointer="/inventory/cluster_networks",
    )


def _members(context: ReportContext) -> Iterator[_Member]:
    for cluster in context.clusters:
        members = context.inventory.networks_of(cluster)
        for m in sorted(members, key=lambda m: (natural(context.network_name(m.network_id)), m.network_id)):
            yield _Member(cluster, m, context.inventory.find_network(m.network_id))


def _role_names(context: ReportContext, cluster_id: str, network: Network | None) -> str:
    roles = context.roles(cluster_id, network.id) if network else ()
    return ", ".join(role.replace("_", " ") for role in roles)


def _out_of_sync(context: ReportContext) -> Table:
    return table_of(
        "networks-out-of-sync",
        "Networks of hosts that are out of sync with the engine",
        [found for host in context.hosts for found in _differences(context, host)],
        (
            text("host", "Host", lambda d: d.host.name),
            text("cluster", "Cluster", lambda d: context.cluster_name(d.host.cluster_id)),
            text("network", "Network", lambda d: d.network_id and context.network_name(d.network_id)),
            text("property", "Property", lambda d: d.property),
            text("expected", "Expected", lambda d: d.expected),
            text("actual", "Actual", lambda d: d.actual),
        ),
        empty="Every network that a host reported is in sync.",
        open_rows=25,
        pointer="/inventory/hosts",
    )


def _differences(context: ReportContext, host: Host) -> Iterator[_Difference]:
    if host.network_attachments is None:
        yield _Difference(host, None, None, None, None)
    attachments = sorted(
        (a for a in host.network_attachments or () if a.in_sync is not True),
        key=lambda a: natural(context.network_name(a.network_id)),
    )
    for attachment in attachments:
        wrong = [item for item in attachment.reported_configurations if item.in_sync is False]
        for item in wrong:
            actual = Cell(text=item.actual_value or "nothing", tone=Tone.BAD)
            expected = item.expected_value or "nothing"
            yield _Difference(host, attachment.network_id, item.name, expected, actual)
        if attachment.in_sync is None:
            yield _Difference(host, attachment.network_id, "all", None, None)
        elif not wrong:
            actual = Cell(text="out of sync", tone=Tone.BAD)
            yield _Difference(host, attachment.network_id, "not reported", None, actual)


def _devices(context: ReportContext) -> Table:
    unread = Cell(text="devices could not be read", tone=Tone.UNKNOWN)

    return table_of(
        "host-devices",
        "Network devices",
        _all_devices(context),
        (
            text("host", "Host", lambda d: d.host.name),
            text("device", "Device", lambda d: d.nic.name if d.nic else unread),
            text("kind", "Kind", _of_nic(_kind)),
            text("state", "Link", _of_nic(lambda nic: status(nic.status))),
            figure("speed", "Speed", _of_nic(lambda nic: speed(nic.speed_bits_per_second))),
            figure("mtu", "MTU", _of_nic(lambda nic: None if nic.mtu is None else str(nic.mtu))),
            figure("vlan", "VLAN", _of_nic(lambda nic: "" if nic.vlan_id is None else str(nic.vlan_id))),
            text("network", "Network", _of_nic(lambda nic: _network_name(context, nic) or "")),
            text("roles", "Roles", lambda d: _nic_roles(context, d)),
            text("address", "Address", _of_nic(_addresses)),
            text("protocol", "From", _of_nic(lambda nic: nic.boot_protocol if nic.network_id else "")),
            engine_id("mac", "Hardware address", _of_nic(_mac)),
        ),
        open_rows=18,
        pointer="/inventory/hosts",
    )


def _of_nic(value: Callable[[HostNic], CellValue]) -> Callable[[_Device], CellValue]:
    """The value of a device; None where the devices could not be read."""
    return lambda device: value(device.nic) if device.nic else None


def _all_devices(context: ReportContext) -> Iterator[_Device]:
    for host in context.hosts:
        if host.nics is None:
            yield _Device(host, None)
        yield from (_Device(host, nic) for nic in sorted(host.nics or (), key=lambda n: natural(n.name)))


def _kind(nic: HostNic) -> str:
    if nic.is_bond:
        return "bond"
    return f"VLAN on {nic.base_interface}" if nic.base_interface else "NIC"


def _network_name(context: ReportContext, nic: HostNic) -> str | None:
    return nic.network_name if nic.network_id is None else context.network_name(nic.network_id)


def _nic_roles(context: ReportContext, device: _Device) -> str | None:
    if device.nic is None:
        return None
    network = context.inventory.find_network(device.nic.network_id)
    return _role_names(context, device.host.cluster_id, network)


def _addresses(nic: HostNic) -> str:
    return ", ".join(address for address in (nic.ip_address, nic.ipv6_address) if address)


def _mac(nic: HostNic) -> str | None:
    return nic.mac_address or (None if nic.base_interface is None else "")


def _bonds(context: ReportContext) -> Table:
    return table_of(
        "bonds",
        "Bonds",
        ((d.host, d.nic) for d in _all_devices(context) if d.nic and d.nic.is_bond),
        (
            text("host", "Host", lambda r: r[0].name),
            text("bond", "Bond", lambda r: r[1].name),
            text("mode", "Mode", lambda r: _bond_mode(r[1])),
            text("slaves", "NICs in it", lambda r: _slaves(*r)),
            text("partner", "LACP partner", lambda r: r[1].ad_partner_mac),
        ),
        empty="No host has a bond.",
        pointer="/inventory/hosts",
    )


def _bond_mode(bond: HostNic) -> str | None:
    options = (f"{key}={value}" for key, value in sorted(bond.bond_options.items()))
    return bond.bond_options.get("mode") or joined(options)


def _slaves(host: Host, bond: HostNic) -> str:
    slaves = (host.find_nic(slave_id) for slave_id in bond.bond_slave_ids or ())
    return ", ".join(f"{s.name} ({s.status or 'state unknown'})" for s in slaves if s) or "none"
