"""Why a VM may or may not run on each host of its cluster."""

from __future__ import annotations

from rhevmig.inventory import Host, Inventory, Vm
from rhevmig.scheduling.verdicts import Explanation, Obstacle

__all__ = ["explain", "vm_obstacles"]


def explain(inventory: Inventory, vm: Vm | str, host: Host | str | None = None) -> Explanation:
    """Judges each host of the VM's cluster (or one) by the engine's filters; VM and host by name or id too."""
    raise NotImplementedError


def vm_obstacles(inventory: Inventory, vm: Vm) -> tuple[Obstacle, ...]:
    """What keeps a VM from migrating at all, in the order in which the engine validates."""
    raise NotImplementedError
