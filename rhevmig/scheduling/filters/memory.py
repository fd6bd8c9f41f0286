"""Memory and Swap: enough memory left for scheduling on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.inventory import Vm
from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.memory import required_bytes
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName, VmStatus
from rhevmig.units import MIB


def needed_bytes(vm: Vm) -> int | None:
    """Memory that a VM needs on another host; 0 while it is paused, None while unknown."""
    return 0 if vm.status == VmStatus.PAUSED else required_bytes(vm)


def memory(needed: int | None, available: float | None) -> Iterator[Reason]:
    """The host has enough memory left for scheduling.

    Args: needed, available (bytes).
    Engine: the host where a VM runs already needs none, so it is not judged there; recordings
    `migrate-refused-memory`.
    """
    if needed == 0:
        return
    if needed is None or available is None:
        missing = "memory of the VM" if needed is None else "memory left for scheduling on the host"
        attribute = "vm.memory" if needed is None else "host.max_scheduling_memory"
        yield Reason.unknown(FilterName.MEMORY, f"the {missing} is not known", missing=attribute)
    elif needed > available:
        left, need = f"{int(available) // MIB} MiB", f"{needed // MIB} MiB"
        sentence = f"the host has {left} left for scheduling, the VM needs {need}"
        yield Reason.no(FilterName.MEMORY, sentence, available=left, needed=need)


def swap(_: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host does not swap; without statistics the filter is not judged."""
    limit = context.property_number("MaximumAllowedSwapUsage", 0)
    if offer.swap_percent is not None and offer.swap_percent > limit:
        sentence = f"the host swaps: {offer.swap_percent} % of its memory, the limit is {limit} %"
        yield Reason.no(FilterName.SWAP, sentence, swap=f"{offer.swap_percent} %", limit=f"{limit} %")
