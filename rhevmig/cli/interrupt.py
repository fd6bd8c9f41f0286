"""Ctrl-C during a campaign: cancel the migrations, or leave them running, and how to pick up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from rhevmig import migration
from rhevmig.cli.output import note
from rhevmig.cli.progress import Display
from rhevmig.migration import Campaign


def until_interrupted(
    act: Callable[[], Campaign], *, display: Display, journal: str, engine: Any, interactive: bool
) -> Campaign:
    """The campaign's end; after Ctrl-C its cancelled end, or KeyboardInterrupt with the engine left alone.

    A second Ctrl-C, and one where nobody can be asked, leaves the migrations running: the engine goes on
    by itself, and the journal knows what is open.
    """
    try:
        return act()
    except KeyboardInterrupt:
        display.pause()
        if interactive and _wants_cancel():
            display.resume()
            try:
                return migration.cancel(journal, engine, clock=engine.clock, on_progress=display.show)
            except KeyboardInterrupt:
                display.pause()
        note(
            f"The engine goes on with the migrations that it has started. "
            f"Look: rhevmig status {journal} · pick up: rhevmig resume {journal} · "
            f"stop: rhevmig cancel {journal}"
        )
        raise


def _wants_cancel() -> bool:
    note("")
    try:
        answer: str = typer.prompt(
            "Cancel the migrations that are running, or leave them to the engine? [cancel/leave]",
            default="leave",
            show_default=False,
            err=True,
        )
    except (typer.Abort, KeyboardInterrupt):
        return False
    return answer.strip().lower() in ("c", "cancel")
