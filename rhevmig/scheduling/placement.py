"""Placement of VMs on hosts: the destination of each VM when a host is evacuated.

VMs that enforcing positive affinity keeps together form a unit that moves to one host. Units are placed
hardest first (fewest hosts, then most memory), each where the largest share of memory stays free. A unit
without a place pushes smaller units aside; if a unit still has none, all are packed as tightly as possible.
Deterministic: equal inventories give equal placements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from rhevmig.inventory import Host, Inventory, Vm
from rhevmig.scheduling.filters.memory import needed_bytes
from rhevmig.scheduling.scheduler import Scheduler, scheduler_of
from rhevmig.scheduling.verdicts import Reason
from rhevmig.units import format_bytes


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a placement leaves free on every host."""

    #: Memory that stays free on each host.
    keep_free_bytes: int = 0
    #: Upper limit of VMs on one host; None means any number.
    max_vms_per_host: int | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """The destination of one VM, or why it has none."""

    vm_id: str
    #: None where no host can receive it.
    destination_host_id: str | None = None
    #: Why this destination, as one phrase; or why none, one phrase per host.
    reasons: tuple[str, ...] = ()
    #: VMs that enforcing affinity keeps with it: the engine moves them only together.
    together_with: tuple[str, ...] = ()
    #: Memory that it needs there; None while unknown.
    needed_bytes: int | None = None
    #: Memory left for scheduling on the destination after all moves.
    free_after_bytes: int | None = None


def place(
    inventory: Inventory,
    vms: Iterable[Vm],
    *,
    exclude_host_ids: Collection[str] = (),
    avoid_host_ids: Collection[str] = (),
    limits: Limits | None = None,
) -> tuple[Placement, ...]:
    """Finds a host for each VM, in the given order, by filters, memory and affinity.

    Obstacles of the VMs (`vm_obstacles`) are not considered; a host that could not be judged is no
    destination, and neither is the current host of a VM.

    Args:
        exclude_host_ids: hosts that receive nothing.
        avoid_host_ids: hosts that receive only VMs that fit nowhere else.
        limits: what stays free.
    """
    asked = tuple(vms)
    chosen = limits or Limits()
    judge = scheduler_of(inventory)

    def packed(*, spread: bool) -> _Packing:
        packing = _Packing(
            judge,
            asked,
            excluded=frozenset(exclude_host_ids),
            avoided=frozenset(avoid_host_ids),
            keep_free_bytes=chosen.keep_free_bytes,
            max_vms_per_host=chosen.max_vms_per_host,
            spread=spread,
        )
        packing.run()
        return packing

    packing = packed(spread=True)
    if packing.homeless:
        tight = packed(spread=False)
        if tight.homeless_vms < packing.homeless_vms:
            packing = tight
    return tuple(_placement(packing, vm) for vm in asked)


def _placement(packing: _Packing, vm: Vm) -> Placement:
    unit = packing.unit_of[vm.id]
    host = packing.host_of(unit)
    return Placement(
        vm_id=vm.id,
        destination_host_id=host.id if host else None,
        reasons=(_why_there(packing, unit, host),) if host else _why_nowhere(packing, unit),
        together_with=tuple(other.id for other in unit.vms if other.id != vm.id),
        needed_bytes=needed_bytes(vm),
        free_after_bytes=packing.free_bytes[host.id] if host else None,
    )


def _why_there(packing: _Packing, unit: _Unit, host: Host) -> str:
    if len(unit.hosts) == 1:
        phrase = "the only possible host"
    elif unit in packing.pushed:
        phrase = f"makes room for {packing.pushed[unit].vms[0].name} on another host"
    elif packing.spread:
        phrase = f"most memory stays free, {len(unit.hosts)} hosts possible"
    else:
        phrase = f"tightest fit, so that all VMs find a place; {len(unit.hosts)} hosts possible"
    if len(unit.vms) > 1:
        phrase += f"; enforcing affinity keeps {len(unit.vms)} VMs together"
    return f"{phrase}; {format_bytes(packing.free_bytes[host.id])} free after all moves"


