"""Predictions from what is known before a migration."""

from __future__ import annotations

import doctest
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhevmig.errors import InvalidArgument
from rhevmig.precopy import DirtySample, Prediction, predict, prediction
from rhevmig.precopy.dirty_rate import random_load
from rhevmig.precopy.presets import MINIMAL_DOWNTIME, POST_COPY, SUSPEND_WORKLOAD
from rhevmig.precopy.rounds import CopyJob, Rounds
from rhevmig.precopy.schedules import fixed_downtime
from rhevmig.units import MIB

ALL_PAGES = 262_144


def samples(
    rate_mib_s: float, working_set_mib: float, *, density: int | None = ALL_PAGES
) -> list[DirtySample]:
    load = random_load(rate_bytes_s=rate_mib_s * MIB, working_set_bytes=working_set_mib * MIB)
    return [
        DirtySample(window_s=window, dirtied_bytes=load.unique_bytes(window), pages_per_gib=density)
        for window in (1.0, 3.0)
    ]


def a_prediction(rate_mib_s: float = 40, working_set_mib: float = 400, **other: object) -> Prediction:
    known: dict[str, object] = {
        "memory_bytes": 1000 * MIB,
        "nonzero_bytes": 1000 * MIB,
        "bandwidth_bytes_s": 100 * MIB,
        "dirty_samples": samples(rate_mib_s, working_set_mib),
        "downtime_limit_s": 0.3,
    }
    return predict(**{**known, **other})  # type: ignore[arg-type]


def test_the_examples_in_the_docstrings_run() -> None:
    """Documentation of the prediction is what it does."""
    assert doctest.testmod(prediction).failed == 0


@given(memory=st.floats(1, 1e6), filled=st.floats(0.01, 1), speed=st.floats(1, 3000))
def test_an_idle_vm_takes_its_memory_over_the_bandwidth(memory: float, filled: float, speed: float) -> None:
    """No dirtying gives filled RAM ÷ bandwidth within a percent, zero pages nearly free."""
    found = predict(
        memory_bytes=memory * MIB,
        nonzero_bytes=memory * filled * MIB,
        bandwidth_bytes_s=speed * MIB,
        dirty_samples=[(1, 0), (3, 0)],
    )
    sent = memory * filled * 1.002 + memory * (1 - filled) * 9 / 4096
    assert found.total_s == pytest.approx(sent / speed + 0.004, rel=1e-3)
    assert (found.converges, found.assumptions) == ("yes", ())


@given(
    rate=st.floats(0, 80),
    size=st.floats(20, 900),
    speeds=st.lists(st.floats(90, 1000), min_size=2, max_size=4, unique=True),
)
@settings(deadline=None, max_examples=40)
def test_more_bandwidth_is_never_slower(rate: float, size: float, speeds: list[float]) -> None:
    """Monotone in bandwidth, but for QEMU's 50 ms between looks."""
    slow_first = [a_prediction(rate, size, bandwidth_bytes_s=speed * MIB) for speed in sorted(speeds)]
    for slower, faster in itertools.pairwise(slow_first):
        assert faster.total_s <= slower.total_s * 1.01 + 0.1
        assert faster.p90.total_s <= slower.p90.total_s * 1.01 + 0.2


@given(rate=st.floats(2, 70), size=st.floats(50, 900), limit=st.sampled_from([200, 300, 1000]))
@settings(deadline=None, max_examples=40)
def test_the_stepper_agrees_with_the_prediction(rate: float, size: float, limit: int) -> None:
    """Told the load exactly, the prediction is what stepping the same load comes to."""
    found = a_prediction(rate, size, downtime_limit_s=limit / 1000)
    load = random_load(rate_bytes_s=rate * MIB, working_set_bytes=size * MIB)
    rounds = Rounds(
        CopyJob(
            memory_bytes=1000 * MIB,
            dirty=load,
            schedule=fixed_downtime(limit),
            max_bandwidth_bytes_s=None,
        )
    )
    rounds.advance(3600, bandwidth_bytes_s=100 * MIB)
    assert found.total_s == pytest.approx(rounds.elapsed_s, rel=0.03)
    assert found.transferred_bytes == pytest.approx(rounds.transferred_bytes, rel=0.03)


@given(rate=st.floats(0, 300), size=st.floats(1, 1500), density=st.sampled_from([None, 512, 4096, ALL_PAGES]))
@settings(deadline=None, max_examples=60)
def test_bands_are_ordered_and_physical(rate: float, size: float, density: int | None) -> None:
    """The ninth decile is not below the middle, and no prediction sends less than the memory once."""
    found = a_prediction(dirty_samples=samples(rate, size, density=density))
    assert found.p50.total_s == found.total_s
    assert found.p90.total_s >= found.p50.total_s >= 9.8
    assert found.p90.transferred_bytes >= found.p50.transferred_bytes >= 1000 * MIB
    assert 0 <= found.p50.downtime_s <= found.p90.downtime_s


@pytest.mark.parametrize(
    ("rate", "size", "limit", "verdict"),
    [
        (0, 0, 0.3, "yes"),
        (60, 400, 0.3, "yes"),
        (102, 500, 0.3, "uncertain"),
        (200, 900, 0.3, "no"),
        (400, 90, 1, "yes"),
    ],
)
def test_the_verdict_follows_the_writes_per_sent_byte(
    rate: float, size: float, limit: float, verdict: str
) -> None:
    """Below 0.9 yes, above 1 no, between uncertain; a limit above the working set always ends."""
    found = a_prediction(rate, size, downtime_limit_s=limit)
    assert found.converges == verdict
    assert (found.total_s == math.inf) == (verdict == "no")


