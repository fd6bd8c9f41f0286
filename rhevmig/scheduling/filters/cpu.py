"""CPU, CPUTopology, CpuPinning, CPUOverloaded: enough and suitable CPUs on the host."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.scheduling.cpu_pins import DEDICATED, ISOLATE_THREADS, RESIZE, CpuPinning
from rhevmig.scheduling.filters.cluster_context import ClusterContext
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Allowed, Reason
from rhevmig.terms import FilterName

_TOPOLOGY = "cpu.topology"


def count(demand: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The CPUs that no VM keeps for itself are enough for the largest VM that shares them.

    Engine: CPUPolicyUnit counts cores, or threads where the cluster counts threads; a core counts as taken
    when exclusively pinned VMs have all of its threads.
    """
    counted = "threads" if context.cluster.threads_as_cores else "cores"
    if demand.vcpus is None or offer.cpus is None:
        missing = "vCPUs of the VM" if demand.vcpus is None else f"{counted} of the host"
        owner = "vm" if demand.vcpus is None else "host"
        yield Reason.unknown(FilterName.CPU, f"the {missing} are not known", missing=f"{owner}.{_TOPOLOGY}")
        return
    is_exclusive = demand.pinning is not None and demand.pinning.is_exclusive
    shared = offer.pinned.largest_shared if is_exclusive else max(offer.pinned.largest_shared, demand.vcpus)
    least, most = _taken(demand, offer, context)
    evidence = {"vcpus": demand.vcpus, counted: offer.cpus}
    if offer.cpus - least < shared:
        if least == 0:
            sentence = f"the VM has {demand.vcpus} vCPUs, the host only {offer.cpus} {counted}"
            yield Reason.no(FilterName.CPU, sentence, **evidence)
            return
        taken = f"exclusively pinned VMs take {least} of {offer.cpus} {counted}"
        sentence = f"{taken}, VMs that share CPUs need {shared}"
        yield Reason.no(FilterName.CPU, sentence, exclusive=least, shared=shared, **evidence)
    elif most is None or offer.cpus - most < shared:
        sentence = "the API does not report which CPUs exclusively pinned VMs keep for themselves"
        yield Reason.unknown(
            FilterName.CPU, sentence, missing="vm.dynamic_cpu", remedy=_READ_PINS, **evidence
        )


_READ_PINS = "Compare with the engine's scheduler (`rhevmig why --ask-engine`)."


def _taken(demand: Demand, offer: Offer, context: ClusterContext) -> tuple[int, int | None]:
    """The least and the most CPUs that are taken exclusively, the VM included; None where not known."""
    pinned, own = offer.pinned, 0
    isolated = pinned.isolated_cores
    if pinned.exclusive is None or offer.topology is None:
        return 0, None if pinned.exclusive is None else 0
    sockets, cores, threads = offer.topology
    if demand.pinning is not None and demand.pinning.is_exclusive:
        vcpus = demand.vcpus or 0
        own = vcpus * threads if demand.pinning.policy == ISOLATE_THREADS else vcpus
        isolated += vcpus if demand.pinning.policy == ISOLATE_THREADS else 0
    logical = pinned.exclusive + own
    if context.cluster.threads_as_cores:
        return logical, logical
    spread = logical - isolated * threads
    least = isolated + max(0, spread - (sockets * cores - isolated) * (threads - 1))
    return least, logical // threads


