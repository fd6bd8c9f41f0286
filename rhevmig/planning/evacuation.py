"""Plans for one VM and for all VMs of a host; the engine is neither read nor changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from rhevmig.errors import InvalidArgument, NotMigratable
from rhevmig.inventory import Host, Inventory, PathState, Vm, migration_path
from rhevmig.planning.estimates import estimate_move, max_migrations_of
from rhevmig.planning.makespan import estimate_window
from rhevmig.planning.plan import Blocked, Candidate, Estimate, Move, Plan, PlanHost, Remaining
from rhevmig.planning.unmoved_vms import split_off
from rhevmig.scheduling import (
    READ_ALL,
    Allowed,
    Explanation,
    HostVerdict,
    Obstacle,
    Placement,
    explain,
    place,
    scheduler_of,
    vm_obstacles,
)
from rhevmig.terms import HostStatus
from rhevmig.units import format_speed

#: Hosts in any other state run no VMs or do not respond.
_EVACUABLE = frozenset({HostStatus.UP, HostStatus.NON_OPERATIONAL, HostStatus.PREPARING_FOR_MAINTENANCE})


def plan_migration(
    inventory: Inventory,
    vm: str,
    host: str | None = None,
    *,
    force: bool = False,
    now: datetime | None = None,
) -> Plan:
    """The migration of one VM: possible hosts, what refuses, how long it takes.

    Args:
        vm: name or id.
        host: name or id of the destination; None lets the engine choose, which then tries up to three.
        force: also migrate a `user_migratable` VM.
        now: when the plan is created; the inventory's instant by default.
    Raises: NotFound, AmbiguousName, NotMigratable (not running; host not up, the same, of another cluster).
    """
    subject = inventory.vm(vm)
    named = inventory.host(host) if host is not None else None
    _check_pair(inventory, subject, named)
    explanation = explain(inventory, subject)
    source = inventory.find_host(subject.host_id)
    blocked = _blocked(subject, explanation.obstacles, force=force) or _no_host(explanation, named)
    moves: tuple[Move, ...] = ()
    if blocked is None and source is not None:
        moves = (_move(inventory, subject, source, named, force=force),)
    return _plan(
        inventory,
        kind="migrate",
        hosts=[item for item in inventory.hosts if item.cluster_id == subject.cluster_id],
        moves=moves,
        blocked=(blocked,) if blocked is not None else (),
        force=force,
        now=now,
        candidates=tuple(_candidate(v) for v in explanation if not v.is_current_host),
        not_judged=(*_doubts(explanation, named), *_unseen_host(subject, source)),
    )


def plan_evacuation(
    inventory: Inventory,
    host: str,
    *,
    force: bool = False,
    exclude_hosts: Collection[str] = (),
    now: datetime | None = None,
) -> Plan:
    """The evacuation of a host: the destination of each VM, blocked VMs, how long it takes.

    Args:
        host: name or id.
        force: also migrate `user_migratable` VMs.
        exclude_hosts: names or ids of hosts that receive nothing.
        now: when the plan is created; the inventory's instant by default.
    Raises: NotFound, AmbiguousName, InvalidArgument (the host is in a state that cannot be evacuated).
    """
    leaving = inventory.host(host)
    if leaving.status not in _EVACUABLE:
        raise InvalidArgument(
            name="host", value=f"{leaving.name} ({leaving.status})", expected="a host that is up"
        )
    excluded = {leaving.id, *(inventory.host(key).id for key in exclude_hosts)}
    ordinary, remaining, engine_blocked = split_off(inventory, leaving)
    reasons = {vm.id: _blocked(vm, vm_obstacles(inventory, vm), force=force) for vm in ordinary}
    movable = [vm for vm in ordinary if reasons[vm.id] is None]
    hosts = [item for item in inventory.hosts if item.cluster_id == leaving.cluster_id]
    poor = _poor_links(inventory, hosts)
    placements = place(
        inventory, movable, exclude_host_ids=excluded, avoid_host_ids=poor.keys() - {leaving.id}
    )
    moves, homeless = _placed(inventory, leaving, movable, placements, excluded=excluded, force=force)
    used = {host_id for move in moves for host_id in (move.source_host_id, move.destination_host_id)}
    return _plan(
        inventory,
        kind="evacuate",
        hosts=hosts,
        host_id=leaving.id,
        moves=moves,
        blocked=(
            *(blocked for blocked in reasons.values() if blocked is not None),
            *engine_blocked,
            *homeless,
        ),
        remaining=remaining,
        force=force,
        now=now,
        notes=tuple(text for host_id, text in poor.items() if host_id in used),
        not_judged=(*_unseen(inventory, leaving), *_unjudged(inventory, movable)),
    )


def fingerprint(inventory: Inventory, vm_ids: Collection[str], host_ids: Collection[str]) -> str:
    """A digest of what a plan depends on: hosts and settings of its VMs, and the status of its hosts."""
    vms = sorted(
        (vm.id, vm.status, vm.host_id or "", vm.cluster_id, vm.affinity or "", vm.memory_bytes or 0)
        for vm in (inventory.find_vm(vm_id) for vm_id in vm_ids)
        if vm is not None
    )
    hosts = sorted((host.id, host.status, host.cluster_id) for host in inventory.hosts if host.id in host_ids)
    return hashlib.sha256(msgspec.json.encode((vms, hosts))).hexdigest()[:32]


# ── one VM ───────────────────────────────────────────────────────────────────────────────────────────


def _check_pair(inventory: Inventory, vm: Vm, host: Host | None) -> None:
    """Raises for a request that no filter needs to judge."""
    reasons = []
    if not vm.is_running:
        reasons.append(f"it is {vm.status}")
    if host is not None and host.cluster_id != vm.cluster_id:
        of_host, of_vm = inventory.find_cluster(host.cluster_id), inventory.find_cluster(vm.cluster_id)
        reasons.append(
            f"host {host.name} is in cluster {of_host.name if of_host else host.cluster_id}, "
            f"the VM in {of_vm.name if of_vm else vm.cluster_id}"
        )
    elif host is not None and host.id == vm.host_id:
        reasons.append(f"it already runs on {host.name}")
    elif host is not None and not host.is_up:
        reasons.append(f"host {host.name} is {host.status}")
    if reasons:
        raise NotMigratable(vm_id=vm.id, vm_name=vm.name, reasons=tuple(reasons))


def _blocked(vm: Vm, obstacles: Sequence[Obstacle], *, force: bool) -> Blocked | None:
    hard = [o for o in obstacles if o.allowed == Allowed.NO and not (force and o.force_helps)]
    if not hard:
        return None
    reasons = tuple(o.sentence for o in hard)
    return Blocked(vm_id=vm.id, vm_name=vm.name, reasons=reasons, remedy=hard[0].remedy)


def _no_host(explanation: Explanation, named: Host | None) -> Blocked | None:
    """The VM as blocked where every host that may be chosen refuses it."""
    verdicts = [v for v in explanation if not v.is_current_host and (named is None or v.host_id == named.id)]
    if any(v.allowed != Allowed.NO for v in verdicts):
        return None
    reasons = tuple(f"{v.host_name}: {'; '.join(_reasons(v)) or v.allowed.value}" for v in verdicts)
    return Blocked(
        vm_id=explanation.vm_id,
        vm_name=explanation.vm_name,
        reasons=reasons or ("there is no other host in its cluster",),
    )


def _reasons(verdict: HostVerdict) -> tuple[str, ...]:
    return tuple(f"{reason.filter}: {reason.sentence}" for reason in verdict.reasons)


def _candidate(verdict: HostVerdict) -> Candidate:
    return Candidate(
        host_id=verdict.host_id,
        name=verdict.host_name,
        allowed=verdict.allowed.value,
        reasons=_reasons(verdict),
    )


def _doubts(explanation: Explanation, named: Host | None) -> tuple[str, ...]:
    doubts = [o.sentence for o in explanation.obstacles if o.allowed == Allowed.UNKNOWN]
    doubts += [
        f"whether {v.host_name} may receive it could not be judged"
        for v in explanation
        if named is not None and v.host_id == named.id and v.allowed == Allowed.UNKNOWN
    ]
    return tuple(doubts)


# ── a host ───────────────────────────────────────────────────────────────────────────────────────────


def _placed(
    inventory: Inventory,
    leaving: Host,
    vms: Sequence[Vm],
    placements: Sequence[Placement],
    *,
    excluded: Collection[str],
    force: bool,
) -> tuple[tuple[Move, ...], tuple[Blocked, ...]]:
    by_id = {placement.vm_id: placement for placement in placements}
    moves, homeless = [], []
    for vm in vms:
        placement = by_id[vm.id]
        destination = inventory.find_host(placement.destination_host_id)
        if destination is None:
            remedy = f"See `rhevmig why {vm.name}`."
            homeless.append(Blocked(vm_id=vm.id, vm_name=vm.name, reasons=placement.reasons, remedy=remedy))
            continue
        move = _move(inventory, vm, leaving, destination, force=force)
        # VMs that move together cannot be diverted one by one.
        others = () if placement.together_with else scheduler_of(inventory).destinations(vm)
        alternatives = tuple(h.id for h in others if h.id not in excluded and h.id != destination.id)
        moves.append(msgspec.structs.replace(move, alternatives=alternatives, reasons=placement.reasons))
    # The longest first, so that short moves fill the end.
    moves.sort(key=lambda move: (-(move.estimate.p50_s or move.memory_bytes or 0), move.vm_name))
    numbered = [msgspec.structs.replace(move, number=n) for n, move in enumerate(moves, 1)]
    return _led(numbered, by_id), tuple(homeless)


def _led(moves: Sequence[Move], placements: Mapping[str, Placement]) -> tuple[Move, ...]:
    """The first of the VMs that enforcing affinity keeps together leads the moves of the others."""
    number_of = {move.vm_id: move.number for move in moves}
    led = []
    for move in moves:
        group = (move.vm_id, *placements[move.vm_id].together_with)
        first = min(number_of[vm_id] for vm_id in group if vm_id in number_of)
        led.append(msgspec.structs.replace(move, led_by=first if first != move.number else None))
    return tuple(led)


def _poor_links(inventory: Inventory, hosts: Iterable[Host]) -> dict[str, str]:
    """Hosts that receive VMs only when no other host can, and why: slow or unusable migration links."""
    paths = {host.id: (host.name, migration_path(inventory, host)) for host in hosts if host.is_up}
    fastest = max((path.stream_bits_per_second or 0 for _, path in paths.values()), default=0)
    poor = {}
    for host_id, (name, path) in paths.items():
        if path.state in (PathState.FALLBACK, PathState.BROKEN):
            poor[host_id] = f"{name}: {path.reason}, {path.consequence}"
        elif (path.stream_bits_per_second or fastest) * 2 < fastest:
            poor[host_id] = f"{name} has a slow migration link ({format_speed(path.stream_bits_per_second)})"
    return poor


def _unseen(inventory: Inventory, host: Host) -> tuple[str, ...]:
    """VMs that may run on the host without being in the plan."""
    seen, sentences = len(inventory.vms_on(host)), []
    hidden = [vm for vm in inventory.vms if vm.is_running and vm.host_id is None]
    hidden = [vm for vm in hidden if vm.cluster_id == host.cluster_id]
    if hidden:
        what = f"the hosts of {len(hidden)} running VMs of the cluster were not seen"
        sentences.append(f"{what}; some may run on {host.name}. {READ_ALL}")
    if host.vms_total is not None and host.vms_total != seen:
        sentences.append(f"host {host.name} reports {host.vms_total} VMs, {seen} of them were seen")
    if any(unseen.kind == "vm" and unseen.what == "all" for unseen in inventory.unobserved):
        sentences.append(f"the VMs of the engine could not be read. {READ_ALL}")
    return tuple(sentences)


def _unseen_host(vm: Vm, source: Host | None) -> tuple[str, ...]:
    if source is not None:
        return ()
    return (f"the current host of {vm.name} was not seen, so no migration is planned. {READ_ALL}",)


def _unjudged(inventory: Inventory, vms: Iterable[Vm]) -> tuple[str, ...]:
    return tuple(
        f"{vm.name}: {obstacle.sentence}"
        for vm in vms
        for obstacle in vm_obstacles(inventory, vm)
        if obstacle.allowed == Allowed.UNKNOWN
    )


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────


def _move(inventory: Inventory, vm: Vm, source: Host, destination: Host | None, *, force: bool) -> Move:
    return Move(
        number=1,
        vm_id=vm.id,
        vm_name=vm.name,
        cluster_id=vm.cluster_id,
        source_host_id=source.id,
        destination_host_id=destination.id if destination is not None else None,
        memory_bytes=vm.memory_bytes,
        status=vm.status,
        force=force and vm.affinity != "migratable",
        estimate=estimate_move(inventory, vm, source, destination),
    )


def _plan(
    inventory: Inventory,
    *,
    kind: Literal["migrate", "evacuate"],
    hosts: Sequence[Host],
    moves: tuple[Move, ...],
    blocked: tuple[Blocked, ...],
    force: bool,
    now: datetime | None,
    not_judged: tuple[str, ...],
    notes: tuple[str, ...] = (),
    host_id: str | None = None,
    candidates: tuple[Candidate, ...] = (),
    remaining: tuple[Remaining, ...] = (),
) -> Plan:
    plan_hosts = {host.id: _plan_host(inventory, host, moves) for host in hosts}
    vm_ids = {*(m.vm_id for m in moves), *(b.vm_id for b in blocked), *(r.vm_id for r in remaining)}
    if inventory.instant.is_torn:
        notes = (*notes, "the inventory changed while it was read; parts of it may be older than others")
    return Plan(
        kind=kind,
        created_at=now or inventory.instant.ended_at,
        engine=inventory.engine,
        event_index=inventory.instant.event_index_after or inventory.instant.event_index_before,
        fingerprint=fingerprint(inventory, vm_ids, plan_hosts.keys()),
        host_id=host_id,
        moves=moves,
        blocked=blocked,
        remaining=remaining,
        candidates=candidates,
        hosts=tuple(plan_hosts.values()),
        force=force,
        estimate=estimate_window(moves, plan_hosts) if moves else Estimate(),
        notes=notes,
        not_judged=not_judged,
    )


def _plan_host(inventory: Inventory, host: Host, moves: Iterable[Move]) -> PlanHost:
    """A host with its migrations at once, lower where a move uses parallel connections."""
    limit = max_migrations_of(inventory, host)
    limits = [(move, move.estimate.max_migrations or limit) for move in moves]
    return PlanHost(
        host_id=host.id,
        name=host.name,
        cluster_id=host.cluster_id,
        max_outgoing=min([limit, *(n for move, n in limits if move.source_host_id == host.id)]),
        max_incoming=min([limit, *(n for move, n in limits if move.destination_host_id == host.id)]),
    )
