"""Checks at their edges: exact limits, evidence of each object, and what is named as missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from rhevmig.checks import Finding, Severity, Status, check, equal_findings, exit_code
from rhevmig.checks.runner import ORDER
from rhevmig.inventory import (
    DiskAttachment,
    HostNic,
    Inventory,
    IscsiBond,
    NetworkAttachment,
    ReportedConfiguration,
    StorageDomainAttachment,
    Unobserved,
)
from rhevmig.policy import Policy, Roles, Thresholds, Waiver
from rhevmig.units import GIGABIT
from tests.builders import (
    BROADWELL,
    HASWELL,
    NETWORKS,
    NOW,
    SECURE_HASWELL,
    SKYLAKE_SERVER,
    a_cluster,
    a_data_center,
    a_disk,
    a_drift_event,
    a_host,
    a_level,
    a_nic,
    a_vm,
    an_inventory,
    usual_nics,
    with_nic,
    without_network,
)
from tests.unit.checks.judged import DECLARED, findings, the_unknown


def evidence(finding: Finding) -> dict[str, tuple[str, str]]:
    return {row.name: (row.observed, row.expected) for row in finding.evidence}


def hosts_of(*nics: tuple[HostNic, ...], **more: Any) -> Inventory:
    hosts = tuple(a_host(f"h{n}", nics=each, **more) for n, each in enumerate(nics, start=1))
    return an_inventory(hosts=hosts)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("offset_s", "round_trip_s", "status"),
    [
        (5.0, 0.0, "pass"),
        (5.001, 0.0, "fail"),
        (-5.001, 0.0, "fail"),
        (4.9, 0.2, "pass"),
        (4.91, 0.2, "unknown"),
        (5.09, 0.2, "unknown"),
        (5.11, 0.2, "fail"),
        (-4.91, 0.2, "unknown"),
    ],
)
def test_the_clock_is_judged_with_half_the_round_trip(
    offset_s: float, round_trip_s: float, status: str
) -> None:
    """Beyond the limit on both sides of the uncertainty it fails, on one side it is unknown."""
    instant = msgspec.structs.replace(
        an_inventory().instant, clock_offset_s=offset_s, round_trip_s=round_trip_s
    )
    (finding,) = findings("TIME-001", an_inventory(instant=instant)).values()
    assert finding.status == status
    if status == "fail":
        assert ("ahead of" in finding.message) == (offset_s > 0)


def test_the_window_of_drift_events_is_exact_and_evidence_shows_five() -> None:
    """An event at the edge of the window counts, one second before it not; the newest events are shown."""
    edge = NOW - timedelta(hours=24)
    inside = an_inventory(events=(a_drift_event(at=edge),))
    outside = an_inventory(events=(a_drift_event(at=edge - timedelta(seconds=1)),))
    assert findings("TIME-002", inside)["h1"].status == "fail"
    assert findings("TIME-002", outside)["h1"].status == "pass"
    many = an_inventory(events=tuple(a_drift_event(index=n) for n in range(9)))
    finding = findings("TIME-002", many)["h1"]
    assert "9×" in finding.message
    assert [row.name for row in finding.evidence] == ["event 604 at 2026-11-23 01:23:00 UTC"] * 5
    undated = msgspec.structs.replace(a_drift_event(), time=None)
    (row,) = findings("TIME-002", an_inventory(events=(undated,)))["h1"].evidence
    assert row.name == "event 604"


# ── CPU ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_vendor_is_shown_by_name_or_type() -> None:
    """The CPU's name is shown; without it the type from which the vendor follows."""
    named = an_inventory(hosts=(a_host(cpu_name="Intel Xeon", cpu_type=HASWELL),))
    assert evidence(findings("CPU-002", named)["h1"])["CPU"][0] == "Intel Xeon"
    typed = an_inventory(hosts=(a_host(cpu_name=None, cpu_type=HASWELL),))
    assert evidence(findings("CPU-002", typed)["h1"])["CPU"][0] == HASWELL


