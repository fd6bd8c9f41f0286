"""The verdicts on a real engine, reviewed by hand and kept.

`recorded-engine.txt` holds every finding with the default policy, `recorded-engine-declared.txt` what is open
once the storage network is declared. Reviewed against what is known of that engine: kvm02 without a migration
network, kvm03 and kvm09 without a storage network, kvm08 with an MTU out of sync, kvm10 on 1 Gbit/s, two
hosts that drifted, one pinned VM, a local data center, two mixed clusters whose oldest host limits the level.
To keep new verdicts after reviewing them: `python -m tests.unit.checks.test_recorded_engine`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from rhevmig.checks import Finding, check, exit_code
from tests.recorded import recorded_inventory
from tests.unit.checks.judged import DECLARED

HERE = Path(__file__).parent
ALL, OPEN = HERE / "recorded-engine.txt", HERE / "recorded-engine-declared.txt"
INVENTORY = recorded_inventory()


def line(finding: Finding) -> str:
    cluster = INVENTORY.find_cluster(finding.scope.cluster_id)
    where = f"{finding.scope.kind} {finding.scope.name}"
    if cluster is not None and finding.scope.kind != "cluster":
        where += f" ({cluster.name})"
    return f"{finding.check_id} {finding.status:<14} {where}: {finding.message}"


def all_lines() -> list[str]:
    return [line(finding) for finding in check(INVENTORY)]


def open_lines() -> list[str]:
    return [line(finding) for finding in check(INVENTORY, DECLARED) if finding.is_open]


def test_the_kept_verdicts_stand() -> None:
    """Every finding on the recorded engine is as it was when a person reviewed it."""
    assert all_lines() == ALL.read_text().splitlines()
    assert open_lines() == OPEN.read_text().splitlines()


def failing(check_id: str) -> set[str]:
    return {f.scope.name for f in check(INVENTORY, DECLARED).of(check_id=check_id, status="fail")}


def test_what_is_known_to_be_wrong_is_found_and_nothing_else() -> None:
    """Each planted fault fails its check, and no host is accused without cause."""
    assert failing("NET-003") == {"kvm02"}
    assert failing("NET-008") == {"kvm03", "kvm09"}
    assert failing("NET-010") == {"kvm10"}
    assert failing("NET-018") == {"storage"}
    assert failing("TIME-002") == {"kvm04", "kvm09"}
    assert failing("CPU-005") == {"tulsa-intel", "oslo-prod"}
    assert failing("VM-001") == {"amd-web01"}
    assert failing("STO-001") == {"edge-local"}
    for check_id in ("STO-002", "NET-001", "NET-005", "NET-007", "CPU-002", "CPU-003", "TIME-001"):
        assert failing(check_id) == set(), check_id


def test_verdicts_of_the_two_data_centers() -> None:
    """Without a declared storage network no cluster passes; with it the one sound cluster does."""
    undeclared, declared = check(INVENTORY), check(INVENTORY, DECLARED)
    names = {c.name: c.id for c in INVENTORY.clusters if INVENTORY.hosts_of(c)}
    assert {name: undeclared.verdict(id) for name, id in names.items()} == {
        "oslo-edge": "unknown",
        "oslo-prod": "fail",
        "tulsa-amd": "fail",
        "tulsa-intel": "fail",
    }
    assert declared.verdict(names["oslo-edge"]) == "pass"
    assert exit_code(undeclared) == exit_code(declared) == 3


def main() -> None:
    ALL.write_text("\n".join(all_lines()) + "\n")
    OPEN.write_text("\n".join(open_lines()) + "\n")


if __name__ == "__main__":
    main()


def test_an_account_that_sees_little_gets_unknowns_and_no_false_word() -> None:
    """As an operator sees the same engine: no placement, NICs of hosts, CPU types, options, events."""
    seen = msgspec.structs.replace(
        INVENTORY,
        hosts=tuple(
            msgspec.structs.replace(h, nics=None, network_attachments=None, unmanaged_networks=None)
            for h in INVENTORY.hosts
        ),
        vms=tuple(msgspec.structs.replace(v, host_id=None, affinity=None) for v in INVENTORY.vms),
        cluster_levels=(),
        cluster_networks=tuple(m for m in INVENTORY.cluster_networks if m.usages == ("vm",)),
        events=(),
        default_mtu=None,
    )
    found = check(seen, DECLARED)
    judged = {"NET-001", "NET-003", "NET-005", "NET-008", "NET-010", "TIME-002", "VM-001", "CPU-005"}
    assert not [f for f in found if f.check_id in judged and f.status in ("pass", "fail")]
    assert {f.check_id for f in found.of(status="fail")} == {"STO-001"}
    assert all(found.verdict(c) != "pass" for c in INVENTORY.clusters)
    assert {f.missing is not None and f.remedy != "" for f in found.of(status="unknown")} == {True}
