"""A campaign in the foreground: its progress, Ctrl-C, signals to end, and its result."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from rhevmig import migration
from rhevmig.cli.output import note, print_json, print_text
from rhevmig.cli.progress import Display
from rhevmig.cli.streams import is_terminal
from rhevmig.migration import Campaign, OnProgress

#: The journal of a campaign for which none is named.
JOURNAL = "rhevmig-journal.db"


def run_in_foreground(
    act: Callable[[OnProgress], Campaign], *, journal: str, engine: Any, as_json: bool
) -> NoReturn:
    """Runs a campaign, prints its result and ends the command.

    Ctrl-C on a terminal asks whether to cancel. A second Ctrl-C, SIGTERM and SIGHUP leave the migrations
    running: the engine completes them, and the journal knows which are open.
    """
    with _ended_by_signals(), Display() as display:
        try:
            campaign = act(display.show)
        except KeyboardInterrupt as stop:
            display.pause()
            campaign = _after_interrupt(stop, display=display, journal=journal, engine=engine)
    show_campaign(campaign, as_json=as_json)


def show_campaign(campaign: Campaign, *, as_json: bool) -> NoReturn:
    """Prints a campaign and ends the command with its exit code."""
    if as_json:
        print_json({"exit_code": campaign.exit_code, "campaign": campaign})
    else:
        print_text(str(campaign))
    raise typer.Exit(campaign.exit_code)


def _after_interrupt(stop: KeyboardInterrupt, *, display: Display, journal: str, engine: Any) -> Campaign:
    """The cancelled campaign; else the command ends and the engine is left alone."""
    is_signal = bool(stop.args)
    try:
        if not is_signal and is_terminal(sys.stdin) and _wants_cancel():
            display.resume()
            return migration.cancel(journal, engine, clock=engine.clock, on_progress=display.show)
    except KeyboardInterrupt:
        display.pause()
    note(
        "The engine continues the migrations that it has started. "
        f"Show them: rhevmig status {journal} · continue: rhevmig resume {journal} · "
        f"stop: rhevmig cancel {journal}"
    )
    if is_signal:
        note(f"rhevmig: ended by {signal.Signals(stop.args[0]).name}")
        raise typer.Exit(128 + stop.args[0]) from stop
    raise stop


def _wants_cancel() -> bool:
    note("")
    try:
        answer: str = typer.prompt(
            "Cancel the running migrations, or leave them to the engine? [cancel/leave]",
            default="leave",
            show_default=False,
            err=True,
        )
    except typer.Abort:
        return False
    return answer.strip().lower() in ("c", "cancel")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt with the number of the signal."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt(number)

    # a signal that is ignored (nohup) stays ignored
    ending = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
