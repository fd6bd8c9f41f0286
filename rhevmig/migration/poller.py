"""What one campaign looks at, and what it remembers of what it saw: in memory only, begun anew after a crash.

States are read at every look, progress and hosts now and then; events are kept from before the oldest
thing that is still open.
"""

from __future__ import annotations

import msgspec

from rhevmig.clock import Clock
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.decisions import upcoming
from rhevmig.migration.host_maintenance import is_host_phase
from rhevmig.migration.journal.correlation_ids import parse_correlation_id
from rhevmig.migration.journal.state import State
from rhevmig.migration.observation import (
    Needs,
    Observation,
    Sighting,
    Since,
    ended_ids,
    observe,
    sight,
    track,
)
from rhevmig.migration.port import EventFact, HostState, MigrationPort

#: Progress is one request a VM, so each look asks for a few in turn.
_PROGRESS_AT_ONCE = 4


class Lookout:
    """Looks at the engine for one campaign."""

    def __init__(self, port: MigrationPort, clock: Clock, state: State) -> None:
        self._port, self._clock = port, clock
        self._since: dict[str, Since] = {}
        self._events: tuple[EventFact, ...] = ()
        self._percent: dict[str, float] = {}
        self._hosts: dict[str, HostState] = {}
        self._told: frozenset[str] = frozenset()
        self._read_at_s: dict[str, float] = {}
        self._turn = 0
        #: Newest event that was seen.
        self.last_index = _first_index(state)
        #: Events of ours that the last look brought.
        self.fresh: tuple[EventFact, ...] = ()

    def look(self, state: State) -> Observation:
        """One look, with all events so far. Raises: EngineError, and nothing is remembered."""
        seen = observe(self._port, self._needs(state), self._clock)
        self.fresh = tuple(event for event in seen.events if _is_ours(event, state))
        self.last_index = max([self.last_index, *(event.index for event in seen.events)])
        self._events = (*self._events, *self.fresh)
        self._percent = {**self._percent, **seen.percent}
        self._hosts = {**self._hosts, **seen.hosts}
        self._told |= ended_ids(self.fresh)
        for _, attempt in state.open_attempts:
            before = self._since.get(attempt.correlation_id, Since())
            self._since[attempt.correlation_id] = track(before, attempt, seen)
        return msgspec.structs.replace(seen, events=self._events, percent=self._percent, hosts=self._hosts)

    def sighting(self, attempt: Attempt, seen: Observation) -> Sighting | None:
        """What is known of a try; None where its VM was not looked at."""
        return sight(attempt, seen, self._events, self._since.get(attempt.correlation_id, Since()))

    def forget_progress(self, vm_id: str) -> None:
        """The VM has arrived: its last percentage says nothing of its next migration."""
        self._percent.pop(vm_id, None)

    def start_over(self) -> None:
        """The engine was away: how things looked before says nothing of how they look now."""
        self._since = {key: Since() for key in self._since}

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
            since_index=self.last_index,
            told=self._told,
        )

    def _progress_ids(self, state: State, attempts: tuple[Attempt, ...]) -> tuple[str, ...]:
        if not attempts or not self._is_time("progress", state.options.timing.progress_s):
            return ()
        self._turn = (self._turn + _PROGRESS_AT_ONCE) % len(attempts)
        turned = attempts[self._turn :] + attempts[: self._turn]
        return tuple(attempt.vm_id for attempt in turned[:_PROGRESS_AT_ONCE])

    def _host_ids(self, state: State, *, soon: bool, in_host_phase: bool) -> tuple[str, ...]:
        """The plan's hosts now and then while moves are to start, the emptied one while it is switched."""
        if soon and self._is_time("hosts", state.options.timing.hosts_s):
            return tuple(host.host_id for host in state.plan.hosts)
        return (state.plan.host_id,) if in_host_phase and state.plan.host_id is not None else ()

    def _is_time(self, what: str, every_s: float) -> bool:
        """Whether a reading that is wanted only now and then is due."""
        now_s, last_s = self._clock.monotonic(), self._read_at_s.get(what)
        if last_s is not None and now_s - last_s < every_s:
            return False
        self._read_at_s[what] = now_s
        return True


def _first_index(state: State) -> int:
    """Events are read again from before the oldest thing that is still open."""
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
