"""Predicts one migration from numbers known before it starts: time, bytes, pause, and how sure.

The copy loop is run for every load that the dirty samples allow and for a little more and a little less
bandwidth; the figures are the middle of what comes out, the bands its quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rhevmig.errors import InvalidArgument
from rhevmig.precopy.dirty_rate import random_load
from rhevmig.precopy.rounds import CopyJob, CopyOutcome, Rounds
from rhevmig.precopy.schedules import ConvergenceSchedule
from rhevmig.precopy.switchover import CopyFigures, copy_through, first_pass_bytes
from rhevmig.precopy.working_set import DirtySample, PlausibleLoad, as_samples, plausible_loads

Verdict = Literal["yes", "uncertain", "no"]

#: scatter of the bandwidth (and of the model) around its nominal value, as shares of it; equally likely
_BANDWIDTH_SCATTER = (-0.0184, 0.0, 0.0184)
#: scatter of the pause between repeats of one migration, seconds (standard deviation)
_DOWNTIME_SCATTER_S = 0.009
#: scatter of the bytes sent around the model, as a share (standard deviation)
_BYTES_SCATTER = 0.01
#: the ninth decile of a normal scatter, in standard deviations
_NINTH_DECILE = 1.28
#: assumed used part of the memory where it is not known; equally likely
_UNKNOWN_FILL = (0.6, 0.8, 0.9, 1.0)
#: assumed dirty rates where none was measured, as shares of the bandwidth; equally likely
_UNKNOWN_LOAD = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
_UNKNOWN_WORKING_SET = 0.5
#: writes per sent byte up to which copies were seen to end, and from which they never did
_SURELY_ENDS, _NEVER_ENDS = 0.9, 1.0
#: share of the plausible loads that makes a yes or a no
_CONFIDENCE = 0.8
#: a migration under a schedule that is not through by then counts as one that never ends
_DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """One quantile of the three figures, each on its own."""

    #: seconds from the first byte to the VM running on the destination
    total_s: float
    #: bytes over the link
    transferred_bytes: float
    #: pause of the VM, seconds
    downtime_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What is expected of one migration."""

    #: seconds from the first byte to the VM running on the destination; inf when it does not converge
    total_s: float
    #: bytes over the link
    transferred_bytes: float
    #: pause of the VM, seconds
    downtime_s: float
    #: whether the copy catches up with the writing
    converges: Verdict
    #: half of such migrations stay within these figures
    p50: Band
    #: nine of ten such migrations stay within these figures
    p90: Band
    #: share of the plausible courses that ends this way; empty without a schedule
    outcomes: Mapping[CopyOutcome, float] = field(default_factory=dict)
    #: what was assumed because it was not known; empty = everything was given
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Course:
    """One plausible set of circumstances, in bytes and seconds."""

    load: PlausibleLoad
    nonzero: float
    memory: float
    bandwidth: float
    stop: float
    limit: float

    @property
    def working_set(self) -> float:
        return min(self.load.working_set_bytes, self.nonzero)


@dataclass(frozen=True, slots=True)
class _Run:
    """One plausible course of the migration."""

    weight: float
    figures: CopyFigures
    ends: Verdict
    outcome: CopyOutcome | None = None


