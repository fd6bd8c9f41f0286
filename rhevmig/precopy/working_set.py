"""Loads that are plausible given a few measured dirty samples.

A sample is the number of different bytes that were written within a window. `calc-dirty-rate` looks at a few
pages per GiB only, so its noise is that of counting: binomial, known beforehand, and a result cut off
to whole MiB/s. From samples of different windows follow both the rate of writes and the memory they
fall into, each with its uncertainty: a set of plausible loads with weights. Nothing is fitted to runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rhevmig.errors import InvalidArgument
from rhevmig.precopy.switchover import PAGE_BYTES
from rhevmig.units import GIB, MIB

#: pages per GiB that QEMU's page sampling looks at where it is not known: its maximum and its default,
#: and how likely each is (dirty rates that are measured for a prediction are measured well)
_USUAL_PAGES_PER_GIB = ((4096, 0.8), (512, 0.2))
#: even an exact count is not trusted further than this share of itself
_RELATIVE_FLOOR = 2e-3
#: most rewrites of a page within the reference window that are distinguished
_MAX_REWRITES = 6.0
_GRID = 11
#: how often the looked-at part of all loads is cut down to what still matters
_MAX_NARROWINGS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtySample:
    """Different bytes written within one window, measured before the migration."""

    #: length of the window, seconds
    window_s: float
    #: different bytes (whole pages) written within it
    dirtied_bytes: float
    #: pages looked at per GiB (`sample-pages`); 262144 = all of them; None = not known
    pages_per_gib: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.window_s) and self.window_s > 0):
            raise InvalidArgument(name="window_s", value=self.window_s, expected="seconds above 0")
        if not (math.isfinite(self.dirtied_bytes) and self.dirtied_bytes >= 0):
            raise InvalidArgument(name="dirtied_bytes", value=self.dirtied_bytes, expected="bytes, 0 or more")


@dataclass(frozen=True, slots=True)
class PlausibleLoad:
    """A load that the samples allow."""

    rate_bytes_s: float
    working_set_bytes: float
    weight: float


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One sample prepared for being compared with loads."""

    window_s: float
    expected: float
    rounding: float
    #: (how likely, sampling variance over p(1-p)) for each way it may have been measured
    variances: tuple[tuple[float, float], ...]
    memory: float

    def log_likelihood(self, dirtied: float) -> float:
        share = min(1.0, dirtied / self.memory)
        miss = (self.expected - dirtied) ** 2
        floor = self.rounding + (_RELATIVE_FLOOR * dirtied + PAGE_BYTES) ** 2
        logs = [
            math.log(trust)
            - miss / (2 * (factor * share * (1 - share) + floor))
            - math.log(factor * share * (1 - share) + floor) / 2
            for trust, factor in self.variances
        ]
        best = max(logs)
        return best + math.log(sum(math.exp(each - best) for each in logs))

    def spread(self) -> float:
        share = min(0.5, max(self.expected / self.memory, 1e-5))
        widest = max(factor for _, factor in self.variances)
        return math.sqrt(widest * share * (1 - share) + self.rounding + PAGE_BYTES**2)


def as_samples(samples: Sequence[DirtySample | tuple[float, float]] | None) -> tuple[DirtySample, ...]:
    """Pairs of (window in seconds, bytes dirtied) as samples."""
    return tuple(
        item
        if isinstance(item, DirtySample)
        else DirtySample(window_s=float(item[0]), dirtied_bytes=float(item[1]))
        for item in samples or ()
    )


def plausible_loads(
    samples: Sequence[DirtySample], *, memory_bytes: float, nonzero_bytes: float
) -> tuple[PlausibleLoad, ...]:
    """Loads of random writes that the samples allow, with weights that add up to 1.

    Before any sample, every order of magnitude of rate and working set is equally likely, up to
    the filled memory; with one window only, which does not limit the working set, every size of it.
    Where the density of a sample is not known it may be either of the two usual ones, so of two samples
    that disagree the one that fits the others decides.
    """
    if not samples or all(sample.dirtied_bytes == 0 for sample in samples):
        return (PlausibleLoad(0.0, 0.0, 1.0),)
    evidence = [_prepared(sample, memory_bytes) for sample in samples]
    reference = min(
        (item for item in evidence if item.expected > 0),
        key=lambda item: (item.spread() / item.expected, -item.window_s),
    )
    top = nonzero_bytes * (1 - math.exp(-_MAX_REWRITES)) * 0.999
    spread = reference.spread()
    low = max(min(reference.expected - 4 * spread, top * 0.5), reference.expected * 0.02)
    high = max(min(reference.expected + 4 * spread, top), low * 1.001)
    box = _Box(low, high, 0.0, 1.0)
    cells = _weigh(box, evidence, reference, nonzero_bytes)
    for _ in range(_MAX_NARROWINGS):
        smaller = _narrowed(box, cells)
        is_fine = smaller.size > 0.7 * box.size
        box, cells = smaller, _weigh(smaller, evidence, reference, nonzero_bytes)
        if is_fine:
            break
    return _normalised(cells)


