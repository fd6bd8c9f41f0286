"""NET-003, NET-010, NET-018: the migration link works, is fast, and MTUs agree."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import Host, HostNic, Inventory, NetworkAttachment, ReportedConfiguration
from rhevmig.policy import Policy, Thresholds
from rhevmig.units import GIGABIT
from tests.builders import (
    a_host,
    a_nic,
    an_inventory,
    usual_nics,
    with_nic,
    without_network,
)
from tests.unit.checks.judged import findings, statuses, the_unknown


def beside(second: Host) -> Inventory:
    """The usual h1 beside this host."""
    return an_inventory(hosts=(a_host("h1"), second))


def changed(name: str, **difference: Any) -> Inventory:
    """The usual h1 beside an h2 on which one device differs."""
    return beside(a_host("h2", nics=with_nic(usual_nics(2), name, **difference)))


# ── NET-003 ──────────────────────────────────────────────────────────────────────────────────────


def test_net_003_silent_where_link_and_address_are_there() -> None:
    """Device and base up, address there: passes on each host, with the evidence."""
    found = findings("NET-003", an_inventory())
    assert {name: f.status for name, f in found.items()} == {"h1": "pass", "h2": "pass"}
    assert [row.name for row in found["h1"].evidence] == [
        "link of eth1.100",
        "link of eth1",
        "address of eth1.100",
    ]


@pytest.mark.parametrize(
    ("device", "difference", "consequence"),
    [
        ("eth1.100", {"status": "down"}, "migrations fail"),
        ("eth1", {"status": "down"}, "falls back to the management network"),
        ("eth1.100", {"ip_address": None}, "falls back to the management network"),
        ("eth1.100", {"ip_address": None, "ipv6_address": "::"}, "falls back to the management network"),
        ("eth1.100", {"ip_address": None, "ipv6_address": "fe80::1"}, "migrations fail"),
    ],
)
def test_net_003_fires_where_the_network_cannot_be_used(
    device: str, difference: dict[str, Any], consequence: str
) -> None:
    """Device or uplink down, no address or only a link-local one: fails with what the engine does then.

    The engine looks at the uplink of a VLAN device and takes any address, so it notices only some of these.
    """
    found = findings("NET-003", changed(device, **difference))
    assert found["h2"].status == "fail"
    assert consequence in found["h2"].message
    assert found["h1"].status == "pass"


def test_net_003_fires_where_the_network_is_not_on_the_host() -> None:
    """A host without the migration network fails."""
    assert statuses("NET-003", beside(without_network(a_host("h2"), "migration"))) == {
        "h1": "pass",
        "h2": "fail",
    }


def test_net_003_takes_an_address_in_ipv6() -> None:
    """IPv6 alone is fine where all hosts have it; between v4-only and v6-only hosts there is no path."""
    six: dict[str, Any] = {"ip_address": None, "ip_netmask": None}

    def host(name: str, number: int) -> Host:
        nics = with_nic(usual_nics(number), "eth1.100", ipv6_address=f"2001:db8::{number}", **six)
        return a_host(name, nics=nics)

    both = an_inventory(hosts=(host("h1", 1), host("h2", 2)))
    assert set(statuses("NET-003", both).values()) == {"pass"}
    mixed = findings("NET-003", beside(host("h2", 2)))
    assert {f.status for f in mixed.values()} == {"fail"}
    assert "only IPv6" in mixed["h2"].message
    crowd = an_inventory(hosts=(a_host("h1"), host("h2", 2), a_host("h3"), a_host("h4")))
    assert [name for name, status in statuses("NET-003", crowd).items() if status == "fail"] == ["h2"]


@pytest.mark.parametrize(
    "second",
    [
        a_host("h2", nics=None, network_attachments=None),
        a_host("h2", nics=with_nic(usual_nics(2), "eth1", status=None)),
        a_host("h2", nics=tuple(nic for nic in usual_nics(2) if nic.name != "eth1")),
    ],
)
def test_net_003_unknown_where_devices_or_links_are_not_seen(second: Host) -> None:
    """NICs not read, link status not told, base device not seen: unknown."""
    assert the_unknown("NET-003", beside(second)).scope.name == "h2"


def test_net_003_unknown_without_roles_and_not_applicable_off() -> None:
    """Roles not read: unknown for every host that is up; a host that is down is not judged."""
    hosts = (a_host("h1"), a_host("h2", status="maintenance"))
    found = statuses("NET-003", an_inventory(hosts=hosts, cluster_networks=()))
    assert found == {"h1": "unknown", "h2": "not_applicable"}


# ── NET-010 ──────────────────────────────────────────────────────────────────────────────────────


def bond(
    mode: str, *speeds: float | None, told: float | None = None, **difference: Any
) -> tuple[HostNic, ...]:
    """The usual NICs with the migration VLAN on a bond of slaves with these speeds in Gbit/s."""
    slaves = tuple(
        a_nic(f"ens{n}", speed_bits_per_second=None if speed is None else int(speed * GIGABIT))
        for n, speed in enumerate(speeds)
    )
    above = a_nic(
        "bond0",
        bond_slave_ids=tuple(slave.id for slave in slaves),
        bond_options={"mode": mode},
        speed_bits_per_second=None if told is None else int(told * GIGABIT),
        **difference,
    )
    rest = tuple(n for n in with_nic(usual_nics(2), "eth1.100", base_interface="bond0") if n.name != "eth1")
    return (*rest, above, *slaves)


def test_net_010_silent_at_ten_gigabit() -> None:
    """10 Gbit/s passes."""
    assert set(statuses("NET-010", an_inventory()).values()) == {"pass"}


def test_net_010_fires_on_a_slow_link() -> None:
    """1 Gbit/s on the base of the VLAN fails, whatever the VLAN device says."""
    found = findings("NET-010", changed("eth1", speed_bits_per_second=GIGABIT))["h2"]
    assert found.status == "fail"
    assert found.evidence[0].observed == "1 Gbit/s"


@pytest.mark.parametrize(
    ("nics", "status"),
    [
        (bond("4", 1, 1, 1, told=10), "fail"),
        (bond("4", 10, 10, told=20), "pass"),
        (bond("2", 1, 25, told=26), "fail"),
        (bond("0", 5, 5, told=10), "pass"),
        (bond("1", 10, 1, told=1, bond_active_slave_id="ens1"), "fail"),
        (bond("1", 10, 1, told=10, bond_active_slave_id="ens0"), "pass"),
        (bond("1", 10, 25, told=10), "pass"),
        (bond("4", 10, None, told=10), "unknown"),
        (bond("4", told=10), "unknown"),
    ],
)
def test_net_010_counts_one_slave_for_one_stream(nics: tuple[HostNic, ...], status: str) -> None:
    """A bond gives a single stream one slave, although the engine tells the sum."""
    assert statuses("NET-010", beside(a_host("h2", nics=nics)))["h2"] == status


def test_net_010_ignores_slaves_without_link() -> None:
    """A slave that is down carries nothing and does not count as the slowest."""
    nics = tuple(
        msgspec.structs.replace(nic, status="down") if nic.name == "ens0" else nic
        for nic in bond("4", 1, 10, told=10)
    )
    assert statuses("NET-010", beside(a_host("h2", nics=nics)))["h2"] == "pass"


def test_net_010_unknown_where_no_speed_is_told() -> None:
    """Speed absent is unknown, not slow."""
    assert the_unknown("NET-010", changed("eth1", speed_bits_per_second=None)).missing == "host_nic.speed"


def test_net_010_threshold_comes_from_the_policy_with_its_origin() -> None:
    """A site may demand 25 Gbit/s, and the evidence says who demands it."""
    policy = Policy(
        name="site",
        thresholds=Thresholds(migration_link_gbit=25),
        provenance={"migration_link_gbit": "network standard"},
    )
    found = findings("NET-010", an_inventory(), policy)["h1"]
    assert (found.status, found.evidence[0].expected) == ("fail", "≥ 25 Gbit/s (network standard)")


def test_net_010_not_applicable_without_the_network() -> None:
    """A host without the migration network is NET-003's matter; one that is down is not judged."""
    hosts = (without_network(a_host("h1"), "migration"), a_host("h2", status="down"))
    assert set(statuses("NET-010", an_inventory(hosts=hosts)).values()) == {"not_applicable"}
    assert statuses("NET-010", an_inventory(cluster_networks=()))["h1"] == "unknown"


