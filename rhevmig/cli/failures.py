"""What a failed command prints: one line on stderr, the same as JSON where it was requested, an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import typer

from rhevmig.cli.output import note, print_json
from rhevmig.cli.streams import write_err
from rhevmig.errors import OutputFailed, RhevmigError


def report_failure(error: Exception, arguments: Sequence[str]) -> int:
    """Prints an error and returns the exit code."""
    as_json = "--json" in arguments and not isinstance(error, OutputFailed)
    try:
        if isinstance(error, RhevmigError):
            return _known(error, as_json=as_json)
        if isinstance(error, typer.TyperException):
            return _wrong_usage(error, as_json=as_json)
    except OutputFailed as failed:
        return report_failure(failed, arguments)
    if {"-v", "--verbose"} & set(arguments):
        write_err("".join(traceback.format_exception(error)))
    text = " ".join(str(error).split())[:300]
    note(
        f"rhevmig: internal error: {type(error).__name__}: {text}. "
        "This is a defect: run the command again as `rhevmig --verbose …` and report the output."
    )
    return 1


def _known(error: RhevmigError, *, as_json: bool) -> int:
    if as_json:
        print_json(error.as_dict())
    message = error.message if error.message.endswith((".", "!", "?")) else f"{error.message}."
    note(f"rhevmig: {message} {' '.join(error.remedy.split())}".rstrip())
    return error.exit_code


def _wrong_usage(error: typer.TyperException, *, as_json: bool) -> int:
    message = " ".join(error.format_message().split())
    message = message if message.endswith((".", "!", "?")) else f"{message}."
    context = getattr(error, "ctx", None)
    if context is not None:
        message += f" See `{context.command_path} --help`."
    if as_json:
        print_json({"error": "usage", "message": message, "exit_code": 2})
    note(f"rhevmig: {message}")
    return 2