def test_without_a_cluster_type_most_hosts_decide_the_vendor() -> None:
    """The odd one fails, the majority passes; a tie goes to the first name."""
    intel, amd = {"cpu_name": "Intel Xeon", "cpu_type": None}, {"cpu_name": "AMD EPYC", "cpu_type": None}
    untyped = (a_cluster(cpu_type=None),)
    most = (a_host("h1", **intel), a_host("h2", **intel), a_host("h3", **amd))
    found = findings("CPU-002", an_inventory(hosts=most, clusters=untyped))
    assert {name: f.status for name, f in found.items()} == {"h1": "pass", "h2": "pass", "h3": "fail"}
    assert "most hosts" in found["h1"].message
    tie = findings("CPU-002", an_inventory(hosts=(most[0], most[2]), clusters=untyped))
    assert {name: f.status for name, f in tie.items()} == {"h1": "fail", "h3": "pass"}


@pytest.mark.parametrize(
    "order", [(HASWELL, BROADWELL, SKYLAKE_SERVER), (SKYLAKE_SERVER, BROADWELL, HASWELL)]
)
def test_the_limiting_host_is_found_at_any_place(order: tuple[str, ...]) -> None:
    """Only the Haswell host limits three kinds, wherever it is in the list; figures name the types."""
    hosts = tuple(a_host(f"h{n}", cpu_type=kind) for n, kind in enumerate(order))
    finding = findings("CPU-005", an_inventory(hosts=hosts, clusters=(a_cluster(cpu_type=HASWELL),)))["cl"]
    oldest = f"h{order.index(HASWELL)}"
    assert finding.status == "fail"
    assert finding.message.endswith(f"because of {oldest}")
    shown = evidence(finding)
    assert shown["highest type that all hosts satisfy"][0] == HASWELL
    assert shown[f"highest type without {HASWELL}"][0] == BROADWELL


def test_cpu_005_names_what_is_missing() -> None:
    """The flags of the types, or the type of a host: different remedies."""
    no_flags = an_inventory(cluster_levels=(a_level(with_flags=False),))
    assert the_unknown("CPU-005", no_flags).missing == "flags of the CPU types"
    no_type = an_inventory(hosts=(a_host("h1"), a_host("h2", cpu_type=None)))
    assert the_unknown("CPU-005", no_type).missing == "host.cpu.type"


def test_the_flags_that_may_be_missing_are_evidence() -> None:
    """A host of a lower type shows which flags of the cluster's type it may lack."""
    inventory = an_inventory(
        hosts=(a_host("h1", cpu_type=HASWELL),), clusters=(a_cluster(cpu_type=SECURE_HASWELL),)
    )
    finding = findings("CPU-003", inventory)["h1"]
    assert finding.status == "fail"
    assert "spec_ctrl" in evidence(finding)["flags that may be missing"][0]


# ── networks ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("bits", "status"), [(10 * GIGABIT, "pass"), (10 * GIGABIT - 1, "fail")])
def test_the_speed_of_the_link_is_a_lower_limit(bits: int, status: str) -> None:
    """Exactly the threshold is enough, one bit less is not."""
    nics = with_nic(usual_nics(1), "eth1", speed_bits_per_second=bits)
    assert findings("NET-010", hosts_of(nics))["h1"].status == status
    higher = Policy(thresholds=Thresholds(migration_link_gbit=25))
    assert findings("NET-010", hosts_of(nics), higher)["h1"].status == "fail"


def test_slaves_are_shown_with_speed_and_state() -> None:
    """A bond's slaves and the sum that the engine reports are evidence; a state not reported is a dash."""
    slaves = (
        a_nic("s1", speed_bits_per_second=GIGABIT),
        a_nic("s2", status=None, speed_bits_per_second=None),
    )
    bond = a_nic("bond0", bond_slave_ids=("s1", "s2"), bond_options={"mode": "4"})
    nics = (*with_nic(usual_nics(1), "eth1.100", base_interface="bond0"), bond, *slaves)
    shown = evidence(findings("NET-010", hosts_of(nics))["h1"])
    assert shown["slave s1"][0] == "1 Gbit/s, up"
    assert shown["slave s2"][0] == "–, –"
    assert shown["speed reported for bond0"][0] == "10 Gbit/s"


