"""`plan`: where each VM would go, why, how long it takes and what blocks. Nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import note, print_json, print_text
from rhevmig.planning import Plan, plan_evacuation, plan_migration

Force = Annotated[
    bool, typer.Option("--force", help="also move VMs that only manual migration may move (user_migratable)")
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="save the plan to this file for `rhevmig run`")
]
VmName = Annotated[str, typer.Argument(help="name or id of the VM")]
ToHost = Annotated[str | None, typer.Option("--to", help="destination host; default: the engine chooses")]


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="Plan a migration or an evacuation; nothing is changed.", no_args_is_help=True)
    group.command("evacuate", cls=EngineCommand)(evacuate)
    group.command("migrate", cls=EngineCommand)(migrate)
    app.add_typer(group, name="plan")


def evacuate(
    *,
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="name or id of the host to empty")],
    output: OutputFile = None,
    force: Force = False,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="host that must not receive VMs; repeatable")
    ] = None,
    snapshot: SnapshotFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan how to empty a host: a destination for every VM, or the reason why it stays."""
    site: Site = context.obj
    plan = plan_evacuation(site.inventory(snapshot), host, force=force, exclude_hosts=exclude or ())
    show_plan(plan, output=output, as_json=as_json)


def migrate(
    *,
    context: typer.Context,
    vm: VmName,
    to: ToHost = None,
    output: OutputFile = None,
    force: Force = False,
    snapshot: SnapshotFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan the migration of one VM: possible destinations, what refuses, expected duration."""
    site: Site = context.obj
    plan = plan_migration(site.inventory(snapshot), vm, to, force=force)
    show_plan(plan, output=output, as_json=as_json)


def show_plan(plan: Plan, *, output: Path | None = None, as_json: bool) -> None:
    """Prints a plan and ends the command: 0 all VMs can move, 3 something is blocked, 4 not all was seen."""
    if as_json:
        print_json(plan)
    else:
        print_text(str(plan))
    if output is not None:
        plan.save(output)
        note(f"saved {output}; nothing was changed. Run it with: rhevmig run {output}")
    raise typer.Exit(3 if plan.blocked else 4 if plan.not_judged else 0)
