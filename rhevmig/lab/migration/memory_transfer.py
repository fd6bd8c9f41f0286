"""Memory on its way between hosts: queues at the source and the destination, shared links, pre-copy.

Hosts do this on their own: it continues while the engine restarts. A copy waits
for one of the source's outgoing slots, then asks the destination; a full destination lets it wait ten
seconds and ask again. Progress is 0 all that time. Running copies share the links fairly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from rhevmig.lab.migration.bandwidth import Path, bandwidth_of, inherited, policy_of, way
from rhevmig.lab.migration.guest_load import workload_of
from rhevmig.lab.migration.link_sharing import Links
from rhevmig.lab.state.clock import Planned
from rhevmig.lab.state.external_facts import TransferScript, facts_of
from rhevmig.lab.state.store import Entity, World
from rhevmig.precopy.dirty_rate import IDLE
from rhevmig.precopy.rounds import CopyJob, CopyOutcome, CopyPhase, Rounds

#: Seconds after which a full destination is asked again (vdsm.conf migration_retry_timeout).
RETRY_S = 10.0
#: Seconds a copy waits for its destination before it fails (vdsm.conf migration_destination_timeout).
DESTINATION_TIMEOUT_S = 21_600.0
#: Seconds from a free slot to the first byte.
SETUP_S = 0.2
#: Seconds between two reports of progress; the first comes sooner.
REPORT_S = 10.0
FIRST_REPORT_S = 1.0
#: Errors of a host: its convergence schedule gave up, or the copy broke (recorded).
GAVE_UP = "operation aborted: migration out: canceled by client"
BROKE = "operation failed: migration out job: unexpectedly failed"
LOST_DESTINATION = "operation failed: Lost connection to destination host"
CANCELLED = "Migration canceled"


class Ended(NamedTuple):
    """How a memory transfer ended."""

    arrived: bool
    #: The source host's error.
    error: str = ""
    downtime_ms: int | None = None
    #: Seconds since the first report of progress; None if there was none.
    duration_s: float | None = None
    #: Seconds of the whole migration, where a script gives them.
    total_s: float | None = None
    #: The VM is gone on both hosts (a post-copy that broke).
    lost: bool = False


@dataclass(eq=False)
class Copy:
    """One VM's memory on its way."""

    vm: Entity
    source: Entity
    destination: Entity
    on_end: Callable[[Copy, Ended], None]
    #: waiting, copying, scripted or over.
    stage: str = "waiting"
    queued_s: float = 0.0
    rounds: Rounds | None = None
    path: Path | None = None
    #: Copies that its policy allows per host and direction.
    limit: int = 2
    rate_bytes_s: float = 0.0
    stop_bytes_s: float = 0.0
    since_s: float = 0.0
    reported_s: float | None = None
    #: Percent as last reported.
    progress: int = 0
    #: The next thing planned for it: a retry or its end.
    planned: Planned | None = None

    @property
    def in_post_copy(self) -> bool:
        """Whether the VM already runs on the destination."""
        return self.rounds is not None and self.rounds.phase == CopyPhase.POSTCOPY