def test_net_003_names_the_part_that_was_not_read() -> None:
    """Devices that were not read and a link state that was not reported are different gaps."""
    unread = an_inventory(hosts=(a_host("h1"), a_host("h2", nics=None)))
    assert the_unknown("NET-003", unread).missing == "host_nic"
    silent = hosts_of(usual_nics(1), with_nic(usual_nics(2), "eth1", status=None))
    assert the_unknown("NET-003", silent).missing == "host_nic.status"


@pytest.mark.parametrize(
    ("six", "four", "blamed"),
    [
        (1, 1, {"six0", "four0"}),
        (1, 2, {"six0", "four0", "four1"}),
        (1, 3, {"six0"}),
        (3, 1, {"four0"}),
        (2, 2, {"six0", "six1", "four0", "four1"}),
    ],
)
def test_hosts_of_another_address_family_are_blamed_when_half_of_the_others_differ(
    six: int, four: int, blamed: set[str]
) -> None:
    """The smaller side is blamed; where half of the others differ, both are."""
    ipv6 = {"ip_address": None, "ipv6_address": "2001:db8::1", "ipv6_prefix": "64"}
    hosts = [a_host(f"four{n}", nics=usual_nics(n + 1)) for n in range(four)]
    hosts += [a_host(f"six{n}", nics=with_nic(usual_nics(n + 5), "eth1.100", **ipv6)) for n in range(six)]
    found = findings("NET-003", an_inventory(hosts=tuple(hosts)))
    assert {name for name, finding in found.items() if finding.status == "fail"} == blamed


def reported(mtu_actual: str | None, *, name: str = "mtu") -> tuple[NetworkAttachment, ...]:
    values = (
        ReportedConfiguration(name="vlan", expected_value="100", actual_value="100"),
        ReportedConfiguration(name=name, expected_value="9000", actual_value=mtu_actual),
    )
    return (NetworkAttachment(id="a", network_id="migration", in_sync=True, reported_configurations=values),)


@pytest.mark.parametrize(
    ("attachments", "device_mtu", "status"),
    [
        (reported("9000"), 1500, "pass"),
        (reported("1500"), 9000, "fail"),
        (reported(None), 9000, "pass"),
        (reported("1500", name="ip_address"), 9000, "pass"),
        (reported("auto"), 1500, "fail"),
    ],
)
def test_only_a_reported_mtu_counts_before_the_device(
    attachments: tuple[NetworkAttachment, ...], device_mtu: int, status: str
) -> None:
    """The attachment's MTU is believed first; other properties and texts that are no number are not."""
    nics = with_nic(usual_nics(1), "eth1.100", mtu=device_mtu)
    inventory = an_inventory(hosts=(a_host("h1", nics=nics, network_attachments=attachments),))
    assert findings("NET-018", inventory)["migration"].status == status


def test_storage_that_was_not_seen_is_not_storage_without_ip() -> None:
    """Whether storage is reached over IP is open where domains or their kinds were not read."""
    unseen = Unobserved(kind="storage_domain", what="all", reason="HTTP 403", remedy="ReadOnlyAdmin")
    inventory = an_inventory(storage_domains=(), unobserved=(unseen,))
    assert findings("NET-008", inventory)["h1"].status == "unknown"
    other = msgspec.structs.replace(unseen, kind="aaa")
    assert findings("NET-008", an_inventory(storage_domains=(), unobserved=(other,)))["h1"].status == (
        "not_applicable"
    )


