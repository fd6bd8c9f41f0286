"""The report prints what checks judge: figures and findings of one document never differ."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from builders import (
    BROADWELL,
    HASWELL,
    NETWORKS,
    SECURE_BROADWELL,
    SECURE_HASWELL,
    SKYLAKE_SERVER,
    a_cluster,
    a_host,
    an_inventory,
)

import rhevmig
from rhevmig.checks import Status
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy, Roles, Thresholds
from rhevmig.report import Report
from rhevmig.report.document import Figure, Tone

KINDS = {
    "secure Haswell and Broadwell": (SECURE_HASWELL, BROADWELL),
    "one kind": (HASWELL, HASWELL),
    "three kinds": (HASWELL, BROADWELL, SKYLAKE_SERVER),
    "secure and plain": (SECURE_BROADWELL, SECURE_BROADWELL, HASWELL),
    "one not known": (HASWELL, None),
}
#: VLANs of the networks for management, migration and storage; the storage network by declaration.
VLANS = {
    "separate": (None, 100, 101),
    "migration and storage share": (None, 100, 100),
    "two untagged": (None, None, 101),
    "all untagged": (None, None, None),
    "management and storage share": (7, 100, 7),
}


def figure_of(report: Report, figure_id: str) -> Figure:
    return next(
        block
        for section in report.document.walk()
        for block in section.blocks
        if isinstance(block, Figure) and block.id == figure_id
    )


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
def test_the_ladder_blames_the_hosts_that_cpu_005_blames(kinds: tuple[str | None, ...]) -> None:
    """Hosts that limit the CPU type of a cluster are the same in the figure and in the finding."""
    hosts = tuple(a_host(f"h{n}", cpu_type=kind) for n, kind in enumerate(kinds))
    inventory = an_inventory(hosts=hosts, clusters=(a_cluster(cpu_type=HASWELL),), vms=())
    findings = rhevmig.check(inventory)
    (finding,) = findings.of(check_id="CPU-005")
    drawing = figure_of(Report(inventory, findings), "figure-cpu-cl").drawing
    blamed = {name for rung in drawing.rungs if rung.holds_down for name in rung.members}
    named = finding.message.partition("because of ")[2]
    assert blamed == (set(named.split(", ")) if finding.status == Status.FAIL else set())


def test_two_kinds_that_limit_each_other_are_both_blamed() -> None:
    """A secure Haswell host and a Broadwell host lack flags of each other: both limit the cluster."""
    hosts = (a_host("old", cpu_type=SECURE_HASWELL), a_host("new", cpu_type=BROADWELL))
    inventory = an_inventory(hosts=hosts, clusters=(a_cluster(cpu_type=HASWELL),), vms=())
    figure = figure_of(Report(inventory), "figure-cpu-cl")
    assert {rung.label for rung in figure.drawing.rungs if rung.holds_down} == {SECURE_HASWELL, BROADWELL}
    notes = {row[0]: row[3] for row in figure.table.rows}
    assert notes[SECURE_HASWELL] == f"limits the cluster: without these hosts it could be {BROADWELL}"


def separated(vlans: tuple[int | None, ...], **difference: Any) -> Inventory:
    names = ("ovirtmgmt", "migration", "storage")
    tagged = dict(zip(names, vlans, strict=True))
    networks = tuple(msgspec.structs.replace(n, vlan_id=tagged.get(n.id, n.vlan_id)) for n in NETWORKS)
    return an_inventory(networks=networks, **difference)


@pytest.mark.parametrize("vlans", VLANS.values(), ids=VLANS)
@pytest.mark.parametrize("separate", [("management", "migration", "storage"), ("management", "migration")])
def test_the_figure_of_roles_agrees_with_net_005(
    vlans: tuple[int | None, ...], separate: tuple[str, ...]
) -> None:
    """Red where the check fails, violet where it cannot be judged, and only for the roles of the policy."""
    policy = Policy(roles=Roles(storage=("storage",), separate=separate))
    inventory = separated(vlans)
    findings = rhevmig.check(inventory, policy)
    (finding,) = findings.of(check_id="NET-005")
    marks = figure_of(Report(inventory, findings, policy=policy), "figure-separation").drawing.marks[0]
    tones = {mark.tone for mark in marks}
    expected = {Status.PASS: Tone.GOOD, Status.FAIL: Tone.BAD, Status.UNKNOWN: Tone.UNKNOWN}
    assert expected[finding.status] in tones
    assert (Tone.BAD in tones) == (finding.status == Status.FAIL)
    if "storage" not in separate:
        assert marks[2].tone == Tone.MUTED


def test_a_storage_network_found_by_its_subnet_is_drawn() -> None:
    """The figure knows every storage network that checks know: here by the subnet of a host's NIC."""
    domain = msgspec.structs.replace(an_inventory().storage_domains[0], address="10.100.1.200")
    inventory = separated((None, 100, 101), storage_domains=(domain,))
    findings = rhevmig.check(inventory)
    assert [finding.status for finding in findings.of(check_id="NET-007")] == [Status.PASS]
    report = Report(inventory, findings)
    assert figure_of(report, "figure-separation").drawing.marks[0][2].text == "VLAN 101"
    roles = next(table for table in report.document.tables() if table.id == "network-roles")
    assert {row[1]: row[4] for row in roles.rows}["storage"] == "storage"


@pytest.mark.parametrize("gbit", [1, 10, 25])
def test_the_line_of_the_figure_is_the_threshold_of_the_policy(gbit: float) -> None:
    """The speed that a migration link should have is the site's, and bars below it stand out."""
    inventory = an_inventory()
    policy = Policy(thresholds=Thresholds(migration_link_gbit=gbit))
    findings = rhevmig.check(inventory, policy)
    drawing = figure_of(Report(inventory, findings, policy=policy), "figure-uplinks").drawing
    assert drawing.line == gbit
    statuses = {finding.scope.name: finding.status for finding in findings.of(check_id="NET-010")}
    assert {bar.label: bar.tone == Tone.GOOD for bar in drawing.bars} == {
        name: status == Status.PASS for name, status in statuses.items()
    }


def test_a_network_without_a_role_is_not_called_storage() -> None:
    """A cluster whose storage network is not known shows that it is not known, never a good mark."""
    inventory = separated((None, 100, 101))
    mark = figure_of(Report(inventory), "figure-separation").drawing.marks[0][2]
    assert (mark.text, mark.tone) == ("not known", Tone.UNKNOWN)
