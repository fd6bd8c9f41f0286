"""Time as an argument: the clock that every waiting or deadline-keeping function is given.

Nothing else in the product asks the operating system for the time, so a campaign can run on a
simulated engine at a hundred times the speed, and a unit test never sleeps.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the product needs of time."""

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean something."""

    def sleep(self, seconds: float) -> None:
        """Wait so many of this clock's seconds."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The machine's monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait on the machine's clock."""
        time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that moves only when told, or when somebody sleeps on it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Start plus all that was slept or advanced."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        """Advance at once instead of waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds."""
        with self._lock:
            self._elapsed_s += max(0.0, seconds)


class ScaledClock:
    """A clock that runs `speed` times as fast as the machine's, from a given instant.

    A client of the lab uses one so that its polls, deadlines and waits are simulated seconds too.
    """

    def __init__(self, *, speed: float, start: datetime, base: Clock | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._base = base or SystemClock()
        self._start = start
        self._origin_s = self._base.monotonic()

    def now(self) -> datetime:
        """The simulated wall clock."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Simulated seconds since this clock was made."""
        return (self._base.monotonic() - self._origin_s) * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait so many simulated seconds."""
        self._base.sleep(max(0.0, seconds) / self.speed)