def test_evidence_names_networks_devices_and_domains() -> None:
    """A reader finds the object by its name, and by its id where the object was not seen."""
    shown = evidence(findings("NET-008", an_inventory(), DECLARED)["h1"])
    assert shown["ovirtmgmt"] == ("eth0", "")
    assert shown["storage"][0] == "eth2.101 on eth2"
    gone = an_inventory(
        vms=(a_vm(),), disks=(a_disk(a_vm().disk_attachments[0].disk_id, storage_domain_ids=("gone",)),)
    )
    assert evidence(findings("STO-002", gone)["web01"]) == {"domain gone": ("– (status not seen)", "active")}
    local = msgspec.structs.replace(an_inventory().storage_domains[0], name="scratch", storage_type="localfs")
    here = findings("STO-002", an_inventory(storage_domains=(local,)))["web01"]
    assert evidence(here) == {"domain scratch": ("local to one host", "shared")}


# ── findings together ────────────────────────────────────────────────────────────────────────────


def test_equal_findings_are_grouped_and_different_ones_are_not() -> None:
    """Only findings of one check with the same status, text, evidence and remedy belong together."""
    pinned = tuple(a_vm(f"vm{n}", affinity="pinned") for n in range(3))
    found = check(an_inventory(vms=(*pinned, a_vm("free"))), DECLARED).of(check_id="VM-001")
    groups = equal_findings(found)
    assert [[finding.scope.name for finding in group] for group in groups] == [
        ["vm0", "vm1", "vm2"],
        ["free"],
    ]
    first = found[0]
    for difference in (
        {"severity": Severity.LOW},
        {"status": Status.UNKNOWN},
        {"message": "other"},
        {"remedy": "other"},
        {"missing": "other"},
        {"waiver": "other"},
        {"evidence": ()},
    ):
        assert len(equal_findings((first, msgspec.structs.replace(first, **difference)))) == 2, difference
    assert equal_findings(()) == ()


def test_the_gate_is_a_lower_limit() -> None:
    """A failure exactly at the gate decides, one below it does not."""
    slow = hosts_of(*(with_nic(usual_nics(n), "eth1", speed_bits_per_second=GIGABIT) for n in (1, 2)))
    found = check(slow, DECLARED)
    assert exit_code(found, "high") == 3
    assert exit_code(found, "blocker") == 0
    assert found.verdict("cl", gate="high") == "fail"
    assert found.verdict("cl", gate="blocker") == "pass"
    assert {f.check_id for f in found.at_or_above("high")} == {"NET-010"}
    assert found.at_or_above("blocker") == ()


def test_a_waiver_holds_until_the_end_of_its_last_day() -> None:
    """On the last day it waives, on the day after it does not."""
    inventory = an_inventory(vms=(a_vm(affinity="pinned"),))

    def status(until: str) -> str:
        waiver = Waiver(check="VM-001", id="web01", reason="licence", until=until, by="ops")
        policy = msgspec.structs.replace(DECLARED, waivers=(waiver,))
        return check(inventory, policy).of(check_id="VM-001")[0].status.value

    assert status("2026-11-23") == "waived"
    assert status("2026-11-22") == "fail"


def test_hosts_without_the_network_do_not_count_for_its_mtu() -> None:
    """The passing finding counts the hosts that have the network."""
    hosts = (a_host("h1"), without_network(a_host("h2"), "migration"))
    finding = findings("NET-018", an_inventory(hosts=hosts))["migration"]
    assert finding.message == "the MTU is 9000 B on 1 host"
    both = findings("NET-018", an_inventory())["migration"]
    assert both.message == "the MTU is 9000 B on 2 hosts"


def test_net_018_names_the_side_without_an_mtu() -> None:
    """An MTU that the network itself does not report, or the device of a host: different attributes."""
    networks = tuple(msgspec.structs.replace(n, mtu=None) if n.id == "migration" else n for n in NETWORKS)
    assert the_unknown("NET-018", an_inventory(networks=networks)).missing == "network.mtu"
    silent = with_nic(usual_nics(1), "eth1.100", mtu=None)
    assert the_unknown("NET-018", hosts_of(silent)).missing == "host_nic.mtu"