# ── NET-018 ──────────────────────────────────────────────────────────────────────────────────────


def test_net_018_silent_where_all_agree() -> None:
    """Each network passes by itself; 0 means the engine's default."""
    assert statuses("NET-018", an_inventory()) == dict.fromkeys(
        ("ovirtmgmt", "guests", "migration", "storage"), "pass"
    )


def test_net_018_fires_on_another_mtu() -> None:
    """One host with another MTU fails that network and names the host."""
    found = findings("NET-018", changed("eth2.101", mtu=1500))
    assert found["storage"].status == "fail"
    assert [(row.name, row.observed) for row in found["storage"].evidence] == [("h2", "1500 B")]
    assert found["migration"].status == "pass"


def test_net_018_knows_the_engines_default() -> None:
    """A network with MTU 0 means the option DefaultMTU, or 1500 where that could not be read."""
    jumbo = an_inventory(default_mtu=9000)
    assert statuses("NET-018", jumbo)["guests"] == "fail"
    assert statuses("NET-018", an_inventory(default_mtu=None))["guests"] == "pass"


def test_net_018_a_base_raised_for_its_vlans_is_no_fault() -> None:
    """eth0 at 9000 under a VLAN with jumbo frames still carries management at 1500."""
    assert statuses("NET-018", changed("eth0", mtu=9000))["ovirtmgmt"] == "pass"


