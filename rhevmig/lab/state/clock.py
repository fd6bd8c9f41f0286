"""Simulated time: one clock for the whole lab, and the agenda of planned acts.

The clock is stopped while an act of the agenda runs, at the instant for which the act was planned, so the
same requests at the same simulated times always give the same world, however late they are served.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(seconds: float) -> str:
    """An instant as the engine writes it: `2026-11-23T01:23:01.866Z`."""
    whole_ms = round(seconds * 1000)
    moment = _EPOCH + timedelta(milliseconds=whole_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{whole_ms % 1000:03d}Z"


class SimClock:
    """Seconds since 1970, simulated. At speed 0 only `add` moves it."""

    def __init__(
        self,
        *,
        start: datetime | None = None,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.start_s = (start or datetime.now(UTC)).timestamp()
        self.speed = speed
        self._monotonic = monotonic
        self._origin_s = monotonic()
        self._added_s = 0.0
        self._frozen_s: float | None = None

    @property
    def now_s(self) -> float:
        """Simulated seconds since 1970; while an act runs, the instant for which it was planned."""
        if self._frozen_s is not None:
            return self._frozen_s
        return self.running_s

    @property
    def running_s(self) -> float:
        """The simulated time by the wall clock, also while an act runs."""
        return self.start_s + self._added_s + (self._monotonic() - self._origin_s) * self.speed

    def now(self) -> datetime:
        """The simulated time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now_s, UTC)

    def stamp(self) -> str:
        """Now, as the engine writes it."""
        return stamp(self.now_s)

    def add(self, seconds: float) -> None:
        """Advance the clock by that many simulated seconds."""
        self._added_s += max(0.0, seconds)

    def freeze(self, at_s: float | None) -> None:
        """Stop the clock at an instant, or continue with None."""
        self._frozen_s = at_s


class Planned:
    """One planned act; it can be cancelled."""

    __slots__ = ("_act", "at_s", "called_off", "name", "number")

    def __init__(self, at_s: float, number: int, act: Callable[[], None], name: str) -> None:
        self.at_s = at_s
        self.number = number
        self.name = name
        self.called_off = False
        self._act = act

    def __lt__(self, other: Planned) -> bool:
        return (self.at_s, self.number) < (other.at_s, other.number)

    def call_off(self) -> None:
        """Do not run it."""
        self.called_off = True

    def run(self) -> None:
        """Run it unless it was cancelled."""
        if not self.called_off:
            self._act()


class Agenda:
    """Planned acts, in order of time and then of planning."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._heap: list[Planned] = []
        self._number = 0

    def at(self, at_s: float, act: Callable[[], None], name: str = "") -> Planned:
        """Plan an act for an instant, in simulated seconds since 1970."""
        self._number += 1
        planned = Planned(max(at_s, self.clock.now_s), self._number, act, name)
        heapq.heappush(self._heap, planned)
        return planned

    def after(self, seconds: float, act: Callable[[], None], name: str = "") -> Planned:
        """Plan an act for that many simulated seconds from now."""
        return self.at(self.clock.now_s + seconds, act, name)

    def every(self, seconds: float, act: Callable[[], None], name: str = "") -> None:
        """Plan an act repeatedly, with that many simulated seconds between runs."""

        def again() -> None:
            act()
            self.after(seconds, again, name)

        self.after(seconds, again, name)

    @property
    def next_at_s(self) -> float | None:
        """Instant of the next act, in simulated seconds since 1970; None if there is none."""
        while self._heap and self._heap[0].called_off:
            heapq.heappop(self._heap)
        return self._heap[0].at_s if self._heap else None

    def run_due(self) -> int:
        """Run every act that is due, each at its planned instant; returns how many ran."""
        limit_s, ran = self.clock.running_s, 0
        try:
            while (due_s := self.next_at_s) is not None and due_s <= limit_s:
                self.clock.freeze(due_s)
                heapq.heappop(self._heap).run()
                ran += 1
        finally:
            self.clock.freeze(None)
        return ran
