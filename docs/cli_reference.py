"""The page of the command: every command and option, read from the command itself."""

from __future__ import annotations

from collections.abc import Iterator

import typer
import typer.core
import typer.main

from rhevmig.cli.main import app

HEAD = """# The command

Generated from the command itself by `make docs`.

The engine is named by `--url`, `--username`, `--ca-file` or the variables `OVIRT_URL`, `OVIRT_USERNAME`,
`OVIRT_PASSWORD`, `OVIRT_TOKEN`, `OVIRT_CAFILE`, `OVIRT_INSECURE`. There is no option for a password: it comes
from the variable or is asked for. Results go to stdout, progress and errors to stderr; `--json` prints the
same data for programs, errors included; `NO_COLOR` is honoured.

| exit code | meaning |
|---|---|
| 0 | fine |
| 1 | the tool or the engine failed |
| 2 | usage or bad input |
| 3 | findings at or above the gate, or a migration did not succeed, or the VM may not move |
| 4 | cannot be judged: unknowns on a gated check, or the outcome of a migration is unknown |
| 130 | interrupted |
"""


def page() -> str:
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="rhevmig")  # type: ignore[arg-type]
    return "\n".join([HEAD, *_commands(root, context)])


def _commands(group: object, context: typer.Context) -> Iterator[str]:
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        command = group.get_command(context, name)  # type: ignore[attr-defined]
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
