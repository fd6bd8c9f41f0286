"""The question that people ask: may this VM run on that host, and why not?"""

from __future__ import annotations

from rhevmig.inventory import Host, Inventory, Vm
from rhevmig.scheduling.scheduler import scheduler_of
from rhevmig.scheduling.verdicts import Explanation


def explain(inventory: Inventory, vm: Vm | str, host: Host | str | None = None) -> Explanation:
    """Judges each host of the VM's cluster, or one host, by the engine's filters.

    VM and host may be given by name or id; what is found out stays with the inventory for the next question.

    Raises: NotFound, AmbiguousName.
    """
    subject = inventory.vm(vm) if isinstance(vm, str) else vm
    place = inventory.host(host) if isinstance(host, str) else host
    return scheduler_of(inventory).explain(subject, place)
