"""The entry of the command: mounts all commands, turns every error into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import structlog
import typer

from rhevmig._version import VERSION
from rhevmig.cli.commands import (
    cassette,
    lab,
)
from rhevmig.cli.commands import (
    check as judging,
)
from rhevmig.cli.commands import (
    migrate as moving,
)
from rhevmig.cli.commands import (
    snapshot as reading,
)
from rhevmig.cli.output import note, print_json
from rhevmig.errors import RhevmigError

#: Exit code of an interrupted command, as shells expect it.
INTERRUPTED = 130

app = typer.Typer(
    name="rhevmig",
    help="Live migration for oVirt, RHV and Oracle Linux Virtualization Manager.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine; 1 the tool or the engine failed; 2 usage or bad input; 3 findings at or "
    "above the gate, or a migration did not succeed; 4 cannot be judged.",
)
reading.mount(app)
judging.mount(app)
moving.mount(app)
app.add_typer(cassette.app, name="cassette")
app.add_typer(lab.app, name="lab")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rhevmig {VERSION}")
        raise typer.Exit


@app.callback()
def settings(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what is done on stderr")] = False,
) -> None:
    """Settings of all commands."""
    _configure_log(verbose)


def _configure_log(verbose: bool) -> None:
    level = 10 if verbose else 40
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; nothing escapes as a traceback but a defect."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments), standalone_mode=False)
    except RhevmigError as error:
        return _report(error, as_json=as_json)
    except typer.Exit as leaving:
        return leaving.exit_code
    except (typer.Abort, KeyboardInterrupt):
        note("rhevmig: interrupted")
        return INTERRUPTED
    except typer.TyperException as error:
        return _usage(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _report(error: RhevmigError, *, as_json: bool) -> int:
    if as_json:
        print_json(error.as_dict())
    message = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
    note(f"rhevmig: {message} {' '.join(error.remedy.split())}".rstrip())
    return error.exit_code


def _usage(error: typer.TyperException) -> int:
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    where = f" See `{context.command_path} --help`." if context else ""
    if message:
        note(f"rhevmig: {message if message.endswith('.') else message + '.'}{where}")
    return 2


def run() -> None:
    """The console script."""
    sys.exit(main())
