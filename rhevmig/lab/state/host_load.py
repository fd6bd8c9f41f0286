"""The load of a host as the engine knows it: committed and pending memory, and the numbers of its VMs.

The engine does not compute the load when it is asked. It keeps what its last polls found. Every 15
seconds it polls the statistics of a host (numbers of VMs; every 3 seconds while the host prepares for
maintenance), counts the memory of the VMs in the host's last list, and, between these, takes a new list.
So a source host gives memory back up to half a minute after a VM has left. Where pending memory changes,
as on a destination, memory is counted at once. A host in maintenance is not polled.

Engine: HostMonitoring.refreshCommitedMemory, VdsManager.updatePendingData, VDS.getMaxSchedulingMemory,
PollVmStatsRefresher.saveLastVmsList.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from rhevmig.lab.state.store import Entity, World

MIB = 1024 * 1024
#: Memory that the engine keeps for the host itself, MiB (recorded hosts: 321 + 65).
HOST_RESERVE_MIB = 386
#: Seconds between polls (VdsRefreshRate), and between refreshes of statistics (NumberVmRefreshesBeforeSave).
POLL_S = 3.0
REFRESH_S = 15.0
#: Seconds from a refresh to the next list of VMs; not shown by the API, chosen to agree with recordings.
LISTED_S = 2.0
#: VM statuses that count as active in a host's summary.
ACTIVE_STATUSES = frozenset(
    (
        "up",
        "powering_up",
        "paused",
        "migrating",
        "reboot_in_progress",
        "wait_for_launch",
        "powering_down",
        "not_responding",
        "unknown",
        "saving_state",
        "restoring_state",
    )
)
#: Host statuses in which the engine polls statistics.
_POLLED = frozenset(("up", "preparing_for_maintenance", "error", "non_operational"))
#: Members of a VM on which the load of its host depends.
_VM_MEMBERS = frozenset(("host", "status", "memory", "cpu", ""))


class VmCounts(NamedTuple):
    """The summary of a host."""

    active: int
    migrating: int
    total: int


def overhead_mib(vm: Entity) -> int:
    """Memory of QEMU itself: 88 MiB, 8 per vCPU, 1/512 of the memory (recorded)."""
    vcpus = 1
    for part in ("sockets", "cores", "threads"):
        vcpus *= vm.number(f"cpu.topology.{part}", 1)
    return 88 + 8 * vcpus + vm.number("memory") // MIB // 512


def vm_mib(vm: Entity) -> int:
    """Memory that a running VM takes from its host, overhead included, MiB."""
    return vm.number("memory") // MIB + overhead_mib(vm)


def running_mib(world: World, host: Entity) -> int:
    """Memory of the VMs that run on a host at this instant, MiB; kept until one of them changes."""
    version = world.load_version.get(host.id, 0)
    known = host.lab.get("#running_mib")
    if known is None or known[0] != version:
        known = (version, sum(vm_mib(vm) for vm in world.referring("vms", "host", host.id)))
        host.lab["#running_mib"] = known
    return int(known[1])


def committed_mib(world: World, host: Entity) -> int:
    """Memory of the VMs of a host as last counted, MiB."""
    known = host.lab.get("committed_mib")
    return running_mib(world, host) if known is None else int(known)


def schedulable_mib(world: World, host: Entity) -> int:
    """What the scheduler may still place on the host, MiB; negative where it is overcommitted."""
    cluster = world.find("clusters", host.ref("cluster"))
    percent = cluster.number("memory_policy.over_commit.percent", 100) if cluster else 100
    memory = host.number("memory") // MIB * percent // 100
    return memory - HOST_RESERVE_MIB - committed_mib(world, host) - int(host.lab.get("pending_mib", 0))


def vm_counts(world: World, host: Entity) -> VmCounts:
    """The summary of a host as last polled."""
    known: VmCounts | None = host.lab.get("vm_counts")
    return count_vms(world, host) if known is None else known


def count_vms(world: World, host: Entity) -> VmCounts:
    """The VMs on a host at this instant; those that arrive count on both hosts."""
    vms = world.referring("vms", "host", host.id)
    incoming = int(host.lab.get("incoming", 0))
    return VmCounts(
        active=sum(vm.text("status") in ACTIVE_STATUSES for vm in vms) + incoming,
        migrating=sum(vm.text("status") == "migrating" for vm in vms) + incoming,
        total=len(vms) + incoming,
    )


class HostLoads:
    """Keeps what the engine knows of the load of each host."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._host_of = {vm.id: vm.ref("host") for vm in world.all("vms")}
        self._planned: dict[tuple[str, str], float] = {}
        for host in world.all("hosts"):
            host.lab["committed_mib"] = host.lab["listed_mib"] = committed_mib(world, host)
            host.lab["vm_counts"] = vm_counts(world, host)
            self._plan(host)
        world.on_change(self._changed)

    def reserve(self, vm: Entity, host: Entity) -> None:
        """Keep memory and CPUs on a destination until the VM has arrived or its migration has failed."""
        self._pend(vm, host, 1)

    def release(self, vm: Entity, host: Entity) -> None:
        """Give back what `reserve` kept."""
        self._pend(vm, host, -1)

    def _pend(self, vm: Entity, host: Entity, sign: int) -> None:
        vcpus = math.prod(
            max(1, vm.number(f"cpu.topology.{part}", 1)) for part in ("sockets", "cores", "threads")
        )
        for name, amount in (("pending_mib", vm_mib(vm)), ("pending_cpus", vcpus), ("incoming", 1)):
            host.lab[name] = max(0, int(host.lab.get(name, 0)) + sign * amount)
        host.lab["committed_mib"] = running_mib(self.world, host)
        self.world.touch_load(host.id)
        self._plan(host)

    def refresh(self, host: Entity) -> None:
        """Count memory and VMs at once."""
        self._poll_counts(host)
        self._list_vms(host)
        self._count_memory(host)

    def enters_maintenance(self, host: Entity) -> None:
        """The last poll before maintenance finds no VM; memory stays as it was counted."""
        self._poll_counts(host)

    def _poll_counts(self, host: Entity) -> None:
        self._keep(host, "vm_counts", count_vms(self.world, host))

    def _list_vms(self, host: Entity) -> None:
        host.lab["listed_mib"] = running_mib(self.world, host)

    def _count_memory(self, host: Entity) -> None:
        self._keep(host, "committed_mib", host.lab["listed_mib"])

    def _keep(self, host: Entity, name: str, value: object) -> None:
        if host.lab.get(name) != value:
            host.lab[name] = value
            self.world.touch_load(host.id)

    # -- polls, planned only where one would find something new

    def _changed(self, entity: Entity, member: str) -> None:
        if entity.place == "vms" and member in _VM_MEMBERS:
            before, now = self._host_of.get(entity.id), entity.ref("host") if member else None
            self._host_of[entity.id] = now
            for host_id in {before, now}:
                host = self.world.find("hosts", host_id)
                if host is not None:
                    self._plan(host)
        elif entity.place == "hosts" and member == "status":
            if entity.text("status") == "up" and entity.lab.get("#status") not in _POLLED:
                self._poll_counts(entity)
            entity.lab["#status"] = entity.text("status")
            self._plan(entity)

    def _plan(self, host: Entity) -> None:
        """Plan each poll that would find something new, at its next instant."""
        if host.text("status") not in _POLLED:
            return
        running, listed = running_mib(self.world, host), host.lab.get("listed_mib")
        often = host.text("status") == "preparing_for_maintenance"
        if host.lab.get("vm_counts") != count_vms(self.world, host):
            self._plan_poll(host, self._poll_counts, POLL_S if often else REFRESH_S, 0.0)
        if listed != running:
            self._plan_poll(host, self._list_vms, REFRESH_S, LISTED_S)
        if listed != host.lab.get("committed_mib"):
            self._plan_poll(host, self._count_memory, REFRESH_S, 0.0)

    def _plan_poll(
        self, host: Entity, poll: Callable[[Entity], None], period_s: float, offset_s: float
    ) -> None:
        now_s, first_s = self.world.clock.now_s, self.world.clock.start_s + offset_s
        at_s = first_s + (math.floor((now_s - first_s) / period_s) + 1) * period_s
        key = (host.id, poll.__name__)
        planned_s = self._planned.get(key)
        if planned_s is not None and now_s < planned_s <= at_s:
            return
        self._planned[key] = at_s

        def act() -> None:
            if self._planned.get(key) == at_s:
                del self._planned[key]
                if host.text("status") in _POLLED:
                    poll(host)
                    self._plan(host)

        self.world.agenda.at(at_s, act, f"statistics of {host.name}")
