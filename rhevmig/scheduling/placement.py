"""Packing VMs onto hosts: who goes where when a host is emptied.

VMs tied by hard positive affinity form a unit that moves to one host. Units are placed hardest first
(fewest hosts, then most memory), each where most of a host's memory stays free; what finds no place
pushes smaller units aside; and if something is still homeless, all is packed again as tightly as it goes.
Deterministic: equal inventories give equal placements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from rhevmig.inventory import Host, Inventory, Vm
from rhevmig.scheduling.placement_attempt import Packing, Unit
from rhevmig.scheduling.scheduler import memory_reasons, scheduler_of
from rhevmig.units import format_bytes


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a placement must leave alone on every host."""

    #: Memory that stays free on each host.
    keep_free_bytes: int = 0
    #: VMs that one host takes at most; None means any number.
    max_vms_per_host: int | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Where one VM goes, or why nowhere."""

    #: VM.
    vm_id: str
    #: Host that it goes to; None where there is none for it.
    destination_host_id: str | None = None
    #: Why there, in one phrase; or why nowhere, a phrase a host.
    reasons: tuple[str, ...] = ()
    #: VMs that hard affinity ties to it: the engine moves them only together.
    together_with: tuple[str, ...] = ()
    #: Memory that it needs there; None while unknown.
    needed_bytes: int | None = None
    #: Memory left for scheduling on that host once all placed VMs are there.
    free_after_bytes: int | None = None


def place(
    inventory: Inventory,
    vms: Iterable[Vm],
    *,
    exclude_host_ids: Collection[str] = (),
    avoid_host_ids: Collection[str] = (),
    limits: Limits | None = None,
) -> tuple[Placement, ...]:
    """Finds a host for each VM, in the order given: filters, memory, affinity among them.

    Obstacles of the VM itself (`vm_obstacles`) are not asked here; a doubtful host is not a destination.
    No VM stays where it is: the host that it runs on is excluded for it.

    Args: exclude_host_ids (hosts that take nothing); avoid_host_ids (hosts that take only what fits
    nowhere else); limits (what stays free).
    """
    asked = tuple(vms)
    chosen = limits or Limits()
    judge = scheduler_of(inventory)

    def packed(*, spread: bool) -> Packing:
        packing = Packing(
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


def _placement(packing: Packing, vm: Vm) -> Placement:
    unit = packing.unit_of[vm.id]
    host = packing.host_of(unit)
    return Placement(
        vm_id=vm.id,
        destination_host_id=host.id if host else None,
        reasons=(_why_there(packing, unit, host),) if host else _why_nowhere(packing, unit),
        together_with=tuple(other.id for other in unit.vms if other.id != vm.id),
        needed_bytes=packing.needed_bytes(vm),
        free_after_bytes=packing.free_bytes[host.id] if host else None,
    )


def _why_there(packing: Packing, unit: Unit, host: Host) -> str:
    if len(unit.hosts) == 1:
        phrase = "the only host that can take it"
    elif unit in packing.pushed:
        phrase = f"made room for {packing.pushed[unit].vms[0].name} on another host"
    elif packing.spread:
        phrase = f"most memory stays free there, {len(unit.hosts)} hosts possible"
    else:
        phrase = f"fits tightest there, so that all find a place; {len(unit.hosts)} hosts possible"
    if len(unit.vms) > 1:
        phrase += f"; hard affinity keeps {len(unit.vms)} VMs together"
    return f"{phrase}; {format_bytes(packing.free_bytes[host.id])} left in the end"


def _why_nowhere(packing: Packing, unit: Unit) -> tuple[str, ...]:
    scheduler = packing.scheduler
    cluster = scheduler.inventory.find_cluster(unit.vms[0].cluster_id)
    phrases = []
    for host in scheduler.inventory.hosts_of(cluster) if cluster else ():
        if host.id in packing.excluded or any(vm.host_id == host.id for vm in unit.vms):
            continue
        reasons = [r for vm in unit.vms for r in scheduler.fixed_reasons(vm, host)]
        reasons += [r for vm in unit.vms for r in packing.affinity_reasons(vm, host)]
        reasons += [r for vm in unit.vms for r in memory_reasons(vm, host, packing.usable_bytes(host.id))]
        because = reasons[0].sentence if reasons else packing.why_full(unit, host)
        name = f"{reasons[0].filter}: " if reasons else ""
        phrases.append(f"{host.name}: {name}{because}")
    return tuple(phrases) or ("no other host in the cluster",)
