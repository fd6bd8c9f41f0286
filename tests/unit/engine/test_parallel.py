"""Running readings at once."""

from __future__ import annotations

import threading

import pytest

from rhevmig.engine.parallel import run_together


def test_all_are_run_and_never_too_many_at_once() -> None:
    """Every act is run once; no more than allowed are under way."""
    lock, under_way, most, done = threading.Lock(), [0], [0], []

    def act(number: int) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        with lock:
            under_way[0] -= 1
            done.append(number)

    run_together([lambda n=n: act(n) for n in range(20)], at_once=3)
    assert sorted(done) == list(range(20))
    assert most[0] <= 3


def test_the_first_error_ends_it() -> None:
    """An error reaches the caller at once; what was not begun is not begun any more."""
    begun = []
    gate = threading.Event()

    def fails() -> None:
        raise ValueError("one")

    def waits() -> None:
        begun.append(1)
        gate.wait()

    with pytest.raises(ValueError, match="one"):
        run_together([waits, fails, *[waits] * 10], at_once=2)
    gate.set()
    assert len(begun) <= 2


def test_nothing_to_do() -> None:
    """No acts are no work."""
    run_together([], at_once=3)
