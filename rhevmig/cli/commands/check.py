"""`check`: is this site fit for live migration?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from rhevmig import checks
from rhevmig.checks import Finding, Findings, Severity, Status
from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import Styled, print_json, print_line, print_table
from rhevmig.inventory import Inventory

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", help="thresholds, waivers, attestations of this site (docs/checks/README.md)"),
]

_STATUSES = {
    Status.FAIL: Styled("fail", "red"),
    Status.UNKNOWN: Styled("unknown", "yellow"),
    Status.ERROR: Styled("error", "magenta"),
    Status.PASS: Styled("pass", "green"),
    Status.WAIVED: Styled("waived", "blue"),
    Status.NOT_APPLICABLE: Styled("n/a", ""),
}
_VERDICTS = {
    status: Styled(checks.READINESS[status], colour)
    for status, colour in (
        (Status.PASS, "green"),
        (Status.FAIL, "red"),
        (Status.UNKNOWN, "yellow"),
        (Status.NOT_APPLICABLE, ""),
    )
}


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=EngineCommand)(check)


def check(
    *,
    context: typer.Context,
    snapshot: SnapshotFile = None,
    policy: PolicyFile = None,
    gate: Annotated[
        Severity, typer.Option("--gate", help="lowest severity that affects the exit code")
    ] = Severity.HIGH,
    everything: Annotated[
        bool, typer.Option("--all", help="also list checks that passed, are waived or do not apply")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Is it fit for live migration? Exit code 3: findings at or above the gate; 4: cannot be judged."""
    site: Site = context.obj
    inventory = site.inventory(snapshot)
    findings = checks.check(inventory, policy)
    code = checks.exit_code(findings, gate)
    if as_json:
        print_json({"exit_code": code, "gate": gate, "findings": findings.findings})
    else:
        _print_findings(inventory, findings, gate=gate, everything=everything)
    raise typer.Exit(code)


def _print_findings(inventory: Inventory, findings: Findings, *, gate: Severity, everything: bool) -> None:
    shown = [finding for finding in findings if everything or finding.is_open]
    for equal in checks.equal_findings(shown):
        _print_finding(equal[0], ", ".join(finding.scope.name for finding in equal))
    if shown:
        print_line()
    rows = (
        (
            cluster.name,
            _VERDICTS[findings.verdict(cluster.id, gate=gate)],
            _open_counts(findings, cluster.id),
        )
        for cluster in inventory.clusters
    )
    print_table(("cluster", "verdict", f"open findings (gate: {gate})"), rows)


def _print_finding(finding: Finding, names: str) -> None:
    head = f" {finding.severity} {finding.check_id} {finding.scope.kind} {names}: {finding.message}"
    print_line(_STATUSES[finding.status], head)
    for item in finding.evidence:
        expected = f" (expected {item.expected})" if item.expected else ""
        print_line(f"{item.name}: {item.observed}{expected}", indent=4)
    if finding.is_open and finding.remedy:
        print_line(f"→ {finding.remedy}", indent=4)


def _open_counts(findings: Findings, cluster_id: str) -> str:
    of_cluster = findings.by_cluster().get(cluster_id, ())
    counts = Counter(f"{one.severity} {one.status}" for one in of_cluster if one.is_open)
    return ", ".join(f"{count} {words}" for words, count in counts.items()) or "none"
