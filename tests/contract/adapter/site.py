"""What a contract is told: an engine behind the public adapter, whatever stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import rhevmig
from rhevmig.clock import Clock
from rhevmig.engine import EngineClient
from rhevmig.errors import RhevmigError
from rhevmig.migration import MigrationPort

#: An id that no engine gives.
NO_SUCH_ID = "00000000-1111-4222-8333-444444444444"


class Site(ABC):
    """An engine, somebody logged in to it, and VMs of the kinds that contracts ask for."""

    url: str
    username: str
    password: str
    clock: Clock
    #: Whether it is an engine of its own will, whose time nobody holds.
    live = False
    ca_file: str | None = None
    insecure: bool | None = None

    def __init__(self) -> None:
        self._clients: list[EngineClient] = []

    # ── who talks ────────────────────────────────────────────────────────────────────────────────

    def connect(self, url: str | None = None, **changes: Any) -> EngineClient:
        """A client, as the administrator unless told otherwise; nothing comes from the environment."""
        how = {"username": self.username, "password": self.password, "timeout_s": 30.0} | changes
        client = rhevmig.connect(
            url or self.url, ca_file=self.ca_file, insecure=self.insecure, clock=self.clock, environ={}, **how
        )
        self._clients.append(client)
        return client

    @property
    def client(self) -> EngineClient:
        """The administrator's client; the first use logs in."""
        return self._clients[0] if self._clients else self.connect()

    @property
    def port(self) -> MigrationPort:
        """The administrator's port."""
        return self.client.migration_port()

    def close(self) -> None:
        """Ends the sessions, which is a part of the contract too."""
        for client in self._clients:
            client.close()

    def login_of(self, name: str) -> dict[str, str]:
        """Arguments of `connect` for another user of the scenario; a live engine has no such users."""
        return {"username": f"{name}@internal", "password": f"contract-{name}-word"}

    def mark(self, name: str) -> str:
        """A correlation id that this engine has not seen before."""
        return name

    # ── what is there ────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def vm(self, kind: str) -> str:
        """The id of a VM: `movable`, `large`, `pinned`, `down`."""

    @abstractmethod
    def host(self, kind: str) -> str:
        """The id of a host: `source` of the movable VM, or `other`."""

    @abstractmethod
    def cluster(self) -> str:
        """The id of the movable VM's cluster."""

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Lets the engine's time pass."""

    def trouble(self, kind: str, path: str, **values: Any) -> None:
        """Something goes wrong with the next request to a path; a recording holds what it led to."""
        raise NotImplementedError

    def until_still(self, vm_id: str) -> list[tuple[str, str | None]]:
        """Watches a VM until it moves no more: `(status, host)` each time something changed."""
        seen: list[tuple[str, str | None]] = []
        for _ in range(200):
            state = self.port.watch([vm_id])[vm_id]
            if not seen or seen[-1] != (state.status, state.host_id):
                seen.append((state.status, state.host_id))
            if state.status != "migrating":
                return seen
            self.wait(3.0)
        raise AssertionError(f"it never ends: {seen}")


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that holds for the adapter on every engine."""

    #: Name; of its cassette too.
    name: str
    #: Does it, asserts what holds everywhere, and returns what was got.
    run: Callable[[Site], object]
    #: Error that it ends with.
    raises: type[RhevmigError] | None = None
    #: Whether it asks the engine to do something, or logs in wrongly as the user of a live engine.
    changes: bool = False
    #: Whether it needs what only the scenario has: its users, and faults on purpose.
    rehearsed: bool = False


#: Name → contract.
CONTRACTS: dict[str, Contract] = {}


def contract(
    *, raises: type[RhevmigError] | None = None, changes: bool = False, rehearsed: bool = False
) -> Callable[[Callable[[Site], object]], Callable[[Site], object]]:
    """Declares a function of a site as a contract."""

    def declared(run: Callable[[Site], object]) -> Callable[[Site], object]:
        name = run.__name__.replace("_", "-")
        assert name not in CONTRACTS, name
        CONTRACTS[name] = Contract(name=name, run=run, raises=raises, changes=changes, rehearsed=rehearsed)
        return run

    return declared


def missing(what: str) -> Any:
    """Fails: the live engine lacks what the contract needs."""
    pytest.fail(what)
