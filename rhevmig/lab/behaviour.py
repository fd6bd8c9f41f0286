"""Gives an engine its behaviour: actions, subsystems, fault injection and the control endpoint."""

from __future__ import annotations

from rhevmig.lab.actions import hosts, migrate, upgrades
from rhevmig.lab.api.engine_state import EngineState
from rhevmig.lab.fault_injection.control_endpoint import ControlEndpoint
from rhevmig.lab.fault_injection.injector import FaultInjector
from rhevmig.lab.subsystems import subsystems_of

#: Modules that register actions when they are imported.
REGISTERING = (hosts, migrate, upgrades)


def attach(engine: EngineState) -> None:
    """Give an engine its subsystems, faults and control endpoint; once."""
    if "faults" not in engine.parts:
        subsystems = subsystems_of(engine)
        engine.parts["faults"] = faults = FaultInjector(subsystems)
        engine.parts["control"] = ControlEndpoint(subsystems, faults)