def _why_nowhere(packing: _Packing, unit: _Unit) -> tuple[str, ...]:
    scheduler = packing.scheduler
    cluster = scheduler.inventory.find_cluster(unit.vms[0].cluster_id)
    phrases = []
    for host in scheduler.inventory.hosts_of(cluster) if cluster else ():
        if host.id in packing.excluded or any(vm.host_id == host.id for vm in unit.vms):
            continue
        reasons = [r for vm in unit.vms for r in scheduler.fixed_reasons(vm, host)]
        reasons += [r for vm in unit.vms for r in packing.affinity_reasons(vm, host)]
        reasons += [r for vm in unit.vms for r in scheduler.memory_reasons(vm, packing.usable_bytes(host.id))]
        because = reasons[0].sentence if reasons else packing.why_full(unit, host)
        name = f"{reasons[0].filter}: " if reasons else ""
        phrases.append(f"{host.name}: {name}{because}")
    return tuple(phrases) or ("no other host in the cluster",)


class _Unit:
    """VMs that enforcing affinity keeps on one host, with the hosts that all of them may use."""

    __slots__ = ("has_rules", "hosts", "is_known", "needed_bytes", "vms")

    def __init__(self, vms: tuple[Vm, ...]) -> None:
        self.vms = vms
        self.hosts: tuple[Host, ...] = ()
        self.needed_bytes = 0
        self.is_known = True
        self.has_rules = False