def _prepared(sample: DirtySample, memory_bytes: float) -> _Evidence:
    rate = sample.dirtied_bytes / sample.window_s / MIB
    is_cut_off = abs(rate - round(rate)) < 1e-6
    known = ((sample.pages_per_gib, 1.0),) if sample.pages_per_gib else _USUAL_PAGES_PER_GIB
    variances = []
    for density, trust in known:
        looked_at = max(1.0, density * memory_bytes / GIB)
        unseen = max(0.0, 1 - looked_at * PAGE_BYTES / memory_bytes)
        variances.append((trust, memory_bytes**2 * unseen / looked_at))
    step = MIB * sample.window_s
    return _Evidence(
        window_s=sample.window_s,
        expected=sample.dirtied_bytes + (step / 2 if is_cut_off else 0.0),
        rounding=step * step / 12 if is_cut_off else 0.0,
        variances=tuple(variances),
        memory=memory_bytes,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """The part of all loads that is looked at: bytes dirtied in the reference window, place of rewrites."""

    low: float
    high: float
    left: float
    right: float

    @property
    def size(self) -> float:
        return (self.high - self.low) * (self.right - self.left)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One load within the box."""

    dirtied: float
    place: float
    log_weight: float
    rate: float
    working_set: float


def _weigh(
    box: _Box, evidence: Sequence[_Evidence], reference: _Evidence, nonzero_bytes: float
) -> list[_Cell]:
    by_size = 0.0 if len({item.window_s for item in evidence}) > 1 else 1.0
    cells = []
    for row in range(_GRID):
        dirtied = box.low + (box.high - box.low) * (row + 0.5) / _GRID
        fewest = min(-math.log1p(-min(dirtied / nonzero_bytes, 1 - 1e-9)), _MAX_REWRITES * 0.99)
        span = math.log(_MAX_REWRITES / fewest)
        for column in range(_GRID):
            place = box.left + (box.right - box.left) * (column + 0.5) / _GRID
            rewrites = fewest * math.exp(span * place)
            fraction = -math.expm1(-rewrites)
            working_set = dirtied / fraction
            rate = rewrites * working_set / reference.window_s
            log_weight = math.log(span) - by_size * math.log(fraction)
            for item in evidence:
                log_weight += item.log_likelihood(
                    -working_set * math.expm1(-rate * item.window_s / working_set)
                )
            cells.append(_Cell(dirtied, place, log_weight, rate, working_set))
    return cells


def _narrowed(box: _Box, cells: Sequence[_Cell]) -> _Box:
    """The part of the box that still matters, half a cell wider on each side."""
    best = max(cell.log_weight for cell in cells)
    kept = [cell for cell in cells if cell.log_weight > best - 7]
    tall, wide = (box.high - box.low) / _GRID, (box.right - box.left) / _GRID
    return _Box(
        low=max(box.low, min(cell.dirtied for cell in kept) - tall / 2),
        high=min(box.high, max(cell.dirtied for cell in kept) + tall / 2),
        left=max(box.left, min(cell.place for cell in kept) - wide / 2),
        right=min(box.right, max(cell.place for cell in kept) + wide / 2),
    )


def _normalised(cells: Sequence[_Cell]) -> tuple[PlausibleLoad, ...]:
    best = max(cell.log_weight for cell in cells)
    kept = [(math.exp(cell.log_weight - best), cell) for cell in cells if cell.log_weight > best - 5]
    total = sum(weight for weight, _ in kept)
    return tuple(PlausibleLoad(cell.rate, cell.working_set, weight / total) for weight, cell in kept)
