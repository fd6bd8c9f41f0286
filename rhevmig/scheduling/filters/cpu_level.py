"""CPU-Level and Migration-Tsc-Frequency: the CPU of the host is the one that the VM sees."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import READ_ALL, Allowed, Reason
from rhevmig.terms import FilterName, HostStatus

_ASK = "Compare with the engine's scheduler (`rhevmig why --ask-engine`)."


def cpu_level(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The host has every CPU flag of the VM's CPU type.

    Engine: CpuLevelFilterPolicyUnit looks a custom CPU model up among the models of ServerCPUList at the VM's
    compatibility version; for a model that is not in the list as a whole it requires no flag.
    """
    if demand.cpu_passthrough:
        yield from _same_cpu(demand, offer)
        return
    types = context.cpu_types_at(demand.compatibility_version or context.cluster.version)
    wanted = demand.cpu_model or context.cluster.cpu_type
    if demand.cpu_model:
        answer = types.runs_model(offer.cpu_type, demand.cpu_model)
    elif wanted is None:
        sentence = "the cluster's CPU type is not known"
        yield Reason.unknown(FilterName.CPU_LEVEL, sentence, missing="cluster.cpu.type")
        return
    else:
        answer = types.satisfies(offer.cpu_type, wanted)
        # The engine compared all flags of an up host with the cluster's type when the host reported them.
        if answer.allowed == Allowed.UNKNOWN and offer.status == HostStatus.UP:
            return
    evidence = {"wanted": wanted, "host": offer.cpu_type, "flags": ", ".join(answer.flags) or None}
    sentence = f"the VM's CPU is {wanted}; {answer.because}"
    if answer.allowed == Allowed.NO:
        yield Reason.no(FilterName.CPU_LEVEL, sentence, **evidence)
    elif answer.allowed == Allowed.UNKNOWN:
        missing = "CPU flags of the host" if types.has_flags else "options/ServerCPUList"
        remedy = _ASK if types.has_flags else READ_ALL
        yield Reason.unknown(FilterName.CPU_LEVEL, sentence, missing=missing, remedy=remedy, **evidence)


def _same_cpu(demand: Demand, offer: Offer) -> Iterator[Reason]:
    """A running VM with host CPU passthrough needs every flag that it started with.

    Engine: CpuLevelFilterPolicyUnit compares the flags; equal CPUs under equal software have the same ones.
    """
    source = demand.source
    if source is None:
        if demand.runs_unseen:
            sentence = "the VM uses host CPU passthrough, and its current host was not seen"
            yield Reason.unknown(FilterName.CPU_LEVEL, sentence, missing="vm.host", host=offer.cpu_name)
        return
    is_same_cpu = source.cpu_name and source.cpu_name == offer.cpu_name and source.cpu_type == offer.cpu_type
    if is_same_cpu and source.versions == offer.versions:
        return
    differs = "software versions" if is_same_cpu else "CPUs"
    sentence = f"the VM uses host CPU passthrough and the {differs} of the hosts differ"
    yield Reason.unknown(
        FilterName.CPU_LEVEL,
        f"{sentence}; the API does not report CPU flags",
        missing="CPU flags of the host",
        remedy=_ASK,
        runs_on=source.cpu_name,
        host=offer.cpu_name,
    )


def tsc_frequency(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host has the TSC frequency of the current host."""
    source = demand.source
    if not demand.needs_tsc or (source is None and not demand.runs_unseen):
        return
    if source is None:
        sentence = "a high-performance VM needs the TSC frequency of its current host, which was not seen"
        yield Reason.unknown(FilterName.MIGRATION_TSC_FREQUENCY, sentence, missing="vm.host")
        return
    if (source.cpu_name, source.cpu_speed_mhz) == (offer.cpu_name, offer.cpu_speed_mhz) and offer.cpu_name:
        return
    sentence = "a high-performance VM needs the same TSC frequency, which the API does not report"
    yield Reason.unknown(
        FilterName.MIGRATION_TSC_FREQUENCY,
        sentence,
        missing="TSC frequency of the hosts",
        remedy=_ASK,
        runs_on=source.cpu_name,
        host=offer.cpu_name,
    )
