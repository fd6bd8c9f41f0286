"""The scheduler's filters under the engine's names, each with the engine's sentence.

A filter looks at a VM once; its check then returns for each host None (it passes) or the words after
"because". Engine: the package `scheduling.policyunits`, InternalPolicyUnits.
"""

from __future__ import annotations

from rhevmig.lab.scheduling.filters import capacity, cpu, network, placement
from rhevmig.lab.scheduling.filters.check import Check, Filter
from rhevmig.lab.state.store import Entity, World

#: Name and function, in the order in which the engine runs them.
FILTERS: tuple[tuple[str, Filter], ...] = (
    ("CPU-Level", cpu.cpu_level),
    ("PinToHost", placement.pin_to_host),
    ("Compatibility-Version", placement.compatibility),
    ("VM leases ready", capacity.leases),
    ("HostDevice", capacity.host_devices),
    ("MDevice", capacity.mediated_devices),
    ("CPUTopology", cpu.cpu_topology),
    ("CpuPinning", cpu.cpu_pinning),
    ("CPU", cpu.count),
    ("CPUOverloaded", cpu.overloaded),
    ("Emulated-Machine", placement.emulated_machine),
    ("HA", placement.high_availability),
    ("HostedEngineSpares", placement.hosted_engine_spares),
    ("Host-hooks", placement.host_hooks),
    ("InClusterUpgrade", placement.in_cluster_upgrade),
    ("Swap", capacity.swap),
    ("Memory", capacity.memory),
    ("HugePages", capacity.huge_pages),
    ("NUMA", capacity.numa),
    ("VmAffinityGroups", placement.vm_affinity),
    ("VmToHostsAffinityGroups", placement.host_affinity),
    ("Network", network.networks),
    ("Migration", placement.same_host),
    ("Migration-Tsc-Frequency", cpu.tsc_frequency),
    ("ClusterInMaintenance", placement.cluster_in_maintenance),
)
#: Filters that apply under every scheduling policy.
MANDATORY = frozenset(
    (
        "Compatibility-Version",
        "CPU-Level",
        "CPUTopology",
        "CpuPinning",
        "HostDevice",
        "PinToHost",
        "VM leases ready",
        "MDevice",
    )
)


def checks_of(world: World, vm: Entity) -> list[tuple[str, Check]]:
    """The checks that can refuse a host to this VM, in the engine's order."""
    active = _active(world, vm)
    made = ((name, look(world, vm)) for name, look in FILTERS if active is None or name in active)
    return [(name, check) for name, check in made if check is not None]


def _active(world: World, vm: Entity) -> frozenset[str] | None:
    """Names of the filters in the policy of the VM's cluster, and the mandatory ones; None for all."""
    cluster = world.find("clusters", vm.ref("cluster"))
    policy = world.find("schedulingpolicies", cluster.ref("scheduling_policy")) if cluster else None
    units = [
        world.find("schedulingpolicyunits", item.ref("scheduling_policy_unit") or item.id)
        for item in (world.children(policy, "filters") if policy is not None else ())
    ]
    names = frozenset(unit.name for unit in units if unit is not None)
    return names | MANDATORY if names else None


__all__ = ["FILTERS", "MANDATORY", "Check", "Filter", "checks_of"]
