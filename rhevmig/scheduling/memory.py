"""Memory that a VM needs on a host, as the engine computes it.

Engine: `max_scheduling_memory` of a host falls by exactly this when a VM arrives (recordings: 1,122 MiB for
1 GiB and one vCPU, 2,156 for 2 GiB and two, 3,182 for 3 GiB and two, 4,224 for 4 GiB and four), and a
refusal of the filter Memory names `max_scheduling_memory` as the memory available.
"""

from __future__ import annotations

from rhevmig.inventory import Vm
from rhevmig.units import MIB

FIXED_MIB = 64
VIDEO_MIB = 16
VCPU_MIB = 8
IO_THREAD_MIB = 8
PAGE_TABLES_SHARE = 512
#: POWER: larger structures, and page tables for the maximum memory.
POWER_FIXED_MIB = 100
POWER_PAGE_TABLES_SHARE = 64


def overhead_bytes(vm: Vm) -> int | None:
    """Memory that QEMU needs in addition to the guest's: page tables, video, vCPUs, I/O threads.

    None while memory or vCPUs are unknown; an unknown number of I/O threads counts as one.

    >>> gib = 1024 * MIB
    >>> (overhead_bytes(Vm(id="v", name="v", cluster_id="c", status="up", memory_bytes=4 * gib,
    ...                    cpu_sockets=4, cpu_cores=1, cpu_threads=1)) or 0) // MIB
    128
    """
    if vm.memory_bytes is None or vm.vcpus is None:
        return None
    memory_mib = vm.memory_bytes // MIB
    if vm.architecture == "ppc64":
        largest = max(memory_mib, (vm.memory_max_bytes or 0) // MIB)
        static = POWER_FIXED_MIB + (1 << max(0, largest - 1).bit_length()) // POWER_PAGE_TABLES_SHARE
    else:
        static = FIXED_MIB + memory_mib // PAGE_TABLES_SHARE
    io_threads = 1 if vm.io_threads is None else vm.io_threads
    video = 0 if vm.display_type == "none" else VIDEO_MIB
    return (static + video + VCPU_MIB * vm.vcpus + IO_THREAD_MIB * io_threads) * MIB


def required_bytes(vm: Vm) -> int | None:
    """Memory that a host must have left for the VM; None while memory or vCPUs are unknown.

    Huge pages are a separate pool: a VM that uses them needs only its overhead here.
    """
    overhead = overhead_bytes(vm)
    if overhead is None or vm.memory_bytes is None:
        return None
    return overhead if vm.custom_properties.get("hugepages") else vm.memory_bytes + overhead
