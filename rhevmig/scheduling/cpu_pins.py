"""CPU pinning of VMs, and the CPUs of a host that pinned VMs keep from others."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rhevmig.inventory import Vm

MANUAL, RESIZE = "manual", "resize_and_pin_numa"
DEDICATED, ISOLATE_THREADS = "dedicated", "isolate_threads"


class CpuPinning(msgspec.Struct, frozen=True):
    """How the vCPUs of a VM are pinned."""

    policy: str
    #: Sockets, cores per socket, threads per core of the VM; None while unknown.
    topology: tuple[int, int, int] | None
    #: Physical CPUs of manual pins.
    cpus: frozenset[int]

    @property
    def is_exclusive(self) -> bool:
        """Whether the VM keeps its physical CPUs for itself."""
        return self.policy in (DEDICATED, ISOLATE_THREADS)

    @property
    def vcpus(self) -> int | None:
        """Virtual CPUs."""
        if self.topology is None:
            return None
        sockets, cores, threads = self.topology
        return sockets * cores * threads


class PinnedCpus(msgspec.Struct, frozen=True):
    """CPUs of a host that its running VMs use, as far as the filters count them."""

    #: Logical CPUs that exclusively pinned VMs keep for themselves; None where a topology is not known.
    exclusive: int | None = 0
    #: Whole cores among them that VMs with isolated threads take.
    isolated_cores: int = 0
    #: vCPUs of the largest VM that shares CPUs.
    largest_shared: int = 0
    #: Whether VMs have manual pins.
    has_manual: bool = False


def pinning_of(vm: Vm) -> CpuPinning | None:
    """The pinning of a VM; None where its vCPUs are not pinned."""
    policy = vm.cpu_pinning_policy
    if policy in (None, "none"):
        policy = MANUAL if vm.cpu_pins else None
    if policy is None:
        return None
    sockets, cores, threads = vm.cpu_sockets, vm.cpu_cores, vm.cpu_threads
    topology = (sockets, cores, threads) if sockets and cores and threads else None
    cpus = frozenset(cpu for text in vm.cpu_pins.values() for cpu in cpu_set(text))
    return CpuPinning(policy, topology, cpus)


def pinned_cpus(vms: Iterable[Vm], host_threads: int | None) -> PinnedCpus:
    """What the running VMs of a host with so many threads per core take."""
    exclusive: int | None = 0
    isolated, largest, has_manual = 0, 0, False
    for vm in vms:
        pinning = pinning_of(vm)
        if pinning is None or not pinning.is_exclusive:
            largest = max(largest, vm.vcpus or 0)
            has_manual = has_manual or pinning is not None
        elif exclusive is None or pinning.vcpus is None or host_threads is None:
            exclusive = None
        elif pinning.policy == ISOLATE_THREADS:
            isolated += pinning.vcpus
            exclusive += pinning.vcpus * host_threads
        else:
            exclusive += pinning.vcpus
    return PinnedCpus(exclusive, isolated, largest, has_manual)


def cpu_set(text: str) -> frozenset[int]:
    """The CPUs of a libvirt CPU set.

    >>> sorted(cpu_set("1-4,^3,8"))
    [1, 2, 4, 8]
    """
    found, without = set[int](), set[int]()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.removeprefix("^").partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            cpus = range(int(first), min(int(last or first), int(first) + 4096) + 1)
            (without if part.startswith("^") else found).update(cpus)
    return frozenset(found - without)
