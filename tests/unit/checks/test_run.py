"""All checks together: order, waivers, broken checks, verdicts, exit codes, pages, JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from rhevmig.checks import (
    CHECKS,
    Check,
    Findings,
    Severity,
    Status,
    check,
    exit_code,
    get_check,
    page,
)
from rhevmig.checks import check as run_checks
from rhevmig.errors import ConfigError, NotFound
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy, Waiver
from tests.builders import a_cluster, a_data_center, a_host, a_vm, an_inventory, without_network
from tests.unit.checks.judged import DECLARED

ROOT = Path(__file__).parents[3]
ALL = (
    *("STO-001", "STO-002"),
    *("NET-001", "NET-003", "NET-005", "NET-007", "NET-008", "NET-010", "NET-018"),
    *("CPU-002", "CPU-003", "CPU-005", "CPU-010"),
    *("TIME-001", "TIME-002"),
    "HOST-002",
    *("VM-001", "VM-027"),
)
PINNED = an_inventory(vms=(a_vm(affinity="pinned"),))


def waived(until: str = "2026-11-23", **difference: str) -> Policy:
    values = {"check": "VM-001", "id": "web01", "reason": "licence", "by": "an owner", **difference}
    return msgspec.structs.replace(DECLARED, waivers=(Waiver(until=until, **values),))


def test_there_are_these_checks() -> None:
    """Every check of this version is registered once, with all that a page needs."""
    assert sorted(CHECKS) == sorted(ALL)
    for each in CHECKS.values():
        assert each.title
        assert each.needs
        assert all(threshold.provenance for threshold in each.thresholds)


def test_a_sound_engine_passes_everything() -> None:
    """Nothing fails and nothing is unknown where all is right and storage is declared."""
    found = check(an_inventory(), DECLARED)
    assert {f.status for f in found} == {"pass"}
    assert (exit_code(found), found.verdict("cl")) == (0, "pass")


def test_findings_come_worst_first() -> None:
    """Failures before unknowns before passes, and blockers before the rest."""
    hosts = (a_host("h1"), without_network(a_host("h2"), "migration"))
    found = check(an_inventory(hosts=hosts, vms=(a_vm(affinity="pinned"),)))
    order = [(f.status, f.severity) for f in found]
    assert order[:2] == [("fail", "blocker"), ("fail", "high")]
    statuses = [status for status, _ in order]
    assert statuses == sorted(statuses, key=["fail", "unknown", "pass", "not_applicable"].index)


def test_the_gate_decides_the_exit_code() -> None:
    """3 for failures at or above the gate, 4 for unknowns only, 0 below it."""
    unknown = check(an_inventory())
    assert exit_code(unknown) == 4
    assert exit_code(unknown, "blocker") == 0
    assert exit_code(check(PINNED)) == 3
    assert exit_code(check(PINNED), "blocker") == 3
    assert [f.check_id for f in check(PINNED).at_or_above("high")] == ["VM-001"]
    assert {f.check_id for f in unknown.unjudged_at_or_above("high")} == {"NET-005", "NET-008"}


def test_verdicts_are_per_cluster() -> None:
    """A failure counts for its own cluster, one of the data center for all its clusters."""
    inventory = an_inventory(
        data_centers=(a_data_center(), a_data_center("edge", local=True)),
        clusters=(
            a_cluster(),
            a_cluster("bad"),
            a_cluster("empty"),
            a_cluster("local", data_center_id="edge"),
        ),
        hosts=(a_host("h1"), a_host("h2"), a_host("h3", cluster_id="bad", status="maintenance")),
        vms=(a_vm(), a_vm("stuck", cluster_id="bad", affinity="pinned")),
    )
    found = check(inventory, Policy(roles=msgspec.structs.replace(DECLARED.roles, separate=())))
    assert {name: found.verdict(name) for name in ("cl", "bad", "empty", "local")} == {
        "cl": "pass",
        "bad": "fail",
        "empty": "not_applicable",
        "local": "fail",
    }
    assert "STO-001" in {f.check_id for f in found.by_cluster()["local"]}
    assert found.verdict(inventory.cluster("bad")) == "fail"
    assert found.verdict("no such cluster") == "not_applicable"


def test_a_waiver_keeps_the_original() -> None:
    """An accepted failure is waived, no longer fails the gate, and says why, by whom, until when."""
    found = check(PINNED, waived())
    (finding,) = found.of(check_id="VM-001")
    assert (finding.status, finding.waived_status) == ("waived", "fail")
    assert finding.waiver == "licence (accepted by an owner until 2026-11-23)"
    assert exit_code(found) == 0


@pytest.mark.parametrize(
    "policy",
    [waived("2026-11-22"), waived(id="another"), waived(check="NET-001")],
)
def test_a_waiver_that_ended_or_means_something_else_waives_nothing(policy: Policy) -> None:
    """After its last day (UTC), for another object or another check the failure stands."""
    found = check(PINNED, policy)
    assert found.of(check_id="VM-001")[0].status == "fail"
    assert exit_code(found) == 3


def test_an_ended_waiver_is_mentioned() -> None:
    """Who looks at the failure sees that it was once accepted."""
    (finding,) = check(PINNED, waived("2026-11-22")).of(check_id="VM-001")
    assert finding.waiver == "the waiver of an owner ended on 2026-11-22"


def test_unknowns_cannot_be_waived() -> None:
    """What was not seen was not accepted either."""
    hidden = an_inventory(vms=(a_vm(affinity=None),))
    assert check(hidden, waived()).of(check_id="VM-001")[0].status == "unknown"


def test_a_broken_check_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives one finding with status error, the gate cannot be judged, and all others are there."""

    def broken(self: Check, inventory: Inventory, policy: Policy) -> object:
        if self.id == "NET-003":
            raise ZeroDivisionError("planted")
        return evaluate(self, inventory, policy)

    evaluate = Check.evaluate
    monkeypatch.setattr(Check, "evaluate", broken)
    found = run_checks(an_inventory(), DECLARED)
    (error,) = found.of(status=Status.ERROR)
    assert (error.check_id, "planted" in error.message) == ("NET-003", True)
    assert {f.check_id for f in found} == set(ALL)
    assert (exit_code(found), found.verdict("cl")) == (4, "unknown")


