"""CPU-Level, Migration-Tsc-Frequency, CPU, CPUTopology, CpuPinning, CPUOverloaded."""

from __future__ import annotations

from rhevmig.lab.scheduling.cpu_allocation import EXCLUSIVE, pinned_cpus, pinning_policy, units_of
from rhevmig.lab.scheduling.cpu_flags import host_flags, required_flags
from rhevmig.lab.scheduling.filters.check import Check, policy_property, topology, vcpus
from rhevmig.lab.state.store import Entity, World

#: Parts per million by which TSC frequencies may differ.
_TSC_TOLERANCE_PPM = 250


def cpu_level(world: World, vm: Entity) -> Check | None:
    """The host has the CPU flags that the VM runs with."""
    home = world.find("clusters", vm.ref("cluster"))
    if home is None:
        return None
    passthrough = vm.text("cpu.mode") == "host_passthrough"
    if passthrough:
        source = world.find("hosts", vm.ref("host"))
        needed = host_flags(world, source, home) if source is not None else None
    else:
        needed = required_flags(world, vm, home)
    if needed is None:
        return None

    def check(host: Entity) -> str | None:
        there = world.find("clusters", host.ref("cluster"))
        present = host_flags(world, host, there) if there is not None else None
        if present is None or needed <= present:
            return None
        missing = ", ".join(sorted(needed - present))
        if passthrough:
            return f'its CPU flags are missing some of the VM\'s required CPU flags: "{missing}".'
        return f"its CPU flags are missing VM's required CPU flags: {missing}\"."

    return check


def tsc_frequency(world: World, vm: Entity) -> Check | None:
    """A high-performance VM stays at its TSC frequency (`lab["tsc_khz"]`), but for hosts that scale it."""
    source = world.find("hosts", vm.ref("host"))
    here = source.lab.get("tsc_khz") if source is not None else None
    if vm.text("type") != "high_performance" or here is None:
        return None

    def check(host: Entity) -> str | None:
        there = host.lab.get("tsc_khz")
        fits = there is not None and abs(there - here) <= here * _TSC_TOLERANCE_PPM // 1_000_000
        return None if fits or host.lab.get("tsc_scaling") else "it has a different TSC Frequency"

    return check


def count(world: World, vm: Entity) -> Check | None:
    """CPUs that no VM has for itself are enough for the largest VM that shares them."""
    own = 0 if pinning_policy(vm) in EXCLUSIVE else vcpus(vm)

    def check(host: Entity) -> str | None:
        if host.get("cpu.topology") is None:
            return None
        cluster = world.find("clusters", host.ref("cluster"))
        count_threads = cluster is not None and cluster.flag("threads_as_cores")
        sockets, cores, threads = topology(host)
        present = sockets * cores * (threads if count_threads else 1)
        units = units_of(world, host)
        fits = units.allocate(vm) if vm.ref("host") != host.id else True
        others = [
            vcpus(other)
            for other in world.referring("vms", "host", host.id)
            if pinning_policy(other) not in EXCLUSIVE
        ]
        needed = units.unavailable(count_threads=count_threads) + max([own, *others])
        enough = needed <= present and (fits or pinning_policy(vm) not in EXCLUSIVE)
        return None if enough else "it has an insufficient amount of CPU cores to run the VM"

    return check


def cpu_topology(world: World, vm: Entity) -> Check | None:
    """Threads per core, or cores per socket and NUMA nodes, that the pinning policy needs."""
    policy, (_, _, own_threads) = pinning_policy(vm), topology(vm)
    if policy not in ("dedicated", "resize_and_pin_numa"):
        return None

    def check(host: Entity) -> str | None:
        sockets, cores, threads = topology(host)
        if policy == "dedicated" and threads < own_threads:
            return "it has not enough CPU threads per core to run the VM with Dedicated CPU pinning policy"
        if policy == "resize_and_pin_numa" and cores <= 1:
            return (
                "it has to have more than one core per socket for VMs with Resize and Pin CPU pinning policy"
            )
        nodes = len(world.children(host, "numanodes")) or sockets
        if policy == "resize_and_pin_numa" and nodes != sockets:
            return (
                "cannot apply the CPU pinning policy 'Resize and Pin' on a host when the number of CPU"
                " sockets is not equal to the number of NUMA nodes"
            )
        return None

    return check


def cpu_pinning(world: World, vm: Entity) -> Check | None:
    """The physical CPUs of the pins exist on the host, and no other VM has them for itself."""
    policy = pinning_policy(vm)
    if policy == "none":
        return None

    def check(host: Entity) -> str | None:
        units = units_of(world, host)
        if policy in EXCLUSIVE and not units.allocate(vm):
            return "it doesn't have enough CPUs for the dedicated CPU policy that the VM is set with."
        if policy == "resize_and_pin_numa" and units.exclusive:
            return (
                "it cannot resize the CPU and NUMA virtual topology of the VM due to exclusively pinned CPUs"
                " on the host."
            )
        online = {cpu for cpus in units.cores.values() for cpu in cpus}
        missing = sorted(pinned_cpus(vm) - (online - units.exclusive)) if policy not in EXCLUSIVE else []
        if missing:
            return (
                "it is either missing online CPU core(s) or the requested CPU core(s) are exclusively pinned"
                f" by another VM. Unavailable cores are: {', '.join(map(str, missing))}"
            )
        return None

    return check


def overloaded(world: World, vm: Entity) -> Check | None:
    """The CPU load of the host (`lab["cpu_percent"]`) is not above the policy's limit."""
    limit = policy_property(world, vm, "HighUtilization")

    def check(host: Entity) -> str | None:
        usage = host.lab.get("cpu_percent")
        return "its CPU is too loaded" if limit and usage is not None and usage > int(limit) else None

    return check
