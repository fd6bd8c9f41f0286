"""Making plans from an inventory: pure, nothing is asked of the engine and nothing is done."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from rhevmig.errors import InvalidArgument, NotMigratable
from rhevmig.inventory import Host, Inventory, PathState, Vm, migration_path
from rhevmig.planning.estimates import estimate_move, estimate_window, plan_host
from rhevmig.planning.plan import Blocked, Candidate, Estimate, Move, Plan
from rhevmig.scheduling import (
    Allowed,
    Explanation,
    Obstacle,
    Placement,
    Verdict,
    explain,
    place,
    vm_obstacles,
)
from rhevmig.terms import HostStatus
from rhevmig.units import format_speed

#: Hosts that can be emptied; others have nothing running or do not answer.
_EMPTIABLE = frozenset({HostStatus.UP, HostStatus.NON_OPERATIONAL, HostStatus.PREPARING_FOR_MAINTENANCE})


def plan_migration(
    inventory: Inventory,
    vm: str,
    host: str | None = None,
    *,
    force: bool = False,
    now: datetime | None = None,
) -> Plan:
    """What moving one VM means: where it could go, what refuses, how long it should take.

    Args: host (name or id; None lets the engine choose, which also lets it try up to three);
    force (go past `user_migratable`); now (when the plan is made; the inventory's instant by default).
    Raises: NotFound, AmbiguousName, NotMigratable (not running; host not up, the same, of another cluster).
    """
    subject = inventory.vm(vm)
    named = inventory.host(host) if host is not None else None
    _check_pair(inventory, subject, named)
    explanation = explain(inventory, subject)
    hosts = {item.id: item for item in inventory.hosts if item.cluster_id == subject.cluster_id}
    blocked = _blocked(subject, explanation.obstacles, force=force) or _no_host(explanation, named)
    source = hosts.get(subject.host_id or "")
    moves: tuple[Move, ...] = ()
    if blocked is None and source is not None:
        moves = (_move(inventory, subject, source, named, force=force, number=1),)
    return _plan(
        inventory,
        kind="migrate",
        moves=moves,
        blocked=(blocked,) if blocked is not None else (),
        hosts=tuple(hosts.values()),
        force=force,
        now=now,
        candidates=tuple(_candidate(v) for v in explanation if not v.is_current_host),
        notes=_doubts(explanation, named),
    )


def plan_evacuation(
    inventory: Inventory,
    host: str,
    *,
    force: bool = False,
    exclude_hosts: Collection[str] = (),
    now: datetime | None = None,
) -> Plan:
    """Who goes where when a host is emptied, what blocks, and how long it should take.

    Args: host (name or id); force (also move `user_migratable` VMs); exclude_hosts (names or ids that
    take nothing); now (when the plan is made; the inventory's instant by default).
    Raises: NotFound, AmbiguousName, InvalidArgument (the host is not in a state to be emptied).
    """
    leaving = inventory.host(host)
    if leaving.status not in _EMPTIABLE:
        raise InvalidArgument(
            name="host", value=f"{leaving.name} ({leaving.status})", expected="a host that is up"
        )
    excluded = {leaving.id, *(inventory.host(key).id for key in exclude_hosts)}
    blocked: list[Blocked] = []
    movable: list[Vm] = []
    for vm in inventory.vms_on(leaving):
        reason = _blocked(vm, vm_obstacles(inventory, vm), force=force)
        if reason is None:
            movable.append(vm)
        else:
            blocked.append(reason)
    poor = _poor_links(inventory, [h for h in inventory.hosts if h.cluster_id == leaving.cluster_id])
    placements = place(
        inventory, movable, exclude_host_ids=excluded, avoid_host_ids=poor.keys() - {leaving.id}
    )
    moves, homeless = _placed(inventory, leaving, movable, placements, excluded=excluded, force=force)
    return _plan(
        inventory,
        kind="evacuate",
        host_id=leaving.id,
        moves=moves,
        blocked=(*blocked, *homeless),
        hosts=tuple(h for h in inventory.hosts if h.cluster_id == leaving.cluster_id),
        force=force,
        now=now,
        notes=(*_unseen(inventory, leaving), *_detours(moves, poor)),
    )


def fingerprint(inventory: Inventory, vm_ids: Collection[str], host_ids: Collection[str]) -> str:
    """A digest of what a plan rests on: where its VMs run and how, and which hosts are in service."""
    vms = sorted(
        (vm.id, vm.status, vm.host_id or "", vm.cluster_id, vm.affinity or "", vm.memory_bytes or 0)
        for vm in (inventory.find_vm(vm_id) for vm_id in vm_ids)
        if vm is not None
    )
    hosts = sorted((host.id, host.status, host.cluster_id) for host in inventory.hosts if host.id in host_ids)
    return hashlib.sha256(msgspec.json.encode((vms, hosts))).hexdigest()[:32]


# ── one VM ───────────────────────────────────────────────────────────────────────────────────────────


def _check_pair(inventory: Inventory, vm: Vm, host: Host | None) -> None:
    """What cannot be meant, whatever the filters say."""
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
        reasons.append(f"it runs on {host.name} already")
    elif host is not None and not host.is_up:
        reasons.append(f"host {host.name} is {host.status}")
    if reasons:
        raise NotMigratable(vm_id=vm.id, vm_name=vm.name, reasons=tuple(reasons))


def _blocked(vm: Vm, obstacles: Sequence[Obstacle], *, force: bool) -> Blocked | None:
    hard = [o for o in obstacles if o.allowed == Allowed.NO and not (force and o.force_helps)]
    if not hard:
        return None
    return Blocked(
        vm_id=vm.id, vm_name=vm.name, reasons=tuple(o.sentence for o in hard), remedy=hard[0].remedy
    )


def _no_host(explanation: Explanation, named: Host | None) -> Blocked | None:
    verdicts = [v for v in explanation if not v.is_current_host and named in (None, *_same(v, named))]
    if any(v.allowed != Allowed.NO for v in verdicts):
        return None
    reasons = tuple(f"{v.host_name}: {_because(v)}" for v in verdicts)
    return Blocked(
        vm_id=explanation.vm_id,
        vm_name=explanation.vm_name,
        reasons=reasons or ("there is no other host in its cluster",),
    )


def _same(verdict: Verdict, named: Host | None) -> tuple[Host, ...]:
    return (named,) if named is not None and named.id == verdict.host_id else ()


def _because(verdict: Verdict) -> str:
    return (
        "; ".join(f"{reason.filter}: {reason.sentence}" for reason in verdict.reasons)
        or verdict.allowed.value
    )


def _candidate(verdict: Verdict) -> Candidate:
    return Candidate(
        host_id=verdict.host_id,
        name=verdict.host_name,
        allowed=verdict.allowed.value,
        reasons=tuple(f"{reason.filter}: {reason.sentence}" for reason in verdict.reasons),
    )


def _doubts(explanation: Explanation, named: Host | None) -> tuple[str, ...]:
    doubts = [o.sentence for o in explanation.obstacles if o.allowed == Allowed.UNKNOWN]
    doubts += [
        f"whether {v.host_name} takes it could not be judged"
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
        move = _move(inventory, vm, leaving, destination, force=force, number=0)
        others = tuple(
            v.host_id
            for v in explain(inventory, vm).destinations
            if v.host_id not in excluded and v.host_id != destination.id
        )
        others = () if placement.together_with else others
        moves.append(msgspec.structs.replace(move, alternatives=others, reasons=placement.reasons))
    #: the longest first: what is left at the end is short
    moves.sort(key=lambda move: (-(move.estimate.p50_s or move.memory_bytes or 0), move.vm_name))
    numbered = tuple(msgspec.structs.replace(move, number=n) for n, move in enumerate(moves, 1))
    return _led(numbered, by_id), tuple(homeless)


def _led(moves: Sequence[Move], placements: Mapping[str, Placement]) -> tuple[Move, ...]:
    """VMs tied by hard affinity go with the first of them: the engine moves them only together."""
    number_of = {move.vm_id: move.number for move in moves}
    led = []
    for move in moves:
        group = (move.vm_id, *placements[move.vm_id].together_with)
        first = min(number_of[vm_id] for vm_id in group if vm_id in number_of)
        led.append(msgspec.structs.replace(move, led_by=first if first != move.number else None))
    return tuple(led)


def _poor_links(inventory: Inventory, hosts: Sequence[Host]) -> dict[str, str]:
    """Hosts that receive VMs only when no other host can, and why: slow or unusable migration links."""
    paths = {host.id: (host.name, migration_path(inventory, host)) for host in hosts if host.is_up}
    speeds = [path.stream_bits_per_second or 0 for _, path in paths.values()]
    poor = {}
    for host_id, (name, path) in paths.items():
        if path.state in (PathState.FALLBACK, PathState.BROKEN):
            poor[host_id] = f"{name}: {path.reason}, {path.consequence}"
        elif (path.stream_bits_per_second or max(speeds)) * 2 < max(speeds):
            poor[host_id] = f"{name} has a slow migration link ({format_speed(path.stream_bits_per_second)})"
    return poor


def _detours(moves: Sequence[Move], poor: Mapping[str, str]) -> tuple[str, ...]:
    """What to know about the hosts that a plan uses although their links are poor."""
    used = {host_id for move in moves for host_id in (move.source_host_id, move.destination_host_id)}
    return tuple(text for host_id, text in poor.items() if host_id in used)


def _unseen(inventory: Inventory, host: Host) -> tuple[str, ...]:
    seen = len(inventory.vms_on(host))
    if host.vms_total is None or host.vms_total == seen:
        return ()
    return (f"the host counts {host.vms_total} VMs, {seen} of them could be seen",)


# ── both ─────────────────────────────────────────────────────────────────────────────────────────────


def _move(
    inventory: Inventory, vm: Vm, source: Host, destination: Host | None, *, force: bool, number: int
) -> Move:
    return Move(
        number=number,
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
    kind: str,
    moves: tuple[Move, ...],
    blocked: tuple[Blocked, ...],
    hosts: tuple[Host, ...],
    force: bool,
    now: datetime | None,
    host_id: str | None = None,
    candidates: tuple[Candidate, ...] = (),
    notes: tuple[str, ...] = (),
) -> Plan:
    plan_hosts = tuple(plan_host(inventory, host) for host in hosts)
    vm_ids = {*(move.vm_id for move in moves), *(item.vm_id for item in blocked)}
    total = estimate_window(moves, {host.host_id: host for host in plan_hosts}) if moves else Estimate()
    if inventory.instant.is_torn:
        notes = (*notes, "the inventory changed while it was read; some of it may be older than the rest")
    return msgspec.convert(
        {
            "kind": kind,
            "created_at": now or inventory.instant.ended_at,
            "engine": inventory.engine,
            "event_index": inventory.instant.event_index_after or inventory.instant.event_index_before,
            "fingerprint": fingerprint(inventory, vm_ids, {host.id for host in hosts}),
            "host_id": host_id,
            "moves": moves,
            "blocked": blocked,
            "candidates": candidates,
            "hosts": plan_hosts,
            "force": force,
            "estimate": total,
            "notes": notes,
        },
        type=Plan,
    )
