"""The clock of a command: the machine's own, or one that keeps up with a lab that runs faster than time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rhevmig.clock import Clock, ScaledClock, SystemClock
from rhevmig.errors import InvalidArgument


def clock_of(speed: float, *, start: Callable[[], datetime | None]) -> Clock:
    """The machine's clock, or one at so many times its speed from the engine's present on.

    Args: start (asks the engine for its time; called only where the speed is not 1).
    """
    if speed <= 0:
        raise InvalidArgument(name="--clock-speed", value=speed, expected="a number above 0")
    if speed == 1.0:
        return SystemClock()
    return ScaledClock(speed=speed, start=start() or SystemClock().now())
