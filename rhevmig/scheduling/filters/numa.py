"""NUMA and HugePages: memory of the kind that the VM needs."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.cpu_pins import RESIZE
from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def numa(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The NUMA nodes of the host have room for the pinned nodes of the VM.

    Engine: NumaPolicyUnit ignores VMs without pinned nodes; the inventory holds the mode of the nodes only.
    """
    is_resized = demand.pinning is not None and demand.pinning.policy == RESIZE
    if demand.numa_mode is None and not is_resized:
        return
    if is_resized and offer.numa_supported is False:
        yield Reason.no(FilterName.NUMA, "the VM is pinned to NUMA nodes, the host has no NUMA")
    elif demand.numa_mode != "preferred" or not offer.numa_supported:
        sentence = "the VM has NUMA nodes; their pins and the free memory of the host's nodes were not read"
        yield Reason.unknown(
            FilterName.NUMA, sentence, missing="vm.numa_nodes, host.numa_nodes", mode=demand.numa_mode
        )


def huge_pages(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host has enough free huge pages of the VM's page size."""
    if demand.huge_pages is None:
        return
    size_kib, needed = demand.huge_pages
    if offer.free_huge_pages is None or needed is None:
        sentence = "the VM uses huge pages; only host statistics report how many are free"
        yield Reason.unknown(
            FilterName.HUGE_PAGES, sentence, missing="host.statistics", page_size_kib=size_kib
        )
        return
    free = dict(offer.free_huge_pages).get(size_kib, 0)
    if free < needed:
        sentence = f"the host has {free} free huge pages of {size_kib} KiB, the VM needs {needed}"
        yield Reason.no(FilterName.HUGE_PAGES, sentence, free=free, needed=needed)
