"""Time as an argument: the clock of every function that waits or has a deadline.

Nothing else in the product reads the time of the operating system. So a campaign can run on a simulated
engine at a hundred times the speed, and a unit test never sleeps.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences have a meaning."""

    def sleep(self, seconds: float) -> None:
        """Waits this number of seconds by this clock."""


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Monotonic seconds of the operating system."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits; a negative number waits not at all."""
        time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that moves only by `advance` and `sleep`."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The start plus all that was slept or advanced."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        """Advances at once instead of waiting."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        with self._lock:
            self._elapsed_s += max(0.0, seconds)


class SteadyClock:
    """Another clock read once for the date, then advanced by its monotonic seconds.

    A wall clock that is set while a campaign runs changes no deadline.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._start = base.now()
        self._origin_s = base.monotonic()

    def now(self) -> datetime:
        """The date at the start plus the monotonic seconds since."""
        return self._start + timedelta(seconds=self._base.monotonic() - self._origin_s)

    def monotonic(self) -> float:
        """The base clock's monotonic seconds."""
        return self._base.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait on the base clock."""
        self._base.sleep(seconds)


class ScaledClock:
    """A clock that runs `speed` times as fast as the system's, from a given instant.

    For clients of a lab: their polls, deadlines and waits then count simulated seconds too.
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
        """Simulated seconds since the clock was made."""
        return (self._base.monotonic() - self._origin_s) * self.speed

    def sleep(self, seconds: float) -> None:
        """Waits this number of simulated seconds."""
        self._base.sleep(max(0.0, seconds) / self.speed)
