"""`cassette`: record a command, show, scrub and serve cassettes."""

from __future__ import annotations

import hashlib
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from rhevmig.cli.output import note, print_json, print_line, print_table
from rhevmig.cli.streams import write_out
from rhevmig.errors import CassetteError, InvalidArgument
from rhevmig.testing import Pseudonyms, Tls, serve
from rhevmig.testing.faults import PERSONALITIES

app = typer.Typer(help="Recorded exchanges between programs and engines.", no_args_is_help=True)


def mount(parent: typer.Typer) -> None:
    """Adds the commands."""
    parent.add_typer(app, name="cassette")


JsonFlag = Annotated[bool, typer.Option("--json", help="print the data as JSON")]
PseudonymsFlag = Annotated[
    bool, typer.Option("--pseudonyms", help="replace names, addresses, MACs, serials and certificates")
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", help="phrase; the same phrase gives the same replacements in several cassettes"),
]


@app.command(context_settings={"ignore_unknown_options": True})
def record(
    file: Annotated[Path, typer.Argument(help="the cassette to write")],
    command: Annotated[list[str], typer.Argument(help="the command to run, after --")],
    replace: Annotated[bool, typer.Option("--replace", help="overwrite an existing cassette")] = False,
    pseudonyms: PseudonymsFlag = False,
    key: KeyOption = None,
) -> None:
    """Run a command and record the requests that its Python programs send to engines through pycurl."""
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
    """Summarise a cassette: exchanges, engine version, age, secrets. Exit code 3: secrets; 4: unknown."""
    from rhevmig.testing.show import summarise

    summary = summarise(file)
    if as_json:
        print_json(summary)
    else:
        days = "age unknown" if summary.age_days is None else f"{summary.age_days} days old"
        print_line(f"{file}: {summary.exchanges} exchanges, {summary.body_bytes} bytes of answers")
        print_line(f"engine {summary.engine_version or 'unknown'}, {days}, at {', '.join(summary.servers)}")
        rows = [
            (f"×{line.times}" if line.times > 1 else "", line.method, line.target, line.error or line.status)
            for line in summary.lines
        ]
        print_table(("", "method", "path", "answer"), rows)
        for found in summary.secrets:
            note(f"secret: exchange {found.exchange}, {found.place}")
        for one in summary.unsearched:
            note(f"not searched: exchange {one.exchange}, {one.place}: {one.problem}")
    if summary.secrets:
        note(f"hide them with: rhevmig cassette scrub {file}")
        raise typer.Exit(3)
    if summary.unsearched:
        note("whether these bodies contain secrets is unknown: read them before you share the cassette")
        raise typer.Exit(4)


@app.command()
def scrub(
    file: Annotated[Path, typer.Argument(help="the cassette")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write to this file instead of in place")
    ] = None,
    pseudonyms: PseudonymsFlag = False,
    key: KeyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Hide passwords, tokens, cookies and session ids in an existing cassette."""
    import msgspec

    from rhevmig.testing.scrub.scrub import scrub_file

    report = scrub_file(file, output=output, pseudonyms=_pseudonyms(pseudonyms, key))
    if as_json:
        print_json({"file": str(output or file), **msgspec.structs.asdict(report)})
        return
    for one in report.hidden:
        note(f"hidden: exchange {one.exchange}, {one.place}")
    for body in report.unsearched:
        note(f"not searched: exchange {body.exchange}, {body.place}: {body.problem}")
    names = "" if report.replaced is None else f", {report.replaced} names and addresses replaced"
    note(f"{len(report.hidden)} secrets hidden{names}, written to {output or file}")


@app.command(name="serve")
def serve_cassettes(
    *,
    files: Annotated[list[Path], typer.Argument(help="cassettes or folders; the first match is replayed")],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free port")] = 0,
    host: Annotated[str, typer.Option("--host", help="address to listen on")] = "127.0.0.1",
    username: Annotated[
        str, typer.Option("--username", help="the account that may log in")
    ] = "admin@internal",
    accept_password: Annotated[
        str, typer.Option("--accept-password", help="password of this recorded engine; not a secret")
    ] = "recorded",  # noqa: S107 - the password of a recording
    shift_time: Annotated[
        bool,
        typer.Option("--shift-time", help="report the current time in /api instead of the recorded time"),
    ] = False,
    cert: Annotated[Path | None, typer.Option("--cert", help="PEM certificate; serves HTTPS")] = None,
    cert_key: Annotated[Path | None, typer.Option("--cert-key", help="PEM key of the certificate")] = None,
    trouble: Annotated[
        str | None, typer.Option("--trouble", help=f"simulate a fault: {', '.join(PERSONALITIES)}")
    ] = None,
    ignore_query: Annotated[
        list[str] | None,
        typer.Option("--ignore-query", help="query parameter that does not count; may be repeated"),
    ] = None,
    print_url: Annotated[
        bool, typer.Option("--print-url", help="print only the URL, when listening")
    ] = False,
) -> None:
    """Serve cassettes as an engine that replays the recorded answers, for programs in any language."""
    if trouble is not None and trouble not in PERSONALITIES:
        raise InvalidArgument(name="--trouble", value=trouble, expected=" or ".join(PERSONALITIES))
    if (cert is None) is not (cert_key is None):
        raise InvalidArgument(name="--cert", value=cert, expected="--cert and --cert-key together")
    tls = None if cert is None else Tls(cert_file=str(cert), key_file=str(cert_key), ca_file=str(cert))
    stopped = threading.Event()
    try:
        with serve(
            files, port=port, host=host, username=username, password=accept_password, tls=tls,
            shift_time=shift_time, faults=trouble or (), ignore_query=ignore_query or (),
        ) as engine:  # fmt: skip
            signal.signal(signal.SIGTERM, lambda *_: stopped.set())
            write_out(f"{engine.url}\n")
            if not print_url:
                note(f"user {username}, password {accept_password}; Ctrl-C ends it")
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
