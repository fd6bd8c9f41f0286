"""What the engine does not decide alone, asked for at the moment when the lab needs it.

The engine's part of the lab is arithmetic and rules. What hosts do (how long a memory transfer takes,
what an agent reports), and choices that depend on what the API does not show (rows of a database, exact
weights), come through this one interface. `ExternalFacts` is the simulation. Fault injection replaces
single answers, and a comparison with a recorded engine replaces all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from rhevmig.lab.state.store import Entity, World

#: Seconds from the activation of a host to its answer (recorded: about two).
ACTIVATION_S = 2.1


class TransferScript(msgspec.Struct, frozen=True, kw_only=True):
    """How one memory transfer goes, instead of a simulated one."""

    #: Simulated instant of the end, seconds since 1970; a past instant means at once.
    ends_at_s: float
    #: The source host's error; empty when the VM arrives.
    error: str = ""
    downtime_ms: int | None = None
    #: Seconds since the first report of progress, as event 63 shows them.
    duration_s: float | None = None
    #: Seconds since the request, as event 63 shows them; None is the time that passed.
    total_s: float | None = None
    #: Instants and percents that the source reports.
    progress: tuple[tuple[float, int], ...] = ()


class ExternalFacts:
    """The simulation: hosts behave as the scenario describes them."""

    def transfer(self, vm: Entity, source: Entity, destination: Entity) -> TransferScript | None:
        """How a memory transfer that begins now will go; None: it is simulated."""
        return None

    def destination(self, vm: Entity, passing: Sequence[Entity]) -> Entity | None:
        """The host that the engine picks among those that pass its filters; None: by the lab's weights."""
        return None

    def evacuation_order(self, host: Entity, vms: Sequence[Entity]) -> Sequence[Entity]:
        """The order in which VMs leave a host; those given are sorted by priority and name."""
        return vms

    def storage_pool_manager(self, data_center: Entity, candidates: Sequence[Entity]) -> Entity | None:
        """The host that becomes storage pool manager; None: the first by priority and name."""
        return None

    def activation_s(self, host: Entity) -> float:
        """Seconds until a host that is activated answers."""
        return ACTIVATION_S

    def plugs_nic(self, vm: Entity) -> bool:
        """Whether the host of a running VM manages to plug a new NIC."""
        return True

    def capabilities(self, host: Entity) -> dict[str, Any]:
        """What a host reports when the engine asks for its capabilities: members that have changed.

        `cpu_flags_lost` is a tuple of CPU flags that the host no longer has.
        """
        return {}


def facts_of(world: World) -> ExternalFacts:
    """The facts that a world is simulated with."""
    facts = world.attached.setdefault("facts", ExternalFacts())
    assert isinstance(facts, ExternalFacts)
    return facts


def use_facts(world: World, facts: ExternalFacts) -> None:
    """Simulate a world with these facts from now on."""
    world.attached["facts"] = facts
