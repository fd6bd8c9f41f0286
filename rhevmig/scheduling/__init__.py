"""May this VM run on that host, and which of the engine's filters says no; where VMs go together."""

from rhevmig.scheduling.explain import explain, vm_obstacles
from rhevmig.scheduling.placement import Placement, place
from rhevmig.scheduling.verdicts import Allowed, Explanation, Obstacle, Reason, Verdict

__all__ = [
    "Allowed",
    "Explanation",
    "Obstacle",
    "Placement",
    "Reason",
    "Verdict",
    "explain",
    "place",
    "vm_obstacles",
]