def test_a_larger_mtu_is_a_fault_where_no_vlan_raises_it() -> None:
    """Only a device that carries VLANs may have more than its network."""
    raised = with_nic(usual_nics(1), "eth1.100", mtu=9500)
    assert findings("NET-018", hosts_of(raised))["migration"].status == "fail"
    base = with_nic(usual_nics(1), "eth0", mtu=9000)
    assert findings("NET-018", hosts_of(base))["ovirtmgmt"].status == "pass"
    lower = with_nic(usual_nics(1), "eth0", mtu=1400)
    assert findings("NET-018", hosts_of(lower))["ovirtmgmt"].status == "fail"


@pytest.mark.parametrize("status", ["activating", "inactive", "maintenance", "locked", "mixed", "unknown"])
def test_only_an_active_domain_is_active(status: str) -> None:
    """Every other status fails, in whatever order the words sort."""
    attachment = StorageDomainAttachment(data_center_id="dc", storage_domain_id="nfs", status=status)
    assert findings("STO-002", an_inventory(storage_attachments=(attachment,)))["web01"].status == "fail"


@pytest.mark.parametrize(("disks", "message"), [(1, "1 disk on"), (2, "2 disks on"), (3, "3 disks on")])
def test_the_number_of_disks(disks: int, message: str) -> None:
    """Plugged disks are counted, unplugged ones are not."""
    attachments = tuple(DiskAttachment(disk_id=f"d{n}", active=True) for n in range(disks))
    off = DiskAttachment(disk_id="off", active=False)
    inventory = an_inventory(
        vms=(a_vm(disk_attachments=(*attachments, off)),),
        disks=tuple(a_disk(f"d{n}") for n in range(disks)),
    )
    assert findings("STO-002", inventory)["web01"].message == f"{message} active shared storage"


def by_address(address: str | None, *nics: HostNic) -> Inventory:
    domain = msgspec.structs.replace(an_inventory().storage_domains[0], address=address)
    return an_inventory(storage_domains=(domain,), hosts=(a_host("h1", nics=nics),))


def storage_nic(address: str | None, mask: str | None) -> tuple[HostNic, ...]:
    return with_nic(usual_nics(1), "eth2.101", ip_address=address, ip_netmask=mask)


@pytest.mark.parametrize(
    ("address", "mask", "storage", "is_found"),
    [
        ("10.9.0.5", "255.255.255.0", "10.9.0.200", True),
        ("10.9.0.5", "255.255.255.0", "10.9.1.200", False),
        ("10.9.0.5", "255.255.0.0", "10.9.1.200", True),
        ("10.9.0.5", "24", "10.9.0.200", True),
        ("10.9.0.5", "255.255.255.1", "10.9.0.200", False),
        ("10.9.0.5", None, "10.9.0.200", False),
        (None, "255.255.255.0", "10.9.0.200", False),
        ("10.9.0.5/24", "24", "10.9.0.200", True),
        ("10.9.0.5", "255.255.255.0", "nas.example", False),
        ("10.9.0.5", "255.255.255.0", "[2001:db8::1]", False),
    ],
)
def test_storage_is_found_by_the_subnet_of_a_nic(
    address: str | None, mask: str | None, storage: str, is_found: bool
) -> None:
    """Address and mask of the NIC decide; odd or missing ones lead nowhere and break nothing."""
    finding = findings("NET-007", by_address(storage, *storage_nic(address, mask)))["dc"]
    assert finding.status == ("pass" if is_found else "unknown")
    if is_found:
        assert finding.message == f"storage by the subnet of eth2.101 on h1, which contains {storage}"


def test_the_networks_of_an_iscsi_bond_carry_storage_and_others_do_not() -> None:
    """Only the networks that the bond names are found, before any subnet is looked at."""
    bond = IscsiBond(id="b", name="portal", network_ids=("guests",))
    inventory = an_inventory(data_centers=(a_data_center(iscsi_bonds=(bond,)),))
    assert findings("NET-007", inventory)["dc"].message == "guests by the iSCSI bond portal"


