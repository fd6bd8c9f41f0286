"""Answers that need no command to be loaded: the version, the list of commands, wrong usage.

The command line is compared with `usage_table`, which is generated from the commands (`docs/generate.py`).
What this module cannot decide with certainty it leaves to the parser.
"""

from __future__ import annotations

import os

from rhevmig._version import VERSION

# names for annotations alone: importing them takes as long as Python takes to start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HELP = ("--help", "-h")


class QuickAnswer:
    """A complete answer: a text on stdout, or one line on stderr."""

    def __init__(self, *, exit_code: int, out: str = "", error: str = "") -> None:
        self.exit_code = exit_code
        self.out = out
        self.error = error

    def print(self) -> None:
        """Writes the answer."""
        from rhevmig.cli.streams import write_err, write_out

        write_out(self.out)
        write_err(self.error)


def quick_answer(arguments: list[str]) -> QuickAnswer | None:
    """The answer to a command line that needs no command; None where one must be loaded."""
    if arguments == ["--version"]:
        return QuickAnswer(exit_code=0, out=f"rhevmig {VERSION}\n")
    if "_RHEVMIG_COMPLETE" in os.environ:
        return None
    from rhevmig.cli.usage_table import USAGE

    return _answer(USAGE, "rhevmig", arguments, as_json="--json" in arguments)


def _answer(usage: dict[str, Any], path: str, arguments: list[str], *, as_json: bool) -> QuickAnswer | None:
    if "help" in usage and (not arguments or (len(arguments) == 1 and arguments[0] in HELP)):
        # a group without a command is wrong usage, but the list of its commands is the best answer
        return QuickAnswer(exit_code=0 if arguments else 2, out=usage["help"])
    problem, rest = _first_problem(usage, arguments)
    if problem:
        return _wrong_usage(problem, path, as_json=as_json)
    if rest:
        return _answer(usage["commands"][rest[0]], f"{path} {rest[0]}", rest[1:], as_json=as_json)
    return None


def _first_problem(usage: dict[str, Any], arguments: list[str]) -> tuple[str, list[str]]:
    """What is wrong, and the rest of the line from the name of a command on; both empty if undecided."""
    if usage.get("ignores_unknown_options") or any(one in HELP for one in arguments):
        return "", []
    options = usage["options"].split()
    operands = 0
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        if word == "--" or (word[:1] == "-" and word[1:2] != "-" and len(word) > 2):
            return "", []
        if word[:1] == "-" and word != "-":
            name, equals, _ = word.partition("=")
            if name not in options and f"{name}=" not in options:
                return f"No such option: {name}.", []
            position += f"{name}=" in options and not equals
        elif "commands" in usage:
            known = word in usage["commands"]
            return ("", arguments[position - 1 :]) if known else (f"No such command '{word}'.", [])
        else:
            operands += 1
    missing = usage.get("required", [])[operands:]
    return (f"Missing argument '{missing[0]}'." if missing else ""), []


def _wrong_usage(problem: str, path: str, *, as_json: bool) -> QuickAnswer:
    from rhevmig.cli.streams import visible

    message = f"{visible(problem)} See `{path} --help`."
    out = ""
    if as_json:
        import json

        out = json.dumps({"error": "usage", "message": message, "exit_code": 2}, indent=2) + "\n"
    return QuickAnswer(exit_code=2, out=out, error=f"rhevmig: {message}\n")
