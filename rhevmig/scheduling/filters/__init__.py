"""The engine's filters, one module per filter or family; each yields reasons under the engine's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rhevmig.scheduling.filters import cpu, cpu_level, devices, host, hosted_engine, leases, network, pages
from rhevmig.scheduling.filters.cluster_context import ClusterContext, cluster_context
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason

Filter = Callable[[Demand, Offer, ClusterContext], Iterator[Reason]]

#: Filters that depend on the classes of VM and host alone, in the order of the reasons.
CLASS_FILTERS: tuple[Filter, ...] = (
    host.status,
    cpu.count,
    cpu_level.cpu_level,
    cpu_level.tsc_frequency,
    network.networks,
    devices.host_devices,
    host.emulated_machine,
    host.compatibility_version,
    pages.huge_pages,
    leases.vm_leases,
    hosted_engine.high_availability,
)


def judge(demand: Demand, offer: Offer, context: ClusterContext) -> tuple[Reason, ...]:
    """Reasons of all class filters for VMs with this demand on hosts with this offer."""
    return tuple(reason for each in CLASS_FILTERS for reason in each(demand, offer, context))


__all__ = ["CLASS_FILTERS", "ClusterContext", "Filter", "cluster_context", "judge"]
