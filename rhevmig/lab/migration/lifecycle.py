"""A migration as the engine sees it: started, tried again elsewhere, ended, with its events and its job.

The engine's part ends with an engine restart; the hosts' part (`copying`) does not. A migration with a
named host fails for good at once (event 120). One without goes on to another host, three at most
(events 128 and 62 again), and gives up with 65, or 166 and 65 when no host is left.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rhevmig.lab.migration.memory_transfer import Copies, Copy, Ended, show_progress
from rhevmig.lab.scheduling.scheduler import EngineScheduler
from rhevmig.lab.state.attribute_values import ref
from rhevmig.lab.state.event_publisher import SYSTEM, EventPublisher, duration_words
from rhevmig.lab.state.host_load import HostLoads
from rhevmig.lab.state.store import Entity, World

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

#: Hosts that one request without a host tries (MaxRerunVmOnVdsCount).
MAX_HOSTS = 3
#: Seconds for which a VM shows `up` on its source between two tries.
RERUN_GAP_S = 0.1
#: Seconds after which the engine sees a cancelled VM as up again (recorded: about three).
CANCEL_SEEN_S = 3.0
#: Seconds for which a VM shows `migrating` on its destination (recorded: less than a quarter of one).
HANDOVER_S = 0.2


_MOVABLE = frozenset(("up", "powering_up", "paused", "reboot_in_progress"))


def immovable(world: World, vm: Entity) -> str | None:
    """The key of the refusal of a VM whose status does not allow a migration."""
    status = vm.text("status")
    if status == "migrating":
        return "MIGRATE_IN_PROGRESS"
    if status == "not_responding":
        return "MIGRATE_NOT_RESPONDING"
    if status == "paused" and vm.text("status_detail") == "eio":
        return "MIGRATE_PAUSED_EIO"
    if status not in _MOVABLE or world.find("hosts", vm.ref("host")) is None:
        return "MIGRATE_NOT_RUNNING"
    return None


@dataclass(eq=False)
class Migration:
    """One request to move one VM."""

    vm: Entity
    source: Entity
    destination: Entity
    _: KW_ONLY
    #: A host was requested: it is that one or none.
    named: bool
    correlation_id: str
    #: None is the engine itself.
    user: Entity | None
    #: Started by the engine (maintenance, closure, balancing): event 67 instead of 62.
    internal: bool = False
    reason: str = ""
    job: Entity | None = None
    #: The step "Executing" that ends with this try.
    step: Entity | None = None
    #: The cluster the VM moves into, when it is another one.
    cluster: Entity | None = None
    tried: list[str] = field(default_factory=list)
    began_s: float = 0.0

    @property
    def who(self) -> Entity | str:
        """The user in its events."""
        return self.user if self.user is not None else SYSTEM


class Migrations:
    """All migrations that the engine knows of."""

    def __init__(
        self,
        engine: EngineState,
        scheduler: EngineScheduler,
        loads: HostLoads,
        copies: Copies,
        publisher: EventPublisher,
    ) -> None:
        self.engine = engine
        self.world = engine.world
        self.scheduler = scheduler
        self.loads = loads
        self.copies = copies
        self.publisher = publisher
        self.active: dict[str, Migration] = {}
        copies.on_vanish = self._vanished

    # -- starting

    def start(self, migration: Migration) -> None:
        """The engine has decided: the VM is `migrating` from this instant."""
        migration.began_s = self.world.clock.now_s
        migration.tried.append(migration.destination.id)
        self.active[migration.vm.id] = migration
        migration.vm.lab["status_before"] = migration.vm.text("status")
        self._depart(migration)

    def start_own(
        self, vm: Entity, destination: Entity, *, user: Entity | None = None, reason: str = ""
    ) -> None:
        """The engine moves a VM by itself, with its own correlation id (event 67)."""
        source = self.world.find("hosts", vm.ref("host"))
        assert source is not None
        own_id = self.publisher.own_correlation_id()
        self.start(
            Migration(
                vm,
                source,
                destination,
                named=True,
                correlation_id=own_id,
                user=user,
                internal=True,
                reason=reason,
            )
        )

    def _depart(self, migration: Migration) -> None:
        vm, destination = migration.vm, migration.destination
        vm.lab["heading_to"] = destination.id
        self.loads.reserve(vm, destination)
        self.world.set(vm, "status", "migrating")
        show_progress(self.world, vm, 0)
        self._publish(migration, 67 if migration.internal else 62, reason=migration.reason)
        self.copies.start(Copy(vm, migration.source, destination, self._copied))

    # -- ending

    def _copied(self, copy: Copy, ended: Ended) -> None:
        """A copy is over on the hosts; the engine may know of it or not."""
        copy.vm.lab.pop("heading_to", None)
        migration = self.active.get(copy.vm.id)
        if not ended.arrived:
            self.loads.release(copy.vm, copy.destination)
        if ended.arrived:
            self._arrived(copy, ended, migration)
        elif ended.lost:
            self._lost(copy, ended, migration)
        elif migration is None:
            self._back(copy.vm)
        else:
            self._failed(migration, ended)

    def _arrived(self, copy: Copy, ended: Ended, migration: Migration | None) -> None:
        """The source has let the VM go: it is on its destination, and up there a moment later."""
        changes: dict[str, object] = {"host": ref(copy.destination.id)}
        show_progress(self.world, copy.vm, 100)
        copy.vm.lab["direction"] = "migratingto"
        self.world.update(copy.vm, changes)
        self.loads.release(copy.vm, copy.destination)
        act = partial(self._up, copy, ended)
        self.world.agenda.after(HANDOVER_S, act, f"handover of {copy.vm.name}")

    def _up(self, copy: Copy, ended: Ended) -> None:
        """The VM runs on its destination."""
        vm, migration = copy.vm, self.active.get(copy.vm.id)
        vm.lab.pop("direction", None)
        changes: dict[str, object] = {}
        if vm.text("status") == "migrating":
            changes["status"] = vm.lab.pop("status_before", "up")
        if migration is not None and migration.cluster is not None:
            changes |= self._moved_into(migration.cluster)
        self.world.update(vm, changes)
        if migration is None:
            return
        del self.active[vm.id]
        now_s = self.world.clock.now_s
        total_s = now_s - migration.began_s if ended.total_s is None else ended.total_s
        duration_s = total_s if ended.duration_s is None else ended.duration_s
        is_unknown = ended.downtime_ms is None or vm.lab.pop("downtime_unknown", False)
        self._publish(
            migration,
            63,
            duration=duration_words(duration_s),
            total=duration_words(total_s),
            downtime="(N/A)" if is_unknown else f"{ended.downtime_ms}ms",
        )
        nics = vm.lab.pop("nics_not_replugged", None)
        if nics:
            self.publisher.publish(12003, vm, by=SYSTEM, vm=vm.name, nics=nics)
        self._conclude(migration, arrived=True)

    def _moved_into(self, cluster: Entity) -> dict[str, object]:
        changes: dict[str, object] = {"cluster": ref(cluster.id)}
        profile = next(iter(self.world.children(cluster, "cpuprofiles")), None)
        if profile is not None:
            changes["cpu_profile"] = ref(profile.id)
        return changes

    def _back(self, vm: Entity) -> None:
        """The engine sees the VM running on its source again."""
        if vm.text("status") == "migrating":
            show_progress(self.world, vm, 0)
            self.world.set(vm, "status", vm.lab.pop("status_before", "up"))

    def _lost(self, copy: Copy, ended: Ended, migration: Migration | None) -> None:
        """A post-copy broke: neither side has the VM."""
        vm = copy.vm
        vm.lab.pop("status_before", None)
        self.world.update(vm, {"status": "down", "host": None})
        if migration is not None:
            del self.active[vm.id]
            self._publish(migration, 120 if migration.named else 65, error=_because(ended.error))
        self.publisher.publish(119, vm, copy.source, message=ended.error, vm=vm.name)
        if migration is not None:
            self._conclude(migration, arrived=False)

    def _failed(self, migration: Migration, ended: Ended) -> None:
        vm = migration.vm
        was_paused = vm.lab.get("status_before") == "paused"
        self._back(vm)
        if migration.named:
            self._publish(migration, 120, error=_because(ended.error))
            self._give_up(migration)
            return
        self._publish(migration, 128, error=_because(ended.error))
        if migration.step is not None:
            self.engine.jobs.end_step(migration.step, "failed")
            migration.step = None
        if len(migration.tried) < MAX_HOSTS and not was_paused:
            self.world.agenda.after(
                RERUN_GAP_S, lambda: self._rerun(migration, ended.error), f"rerun {vm.name}"
            )
            return
        self._publish(migration, 65, error=_because(ended.error))
        self._give_up(migration)

    def _rerun(self, migration: Migration, error: str) -> None:
        """Another host, if one is left."""
        vm = migration.vm
        if self.active.get(vm.id) is not migration or vm.text("status") in ("down", "unknown"):
            return
        without = {*migration.tried, migration.source.id}
        cluster_id = migration.cluster.id if migration.cluster else None
        candidates = self.scheduler.candidates(vm, cluster_id=cluster_id, without=without)
        passing, _ = self.scheduler.filter_hosts(vm, candidates)
        if migration.job is not None:
            self.engine.jobs.step(
                migration.job, "Validating", "validating", status="finished" if passing else "failed"
            )
        if not passing:
            self._publish(migration, 166)
            self._publish(migration, 65, error=_because(error))
            self._give_up(migration)
            return
        migration.destination = self.scheduler.choose(vm, passing)
        migration.tried.append(migration.destination.id)
        if migration.job is not None:
            migration.step = self.engine.jobs.step(migration.job, "Executing", "executing")
        vm.lab["status_before"] = vm.text("status")
        self._depart(migration)

    def _publish(self, migration: Migration, code: int, **values: object) -> None:
        """Write an event about a migration."""
        values |= {
            "vm": migration.vm.name,
            "source": migration.source.name,
            "destination": migration.destination.name,
        }
        about = (migration.vm, migration.source)
        self.publisher.publish(
            code, *about, by=migration.who, correlation_id=migration.correlation_id, **values
        )

    def _give_up(self, migration: Migration) -> None:
        self.active.pop(migration.vm.id, None)
        self._conclude(migration, arrived=False)

    def _conclude(self, migration: Migration, *, arrived: bool) -> None:
        if migration.job is not None:
            self.engine.jobs.end(migration.job, "finished" if arrived else "failed")

    def _vanished(self, copy: Copy) -> None:
        self.loads.release(copy.vm, copy.destination)
        copy.vm.lab.pop("heading_to", None)

    def abandon(self, vm: Entity) -> None:
        """The engine no longer waits for a migration whose source is gone."""
        migration = self.active.pop(vm.id, None)
        if migration is not None:
            self._conclude(migration, arrived=False)

    # -- cancelling

    def cancel(self, vm: Entity, *, user: Entity | None, correlation_id: str) -> bool:
        """The engine asks the source to stop; False when it is too late."""
        copy = self.copies.active.get(vm.id)
        migration = self.active.get(vm.id)
        if copy is None or copy.in_post_copy:
            return False
        source = copy.source
        self.active.pop(vm.id, None)
        before = vm.lab.get("status_before", "up")
        copy.on_end = lambda ended_copy, _: self._stopped(ended_copy, str(before))
        self.copies.cancel(vm.id)
        self.publisher.publish(
            161,
            vm,
            source,
            by=user if user is not None else SYSTEM,
            correlation_id=correlation_id,
            vm=vm.name,
            source=source.name,
        )
        if migration is not None:
            self._conclude(migration, arrived=False)
        return True

    def _stopped(self, copy: Copy, before: str) -> None:
        self.loads.release(copy.vm, copy.destination)
        copy.vm.lab.pop("heading_to", None)
        self.world.agenda.after(CANCEL_SEEN_S, lambda: self._back(copy.vm), f"cancelled {copy.vm.name}")

    def cancel_incoming(self, host: Entity) -> None:
        """A host goes into maintenance: what was on its way to it is stopped by its source."""
        for copy in [copy for copy in self.copies.active.values() if copy.destination.id == host.id]:
            self.copies.cancel(copy.vm.id)

    # -- the engine goes away

    def forget(self) -> None:
        """The engine stops: it no longer knows what it started; the hosts go on."""
        self.active.clear()


def _because(error: str) -> str:
    return f" due to an Error: {error}" if error else " "
