"""What an engine does between requests: scheduler, memory transfers, migrations, maintenance, failures.

`subsystems_of(engine)` makes them once per engine, wired to each other as the constructor shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhevmig.lab.hosts.engine_restart import EngineRestart
from rhevmig.lab.hosts.failures import HostFailures
from rhevmig.lab.hosts.maintenance import Maintenance
from rhevmig.lab.migration.balancing import Balancer
from rhevmig.lab.migration.lifecycle import Migrations
from rhevmig.lab.migration.memory_transfer import Copies
from rhevmig.lab.scheduling.scheduler import EngineScheduler
from rhevmig.lab.state.event_publisher import EventPublisher
from rhevmig.lab.state.host_load import HostLoads
from rhevmig.lab.state.jobs import SWEEP_S

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState


class Subsystems:
    """The subsystems of one engine."""

    def __init__(self, engine: EngineState) -> None:
        self.engine = engine
        self.world = engine.world
        self.publisher = EventPublisher(engine.world, engine.events)
        self.scheduler = EngineScheduler(engine.world)
        self.copies = Copies(engine.world)
        self.loads = HostLoads(engine.world)
        self.migrations = Migrations(engine, self.scheduler, self.loads, self.copies, self.publisher)
        self.maintenance = Maintenance(engine, self.scheduler, self.migrations, self.publisher)
        self.failures = HostFailures(engine, self.copies, self.migrations, self.publisher)
        self.balancer = Balancer(engine, self.scheduler, self.migrations, self.publisher)
        self.restart = EngineRestart(engine, self.migrations, self.maintenance, self.publisher)
        self.world.agenda.every(SWEEP_S, engine.jobs.sweep, "jobs swept")
        engine.migration_targets = self.scheduler.targets


def subsystems_of(engine: EngineState) -> Subsystems:
    """The subsystems of an engine."""
    known = engine.parts.get("subsystems")
    if known is None:
        known = engine.parts["subsystems"] = Subsystems(engine)
    assert isinstance(known, Subsystems)
    return known
