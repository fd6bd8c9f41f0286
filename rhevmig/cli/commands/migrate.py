"""`plan`, `migrate`, `run`, `status`, `resume`, `cancel`: move VMs and empty hosts, with a journal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from rhevmig import migration
from rhevmig.cli.connection_options import JsonFlag, Site, SnapshotFile, connected
from rhevmig.cli.interrupt import until_interrupted
from rhevmig.cli.output import note, out, print_json
from rhevmig.cli.progress import Display
from rhevmig.migration import Campaign, Plan

JournalFile = Annotated[
    str, typer.Option("--journal", help="file, or database URL, that is written before each act")
]
#: Where a campaign is written down unless told otherwise.
JOURNAL = "rhevmig-journal.db"
Force = Annotated[
    bool, typer.Option("--force", help="also move VMs that only a person may move (user_migratable)")
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="save the plan to this file for `run`")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would be done and change nothing")]


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    plan = typer.Typer(
        help="Plan, and change nothing: who goes where, why, how long, what blocks.", no_args_is_help=True
    )
    plan.command("evacuate")(plan_evacuate)
    plan.command("migrate")(plan_migrate)
    app.add_typer(plan, name="plan")
    for command in (migrate, run, status, resume, cancel):
        app.command()(command)


@connected
def plan_evacuate(
    *,
    site: Site,
    host: Annotated[str, typer.Argument(help="name or id of the host to empty")],
    output: OutputFile = None,
    force: Force = False,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="host that takes nothing; repeatable")
    ] = None,
    snapshot: SnapshotFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan how a host is emptied: a destination for every VM, or the reason why it stays."""
    inventory = site.inventory(snapshot)
    plan = migration.plan_evacuation(inventory, host, force=force, exclude_hosts=exclude or ())
    _show_plan(plan, output=output, as_json=as_json)


@connected
def plan_migrate(
    *,
    site: Site,
    vm: Annotated[str, typer.Argument(help="name or id of the VM")],
    to: Annotated[
        str | None, typer.Option("--to", help="host to move it to; without it the engine chooses")
    ] = None,
    output: OutputFile = None,
    force: Force = False,
    snapshot: SnapshotFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan the move of one VM: where it could go, what refuses, how long it should take."""
    inventory = site.inventory(snapshot)
    _show_plan(migration.plan_migration(inventory, vm, to, force=force), output=output, as_json=as_json)


@connected
def migrate(
    *,
    site: Site,
    vm: Annotated[str, typer.Argument(help="name or id of the VM")],
    to: Annotated[
        str | None, typer.Option("--to", help="host to move it to; without it the engine chooses")
    ] = None,
    dry_run: DryRun = False,
    force: Force = False,
    journal: JournalFile = JOURNAL,
    as_json: JsonFlag = False,
) -> None:
    """Move one VM now and prove what happened. Exit code 3: it did not move; 4: nobody can tell."""
    with site.engine() as engine:
        plan = migration.plan_migration(engine.inventory(), vm, to, force=force)
        if dry_run:
            _show_plan(plan, output=None, as_json=as_json)
        note(str(plan))
        with Display() as display:
            _watched(
                lambda: migration.run(
                    plan,
                    engine,
                    journal=journal,
                    options=_only_move(),
                    clock=engine.clock,
                    on_progress=display.show,
                ),
                display=display,
                journal=journal,
                engine=engine,
                as_json=as_json,
            )


@connected
def run(
    *,
    site: Site,
    plan: Annotated[Path, typer.Argument(help="file that `rhevmig plan … --output` wrote")],
    journal: JournalFile = JOURNAL,
    dry_run: DryRun = False,
    return_host: Annotated[
        bool, typer.Option("--return-host", help="bring the emptied host back into service")
    ] = False,
    return_vms: Annotated[bool, typer.Option("--return-vms", help="then bring its VMs back as well")] = False,
    keep_active: Annotated[
        bool, typer.Option("--keep-active", help="empty the host but do not put it into maintenance")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Do what a plan says, with a journal that survives a crash. Exit code 3: something did not succeed."""
    made = migration.load_plan(plan)
    if dry_run:
        _show_plan(made, output=None, as_json=as_json)
    options = migration.Options(deactivate=not keep_active)
    with (
        site.engine() as engine,
        Display() as display,
    ):
        _watched(
            lambda: migration.run(
                made,
                engine,
                journal=journal,
                options=options,
                return_host=return_host,
                return_vms=return_vms,
                clock=engine.clock,
                on_progress=display.show,
            ),
            display=display,
            journal=journal,
            engine=engine,
            as_json=as_json,
        )


def status(
    journal: Annotated[str, typer.Argument(help="journal of the campaign")] = JOURNAL,
    as_json: JsonFlag = False,
) -> None:
    """What has become of the last campaign of a journal, from any process, while it runs or after."""
    _show_campaign(migration.status(journal), as_json=as_json)


@connected
def resume(
    *,
    site: Site,
    journal: Annotated[str, typer.Argument(help="journal of the campaign")] = JOURNAL,
    as_json: JsonFlag = False,
) -> None:
    """Pick up an interrupted campaign: settle what was open by looking, then do what is left."""
    with (
        site.engine() as engine,
        Display() as display,
    ):
        _watched(
            lambda: migration.resume(journal, engine, clock=engine.clock, on_progress=display.show),
            display=display,
            journal=journal,
            engine=engine,
            as_json=as_json,
        )


@connected
def cancel(
    *,
    site: Site,
    journal: Annotated[str, typer.Argument(help="journal of the campaign")] = JOURNAL,
    keep_migrating: Annotated[
        bool, typer.Option("--keep-migrating", help="start nothing more, but let open migrations arrive")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stop a campaign: start nothing more, and cancel the migrations that are open."""
    running = migration.status(journal)
    if running.owner is not None:
        _show_campaign(migration.cancel(journal, keep_migrating=keep_migrating), as_json=as_json)
    with (
        site.engine() as engine,
        Display() as display,
    ):
        campaign = migration.cancel(
            journal, engine, keep_migrating=keep_migrating, clock=engine.clock, on_progress=display.show
        )
    _show_campaign(campaign, as_json=as_json)


def _only_move() -> migration.Options:
    return migration.Options(deactivate=False)


def _show_plan(plan: Plan, *, output: Path | None, as_json: bool) -> None:
    """Prints a plan and ends the command: 0 all can go, 3 something is blocked."""
    if as_json:
        print_json(plan)
    else:
        out().print(str(plan), markup=False)
    if output is not None:
        plan.save(output)
        note(f"saved {output}; nothing was changed. Do it with: rhevmig run {output}")
    raise typer.Exit(3 if plan.blocked else 0)


def _show_campaign(campaign: Campaign, *, as_json: bool) -> None:
    if as_json:
        print_json({"exit_code": campaign.exit_code, "campaign": campaign})
    else:
        out().print(str(campaign), markup=False)
    raise typer.Exit(campaign.exit_code)


def _watched(
    act: Callable[[], Campaign], *, display: Display, journal: str, engine: object, as_json: bool
) -> None:
    """Runs a campaign; Ctrl-C asks whether to cancel or to leave, and says how to pick up."""
    campaign = until_interrupted(
        act, display=display, journal=journal, engine=engine, interactive=sys.stdin.isatty()
    )
    display.pause()
    _show_campaign(campaign, as_json=as_json)
