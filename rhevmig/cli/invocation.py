"""Runs one command: loads it by name and parses its arguments."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from rhevmig._version import VERSION
from rhevmig.cli import INTERRUPTED
from rhevmig.cli.commands import COMMANDS
from rhevmig.cli.streams import DroppingStream

EPILOG = (
    "Exit codes: 0 fine; 1 rhevmig or the engine failed; 2 wrong usage or bad input; 3 findings at or above "
    "the gate, or a migration did not succeed; 4 cannot be judged."
)


def application(names: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """The parser with the commands of these names; each is imported here and not before."""
    app = typer.Typer(
        name="rhevmig",
        help="Live migration for oVirt, RHV and Oracle Linux Virtualization Manager.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=EPILOG,
    )
    app.callback()(_global_options)
    for name in names:
        import_module(f"rhevmig.cli.commands.{COMMANDS[name]}").mount(app)
    return app


def invoke(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code.

    Raises: RhevmigError, typer.TyperException (wrong usage), KeyboardInterrupt.
    """
    name = next((word for word in arguments if not word.startswith("-")), "")
    app = application([name] if name in COMMANDS else tuple(COMMANDS))
    try:
        code = app(args=list(arguments), prog_name="rhevmig", standalone_mode=False)
    except typer.Exit as leaving:
        code = leaving.exit_code
    except typer.Abort as abort:
        raise KeyboardInterrupt from abort
    if code == INTERRUPTED:  # what the parser makes of Ctrl-C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rhevmig {VERSION}")
        raise typer.Exit


def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log to stderr what is done")] = False,
) -> None:
    """Options of all commands."""
    # importing structlog takes longer than most commands: only where something may log
    if verbose or "structlog" in sys.modules:
        _configure_log(verbose)


def _configure_log(verbose: bool) -> None:
    import structlog

    stream: Any = DroppingStream(sys.stderr)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(10 if verbose else 40),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
    )
