"""`check`, `why`, `explain` and `report`: judge an inventory, say why, hand it over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rhevmig import checks, migration, scheduling
from rhevmig.checks import Finding, Findings, Severity, Status
from rhevmig.cli.connection_options import JsonFlag, Site, SnapshotFile, connected
from rhevmig.cli.output import note, out, print_json, print_table
from rhevmig.errors import InvalidArgument
from rhevmig.inventory import Inventory
from rhevmig.migration import Campaign
from rhevmig.report import Report
from rhevmig.scheduling import Allowed, Explanation, Verdict

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="what this site declares and demands (docs/checks/README.md)")
]
Gate = Annotated[Severity, typer.Option("--gate", help="severity from which findings decide the exit code")]

_WORDS = {
    Status.FAIL: "[red]fail[/]",
    Status.UNKNOWN: "[yellow]unknown[/]",
    Status.ERROR: "[magenta]error[/]",
    Status.PASS: "[green]pass[/]",
    Status.WAIVED: "[blue]waived[/]",
    Status.NOT_APPLICABLE: "n/a",
}
_VERDICTS = {
    Status.PASS: "[green]ready[/]",
    Status.FAIL: "[red]not ready[/]",
    Status.UNKNOWN: "[yellow]cannot be judged[/]",
    Status.NOT_APPLICABLE: "nothing to judge",
}
_ALLOWED = {Allowed.YES: "[green]yes[/]", Allowed.NO: "[red]no[/]", Allowed.UNKNOWN: "[yellow]unknown[/]"}
_ALLOWED_CODES = {Allowed.YES: 0, Allowed.NO: 3, Allowed.UNKNOWN: 4}


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(check)
    app.command()(why)
    app.command()(explain)
    app.command()(report)


@connected
def check(
    *,
    site: Site,
    snapshot: SnapshotFile = None,
    policy: PolicyFile = None,
    gate: Gate = Severity.HIGH,
    everything: Annotated[
        bool, typer.Option("--all", help="also list what passed, was waived or does not apply")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Is it fit for live migration? Exit code 3: findings at or above the gate; 4: cannot be judged."""
    inventory = site.inventory(snapshot)
    findings = checks.check(inventory, policy)
    code = checks.exit_code(findings, gate)
    if as_json:
        print_json({"exit_code": code, "gate": gate, "findings": findings.findings})
    else:
        _print_findings(inventory, findings, gate=gate, everything=everything)
    raise typer.Exit(code)


