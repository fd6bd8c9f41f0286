"""Findings in the report: statuses, waivers, thresholds and where their figures come from."""

from __future__ import annotations

from pathlib import Path

from builders import an_inventory

import rhevmig
from rhevmig.checks import CHECKS, Finding, Findings, ObservedValue, Scope, Severity, Status
from rhevmig.policy import Policy, Thresholds
from rhevmig.report import Report
from rhevmig.report.document import FindingGroup, Tone

HOST = Scope(kind="host", id="h1", name="h1", cluster_id="cl", data_center_id="dc")


def a_finding(status: Status, check_id: str = "NET-010", **more: object) -> Finding:
    usual: dict[str, object] = {
        "severity": Severity.HIGH,
        "scope": HOST,
        "message": "the link has 1 Gbit/s",
        "evidence": (ObservedValue(name="speed of eno1", observed="1 Gbit/s", expected="10 Gbit/s"),),
        "remedy": "Use a faster one.",
    }
    return Finding(check_id=check_id, status=status, **{**usual, **more})  # type: ignore[arg-type]


def groups(*found: Finding, policy: Policy | None = None) -> list[FindingGroup]:
    findings = Findings(findings=found, clusters={"cl": "dc"})
    document = Report(an_inventory(), findings, policy=policy).document
    section = next(s for s in document.sections if s.id == "findings")
    return [block for block in section.blocks if isinstance(block, FindingGroup)]


def test_what_fails_cannot_be_judged_or_is_waived_is_shown() -> None:
    """Passes are only counted; everything else stands in the report with its status in words."""
    found = groups(
        a_finding(Status.FAIL),
        a_finding(Status.UNKNOWN, "NET-003", missing="the NICs"),
        a_finding(Status.WAIVED, "CPU-003", waived_status=Status.FAIL, waiver="until 2027 by ops"),
        a_finding(Status.ERROR, "STO-001"),
        a_finding(Status.PASS, "STO-002"),
    )
    assert [group.check_id for group in found] == ["NET-010", "NET-003", "STO-001", "CPU-003"]
    assert [group.tone for group in found] == [Tone.BAD, Tone.UNKNOWN, Tone.UNKNOWN, Tone.WARN]
    assert found[1].items[0].missing == "the NICs"
    assert found[3].items[0].waiver == "until 2027 by ops"


def test_an_item_carries_evidence_place_and_remedy() -> None:
    """The reader sees what was looked at and expected, where it stands in the snapshot, what to do."""
    (group,) = groups(a_finding(Status.FAIL))
    (item,) = group.items
    assert item.evidence == (("speed of eno1", "1 Gbit/s", "10 Gbit/s"),)
    assert item.objects[0].pointer == "/inventory/hosts/0"
    assert group.remedy == "Use a faster one."


def test_remedies_that_differ_stay_with_their_objects() -> None:
    """A shared remedy is told once; different ones stand where they belong."""
    other = Scope(kind="host", id="h2", name="h2", cluster_id="cl")
    (group,) = groups(
        a_finding(Status.FAIL), a_finding(Status.FAIL, scope=other, remedy="Replace the cable.")
    )
    assert group.remedy == ""
    assert [item.remedy for item in group.items] == ["Use a faster one.", "Replace the cable."]


def test_a_figure_names_its_source() -> None:
    """A default names the place it comes from; a site's own figure names the site's source."""
    threshold = CHECKS["NET-010"].thresholds[0]
    (group,) = groups(a_finding(Status.FAIL))
    assert threshold.provenance in group.thresholds[0]
    site = Policy(
        name="site",
        thresholds=Thresholds(migration_link_gbit=25),
        provenance={threshold.name: "network handbook 7"},
    )
    (group,) = groups(a_finding(Status.FAIL), policy=site)
    assert "25 " in group.thresholds[0]
    assert "network handbook 7" in group.thresholds[0]


def test_a_policy_may_be_a_file(tmp_path: Path) -> None:
    """The path of a policy works as the policy itself, as for `rhevmig.check`."""
    file = tmp_path / "site.yaml"
    file.write_text("name: north\nroles: {storage: [storage]}\n")
    inventory = an_inventory()
    report = Report(inventory, rhevmig.check(inventory, file), policy=file)
    table = next(found for found in report.document.tables() if found.id == "network-separation")
    assert table.rows[0][3] == "VLAN 101 (storage)"
    assert "- Policy: north" in report.markdown()