def test_net_018_believes_the_attachment_first() -> None:
    """What the attachment reports counts, even where the device says otherwise."""
    reported = ReportedConfiguration(name="mtu", expected_value="9000", actual_value="1500", in_sync=False)
    host = a_host("h2")
    attachments = tuple(
        msgspec.structs.replace(a, reported_configurations=(reported,)) if a.network_id == "storage" else a
        for a in host.network_attachments or ()
    )
    assert statuses("NET-018", beside(a_host("h2", network_attachments=attachments)))["storage"] == "fail"


def test_net_018_unknown_where_no_mtu_is_seen() -> None:
    """A device without MTU, a network without MTU, or NICs not read: unknown."""
    assert the_unknown("NET-018", changed("eth2.101", mtu=None)).scope.name == "storage"
    unread = beside(a_host("h2", nics=None, network_attachments=None))
    assert set(statuses("NET-018", unread).values()) == {"unknown"}
    networks = tuple(
        msgspec.structs.replace(n, mtu=None) if n.id == "guests" else n for n in an_inventory().networks
    )
    assert statuses("NET-018", an_inventory(networks=networks))["guests"] == "unknown"


def test_net_018_not_applicable_where_no_host_has_it() -> None:
    """A network that lies on no host that is up has nothing to compare."""
    hosts = (without_network(a_host("h1"), "storage"), a_host("h2", status="maintenance"))
    assert statuses("NET-018", an_inventory(hosts=hosts))["storage"] == "not_applicable"


def test_an_attachment_without_a_device_is_not_taken_for_missing() -> None:
    """Where the attachment is told but its device is not, the answer is unknown."""
    attachment = NetworkAttachment(id="a", network_id="migration", host_nic_id="eth9")
    nics = tuple(n for n in usual_nics(2) if n.name != "eth1.100")
    second = a_host("h2", nics=nics, network_attachments=(attachment,))
    assert statuses("NET-003", beside(second))["h2"] == "unknown"
