"""`report`: the document about a site."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rhevmig import checks
from rhevmig.cli.commands.check import PolicyFile
from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import note, print_json
from rhevmig.report import Report


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=EngineCommand)(report)


def report(
    *,
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="report.html, report.md, report.json, or a folder for all three")
    ],
    snapshot: SnapshotFile = None,
    policy: PolicyFile = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="journal of a campaign; its migrations are added to the report"),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="title of the document")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the report: verdict per cluster, findings, settings, what could not be seen, migrations done."""
    site: Site = context.obj
    inventory = site.inventory(snapshot)
    findings = checks.check(inventory, policy)
    campaign = None
    if journal is not None:
        from rhevmig import migration

        campaign = migration.status(str(journal))
    made = Report(inventory, findings, campaign, title=title, made_at=datetime.now(UTC), policy=policy)
    written = made.write(file)
    if as_json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            note(f"wrote {path}")
