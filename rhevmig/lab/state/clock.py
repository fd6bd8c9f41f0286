"""Simulated time: one clock for the whole lab, and the agenda of what will happen.

The clock stands still while an act of the agenda runs, at the very instant the act was planned for, so
the same requests at the same simulated times always give the same world, however late they are served.
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
    """Seconds since 1970, simulated. Speed 0 means that it moves only when told."""

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
        """Simulated seconds since 1970; while an act runs, the instant it was planned for."""
        if self._frozen_s is not None:
            return self._frozen_s
        return self.running_s

    @property
    def running_s(self) -> float:
        """The simulated time that the wall allows, whatever runs now."""
        return self.start_s + self._added_s + (self._monotonic() - self._origin_s) * self.speed

    def now(self) -> datetime:
        """The simulated time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now_s, UTC)

    def stamp(self) -> str:
        """Now, as the engine writes it."""
        return stamp(self.now_s)

    def add(self, seconds: float) -> None:
        """Let time pass at once."""
        self._added_s += max(0.0, seconds)

    def freeze(self, at_s: float | None) -> None:
        """Stand still at an instant, or go on with None."""
        self._frozen_s = at_s


class Planned:
    """One act of the future; it can be called off."""

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
        """Never run it."""
        self.called_off = True

    def run(self) -> None:
        """Do it, unless called off."""
        if not self.called_off:
            self._act()


class Agenda:
    """What will happen and when, in order of time and then of planning."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self._heap: list[Planned] = []
        self._number = 0

    def at(self, at_s: float, act: Callable[[], None], name: str = "") -> Planned:
        """Plan an act for a simulated instant."""
        self._number += 1
        planned = Planned(max(at_s, self.clock.now_s), self._number, act, name)
        heapq.heappush(self._heap, planned)
        return planned

    def after(self, seconds: float, act: Callable[[], None], name: str = "") -> Planned:
        """Plan an act so many simulated seconds from now."""
        return self.at(self.clock.now_s + seconds, act, name)

    def every(self, seconds: float, act: Callable[[], None], name: str = "") -> None:
        """Plan an act now and again, for as long as the lab lives."""

        def again() -> None:
            act()
            self.after(seconds, again, name)

        self.after(seconds, again, name)

    @property
    def next_at_s(self) -> float | None:
        """When the next act is due."""
        while self._heap and self._heap[0].called_off:
            heapq.heappop(self._heap)
        return self._heap[0].at_s if self._heap else None

    def run_due(self) -> int:
        """Run everything due by now, each at its own instant; how many ran."""
        limit_s, ran = self.clock.running_s, 0
        try:
            while (due_s := self.next_at_s) is not None and due_s <= limit_s:
                self.clock.freeze(due_s)
                heapq.heappop(self._heap).run()
                ran += 1
        finally:
            self.clock.freeze(None)
        return ran