def predict(
    *,
    memory_bytes: float | None,
    nonzero_bytes: float | None = None,
    bandwidth_bytes_s: float,
    dirty_samples: Sequence[DirtySample | tuple[float, float]] | None = None,
    downtime_limit_s: float = 0.5,
    stop_bandwidth_bytes_s: float | None = None,
    schedule: ConvergenceSchedule | None = None,
    auto_converge: bool = False,
) -> Prediction:
    """Time, bytes and pause of one pre-copy migration.

    Args:
        memory_bytes: RAM; None = not known.
        nonzero_bytes: the part of it that holds data; None = not known.
        bandwidth_bytes_s: what the copy gets while the VM runs.
        dirty_samples: unique bytes dirtied within windows of some seconds, best one and three; as pairs or
            `DirtySample`.
        downtime_limit_s: the limit in force when the copy ends; not used with a schedule.
        stop_bandwidth_bytes_s: what the copy gets while the VM is paused; None = the same, right for a link
            that is the bottleneck. The link's speed where only a cap limits the copy.
        schedule: of a migration policy: raises the downtime limit as iterations pass, then aborts, suspends
            or switches to post-copy. An aborted migration counts as one that does not converge.
        auto_converge: whether QEMU throttles the VM's CPUs; only with a schedule.
    Returns: figures with bands; what was not known is in `assumptions` and widens the bands.

    >>> idle = predict(memory_bytes=2**30, nonzero_bytes=2**30, bandwidth_bytes_s=2**26,
    ...                dirty_samples=[(1, 0)])
    >>> round(idle.total_s, 1), idle.converges
    (16.0, 'yes')
    """
    _check(memory_bytes, nonzero_bytes, bandwidth_bytes_s, downtime_limit_s, stop_bandwidth_bytes_s)
    stop = bandwidth_bytes_s if stop_bandwidth_bytes_s is None else stop_bandwidth_bytes_s
    notes: list[str] = []
    fills = _fills(memory_bytes, nonzero_bytes, notes)
    if not fills:
        nothing = Band(total_s=math.inf, transferred_bytes=math.inf, downtime_s=downtime_limit_s)
        return _prediction(nothing, nothing, "uncertain", notes)
    memory = max(fills) if memory_bytes is None else max(memory_bytes, *fills)
    samples = as_samples(dirty_samples)
    loads = _loads(samples, memory, max(fills), bandwidth_bytes_s, notes)
    # Next to unknown loads the scatter of the bandwidth disappears, and a schedule is expensive to compute.
    scatters = _BANDWIDTH_SCATTER if samples or schedule is None else (0.0,)
    courses = [
        _Course(load, fill, memory, bandwidth_bytes_s * (1 + scatter), stop * (1 + scatter), downtime_limit_s)
        for load in loads
        for fill in fills
        for scatter in scatters
    ]
    runs = [_run(each) if schedule is None else _scheduled(each, schedule, auto_converge) for each in courses]
    is_sure = samples or (schedule is not None and schedule.switches_to_post_copy)
    verdict = _verdict(runs) if is_sure else "uncertain"
    return _prediction(_middle(runs), _high(runs), verdict, notes, _outcomes(runs))


