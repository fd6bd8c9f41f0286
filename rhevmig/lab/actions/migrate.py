"""`migrate` and `cancelmigration`: what the engine checks, in its order and words, before anything moves.

A refusal leaves a failed job and event 65, except where the VM is locked: then the job only. Origin:
recordings `migrate-*`, `snapshot-then-migrate`, `paused-by-io-error`, `cross-cluster`; the rest as the
reference of the REST API gives the order of validations.
"""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from rhevmig.lab.api.action_registry import Acted, act, unknown
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, message, refuse
from rhevmig.lab.migration.lifecycle import Migration, immovable
from rhevmig.lab.scheduling.scheduler import FilteredOut
from rhevmig.lab.state.attribute_values import Tree, items_of, ref_id, text_at
from rhevmig.lab.state.store import Entity, World
from rhevmig.lab.subsystems import Subsystems, subsystems_of


class Wanted(NamedTuple):
    """What a migrate request asks for."""

    host: Entity | None = None
    cluster: Entity | None = None
    force: bool = False


class _Locked(EngineFault):
    """Another operation holds the VM; this refusal leaves no event."""


def _locked(refused: EngineFault) -> _Locked:
    return _Locked(refused.status, refused.detail)


@act("vms", "migrate")
def _migrate(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Start a migration; the answer confirms the start only."""
    subsystems = subsystems_of(context.engine)
    wanted = _wanted(context, action)
    if text_at(action, "migrate_vms_in_affinity_closure") == "true":
        return _closure(context, subsystems, vm, wanted)
    text = f"Migrating VM {vm.name}" + (f" to Host {wanted.host.name}" if wanted.host else "")
    jobs = context.engine.jobs
    job = jobs.start(text, owner=context.caller.user, correlation_id=context.correlation_id)
    validating = jobs.step(job, "Validating", "validating")
    try:
        check(subsystems, vm, wanted, context.language)
        destination = decide(subsystems, vm, wanted, context.language)
    except EngineFault as refused:
        jobs.end(job, "failed")
        if not isinstance(refused, _Locked):
            _say_refused(context, subsystems, vm, refused, wanted.cluster)
        raise
    jobs.end_step(validating)
    step = jobs.step(job, "Executing", "executing")
    if vm.lab.get("source_unreachable"):
        jobs.end(job, "failed")
        _say_refused(context, subsystems, vm, None, wanted.cluster)
        raise refuse("MIGRATE_UNREACHABLE_SOURCE", language=context.language)
    source = context.world.find("hosts", vm.ref("host"))
    assert source is not None
    subsystems.migrations.start(
        Migration(
            vm,
            source,
            destination,
            named=wanted.host is not None,
            correlation_id=context.correlation_id,
            user=context.caller.user,
            job=job,
            step=step,
            cluster=wanted.cluster if wanted.cluster and wanted.cluster.id != vm.ref("cluster") else None,
        )
    )
    return Acted(job=job, shown=vm)


def _say_unknown(context: RequestContext, vm_id: str) -> None:
    """Event 65 even where there is no VM: it refers to the id that was asked for."""
    subsystems = subsystems_of(context.engine)
    event = subsystems.publisher.publish(
        65,
        by=context.caller.user or "",
        correlation_id=context.correlation_id,
        error=f" due to a failed validation: [{message('VM_NOT_FOUND_MIGRATE')}]",
        vm="<UNKNOWN>",
        source="<UNKNOWN>",
    )
    if event is not None:
        context.world.set(event, "vm", {"@id": vm_id})


unknown("vms", "migrate", "VM_NOT_FOUND_MIGRATE", _say_unknown)


# -- reading the request


def _wanted(context: RequestContext, action: Tree) -> Wanted:
    world = context.world
    host_given, cluster_given = action.get("host"), action.get("cluster")
    host = _referenced(world, "hosts", host_given) if host_given is not None else None
    cluster = None
    if cluster_given is not None:
        cluster_id = _id_of(cluster_given)
        # recorded: an unknown name is ignored, an unknown id is not
        name = "" if cluster_id else text_at(cluster_given or {}, "name")
        cluster = world.find("clusters", cluster_id) if cluster_id else world.named("clusters", name)
        if cluster is None and not name:
            raise refuse("VALIDATION_FAILED", language=context.language)
    if host_given is not None and host is None:
        raise refuse("MIGRATE_INVALID_HOST", language=context.language)
    return Wanted(host=host, cluster=cluster, force=text_at(action, "force") == "true")


def _id_of(given: Any) -> str | None:
    entity_id = ref_id(given)
    if entity_id is None:
        return None
    try:
        uuid.UUID(entity_id)
    except ValueError:
        raise EngineFault(
            400, f"Invalid UUID string: {entity_id}", reason="Operation failed", in_action=False
        ) from None
    return entity_id


def _referenced(world: World, place: str, given: Any) -> Entity | None:
    entity_id = _id_of(given)
    return world.find(place, entity_id) if entity_id else _named(world, place, given)


def _named(world: World, place: str, given: Any) -> Entity:
    name = text_at(given, "name") if isinstance(given, dict) else ""
    found = world.named(place, name) if name else None
    if found is None:
        raise EngineFault(404, f"Entity not found: {name}", in_action=False)
    return found


# -- checks in the engine's order


def check(
    subsystems: Subsystems, vm: Entity, wanted: Wanted, language: str = "en", *, internal: bool = False
) -> None:
    """Raise the first refusal that holds before the scheduler is asked."""
    _check_locks(subsystems, vm, language)
    if wanted.host is not None and wanted.host.text("status") != "up" and not internal:
        raise refuse("MIGRATE_HOST_NOT_UP", language=language)
    if vm.lab.get("backup"):
        raise refuse("MIGRATE_DURING_BACKUP", language=language)
    _check_devices(subsystems.world, vm, language)
    affinity = vm.text("placement_policy.affinity", "migratable")
    if affinity == "pinned":
        raise refuse("MIGRATE_PINNED", language=language)
    if affinity == "user_migratable" and not wanted.force:
        raise refuse("MIGRATE_NEEDS_FORCE", language=language)
    key = immovable(subsystems.world, vm)
    if key is not None:
        raise refuse(key, language=language)
    _check_disks_and_nics(subsystems.world, vm, language)
    _check_cluster(subsystems.world, vm, wanted, language)


def _check_locks(subsystems: Subsystems, vm: Entity, language: str) -> None:
    if vm.id in subsystems.migrations.active:
        raise _locked(refuse("MIGRATE_VM_IS_BEING_MIGRATED", language=language, vm=vm.name))
    snapshots = subsystems.world.children(vm, "snapshots")
    if any(snapshot.text("snapshot_status") == "locked" for snapshot in snapshots):
        raise _locked(refuse("MIGRATE_SNAPSHOT_BEING_CREATED", language=language, vm=vm.name))
    if vm.lab.get("locked"):
        raise _locked(refuse("MIGRATE_RELATED_OPERATION", language=language))


def _check_devices(world: World, vm: Entity, language: str) -> None:
    if any(entry.flag("uses_scsi_reservation") for entry in world.children(vm, "diskattachments")):
        raise refuse("MIGRATE_SCSI_RESERVATION", language=language)
    if vm.text("cpu.architecture", "x86_64") not in ("", "x86_64", "undefined", "ppc64", "s390x", "aarch64"):
        raise refuse("MIGRATE_ARCHITECTURE", language=language)


def _check_disks_and_nics(world: World, vm: Entity, language: str) -> None:
    attachments = world.children(vm, "diskattachments")
    disks = [disk for entry in attachments if (disk := world.find("disks", entry.ref("disk"))) is not None]
    snapshots = [
        disk.name
        for entry, disk in zip(attachments, disks, strict=False)
        if entry.text("#disk_snapshot") == "true"
    ]
    if snapshots:
        raise refuse(
            "MIGRATE_DISK_SNAPSHOT_PLUGGED", language=language, disks=f"{vm.name}/{', '.join(snapshots)}"
        )
    stuck = [nic.name for nic in world.children(vm, "nics") if _is_stuck(world, nic)]
    if stuck:
        raise refuse("MIGRATE_PASSTHROUGH", language=language, vm=vm.name, nics=", ".join(stuck))
    if vm.lab.get("snapshot_operation"):
        raise refuse("MIGRATE_DURING_SNAPSHOT", language=language)
    locked = [disk.name for disk in disks if disk.text("status") == "locked"]
    if locked:
        raise refuse("MIGRATE_DISKS_LOCKED", language=language, disks=", ".join(locked))


def _is_stuck(world: World, nic: Entity) -> bool:
    """A passthrough NIC whose profile does not allow migration."""
    profile = world.find("vnicprofiles", nic.ref("vnic_profile"))
    if profile is None or nic.text("plugged", "true") != "true":
        return False
    return profile.text("pass_through.mode") == "enabled" and not profile.flag("migratable")


def _check_cluster(world: World, vm: Entity, wanted: Wanted, language: str) -> None:
    if wanted.cluster is None or wanted.cluster.id == vm.ref("cluster"):
        return
    home = world.find("clusters", vm.ref("cluster"))
    if home is not None and home.ref("data_center") != wanted.cluster.ref("data_center"):
        raise refuse("MIGRATE_OTHER_DATA_CENTER", language=language)


def decide(subsystems: Subsystems, vm: Entity, wanted: Wanted, language: str = "en") -> Entity:
    """Ask the scheduler for a destination; raise its refusal."""
    source_id = vm.ref("host") or ""
    cluster_id = wanted.cluster.id if wanted.cluster else None
    candidates = subsystems.scheduler.candidates(vm, cluster_id=cluster_id, without={source_id})
    if wanted.host is not None:
        candidates = [host for host in candidates if host is wanted.host]
    if not candidates:
        raise refuse("MIGRATE_NO_HOSTS", language=language)
    passing, refused = subsystems.scheduler.filter_hosts(vm, candidates)
    if not passing:
        raise refuse("MIGRATE_NO_HOST_FITS", language=language, details=_lines(refused, language))
    return subsystems.scheduler.choose(vm, passing)


def _lines(refused: list[FilteredOut], language: str = "en") -> list[str]:
    """One line per host, each with the values of the first one, as the engine's translation mixes them."""
    return [refused[0].sentence(language)] * len(refused)


def _say_refused(
    context: RequestContext,
    subsystems: Subsystems,
    vm: Entity,
    refused: EngineFault | None,
    cluster: Entity | None,
) -> None:
    source = context.world.find("hosts", vm.ref("host"))
    subsystems.publisher.publish(
        65,
        cluster,
        vm,
        source,
        by=context.caller.user or "",
        correlation_id=context.correlation_id,
        error=f" due to a failed validation: {refused.detail}" if refused else " ",
        vm=vm.name,
        source=source.name if source else "<UNKNOWN>",
    )


# -- several VMs at once


def _closure(context: RequestContext, subsystems: Subsystems, vm: Entity, wanted: Wanted) -> Acted:
    """All VMs that a positive enforcing group ties to this one: nothing carries the request's id.

    The target cluster is ignored, and members that find no room are silently left out.
    """
    world, scheduler = context.world, subsystems.scheduler
    check(subsystems, vm, Wanted(force=wanted.force), context.language)
    members = closure_of(world, vm)
    hosts = scheduler.candidates(vm, without={vm.ref("host") or ""})
    if wanted.host is not None:
        hosts = [host for host in hosts if host is wanted.host]
    passing = [host for host in hosts if _takes(subsystems, vm, host)]
    if not passing:
        raise refuse("MIGRATE_NO_HOSTS", language=context.language)
    fullest = max(sum(_takes(subsystems, member, host) for member in members) for host in passing)
    best = [
        host for host in passing if sum(_takes(subsystems, member, host) for member in members) == fullest
    ]
    destination = scheduler.choose(vm, best)
    for member in members:
        source = world.find("hosts", member.ref("host"))
        movable = (
            member.text("placement_policy.affinity", "migratable") != "pinned"
            and member.text("status") == "up"
        )
        if (
            source is None
            or source is destination
            or not movable
            or not _takes(subsystems, member, destination)
        ):
            continue
        subsystems.migrations.start_own(member, destination, user=context.caller.user)
    return Acted(shown=vm)


def _takes(subsystems: Subsystems, member: Entity, host: Entity) -> bool:
    """Whether a host passes for a member, their own group apart."""
    no = subsystems.scheduler.refused_by(member, host)
    return no is None or no.filter == "VmAffinityGroups"


def closure_of(world: World, vm: Entity) -> list[Entity]:
    """The VM and those that positive enforcing groups tie to it, in the order of the groups."""
    cluster = world.find("clusters", vm.ref("cluster"))
    found = {vm.id: vm}
    for group in world.children(cluster, "affinitygroups") if cluster else ():
        ids = [ref_id(item) for item in items_of(group.get("vms"), "vm")]
        if vm.id in ids and group.flag("vms_rule.enabled") and group.flag("vms_rule.positive"):
            for other in (world.find("vms", entity_id) for entity_id in ids):
                if other is not None and other.ref("host"):
                    found.setdefault(other.id, other)
    return list(found.values())


# -- cancelling


@act("vms", "cancelmigration")
def _cancel_migration(context: RequestContext, vm: Entity, action: Tree) -> Acted:
    """Stop a migration; its event carries the id of this request."""
    subsystems = subsystems_of(context.engine)
    if vm.text("status") != "migrating" or vm.lab.get("direction") == "migratingto":
        raise refuse("CANCEL_NOT_MIGRATING", language=context.language)
    if not subsystems.migrations.cancel(vm, user=context.caller.user, correlation_id=context.correlation_id):
        source = context.world.find("hosts", vm.ref("host"))
        subsystems.publisher.publish(
            162, vm, source, by=context.caller.user or "", correlation_id=context.correlation_id, vm=vm.name
        )
        raise refuse("CANCEL_FAILED", language=context.language)
    return Acted(shown=vm)
