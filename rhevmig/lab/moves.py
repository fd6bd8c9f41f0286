"""Everything that moves, tied to one engine: scheduler, copies, migrations, maintenance, mishaps.

`attach(engine)` is called when an engine is made; actions find their parts with `moves_of(engine)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from rhevmig.lab.copying import Copies
from rhevmig.lab.maintenance import Maintenance
from rhevmig.lab.migrations import Migrations
from rhevmig.lab.scheduler import Scheduler
from rhevmig.lab.voice import Voice

if TYPE_CHECKING:
    from rhevmig.lab.enginestate import EngineState

__all__ = ["Moves", "attach", "moves_of"]


class Moves:
    """The moving parts of one engine."""

    def __init__(self, engine: EngineState) -> None:
        self.engine = engine
        self.world = engine.world
        self.voice = Voice(engine.world, engine.events)
        self.scheduler = Scheduler(engine.world)
        self.copies = Copies(engine.world)
        self.migrations = Migrations(engine, self.scheduler, self.copies, self.voice)
        self.maintenance = Maintenance(engine, self.scheduler, self.migrations, self.voice)


_MOVES: WeakKeyDictionary[EngineState, Moves] = WeakKeyDictionary()


def attach(engine: EngineState) -> Moves:
    """Give an engine its moving parts; once."""
    known = _MOVES.get(engine)
    if known is not None:
        return known
    moves = Moves(engine)
    _MOVES[engine] = moves
    engine.migration_targets = moves.scheduler.targets
    return moves


def moves_of(engine: EngineState) -> Moves:
    """The moving parts of an engine."""
    return attach(engine)
