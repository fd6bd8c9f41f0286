"""Everything that moves, tied to one engine: scheduler, copies, migrations, maintenance, trouble.

`attach(engine)` is called when an engine is made; actions find their parts with `moves_of(engine)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhevmig.lab.hosts.engine_restart import Restart
from rhevmig.lab.hosts.failures import HostTrouble
from rhevmig.lab.hosts.maintenance import Maintenance
from rhevmig.lab.migration.lifecycle import Migrations
from rhevmig.lab.migration.memory_transfer import Copies
from rhevmig.lab.scheduling.balancing import Enforcer
from rhevmig.lab.scheduling.scheduler import Scheduler
from rhevmig.lab.state.event_publisher import SYSTEM, EventPublisher
from rhevmig.lab.state.host_load import HostLoads
from rhevmig.lab.state.jobs import SWEEP_S
from rhevmig.lab.state.store import Entity

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState


class Moves:
    """The moving parts of one engine."""

    def __init__(self, engine: EngineState) -> None:
        self.engine = engine
        self.world = engine.world
        self.voice = EventPublisher(engine.world, engine.events)
        self.scheduler = Scheduler(engine.world)
        self.copies = Copies(engine.world)
        self.loads = HostLoads(engine.world)
        self.migrations = Migrations(engine, self.scheduler, self.loads, self.copies, self.voice)
        self.maintenance = Maintenance(engine, self.scheduler, self.migrations, self.voice)
        self.trouble = HostTrouble(engine, self.copies, self.migrations, self.voice)
        self.enforcer = Enforcer(engine, self.scheduler, self.migrations, self.voice)
        self.restart = Restart(engine, self.migrations, self.maintenance, self.voice)
        self.migrations.after_arrival.append(self._replug)
        self.world.agenda.every(SWEEP_S, engine.jobs.sweep, "jobs swept")

    def _replug(self, vm: Entity) -> None:
        """NICs that a mishap keeps from being plugged back: the VM has arrived, its network has not."""
        nics = vm.lab.pop("nics_not_replugged", None)
        if nics:
            self.voice.say(12003, vm, by=SYSTEM, vm=vm.name, nics=nics)


def attach(engine: EngineState) -> Moves:
    """Give an engine its moving parts; once."""
    known = engine.parts.get("moves")
    if isinstance(known, Moves):
        return known
    moves = Moves(engine)
    engine.parts["moves"] = moves
    engine.migration_targets = moves.scheduler.targets
    return moves


def moves_of(engine: EngineState) -> Moves:
    """The moving parts of an engine."""
    return attach(engine)
