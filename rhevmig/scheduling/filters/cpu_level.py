"""CPU-Level and Migration-Tsc-Frequency: the CPU of the host is the one that the VM sees."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Allowed, Reason
from rhevmig.terms import FilterName, HostStatus


def cpu_level(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host has every CPU flag of the VM's CPU type."""
    if demand.cpu_passthrough:
        yield from _same_cpu(demand, offer)
        return
    if demand.cpu_model:
        wanted = demand.cpu_model
        answer = context.cpu_types.runs_model(offer.cpu_type, demand.cpu_model)
    elif context.cluster.cpu_type is None:
        yield Reason.unknown(FilterName.CPU_LEVEL, "the cluster's CPU type is not known")
        return
    else:
        wanted = context.cluster.cpu_type
        answer = context.cpu_types.satisfies(offer.cpu_type, wanted)
        # The engine compared all flags of an up host with the cluster's type when the host reported them.
        if answer.allowed == Allowed.UNKNOWN and offer.status == HostStatus.UP:
            return
    if answer.allowed == Allowed.YES:
        return
    make = Reason.no if answer.allowed == Allowed.NO else Reason.unknown
    yield make(
        FilterName.CPU_LEVEL,
        f"the VM's CPU is {wanted}; {answer.because}",
        wanted=wanted,
        host=offer.cpu_type,
        flags=", ".join(answer.flags) or None,
    )


def _same_cpu(demand: Demand, offer: Offer) -> Iterator[Reason]:
    """A running VM with host CPU passthrough needs every flag that it started with.

    Engine: CpuLevelFilterPolicyUnit compares the flags; hosts with the same CPU have the same ones.
    """
    source = demand.source
    if source is None or (source.cpu_name and source.cpu_name == offer.cpu_name):
        return
    sentence = "the VM uses host CPU passthrough; the API does not report the CPU flags of hosts"
    yield Reason.unknown(FilterName.CPU_LEVEL, sentence, runs_on=source.cpu_name, host=offer.cpu_name)


def tsc_frequency(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host has the TSC frequency of the current host."""
    source = demand.source
    if not demand.needs_tsc or source is None:
        return
    if (source.cpu_name, source.cpu_speed_mhz) == (offer.cpu_name, offer.cpu_speed_mhz) and offer.cpu_name:
        return
    sentence = "a high-performance VM needs the same TSC frequency, which the API does not report"
    yield Reason.unknown(
        FilterName.MIGRATION_TSC_FREQUENCY, sentence, runs_on=source.cpu_name, host=offer.cpu_name
    )