def test_statuses_are_ordered_and_kept_apart() -> None:
    """Failure, error, unknown, waiver, pass, not applicable: each before the next, worst severity first."""
    order = (
        Status.FAIL,
        Status.ERROR,
        Status.UNKNOWN,
        Status.WAIVED,
        Status.PASS,
        Status.NOT_APPLICABLE,
    )
    assert sorted(order, key=ORDER.__getitem__) == list(order)
    assert len(set(ORDER.values())) == len(order)


def test_a_slave_that_is_not_listed_is_left_out() -> None:
    """A bond that names a NIC which the host does not list still has its other rows."""
    bond = a_nic("bond0", bond_slave_ids=("gone", "s1"), bond_options={"mode": "4"})
    nics = (*with_nic(usual_nics(1), "eth1.100", base_interface="bond0"), bond, a_nic("s1"))
    shown = evidence(findings("NET-010", hosts_of(nics))["h1"])
    assert [name for name in shown if name.startswith("slave")] == ["slave s1"]


def test_cpu_003_shows_what_is_wanted_and_what_the_engine_reports() -> None:
    """Wanted flags and status are evidence; where the engine gives a status detail, that is the reason."""
    detail = "cpu_type_incompatible_with_cluster"
    host = a_host("h1", cpu_type=HASWELL, status="non_operational", status_detail=detail)
    refused = findings("CPU-003", an_inventory(hosts=(host,), clusters=(a_cluster(cpu_type=HASWELL),)))["h1"]
    assert refused.status == "fail"
    assert refused.message == f"it does not satisfy {HASWELL}: {detail}"
    shown = evidence(refused)
    assert shown["highest CPU type that it satisfies"] == (HASWELL, f"all flags of {HASWELL}")
    assert shown["status"][0] == f"non_operational {detail}"
    low = an_inventory(hosts=(a_host(cpu_type=HASWELL),), clusters=(a_cluster(cpu_type=BROADWELL),))
    finding = findings("CPU-003", low)["h1"]
    assert finding.message.endswith(f"{HASWELL} is the highest type that the host satisfies")
    assert evidence(finding)["status"][0] == "up"


def test_a_host_that_was_not_read_does_not_hide_the_others() -> None:
    """A wrong MTU on a later host is found although an earlier one was not read."""
    unread = a_host("h1", nics=None, network_attachments=None)
    wrong = a_host("h2", nics=with_nic(usual_nics(2), "eth1.100", mtu=1500))
    finding = findings("NET-018", an_inventory(hosts=(unread, wrong)))["migration"]
    assert finding.status == "fail"
    assert evidence(finding) == {"h2": ("1500 B", "9000 B (as set)")}


def test_networks_are_named_by_name_and_not_by_id() -> None:
    """A reader knows the name of a network, not its id."""
    named = tuple(msgspec.structs.replace(n, name="san") if n.id == "storage" else n for n in NETWORKS)
    policy = Policy(roles=Roles(storage=("san",)))
    assert "san" in evidence(findings("NET-008", an_inventory(networks=named), policy)["h1"])


def test_the_remedy_is_that_of_the_part_that_was_not_read() -> None:
    """Gaps of another kind, part or object do not lend their remedy."""
    gaps = (
        Unobserved(kind="vm", what="nics", reason="HTTP 403", remedy="for VMs"),
        Unobserved(kind="host", what="statistics", reason="HTTP 403", remedy="for statistics"),
        Unobserved(kind="host", id="h1", what="nics", reason="HTTP 403", remedy="for h1"),
        Unobserved(kind="host", id="h2", what="nics", reason="HTTP 403", remedy="for h2"),
    )
    hosts = (a_host("h1"), a_host("h2", nics=None))
    assert the_unknown("NET-003", an_inventory(hosts=hosts, unobserved=gaps)).remedy == "for h2 (HTTP 403)"
    others = an_inventory(hosts=hosts, unobserved=gaps[:3])
    assert "ReadOnlyAdmin" in the_unknown("NET-003", others).remedy
    whole = (*gaps[:2], Unobserved(kind="host", what="all", reason="HTTP 401", remedy=""))
    assert the_unknown("NET-003", an_inventory(hosts=hosts, unobserved=whole)).remedy == "HTTP 401"
