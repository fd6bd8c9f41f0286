"""The engine's filters, one module per filter or family; each yields reasons under the engine's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rhevmig.scheduling.filters import (
    cpu,
    cpu_level,
    devices,
    host,
    hosted_engine,
    leases,
    memory,
    network,
    numa,
)
from rhevmig.scheduling.filters.cluster_context import HOST_STATUS, ClusterContext, cluster_context
from rhevmig.scheduling.requirements import Demand, Offer
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import FilterName

Filter = Callable[[Demand, Offer, ClusterContext], Iterator[Reason]]

#: Filters that depend on the classes of VM and host alone, in the order of the reasons.
CLASS_FILTERS: tuple[tuple[str, Filter], ...] = (
    (HOST_STATUS, host.status),
    (FilterName.CPU, cpu.count),
    (FilterName.CPU_TOPOLOGY, cpu.topology),
    (FilterName.CPU_PINNING, cpu.pinning),
    (FilterName.CPU_OVERLOADED, cpu.overload),
    (FilterName.CPU_LEVEL, cpu_level.cpu_level),
    (FilterName.MIGRATION_TSC_FREQUENCY, cpu_level.tsc_frequency),
    (FilterName.NETWORK, network.networks),
    (FilterName.HOST_DEVICE, devices.host_devices),
    (FilterName.MDEVICE, devices.mediated_devices),
    (FilterName.EMULATED_MACHINE, host.emulated_machine),
    (FilterName.COMPATIBILITY_VERSION, host.compatibility_version),
    (FilterName.HOST_HOOKS, host.host_hooks),
    (FilterName.NUMA, numa.numa),
    (FilterName.HUGE_PAGES, numa.huge_pages),
    (FilterName.SWAP, memory.swap),
    (FilterName.VM_LEASES_READY, leases.vm_leases),
    (FilterName.HA, hosted_engine.high_availability),
    (FilterName.HOSTED_ENGINE_SPARES, hosted_engine.spares),
)
#: Filters that the scheduler applies to one VM and host, because equal VMs may differ there.
PAIR_FILTERS = frozenset(
    {
        FilterName.MEMORY,
        FilterName.MIGRATION,
        FilterName.IN_CLUSTER_UPGRADE,
        FilterName.PIN_TO_HOST,
        FilterName.VM_AFFINITY_GROUPS,
        FilterName.VM_TO_HOSTS_AFFINITY_GROUPS,
    }
)
#: Filters that never refuse the migration of a running VM.
NEVER_REFUSES = frozenset({FilterName.CLUSTER_IN_MAINTENANCE})


def judge(demand: Demand, offer: Offer, context: ClusterContext) -> tuple[Reason, ...]:
    """Reasons of all class filters that are active for VMs with this demand on hosts with this offer."""
    return tuple(
        reason
        for name, judges in CLASS_FILTERS
        if context.is_active(name)
        for reason in judges(demand, offer, context)
    )


__all__ = [
    "CLASS_FILTERS",
    "HOST_STATUS",
    "NEVER_REFUSES",
    "PAIR_FILTERS",
    "ClusterContext",
    "Filter",
    "cluster_context",
    "judge",
]
