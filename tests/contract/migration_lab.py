"""A lab over HTTPS whose time only a client's waiting moves, and what a campaign did to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import rhevmig
from rhevmig.engine.session import EngineClient, connect
from rhevmig.lab.fault_injection.injector import InjectedFault
from rhevmig.lab.http.request import LabRequest
from rhevmig.lab.lab import Lab, serve
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.migration import Campaign, Options
from rhevmig.planning import Plan
from tests.lab_worlds import THREE_HOSTS


class LabClock:
    """The lab's own clock: who sleeps on it lets the lab's time pass, and waits not at all."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._start = lab.clock.now()

    def now(self) -> datetime:
        return self._lab.clock.now()

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self._lab.advance(max(seconds, 0.01))


class Site:
    """A served lab, a client of it, and a count of what arrived."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.clock = LabClock(lab)
        self.arrived: list[tuple[str, str]] = []
        lab.engine.before.insert(0, self._count)
        self.client = self.connect()

    def connect(self) -> EngineClient:
        lab = self.lab
        return connect(lab.url, lab.username, lab.password, ca_file=lab.ca_file, clock=self.clock)

    def _count(self, request: LabRequest) -> None:
        self.arrived.append((request.method, request.path))

    def posts(self, act: str = "migrate", name: str | None = None) -> int:
        vm = self.lab.world.named("vms", name) if name else None
        return sum(
            method == "POST" and path.endswith(f"/{act}") and (vm is None or vm.id in path)
            for method, path in self.arrived
        )

    def plant(self, kind: str, **values: Any) -> None:
        self.lab.engine.parts["faults"].plant(InjectedFault(kind=kind, **values))  # type: ignore[arg-type]

    def where(self, name: str) -> str:
        """`status@host` of a VM."""
        vm = self.lab.world.named("vms", name)
        host = self.lab.world.find("hosts", vm.ref("host")) if vm is not None else None
        return f"{vm.text('status') if vm else 'gone'}@{host.name if host else '-'}"

    def run(self, plan: Plan, journal: Path | str = ":memory:", **values: Any) -> Campaign:
        values.setdefault("options", Options(retries=0))
        return rhevmig.run(plan, self.client, journal=journal, clock=self.clock, **values)


@contextmanager
def a_site(text: str = THREE_HOSTS) -> Iterator[Site]:
    """Three hosts of one cluster with four VMs on the first; time stands still unless waited for."""
    with serve(parse_scenario(text), speed=0.0) as lab:
        site = Site(lab)
        try:
            yield site
        finally:
            site.client.close()
