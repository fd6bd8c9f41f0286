"""One migration stepped through time."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhevmig.errors import InvalidArgument
from rhevmig.precopy import rounds as rounds_module
from rhevmig.precopy.dirty_rate import (
    IDLE,
    DirtyModel,
    hot_cold,
    idle,
    random_load,
    sequential_load,
)
from rhevmig.precopy.presets import MINIMAL_DOWNTIME, POST_COPY, SUSPEND_WORKLOAD
from rhevmig.precopy.rounds import CopyJob, CopyOutcome, CopyPhase, Rounds
from rhevmig.precopy.schedules import ConvergenceSchedule, fixed_downtime
from rhevmig.precopy.switchover import copy_through, first_pass_bytes
from rhevmig.units import GIB, MIB

SPEED = 100 * MIB


def a_job(
    *,
    memory_mib: float = 1000,
    nonzero_mib: float | None = None,
    rate_mib_s: float = 0,
    working_set_mib: float = 400,
    schedule: ConvergenceSchedule | None = None,
    **other: object,
) -> CopyJob:
    return CopyJob(
        memory_bytes=memory_mib * MIB,
        nonzero_bytes=None if nonzero_mib is None else nonzero_mib * MIB,
        dirty=random_load(rate_bytes_s=rate_mib_s * MIB, working_set_bytes=working_set_mib * MIB),
        schedule=schedule or fixed_downtime(300),
        **{"max_bandwidth_bytes_s": None, **other},  # type: ignore[arg-type]
    )


def finished(job: CopyJob, *, speed: float = SPEED, seconds: float = 7200) -> Rounds:
    rounds = Rounds(job)
    rounds.advance(seconds, bandwidth_bytes_s=speed)
    return rounds


loads = st.builds(
    lambda rate, size: {"rate_mib_s": rate, "working_set_mib": size},
    rate=st.floats(0, 300),
    size=st.floats(1, 900),
)


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the stepper is what it does."""
    assert doctest.testmod(rounds_module).failed == 0


@given(memory=st.floats(1, 1e6), speed=st.floats(1, 3000), limit=st.integers(1, 5000))
def test_an_idle_vm_takes_its_memory_over_the_bandwidth(memory: float, speed: float, limit: int) -> None:
    """No dirtying gives RAM ÷ bandwidth, page headers and the resume on top."""
    rounds = finished(
        a_job(memory_mib=memory, schedule=fixed_downtime(limit)), speed=speed * MIB, seconds=1e8
    )
    assert rounds.outcome == CopyOutcome.CONVERGED
    assert rounds.elapsed_s == pytest.approx(memory / speed * 1.002 + 0.004, rel=1e-6)
    assert rounds.transferred_bytes == pytest.approx(memory * MIB * 1.002, rel=1e-6)


@given(load=loads, limit=st.integers(20, 3000), zero=st.floats(0, 900))
def test_one_leap_agrees_with_the_loop_that_predictions_run(
    load: dict[str, float], limit: int, zero: float
) -> None:
    """The stepper and the prediction's own loop give the same time, bytes and pause."""
    reach = min(load["working_set_mib"], 1000 - zero)
    job = a_job(
        memory_mib=1000,
        nonzero_mib=1000 - zero,
        schedule=fixed_downtime(limit),
        rate_mib_s=load["rate_mib_s"],
        working_set_mib=reach,
    )
    rounds = finished(job, seconds=3600)
    closed = copy_through(
        first_pass=first_pass_bytes(memory_bytes=1000 * MIB, nonzero_bytes=(1000 - zero) * MIB),
        zero_bytes=zero * MIB,
        bandwidth=SPEED,
        stop_bandwidth=SPEED,
        downtime_limit=limit / 1000,
        rate=load["rate_mib_s"] * MIB,
        working_set=reach * MIB,
    )
    if math.isinf(closed.total_s):
        assert rounds.outcome is None
    elif closed.total_s < 3600:
        assert rounds.elapsed_s == pytest.approx(closed.total_s, abs=0.11)
        assert rounds.transferred_bytes == pytest.approx(closed.transferred_bytes, abs=0.11 * SPEED)
        assert rounds.downtime_s == pytest.approx(closed.downtime_s, abs=0.11)


