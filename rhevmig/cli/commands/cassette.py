"""`rhevmig cassette`: record a command, show, scrub and serve cassettes."""

from __future__ import annotations

import hashlib
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from rhevmig.cli.output import note, out, print_json, print_table
from rhevmig.errors import CassetteError, InvalidArgument
from rhevmig.testing import Pseudonyms, Tls, serve
from rhevmig.testing.faults import PERSONALITIES

app = typer.Typer(help="Cassettes of what programs ask of engines.", no_args_is_help=True)

JsonFlag = Annotated[bool, typer.Option("--json", help="print the data as JSON")]
PseudonymsFlag = Annotated[
    bool, typer.Option("--pseudonyms", help="stand-ins for names, addresses, MACs, serials and certificates")
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", help="a phrase: the same one gives the same stand-ins in several cassettes"),
]


@app.command(context_settings={"ignore_unknown_options": True})
def record(
    file: Annotated[Path, typer.Argument(help="the cassette to write")],
    command: Annotated[list[str], typer.Argument(help="-- and the command to run")],
    replace: Annotated[bool, typer.Option("--replace", help="write over an existing cassette")] = False,
    pseudonyms: PseudonymsFlag = False,
    key: KeyOption = None,
) -> None:
    """Run a command and record what its Python programs ask of engines through pycurl."""
    from rhevmig.testing.record import record_command

    recorded = record_command(file, command, replace=replace, pseudonyms=_pseudonyms(pseudonyms, key))
    note(f"{recorded.exchanges} exchanges recorded to {file}")
    if recorded.exit_code:
        note(f"{command[0]} ended with {recorded.exit_code}")
        raise typer.Exit(1)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="the cassette")],
    as_json: JsonFlag = False,
) -> None:
    """Summarise a cassette: exchanges, engine version, age, secrets. Exit 3 where it still holds secrets."""
    from rhevmig.testing.show import summarise

    summary = summarise(file)
    if as_json:
        print_json(summary)
    else:
        days = "age unknown" if summary.age_days is None else f"{summary.age_days} days old"
        out().print(
            f"{file}: {summary.exchanges} exchanges, {summary.body_bytes} bytes of answers", markup=False
        )
        out().print(f"engine {summary.engine_version or 'unknown'}, {days}, at {', '.join(summary.servers)}")
        rows = [
            (f"×{line.times}" if line.times > 1 else "", line.method, line.target, line.error or line.status)
            for line in summary.lines
        ]
        print_table(("", "method", "path", "answer"), rows)
        for found in summary.secrets:
            note(f"secret: exchange {found.exchange}, {found.place}")
    if summary.secrets:
        note(f"hide them with: rhevmig cassette scrub {file}")
        raise typer.Exit(3)


@app.command()
def scrub(
    file: Annotated[Path, typer.Argument(help="the cassette")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="write there instead of back")] = None,
    pseudonyms: PseudonymsFlag = False,
    key: KeyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Hide passwords, tokens, cookies and session ids in an existing cassette."""
    from rhevmig.testing.scrub.scrub import scrub_file

    found = scrub_file(file, output=output, pseudonyms=_pseudonyms(pseudonyms, key))
    if as_json:
        print_json({"file": str(output or file), "hidden": found})
        return
    for one in found:
        note(f"hidden: exchange {one.exchange}, {one.place}")
    note(f"{len(found)} secrets hidden, written to {output or file}")


@app.command(name="serve")
def serve_cassettes(
    *,
    files: Annotated[list[Path], typer.Argument(help="cassettes or folders of them; earlier ones win")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one")] = 0,
    host: Annotated[str, typer.Option("--host", help="address to listen on")] = "127.0.0.1",
    username: Annotated[
        str, typer.Option("--username", help="the account that may log in")
    ] = "admin@internal",
    accept_password: Annotated[
        str, typer.Option("--accept-password", help="its password on this recorded engine; no secret")
    ] = "recorded",  # noqa: S107 - of a recording, as the help says
    shift_time: Annotated[
        bool, typer.Option("--shift-time", help="let /api tell the present, not the recorded time")
    ] = False,
    cert: Annotated[Path | None, typer.Option("--cert", help="PEM certificate, to serve HTTPS")] = None,
    cert_key: Annotated[Path | None, typer.Option("--cert-key", help="PEM key of the certificate")] = None,
    trouble: Annotated[
        str | None, typer.Option("--trouble", help=f"misbehave: {', '.join(PERSONALITIES)}")
    ] = None,
    vms: Annotated[
        int | None, typer.Option("--vms", min=1, help="grow the list of VMs by copies, for measurements")
    ] = None,
    empty: Annotated[
        list[str] | None, typer.Option("--empty", help="relation that reads as empty where not recorded")
    ] = None,
    print_url: Annotated[
        bool, typer.Option("--print-url", help="print the URL alone, when listening")
    ] = False,
) -> None:
    """Serve cassettes as a read-only engine, for programs in any language, until interrupted."""
    if trouble is not None and trouble not in PERSONALITIES:
        raise InvalidArgument(name="--trouble", value=trouble, expected=" or ".join(PERSONALITIES))
    if (cert is None) is not (cert_key is None):
        raise InvalidArgument(name="--cert", value=cert, expected="--cert and --cert-key together")
    tls = None if cert is None else Tls(cert_file=str(cert), key_file=str(cert_key), ca_file=str(cert))
    stopped = threading.Event()
    try:
        with serve(
            files, port=port, host=host, username=username, password=accept_password, tls=tls,
            shift_time=shift_time, faults=trouble or (), vms=vms, empty=empty or (),
        ) as engine:  # fmt: skip
            signal.signal(signal.SIGTERM, lambda *_: stopped.set())
            sys.stdout.write(f"{engine.url}\n")
            sys.stdout.flush()
            if not print_url:
                note(f"user {username}, password {accept_password}; read-only; Ctrl-C ends it")
            while not stopped.wait(1):
                continue
    except OSError as problem:
        raise CassetteError(path=f"{host}:{port}", detail=f"cannot be served: {problem}") from problem
    except KeyboardInterrupt:
        note(f"{len(engine.requests)} requests answered")


def _pseudonyms(wanted: bool, key: str | None) -> Pseudonyms | None:
    if not wanted and key is None:
        return None
    return Pseudonyms(None if key is None else hashlib.sha256(key.encode()).digest())
