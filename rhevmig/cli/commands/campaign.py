"""`run`, `resume`, `status`, `cancel`: a campaign and its journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rhevmig import migration
from rhevmig.cli.commands.plan import show_plan
from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site
from rhevmig.cli.foreground import JOURNAL, run_in_foreground, show_campaign
from rhevmig.planning import load_plan

JournalOption = Annotated[
    str, typer.Option("--journal", help="file, or database URL; it is written before each action")
]
JournalArgument = Annotated[str, typer.Argument(help="journal of the campaign")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="print what would be done and change nothing")]


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(cls=EngineCommand)(run)
    app.command()(status)
    app.command(cls=EngineCommand)(resume)
    app.command(cls=EngineCommand)(cancel)


def run(
    *,
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(help="file written by `rhevmig plan … --output`")],
    journal: JournalOption = JOURNAL,
    dry_run: DryRun = False,
    return_host: Annotated[
        bool, typer.Option("--return-host", help="activate the emptied host afterwards")
    ] = False,
    return_vms: Annotated[bool, typer.Option("--return-vms", help="then migrate its VMs back")] = False,
    keep_active: Annotated[
        bool, typer.Option("--keep-active", help="empty the host but do not put it into maintenance")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a plan with a journal that survives a crash. Exit code 3: something did not succeed."""
    site: Site = context.obj
    made = load_plan(plan)
    if dry_run:
        show_plan(made, as_json=as_json)
    with site.engine() as engine:
        run_in_foreground(
            lambda show: migration.run(
                made,
                engine,
                journal=journal,
                options=migration.Options(deactivate=not keep_active),
                return_host=return_host,
                return_vms=return_vms,
                clock=engine.clock,
                on_progress=show,
            ),
            journal=journal,
            engine=engine,
            as_json=as_json,
        )


def status(journal: JournalArgument = JOURNAL, as_json: JsonFlag = False) -> None:
    """Show the last campaign of a journal, from any process, while it runs or afterwards."""
    show_campaign(migration.status(journal), as_json=as_json)


def resume(*, context: typer.Context, journal: JournalArgument = JOURNAL, as_json: JsonFlag = False) -> None:
    """Continue an interrupted campaign: find out how open migrations ended, then do the rest."""
    site: Site = context.obj
    with site.engine() as engine:
        run_in_foreground(
            lambda show: migration.resume(journal, engine, clock=engine.clock, on_progress=show),
            journal=journal,
            engine=engine,
            as_json=as_json,
        )


def cancel(
    *,
    context: typer.Context,
    journal: JournalArgument = JOURNAL,
    keep_migrating: Annotated[
        bool, typer.Option("--keep-migrating", help="start no more migrations, but let open ones finish")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stop a campaign: start no more migrations and cancel the open ones."""
    site: Site = context.obj
    if migration.status(journal).owner is not None:
        show_campaign(migration.cancel(journal, keep_migrating=keep_migrating), as_json=as_json)
    with site.engine() as engine:
        run_in_foreground(
            lambda show: migration.cancel(
                journal, engine, keep_migrating=keep_migrating, clock=engine.clock, on_progress=show
            ),
            journal=journal,
            engine=engine,
            as_json=as_json,
        )
