"""`matrix`: where running VMs could migrate, and a comparison of all pairs with the engine's scheduler."""

from __future__ import annotations

from typing import Annotated

import typer

from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import print_json, print_line, print_table
from rhevmig.inventory import Cluster, Inventory
from rhevmig.scheduling import Comparison, compare, scheduler_of


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=EngineCommand)(matrix)


def matrix(
    *,
    context: typer.Context,
    cluster: Annotated[str | None, typer.Argument(help="name or id of a cluster; default: all")] = None,
    snapshot: SnapshotFile = None,
    with_engine: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="compare with the engine's scheduler: asked now, or as a snapshot with --targets holds it",
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show where each running VM could migrate, or compare all pairs with the engine's scheduler."""
    site: Site = context.obj
    inventory = site.inventory(snapshot)
    subject = inventory.cluster(cluster) if cluster is not None else None
    if with_engine:
        if snapshot is None:
            vms = inventory.vms if subject is None else inventory.vms_of(subject)
            running = tuple(vm.id for vm in vms if vm.is_running)
            inventory = site.inventory(None, detail={"targets": running})
        _compare(compare(inventory, subject), as_json=as_json)
    else:
        _summarize(inventory, subject, as_json=as_json)


def _summarize(inventory: Inventory, cluster: Cluster | None, *, as_json: bool) -> None:
    scheduler = scheduler_of(inventory)
    names = {each.id: each.name for each in inventory.clusters}
    vms = inventory.vms if cluster is None else inventory.vms_of(cluster)
    summaries = [(vm, scheduler.summarize(vm)) for vm in vms if vm.is_running]
    if as_json:
        print_json({"vms": [summary for _, summary in summaries]})
        return
    print_table(
        ("VM", "cluster", "can it migrate", "destinations", "of", "refused or not judged by"),
        (
            (
                vm.name,
                names.get(vm.cluster_id, vm.cluster_id),
                summary.migratability,
                len(summary.destination_ids),
                summary.other_hosts,
                ", ".join(f"{name} {count}" for name, count in summary.filters.items()) or "–",
            )
            for vm, summary in summaries
        ),
    )


def _compare(found: Comparison, *, as_json: bool) -> None:
    """Prints a comparison and ends the command: 0 no contradiction, 3 contradictions, 4 nothing compared."""
    if as_json:
        print_json(found)
    elif not found.pairs:
        print_line("nothing to compare: the inventory holds no answer of the engine's scheduler")
        print_line("→ Take the snapshot with `rhevmig snapshot --targets`, or ask a live engine.", indent=2)
    else:
        _print_comparison(found)
    raise typer.Exit(3 if found.disagreements else 0 if found.pairs else 4)


def _print_comparison(found: Comparison) -> None:
    print_line(
        f"{found.pairs} pairs of {found.vms} VMs and the hosts of their clusters: {found.agree} agree, "
        f"{found.unknown} not judged, {found.ours_yes_engine_no} allowed here and refused by the engine, "
        f"{found.ours_no_engine_yes} refused here and allowed by the engine"
    )
    if found.vms_not_asked:
        print_line(f"{found.vms_not_asked} running VMs without an answer of the engine", indent=2)
    filters = sorted({*found.refused_wrongly, *found.not_judged})
    if filters:
        print_table(
            ("filter", "refused here, allowed by the engine", "not judged"),
            ((name, found.refused_wrongly.get(name, 0), found.not_judged.get(name, 0)) for name in filters),
        )
    for item in found.disagreements:
        engine = "allows" if item.engine_allows else "refuses"
        print_line(f"{item.vm_name} on {item.host_name}: {item.ours} here, the engine {engine} it")
        for reason in item.reasons:
            print_line(f"{reason.filter}: {reason.sentence}", indent=4)
