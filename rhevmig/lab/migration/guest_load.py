"""What a VM does with its memory while it is copied: data of a scenario, never shown by the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from rhevmig.lab.state.store import Entity
from rhevmig.precopy.dirty_rate import IDLE, DirtyModel, hot_cold, random_load, sequential_load

_MIB = 1024 * 1024


_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest does to its memory; the physics of a migration follows from it."""

    #: Memory written per second while running, MiB of whole pages; 0 = idle.
    dirty_mib_s: _Amount = 20.0
    #: Memory that the guest writes over and over, MiB; None is a quarter of its memory.
    working_set_mib: _Amount | None = None
    #: How the writes fall into it.
    pattern: Literal["random", "sequential", "hot_cold"] = "random"
    #: Share of the memory that holds something else than zeros.
    nonzero: _Share = 0.6
    #: Share of its CPUs that the load needs; auto-converge bites only beyond the idle rest.
    cpu_duty: _Share = 1.0

    def model(self, memory_bytes: int) -> DirtyModel:
        """The load for a VM of this size."""
        if self.dirty_mib_s <= 0:
            return IDLE
        working_set = self.working_set_mib * _MIB if self.working_set_mib else memory_bytes / 4
        make = {"random": random_load, "sequential": sequential_load, "hot_cold": hot_cold}[self.pattern]
        return make(rate_bytes_s=self.dirty_mib_s * _MIB, working_set_bytes=min(working_set, memory_bytes))


#: A VM without a workload in the scenario.
IDLE_VM = Workload(dirty_mib_s=0.0, nonzero=1.0)


def workload_of(vm: Entity) -> Workload:
    """The workload of a VM in the scenario."""
    given: Any = vm.lab.get("workload")
    if isinstance(given, Workload):
        return given
    return msgspec.convert(given, type=Workload) if given else IDLE_VM
