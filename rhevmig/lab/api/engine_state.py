"""The parts of an engine: world, sign-on, events, jobs, and the hooks for the subsystems."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.http.sso import SignOn
from rhevmig.lab.state.event_log import EventLog
from rhevmig.lab.state.jobs import JobList
from rhevmig.lab.state.reported_statistics import STATISTICS_S, show_host
from rhevmig.lab.state.store import Entity, World


def _always_open(is_open: bool) -> None:
    """Without a relay no connection is refused."""


class EngineState:
    """The parts of one engine; `SimulatedEngine` answers requests with them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sign_on = SignOn(world)
        self.events = EventLog(world)
        self.jobs = JobList(world)
        self.lock: AbstractContextManager[Any, bool | None] = threading.RLock()
        # Subsystems of this engine by name.
        self.parts: dict[str, Any] = {}
        # Exceptions of the lab itself, each answered with a page of status 500; tests expect none.
        self.mistakes: list[Exception] = []
        # The engine's address in absolute URLs.
        self.public_url = "https://engine.lab.example"
        # Called before a request is handled; a response from here is the answer (injected faults).
        self.before: list[Callable[[LabRequest], LabResponse | None]] = []
        # Called with each answer and may change it (injected faults, engine costs).
        self.after: list[Callable[[LabRequest, LabResponse], LabResponse]] = []
        # Lets new connections pass or refuses them, if there is a relay.
        self.gate: Callable[[bool], None] = _always_open
        # Hosts to which these VMs can migrate; replaced by the scheduler.
        self.migration_targets: Callable[[list[Entity], bool], list[Entity]] = self._hosts_up_in_cluster
        world.on_change(self._graphics_follow)

    def _graphics_follow(self, entity: Entity, member: str) -> None:
        """A VM that arrived on another host shows the old graphics address until the next statistics."""
        if entity.place != "vms" or member != "host" or entity.lab.get("shown_host") == entity.ref("host"):
            return
        if entity.lab.get("shown_host") is None or entity.ref("host") is None:
            entity.lab["shown_host"] = entity.ref("host")
        else:
            self.world.agenda.after(STATISTICS_S / 2, lambda: show_host(self.world, entity), "graphics")

    def _hosts_up_in_cluster(self, vms: list[Entity], closure: bool) -> list[Entity]:
        clusters = {vm.ref("cluster") for vm in vms}
        return [
            host
            for host in self.world.all("hosts")
            if host.text("status") == "up" and {host.ref("cluster")} == clusters
        ]
