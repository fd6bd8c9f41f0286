"""CPU: enough CPUs on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName


def count(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The VM has no more vCPUs than the host has cores, or threads where the cluster counts threads."""
    counted = "threads" if context.cluster.threads_as_cores else "cores"
    if demand.vcpus is None or offer.cpus is None:
        missing = "vCPUs of the VM" if demand.vcpus is None else f"{counted} of the host"
        yield Reason.unknown(FilterName.CPU, f"the {missing} are not known")
    elif demand.vcpus > offer.cpus:
        sentence = f"the VM has {demand.vcpus} vCPUs, the host only {offer.cpus} {counted}"
        yield Reason.no(FilterName.CPU, sentence, vcpus=demand.vcpus, **{counted: offer.cpus})
