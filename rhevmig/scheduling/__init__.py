"""May this VM run on that host, and which of the engine's filters says no; where VMs go together."""

from rhevmig.scheduling.cpu_types import CpuAnswer, CpuTypes
from rhevmig.scheduling.explain import explain
from rhevmig.scheduling.memory import overhead_bytes, required_bytes
from rhevmig.scheduling.placement import Limits, Placement, place
from rhevmig.scheduling.preconditions import vm_obstacles
from rhevmig.scheduling.scheduler import Scheduler, scheduler_of
from rhevmig.scheduling.verdicts import Allowed, Explanation, Obstacle, Reason, Verdict

__all__ = [
    "Allowed",
    "CpuAnswer",
    "CpuTypes",
    "Explanation",
    "Limits",
    "Obstacle",
    "Placement",
    "Reason",
    "Scheduler",
    "Verdict",
    "explain",
    "overhead_bytes",
    "place",
    "required_bytes",
    "scheduler_of",
    "vm_obstacles",
]
