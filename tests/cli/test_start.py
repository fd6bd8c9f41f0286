"""The command starts at once: what needs no command loads none, and the answers are the parser's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from commands import Commands

from rhevmig.cli import quick_answers
from rhevmig.cli.invocation import application

#: Imports that take longer than starting Python.
SLOW = {
    "typer",
    "rich",
    "msgspec",
    "structlog",
    "yaml",
    "sqlalchemy",
    "jinja2",
    "ovirtsdk4",
    "pycurl",
    "typing",
}


def loaded_by(*arguments: str | Path) -> set[str]:
    """The modules that are loaded when the command has ended."""
    code = (
        "import sys\n"
        "from rhevmig.cli.main import main\n"
        "main(sys.argv[1:])\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"sys_path = {sys.path!r}\nimport sys\nsys.path[:] = sys_path\n{code}",
         *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    return set(done.stderr.splitlines()[-1].split())


def rooms(loaded: set[str]) -> set[str]:
    return {name.split(".")[1] for name in loaded if name.startswith("rhevmig.")}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), (), ("nope",), ("check", "--nope"), ("why",), ("plan", "nope")]
)
def test_a_quick_answer_loads_no_command(arguments: tuple[str, ...]) -> None:
    """Help, version and wrong usage load neither the parser nor any room."""
    loaded = loaded_by(*arguments)
    assert not SLOW & loaded
    assert {
        name for name in loaded if name.startswith("rhevmig.") and not name.startswith("rhevmig.cli")
    } == {"rhevmig._version"}


def test_why_on_a_snapshot_loads_only_what_it_needs(snapshot: Path) -> None:
    """No engine, no report, no journal, no terminal library: inventory and scheduling alone."""
    loaded = loaded_by("why", "web01", "--snapshot", snapshot)
    assert not (SLOW - {"typer", "msgspec", "typing", "yaml"}) & loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("rhevmig.")}
    assert rooms <= {
        "_version",
        "cli",
        "clock",
        "errors",
        "events",
        "files",
        "inventory",
        "scheduling",
        "terms",
        "units",
    }


WRONG = [
    ["nope"],
    ["--nope"],
    ["-x"],
    ["check", "--nope"],
    ["check", "-x"],
    ["why"],
    ["why", "--ask-engine"],
    ["why", "-s", "file.json"],
    ["why", "--snapshot=file.json"],
    ["report", "--json"],
    ["plan", "nope"],
    ["plan", "evacuate"],
    ["plan", "--force"],
    ["cassette", "show"],
    ["lab", "ca"],
    ["-v", "nope"],
]
UNDECIDED = [
    ["check"],
    ["why", "web01"],
    ["why", "--help"],
    ["why", "--", "-web01"],
    ["check", "-sfile.json"],
    ["check", "--gate"],
    ["check", "--gate", "awful"],
    ["cassette", "record", "f.yaml", "--", "true", "--nope"],
    ["cassette", "record", "--nope"],
    ["-v", "check"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_the_quick_answer_to_wrong_usage_is_the_parsers(arguments: list[str]) -> None:
    """Same problem, same place; the parser would refuse the line too."""
    quick = quick_answers.quick_answer(arguments)
    assert quick is not None
    assert quick.exit_code == 2
    with pytest.raises(typer.TyperException) as refused:
        application()(args=list(arguments), prog_name="rhevmig", standalone_mode=False)
    message = " ".join(refused.value.format_message().split()).removesuffix(".")
    path = refused.value.ctx.command_path if refused.value.ctx else ""  # type: ignore[attr-defined]
    assert quick.error.startswith(f"rhevmig: {message.split(' Did you mean')[0].split(' (Possible')[0]}")
    assert quick.error.endswith(f"See `{path} --help`.\n")


@pytest.mark.parametrize("arguments", UNDECIDED, ids=" ".join)
def test_what_is_not_certain_is_left_to_the_parser(arguments: list[str]) -> None:
    """A command that may be right, and what only the parser can refuse."""
    assert quick_answers.quick_answer(arguments) is None


def test_without_a_command_the_list_of_commands_is_printed(rhevmig_command: Commands) -> None:
    """`rhevmig` and `rhevmig plan` alone: the help, readable, and the exit code of wrong usage."""
    for arguments in ((), ("plan",)):
        result = rhevmig_command(*arguments)
        assert result.code == 2
        assert result.out.startswith("Usage: rhevmig")
        assert "\nCommands:\n" in result.out


def test_wrong_usage_is_json_where_json_was_requested(rhevmig_command: Commands) -> None:
    """A program reads wrong usage as it reads every other error, whoever found it."""
    for arguments in (("check", "--nope", "--json"), ("check", "--gate", "awful", "--json")):
        result = rhevmig_command(*arguments)
        assert json.loads(result.out)["error"] == "usage"
        assert json.loads(result.out)["exit_code"] == result.code == 2
