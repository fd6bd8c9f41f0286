"""`lab`: serve the simulated engine, print its CA."""

from __future__ import annotations

import math
import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from rhevmig.cli.output import note
from rhevmig.cli.streams import write_out
from rhevmig.errors import InvalidArgument, LabError


def mount(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="A simulated engine for rehearsals and tests.", no_args_is_help=True)
    group.command()(serve)
    group.command()(ca)
    app.add_typer(group, name="lab")


def serve(
    scenario: Annotated[
        str, typer.Option("--scenario", help="scenario file, or the name of a scenario of the lab")
    ] = "demo",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="twin of a real site: file of `rhevmig snapshot`, or a recording"),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port")] = 0,
    speed: Annotated[float, typer.Option("--speed", help="simulated seconds per real second")] = 1.0,
    ca_folder: Annotated[
        Path | None, typer.Option("--ca-folder", help="keep the lab's CA in this folder and reuse it")
    ] = None,
    engine_costs: Annotated[
        bool, typer.Option("--engine-costs", help="answer as slowly as a real engine")
    ] = False,
) -> None:
    """Serve a simulated engine until interrupted; its URL is printed when it listens."""
    room = _lab_room()
    if not (speed > 0 and math.isfinite(speed)):
        raise InvalidArgument(name="--speed", value=speed, expected="a number above 0")
    with room.serve(
        _world_of(scenario, source),
        speed=speed,
        port=port,
        ca_directory=ca_folder,
        engine_costs=engine_costs,
        relay=True,
    ) as running:
        note(f"user {running.username}, password {running.password}, CA {running.ca_file}")
        write_out(f"{running.url}\n")
        _wait()


def ca(folder: Annotated[Path, typer.Argument(help="folder of `rhevmig lab serve --ca-folder`")]) -> None:
    """Print the certificate of the CA that signs a lab's certificate."""
    from rhevmig.lab.http.tls import Authority

    _lab_room()
    write_out(Authority.stored(folder).certificate_text)


def _world_of(scenario: str, source: Path | None) -> object:
    if source is not None:
        from rhevmig.cli.scenario_from_snapshot import is_snapshot, left_out, scenario_of
        from rhevmig.inventory import load

        if not is_snapshot(source):
            return source
        inventory = load(source)
        for line in left_out(inventory):
            note(f"twin: {line}")
        return scenario_of(inventory)
    from rhevmig import lab

    file = Path(scenario)
    if not file.exists() and file.suffix == "":
        file = Path(lab.__file__).parent / "scenarios" / f"{scenario}.yaml"
    return file


def _lab_room() -> Any:
    try:
        from rhevmig.lab import lab
    except ImportError as error:
        raise LabError(
            detail=f"the lab needs the package {error.name}", remedy="pip install 'rhevmig[lab]'"
        ) from error
    return lab


def _wait() -> None:
    """Waits for Ctrl-C or SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    except KeyboardInterrupt:
        note("stopped")
