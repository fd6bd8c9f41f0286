"""`why`: may a VM run on a host, and which filter of the engine's scheduler refuses it."""

from __future__ import annotations

from typing import Annotated

import typer

from rhevmig.cli.connection_options import EngineCommand, JsonFlag, Site, SnapshotFile
from rhevmig.cli.output import Styled, print_json, print_line
from rhevmig.errors import InvalidArgument
from rhevmig.inventory import Inventory
from rhevmig.scheduling import Allowed, Explanation, HostVerdict, explain

_WORDS = {
    Allowed.YES: Styled("yes", "green"),
    Allowed.NO: Styled("no", "red"),
    Allowed.UNKNOWN: Styled("unknown", "yellow"),
}
_EXIT_CODES = {Allowed.YES: 0, Allowed.NO: 3, Allowed.UNKNOWN: 4}


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(cls=EngineCommand)(why)


def why(
    *,
    context: typer.Context,
    vm: Annotated[str, typer.Argument(help="name or id of the VM")],
    host: Annotated[str | None, typer.Argument(help="name or id of one host")] = None,
    snapshot: SnapshotFile = None,
    ask_engine: Annotated[
        bool,
        typer.Option(
            "--ask-engine", help="also ask the engine's scheduler and compare (not with --snapshot)"
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Explain whether a VM may run on each host of its cluster, by the engine's filter names."""
    if ask_engine and snapshot is not None:
        raise InvalidArgument(name="--ask-engine", value="given with --snapshot", expected="a live engine")
    site: Site = context.obj
    inventory = site.inventory(snapshot, detail={"targets": (vm,)} if ask_engine else {})
    explanation = explain(inventory, vm, host)
    allowed = _answer(explanation, one_host=host is not None)
    if as_json:
        print_json({"allowed": allowed, "explanation": explanation})
    else:
        _print_explanation(inventory, explanation, allowed)
    raise typer.Exit(_EXIT_CODES[allowed])


def _answer(explanation: Explanation, *, one_host: bool) -> Allowed:
    if not one_host or not explanation.verdicts:
        return explanation.is_migratable
    if any(obstacle.allowed == Allowed.NO for obstacle in explanation.obstacles):
        return Allowed.NO
    return explanation.verdicts[0].allowed


def _print_explanation(inventory: Inventory, explanation: Explanation, allowed: Allowed) -> None:
    current = inventory.find_host(explanation.host_id)
    place = f"on {current.name}" if current else "(host not seen)"
    print_line(f"VM {explanation.vm_name} {place}: can it migrate? ", _WORDS[allowed])
    for obstacle in explanation.obstacles:
        print_line(_WORDS[obstacle.allowed], f": {obstacle.sentence} → {obstacle.remedy}", indent=2)
    for verdict in explanation.verdicts:
        _print_verdict(verdict)


def _print_verdict(verdict: HostVerdict) -> None:
    here = " (runs here)" if verdict.is_current_host else ""
    print_line(f"{verdict.host_name}{here}: ", _WORDS[verdict.allowed], indent=2)
    for reason in verdict.reasons:
        print_line(f"{reason.filter}: {reason.sentence}", indent=4)
        if reason.missing:
            print_line(f"not known: {reason.missing} → {reason.remedy}", indent=6)
    if verdict.disagrees:
        print_line("the engine's answer differs; it may know what its API does not report", indent=4)
