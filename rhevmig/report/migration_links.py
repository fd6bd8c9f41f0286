"""The line that a host moves VMs over: its device, speed, address, and whether the engine falls back."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.inventory import Host, HostNic, Network
from rhevmig.report.context import Material
from rhevmig.terms import NetworkRole
from rhevmig.units import MEGABIT


class Line(NamedTuple):
    """A host's end of the migration network."""

    #: The host.
    host: Host
    #: The network that has the role; None where none was seen.
    network: Network | None
    #: The device that carries it; None where the host has none or its devices were not read.
    nic: HostNic | None
    #: The NIC or bond below it.
    uplink: HostNic | None
    #: Speed of that; None where the engine does not tell.
    speed_bits_per_second: int | None
    #: `ok`, `fallback` (the engine silently uses the management network), or `unknown`.
    state: str
    #: Why, in a few words.
    reason: str

    @property
    def speed_mbps(self) -> int | None:
        """Speed in Mbit/s."""
        return None if self.speed_bits_per_second is None else self.speed_bits_per_second // MEGABIT


def uplink_speed(host: Host, nic: HostNic) -> tuple[HostNic, int | None]:
    """The NIC or bond under a device, and its speed: of a bond that has none of its own the fastest slave's.

    One migration is one stream, so it never gets more than one slave of a bond.
    """
    uplink = host.uplink_of(nic)
    if uplink.speed_bits_per_second is not None or not uplink.is_bond:
        return uplink, uplink.speed_bits_per_second
    speeds = [slave.speed_bits_per_second for i in uplink.bond_slave_ids or () if (slave := host.find_nic(i))]
    return uplink, max((value for value in speeds if value is not None), default=None)


def migration_line(material: Material, host: Host) -> Line:
    """The line that a host moves VMs over.

    Engine: without an address or a link at either end, migration falls back to the management network and
    says so only in the engine's own log.
    """
    inventory = material.inventory
    cluster = inventory.find_cluster(host.cluster_id)
    network = inventory.network_by_role(cluster, NetworkRole.MIGRATION) if cluster else None
    if network is None:
        return Line(host, None, None, None, None, "unknown", "no network with the role migration was seen")
    if host.nics is None:
        return Line(host, network, None, None, None, "unknown", "its devices could not be read")
    nic = host.nic_of_network(network.id)
    if nic is None:
        return Line(host, network, None, None, None, "fallback", f"{network.name} is not on this host")
    uplink, found = uplink_speed(host, nic)
    if not (nic.ip_address or nic.ipv6_address):
        return Line(host, network, nic, uplink, found, "fallback", f"{nic.name} has no address")
    if uplink.status is None:
        return Line(host, network, nic, uplink, found, "unknown", f"the state of {uplink.name} is not known")
    if not uplink.is_up:
        return Line(host, network, nic, uplink, found, "fallback", f"{uplink.name} is {uplink.status}")
    return Line(host, network, nic, uplink, found, "ok", "")