@given(load=loads, steps=st.lists(st.floats(0.001, 3), min_size=1, max_size=30))
@settings(deadline=None)
def test_many_small_steps_come_to_the_same_as_one(load: dict[str, float], steps: list[float]) -> None:
    """How a lab cuts time into steps changes nothing but rounding."""
    whole = Rounds(a_job(schedule=MINIMAL_DOWNTIME.schedule, **load))
    cut = Rounds(a_job(schedule=MINIMAL_DOWNTIME.schedule, **load))
    whole.advance(sum(steps), bandwidth_bytes_s=SPEED)
    for step in steps:
        cut.advance(step, bandwidth_bytes_s=SPEED)
    assert cut.phase == whole.phase
    assert cut.transferred_bytes == pytest.approx(whole.transferred_bytes, abs=1)
    assert cut.iterations == whole.iterations


@given(load=loads, speeds=st.lists(st.floats(0, 300), min_size=5, max_size=40))
@settings(deadline=None)
def test_bytes_are_conserved_and_never_faster_than_the_link(
    load: dict[str, float], speeds: list[float]
) -> None:
    """Sent + pending = first pass + what was dirtied again; and no step sends more than the link gives."""
    rounds = Rounds(a_job(**load))
    dirtied = 0.0
    first = rounds.remaining_bytes * 1.002
    for speed in speeds:
        before, pending = rounds.transferred_bytes, rounds._pending
        rounds.advance(0.5, bandwidth_bytes_s=speed * MIB)
        sent = rounds.transferred_bytes - before
        assert sent <= speed * MIB * 0.5 + 1
        dirtied += rounds._pending - pending + sent
        assert rounds._pending >= -1e-6
    assert dirtied >= -1
    assert rounds.transferred_bytes + rounds._pending == pytest.approx(first + dirtied, rel=1e-9)


@given(load=loads, speeds=st.lists(st.floats(0, 300), min_size=5, max_size=40))
@settings(deadline=None)
def test_progress_never_falls_and_reaches_100_only_at_success(
    load: dict[str, float], speeds: list[float]
) -> None:
    """VDSM keeps the highest progress it saw and says 99 until the VM has moved."""
    rounds = Rounds(a_job(**load))
    seen = []
    for speed in speeds:
        rounds.advance(1, bandwidth_bytes_s=speed * MIB)
        seen.append(rounds.progress_percent)
    assert seen == sorted(seen)
    assert all(value < 100 for value in seen) or rounds.outcome == CopyOutcome.CONVERGED


def test_a_link_that_is_down_sends_nothing_and_the_copy_recovers() -> None:
    """Bandwidth 0 is an outage: time passes, nothing moves, the schedule still looks, the rest works."""
    rounds = Rounds(a_job(rate_mib_s=5, schedule=MINIMAL_DOWNTIME.schedule))
    rounds.advance(4, bandwidth_bytes_s=SPEED)
    sent = rounds.transferred_bytes
    assert rounds.advance(100, bandwidth_bytes_s=0) == 100
    assert rounds.transferred_bytes == sent
    assert rounds.next_change_s(bandwidth_bytes_s=0) <= 10
    rounds.advance(600, bandwidth_bytes_s=SPEED)
    assert rounds.outcome == CopyOutcome.CONVERGED


def test_a_slower_link_prolongs_what_is_left() -> None:
    """Bandwidth may change between steps: half the link for the second half takes twice as long."""
    rounds = Rounds(a_job(memory_mib=1000))
    rounds.advance(5, bandwidth_bytes_s=SPEED)
    rounds.advance(100, bandwidth_bytes_s=SPEED / 2)
    assert rounds.elapsed_s == pytest.approx(5 + 10, abs=0.1)


def test_the_hosts_default_cap_binds_the_copy_but_not_the_pause() -> None:
    """52 MiB/s while the VM runs; the last part goes at the speed of the link."""
    job = CopyJob(memory_bytes=1040 * MIB, schedule=fixed_downtime(500))
    rounds = finished(job, speed=1040 * MIB)
    assert rounds.elapsed_s == pytest.approx(20 - 0.5, abs=0.1)
    assert rounds.downtime_s == pytest.approx(26 / 1040 + 0.004, abs=0.005)


def test_nothing_is_sent_while_the_destination_is_prepared() -> None:
    """Setup delays the copy and leaves the dirty bitmap alone."""
    rounds = Rounds(a_job(setup_s=7))
    assert rounds.phase == CopyPhase.SETUP
    rounds.advance(7, bandwidth_bytes_s=SPEED)
    assert (rounds.transferred_bytes, rounds.progress_percent) == (0, 0)
    rounds.advance(60, bandwidth_bytes_s=SPEED)
    assert rounds.elapsed_s == pytest.approx(7 + 10.02, abs=0.02)


