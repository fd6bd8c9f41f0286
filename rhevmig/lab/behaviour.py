"""What an engine does beside reading and writing: importing it registers the actions, `attach` ties it in."""

from __future__ import annotations

from rhevmig.lab.api.engine_state import EngineState
from rhevmig.lab.fault_injection.control_endpoint import Control
from rhevmig.lab.fault_injection.injector import Mishaps
from rhevmig.lab.hosts import actions as _host_acts
from rhevmig.lab.hosts import upgrades as _upgrade_acts
from rhevmig.lab.migration import actions as _migrate_acts
from rhevmig.lab.subsystems import Moves, moves_of

#: Modules whose import registers actions.
REGISTERING = (_host_acts, _migrate_acts, _upgrade_acts)


def attach(engine: EngineState) -> Moves:
    """Give an engine its moving parts, its mishaps and the control endpoint."""
    moves = moves_of(engine)
    if "mishaps" not in engine.parts:
        engine.parts["mishaps"] = mishaps = Mishaps(moves)
        engine.parts["control"] = Control(moves, mishaps)
    return moves
