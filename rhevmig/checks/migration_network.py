"""Checks of the migration path and the MTU of networks on every host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rhevmig.checks.finding import Finding, ObservedValue, Severity
from rhevmig.checks.registry import Check, Subject, Threshold, each_host, register, seen
from rhevmig.inventory import (
    Cluster,
    Host,
    HostNic,
    Inventory,
    Network,
    NetworkLink,
    PathState,
    migration_path,
)
from rhevmig.policy import Policy
from rhevmig.units import GIGABIT, format_speed

SPEED = Threshold(
    name="migration_link_gbit",
    default=10,
    unit="Gbit/s",
    provenance="DOC: planning guides of the platform ask for 10 GbE for migration",
)
NET_003 = Check(
    id="NET-003",
    title="The migration network is up and has an address on every host",
    area="network",
    severity=Severity.HIGH,
    needs=("clusters/{id}/networks.usages", "host_nic.status", "host_nic.ip", "host_nic.ipv6"),
)
NET_010 = Check(
    id="NET-010",
    title="The migration link gives one stream at least 10 Gbit/s",
    area="network",
    severity=Severity.HIGH,
    needs=("host_nic.speed", "host_nic.bonding", "host_nic.base_interface"),
    thresholds=(SPEED,),
)
NET_018 = Check(
    id="NET-018",
    title="Every host has the MTU of the network",
    area="network",
    severity=Severity.HIGH,
    needs=("network.mtu", "options/DefaultMTU", "networkattachments.reported_configurations", "host_nic.mtu"),
)
_STALE = "its links are judged while it is up"
_FALLBACK = "the engine silently falls back to the management network"
_UNUSABLE = frozenset({PathState.FALLBACK, PathState.BROKEN})
_NO_ROLE = "the network with the role migration could not be read"
_ROLE_PART = ("cluster", "networks")


@each_host(NET_003, only_up=_STALE)
def _usable(on: Subject, host: Host, _: Policy) -> Finding:
    path = migration_path(on.inventory, host)
    network = on.inventory.find_network(path.network_id)
    if network is None or path.link is None:
        return on.unread(_NO_ROLE, missing="clusters/{id}/networks.usages", part=_ROLE_PART)
    rows = _link_rows(host, network, path.link)
    problem = f"{path.reason}: {path.consequence}" if path.state in _UNUSABLE else ""
    if path.state == PathState.USABLE:
        problem = _stranger(path.link, on.inventory.derived(_families).get(host.cluster_id, Counter()))
    if problem:
        remedy = f"Attach {network.name} with an address to a NIC that is up, then sync the host's networks."
        return on.failed(problem, *rows, remedy=remedy)
    if path.state == PathState.UNKNOWN:
        missing = "host_nic" if path.link.is_attached is None else "host_nic.status"
        return on.unread(path.reason, *rows, missing=missing, part=("host", "nics"))
    addresses = ", ".join(filter(None, (path.link.ipv4_address, path.link.ipv6_address)))
    return on.passed(f"{network.name} is up on {path.link.device} with {addresses}", *rows)


def _families(inventory: Inventory) -> dict[str, Counter[frozenset[str]]]:
    """Address families of the migration network on hosts that are up, by cluster."""
    found: dict[str, Counter[frozenset[str]]] = {}
    for host in inventory.hosts:
        link = migration_path(inventory, host).link if host.is_up else None
        if link is not None and link.families:
            found.setdefault(host.cluster_id, Counter())[link.families] += 1
    return found


def _stranger(link: NetworkLink, families: Counter[frozenset[str]]) -> str:
    """The problem of a host where at least half of the others have other address families only."""
    others = families.total() - 1
    strangers = sum(count for each, count in families.items() if not each & link.families)
    if not strangers or 2 * strangers < others:
        return ""
    mine = " and ".join(sorted(link.families))
    hosts = f"{strangers} of {others} other hosts"
    return f"{link.device} has only {mine}, which {hosts} do not have: {_FALLBACK}"


def _devices(host: Host, link: NetworkLink) -> list[HostNic]:
    names = dict.fromkeys((link.device, link.uplink))
    return [nic for nic in (host.find_nic(name) for name in names) if nic is not None]


def _link_rows(host: Host, network: Network, link: NetworkLink) -> list[ObservedValue]:
    if not link.is_attached:
        observed = None if link.is_attached is None else "not on the host"
        return [seen(f"network {network.name}", observed, "on the host")]
    addresses = ", ".join(link.reported_addresses) or "none"
    return [
        *(seen(f"link of {nic.name}", nic.status, "up") for nic in _devices(host, link)),
        seen(f"address of {link.device}", addresses, "one that other hosts can reach"),
    ]


@each_host(NET_010, only_up=_STALE)
def _fast(on: Subject, host: Host, policy: Policy) -> Finding:
    path = migration_path(on.inventory, host)
    link = path.link
    if link is None:
        return on.unread(_NO_ROLE, missing="clusters/{id}/networks.usages", part=_ROLE_PART)
    if path.state in _UNUSABLE:
        return on.not_applicable(f"{path.reason}, see NET-003")
    speed = link.stream_bits_per_second
    rows = [
        seen(link.speed_basis, format_speed(speed), SPEED.expected(policy, "≥")),
        *_slave_rows(host, link),
    ]
    if speed is None:
        return on.unknown(
            "the engine reports no speed for its migration link; that does not mean slow",
            *rows,
            missing="host_nic.speed",
            remedy="Refresh the host's capabilities while the link is up, or check the driver (ethtool).",
        )
    figure = f"{format_speed(speed)} over {link.uplink}"
    if speed < SPEED.value(policy) * GIGABIT:
        remedy = "Give the migration network a faster NIC; a bond does not speed up a single stream."
        return on.failed(
            f"one migration gets at most {figure}: busy VMs may not converge", *rows, remedy=remedy
        )
    return on.passed(f"one migration gets up to {figure}", *rows)


def _slave_rows(host: Host, link: NetworkLink) -> list[ObservedValue]:
    uplink = host.find_nic(link.uplink)
    if uplink is None or not uplink.is_bond:
        return []
    slaves = [host.find_nic(slave_id) for slave_id in uplink.bond_slave_ids or ()]
    rows = [
        seen(f"slave {s.name}", f"{format_speed(s.speed_bits_per_second)}, {s.status or '–'}")
        for s in slaves
        if s is not None
    ]
    return [*rows, seen(f"speed reported for {uplink.name}", format_speed(uplink.speed_bits_per_second))]


@register(NET_018)
def _mtu(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        hosts = [host for host in inventory.hosts_of(cluster) if host.is_up]
        for member in inventory.networks_of(cluster):
            network = inventory.find_network(member.network_id)
            if network is not None:
                yield _mtu_of(NET_018.about(inventory, network, cluster), cluster, network, hosts)


def _mtu_of(on: Subject, cluster: Cluster, network: Network, hosts: list[Host]) -> Finding:
    wanted = on.inventory.mtu_of(network)
    expected = f"{wanted} B ({'default of the engine' if network.mtu == 0 else 'as set'})" if wanted else ""
    wrong: list[ObservedValue] = []
    unread: list[str] = []
    right = 0
    for host in hosts:
        if host.nics is None and host.network_attachments is None:
            unread.append(host.name)
            continue
        is_absent = host.nic_of_network(network.id) is None and host.attachment_of(network.id) is None
        if host.nics is not None and is_absent:
            continue
        observed = _mtu_on(host, network, wanted)
        if observed is None or wanted is None:
            unread.append(host.name)
        elif observed != wanted:
            wrong.append(seen(host.name, f"{observed} B", expected))
        else:
            right += 1
    if wrong:
        names = ", ".join(row.name for row in wrong)
        return on.failed(
            f"the MTU is {wanted} B, but not on {names}: large packets are lost",
            *wrong,
            remedy="Sync the networks of these hosts, then test the path: ping -M do -s (MTU − 28).",
        )
    if unread:
        return on.unread(
            f"the MTU could not be read on {', '.join(unread)}",
            seen("MTU of the network", expected),
            missing="network.mtu" if wanted is None else "host_nic.mtu",
            part=("host", "nics", "networkattachments"),
        )
    if not right:
        return on.not_applicable("the network is on no host that is up")
    row = seen(f"MTU on {right} hosts", f"{wanted} B", expected)
    return on.passed(f"the MTU is {wanted} B on {right} host{'s' if right > 1 else ''}", row)


def _mtu_on(host: Host, network: Network, wanted: int | None) -> int | None:
    """The MTU of a network on a host: as the attachment reports it, else that of the device."""
    attachment = host.attachment_of(network.id)
    for reported in attachment.reported_configurations if attachment else ():
        if reported.name == "mtu" and (reported.actual_value or "").isdigit():
            return int(reported.actual_value or 0)
    device = host.nic_of_network(network.id)
    if device is None or device.mtu is None:
        return None
    carries_vlans = any(nic.base_interface == device.name for nic in host.nics or ())
    if carries_vlans and wanted is not None and device.mtu > wanted:
        # VDSM raises the device to the largest MTU of its VLANs; the untagged network keeps the smaller one.
        return wanted
    return device.mtu
