"""Situations of a host's migration network, with the one answer that every consumer has to give.

Host `h2` differs, `h1` is as usual: a migration network on `eth1.100` over `eth1` with 10 Gbit/s and a
management network on `eth0`. Checks, plans, report and notebook are compared on this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rhevmig.inventory import HostNic, Inventory
from rhevmig.units import GIGABIT
from tests.builders import a_host, a_nic, an_inventory, cluster_networks, usual_nics, with_nic


class Situation(NamedTuple):
    """A host `h2` and the answer about its migration path."""

    nics: tuple[HostNic, ...]
    #: State of the path: usable, fallback, broken, unknown.
    state: str
    #: Device that migrations use.
    device: str | None
    #: Speed of one stream, Gbit/s; None where it is not known.
    gbit: float | None
    in_sync: bool = True
    has_role: bool = True
    #: NICs of `h1` where they differ as well.
    other_nics: tuple[HostNic, ...] | None = None


def inventory_of(situation: Situation) -> Inventory:
    """Two hosts, the second in this situation."""
    first = a_host("h1", nics=situation.other_nics or usual_nics(1))
    other = a_host("h2", nics=situation.nics)
    if not situation.in_sync:
        attachments = tuple(
            type(each)(
                id=each.id,
                network_id=each.network_id,
                host_nic_id=each.host_nic_id,
                in_sync=each.network_id != "migration",
                ip_assignments=each.ip_assignments,
            )
            for each in other.network_attachments or ()
        )
        other = a_host("h2", nics=situation.nics, network_attachments=attachments)
    roles = {} if situation.has_role else {"migration": ()}
    return an_inventory(hosts=(first, other), cluster_networks=cluster_networks(**roles))


def _usual(name: str = "eth1.100", **difference: object) -> tuple[HostNic, ...]:
    return with_nic(usual_nics(2), name, **difference)


def _bond(mode: str, speeds: Iterable[float | None], **difference: object) -> tuple[HostNic, ...]:
    """The migration network on a VLAN of bond0; the engine reports the sum of the slaves for the bond."""
    gigabits = tuple(speeds)
    slaves = tuple(
        a_nic(f"ens{n}", speed_bits_per_second=None if gbit is None else int(gbit * GIGABIT))
        for n, gbit in enumerate(gigabits)
    )
    known = [gbit for gbit in gigabits if gbit is not None]
    bond = a_nic(
        "bond0",
        bond_slave_ids=tuple(slave.id for slave in slaves),
        bond_options={"mode": mode},
        speed_bits_per_second=int(sum(known) * GIGABIT) or None,
        **difference,
    )
    return (*_usual(base_interface="bond0"), bond, *slaves)


SITUATIONS: dict[str, Situation] = {
    "VLAN on a NIC": Situation(_usual(), "usable", "eth1.100", 10),
    "bond mode 0": Situation(_bond("0", (1, 1, 1, 1)), "usable", "eth1.100", 4),
    "bond mode 1": Situation(_bond("1", (10, 1), bond_active_slave_id="ens1"), "usable", "eth1.100", 1),
    "bond mode 1, active slave not reported": Situation(_bond("1", (10, 1)), "usable", "eth1.100", 1),
    "bond mode 2": Situation(_bond("2", (1, 1, 1, 1)), "usable", "eth1.100", 1),
    "bond mode 3": Situation(_bond("3", (10, 10)), "usable", "eth1.100", 10),
    "bond mode 4": Situation(_bond("4", (1, 1, 1, 1)), "usable", "eth1.100", 1),
    "bond mode 5": Situation(_bond("5", (25, 25)), "usable", "eth1.100", 25),
    "bond mode 6": Situation(_bond("6", (10, 10)), "usable", "eth1.100", 10),
    "bond with a slave of unknown speed": Situation(_bond("4", (10, None)), "usable", "eth1.100", None),
    "bond down": Situation(_bond("4", (10, 10), status="down"), "fallback", "eth0", 10),
    "out of sync": Situation(_usual(), "usable", "eth1.100", 10, in_sync=False),
    "IPv6 only": Situation(
        _usual(ip_address=None, ipv6_address="2001:db8::2", ipv6_prefix="64"),
        "usable",
        "eth1.100",
        10,
        other_nics=_usual(ip_address=None, ipv6_address="2001:db8::1", ipv6_prefix="64"),
    ),
    "link-local address": Situation(
        _usual(ip_address=None, ipv6_address="fe80::2", ipv6_prefix="64"), "broken", "eth1.100", 10
    ),
    "no address": Situation(_usual(ip_address=None), "fallback", "eth0", 10),
    "VLAN device down": Situation(_usual(status="down"), "broken", "eth1.100", 10),
    "uplink down": Situation(_usual("eth1", status="down"), "fallback", "eth0", 10),
    "speed not reported": Situation(_usual("eth1", speed_bits_per_second=None), "usable", "eth1.100", None),
    "link state not reported": Situation(_usual("eth1", status=None), "unknown", "eth1.100", 10),
    "slow NIC": Situation(_usual("eth1", speed_bits_per_second=GIGABIT), "usable", "eth1.100", 1),
    "network not on the host": Situation(
        tuple(nic for nic in usual_nics(2) if nic.name != "eth1.100"), "fallback", "eth0", 10
    ),
    "no network has the role": Situation(_usual(), "unknown", "eth0", 10, has_role=False),
}
