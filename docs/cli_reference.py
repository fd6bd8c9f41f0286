"""The page of the command, and the table by which it answers wrong usage without loading a command."""

from __future__ import annotations

import pprint
from collections.abc import Iterator
from typing import Any

import typer
import typer.core
import typer.main

from rhevmig.cli.invocation import application

HEAD = """# The command

Generated from the command itself by `make docs`.

The engine is named by `--url`, `--username`, `--ca-file` or the variables `OVIRT_URL`, `OVIRT_USERNAME`,
`OVIRT_PASSWORD`, `OVIRT_TOKEN`, `OVIRT_CAFILE`, `OVIRT_INSECURE`. There is no option for a password: it comes
from the variable or from a prompt. Results go to stdout, progress and errors to stderr; `--json` prints the
same data for programs, errors included; `NO_COLOR` is honoured.

| exit code | meaning |
|---|---|
| 0 | fine |
| 1 | rhevmig or the engine failed |
| 2 | wrong usage or bad input |
| 3 | findings at or above the gate, or a migration did not succeed, or the VM may not move |
| 4 | cannot be judged: unknowns on a gated check, or the outcome of a migration is unknown |
| 130 | interrupted (128 + the number of the signal) |
"""

TABLE_HEAD = '''"""How each command is used: options (`--name=` takes a value), arguments, help.

Generated from the commands by `make docs`. A module, because Python loads its own cached code faster than any
file of data.
"""
'''


def page() -> str:
    """The text of docs/cli.md."""
    root, context = _root()
    return "\n".join([HEAD, *_commands(root, context)])


def usage() -> str:
    """The text of rhevmig/cli/usage_table.py."""
    root, context = _root()
    table = pprint.pformat(_usage(root, context), width=110, sort_dicts=False, compact=True)
    return f"{TABLE_HEAD}\n# fmt: off\nUSAGE: dict[str, object] = \\\n{table}"


def _root() -> tuple[Any, typer.Context]:
    root = typer.main.get_command(application())
    return root, typer.Context(root, info_name="rhevmig", **root.context_settings)  # type: ignore[arg-type]


def _usage(command: Any, context: typer.Context) -> dict[str, Any]:
    options = [one for one in command.get_params(context) if one.param_type_name == "option"]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    # name of an option → how many values follow it
    names = {
        name if one.is_flag or one.count else f"{name}="
        for one in options
        for name in (*one.opts, *one.secondary_opts)
    }
    made: dict[str, Any] = {"options": " ".join(sorted(names))}
    if any(one.required for one in arguments):
        made["required"] = [one.name for one in arguments if one.required]
    if command.context_settings.get("ignore_unknown_options"):
        made["ignores_unknown_options"] = True
    if hasattr(command, "list_commands"):
        made["help"] = command.get_help(context) + "\n"
        made["commands"] = {
            name: _usage(inner, typer.Context(inner, info_name=name, parent=context))
            for name in command.list_commands(context)
            if (inner := command.get_command(context, name)) is not None
        }
    return made


def _commands(group: Any, context: typer.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = typer.Context(command, info_name=name, parent=context)
        if hasattr(command, "list_commands"):
            yield f"\n## `{inner.command_path}`\n\n{command.help or ''}"
            yield from _commands(command, inner)
        else:
            yield _command(command, inner)


def _command(command: typer.core.TyperCommand, context: typer.Context) -> str:
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"\n## `{context.command_path}`\n", " ".join((command.help or "").split()), ""]
    lines += ["```", f"{context.command_path} {usage}", "```", ""]
    rows = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    if rows:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