def test_minimal_downtime_raises_the_limit_and_then_gives_up() -> None:
    """The host looks every ten seconds and runs at most one action a look; the last one aborts."""
    rounds = finished(a_job(rate_mib_s=300, working_set_mib=900, schedule=MINIMAL_DOWNTIME.schedule))
    assert rounds.outcome == CopyOutcome.ABORTED
    assert [limit for _, limit in rounds.limits_set] == [100, 150, 200, 300, 400, 500]
    seconds = [second for second, _ in rounds.limits_set][1:]
    assert all(second % 10 == 0 for second in seconds)
    assert rounds.elapsed_s > seconds[-1]
    assert rounds.downtime_s is None


def test_suspend_lets_the_vm_stand_still_for_seconds() -> None:
    """Its last step allows 5 s, so a VM that would never end is moved after all."""
    rounds = finished(
        a_job(rate_mib_s=300, working_set_mib=450, schedule=SUSPEND_WORKLOAD.schedule), speed=SPEED
    )
    assert rounds.outcome == CopyOutcome.SUSPENDED
    assert rounds.downtime_s is not None
    assert 0.5 < rounds.downtime_s <= 5.01


def test_suspend_gives_up_when_even_five_seconds_are_too_few() -> None:
    """One look after the last limit the migration is aborted."""
    rounds = finished(
        a_job(memory_mib=4000, rate_mib_s=900, working_set_mib=3500, schedule=SUSPEND_WORKLOAD.schedule)
    )
    assert rounds.outcome == CopyOutcome.ABORTED
    assert rounds.limits_set[-1][1] == 5000


def test_post_copy_moves_the_vm_first() -> None:
    """The policy switches after its second limit; the memory follows without another round."""
    rounds = finished(a_job(rate_mib_s=300, working_set_mib=900, schedule=POST_COPY.schedule))
    assert rounds.outcome == CopyOutcome.POST_COPY
    assert rounds.downtime_s == pytest.approx(0.02)
    assert [limit for _, limit in rounds.limits_set] == [100, 150, 200]


def test_parallel_connections_have_no_post_copy() -> None:
    """The engine filters the step out, so the same policy ends in an abort."""
    job = a_job(rate_mib_s=300, working_set_mib=900, schedule=POST_COPY.schedule, connections=2)
    rounds = finished(job)
    assert rounds.outcome == CopyOutcome.ABORTED
    assert not Rounds(job).switch_to_post_copy()


def test_post_copy_by_hand_takes_what_was_dirtied_once() -> None:
    """T = (memory + dirtied in the first pass) ÷ bandwidth."""
    rounds = Rounds(a_job(rate_mib_s=1000, working_set_mib=400))
    rounds.advance(9.9, bandwidth_bytes_s=SPEED)
    assert rounds.switch_to_post_copy()
    rounds.advance(100, bandwidth_bytes_s=SPEED)
    assert rounds.elapsed_s == pytest.approx(14.0, abs=0.1)
    assert not rounds.cancel()


def test_auto_converge_ends_what_would_not_end() -> None:
    """Throttled CPUs write less, so a CPU-bound load of 1.5 times the link gets through."""
    without = finished(a_job(rate_mib_s=150))
    throttled = finished(a_job(rate_mib_s=150, auto_converge=True))
    assert without.outcome is None
    assert throttled.outcome == CopyOutcome.CONVERGED
    assert 50 <= throttled.throttle_percent <= 99
    lazy = finished(a_job(rate_mib_s=150, auto_converge=True, cpu_duty=0.05))
    assert lazy.elapsed_s > throttled.elapsed_s


def test_a_limit_above_the_working_set_always_ends() -> None:
    """theta ≥ W converges even when the VM writes faster than the link, with a pause between W/B and L."""
    rounds = finished(a_job(rate_mib_s=150, working_set_mib=100, schedule=fixed_downtime(2000)))
    assert rounds.outcome == CopyOutcome.CONVERGED
    assert rounds.downtime_s is not None
    assert 1.0 <= rounds.downtime_s <= 2.01


def test_cancel_leaves_the_vm_where_it_is() -> None:
    """A cancelled migration ends at once, and once only."""
    rounds = Rounds(a_job())
    rounds.advance(3, bandwidth_bytes_s=SPEED)
    assert rounds.cancel()
    assert (rounds.outcome, rounds.elapsed_s, rounds.progress_percent) == (CopyOutcome.CANCELLED, 3, 30)
    assert rounds.advance(5, bandwidth_bytes_s=SPEED) == 0
    assert not rounds.cancel()
    assert rounds.next_change_s(bandwidth_bytes_s=SPEED) == math.inf


