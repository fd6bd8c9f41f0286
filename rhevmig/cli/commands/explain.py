"""`explain`: the page of a check."""

from __future__ import annotations

from typing import Annotated

import typer

from rhevmig.checks import CHECKS, page
from rhevmig.cli.output import print_table, print_text


def mount(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(explain)


def explain(
    check_id: Annotated[str, typer.Argument(help="e.g. NET-003; without it all checks are listed")] = "",
) -> None:
    """Print the page of a check: what it verifies, why, and what to do."""
    if check_id:
        print_text(page(check_id))
        return
    rows = ((item.id, item.severity, item.title) for item in CHECKS.values())
    print_table(("check", "severity", "title"), rows)
