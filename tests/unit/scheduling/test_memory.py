"""Memory that a VM needs, at the edges of the engine's arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from rhevmig.scheduling import Allowed, explain, overhead_bytes, required_bytes
from rhevmig.units import GIB, MIB
from tests.builders import a_host, a_vm, an_inventory

#: Difference of the VM → MiB that QEMU needs in addition to its memory.
OVERHEADS: dict[str, tuple[dict[str, Any], int]] = {
    "1 GiB, one vCPU": ({}, 64 + 2 + 16 + 8 + 8),
    "memory below a share of page tables": ({"memory_bytes": 511 * MIB}, 64 + 0 + 16 + 8 + 8),
    "memory of exactly a share": ({"memory_bytes": 512 * MIB}, 64 + 1 + 16 + 8 + 8),
    "four vCPUs": ({"cpu_sockets": 2, "cpu_cores": 2}, 64 + 2 + 16 + 32 + 8),
    "no I/O thread": ({"io_threads": 0}, 64 + 2 + 16 + 8),
    "two I/O threads": ({"io_threads": 2}, 64 + 2 + 16 + 8 + 16),
    "I/O threads not reported": ({"io_threads": None}, 64 + 2 + 16 + 8 + 8),
    "headless": ({"display_type": "none"}, 64 + 2 + 8 + 8),
    "POWER, maximum a power of two": (
        {"architecture": "ppc64", "memory_max_bytes": 16 * GIB}, 100 + 256 + 16 + 8 + 8
    ),
    "POWER, maximum just above": (
        {"architecture": "ppc64", "memory_max_bytes": 16 * GIB + MIB}, 100 + 512 + 16 + 8 + 8
    ),
    "POWER, no maximum": ({"architecture": "ppc64", "memory_max_bytes": None}, 100 + 16 + 16 + 8 + 8),
    "POWER, maximum below the memory": (
        {"architecture": "ppc64", "memory_bytes": 2 * GIB, "memory_max_bytes": GIB}, 100 + 32 + 16 + 8 + 8
    ),
}  # fmt: skip


@pytest.mark.parametrize(("vm", "overhead_mib"), OVERHEADS.values(), ids=OVERHEADS)
def test_overhead(vm: dict[str, Any], overhead_mib: int) -> None:
    """Fixed part, page tables, video, vCPUs and I/O threads, to the MiB."""
    subject = a_vm(**vm)
    assert overhead_bytes(subject) == overhead_mib * MIB
    assert required_bytes(subject) == (subject.memory_bytes or 0) + overhead_mib * MIB


def test_huge_pages_are_another_pool() -> None:
    """A VM with huge pages needs only its overhead of the ordinary memory."""
    vm = a_vm(custom_properties={"hugepages": "1048576"})
    assert required_bytes(vm) == overhead_bytes(vm)


def test_unknown_parts_leave_it_unknown() -> None:
    """Without memory or vCPUs nothing is assumed."""
    for unknown in ({"memory_bytes": None}, {"cpu_sockets": None}):
        assert overhead_bytes(a_vm(**unknown)) is None
        assert required_bytes(a_vm(**unknown)) is None


@pytest.mark.parametrize(("missing_bytes", "allowed"), [(0, Allowed.YES), (1, Allowed.NO)])
def test_a_host_with_exactly_enough_is_enough(missing_bytes: int, allowed: Allowed) -> None:
    """The comparison is exact to the byte; the reason names both sides in MiB."""
    needed = required_bytes(a_vm()) or 0
    host = a_host("h2", max_scheduling_memory_bytes=needed - missing_bytes)
    verdict = explain(an_inventory(hosts=(a_host("h1"), host)), "web01", "h2").verdicts[0]
    assert verdict.allowed == allowed
    if allowed == Allowed.NO:
        assert verdict.reasons[0].evidence == {"available": "1121 MiB", "needed": "1122 MiB"}


@pytest.mark.parametrize(
    ("vm", "host", "missing"),
    [
        ({"memory_bytes": None}, {}, "vm.memory"),
        ({}, {"max_scheduling_memory_bytes": None}, "host.max_scheduling_memory"),
    ],
)
def test_the_reason_names_the_side_that_is_unknown(
    vm: dict[str, Any], host: dict[str, Any], missing: str
) -> None:
    """Whether the VM's memory or the host's is missing is not the same question to a reader."""
    inventory = an_inventory(vms=(a_vm(**vm),), hosts=(a_host("h1"), a_host("h2", **host)))
    (reason,) = explain(inventory, "web01", "h2").verdicts[0].reasons
    assert (reason.filter, reason.allowed, reason.missing) == ("Memory", Allowed.UNKNOWN, missing)