def test_the_expected_end_is_where_it_ends() -> None:
    """Looking ahead changes nothing and foretells the end at an unchanged bandwidth."""
    rounds = Rounds(a_job(rate_mib_s=60))
    rounds.advance(4, bandwidth_bytes_s=SPEED)
    expected = rounds.expected_end_s(bandwidth_bytes_s=SPEED)
    assert expected is not None
    assert rounds.elapsed_s == 4
    assert rounds.advance(1000, bandwidth_bytes_s=SPEED) == pytest.approx(expected)
    assert Rounds(a_job(rate_mib_s=300)).expected_end_s(bandwidth_bytes_s=SPEED) is None


def test_stepping_from_change_to_change_ends_in_few_steps() -> None:
    """`next_change_s` leads through a whole migration without polling."""
    rounds = Rounds(a_job(rate_mib_s=70, schedule=MINIMAL_DOWNTIME.schedule))
    steps = 0
    while rounds.outcome is None:
        rounds.advance(rounds.next_change_s(bandwidth_bytes_s=SPEED) + 1e-9, bandwidth_bytes_s=SPEED)
        steps += 1
    assert steps < 60


def test_a_copy_that_never_ends_is_not_stepped_round_by_round() -> None:
    """Rounds that repeat are leapt over: a year of them is a few calls of the load."""

    class Counted(DirtyModel):
        calls = 0

        def unique_bytes(self, seconds: float) -> float:
            Counted.calls += 1
            return super().unique_bytes(seconds)

    load = random_load(rate_bytes_s=170 * MIB, working_set_bytes=100 * MIB)
    job = CopyJob(
        memory_bytes=GIB,
        dirty=Counted(classes=load.classes),
        schedule=fixed_downtime(100),
        max_bandwidth_bytes_s=None,
    )
    rounds = finished(job, seconds=365 * 86400)
    assert rounds.outcome is None
    assert rounds.iterations > 1_000_000
    assert rounds.transferred_bytes == pytest.approx(365 * 86400 * SPEED, rel=1e-6)
    assert Counted.calls < 1000


def test_the_load_may_change_under_way() -> None:
    """A VM that falls silent lets its migration end."""
    rounds = Rounds(a_job(rate_mib_s=300))
    rounds.advance(100, bandwidth_bytes_s=SPEED)
    assert rounds.outcome is None
    rounds.set_dirty(IDLE)
    rounds.advance(20, bandwidth_bytes_s=SPEED)
    assert rounds.outcome == CopyOutcome.CONVERGED


def test_a_copy_of_a_migration_goes_its_own_way() -> None:
    """Changing the twin leaves the original alone."""
    rounds = Rounds(a_job(rate_mib_s=300, schedule=MINIMAL_DOWNTIME.schedule))
    twin = rounds.copy()
    twin.advance(500, bandwidth_bytes_s=SPEED)
    assert twin.outcome == CopyOutcome.ABORTED
    assert (rounds.elapsed_s, len(rounds.limits_set), rounds.outcome) == (0, 1, None)
    rounds.advance(500, bandwidth_bytes_s=SPEED)
    assert rounds.elapsed_s == twin.elapsed_s


@pytest.mark.parametrize(
    ("load", "second", "mib"),
    [
        (idle(), 5, 0),
        (sequential_load(rate_bytes_s=10 * MIB, working_set_bytes=30 * MIB), 2, 20),
        (sequential_load(rate_bytes_s=10 * MIB, working_set_bytes=30 * MIB), 9, 30),
        (random_load(rate_bytes_s=30 * MIB, working_set_bytes=30 * MIB), 1, 30 * (1 - math.exp(-1))),
        (hot_cold(rate_bytes_s=1e12, working_set_bytes=30 * MIB), 100, 30),
    ],
)
def test_loads_dirty_what_their_pattern_says(load: DirtyModel, second: float, mib: float) -> None:
    """Unique bytes: in order up to the working set, at random with rewrites, hot and cold as their sum."""
    assert load.unique_bytes(second) / MIB == pytest.approx(mib)


@pytest.mark.parametrize("values", [{"memory_bytes": 0}, {"memory_bytes": 10, "nonzero_bytes": 11}])
def test_a_job_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    """No memory, or more in use than there is, is bad input."""
    with pytest.raises(InvalidArgument):
        CopyJob(**values)


@pytest.mark.parametrize(
    ("seconds", "speed"), [(-1, 1), (1, -1), (math.inf, 1), (math.nan, 1), (1, math.nan)]
)
def test_time_and_bandwidth_must_be_real(seconds: float, speed: float) -> None:
    """Negative or endless steps are bad input, not a hang."""
    with pytest.raises(InvalidArgument):
        Rounds(a_job()).advance(seconds, bandwidth_bytes_s=speed)
