"""The path of a migration: device, uplink, address and state on a host, speed of one stream, fallback.

Checks, plans, reports and notebooks ask this module, so they give the same answer about a host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import StrEnum
from functools import cache

import msgspec

from rhevmig.inventory.inventory import Inventory
from rhevmig.inventory.models.cluster import Cluster
from rhevmig.inventory.models.host import Host, HostNic
from rhevmig.inventory.models.network import Network
from rhevmig.terms import NetworkRole

#: Bond modes by the number that the engine reports. In all other modes one stream stays on one slave.
ROUND_ROBIN, ACTIVE_BACKUP = "0", "1"


class PathState(StrEnum):
    """What happens to a migration that starts or ends on a host."""

    #: It uses the migration network.
    USABLE = "usable"
    #: The engine silently uses the management network.
    FALLBACK = "fallback"
    #: The engine uses the migration network although no other host can reach it: migrations fail.
    BROKEN = "broken"
    UNKNOWN = "unknown"


class NetworkLink(msgspec.Struct, frozen=True, kw_only=True):
    """How one host is connected to one network."""

    host_id: str
    network_id: str
    #: Device of the network; None where the network is not on the host.
    device: str | None = None
    #: NIC or bond that carries it; equals the device where the network is untagged.
    uplink: str | None = None
    #: Whether the network is on the host; None where its devices could not be read.
    is_attached: bool | None = None
    #: Whether device and uplink are up; None where the engine does not report it.
    is_up: bool | None = None
    #: Devices among the two that are down.
    down: tuple[str, ...] = ()
    #: Whether the engine takes the link for up: of a VLAN device it looks at the uplink only.
    engine_sees_up: bool | None = None
    #: IPv4 address that other hosts can reach.
    ipv4_address: str | None = None
    #: IPv6 address that other hosts can reach.
    ipv6_address: str | None = None
    #: Addresses as reported, reachable or not.
    reported_addresses: tuple[str, ...] = ()
    mtu: int | None = None
    #: Upper limit of a single stream; None where the engine does not report it, which does not mean slow.
    stream_bits_per_second: int | None = None
    #: How that figure was found, e.g. `one slave of bond0 (mode 4)`.
    speed_basis: str = ""
    #: Speed that the engine reports for the uplink: of most bonds the sum of the slaves.
    uplink_bits_per_second: int | None = None

    @property
    def families(self) -> frozenset[str]:
        """Address families in which other hosts can reach it."""
        found = {"IPv4": self.ipv4_address, "IPv6": self.ipv6_address}
        return frozenset(name for name, address in found.items() if address)


class MigrationPath(msgspec.Struct, frozen=True, kw_only=True):
    """Over which network a host sends and receives VMs, and how fast one migration can be."""

    host_id: str
    #: Network with the role migration; None where none was seen.
    network_id: str | None = None
    state: PathState
    #: Why it is not usable or not known, with the object as subject; empty where it is usable.
    reason: str = ""
    #: The host's connection to the migration network; None where that network was not seen.
    link: NetworkLink | None = None
    #: The host's connection to the management network.
    management_link: NetworkLink | None = None

    @property
    def used_link(self) -> NetworkLink | None:
        """The link that migrations use as far as this host decides it."""
        if self.link is None or self.state == PathState.FALLBACK:
            return self.management_link
        return self.link

    @property
    def stream_bits_per_second(self) -> int | None:
        """Upper limit of a single stream over the link in use; None where it is not known."""
        return self.used_link.stream_bits_per_second if self.used_link else None

    @property
    def consequence(self) -> str:
        """What the state means for migrations, as a clause; empty where it is usable."""
        return _CONSEQUENCES[self.state]


_CONSEQUENCES = {
    PathState.USABLE: "",
    PathState.FALLBACK: "the engine silently falls back to the management network",
    PathState.BROKEN: "the engine does not notice it and migrations fail",
    PathState.UNKNOWN: "it is unknown which network migrations use",
}


def migration_path(inventory: Inventory, host: Host, cluster: Cluster | None = None) -> MigrationPath:
    """The path of migrations from and to a host.

    Args: cluster (whose roles decide; the host's own by default).
    Engine: MigrateVmCommand takes the migration network when the device of it is up (of a VLAN device its
    uplink) and has an address of one family on both hosts, and else the hosts' own addresses, which are in
    the management network. It does not report the difference.
    """
    home = cluster or inventory.find_cluster(host.cluster_id)
    network = inventory.network_by_role(home, NetworkRole.MIGRATION) if home else None
    management = inventory.network_by_role(home, NetworkRole.MANAGEMENT) if home else None
    management_link = network_link(host, management) if management else None
    if network is None:
        return MigrationPath(
            host_id=host.id,
            state=PathState.UNKNOWN,
            reason="no network with the role migration was seen",
            management_link=management_link,
        )
    link = network_link(host, network)
    state, reason = _state(link, network.name)
    return MigrationPath(
        host_id=host.id,
        network_id=network.id,
        state=state,
        reason=reason,
        link=link,
        management_link=management_link,
    )


def used_links(
    source: MigrationPath, destination: MigrationPath
) -> tuple[NetworkLink | None, NetworkLink | None]:
    """The links of both ends of a migration.

    Both are in the migration network where both hosts can use it with a common address family, else both
    are in the management network. An unknown state counts as usable.
    """
    ends = (source.link, destination.link)
    falls_back = PathState.FALLBACK in (source.state, destination.state) or None in ends
    families = [link.families for link in ends if link is not None and link.families]
    if falls_back or (len(families) == 2 and not families[0] & families[1]):
        return source.management_link, destination.management_link
    return ends


def network_link(host: Host, network: Network) -> NetworkLink:
    """How a host is connected to a network."""
    device = host.nic_of_network(network.id) if host.nics is not None else None
    if device is None:
        return NetworkLink(host_id=host.id, network_id=network.id, is_attached=_without_device(host, network))
    uplink = host.uplink_of(device)
    base_is_missing = device.base_interface is not None and uplink is device
    devices = (device,) if uplink is device else (device, uplink)
    stream, basis = _stream_speed(host, uplink)
    return NetworkLink(
        host_id=host.id,
        network_id=network.id,
        device=device.name,
        uplink=device.base_interface if base_is_missing else uplink.name,
        is_attached=True,
        is_up=None if base_is_missing and device.is_up else _are_up(devices),
        down=tuple(nic.name for nic in devices if nic.status == "down"),
        engine_sees_up=_are_up((uplink,)),
        ipv4_address=usable_address(device.ip_address),
        ipv6_address=usable_address(device.ipv6_address),
        reported_addresses=tuple(a for a in (device.ip_address, device.ipv6_address) if a and a != "::"),
        mtu=device.mtu,
        stream_bits_per_second=stream,
        speed_basis=basis,
        uplink_bits_per_second=uplink.speed_bits_per_second,
    )


def _without_device(host: Host, network: Network) -> bool | None:
    """Whether a network without a device is on the host: False only where the lists were read."""
    is_listed = host.attachment_of(network.id) is not None
    if host.nics is None:
        return None if host.network_attachments is None or is_listed else False
    return None if is_listed else False


def _state(link: NetworkLink, network_name: str) -> tuple[PathState, str]:
    if link.is_attached is False:
        return PathState.FALLBACK, f"network {network_name} is not on the host"
    if link.is_attached is None:
        return PathState.UNKNOWN, f"the device of network {network_name} could not be read"
    if link.down:
        reason = f"{' and '.join(link.down)} {'is' if len(link.down) == 1 else 'are'} down"
        return (PathState.FALLBACK if link.engine_sees_up is False else PathState.BROKEN), reason
    if not link.reported_addresses:
        return PathState.FALLBACK, f"{link.device} has no address"
    if not link.families:
        reason = f"{link.device} has no address that other hosts can reach"
        return PathState.BROKEN, reason
    if link.is_up is None:
        return PathState.UNKNOWN, f"the state of {link.device} or {link.uplink} is not reported"
    return PathState.USABLE, ""


@cache
def usable_address(text: str | None) -> str | None:
    """The address if another host can reach it: not empty, not `::`, not link-local, not loopback.

    >>> usable_address("10.0.0.5"), usable_address("fe80::1"), usable_address("::")
    ('10.0.0.5', None, None)
    """
    try:
        address = ipaddress.ip_address((text or "").split("/")[0])
    except ValueError:
        return None
    if address.is_unspecified or address.is_link_local or address.is_loopback:
        return None
    return str(address)


def _are_up(devices: Sequence[HostNic]) -> bool | None:
    statuses = [device.status for device in devices]
    if "down" in statuses:
        return False
    return True if all(status == "up" for status in statuses) else None


def _stream_speed(host: Host, uplink: HostNic) -> tuple[int | None, str]:
    if not uplink.is_bond:
        return uplink.speed_bits_per_second, f"speed of {uplink.name}"
    mode = uplink.bond_options.get("mode", "")
    slaves = [host.find_nic(slave_id) for slave_id in uplink.bond_slave_ids or ()]
    up = [slave for slave in slaves if slave is not None and slave.status != "down"]
    label = f"{uplink.name} (mode {mode or 'unknown'})"
    if mode == ACTIVE_BACKUP:
        active = host.find_nic(uplink.bond_active_slave_id) if uplink.bond_active_slave_id else None
        if active is not None:
            return active.speed_bits_per_second, f"active slave {active.name} of {label}"
        return _slowest(up), f"slowest slave of {label}"
    if mode == ROUND_ROBIN:
        speeds = [slave.speed_bits_per_second for slave in up]
        known = [speed for speed in speeds if speed is not None]
        return (sum(known) if len(known) == len(speeds) and known else None), f"all slaves of {label}"
    return _slowest(up), f"one slave of {label}"


def _slowest(slaves: Sequence[HostNic]) -> int | None:
    speeds = [slave.speed_bits_per_second for slave in slaves]
    return None if not speeds or None in speeds else min(speed for speed in speeds if speed is not None)
