"""Where the inventory of a command comes from: an engine, or a saved snapshot."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rhevmig import inventory as inventories
from rhevmig.cli.command_clock import clock_of
from rhevmig.cli.output import err
from rhevmig.clock import Clock
from rhevmig.engine import EngineClient, connect
from rhevmig.errors import InvalidArgument
from rhevmig.inventory import Inventory

SnapshotFile = Annotated[
    Path | None, typer.Option("--snapshot", "-s", help="read this saved snapshot instead of an engine")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="print JSON for programs")]


@dataclass(frozen=True, kw_only=True)
class Site:
    """How to reach the engine: the options that all commands share."""

    url: Annotated[
        str | None,
        typer.Option("--url", help="API of the engine, https://ENGINE/ovirt-engine/api [env: OVIRT_URL]"),
    ] = None
    username: Annotated[
        str | None, typer.Option("--username", help="user@profile, e.g. admin@internal [env: OVIRT_USERNAME]")
    ] = None
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", help="CA that signed the engine's certificate [env: OVIRT_CAFILE]"),
    ] = None
    insecure: Annotated[
        bool, typer.Option("--insecure", help="do not verify the certificate [env: OVIRT_INSECURE]")
    ] = False
    timeout_s: Annotated[
        float, typer.Option("--timeout", help="seconds that one request to the engine may take")
    ] = 300.0
    clock_speed: Annotated[
        float,
        typer.Option(
            "--clock-speed",
            envvar="RHEVMIG_CLOCK_SPEED",
            help="of a lab served with --speed: waits and deadlines are its seconds",
        ),
    ] = 1.0

    def engine(self) -> EngineClient:
        """A connection; the password comes from OVIRT_PASSWORD or is asked for, never from an option."""
        return self._connect(clock_of(self.clock_speed, start=self._engine_time))

    def inventory(self, snapshot: Path | None, *, detail: frozenset[str] = frozenset()) -> Inventory:
        """The inventory from the file if one is named, else from the engine, with a word on stderr."""
        if snapshot is not None:
            if self.url:
                raise InvalidArgument(name="--url", value=self.url, expected="either --url or --snapshot")
            return inventories.load(snapshot)
        with self.engine() as engine, err().status("reading the engine …"):
            return engine.inventory(detail=detail)

    def _engine_time(self) -> datetime | None:
        with self._connect(None) as engine:
            return engine.engine_time

    def _connect(self, clock: Clock | None) -> EngineClient:
        return connect(
            url=self.url,
            username=self.username,
            ca_file=str(self.ca_file) if self.ca_file else None,
            insecure=self.insecure or None,
            timeout_s=self.timeout_s,
            clock=clock,
        )


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `Site`; it takes them as its parameter `site`."""
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "site"]
    shared = list(inspect.signature(Site, eval_str=True).parameters.values())
    names = {field.name for field in fields(Site)}

    def wrapper(**given: Any) -> None:
        site = Site(**{name: value for name, value in given.items() if name in names})
        command(site=site, **{name: value for name, value in given.items() if name not in names})

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared)]
    wrapper.__name__ = command.__name__
    wrapper.__doc__ = command.__doc__
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return wrapper
