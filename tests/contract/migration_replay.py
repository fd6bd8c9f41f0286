"""A port that answers from a recorded timeline: what the engine said, when it said it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from rhevmig.clock import ManualClock
from rhevmig.inventory import Engine
from rhevmig.migration import Accepted, ActAnswer, EventFact, HostState, JobState, Options, Timing, VmState
from rhevmig.migration.port import TransferState
from rhevmig.planning import Move, Plan, PlanHost
from tests.contract.migration_recordings import Post, Recording

T = TypeVar("T")
ENGINE = Engine(url="https://engine.lab.example/ovirt-engine/api")


class ReplayPort:
    """Implements `MigrationPort` over a recording; our ids stand where the recorded ones stood.

    The recorded requests that follow an act in time are what the engine answers, whoever asked; an act is
    answered by the next recorded act on the same VM or host, and its time is when that one was answered.
    """

    def __init__(self, recording: Recording, *posts: Post, only_migrating: bool = False) -> None:
        self.recording = recording
        #: only VMs that migrate were listed: one that has left the list has arrived as its event 63 says
        self.only_migrating = only_migrating
        self.clock = ManualClock(posts[0].at - timedelta(seconds=1))
        self.pending = list(posts)
        self.ids: dict[str, str] = {}
        self.acts: list[str] = []

    def options(self, **values: object) -> Options:
        """Looks once a second, for the recorded hypervisors were fast."""
        return Options(retries=0, timing=Timing(poll_s=1.0, blocked_wait_s=0.0), **values)  # type: ignore[arg-type]

    def plan(self, *posts: Post, kind: str = "migrate", host_id: str | None = None) -> Plan:
        """The plan that these recorded requests were part of."""
        return Plan(
            kind=kind,  # type: ignore[arg-type]
            created_at=self.clock.now(),
            engine=ENGINE,
            host_id=host_id,
            moves=tuple(self._move(number, post) for number, post in enumerate(posts, 1)),
            hosts=tuple(
                PlanHost(host_id=key, name=name, cluster_id="", max_outgoing=99, max_incoming=99)
                for key, name in self.recording.host_names.items()
            ),
        )

    def _move(self, number: int, post: Post) -> Move:
        vm = self._latest(self.recording.vms[post.target], post.at) or self.recording.vms[post.target][0][1]
        return Move(
            number=number,
            vm_id=post.target,
            vm_name=vm.name or "",
            cluster_id=vm.cluster_id or "",
            source_host_id=vm.host_id or "",
            destination_host_id=self._host_id(post.named_host),
            force=post.force,
            status="up" if vm.status == "migrating" else vm.status,
        )

    def _host_id(self, name_or_id: str | None) -> str | None:
        names = {name: key for key, name in self.recording.host_names.items()}
        return names.get(name_or_id or "", name_or_id)

    def _latest(self, timeline: Sequence[tuple[datetime, T]], at: datetime) -> T | None:
        past = [value for when, value in timeline if when <= at]
        return past[-1] if past else None

    def _own(self, event: EventFact) -> EventFact:
        ours = self.ids.get(event.correlation_id or "", event.correlation_id)
        return msgspec.structs.replace(event, correlation_id=ours)

    def _events(self) -> tuple[EventFact, ...]:
        now = self.clock.now()
        events = sorted(self.recording.events.values(), key=lambda event: event.index)
        return tuple(self._own(event) for event in events if event.time is not None and event.time <= now)

    # ── the port ─────────────────────────────────────────────────────────────────────────────────

    def identity(self) -> Engine:
        return ENGINE

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        found = {}
        for vm_id in vm_ids:
            timeline = self.recording.vms.get(vm_id, [])
            vm = self._latest(timeline, self.clock.now())
            if vm is None and timeline:
                #: nobody looked before it was asked for
                vm = msgspec.structs.replace(timeline[0][1], status="up")
            if vm is not None:
                found[vm_id] = self._arrived(vm) if self.only_migrating else vm
        assert self.recording.ends_at is not None
        assert self.clock.now() < self.recording.ends_at + timedelta(hours=3), "this replay does not end"
        return found

    def _arrived(self, vm: VmState) -> VmState:
        ends = [event for event in self._events() if event.vm_id == vm.vm_id and event.code == 63]
        if not ends or vm.vm_id not in {p.target for p in self.recording.posts}:
            return vm
        host_id = self._host_id(ends[-1].destination_host)
        return msgspec.structs.replace(vm, status="up", host_id=host_id)

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        states = self.watch(tuple(self.recording.vms))
        return tuple(vm for vm in states.values() if vm.host_id == host_id)

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        found = {v: self._latest(self.recording.progress.get(v, []), self.clock.now()) for v in vm_ids}
        return {vm_id: value for vm_id, value in found.items() if value is not None}

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """Recorded states where there are any; a host that nobody looked at counts as up."""
        found = {}
        for host_id in host_ids:
            state = self._latest(self.recording.hosts.get(host_id, []), self.clock.now())
            found[host_id] = state or HostState(host_id=host_id, status="up")
        return found

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        recorded = next((theirs for theirs, ours in self.ids.items() if ours == correlation_id), "")
        return self._latest(self.recording.jobs.get(recorded, []), self.clock.now()) or ()

    def transfers_on(self, host_id: str) -> tuple[TransferState, ...]:
        return ()

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        return tuple(event for event in self._events() if event.correlation_id == correlation_id)

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        return tuple(event for event in self._events() if event.index > index)

    def event_index(self) -> int:
        return max(
            (event.index for event in self._events()), default=min(self.recording.events, default=1) - 1
        )

    def migrate(self, vm_id: str, *, correlation_id: str, **_: object) -> ActAnswer:
        return self._answer(vm_id, "migrate", correlation_id)

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        return self._answer(vm_id, "cancelmigration", correlation_id)

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        return self._answer(host_id, "deactivate", correlation_id)

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        return self._answer(host_id, "activate", correlation_id)

    def _answer(self, target: str, act: str, correlation_id: str) -> ActAnswer:
        post = next(p for p in self.pending if p.target == target and p.act == act)
        self.pending.remove(post)
        self.acts.append(f"{act} {target}")
        self.ids[post.correlation_id] = correlation_id
        self.clock.advance((post.at - self.clock.now()).total_seconds())
        return post.answer


def posts_of(recording: Recording, pattern: str, *, act: str = "migrate") -> list[Post]:
    """Recorded acts whose correlation id matches, in order."""
    return [post for post in recording.posts if post.act == act and re.match(pattern, post.correlation_id)]


def was_accepted(post: Post) -> bool:
    """Whether the engine began it."""
    return isinstance(post.answer, Accepted)
