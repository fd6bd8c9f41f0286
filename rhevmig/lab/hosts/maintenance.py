"""A host on its way into maintenance and back: evacuation, the engine's own retries, hand-over of the SPM.

The host shows `preparing_for_maintenance` until no VM is left. Each migration has its own correlation
id; the request's id is on the host's event (600, 620 or 602) and on the job. Every five minutes the
engine tries again by itself, and then VMs that only users may migrate count as not migratable: such a
host never arrives (recordings `maintenance-*`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rhevmig.lab.http.faults import EngineFault, message, refuse
from rhevmig.lab.migration.lifecycle import Migrations, immovable
from rhevmig.lab.scheduling.filters.check import is_hosted_engine
from rhevmig.lab.scheduling.scheduler import EngineScheduler, FilteredOut
from rhevmig.lab.state.attribute_values import text_at
from rhevmig.lab.state.event_publisher import SYSTEM, EventPublisher
from rhevmig.lab.state.external_facts import facts_of
from rhevmig.lab.state.host_load import ACTIVE_STATUSES
from rhevmig.lab.state.store import Entity, World

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

#: Seconds between the engine's own tries (HostPreparingForMaintenanceIdleTime; as recorded).
RETRY_S = 302.0
#: Seconds from the last VM's leaving to `maintenance` (recorded: one and a half).
ARRIVAL_S = 1.5
#: Seconds after which another host takes over as SPM, and after which its event is written (recorded).
SPM_RELEASE_S = 8.0
SPM_TAKEN_S = 1.1


def running_vms(world: World, host: Entity) -> list[Entity]:
    """VMs on a host that an evacuation has to move, highest priority first."""
    found = [vm for vm in world.referring("vms", "host", host.id) if vm.text("status") in ACTIVE_STATUSES]
    found.sort(key=lambda vm: (-vm.number("high_availability.priority"), vm.name))
    return list(facts_of(world).evacuation_order(host, found))


def non_migratable(world: World, host: Entity, *, internal: bool) -> list[Entity]:
    """VMs that keep a host from maintenance; user-migratable ones only when the engine itself tries."""
    blocking = {"pinned", "user_migratable"} if internal else {"pinned"}
    return [
        vm
        for vm in running_vms(world, host)
        if vm.text("placement_policy.affinity") in blocking and not is_hosted_engine(vm)
    ]


class Maintenance:
    """All hosts that are on their way into maintenance."""

    def __init__(
        self,
        engine: EngineState,
        scheduler: EngineScheduler,
        migrations: Migrations,
        publisher: EventPublisher,
    ) -> None:
        self.engine = engine
        self.world = engine.world
        self.scheduler = scheduler
        self.migrations = migrations
        self.publisher = publisher
        #: Jobs "Moving Host …" that end when the host arrives.
        self.open_jobs: dict[str, list[Entity]] = {}
        #: Hosts that wait for their last VM to leave.
        self.preparing: set[str] = set()
        for host in self.world.all("hosts"):
            if host.text("status") == "preparing_for_maintenance":
                self.preparing.add(host.id)
                self._plan_retry(host)
        self.world.on_change(self._changed)

    # -- what refuses

    def check(self, host: Entity, *, internal: bool = False, language: str = "en") -> None:
        """Raise what keeps the host from maintenance."""
        status = host.text("status")
        if status == "maintenance":
            raise refuse("MAINTENANCE_ALREADY", language=language)
        if status in ("down", "installing", "installing_os", "reboot", "kdumping", "initializing"):
            raise refuse("MAINTENANCE_NOT_OPERATIONAL", language=language)
        if status in ("non_responsive", "connecting") and self.world.referring("vms", "host", host.id):
            raise refuse("MAINTENANCE_NON_RESPONSIVE_VMS", language=language)
        if host.text("spm.status") == "contending":
            raise refuse("MAINTENANCE_SPM_CONTENDING", language=language)
        if host.text("spm.status") == "spm" and host.lab.get("spm_tasks"):
            raise refuse("MAINTENANCE_SPM_TASKS", language=language)
        operations = host.lab.get("running_operations")
        if operations:
            raise refuse(
                "MAINTENANCE_RUNNING_OPERATIONS",
                language=language,
                host=host.name,
                operations=", ".join(operations),
            )
        pinned = [vm.name for vm in non_migratable(self.world, host, internal=internal)]
        if pinned:
            raise refuse("MAINTENANCE_PINNED", language=language, hosts=host.name, vms=" , ".join(pinned))
        self._check_other_hosts(host, language)

    def _check_other_hosts(self, host: Entity, language: str) -> None:
        """VMs need another host that is up, the engine's own VM one that is able to run it."""
        vms = running_vms(self.world, host)
        others = [
            other
            for other in self.world.referring("hosts", "cluster", host.ref("cluster") or "")
            if other is not host and other.text("status") == "up"
        ]
        if any(is_hosted_engine(vm) for vm in vms) and not any(
            other.number("hosted_engine.score") > 0 for other in others
        ):
            raise refuse("MAINTENANCE_NO_HOSTED_ENGINE_HOST", language=language)
        if vms and not others and host.text("status") == "up":
            cluster = self.world.find("clusters", host.ref("cluster"))
            name = cluster.name if cluster is not None else ""
            raise refuse("MAINTENANCE_NO_OTHER_HOST", language=language, hosts=host.name, clusters=name)

    # -- the request

    def begin(
        self, host: Entity, *, user: Entity | None, correlation_id: str, reason: str
    ) -> EngineFault | None:
        """Evacuate the host, write its event, wait for the last VM to leave.

        Returns the fault that answers the request when not every VM can leave. The host prepares for
        maintenance all the same (recordings `evacuation-with-blocked-vms`, `maintenance-accepted-with-400`).
        """
        if host.text("status") == "preparing_for_maintenance":
            host.lab.setdefault("asked_again", []).append((user, correlation_id))
            return None
        if not reason:
            host.lab.pop("maintenance_reason", None)
        else:
            host.lab["maintenance_reason"] = reason
        was_spm = host.text("spm.status") == "spm"
        if host.lab.get("ha_flag_fails"):
            by = user if user is not None else SYSTEM
            self.publisher.publish(10452, host, by=by, correlation_id=correlation_id, host=host.name)
        self.world.update(host, {"status": "preparing_for_maintenance", "status_detail": reason or None})
        host.lab["preparing_since_s"] = self.world.clock.now_s
        fault = self._evacuate(host, user=user, correlation_id=correlation_id)
        self._say_switched(host, user, correlation_id, ok=fault is None)
        self.migrations.cancel_incoming(host)
        if was_spm:
            host.lab["was_spm"] = True
            self.world.set(host, "spm.status", "none")
            self.world.agenda.after(SPM_RELEASE_S, lambda: self._spm_leaves(host), "SPM leaves")
        self._plan_retry(host)
        self._maybe_arrive(host)
        return fault

    def _spm_leaves(self, host: Entity) -> None:
        hand_over_spm(self.world, self.publisher, host)

    def _say_switched(self, host: Entity, user: Entity | None, correlation_id: str, *, ok: bool) -> None:
        reason = str(host.lab.get("maintenance_reason", ""))
        code = (600 if reason else 620) if ok else 602
        by = user if user is not None else SYSTEM
        self.publisher.publish(
            code, host, by=by, correlation_id=correlation_id, host=host.name, reason=reason
        )

    def _evacuate(self, host: Entity, *, user: Entity | None, correlation_id: str) -> EngineFault | None:
        """Start moving the VMs of a host; the fault tells that some cannot leave."""
        jobs = self.engine.jobs
        job = jobs.start(f"Moving Host {host.name} to Maintenance", owner=user, correlation_id=correlation_id)
        jobs.step(job, "Validating", "validating", status="finished")
        executing = jobs.step(job, "Executing", "executing")
        vms = [vm for vm in running_vms(self.world, host) if vm.id not in self.migrations.active]
        if not vms:
            self._keep_open(host, job)
            return None
        several = jobs.step(job, "Migrating multiple VMs", "unknown", parent=executing)
        fault, leaving = self._sort_out(host, vms)
        status = "finished" if leaving else "failed"
        jobs.step(job, "Validating", "validating", status=status, parent=several)
        if leaving:
            inner = jobs.step(job, "Executing", "executing", parent=several)
            for vm in leaving:
                fault = self._send_away(host, vm, user, job, inner) or fault
        if fault is not None:
            jobs.end(job, "failed")
        else:
            self._keep_open(host, job)
        return fault

    def _sort_out(self, host: Entity, vms: list[Entity]) -> tuple[EngineFault | None, list[Entity]]:
        """The VMs that some host takes; and the fault, unless those are all.

        Engine: MigrateMultipleVmsCommand. A VM that must not migrate keeps all of them. If no VM has a host,
        the refusal names the filters, with the values of the first one in every line. If only some have
        none, the others leave and the answer is 400 without a text.
        """
        key = next(filter(None, (immovable(self.world, vm) for vm in vms)), None)
        if key is not None:
            return refuse(key), []
        leaving: list[Entity] = []
        refusals: list[list[FilteredOut]] = []
        for vm in vms:
            passing, refused = self.scheduler.filter_hosts(
                vm, self.scheduler.candidates(vm, without={host.id})
            )
            if passing:
                leaving.append(vm)
            else:
                refusals.append(refused)
        if not refusals:
            return None, leaving
        if leaving:
            return EngineFault(400, "[]"), leaving
        first = next((refused[0].sentence() for refused in refusals if refused), "")
        lines: list[str] = []
        for refused in refusals:
            lines += [message("MAINTENANCE_NO_HOST_FITS"), *[first] * len(refused)]
        return EngineFault(409, f"[{', '.join(lines)}]"), []

    def _keep_open(self, host: Entity, job: Entity) -> None:
        self.open_jobs.setdefault(host.id, []).append(job)

    def _send_away(
        self, host: Entity, vm: Entity, user: Entity | None, job: Entity, inner: Entity
    ) -> EngineFault | None:
        """Start one migration; a VM that finds no room among those before it stays without a fault."""
        jobs = self.engine.jobs
        passing = self.scheduler.passing(vm, without={host.id})
        if not passing:
            return None
        step = jobs.step(job, f"Migrating VM {vm.name} from Host {host.name}", "unknown", parent=inner)
        locked = self._is_locked(vm)
        jobs.step(job, "Validating", "validating", status="failed" if locked else "finished", parent=step)
        if locked:
            jobs.end_step(step, "failed")
            return refuse("MIGRATE_RELATED_OPERATION")
        jobs.step(job, "Executing", "executing", parent=step)
        self.migrations.start_own(vm, self.scheduler.choose(vm, passing), user=user)
        return None

    def _is_locked(self, vm: Entity) -> bool:
        snapshots = self.world.children(vm, "snapshots")
        return bool(vm.lab.get("locked")) or any(
            entry.text("snapshot_status") == "locked" for entry in snapshots
        )

    # -- arriving

    def _changed(self, entity: Entity, member: str) -> None:
        """A VM has left some host: perhaps it was the last one."""
        if entity.place == "hosts" and member in ("status", ""):
            preparing = member == "status" and entity.text("status") == "preparing_for_maintenance"
            (self.preparing.add if preparing else self.preparing.discard)(entity.id)
        elif entity.place == "vms" and self.preparing and member in ("host", "status", ""):
            for host_id in sorted(self.preparing):
                host = self.world.find("hosts", host_id)
                if host is not None:
                    self._maybe_arrive(host)

    def _maybe_arrive(self, host: Entity) -> None:
        if host.lab.get("arriving") or not self._is_empty(host):
            return
        host.lab["arriving"] = True
        self.world.agenda.after(ARRIVAL_S, lambda: self._arrive(host), f"maintenance of {host.name}")

    def _is_empty(self, host: Entity) -> bool:
        return not self.world.referring("vms", "host", host.id) and not self.migrations.copies.involving(
            host.id
        )

    def _arrive(self, host: Entity) -> None:
        host.lab.pop("arriving", None)
        if host.text("status") != "preparing_for_maintenance" or not self._is_empty(host):
            return
        if host.lab.get("was_spm") and not hand_over_spm(self.world, self.publisher, host):
            return
        for job in self.open_jobs.pop(host.id, []):
            self.engine.jobs.end(job, "finished")
        self.migrations.loads.enters_maintenance(host)
        self.world.set(host, "status", "maintenance")
        for user, correlation_id in host.lab.pop("asked_again", ()):
            self._say_switched(host, user, correlation_id, ok=True)

    # -- the engine's own retry

    def _plan_retry(self, host: Entity) -> None:
        since_s = host.lab.get("preparing_since_s")
        self.world.agenda.after(
            RETRY_S, lambda: self._retry(host, since_s), f"retry maintenance of {host.name}"
        )

    def _retry(self, host: Entity, since_s: object) -> None:
        if host.text("status") != "preparing_for_maintenance" or host.lab.get("preparing_since_s") != since_s:
            return
        self._plan_retry(host)
        still_moving = any(
            vm.id in self.migrations.active for vm in self.world.referring("vms", "host", host.id)
        )
        if still_moving:
            return
        own_id = self.publisher.own_correlation_id()
        try:
            self.check(host, internal=True)
        except EngineFault as refused:
            self.publisher.publish(14001, by=SYSTEM, correlation_id=own_id, refusal=refused.detail[1:-1])
            return
        if self._evacuate(host, user=None, correlation_id=own_id) is not None:
            self.publisher.publish(17, host, by=SYSTEM, correlation_id=own_id, host=host.name)

    # -- coming back

    def cancel(self, host: Entity) -> None:
        """The host is activated: nothing of its maintenance goes on; VMs on their way keep going."""
        for job in self.open_jobs.pop(host.id, []):
            self.engine.jobs.end(job, "failed")
        host.lab.pop("asked_again", None)
        host.lab.pop("maintenance_reason", None)

    def forget(self) -> None:
        """The engine stops: open jobs are gone; hosts that were preparing still are."""
        self.open_jobs.clear()


