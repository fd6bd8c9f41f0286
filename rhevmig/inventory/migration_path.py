"""The link over which a host speaks in a network: device, uplink, address, and the speed of one stream."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache

import msgspec

from rhevmig.inventory import Cluster, Host, HostNic, Inventory, Network
from rhevmig.terms import NetworkRole

#: Bond modes in which a single stream stays on one slave, by the number that the engine tells.
SINGLE_SLAVE_MODES = {"2": "balance-xor", "4": "802.3ad", "5": "balance-tlb", "6": "balance-alb"}
ROUND_ROBIN, ACTIVE_BACKUP, BROADCAST = "0", "1", "3"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """How one host speaks in one network."""

    #: Host.
    host_id: str
    #: Network.
    network_id: str
    #: Device that the network lies on; None where it is not on the host.
    device: str | None = None
    #: NIC or bond that carries it; equals the device where it is not a VLAN.
    uplink: str | None = None
    #: Whether the network is on the host; None where devices could not be read.
    is_attached: bool | None = None
    #: Whether device and uplink have link; None where the engine does not say.
    is_up: bool | None = None
    #: IPv4 address that can be reached from elsewhere.
    ipv4_address: str | None = None
    #: IPv6 address that can be reached from elsewhere.
    ipv6_address: str | None = None
    #: What a single stream gets at most, in bit/s; None where the engine does not say.
    stream_bits_per_second: int | None = None
    #: How that figure comes about, e.g. `one slave of bond0 (mode 4)`.
    speed_basis: str = ""

    @property
    def families(self) -> frozenset[str]:
        """Address families in which it can be reached."""
        found = {"IPv4": self.ipv4_address, "IPv6": self.ipv6_address}
        return frozenset(name for name, address in found.items() if address)

    @property
    def is_usable(self) -> bool | None:
        """Whether the engine would migrate over it: attached, up, with an address."""
        if self.is_attached is False or self.is_up is False:
            return False
        if self.is_attached is None:
            return None
        return False if not self.families else self.is_up


def link_of(host: Host, network: Network) -> Link:
    """How this host speaks in this network."""
    if host.nics is None:
        attached = None
        if host.network_attachments is not None and host.attachment_of(network.id) is None:
            attached = False
        return Link(host_id=host.id, network_id=network.id, is_attached=attached)
    device = host.nic_of_network(network.id)
    if device is None:
        attached = None if host.attachment_of(network.id) is not None else False
        return Link(host_id=host.id, network_id=network.id, is_attached=attached)
    uplink = host.uplink_of(device)
    base_is_missing = device.base_interface is not None and uplink is device
    stream, basis = _stream_speed(host, uplink)
    return Link(
        host_id=host.id,
        network_id=network.id,
        device=device.name,
        uplink=device.base_interface if base_is_missing else uplink.name,
        is_attached=True,
        is_up=None if base_is_missing and device.is_up else _are_up((device, uplink)),
        ipv4_address=usable_address(device.ip_address),
        ipv6_address=usable_address(device.ipv6_address),
        stream_bits_per_second=stream,
        speed_basis=basis,
    )


def migration_link(inventory: Inventory, host: Host, cluster: Cluster | None = None) -> Link | None:
    """How a host speaks in its cluster's migration network; None where none is known to have the role."""
    home = cluster or inventory.find_cluster(host.cluster_id)
    network = inventory.network_by_role(home, NetworkRole.MIGRATION) if home else None
    return link_of(host, network) if network else None


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
