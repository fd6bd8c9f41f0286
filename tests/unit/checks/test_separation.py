"""NET-001, NET-005, NET-007, NET-008: the roles of networks are apart, and storage is known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import Inventory, IscsiBond, StorageConnection, Unobserved
from rhevmig.policy import Policy, Roles
from tests.builders import (
    a_cluster,
    a_data_center,
    a_host,
    an_inventory,
    cluster_networks,
    usual_nics,
    with_nic,
    without_network,
)
from tests.unit.checks.judged import DECLARED, findings, statuses, the_unknown

ON_MANAGEMENT = cluster_networks(
    ovirtmgmt=("vm", "display", "management", "migration", "default_route"), migration=()
)
HIDDEN_HOSTS = Unobserved(kind="host", what="all", reason="insufficient permissions", remedy="ReadOnlyAdmin.")


def with_network(network_id: str, **difference: Any) -> Inventory:
    """The usual inventory with one network changed."""
    usual = an_inventory()
    networks = tuple(
        msgspec.structs.replace(n, **difference) if n.id == network_id else n for n in usual.networks
    )
    return msgspec.structs.replace(usual, networks=networks)


def with_domain(**difference: Any) -> Inventory:
    """The usual inventory with another kind of storage."""
    usual = an_inventory()
    domain = msgspec.structs.replace(usual.storage_domains[0], **difference)
    return msgspec.structs.replace(usual, storage_domains=(domain,))


def test_net_001_silent_with_a_network_of_its_own() -> None:
    """The role on another network than management passes."""
    assert statuses("NET-001", an_inventory()) == {"cl": "pass"}


def test_net_001_fires_on_the_management_network() -> None:
    """Both roles on one network fail, and so does a cluster where none has the role."""
    assert statuses("NET-001", an_inventory(cluster_networks=ON_MANAGEMENT)) == {"cl": "fail"}
    assert statuses("NET-001", an_inventory(cluster_networks=cluster_networks(migration=()))) == {
        "cl": "fail"
    }


def test_net_001_unknown_without_roles() -> None:
    """Networks of the cluster not read, or only in part: unknown; every cluster has a management network."""
    the_unknown("NET-001", an_inventory(cluster_networks=()))
    in_part = tuple(m for m in cluster_networks() if m.network_id == "guests")
    the_unknown("NET-001", an_inventory(cluster_networks=in_part))
    the_unknown("NET-005", an_inventory(cluster_networks=in_part), DECLARED)


@pytest.mark.parametrize("check_id", ["NET-001", "NET-005", "CPU-005"])
def test_a_cluster_without_hosts_is_not_judged_but_hidden_hosts_are_unknown(check_id: str) -> None:
    """No hosts: nothing to judge. Hosts that may not be seen: unknown."""
    assert statuses(check_id, an_inventory(hosts=())) == {"cl": "not_applicable"}
    assert the_unknown(check_id, an_inventory(hosts=(), unobserved=(HIDDEN_HOSTS,))).remedy.startswith(
        "ReadOnly"
    )


def test_net_005_silent_with_vlans_of_their_own() -> None:
    """Three roles with three VLANs (or one of them untagged) pass once storage is known."""
    assert statuses("NET-005", an_inventory(), DECLARED) == {"cl": "pass"}


@pytest.mark.parametrize(
    "inventory",
    [
        an_inventory(cluster_networks=ON_MANAGEMENT),
        with_network("storage", vlan_id=100),
    ],
)
def test_net_005_fires_on_a_shared_network_or_tag(inventory: Inventory) -> None:
    """One network for two roles, or two networks with one tag, fail."""
    assert statuses("NET-005", inventory, DECLARED) == {"cl": "fail"}


def test_net_005_unknown_without_storage_or_with_two_untagged() -> None:
    """Storage not known, two untagged networks, or roles not read: never a pass."""
    assert "storage" in (the_unknown("NET-005", an_inventory()).missing or "")
    assert "switch" in (
        the_unknown("NET-005", with_network("migration", vlan_id=None), DECLARED).missing or ""
    )
    the_unknown("NET-005", an_inventory(cluster_networks=()), DECLARED)


def test_net_005_separates_what_the_policy_says() -> None:
    """Consoles share the management network by default, which only a policy that says so minds."""
    strict = Policy(roles=Roles(storage=("storage",), separate=("management", "display")))
    assert statuses("NET-005", an_inventory(), strict) == {"cl": "fail"}
    loose = Policy(roles=Roles(separate=("management", "migration")))
    assert statuses("NET-005", an_inventory(), loose) == {"cl": "pass"}


def test_net_007_silent_where_it_is_declared_or_inferred() -> None:
    """By the policy, by an iSCSI bond, or by the subnet of a host's NIC; the evidence says how."""
    assert statuses("NET-007", an_inventory(), DECLARED) == {"dc": "pass"}
    bond = IscsiBond(id="b", name="b", network_ids=("storage",))
    assert statuses("NET-007", an_inventory(data_centers=(a_data_center(iscsi_bonds=(bond,)),))) == {
        "dc": "pass"
    }
    by_address = with_domain(address="10.100.1.200")
    assert "subnet of eth2.101" in findings("NET-007", by_address)["dc"].message
    connection = StorageConnection(id="c", type="nfs", address="10.100.1.200")
    connected = msgspec.structs.replace(
        with_domain(address=None, connection_ids=("c",)), storage_connections=(connection,)
    )
    assert statuses("NET-007", connected) == {"dc": "pass"}


