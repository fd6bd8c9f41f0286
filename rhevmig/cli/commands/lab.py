"""`rhevmig lab`: serve the simulated engine, print its CA."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from rhevmig.cli.output import note
from rhevmig.errors import InvalidArgument, LabError

app = typer.Typer(help="A simulated engine to rehearse on.", no_args_is_help=True)

CaFolder = Annotated[
    Path | None, typer.Option("--ca-folder", help="keep the lab's CA in this folder, and use it again")
]


@app.command()
def serve(
    scenario: Annotated[
        str, typer.Option("--scenario", help="scenario file, or the name of one that comes with the lab")
    ] = "demo",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="a twin of a real site: snapshot of `rhevmig snapshot`, or a crawl"),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="0 takes any free one")] = 0,
    speed: Annotated[float, typer.Option("--speed", help="simulated seconds a second")] = 1.0,
    ca_folder: CaFolder = None,
    engine_costs: Annotated[
        bool, typer.Option("--engine-costs", help="answers take as long as a real engine's")
    ] = False,
) -> None:
    """Serve a simulated engine until interrupted; its URL is printed once it listens."""
    lab_room = _lab_room()
    if speed <= 0:
        raise InvalidArgument(name="--speed", value=speed, expected="a number above 0")
    with lab_room.serve(
        _world_of(scenario, source),
        speed=speed,
        port=port,
        ca_directory=ca_folder,
        engine_costs=engine_costs,
        relay=True,
    ) as running:
        note(f"user {running.username}, password {running.password}, CA {running.ca_file}")
        typer.echo(running.url)
        _wait()


@app.command()
def ca(folder: Annotated[Path, typer.Argument(help="folder of `lab serve --ca-folder`")]) -> None:
    """Print the certificate of the CA that signs a lab's certificate."""
    from rhevmig.lab.http.tls import Authority

    _lab_room()
    typer.echo(Authority.load(folder).certificate_text, nl=False)


def _world_of(scenario: str, source: Path | None) -> object:
    from rhevmig import lab

    if source is not None:
        return _twin(source)
    file = Path(scenario)
    if not file.exists() and file.suffix == "":
        file = Path(lab.__file__).parent / "scenarios" / f"{scenario}.yaml"
    return file


def _twin(source: Path) -> object:
    from rhevmig.cli.scenario_from_snapshot import is_snapshot, scenario_of
    from rhevmig.inventory import load

    return scenario_of(load(source)) if is_snapshot(source) else source


def _lab_room() -> Any:
    try:
        from rhevmig.lab import lab as serving
    except ImportError as error:
        raise LabError(
            detail=f"the lab needs the package {error.name}", remedy="pip install 'rhevmig[lab]'"
        ) from error
    return serving


def _wait() -> None:
    """Until Ctrl-C or a signal to end."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        ended.wait()
    except KeyboardInterrupt:
        note("stopped")
