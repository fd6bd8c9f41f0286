"""CPUs of a host that pinned VMs take, as the engine allocates them.

The API does not report them, so the lab allocates in the order in which the VMs came. Engine:
VdsCpuUnitPinningHelper (`dedicated` takes threads of one core after the other in the freest socket,
`isolate_threads` takes whole cores, and only whole virtual sockets count).
"""

from __future__ import annotations

from rhevmig.lab.scheduling.filters.check import topology, vcpus
from rhevmig.lab.state.attribute_values import items_of
from rhevmig.lab.state.store import Entity, World

EXCLUSIVE = frozenset(("dedicated", "isolate_threads"))


def pinning_policy(vm: Entity) -> str:
    """none, manual, resize_and_pin_numa, dedicated or isolate_threads."""
    policy = vm.text("cpu_pinning_policy", "none") or "none"
    return "manual" if policy == "none" and pinned_cpus(vm) else policy


def pinned_cpus(vm: Entity) -> frozenset[int]:
    """Physical CPUs that the manual pins of a VM name."""
    found: set[int] = set()
    for pin in items_of(vm.get("cpu.cpu_tune.vcpu_pins"), "vcpu_pin"):
        excluded: set[int] = set()
        for part in str(pin.get("cpu_set") or "").split(","):
            first, _, last = part.strip().lstrip("^").partition("-")
            if first.isdigit():
                numbers = range(int(first), int(last or first) + 1)
                (excluded if part.strip().startswith("^") else found).update(numbers)
        found -= excluded
    return frozenset(found)


class CpuUnits:
    """The CPUs of one host by socket and core, and which VMs hold them."""

    def __init__(self, host: Entity) -> None:
        sockets, cores, self.threads = topology(host)
        #: CPU numbers by (socket, core), in the order of the sockets.
        self.cores = {
            (socket, core): [
                (socket * cores + core) * self.threads + thread for thread in range(self.threads)
            ]
            for socket in range(sockets)
            for core in range(cores)
        }
        self.sockets = range(sockets)
        self.shared: set[int] = set()
        self.exclusive: set[int] = set()

    def _is_free(self, cpu: int) -> bool:
        return cpu not in self.shared and cpu not in self.exclusive

    def allocate(self, vm: Entity) -> bool:
        """Give a VM its CPUs; False where exclusive ones do not fit."""
        policy = pinning_policy(vm)
        if policy not in EXCLUSIVE:
            self.shared |= pinned_cpus(vm)
            return True
        taken = self._dedicated(vm) if policy == "dedicated" else self._isolated(vm)
        self.exclusive |= taken
        needed = vcpus(vm) * (self.threads if policy == "isolate_threads" else 1)
        return len(taken) == needed

    def _freest_sockets(self) -> list[int]:
        free = {
            socket: sum(
                self._is_free(cpu) for (at, _), cpus in self.cores.items() for cpu in cpus if at == socket
            )
            for socket in self.sockets
        }
        return sorted(self.sockets, key=lambda socket: (-free[socket], socket))

    def _dedicated(self, vm: Entity) -> set[int]:
        sockets, cores, threads = topology(vm)
        taken: set[int] = set()
        for socket in self._freest_sockets():
            groups: list[int] = []
            for (at, _), cpus in self.cores.items():
                free = [cpu for cpu in cpus if self._is_free(cpu)] if at == socket else []
                groups += free[: len(free) // threads * threads]
            whole = min(len(groups) // (cores * threads), sockets - len(taken) // (cores * threads))
            taken |= set(groups[: whole * cores * threads])
        return taken

    def _isolated(self, vm: Entity) -> set[int]:
        sockets, cores, threads = topology(vm)
        taken: set[int] = set()
        placed = 0
        for socket in self._freest_sockets():
            free = [
                cpus for (at, _), cpus in self.cores.items() if at == socket and all(map(self._is_free, cpus))
            ]
            whole = min(len(free) // (cores * threads), sockets - placed)
            placed += whole
            for cpus in free[: whole * cores * threads]:
                taken |= set(cpus)
        return taken

    def unavailable(self, *, count_threads: bool) -> int:
        """CPUs that exclusive pins take: threads, or cores of which they have every thread."""
        if count_threads:
            return len(self.exclusive)
        return sum(self.exclusive.issuperset(cpus) for cpus in self.cores.values())


def units_of(world: World, host: Entity) -> CpuUnits:
    """The CPUs of a host with what its running VMs hold."""
    units = CpuUnits(host)
    for vm in world.referring("vms", "host", host.id):
        units.allocate(vm)
    return units