class Copies:
    """All copies of the lab."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.active: dict[str, Copy] = {}
        #: Called with a copy that disappeared together with its source host.
        self.on_vanish: Callable[[Copy], None] | None = None
        self.links = Links(self._factor)
        self._changed: dict[Hashable, None] = {}
        self._held = 0

    # -- starting and ending

    def start(self, copy: Copy) -> None:
        """Queue a copy at its source."""
        copy.queued_s = self.world.clock.now_s
        self.active[copy.vm.id] = copy
        script = facts_of(self.world).transfer(copy.vm, copy.source, copy.destination)
        if script is not None:
            self._play(copy, script)
        else:
            self._try(copy)

    def cancel(self, vm_id: str) -> bool:
        """Stop a copy; False when there is none or it is too late."""
        copy = self.active.get(vm_id)
        if copy is None or copy.in_post_copy:
            return False
        self._over(copy, Ended(arrived=False, error=CANCELLED))
        return True

    def break_off(self, vm_id: str, error: str = BROKE, *, lost: bool = False) -> None:
        """A copy fails at this instant."""
        copy = self.active.get(vm_id)
        if copy is not None:
            self._over(copy, Ended(arrived=False, error=error, lost=lost or copy.in_post_copy))

    def vanish(self, vm_id: str) -> None:
        """A copy disappears with its source host; the engine gets no report."""
        copy = self.active.pop(vm_id, None)
        if copy is None:
            return
        copy.stage = "over"
        if copy.planned is not None:
            copy.planned.call_off()
        self._share_later(self.links.leave(vm_id))
        if self.on_vanish is not None:
            self.on_vanish(copy)

    def running(self, host_id: str, *, outgoing: bool) -> int:
        """Copies that hold a slot of a host in one direction."""
        return sum(
            copy.stage == "copying" and (copy.source if outgoing else copy.destination).id == host_id
            for copy in self.active.values()
        )

    def reload(self, vm: Entity) -> None:
        """The VM's load has changed: its copy, if there is one, goes on with the new one."""
        copy = self.active.get(vm.id)
        if copy is not None and copy.rounds is not None:
            self._advance(copy)
            copy.rounds.set_dirty(workload_of(vm).model(vm.number("memory")))
            self._plan_end(copy)

    def involving(self, host_id: str) -> list[Copy]:
        """Copies from or to a host."""
        return [copy for copy in self.active.values() if host_id in (copy.source.id, copy.destination.id)]

    # -- queues

    def _try(self, copy: Copy) -> None:
        if copy.stage != "waiting":
            return
        path = way(self.world, copy.vm, copy.source, copy.destination)
        bandwidth = bandwidth_of(self.world, copy.vm, path)
        copy.path, copy.limit = path, bandwidth.max_migrations
        if not self._slot(copy, outgoing=True):
            return
        if not self._slot(copy, outgoing=False):
            if self.world.clock.now_s - copy.queued_s >= DESTINATION_TIMEOUT_S:
                self._over(copy, Ended(arrived=False, error=BROKE))
                return
            if copy.planned is None or copy.planned.called_off:
                copy.planned = self.world.agenda.after(
                    RETRY_S, lambda: self._again(copy), f"retry {copy.vm.name}"
                )
            return
        self._begin(copy, bandwidth.bytes_s, bandwidth.connections)

    def _slot(self, copy: Copy, *, outgoing: bool) -> bool:
        host_id = (copy.source if outgoing else copy.destination).id
        taken = [
            other.limit
            for other in self.active.values()
            if other.stage == "copying" and (other.source if outgoing else other.destination).id == host_id
        ]
        return len(taken) < min([copy.limit, *taken])

    def _again(self, copy: Copy) -> None:
        copy.planned = None
        if copy.vm.id in self.active and self.active[copy.vm.id] is copy:
            self._try(copy)

    def _wake_queue(self, host_id: str) -> None:
        """A slot of a source is free: the next in its queue takes it."""
        for copy in list(self.active.values()):
            if copy.stage == "waiting" and copy.source.id == host_id and copy.planned is None:
                self._try(copy)

    # -- copying

    def _play(self, copy: Copy, script: TransferScript) -> None:
        copy.stage = "scripted"
        for at_s, percent in script.progress:
            self.world.agenda.at(at_s, partial(self._show, copy, percent), f"progress {copy.vm.name}")

        def end() -> None:
            copy.planned = None
            self._over(
                copy,
                Ended(
                    arrived=not script.error,
                    error=script.error,
                    downtime_ms=script.downtime_ms,
                    duration_s=script.duration_s,
                    total_s=script.total_s,
                ),
            )

        copy.planned = self.world.agenda.at(script.ends_at_s, end, f"end of {copy.vm.name}")

    def _show(self, copy: Copy, percent: int) -> None:
        if self.active.get(copy.vm.id) is copy:
            copy.progress = percent
            show_progress(self.world, copy.vm, percent)

    def _begin(self, copy: Copy, cap_bytes_s: float, connections: int | None) -> None:
        vm, (policy, _) = copy.vm, policy_of(self.world, copy.vm)
        load = workload_of(vm)
        memory = vm.number("memory")
        auto_converge = policy.auto_converge
        if auto_converge is None:
            auto_converge = inherited(self.world, vm, "auto_converge") == "true"
        paused = vm.lab.get("status_before") == "paused"
        copy.rounds = Rounds(
            CopyJob(
                memory_bytes=max(1, memory),
                nonzero_bytes=memory * min(1.0, load.nonzero),
                dirty=IDLE if paused else load.model(memory),
                schedule=policy.schedule.without_post_copy() if paused else policy.schedule,
                max_bandwidth_bytes_s=cap_bytes_s,
                auto_converge=auto_converge,
                cpu_duty=max(0.01, load.cpu_duty),
                connections=connections,
                setup_s=SETUP_S,
            )
        )
        copy.stage = "copying"
        copy.since_s = self.world.clock.now_s
        self.world.agenda.after(FIRST_REPORT_S, lambda: self._report(copy), f"progress {vm.name}")
        capacities = copy.path.capacities_bytes_s if copy.path is not None else {}
        self.links.enter(vm.id, capacities, cap_bytes_s)
        self._share_later(capacities)

    def _advance(self, copy: Copy) -> None:
        now_s = self.world.clock.now_s
        if copy.rounds is not None and now_s > copy.since_s:
            copy.rounds.advance(
                now_s - copy.since_s,
                bandwidth_bytes_s=copy.rate_bytes_s,
                stop_bandwidth_bytes_s=copy.stop_bytes_s,
            )
        copy.since_s = now_s

    def share(self, links: Iterable[Hashable] | None = None) -> None:
        """Give the copies on these links their shares, as of now; None: all copies."""
        for vm_id, (rate, stop) in self.links.shares(links).items():
            copy = self.active[vm_id]
            if (rate, stop) != (copy.rate_bytes_s, copy.stop_bytes_s) or copy.planned is None:
                self._advance(copy)
                copy.rate_bytes_s, copy.stop_bytes_s = rate, stop
                self._plan_end(copy)

    def _share_later(self, links: Iterable[Hashable]) -> None:
        """Links have changed; when all that happens at this instant has happened, they are shared again."""
        self._changed.update(dict.fromkeys(links))
        if self._held == 0:
            changed, self._changed = self._changed, {}
            self.share(changed)

    def _factor(self, link: Hashable) -> float:
        host = self.world.find("hosts", link[1]) if isinstance(link, tuple) else None
        if host is None or not isinstance(link, tuple):
            return 1.0
        return float(host.lab.get("link_factor", 1.0)) * float(
            host.lab.get("nic_factors", {}).get(link[2], 1.0)
        )

    def _plan_end(self, copy: Copy) -> None:
        if copy.planned is not None:
            copy.planned.call_off()
            copy.planned = None
        if copy.rounds is None:
            return
        left_s = copy.rounds.expected_end_s(
            bandwidth_bytes_s=copy.rate_bytes_s, stop_bandwidth_bytes_s=copy.stop_bytes_s
        )
        if left_s is not None:
            copy.planned = self.world.agenda.after(
                left_s, lambda: self._maybe_done(copy), f"end of {copy.vm.name}"
            )

    def _maybe_done(self, copy: Copy) -> None:
        copy.planned = None
        self._advance(copy)
        rounds = copy.rounds
        if rounds is None or copy.stage != "copying":
            return
        if rounds.phase != CopyPhase.ENDED:
            ahead_s = rounds.next_change_s(
                bandwidth_bytes_s=copy.rate_bytes_s, stop_bandwidth_bytes_s=copy.stop_bytes_s
            )
            wait_s = max(0.001, min(ahead_s, 60.0)) if math.isfinite(ahead_s) else 60.0
            copy.planned = self.world.agenda.after(
                wait_s, lambda: self._maybe_done(copy), f"end of {copy.vm.name}"
            )
            return
        arrived = rounds.outcome in (CopyOutcome.CONVERGED, CopyOutcome.SUSPENDED, CopyOutcome.POST_COPY)
        downtime_ms = round(rounds.downtime_s * 1000) if rounds.downtime_s is not None else None
        self._over(copy, Ended(arrived=arrived, error="" if arrived else GAVE_UP, downtime_ms=downtime_ms))

    def _report(self, copy: Copy) -> None:
        if copy.stage != "copying" or self.active.get(copy.vm.id) is not copy or copy.rounds is None:
            return
        self._advance(copy)
        if copy.reported_s is None:
            copy.reported_s = self.world.clock.now_s
        copy.progress = copy.rounds.progress_percent
        show_progress(self.world, copy.vm, copy.progress)
        self.world.agenda.after(REPORT_S, lambda: self._report(copy), f"progress {copy.vm.name}")

    def _over(self, copy: Copy, ended: Ended) -> None:
        if copy.stage == "over":
            return
        if copy.stage == "copying":
            self._advance(copy)
        copy.stage = "over"
        if copy.planned is not None:
            copy.planned.call_off()
            copy.planned = None
        if self.active.get(copy.vm.id) is copy:
            del self.active[copy.vm.id]
        if copy.reported_s is not None:
            ended = ended._replace(duration_s=self.world.clock.now_s - copy.reported_s)
        self._held += 1
        self._share_later(self.links.leave(copy.vm.id))
        try:
            copy.on_end(copy, ended)
            self._wake_queue(copy.source.id)
        finally:
            self._held -= 1
        self._share_later(())


def show_progress(world: World, vm: Entity, percent: int) -> None:
    """Let the VM's statistic `migration.progress` say so."""
    vm.lab["progress"] = percent
    for statistic in world.children(vm, "statistics"):
        if statistic.name == "migration.progress":
            world.set(statistic, "values", {"value": {"datum": str(percent)}})
            return