def test_net_007_infers_in_ipv6_too() -> None:
    """The address may be IPv6, and so may the NIC's."""
    nics = with_nic(usual_nics(), "eth2.101", ipv6_address="2001:db8:1::5", ipv6_prefix="64")
    inventory = msgspec.structs.replace(
        with_domain(address="2001:db8:1::99"), hosts=(a_host("h1", nics=nics),)
    )
    assert statuses("NET-007", inventory) == {"dc": "pass"}


def test_net_007_fires_on_a_declared_network_that_is_not_there() -> None:
    """A name in the policy that the engine does not have fails and is told."""
    found = findings("NET-007", an_inventory(), Policy(roles=Roles(storage=("san",))))["dc"]
    assert found.status == "fail"
    assert "san" in found.message


def test_net_007_unknown_by_name_only() -> None:
    """A network that is merely called storage is a hint in the remedy and never a pass."""
    assert "may be storage" in the_unknown("NET-007", an_inventory()).remedy
    the_unknown("NET-007", with_domain(storage_type=None))


@pytest.mark.parametrize("kind", ["fcp", "localfs"])
def test_net_007_and_008_not_applicable_without_ip_storage(kind: str) -> None:
    """Fibre Channel and local storage use no network."""
    inventory = with_domain(storage_type=kind)
    assert statuses("NET-007", inventory) == {"dc": "not_applicable"}
    assert set(statuses("NET-008", inventory).values()) == {"not_applicable"}


def test_net_008_silent_on_a_nic_of_its_own() -> None:
    """Storage on another NIC than management passes."""
    assert statuses("NET-008", an_inventory(), DECLARED) == {"h1": "pass", "h2": "pass"}


def test_net_008_fires_without_the_network_or_on_the_same_nic() -> None:
    """No storage network on the host, the same NIC by VLAN, or the management network itself: fail."""
    shared = with_nic(usual_nics(2), "eth2.101", base_interface="eth0")
    hosts = (without_network(a_host("h1"), "storage"), a_host("h2", nics=shared))
    found = findings("NET-008", an_inventory(hosts=hosts), DECLARED)
    assert {name: f.status for name, f in found.items()} == {"h1": "fail", "h2": "fail"}
    assert "management NIC" in found["h1"].message
    assert "separated by VLAN only" in found["h2"].message
    on_management = findings("NET-008", with_domain(address="203.0.113.200"))
    assert {f.status for f in on_management.values()} == {"fail"}


def test_net_008_unknown_never_passes_without_a_storage_network() -> None:
    """Nothing declared or inferred: unknown on each host that is up."""
    hosts = (a_host("h1"), a_host("h2", status="maintenance"))
    found = findings("NET-008", an_inventory(hosts=hosts))
    assert {name: f.status for name, f in found.items()} == {"h1": "unknown", "h2": "not_applicable"}
    assert "roles: {storage: [NAME]}" in found["h1"].remedy


@pytest.mark.parametrize(
    "inventory",
    [
        an_inventory(hosts=(a_host("h1", nics=None),)),
        an_inventory(hosts=(a_host("h1"),), cluster_networks=()),
        an_inventory(hosts=(without_network(a_host("h1"), "ovirtmgmt"),)),
    ],
)
def test_net_008_unknown_where_nics_are_not_seen(inventory: Inventory) -> None:
    """NICs, roles or the management NIC not seen: unknown although storage is declared."""
    the_unknown("NET-008", inventory, DECLARED)


def test_a_cluster_in_no_data_center_breaks_nothing() -> None:
    """Of a detached cluster the storage network is not known."""
    inventory = an_inventory(clusters=(a_cluster(data_center_id=None),))
    assert statuses("NET-005", inventory, DECLARED) == {"cl": "unknown"}
