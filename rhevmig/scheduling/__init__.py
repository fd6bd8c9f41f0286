"""May this VM run on that host, which of the engine's filters refuses it, and which VMs fit where."""

from rhevmig.scheduling.comparison import Comparison, Disagreement, compare
from rhevmig.scheduling.cpu_types import CpuAnswer, CpuTypes
from rhevmig.scheduling.memory import overhead_bytes, required_bytes
from rhevmig.scheduling.placement import Limits, Placement, place
from rhevmig.scheduling.preconditions import vm_obstacles
from rhevmig.scheduling.scheduler import (
    ClassVerdicts,
    Scheduler,
    VmClass,
    explain,
    scheduler_of,
)
from rhevmig.scheduling.verdicts import (
    READ_ALL,
    Allowed,
    Explanation,
    HostVerdict,
    Migratability,
    Obstacle,
    Reason,
    VmSummary,
)

__all__ = [
    "READ_ALL",
    "Allowed",
    "ClassVerdicts",
    "Comparison",
    "CpuAnswer",
    "CpuTypes",
    "Disagreement",
    "Explanation",
    "HostVerdict",
    "Limits",
    "Migratability",
    "Obstacle",
    "Placement",
    "Reason",
    "Scheduler",
    "VmClass",
    "VmSummary",
    "compare",
    "explain",
    "overhead_bytes",
    "place",
    "required_bytes",
    "scheduler_of",
    "vm_obstacles",
]