def test_a_load_nobody_measured_is_said_and_never_fine() -> None:
    """Without samples the verdict is open, the reason is told and the band is wide."""
    known = a_prediction(rate_mib_s=20)
    for missing in (None, []):
        unknown = a_prediction(dirty_samples=missing)
        assert unknown.converges == "uncertain"
        assert "the dirty rate is not known" in unknown.assumptions[0]
        assert unknown.p90.total_s / unknown.p50.total_s > known.p90.total_s / known.p50.total_s


def test_memory_nobody_looked_into_widens_the_band() -> None:
    """Between a part and all of it may have to be sent."""
    known = a_prediction(0, 0)
    unknown = a_prediction(0, 0, nonzero_bytes=None)
    assert "the used memory is not known" in unknown.assumptions[0]
    assert unknown.p50.total_s < known.p50.total_s
    assert unknown.p90.total_s == pytest.approx(known.p90.total_s, rel=0.05)
    assert unknown.p90.total_s / unknown.p50.total_s > known.p90.total_s / known.p50.total_s


def test_a_memory_of_unknown_size_is_not_given_a_time() -> None:
    """With its filled part known that is used; with nothing known nothing is promised."""
    some = a_prediction(0, 0, memory_bytes=None)
    assert "the memory size is not known" in some.assumptions[0]
    assert some.total_s == pytest.approx(10, rel=0.02)
    nothing = a_prediction(memory_bytes=None, nonzero_bytes=None)
    assert (nothing.total_s, nothing.converges) == (math.inf, "uncertain")


def test_more_in_use_than_there_is_counts_as_all() -> None:
    """Statistics of a VM may overshoot its size; that is said."""
    found = a_prediction(0, 0, nonzero_bytes=1100 * MIB)
    assert found.total_s == pytest.approx(10, rel=0.02)
    assert found.assumptions


def test_one_window_only_is_said() -> None:
    """It does not tell the working set, so the band is wider than with two."""
    both = samples(50, 200, density=4096)
    one = a_prediction(dirty_samples=both[:1])
    two = a_prediction(dirty_samples=both)
    assert "one window" in one.assumptions[0]
    assert one.p90.total_s - one.p50.total_s > two.p90.total_s - two.p50.total_s


def test_sparser_sampling_is_less_sure() -> None:
    """The same figures from 512 pages per GiB are worth less than from 4096."""
    sparse, dense = (a_prediction(dirty_samples=samples(60, 400, density=each)) for each in (512, 4096))
    assert sparse.p90.total_s > dense.p90.total_s


def test_a_stray_sample_is_outvoted() -> None:
    """Of two one-second samples that disagree, the one that fits the three-second one decides."""
    calm = a_prediction(dirty_samples=[(1, 38 * MIB), (3, 100 * MIB)])
    stray = a_prediction(dirty_samples=[(1, 70 * MIB), (1, 38 * MIB), (3, 100 * MIB)])
    assert stray.total_s == pytest.approx(calm.total_s, rel=0.1)


@pytest.mark.parametrize(
    "pair", [[(1, 20 * MIB), (3, 75 * MIB)], [(1, 40 * MIB), (3, 30 * MIB)], [(3, 999 * MIB)]]
)
def test_samples_that_contradict_each_other_still_give_a_band(pair: list[tuple[float, float]]) -> None:
    """More in three seconds than three times one, or less than one: noise, not a crash."""
    found = a_prediction(dirty_samples=pair)
    assert found.p90.total_s >= found.p50.total_s > 9.8


def test_a_cap_without_a_bottleneck_shortens_the_pause() -> None:
    """With only a cap the last part goes at the link's speed."""
    link = a_prediction(40, 400)
    cap = a_prediction(40, 400, stop_bandwidth_bytes_s=1000 * MIB)
    assert cap.downtime_s < link.downtime_s / 5
    assert cap.total_s <= link.total_s


def test_a_policys_schedule_replaces_the_limit() -> None:
    """A load that no limit of the policy lets through is aborted, suspended or moved by post-copy."""
    aborted, suspended, moved = (
        a_prediction(300, 450, schedule=policy.schedule)
        for policy in (MINIMAL_DOWNTIME, SUSPEND_WORKLOAD, POST_COPY)
    )
    assert (aborted.converges, aborted.total_s) == ("no", math.inf)
    assert suspended.converges == "yes"
    assert suspended.downtime_s > 1
    assert moved.converges == "yes"
    assert moved.downtime_s == pytest.approx(0.02)


@pytest.mark.parametrize(
    "wrong",
    [
        {"memory_bytes": 0},
        {"nonzero_bytes": -1},
        {"bandwidth_bytes_s": 0},
        {"bandwidth_bytes_s": math.nan},
        {"stop_bandwidth_bytes_s": 0},
        {"downtime_limit_s": -0.1},
        {"dirty_samples": [(0, 1)]},
        {"dirty_samples": [(1, -1)]},
        {"dirty_samples": [(1, math.inf)]},
    ],
)
def test_numbers_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    """Each names its argument and what was expected."""
    with pytest.raises(InvalidArgument, match="expected"):
        a_prediction(**wrong)  # type: ignore[arg-type]