def _check(
    memory: float | None, nonzero: float | None, bandwidth: float, limit: float, stop: float | None
) -> None:
    for name, value in (("memory_bytes", memory), ("nonzero_bytes", nonzero)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InvalidArgument(name=name, value=value, expected="bytes above 0, or None")
    for name, value in (("bandwidth_bytes_s", bandwidth), ("stop_bandwidth_bytes_s", stop)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InvalidArgument(name=name, value=value, expected="bytes per second above 0")
    if not (math.isfinite(limit) and limit >= 0):
        raise InvalidArgument(name="downtime_limit_s", value=limit, expected="seconds, 0 or more")


def _fills(memory: float | None, nonzero: float | None, notes: list[str]) -> tuple[float, ...]:
    """How much of the memory holds something: one figure, or several plausible ones where it is not known."""
    if nonzero is None and memory is None:
        notes.append("the memory size is not known: no time can be given")
        return ()
    if nonzero is None:
        notes.append("the used memory is not known: 60 to 100 % assumed")
        return tuple((memory or 0.0) * share for share in _UNKNOWN_FILL)
    if memory is None:
        notes.append("the memory size is not known: no zero pages assumed")
    elif nonzero > memory:
        notes.append("more memory is reported as used than the VM has: all of it assumed")
        return (memory,)
    return (nonzero,)


def _loads(
    samples: tuple[DirtySample, ...], memory: float, nonzero: float, bandwidth: float, notes: list[str]
) -> tuple[PlausibleLoad, ...]:
    if not samples:
        notes.append("the dirty rate is not known: 0 to 80 % of the bandwidth assumed")
        share = 1 / len(_UNKNOWN_LOAD)
        return tuple(
            PlausibleLoad(load * bandwidth, nonzero * _UNKNOWN_WORKING_SET, share) for load in _UNKNOWN_LOAD
        )
    loads = plausible_loads(samples, memory_bytes=memory, nonzero_bytes=nonzero)
    if len({sample.window_s for sample in samples}) == 1 and loads[0].rate_bytes_s:
        notes.append("dirty samples of one window only: the size of the working set is not known")
    return loads


def _run(course: _Course) -> _Run:
    figures = copy_through(
        first_pass=first_pass_bytes(memory_bytes=course.memory, nonzero_bytes=course.nonzero),
        zero_bytes=course.memory - course.nonzero,
        bandwidth=course.bandwidth,
        stop_bandwidth=course.stop,
        downtime_limit=course.limit,
        rate=course.load.rate_bytes_s,
        working_set=course.working_set,
    )
    ends = _ends(course.load.rate_bytes_s, course.working_set, course.bandwidth, course.limit)
    return _Run(course.load.weight, figures, ends)


def _scheduled(course: _Course, schedule: ConvergenceSchedule, auto_converge: bool) -> _Run:
    rounds = Rounds(
        CopyJob(
            memory_bytes=course.memory,
            nonzero_bytes=course.nonzero,
            dirty=random_load(rate_bytes_s=course.load.rate_bytes_s, working_set_bytes=course.working_set),
            schedule=schedule,
            max_bandwidth_bytes_s=None,
            auto_converge=auto_converge,
        )
    )
    rounds.advance(_DAY_S, bandwidth_bytes_s=course.bandwidth, stop_bandwidth_bytes_s=course.stop)
    if rounds.outcome in (None, CopyOutcome.ABORTED) or rounds.downtime_s is None:
        limit = rounds.downtime_limit_s
        return _Run(course.load.weight, CopyFigures(math.inf, math.inf, limit, limit), "no", rounds.outcome)
    pause = rounds.downtime_s
    longest = pause if rounds.outcome == CopyOutcome.POST_COPY else max(pause, rounds.downtime_limit_s)
    figures = CopyFigures(rounds.elapsed_s, rounds.transferred_bytes, pause, longest)
    return _Run(course.load.weight, figures, "yes", rounds.outcome)


def _ends(rate: float, working_set: float, bandwidth: float, limit: float) -> Verdict:
    """Whether a copy ends: writes per sent byte that count, near the end."""
    if rate == 0 or bandwidth * limit >= working_set:
        return "yes"
    load = rate * (1 - bandwidth * limit / working_set) / bandwidth
    if load < _SURELY_ENDS:
        return "yes"
    return "no" if load > _NEVER_ENDS else "uncertain"


def _verdict(runs: Sequence[_Run]) -> Verdict:
    total = sum(run.weight for run in runs)
    for verdict in ("yes", "no"):
        if sum(run.weight for run in runs if run.ends == verdict) >= _CONFIDENCE * total:
            return verdict
    return "uncertain"


def _middle(runs: Sequence[_Run]) -> Band:
    return Band(
        total_s=_quantile([(run.figures.total_s, run.weight) for run in runs], 0.5),
        transferred_bytes=_quantile([(run.figures.transferred_bytes, run.weight) for run in runs], 0.5),
        downtime_s=_quantile([(run.figures.downtime_s, run.weight) for run in runs], 0.5),
    )


def _high(runs: Sequence[_Run]) -> Band:
    """Nine of ten: the ninth decile of what is plausible, and the scatter that no run of the loop shows."""
    sent = _quantile([(run.figures.transferred_bytes, run.weight) for run in runs], 0.9)
    pause = _quantile([(run.figures.longest_downtime_s, run.weight) for run in runs], 0.9)
    return Band(
        total_s=_quantile([(run.figures.total_s, run.weight) for run in runs], 0.9),
        transferred_bytes=sent * (1 + _NINTH_DECILE * _BYTES_SCATTER),
        downtime_s=pause + _NINTH_DECILE * _DOWNTIME_SCATTER_S,
    )


def _quantile(values: Sequence[tuple[float, float]], share: float) -> float:
    """The value below which `share` of the weight lies, between two values by their distance."""
    ordered = sorted(values)
    target = share * sum(weight for _, weight in ordered)
    below, previous, reached = 0.0, ordered[0][0], 0.0
    for value, weight in ordered:
        middle = below + weight / 2
        if middle >= target:
            if math.isinf(value) or middle <= reached:
                return value
            return previous + (value - previous) * max(0.0, (target - reached) / (middle - reached))
        below += weight
        previous, reached = value, middle
    return previous


def _outcomes(runs: Sequence[_Run]) -> dict[CopyOutcome, float]:
    total = sum(run.weight for run in runs)
    shares: dict[CopyOutcome, float] = {}
    for run in runs:
        if run.outcome is not None:
            shares[run.outcome] = shares.get(run.outcome, 0.0) + run.weight / total
    return shares


def _prediction(
    middle: Band,
    high: Band,
    converges: Verdict,
    notes: Sequence[str],
    outcomes: Mapping[CopyOutcome, float] | None = None,
) -> Prediction:
    return Prediction(
        total_s=middle.total_s,
        transferred_bytes=middle.transferred_bytes,
        downtime_s=middle.downtime_s,
        converges=converges,
        p50=middle,
        p90=high,
        outcomes=outcomes or {},
        assumptions=tuple(notes),
    )