@connected
def why(
    *,
    site: Site,
    vm: Annotated[str, typer.Argument(help="name or id of the VM")],
    host: Annotated[str | None, typer.Argument(help="name or id of one host")] = None,
    snapshot: SnapshotFile = None,
    ask_engine: Annotated[
        bool,
        typer.Option("--ask-engine", help="hold the answer against the engine's own (not with --snapshot)"),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Explain whether a VM may run on each host of its cluster, in the engine's own filter names."""
    if ask_engine and snapshot is not None:
        raise InvalidArgument(name="--ask-engine", value="given with --snapshot", expected="an engine to ask")
    detail = frozenset({"targets"}) if ask_engine else frozenset()
    inventory = site.inventory(snapshot, detail=detail)
    explanation = scheduling.explain(inventory, vm, host)
    allowed = _answer(explanation, asked_host=host)
    if as_json:
        print_json({"allowed": allowed, "explanation": explanation})
    else:
        _print_explanation(inventory, explanation, allowed)
    raise typer.Exit(_ALLOWED_CODES[allowed])


def explain(check_id: Annotated[str, typer.Argument(help="e.g. NET-003; without it list all")] = "") -> None:
    """Print the page of a check: what it verifies, why, and what to do."""
    if check_id:
        typer.echo(checks.page(check_id))
        return
    print_table(
        ("check", "severity", "title"),
        ((item.id, item.severity, item.title) for item in checks.CHECKS.values()),
    )


@connected
def report(
    *,
    site: Site,
    file: Annotated[
        Path, typer.Argument(help="report.html, report.md, report.json, or a folder for all three")
    ],
    snapshot: SnapshotFile = None,
    policy: PolicyFile = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="journal of a campaign whose migrations belong to the report"),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="title of the document")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the report: verdict per cluster, findings, settings as they are, what could not be seen."""
    inventory = site.inventory(snapshot)
    findings = checks.check(inventory, policy)
    campaign: Campaign | None = migration.campaign_of(str(journal)) if journal else None
    made = Report(inventory, findings, campaign, title=title, made_at=datetime.now(UTC), policy=policy)
    written = made.write(file)
    if as_json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            note(f"wrote {path}")


def _print_findings(inventory: Inventory, findings: Findings, *, gate: Severity, everything: bool) -> None:
    shown = [finding for finding in findings if everything or finding.is_open]
    console = out()
    for alike in _alike(shown):
        _print_finding(alike[0], ", ".join(finding.scope.name for finding in alike))
    if shown:
        console.print()
    rows = (
        (
            cluster.name,
            _VERDICTS[findings.verdict(cluster.id, gate=gate)],
            _open_counts(findings, cluster.id),
        )
        for cluster in inventory.clusters
    )
    print_table(("cluster", "verdict", f"open findings (gate: {gate})"), rows)


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that say the same of several objects, together: twelve hosts are one line, not twelve."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        said = (finding.check_id, finding.status, finding.severity, finding.scope.kind, finding.message)
        groups.setdefault((*said, finding.evidence, finding.remedy), []).append(finding)
    return list(groups.values())


def _print_finding(finding: Finding, names: str) -> None:
    console = out()
    head = f"{_WORDS[finding.status]} {finding.severity} {finding.check_id} {finding.scope.kind} "
    console.print(head, end="")
    console.print(f"{names}: {finding.message}", markup=False)
    for item in finding.evidence:
        expected = f" (expected {item.expected})" if item.expected else ""
        console.print(f"    {item.name}: {item.observed}{expected}", markup=False)
    if finding.is_open and finding.remedy:
        console.print(f"    → {finding.remedy}", markup=False)


def _open_counts(findings: Findings, cluster_id: str) -> str:
    opened = Counter(
        f"{f.severity} {f.status}" for f in findings.by_cluster().get(cluster_id, ()) if f.is_open
    )
    return ", ".join(f"{count} {words}" for words, count in opened.items()) or "none"


def _answer(explanation: Explanation, *, asked_host: str | None) -> Allowed:
    if asked_host is None or not explanation.verdicts:
        return explanation.is_migratable
    if any(obstacle.allowed == Allowed.NO for obstacle in explanation.obstacles):
        return Allowed.NO
    return explanation.verdicts[0].allowed


def _print_explanation(inventory: Inventory, explanation: Explanation, allowed: Allowed) -> None:
    console = out()
    current = inventory.find_host(explanation.host_id)
    console.print(
        f"VM {explanation.vm_name} on {current.name if current else 'no host that we see'}: "
        f"can it migrate? {_ALLOWED[allowed]}"
    )
    for obstacle in explanation.obstacles:
        console.print(f"  {_ALLOWED[obstacle.allowed]}: {obstacle.sentence}", end=" ")
        console.print(f"→ {obstacle.remedy}", markup=False)
    for verdict in explanation.verdicts:
        _print_verdict(verdict)


def _print_verdict(verdict: Verdict) -> None:
    console = out()
    here = " (runs here)" if verdict.is_current_host else ""
    console.print(f"  {verdict.host_name}{here}: {_ALLOWED[verdict.allowed]}")
    for reason in verdict.reasons:
        console.print(f"    {reason.filter}: {reason.sentence}", markup=False)
    if verdict.disagrees:
        console.print(
            "    the engine's own answer differs; it may know what the API does not tell", markup=False
        )
