"""Links: the migration network works on every host, is fast enough, and MTUs agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rhevmig.checks.finding import Evidence, Finding, Scope, Severity
from rhevmig.checks.registry import Check, Threshold, register
from rhevmig.checks.scopes import help_for, host_scope, network_scope
from rhevmig.inventory import (
    Cluster,
    Host,
    HostNic,
    Inventory,
    MigrationPath,
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
_FALLBACK = "the engine silently falls back to the management network"
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
    title="The network has its MTU on every host",
    area="network",
    severity=Severity.HIGH,
    needs=("network.mtu", "options/DefaultMTU", "networkattachments.reported_configurations", "host_nic.mtu"),
)


@register(NET_003)
def _reachable(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        hosts = inventory.hosts_of(cluster)
        paths = {host.id: migration_path(inventory, host, cluster) for host in hosts}
        links = [paths[host.id].link for host in hosts if host.is_up]
        families = Counter(link.families for link in links if link is not None and link.families)
        for host in hosts:
            yield _reachable_on(inventory, host, paths[host.id], families)


def _reachable_on(
    inventory: Inventory, host: Host, path: MigrationPath, families: Counter[frozenset[str]]
) -> Finding:
    scope, link = host_scope(inventory, host), path.link
    network = inventory.find_network(path.network_id)
    skipped = _not_judged(NET_003, inventory, scope, host, network)
    if skipped is not None or network is None or link is None:
        return skipped or NET_003.not_applicable(scope, "no migration network")
    rows = _link_rows(host, network, link)
    problem, consequence = path.reason, path.consequence
    if path.state == PathState.USABLE and len(families) > 1:
        problem, consequence = _stranger(link, families), _FALLBACK
    if path.state in (PathState.FALLBACK, PathState.BROKEN) or (path.state == PathState.USABLE and problem):
        return NET_003.failed(
            scope,
            f"{problem}: {consequence}",
            *rows,
            remedy=f"Put {network.name} with an address on a NIC with link, then sync the host's networks.",
        )
    if path.state == PathState.UNKNOWN:
        return NET_003.unknown(
            scope,
            path.reason,
            *rows,
            missing="host_nic" if link.is_attached is None else "host_nic.status",
            remedy=help_for(inventory, "host", "nics", id=host.id),
        )
    addresses = ", ".join(filter(None, (link.ipv4_address, link.ipv6_address)))
    return NET_003.passed(scope, f"{network.name} is up on {link.device} with {addresses}", *rows)


def _not_judged(
    check: Check, inventory: Inventory, scope: Scope, host: Host, network: Network | None
) -> Finding | None:
    if not host.is_up:
        return check.not_applicable(scope, f"it is {host.status}: its links are judged when it is up")
    if network is None:
        return check.unknown(
            scope,
            "which network has the role migration could not be seen",
            missing="clusters/{id}/networks.usages",
            remedy=help_for(inventory, "cluster", "networks", id=host.cluster_id),
        )
    return None


def _stranger(link: NetworkLink, families: Counter[frozenset[str]]) -> str:
    """What is wrong where at least half of the other hosts have other address families only."""
    others = families.total() - 1
    strangers = sum(count for each, count in families.items() if not each & link.families)
    if not strangers or 2 * strangers < others:
        return ""
    mine = " and ".join(sorted(link.families))
    return f"{link.device} has only {mine}, which {strangers} of {others} other hosts do not have"


def _devices(host: Host, link: NetworkLink) -> list[HostNic]:
    names = dict.fromkeys((link.device, link.uplink))
    return [nic for nic in (host.find_nic(name) for name in names) if nic is not None]


def _link_rows(host: Host, network: Network, link: NetworkLink) -> list[Evidence]:
    if not link.is_attached:
        observed = "–" if link.is_attached is None else "not on the host"
        return [Evidence(name=f"network {network.name}", observed=observed, expected="on the host")]
    rows = [
        Evidence(name=f"link of {nic.name}", observed=nic.status or "–", expected="up")
        for nic in _devices(host, link)
    ]
    device = host.find_nic(link.device)
    addresses = [a for a in ((device.ip_address, device.ipv6_address) if device else ()) if a]
    shown = ", ".join(addresses) or "none"
    rows.append(
        Evidence(name=f"address of {link.device}", observed=shown, expected="one that others can reach")
    )
    return rows


@register(NET_010)
def _fast(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        for host in inventory.hosts_of(cluster):
            yield _fast_on(inventory, policy, host, migration_path(inventory, host, cluster))


def _fast_on(inventory: Inventory, policy: Policy, host: Host, path: MigrationPath) -> Finding:
    scope, link = host_scope(inventory, host), path.link
    network = inventory.find_network(path.network_id)
    skipped = _not_judged(NET_010, inventory, scope, host, network)
    if skipped is not None or network is None or link is None:
        return skipped or NET_010.not_applicable(scope, "no migration network")
    if path.state in (PathState.FALLBACK, PathState.BROKEN):
        return NET_010.not_applicable(scope, f"{path.reason}, see NET-003")
    speed = link.stream_bits_per_second
    rows = [
        Evidence(name=link.speed_basis, observed=format_speed(speed), expected=SPEED.expected(policy, "≥"))
    ]
    rows += _slave_rows(host, link)
    if speed is None:
        return NET_010.unknown(
            scope,
            "the engine reports no speed for its migration link; that does not mean slow",
            *rows,
            missing="host_nic.speed",
            remedy="Refresh the host's capabilities while the link is up, or check the driver (ethtool).",
        )
    if speed < SPEED.value(policy) * GIGABIT:
        return NET_010.failed(
            scope,
            f"one migration gets at most {format_speed(speed)} over {link.uplink}: busy VMs may not converge",
            *rows,
            remedy="Give the migration network a faster NIC; a bond does not speed up a single stream.",
        )
    return NET_010.passed(scope, f"one migration gets up to {format_speed(speed)} over {link.uplink}", *rows)


def _slave_rows(host: Host, link: NetworkLink) -> list[Evidence]:
    uplink = host.find_nic(link.uplink)
    if uplink is None or not uplink.is_bond:
        return []
    slaves = [host.find_nic(slave_id) for slave_id in uplink.bond_slave_ids or ()]
    rows = [
        Evidence(
            name=f"slave {s.name}", observed=f"{format_speed(s.speed_bits_per_second)}, {s.status or '–'}"
        )
        for s in slaves
        if s is not None
    ]
    return [
        *rows,
        Evidence(
            name=f"speed reported for {uplink.name}", observed=format_speed(uplink.speed_bits_per_second)
        ),
    ]


@register(NET_018)
def _mtu(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for cluster in inventory.clusters:
        hosts = [host for host in inventory.hosts_of(cluster) if host.is_up]
        for member in inventory.networks_of(cluster):
            network = inventory.find_network(member.network_id)
            if network is not None:
                yield _mtu_of(inventory, cluster, network, hosts)


def _mtu_of(inventory: Inventory, cluster: Cluster, network: Network, hosts: list[Host]) -> Finding:
    scope, wanted = network_scope(network, cluster), inventory.mtu_of(network)
    origin = "the engine's default" if network.mtu == 0 else "as set"
    wrong: list[Evidence] = []
    unseen: list[str] = []
    right = 0
    for host in hosts:
        if host.nics is None and host.network_attachments is None:
            unseen.append(host.name)
            continue
        is_seen = host.nics is not None
        if is_seen and host.nic_of_network(network.id) is None and host.attachment_of(network.id) is None:
            continue
        observed = _mtu_on(host, network, wanted)
        if observed is None or wanted is None:
            unseen.append(host.name)
        elif observed != wanted:
            wrong.append(
                Evidence(name=host.name, observed=f"{observed} B", expected=f"{wanted} B ({origin})")
            )
        else:
            right += 1
    if wrong:
        return NET_018.failed(
            scope,
            f"its MTU is {wanted} B, but not on {', '.join(row.name for row in wrong)}: large packets vanish",
            *wrong,
            remedy="Sync the networks of these hosts, then prove the path: ping -M do -s (MTU − 28).",
        )
    if unseen:
        row = Evidence(name="MTU wanted", observed=f"{wanted} B ({origin})" if wanted else "–")
        return NET_018.unknown(
            scope,
            f"its MTU could not be seen on {', '.join(unseen)}",
            row,
            missing="network.mtu" if wanted is None else "host_nic.mtu",
            remedy=help_for(inventory, "host", "nics", "networkattachments"),
        )
    if not right:
        return NET_018.not_applicable(scope, "it is on no host that is up")
    row = Evidence(name=f"MTU on {right} hosts", observed=f"{wanted} B", expected=f"{wanted} B ({origin})")
    return NET_018.passed(scope, f"its MTU is {wanted} B on {right} host{'s' if right > 1 else ''}", row)


def _mtu_on(host: Host, network: Network, wanted: int | None) -> int | None:
    """The MTU of a network on a host: as the attachment reports it, else as the device has it."""
    attachment = host.attachment_of(network.id)
    for reported in attachment.reported_configurations if attachment else ():
        if reported.name == "mtu" and (reported.actual_value or "").isdigit():
            return int(reported.actual_value or 0)
    device = host.nic_of_network(network.id)
    if device is None or device.mtu is None:
        return None
    carries_vlans = any(nic.base_interface == device.name for nic in host.nics or ())
    if carries_vlans and wanted is not None and device.mtu > wanted:
        # The device is raised to the largest of its VLANs; its own network keeps the smaller one.
        return wanted
    return device.mtu
