"""Host status, Emulated-Machine, Compatibility-Version."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName, HostStatus

#: Not a filter of the engine: only hosts that are up reach its filters.
HOST_STATUS = "Host status"


def status(_: Demand, offer: Offer, __: ClusterContext) -> Iterator[Reason]:
    """The host is up."""
    if offer.status != HostStatus.UP:
        why = f"the host is {offer.status}" + (f" ({offer.status_detail})" if offer.status_detail else "")
        yield Reason.no(HOST_STATUS, f"{why}; only hosts that are up receive VMs", status=offer.status)


def emulated_machine(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host supports the VM's machine type.

    Hosts with equal software versions support the same ones; the API does not report the list.
    """
    if demand.emulated_machine and not _same_software(demand, offer):
        sentence = "the API does not report the machine types that hosts support"
        yield Reason.unknown(FilterName.EMULATED_MACHINE, sentence, wanted=demand.emulated_machine)


def compatibility_version(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host supports the VM's custom compatibility version; every host supports its cluster's."""
    level = demand.compatibility_version
    if level and level != context.cluster.version and not _same_software(demand, offer):
        sentence = "the API does not report the compatibility versions that hosts support"
        yield Reason.unknown(
            FilterName.COMPATIBILITY_VERSION, sentence, wanted=level, cluster=context.cluster.version
        )


def _same_software(demand: Demand, offer: Offer) -> bool:
    return demand.source is not None and demand.source.versions == offer.versions and any(offer.versions)