def topology(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The host has the threads per core, or the cores and NUMA nodes, that the pinning policy needs."""
    pinning = demand.pinning
    if pinning is None or pinning.policy not in (DEDICATED, RESIZE):
        return
    if offer.topology is None or pinning.topology is None:
        owner = "host" if offer.topology is None else "VM"
        yield Reason.unknown(
            FilterName.CPU_TOPOLOGY,
            f"the CPU topology of the {owner} is not known",
            missing=f"{owner.lower()}.{_TOPOLOGY}",
        )
        return
    if pinning.policy == DEDICATED and offer.topology[2] < pinning.topology[2]:
        sentence = f"the VM has {pinning.topology[2]} threads per core, the host {offer.topology[2]}"
        yield Reason.no(FilterName.CPU_TOPOLOGY, sentence)
    if pinning.policy == RESIZE and offer.topology[1] <= 1:
        sentence = "the host has one core per socket; resize and pin needs more"
        yield Reason.no(FilterName.CPU_TOPOLOGY, sentence, cores_per_socket=offer.topology[1])


def pinning(demand: Demand, offer: Offer, _: ClusterContext) -> Iterator[Reason]:
    """The physical CPUs of the pins exist on the host and are free."""
    pinned = demand.pinning
    if pinned is None:
        return
    if offer.topology is None:
        sentence = "the CPUs of the host are not known"
        yield Reason.unknown(FilterName.CPU_PINNING, sentence, missing=f"host.{_TOPOLOGY}")
    elif pinned.is_exclusive:
        yield from _exclusive(pinned, offer)
    elif pinned.policy == RESIZE:
        if offer.pinned.exclusive:
            sentence = "the VM is resized to the host, which has exclusively pinned VMs"
            yield Reason.no(FilterName.CPU_PINNING, sentence)
        elif demand.source is None or demand.source.topology != offer.topology:
            sentence = "the VM is pinned to the CPUs of its current host; the API does not report which"
            yield Reason.unknown(
                FilterName.CPU_PINNING, sentence, missing="vm.dynamic_cpu", remedy=_READ_PINS
            )
    else:
        yield from _manual(pinned, offer)


def _manual(pinned: CpuPinning, offer: Offer) -> Iterator[Reason]:
    sockets, cores, threads = offer.topology or (0, 0, 0)
    missing = sorted(cpu for cpu in pinned.cpus if cpu >= sockets * cores * threads)
    if missing:
        names = ", ".join(map(str, missing))
        sentence = f"the VM is pinned to the CPUs {names}, the host has {sockets * cores * threads}"
        yield Reason.no(FilterName.CPU_PINNING, sentence, missing_cpus=names)
    elif offer.pinned.exclusive != 0:
        sentence = "exclusively pinned VMs run on the host; the API does not report on which CPUs"
        yield Reason.unknown(FilterName.CPU_PINNING, sentence, missing="vm.dynamic_cpu", remedy=_READ_PINS)


def _exclusive(pinned: CpuPinning, offer: Offer) -> Iterator[Reason]:
    fits = _fits(pinned, offer)
    if fits == Allowed.NO:
        sentence = "the host has too few free CPUs or cores for exclusive pinning"
        yield Reason.no(FilterName.CPU_PINNING, sentence, vcpus=pinned.vcpus, policy=pinned.policy)
    elif fits == Allowed.UNKNOWN:
        sentence = "other pinned VMs run on the host; the API does not report on which CPUs"
        yield Reason.unknown(FilterName.CPU_PINNING, sentence, missing="vm.dynamic_cpu", remedy=_READ_PINS)


def _fits(pinned: CpuPinning, offer: Offer) -> Allowed:
    """Whether whole virtual sockets find free CPUs in the physical sockets of a host.

    Engine: VdsCpuUnitPinningHelper fills one physical socket after the other with whole virtual sockets.
    """
    if pinned.topology is None or offer.topology is None or offer.pinned.exclusive is None:
        return Allowed.UNKNOWN
    (sockets, cores, threads), (host_sockets, host_cores, host_threads) = pinned.topology, offer.topology
    needs_cores = pinned.policy == ISOLATE_THREADS
    if needs_cores:
        per_socket = host_cores // (cores * threads)
    else:
        per_socket = host_cores * (host_threads // threads) // cores
    free = host_sockets * host_cores * host_threads - offer.pinned.exclusive
    own = (pinned.vcpus or 0) * (host_threads if needs_cores else 1)
    if per_socket * host_sockets < sockets or own > free:
        return Allowed.NO
    return Allowed.UNKNOWN if offer.pinned.exclusive or offer.pinned.has_manual else Allowed.YES


def overload(_: Demand, offer: Offer, context: ClusterContext) -> Iterator[Reason]:
    """The CPU load of the host is not above the limit of the scheduling policy.

    Engine: CpuOverloadPolicyUnit refuses once the load was above the limit for some minutes, and the API
    reports neither the time nor the load without pinned VMs. Without statistics the filter is not judged.
    """
    limit = context.property_number("HighUtilization", 90)
    if offer.cpu_load_percent is not None and offer.cpu_load_percent > limit:
        sentence = f"the CPU load of the host is {offer.cpu_load_percent} %, the limit {limit} %"
        yield Reason.unknown(
            FilterName.CPU_OVERLOADED,
            sentence,
            missing="how long the load is above the limit",
            remedy="Read again in some minutes.",
            load=f"{offer.cpu_load_percent} %",
            limit=f"{limit} %",
        )
