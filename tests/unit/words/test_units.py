"""Units as people read them."""

from __future__ import annotations

import doctest

import pytest

from rhevmig import units
from rhevmig.units import GIB, GIGABIT, format_bytes, format_duration, format_speed


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the units is what they do."""
    assert doctest.testmod(units).failed == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (59.96, "60 s"), (60, "1 min"), (3600, "1 h"), (3725, "1 h 2 min"), (None, "–")],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, text: str) -> None:
    """The largest two units are enough."""
    assert format_duration(seconds) == text


def test_what_was_not_observed_is_a_dash_in_every_unit() -> None:
    """Unknown is never printed as zero."""
    assert {format_bytes(None), format_speed(None), format_duration(None)} == {"–"}


def test_sizes_are_binary_and_speeds_decimal() -> None:
    """Memory counts in GiB, links in Gbit/s, as their vendors do."""
    assert format_bytes(1.5 * GIB) == "1.5 GiB"
    assert format_speed(25 * GIGABIT) == "25 Gbit/s"
