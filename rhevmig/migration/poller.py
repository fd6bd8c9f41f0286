"""The poller of one campaign: what it reads at each poll, and what it keeps between polls.

All of it is in memory and rebuilt after a crash. States are read at every poll, progress and hosts at
intervals; events are kept from before the oldest open attempt.
"""

from __future__ import annotations

import msgspec

from rhevmig.clock import Clock
from rhevmig.migration.decisions import upcoming
from rhevmig.migration.host_maintenance import is_host_phase
from rhevmig.migration.journal.correlation_ids import Act, parse_correlation_id
from rhevmig.migration.journal.records import Attempt
from rhevmig.migration.journal.state import State
from rhevmig.migration.observation import (
    Needs,
    Observation,
    Sighting,
    Tracking,
    ended_ids,
    observe,
    sight,
    track,
)
from rhevmig.migration.port import EventFact, HostState, MigrationPort, TransferState

#: Progress takes one request per VM, so each poll reads a few in turn.
_PROGRESS_AT_ONCE = 4


class Poller:
    """Polls the engine for one campaign."""

    def __init__(self, port: MigrationPort, clock: Clock, state: State) -> None:
        self._port, self._clock = port, clock
        self._tracking: dict[str, Tracking] = {}
        self._events: tuple[EventFact, ...] = ()
        self._percent: dict[str, float] = {}
        self._hosts: dict[str, HostState] = {}
        self._transfers: tuple[TransferState, ...] = ()
        self._ended: frozenset[str] = frozenset()
        self._read_at_s: dict[str, float] = {}
        self._turn = 0
        self._reads_all_jobs = True
        self._last_index = _first_index(state)
        # events of the campaign that the last poll has read
        self.fresh: tuple[EventFact, ...] = ()

    def poll(self, state: State) -> Observation:
        """One poll, with all events so far. Raises: EngineError; nothing is kept then."""
        needs = self._needs(state)
        seen = observe(self._port, needs, self._clock)
        self._reads_all_jobs = False
        self.fresh = tuple(event for event in seen.events if _is_ours(event, state))
        self._last_index = max([self._last_index, *(event.index for event in seen.events)])
        self._events = (*self._events, *self.fresh)
        self._percent = {**self._percent, **seen.percent}
        self._hosts = {**self._hosts, **seen.hosts}
        self._transfers = seen.transfers if needs.transfers_on else self._transfers
        self._ended |= ended_ids(self.fresh)
        for _, attempt in state.open_attempts:
            before = self._tracking.get(attempt.correlation_id, Tracking())
            self._tracking[attempt.correlation_id] = track(before, attempt, seen)
        return msgspec.structs.replace(
            seen,
            events=self._events,
            last_index=self._last_index,
            percent=self._percent,
            hosts=self._hosts,
            transfers=self._transfers,
        )

    def sighting(self, attempt: Attempt, seen: Observation) -> Sighting | None:
        """What is known of an attempt; None where its VM was not read."""
        return sight(attempt, seen, self._events, self._tracking.get(attempt.correlation_id, Tracking()))

    def forget_progress(self, vm_id: str) -> None:
        """Drops the percentage of a migration that has ended: it does not belong to the VM's next one."""
        self._percent.pop(vm_id, None)

    def reset_tracking(self) -> None:
        """Drops the tracking: the engine was away, so what was observed before is stale."""
        self._tracking = {}
        self._reads_all_jobs = True

    def _needs(self, state: State) -> Needs:
        attempts = tuple(attempt for _, attempt in state.open_attempts)
        soon = tuple(item.move.vm_id for item in upcoming(state, self._clock.now()))
        in_host_phase = is_host_phase(state)
        host = state.plan.find_host(state.plan.host_id)
        return Needs(
            vm_ids=tuple(dict.fromkeys([*(a.vm_id for a in attempts), *soon])),
            attempts=attempts,
            progress_ids=self._progress_ids(state, attempts),
            host_ids=self._host_ids(state, soon=bool(soon), in_host_phase=in_host_phase),
            vms_on=(host.host_id, host.cluster_id) if in_host_phase and host is not None else None,
            transfers_on=self._transfers_on(state),
            since_index=self._last_index,
            ended_ids=self._ended,
            all_jobs=self._reads_all_jobs,
        )

    def _transfers_on(self, state: State) -> str | None:
        """The host on its way into maintenance, at intervals once that takes longer than usual."""
        last = state.host_acts[-1] if state.host_acts else None
        if last is None or last.act != Act.DEACTIVATE or last.settled is not None:
            return None
        timing = state.options.timing
        is_late = (self._clock.now() - last.intended_at).total_seconds() > timing.stuck_after_s
        return state.plan.host_id if is_late and self._is_time("transfers", timing.hosts_s) else None

    def _progress_ids(self, state: State, attempts: tuple[Attempt, ...]) -> tuple[str, ...]:
        if not attempts or not self._is_time("progress", state.options.timing.progress_s):
            return ()
        self._turn = (self._turn + _PROGRESS_AT_ONCE) % len(attempts)
        turned = attempts[self._turn :] + attempts[: self._turn]
        return tuple(attempt.vm_id for attempt in turned[:_PROGRESS_AT_ONCE])

    def _host_ids(self, state: State, *, soon: bool, in_host_phase: bool) -> tuple[str, ...]:
        """The plan's hosts at intervals while moves will start, the emptied one while it is switched.

        Also source and destination of a migration whose VM is down: does the engine reach both?
        """
        if soon and self._is_time("hosts", state.options.timing.hosts_s):
            return tuple(host.host_id for host in state.plan.hosts)
        wanted = [state.plan.host_id] if in_host_phase else []
        for _, attempt in state.open_attempts:
            if self._tracking.get(attempt.correlation_id, Tracking()).is_down:
                wanted += [attempt.source_host_id, attempt.destination_host_id]
        return tuple(dict.fromkeys(host_id for host_id in wanted if host_id is not None))

    def _is_time(self, what: str, every_s: float) -> bool:
        """Whether a reading that is made at intervals is due."""
        now_s, last_s = self._clock.monotonic(), self._read_at_s.get(what)
        if last_s is not None and now_s - last_s < every_s:
            return False
        self._read_at_s[what] = now_s
        return True


def _first_index(state: State) -> int:
    """Events are read again from before the oldest open attempt."""
    marks = [attempt.watermark for _, attempt in state.open_attempts]
    marks += [act.watermark for act in state.host_acts if act.settled is None]
    if marks:
        return min(marks)
    settled = [a.watermark for item in state.moves.values() for a in item.attempts]
    return max([state.watermark, *settled])


def _is_ours(event: EventFact, state: State) -> bool:
    if event.vm_id in state.vm_ids or event.host_id == state.plan.host_id:
        return True
    ours = parse_correlation_id(event.correlation_id)
    return ours is not None and ours.campaign_id == state.campaign_id
