"""An engine for tests of the migration room: a port with time, faults and other people, all deterministic.

It is no simulation of oVirt (the lab is); it does what a test tells it to, and counts what it is asked.
Everything that happens is an item of `agenda` with a time, so a test can plant anything at any second.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rhevmig.clock import ManualClock
from rhevmig.errors import EngineError, EngineUnavailable
from rhevmig.inventory import Engine
from rhevmig.migration import (
    Accepted,
    ActAnswer,
    AnswerLost,
    EventFact,
    HostState,
    JobState,
    NotSent,
    Refused,
    TransferState,
    VmState,
)

CLUSTER = "cluster-1"
ENGINE = Engine(url="https://engine.test/ovirt-engine/api", instance_id="engine-1")


@dataclass
class FakeVm:
    id: str
    host: str
    status: str = "up"
    affinity: str = "migratable"
    cluster: str = CLUSTER


@dataclass
class Course:
    """How the next migration of a VM goes."""

    seconds: float = 20.0
    queued_s: float = 2.0
    error: str | None = None
    ends: str = "done"  # done | failed | down | broken | post_copy_loss | unknown | never
    lands_on: str | None = None
    downtime_ms: float | None = 74.0
    nic_trouble_s: float | None = None  # seconds from event 63 to 12003
    wrong_cluster: str | None = None
    paused: bool = False


@dataclass
class Moving:
    vm: str
    source: str
    destination: str
    correlation_id: str
    course: Course
    since: float
    named: bool
    tried: list[str] = field(default_factory=list)


class FakeEngine:
    """Implements `MigrationPort`; `acts` is every act that arrived, `requests` counts all requests."""

    def __init__(self, clock: ManualClock, *, hosts: Sequence[str] = ("h1", "h2", "h3")) -> None:
        self.clock = clock
        self.hosts = dict.fromkeys(hosts, "up")
        self.vms: dict[str, FakeVm] = {}
        self.courses: dict[str, list[Course]] = {}
        self.acts: list[tuple[str, str, str]] = []
        self.requests: list[str] = []
        self.answers: dict[str, list[str]] = {}
        self.refusals: dict[str, list[Refused]] = {}
        self.events: list[EventFact] = []
        self.jobs: dict[str, list[JobState]] = {}
        self.moving: dict[str, Moving] = {}
        self.agenda: list[tuple[float, int, str, tuple[Any, ...]]] = []
        self.counter = 0
        self.away: EngineError | None = None
        self.evacuation_fails: set[str] = set()
        #: hosts whose deactivation is refused and begins all the same
        self.refused_but_begun: set[str] = set()
        self.reads_without_host = False
        self.max_out: dict[str, int] = {}
        self.max_in: dict[str, int] = {}
        self.index = 100
        self.transfers: list[TransferState] = []
        self.tied: list[tuple[str, ...]] = []
        self.skipped: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """A clock holds a lock; its seconds can be put aside."""
        return {**self.__dict__, "clock": self.clock.monotonic()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        clock = ManualClock()
        clock.advance(state["clock"])
        self.__dict__.update({**state, "clock": clock})

    # ── set-up ───────────────────────────────────────────────────────────────────────────────────

    def add(self, vm_id: str, host: str = "h1", **values: Any) -> FakeVm:
        self.vms[vm_id] = FakeVm(id=vm_id, host=host, **values)
        return self.vms[vm_id]

    def plan_course(self, vm_id: str, *courses: Course) -> None:
        self.courses.setdefault(vm_id, []).extend(courses)

    def at(self, seconds: float, what: str, *args: Any) -> None:
        """Plants something: the name of a method, with its arguments, after so many seconds."""
        self.counter += 1
        heapq.heappush(self.agenda, (self.clock.monotonic() + seconds, self.counter, what, args))

    def posts(self, act: str = "migrate", target: str | None = None) -> int:
        return sum(a == act and target in (None, t) for a, t, _ in self.acts)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def catch_up(self) -> None:
        now = self.clock.monotonic()
        while self.agenda and self.agenda[0][0] <= now:
            _, _, what, args = heapq.heappop(self.agenda)
            getattr(self, what)(*args)

    def event(self, code: int, vm: str | None = None, **values: Any) -> None:
        self.index += 1
        text = values.pop("description", f"event {code} of {vm}")
        self.events.append(
            EventFact(
                index=self.index, code=code, time=self.clock.now(), vm_id=vm, description=text, **values
            )
        )

    # ── what a test may plant ────────────────────────────────────────────────────────────────────

    def go_away(self, error: EngineError | None = None) -> None:
        self.away = error or EngineUnavailable(method="GET", path="/api", status_code=503)

    def come_back(self) -> None:
        self.away = None

    def restart(self) -> None:
        """What a restarted engine has forgotten: jobs, and to write event 63 of what was under way."""
        self.jobs.clear()
        for moving in self.moving.values():
            moving.correlation_id = ""

    def set_vm(self, vm_id: str, **values: Any) -> None:
        for name, value in values.items():
            setattr(self.vms[vm_id], name, value)

    def set_affinity(self, vm_id: str, affinity: str) -> None:
        self.vms[vm_id].affinity = affinity

    def put_vm(self, vm_id: str, host: str, status: str) -> None:
        """The VM turns up somewhere, and no event says how."""
        self.moving.pop(vm_id, None)
        self.set_vm(vm_id, host=host, status=status)

    def remove_vm(self, vm_id: str) -> None:
        del self.vms[vm_id]
        self.moving.pop(vm_id, None)

    def set_host(self, name: str, status: str) -> None:
        self.hosts[name] = status

    def other_moves(self, vm_id: str, destination: str, code: int = 67, seconds: float = 5.0) -> None:
        """The balancer, or a person, moves a VM."""
        self._begin(vm_id, destination, f"other{self.index}", Course(seconds=seconds), code=code, named=True)

    def other_cancels(self, vm_id: str) -> None:
        self._cancel(vm_id, "someone-elses-id", user="bob@internal")

    # ── readings ─────────────────────────────────────────────────────────────────────────────────

    def _read(self, name: str) -> None:
        self.requests.append(name)
        self.catch_up()
        if self.away is not None:
            raise self.away

    def identity(self) -> Engine:
        self._read("identity")
        return ENGINE

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        self._read("watch")
        return {vm_id: self._state(self.vms[vm_id]) for vm_id in vm_ids if vm_id in self.vms}

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        self._read("vms_on")
        return tuple(
            self._state(vm) for vm in self.vms.values() if vm.host == host_id and vm.status != "down"
        )

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        found = {}
        for vm_id in vm_ids:
            self._read("progress")
            moving = self.moving.get(vm_id)
            if moving is not None:
                copied_s = self.clock.monotonic() - moving.since - moving.course.queued_s
                length_s = max(0.1, moving.course.seconds - moving.course.queued_s)
                found[vm_id] = round(max(0.0, min(99.0, 100 * copied_s / length_s)))
        return found

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        self._read("host_states")
        return {
            name: HostState(host_id=name, name=f"host-{name}", status=status, cluster_id=CLUSTER)
            for name, status in self.hosts.items()
            if name in host_ids
        }

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        self._read("jobs_of")
        return tuple(self.jobs.get(correlation_id, ()))

    def transfers_on(self, host_id: str) -> tuple[TransferState, ...]:
        self._read("transfers_on")
        return tuple(item for item in self.transfers if item.host_id == host_id)

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        self._read("events_of")
        return tuple(e for e in self.events if e.correlation_id == correlation_id)

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        self._read("events_since")
        return tuple(e for e in self.events if e.index > index)

    def event_index(self) -> int:
        self._read("event_index")
        return self.index

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────

    def migrate(
        self,
        vm_id: str,
        *,
        correlation_id: str,
        destination_host_id: str | None = None,
        cluster_id: str | None = None,
        force: bool = False,
        affinity_closure: bool = False,
    ) -> ActAnswer:
        def act() -> ActAnswer:
            if affinity_closure:
                return self._migrate_together(vm_id, destination_host_id, force)
            return self._migrate(vm_id, correlation_id, destination_host_id, force)

        return self._act("migrate", vm_id, correlation_id, act)

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        return self._act("cancel", vm_id, correlation_id, lambda: self._cancel(vm_id, correlation_id))

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        return self._act(
            "deactivate", host_id, correlation_id, lambda: self._deactivate(host_id, correlation_id)
        )

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        return self._act("activate", host_id, correlation_id, lambda: self._activate(host_id, correlation_id))

    def _act(self, name: str, target: str, correlation_id: str, act: Callable[[], ActAnswer]) -> ActAnswer:
        """Sends an act; `answers` says what becomes of the request and of its answer."""
        self.requests.append(name)
        self.catch_up()
        queue = self.answers.get(f"{name} {target}") or self.answers.get(name) or ["ok"]
        fate = queue.pop(0) if queue is not None and len(queue) else "ok"
        if fate == "not_sent" or (self.away is not None and fate == "ok"):
            return NotSent(detail="connection refused")
        self.acts.append((name, target, correlation_id))
        if fate == "lost_undone":
            return AnswerLost(detail="operation timed out")
        answer = act()
        return AnswerLost(detail="HTML instead of an answer (503)") if fate == "lost_done" else answer

    # ── how it works inside ──────────────────────────────────────────────────────────────────────

    def _state(self, vm: FakeVm) -> VmState:
        host = None if self.reads_without_host or vm.status == "down" else vm.host
        return VmState(
            vm_id=vm.id,
            name=vm.id,
            status=vm.status,
            host_id=host,
            cluster_id=vm.cluster,
            affinity=vm.affinity,
        )

    def _migrate(self, vm_id: str, correlation_id: str, destination: str | None, force: bool) -> ActAnswer:
        refusal = self._refusal(vm_id, destination, force)
        if refusal is not None:
            self._job(correlation_id, vm_id, "failed")
            if "is being migrated" not in refusal.detail:
                self.event(65, vm_id, correlation_id=correlation_id, error=refusal.detail)
            return refusal
        vm = self.vms[vm_id]
        choice = destination or self._choose(vm, [])
        course = (self.courses.get(vm_id) or [Course()]).pop(0)
        self._job(correlation_id, vm_id, "started")
        self._begin(vm_id, choice, correlation_id, course, code=62, named=destination is not None)
        return Accepted(job_id=f"job-{correlation_id}")

    def _migrate_together(self, vm_id: str, destination: str | None, force: bool) -> ActAnswer:
        """No job, and events under ids of the engine's own."""
        group = next(group for group in self.tied if vm_id in group)
        for number, member in enumerate(group):
            refusal = self._refusal(member, destination, force)
            if refusal is not None:
                return refusal
            if member in self.skipped:
                continue
            choice = destination or self._choose(self.vms[member], [])
            course = (self.courses.get(member) or [Course()]).pop(0)
            self._begin(member, choice, f"{self.index:08x}{number}", course, code=67, named=True)
        return Accepted()

    def _refusal(self, vm_id: str, destination: str | None, force: bool) -> Refused | None:
        planted = self.refusals.get(vm_id)
        if planted:
            return planted.pop(0)
        vm = self.vms.get(vm_id)
        if vm is None:
            return Refused(status_code=400, detail="[Cannot migrate VM. VM is not found.]")
        if vm_id in self.moving:
            return Refused(status_code=409, detail=f"[Cannot migrate VM. VM {vm_id} is being migrated.]")
        if vm.affinity == "pinned":
            return Refused(status_code=409, detail="[Cannot migrate VM. VM is pinned to Host.]")
        if vm.affinity == "user_migratable" and not force:
            text = "VM is non migratable and user did not specify the force-migration flag"
            return Refused(status_code=409, detail=f"[Cannot migrate VM. {text}]")
        if vm.status == "down":
            return Refused(status_code=409, detail="[Cannot migrate VM. VM is not running.]")
        others = [h for h, status in self.hosts.items() if status == "up" and h != vm.host]
        if destination is not None:
            others = [h for h in others if h == destination]
        if not others:
            text = "There are no hosts to use. Check that the cluster contains at least one host in Up state."
            return Refused(status_code=400, detail=f"[{text}]")
        return None

    def _choose(self, vm: FakeVm, tried: Sequence[str]) -> str:
        return next(h for h, s in self.hosts.items() if s == "up" and h != vm.host and h not in tried)

    def _job(self, correlation_id: str, vm_id: str, status: str) -> None:
        if correlation_id:
            jobs = self.jobs.setdefault(correlation_id, [])
            jobs[:] = [
                JobState(job_id=f"job-{correlation_id}", status=status, description=f"Migrating VM {vm_id}")
            ]

    def _begin(
        self, vm_id: str, destination: str, correlation_id: str, course: Course, *, code: int, named: bool
    ) -> None:
        vm = self.vms[vm_id]
        vm.status = "migrating"
        moving = Moving(vm_id, vm.host, destination, correlation_id, course, self.clock.monotonic(), named)
        moving.tried = [*(self.moving[vm_id].tried if vm_id in self.moving else []), destination]
        self.moving[vm_id] = moving
        self._count_traffic()
        self.event(
            code,
            vm_id,
            correlation_id=correlation_id,
            source_host=f"host-{vm.host}",
            destination_host=f"host-{destination}",
            user="admin@internal" if code == 62 else None,
            reason="Load balancing" if code == 67 else None,
        )
        if course.ends != "never":
            self.at(course.seconds, "_end", vm_id, self.counter + 1)
            moving.since = self.clock.monotonic()
            moving.end_id = self.counter  # type: ignore[attr-defined]

    def _count_traffic(self) -> None:
        for host in self.hosts:
            out = sum(m.source == host for m in self.moving.values())
            into = sum(m.destination == host for m in self.moving.values())
            self.max_out[host] = max(self.max_out.get(host, 0), out)
            self.max_in[host] = max(self.max_in.get(host, 0), into)

    def _end(self, vm_id: str, end_id: int) -> None:
        moving = self.moving.get(vm_id)
        if moving is None or getattr(moving, "end_id", None) != end_id:
            return
        course, vm = moving.course, self.vms[vm_id]
        if course.ends == "failed":
            self._fail(moving)
        elif course.ends == "down":
            self.event(64, vm_id, error="Lost connection with qemu process", source_host=moving.source)
            self.at(5.0, "_go_down", vm_id)
        elif course.ends == "broken":
            del self.moving[vm_id]
            vm.status, vm.host = "paused", moving.destination
            self.event(120, vm_id, correlation_id=moving.correlation_id, error="post-copy failed")
            self._job(moving.correlation_id, vm_id, "failed")
        elif course.ends == "post_copy_loss":
            self.event(120, vm_id, correlation_id=moving.correlation_id, error="post-copy failed")
            self._go_down(vm_id)
        elif course.ends == "unknown":
            del self.moving[vm_id]
            vm.status = "unknown"
        else:
            self._arrive(moving)

    def _go_down(self, vm_id: str) -> None:
        moving = self.moving.pop(vm_id)
        self.vms[vm_id].status = "down"
        self.event(119, vm_id, description=f"VM {vm_id} is down with error. Exit message: qemu exited.")
        self._job(moving.correlation_id, vm_id, "failed")

    def _arrive(self, moving: Moving) -> None:
        course, vm = moving.course, self.vms[moving.vm]
        del self.moving[moving.vm]
        vm.host, vm.status = course.lands_on or moving.destination, "paused" if course.paused else "up"
        vm.cluster = course.wrong_cluster or vm.cluster
        if moving.correlation_id:
            self.event(
                63,
                moving.vm,
                correlation_id=moving.correlation_id,
                source_host=f"host-{moving.source}",
                destination_host=f"host-{vm.host}",
                duration_s=course.seconds - course.queued_s,
                total_s=course.seconds,
                downtime_ms=course.downtime_ms,
            )
            self._job(moving.correlation_id, moving.vm, "finished")
        if course.nic_trouble_s is not None:
            self.at(course.nic_trouble_s, "event", 12003, moving.vm)
            self.catch_up()
        self._settle_hosts()

    def _fail(self, moving: Moving) -> None:
        vm, error = self.vms[moving.vm], moving.course.error or "migration out job: unexpectedly failed"
        vm.status = "up"
        about = {
            "correlation_id": moving.correlation_id,
            "error": error,
            "source_host": f"host-{moving.source}",
        }
        if moving.named:
            del self.moving[moving.vm]
            self.event(120, moving.vm, destination_host=f"host-{moving.destination}", **about)
        else:
            self.event(128, moving.vm, destination_host=f"host-{moving.destination}", **about)
            others = [h for h, s in self.hosts.items() if s == "up" and h not in (vm.host, *moving.tried)]
            if others and len(moving.tried) < 3:
                course = (self.courses.get(moving.vm) or [Course()]).pop(0)
                self._begin(moving.vm, others[0], moving.correlation_id, course, code=62, named=False)
                return
            del self.moving[moving.vm]
            self.event(65, moving.vm, **about)
        self._job(moving.correlation_id, moving.vm, "failed")

    def _cancel(self, vm_id: str, correlation_id: str, user: str = "admin@internal") -> ActAnswer:
        moving = self.moving.pop(vm_id, None)
        if moving is None:
            return Refused(status_code=409, detail="[Cannot cancel migration for non migrating VM.]")
        self.vms[vm_id].status = "up"
        self.event(161, vm_id, correlation_id=correlation_id, source_host=f"host-{moving.source}", user=user)
        self._job(moving.correlation_id, vm_id, "failed")
        return Accepted()

    def _deactivate(self, host: str, correlation_id: str) -> ActAnswer:
        if self.hosts[host] == "maintenance":
            text = "Cannot switch Host to Maintenance mode. Host is already in Maintenance mode."
            return Refused(status_code=409, detail=f"[{text}]")
        staying = [vm for vm in self.vms.values() if vm.host == host and vm.status != "down"]
        pinned = [vm.id for vm in staying if vm.affinity == "pinned"]
        if host in self.refused_but_begun:
            self.event(602, host_id=host, correlation_id=correlation_id)
            self.hosts[host] = "preparing_for_maintenance"
            return Refused(status_code=400, detail="[]")
        if pinned:
            text = "One or more running VMs are indicated as non-migratable. The non-migratable VMs are: "
            return Refused(status_code=409, detail=f"[{text}{', '.join(pinned)}.]")
        self.event(600, host_id=host, correlation_id=correlation_id)
        self.hosts[host] = "preparing_for_maintenance"
        for number, vm in zip(itertools.count(), staying, strict=False):
            if vm.id not in self.moving:
                ends = "failed" if vm.id in self.evacuation_fails else "done"
                course = Course(seconds=5.0, ends=ends)
                self._begin(
                    vm.id, self._choose(vm, []), f"{self.index:08x}{number}", course, code=67, named=True
                )
        self._settle_hosts()
        return Accepted()

    def _settle_hosts(self) -> None:
        for host, status in self.hosts.items():
            empty = not any(vm.host == host and vm.status != "down" for vm in self.vms.values())
            if status == "preparing_for_maintenance" and empty and not self.transfers:
                self.at(3.0, "set_host", host, "maintenance")

    def _activate(self, host: str, correlation_id: str) -> ActAnswer:
        if self.hosts[host] == "up":
            return Refused(status_code=409, detail="[Cannot activate Host. Host in Up status.]")
        self.event(16, host_id=host, correlation_id=correlation_id)
        self.hosts[host] = "unassigned"
        self.at(8.0, "set_host", host, "up")
        return Accepted(job_id=f"job-{correlation_id}")
