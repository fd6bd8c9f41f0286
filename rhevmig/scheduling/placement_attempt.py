"""One attempt at packing units of VMs onto hosts, with a running balance of memory."""

from __future__ import annotations

from collections.abc import Iterable

from rhevmig.inventory import Host, Vm
from rhevmig.scheduling.memory import required_bytes
from rhevmig.scheduling.scheduler import Scheduler
from rhevmig.scheduling.verdicts import Reason
from rhevmig.terms import VmStatus
from rhevmig.units import format_bytes


class Unit:
    """VMs that hard affinity ties to one host, with the hosts that they all may use."""

    __slots__ = ("has_rules", "hosts", "is_known", "needed_bytes", "vms")

    def __init__(self, vms: tuple[Vm, ...]) -> None:
        self.vms = vms
        self.hosts: tuple[Host, ...] = ()
        self.needed_bytes = 0
        self.is_known = True
        self.has_rules = False


class Packing:
    """The state of one attempt: who stands where, how much memory each host has left."""

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
        self.unit_of: dict[str, Unit] = {}
        self.pushed: dict[Unit, Unit] = {}
        self.homeless: list[Unit] = []
        self._at: dict[str, str | None] = {vm.id: None for vm in vms}
        self._on: dict[str, list[Unit]] = {}
        self._where: dict[Unit, Host] = {}
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

    def host_of(self, unit: Unit) -> Host | None:
        """Where a unit was put."""
        return self._where.get(unit)

    def usable_bytes(self, host_id: str) -> int | None:
        """Memory that a host may still give; None while unknown."""
        free = self.free_bytes.get(host_id)
        if free is None:
            host = self.scheduler.inventory.find_host(host_id)
            free = host.max_scheduling_memory_bytes if host else None
        return None if free is None else free - self.keep_free_bytes

    def needed_bytes(self, vm: Vm) -> int | None:
        """Memory that a VM needs elsewhere; nothing while it is paused, as the engine reckons."""
        return 0 if vm.status == VmStatus.PAUSED else required_bytes(vm)

    def affinity_reasons(self, vm: Vm, host: Host) -> tuple[Reason, ...]:
        """What hard affinity says with the VMs where this attempt has put them."""
        return self.scheduler.affinity_reasons(vm, host, at=self._at)

    def why_full(self, unit: Unit, host: Host) -> str:
        """Why a host without any reason of its own still takes no more."""
        if self.max_vms_per_host is not None and self._count(host) + len(unit.vms) > self.max_vms_per_host:
            return f"it takes at most {self.max_vms_per_host} VMs"
        usable = format_bytes(self.usable_bytes(host.id))
        return f"{usable} left, {format_bytes(unit.needed_bytes)} needed together"

    def _make_units(self, vms: tuple[Vm, ...]) -> list[Unit]:
        by_id = {vm.id: vm for vm in vms}
        units = []
        for vm in vms:
            if vm.id in self.unit_of:
                continue
            tied = self.scheduler.rules.together_with(vm.id) if self.scheduler.rules.concerns(vm.id) else ()
            members = (vm, *(by_id[other] for other in sorted(tied) if other in by_id))
            unit = Unit(members)
            self._prepare(unit)
            units.append(unit)
            self.unit_of.update(dict.fromkeys((member.id for member in members), unit))
        return units

    def _prepare(self, unit: Unit) -> None:
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
        needs = [self.needed_bytes(vm) for vm in unit.vms]
        unit.is_known = None not in needs
        unit.needed_bytes = sum(need or 0 for need in needs)

    def _settle(self, unit: Unit) -> bool:
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

    def _score(self, unit: Unit, host: Host) -> tuple[bool, float]:
        after = self.free_bytes[host.id] - unit.needed_bytes
        share = after / (host.memory_bytes or after or 1) if self.spread else -float(after)
        return host.id not in self.avoided, share

    def _fits(self, unit: Unit, host: Host) -> bool:
        if not unit.is_known or unit.needed_bytes > self.free_bytes[host.id] - self.keep_free_bytes:
            return False
        if self.max_vms_per_host is not None and self._count(host) + len(unit.vms) > self.max_vms_per_host:
            return False
        return not unit.has_rules or not any(self.affinity_reasons(vm, host) for vm in unit.vms)

    def _count(self, host: Host) -> int:
        return sum(len(unit.vms) for unit in self._on.get(host.id, ()))

    def _put(self, unit: Unit, host: Host) -> None:
        self._where[unit] = host
        self._on.setdefault(host.id, []).append(unit)
        self.free_bytes[host.id] -= unit.needed_bytes
        self._at.update(dict.fromkeys((vm.id for vm in unit.vms), host.id))

    def _take(self, unit: Unit) -> Host:
        host = self._where.pop(unit)
        self._on[host.id].remove(unit)
        self.free_bytes[host.id] += unit.needed_bytes
        self._at.update(dict.fromkeys((vm.id for vm in unit.vms), None))
        return host

    def _push_aside_for(self, unit: Unit) -> bool:
        """Moves units off one host to others until this one fits there; undoes what did not help."""
        for host in sorted(unit.hosts, key=lambda h: (-self.free_bytes[h.id], h.name)):
            moved: list[tuple[Unit, Host]] = []
            for other in sorted(self._on.get(host.id, ()), key=lambda u: (u.needed_bytes, u.vms[0].name)):
                if self._move_off(other, host):
                    moved.append((other, host))
                if self._fits(unit, host):
                    self._put(unit, host)
                    self.pushed.update(dict.fromkeys((each for each, _ in moved), unit))
                    return True
            for other, home in reversed(moved):
                self._take(other)
                self._put(other, home)
        return False

    def _move_off(self, unit: Unit, host: Host) -> bool:
        self._take(unit)
        elsewhere = [h for h in unit.hosts if h.id != host.id and self._fits(unit, h)]
        if not elsewhere:
            self._put(unit, host)
            return False
        self._put(unit, max(elsewhere, key=lambda h: (self._score(unit, h), h.name)))
        return True
