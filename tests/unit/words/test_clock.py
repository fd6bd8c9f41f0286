"""Clocks: time as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rhevmig.clock import ManualClock, ScaledClock, SystemClock

START = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def test_sleeping_on_a_manual_clock_moves_both_of_its_readings() -> None:
    """A test that sleeps spends no time, and sees it pass."""
    clock = ManualClock(START)
    clock.sleep(90)
    assert clock.now() == START + timedelta(seconds=90)
    assert clock.monotonic() == 90


def test_a_manual_clock_never_runs_backwards() -> None:
    """A negative advance is no advance."""
    clock = ManualClock(START)
    clock.advance(-5)
    assert clock.now() == START


def test_a_scaled_clock_lives_faster_than_the_clock_below_it() -> None:
    """At a hundred times the speed, a simulated minute costs 0.6 s of the base clock."""
    base = ManualClock()
    clock = ScaledClock(speed=100, start=START, base=base)
    clock.sleep(60)
    assert base.monotonic() == pytest.approx(0.6)
    assert clock.now() == START + timedelta(seconds=60)


def test_a_clock_cannot_stand_still() -> None:
    """A speed of zero would make every wait endless, so it is refused."""
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(speed=0, start=START)


def test_the_system_clock_is_aware() -> None:
    """Its time carries a zone, so it can be compared with the engine's."""
    assert SystemClock().now().tzinfo is UTC
