"""`migrate`: one VM, now."""

from __future__ import annotations

import typer

from rhevmig import migration
from rhevmig.cli.commands.campaign import DryRun, JournalOption
from rhevmig.cli.commands.plan import Force, ToHost, VmName, show_plan
from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site
from rhevmig.cli.foreground import JOURNAL, run_in_foreground
from rhevmig.cli.output import note
from rhevmig.planning import plan_migration


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=EngineCommand)(migrate)


def migrate(
    *,
    context: typer.Context,
    vm: VmName,
    to: ToHost = None,
    dry_run: DryRun = False,
    force: Force = False,
    journal: JournalOption = JOURNAL,
    as_json: JsonFlag = False,
) -> None:
    """Migrate one VM and report the verified outcome. Exit code 3: it did not move; 4: outcome unknown."""
    site: Site = context.obj
    with site.engine() as engine:
        plan = plan_migration(engine.inventory(), vm, to, force=force)
        if dry_run:
            show_plan(plan, as_json=as_json)
        for line in str(plan).splitlines():
            note(line)
        run_in_foreground(
            lambda show: migration.run(
                plan,
                engine,
                journal=journal,
                options=migration.Options(deactivate=False),
                clock=engine.clock,
                on_progress=show,
            ),
            journal=journal,
            engine=engine,
            as_json=as_json,
        )
