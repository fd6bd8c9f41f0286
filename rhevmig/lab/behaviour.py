"""What an engine does beside reading and writing: importing it registers the actions, `attach` ties it in."""

from __future__ import annotations

from rhevmig.lab import host_acts as _host_acts
from rhevmig.lab import migrate_acts as _migrate_acts
from rhevmig.lab import upgrade_acts as _upgrade_acts
from rhevmig.lab.control import Control
from rhevmig.lab.enginestate import EngineState
from rhevmig.lab.mishaps import Mishaps
from rhevmig.lab.moves import Moves, moves_of

__all__ = ["attach"]

#: Modules whose import registers actions.
REGISTERING = (_host_acts, _migrate_acts, _upgrade_acts)


def attach(engine: EngineState) -> Moves:
    """Give an engine its moving parts, its mishaps and the control endpoint."""
    moves = moves_of(engine)
    if "mishaps" not in engine.parts:
        engine.parts["mishaps"] = mishaps = Mishaps(moves)
        engine.parts["control"] = Control(moves, mishaps)
    return moves