class _Packing:
    """One attempt: where each unit was placed and how much memory each host has left."""

    def __init__(
        self,
        scheduler: Scheduler,
        vms: tuple[Vm, ...],
        *,
        excluded: frozenset[str],
        avoided: frozenset[str],
        keep_free_bytes: int,
        max_vms_per_host: int | None,
        spread: bool,
    ) -> None:
        self.scheduler = scheduler
        self.excluded = excluded
        self.avoided = avoided
        self.keep_free_bytes = keep_free_bytes
        self.max_vms_per_host = max_vms_per_host
        self.spread = spread
        self.free_bytes: dict[str, int] = {}
        self.unit_of: dict[str, _Unit] = {}
        self.pushed: dict[_Unit, _Unit] = {}
        self.homeless: list[_Unit] = []
        self._at: dict[str, str | None] = {vm.id: None for vm in vms}
        self._on: dict[str, list[_Unit]] = {}
        self._where: dict[_Unit, Host] = {}
        self._units = self._make_units(vms)

    def run(self) -> None:
        """Places every unit that finds a host, hardest first."""
        order = sorted(self._units, key=lambda u: (len(u.hosts), -u.needed_bytes, u.vms[0].name, u.vms[0].id))
        for unit in order:
            if not self._settle(unit) and not self._push_aside_for(unit):
                self.homeless.append(unit)

    @property
    def homeless_vms(self) -> int:
        """How many VMs found no host."""
        return sum(len(unit.vms) for unit in self.homeless)

    def host_of(self, unit: _Unit) -> Host | None:
        """Where a unit was placed."""
        return self._where.get(unit)

    def usable_bytes(self, host_id: str) -> int | None:
        """Memory left for placing VMs on a host; None while unknown."""
        free = self.free_bytes.get(host_id)
        if free is None:
            host = self.scheduler.inventory.find_host(host_id)
            free = host.max_scheduling_memory_bytes if host else None
        return None if free is None else free - self.keep_free_bytes

    def affinity_reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """Reasons of enforcing affinity with the VMs where this attempt has placed them."""
        return self.scheduler.affinity_reasons(vm, host, at=self._at)

    def why_full(self, unit: _Unit, host: Host) -> str:
        """Why a host that no filter refuses is full."""
        if self.max_vms_per_host is not None and self._count(host) + len(unit.vms) > self.max_vms_per_host:
            return f"it receives at most {self.max_vms_per_host} VMs"
        usable = format_bytes(self.usable_bytes(host.id))
        return f"{usable} left, {format_bytes(unit.needed_bytes)} needed"

    def _make_units(self, vms: tuple[Vm, ...]) -> list[_Unit]:
        by_id = {vm.id: vm for vm in vms}
        units = []
        for vm in vms:
            if vm.id in self.unit_of:
                continue
            tied = self.scheduler.rules.together_with(vm.id) if self.scheduler.rules.concerns(vm.id) else ()
            members = (vm, *(by_id[other] for other in sorted(tied) if other in by_id))
            unit = _Unit(members)
            self._prepare(unit)
            units.append(unit)
            self.unit_of.update(dict.fromkeys((member.id for member in members), unit))
        return units

    def _prepare(self, unit: _Unit) -> None:
        first, *rest = unit.vms
        barred = self.excluded | {vm.host_id for vm in unit.vms if vm.host_id}
        hosts: Iterable[Host] = self.scheduler.possible_hosts(first)
        for vm in rest:
            allowed = {host.id for host in self.scheduler.possible_hosts(vm)}
            hosts = [host for host in hosts if host.id in allowed]
        rules = self.scheduler.rules
        unit.has_rules = any(rules.concerns(vm.id) for vm in unit.vms)
        unit.hosts = tuple(
            host
            for host in hosts
            if host.id not in barred
            and host.max_scheduling_memory_bytes is not None
            and not (unit.has_rules and any(any(rules.host_reasons(vm, host.id)) for vm in unit.vms))
        )
        for host in unit.hosts:
            self.free_bytes.setdefault(host.id, host.max_scheduling_memory_bytes or 0)
        needs = [needed_bytes(vm) for vm in unit.vms]
        unit.is_known = None not in needs
        unit.needed_bytes = sum(need or 0 for need in needs)

    def _settle(self, unit: _Unit) -> bool:
        best: Host | None = None
        best_score = (False, 0.0)
        for host in unit.hosts:
            if not self._fits(unit, host):
                continue
            score = self._score(unit, host)
            if best is None or score > best_score or (score == best_score and host.name < best.name):
                best, best_score = host, score
        if best is not None:
            self._put(unit, best)
        return best is not None

    def _score(self, unit: _Unit, host: Host) -> tuple[bool, float]:
        after = self.free_bytes[host.id] - unit.needed_bytes
        share = after / (host.memory_bytes or after or 1) if self.spread else -float(after)
        return host.id not in self.avoided, share

    def _fits(self, unit: _Unit, host: Host) -> bool:
        if not unit.is_known or unit.needed_bytes > self.free_bytes[host.id] - self.keep_free_bytes:
            return False
        if self.max_vms_per_host is not None and self._count(host) + len(unit.vms) > self.max_vms_per_host:
            return False
        return not unit.has_rules or not any(self.affinity_reasons(vm, host) for vm in unit.vms)

    def _count(self, host: Host) -> int:
        return sum(len(unit.vms) for unit in self._on.get(host.id, ()))

    def _put(self, unit: _Unit, host: Host) -> None:
        self._where[unit] = host
        self._on.setdefault(host.id, []).append(unit)
        self.free_bytes[host.id] -= unit.needed_bytes
        self._at.update(dict.fromkeys((vm.id for vm in unit.vms), host.id))

    def _take(self, unit: _Unit) -> Host:
        host = self._where.pop(unit)
        self._on[host.id].remove(unit)
        self.free_bytes[host.id] += unit.needed_bytes
        self._at.update(dict.fromkeys((vm.id for vm in unit.vms), None))
        return host

    def _push_aside_for(self, unit: _Unit) -> bool:
        """Moves units off one host to others until this one fits there; undoes moves that did not help."""
        for host in sorted(unit.hosts, key=lambda h: (-self.free_bytes[h.id], h.name)):
            moved: list[tuple[_Unit, Host]] = []
            for other in sorted(self._on.get(host.id, ()), key=lambda u: (u.needed_bytes, u.vms[0].name)):
                if self._move_off(other, host):
                    moved.append((other, host))
                if self._fits(unit, host):
                    self._put(unit, host)
                    self.pushed.update(dict.fromkeys((each for each, _ in moved), unit))
                    return True
            for other, previous in reversed(moved):
                self._take(other)
                self._put(other, previous)
        return False

    def _move_off(self, unit: _Unit, host: Host) -> bool:
        self._take(unit)
        elsewhere = [h for h in unit.hosts if h.id != host.id and self._fits(unit, h)]
        if not elsewhere:
            self._put(unit, host)
            return False
        self._put(unit, max(elsewhere, key=lambda h: (self._score(unit, h), h.name)))
        return True