def test_a_policy_is_given_as_a_path_or_an_object(tmp_path: Path) -> None:
    """A path is read strictly; None means the defaults."""
    site = tmp_path / "site.yaml"
    site.write_text("roles: {storage: [storage]}\n")
    assert exit_code(check(an_inventory(), site)) == exit_code(check(an_inventory(), str(site))) == 0
    site.write_text("rolls: {}\n")
    with pytest.raises(ConfigError):
        check(an_inventory(), site)


def test_everything_is_json() -> None:
    """Findings and checks encode and decode without loss."""
    found = check(PINNED)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings) == found
    described = json.loads(msgspec.json.encode(CHECKS))
    assert described["NET-010"]["thresholds"][0]["default"] == 10


def test_an_empty_inventory_is_judged_without_a_crash() -> None:
    """An engine with nothing in it, or an account that sees nothing, gives no pass but the clock's."""
    usual = an_inventory()
    nothing = Inventory(engine=usual.engine, instant=usual.instant)
    assert {f.check_id for f in check(nothing)} == {"TIME-001"}


@pytest.mark.parametrize("check_id", ALL)
def test_each_check_has_its_page(check_id: str) -> None:
    """The page names id, title, severity and every threshold, and has all its parts."""
    text, described = page(check_id), get_check(check_id)
    assert text.startswith(f"# {check_id}: {described.title}\n")
    assert f"Severity **{described.severity}**" in text
    parts = ["Why it matters", "How it judges", "What it cannot see", "What to do"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == parts
    assert all(
        f"thresholds.{t.name}" in text and f"{t.default:g} {t.unit}" in text for t in described.thresholds
    )
    for status in ("pass", "fail", "unknown"):
        assert f"| {status} |" in text


def test_the_index_of_pages_is_complete() -> None:
    """docs/checks lists each check with its title and severity, and links to a page that exists."""
    index = (ROOT / "docs" / "checks" / "README.md").read_text()
    for check_id, each in CHECKS.items():
        link = f"../../rhevmig/checks/pages/{check_id}.md"
        assert f"| [{check_id}]({link}) | {each.title} | {each.severity} | {each.area} |" in index
        assert (ROOT / "docs" / "checks" / link).is_file()


def test_the_policy_of_the_index_is_valid(tmp_path: Path) -> None:
    """The example policy in docs/checks is read without an error."""
    index = (ROOT / "docs" / "checks" / "README.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", index, re.DOTALL)
    site = tmp_path / "site.yaml"
    site.write_text(example)
    assert check(an_inventory(), site).of(check_id="NET-010")[0].status == "fail"


def test_an_unknown_check_is_named_with_those_there_are() -> None:
    """Case does not matter; an unknown id lists the known ones."""
    assert get_check(" net-003 ").id == "NET-003"
    with pytest.raises(NotFound, match="NET-003"):
        page("NET-999")


def test_severities_are_ordered() -> None:
    """blocker is the worst, info the least."""
    assert [s for s in Severity if s.at_or_above("high")] == ["blocker", "high"]
