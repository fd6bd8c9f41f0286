"""HugePages: enough free huge pages on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def huge_pages(demand: Demand, _: Offer, __: ClusterContext) -> Iterator[Reason]:
    """The host has enough free huge pages of the VM's page size."""
    if demand.huge_pages:
        sentence = "the VM uses huge pages; only host statistics report how many are free"
        yield Reason.unknown(FilterName.HUGE_PAGES, sentence, page_size_kib=demand.huge_pages)
