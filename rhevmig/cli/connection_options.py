"""Where a command reads from: the options of an engine, or a saved snapshot."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
import typer.main

from rhevmig.cli.output import progress_console
from rhevmig.cli.streams import is_terminal
from rhevmig.errors import InvalidArgument

if TYPE_CHECKING:
    from rhevmig.clock import Clock
    from rhevmig.engine import EngineClient
    from rhevmig.inventory import Inventory

SnapshotFile = Annotated[
    Path | None, typer.Option("--snapshot", "-s", help="read this saved snapshot instead of an engine")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@dataclass(frozen=True, kw_only=True)
class Site:
    """How to reach the engine; `context.obj` of every command that has `cls=EngineCommand`."""

    url: Annotated[
        str | None,
        typer.Option("--url", help="API of the engine, https://ENGINE/ovirt-engine/api [env: OVIRT_URL]"),
    ] = None
    username: Annotated[
        str | None, typer.Option("--username", help="user@profile, e.g. admin@internal [env: OVIRT_USERNAME]")
    ] = None
    ca_file: Annotated[
        str | None,
        typer.Option(
            "--ca-file", metavar="<path>", help="CA that signed the engine's certificate [env: OVIRT_CAFILE]"
        ),
    ] = None
    insecure: Annotated[
        bool, typer.Option("--insecure", help="do not verify the certificate [env: OVIRT_INSECURE]")
    ] = False
    timeout_s: Annotated[float, typer.Option("--timeout", help="seconds that one request may take")] = 300.0
    clock_speed: Annotated[
        float,
        typer.Option(
            "--clock-speed",
            envvar="RHEVMIG_CLOCK_SPEED",
            help="speed factor of a lab started with --speed; timeouts then count simulated seconds",
        ),
    ] = 1.0

    def engine(self) -> EngineClient:
        """A connection; the password comes from OVIRT_PASSWORD or a prompt, never from an option."""
        return self._connect(self._clock())

    def inventory(
        self, snapshot: Path | None, *, detail: Mapping[str, tuple[str, ...] | None] | None = None
    ) -> Inventory:
        """The inventory from the file if one is named, else from the engine.

        Args:
            detail: expensive details to read, with the ids or names of the objects (None: all).
        """
        if snapshot is not None:
            if self.url:
                raise InvalidArgument(name="--url", value=self.url, expected="either --url or --snapshot")
            from rhevmig.inventory import load

            return load(snapshot)
        with self.engine() as engine, _spinner("reading the engine …"):
            return engine.inventory(detail=detail or {})

    def _clock(self) -> Clock:
        """The system's clock, or one that runs at the speed of a lab, from the engine's time on."""
        from rhevmig.clock import ScaledClock, SystemClock

        speed = self.clock_speed
        if not (speed > 0 and math.isfinite(speed)):
            raise InvalidArgument(name="--clock-speed", value=speed, expected="a number above 0")
        if speed == 1.0:
            return SystemClock()
        return ScaledClock(speed=speed, start=self._engine_time() or SystemClock().now())

    def _engine_time(self) -> datetime | None:
        with self._connect(None) as engine:
            return engine.engine_time

    def _connect(self, clock: Clock | None) -> EngineClient:
        from rhevmig.engine import connect

        return connect(
            url=self.url,
            username=self.username,
            ca_file=self.ca_file,
            insecure=self.insecure or None,
            timeout_s=self.timeout_s,
            clock=clock,
        )


def _spinner(text: str) -> AbstractContextManager[object]:
    return progress_console().status(text) if is_terminal(sys.stderr) else nullcontext()


class EngineCommand(typer.core.TyperCommand):
    """A command with the connection options; its function finds them as a `Site` in `context.obj`."""

    def __init__(self, *arguments: Any, params: list[Any] | None = None, **more: Any) -> None:
        single = typer.Typer(add_completion=False, context_settings={"help_option_names": []})
        single.command(add_help_option=False)(Site)
        self._connection = typer.main.get_command(single).params
        super().__init__(*arguments, params=[*(params or []), *self._connection], **more)

    def invoke(self, ctx: Any) -> Any:
        """Takes the connection options out of the parameters of the function."""
        ctx.obj = Site(**{str(one.name): ctx.params.pop(one.name) for one in self._connection})
        return super().invoke(ctx)