def hand_over_spm(world: World, publisher: EventPublisher, host: Entity) -> bool:
    """Another host of the data center becomes storage pool manager; False when there is none."""
    cluster = world.find("clusters", host.ref("cluster"))
    center = world.find("datacenters", cluster.ref("data_center")) if cluster else None
    if center is None or (host.text("spm.status") != "spm" and not host.lab.pop("was_spm", False)):
        return True
    successor = _successor(world, center, host)
    if successor is None:
        return not _needs_spm(world, center)
    world.set(host, "spm.status", "none")
    world.set(successor, "spm.status", "contending")
    before = center.text("status")
    world.set(center, "status", "problematic")
    own_id = publisher.own_correlation_id()
    event = publisher.publish(980, center, by=SYSTEM, correlation_id=own_id, data_center=center.name)
    if event is not None:  # recorded: by then the engine no longer knows which host it was
        world.set(event, "host", {"name": "Unavailable"})

    def taken() -> None:
        world.set(center, "status", before)
        if successor.text("spm.status") == "contending":
            world.set(successor, "spm.status", "spm")
            address = successor.text("address") or successor.name
            event = publisher.publish(204, host=address, address=address, data_center=center.name)
            if event is not None:  # recorded: a name without an id
                world.set(event, "host", {"name": address})

    world.agenda.after(SPM_TAKEN_S, taken, "SPM taken")
    return True


def _successor(world: World, center: Entity, host: Entity) -> Entity | None:
    up = [
        other
        for cluster in world.referring("clusters", "data_center", center.id)
        for other in world.referring("hosts", "cluster", cluster.id)
        if other is not host and other.text("status") == "up"
    ]
    up.sort(key=lambda other: (-other.number("spm.priority"), other.name))
    return facts_of(world).storage_pool_manager(center, up) or next(iter(up), None)


def _needs_spm(world: World, center: Entity) -> bool:
    return text_at(center.attrs, "status") == "up" and bool(world.children(center, "storagedomains"))


def refusal_text(refused: EngineFault) -> str:
    """The reason of a refusal in event 14001."""
    return refused.detail.removeprefix("[").removesuffix("]") or message("INTERNAL_ERROR")
