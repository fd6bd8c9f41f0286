"""How a claim is measured and shown: ratios side by side in one run, with their spread."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One measured sentence: what is claimed, what was seen, and whether the aim holds."""

    claim: str
    value: float
    unit: str
    low: float
    high: float
    n: int
    aim: str = ""
    holds: bool | None = None


def repeated(act: Callable[[], object], *, n: int = 5, warm_up: int = 1) -> list[float]:
    """Wall seconds of so many runs, after a warm-up that is not counted."""
    for _ in range(warm_up):
        act()
    return [_timed(act) for _ in range(n)]


def interleaved(
    first: Callable[[], object], second: Callable[[], object], *, n: int = 5, warm_up: int = 1
) -> tuple[list[float], list[float]]:
    """Wall seconds of two acts in turn, A B A B, so that the machine's mood weighs on both alike."""
    for _ in range(warm_up):
        first()
        second()
    pairs = [(_timed(first), _timed(second)) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def ratio_claim(
    claim: str, measured: list[float], beside: list[float], *, at_most: float | None = None, unit: str = "×"
) -> Claim:
    """The ratio of two series pair by pair: median, lowest, highest."""
    ratios = [a / b for a, b in zip(measured, beside, strict=True)]
    value = statistics.median(ratios)
    return Claim(
        claim=claim,
        value=value,
        unit=unit,
        low=min(ratios),
        high=max(ratios),
        n=len(ratios),
        aim=f"≤ {at_most:g} {unit}" if at_most is not None else "",
        holds=value <= at_most if at_most is not None else None,
    )


def peak_memory_bytes() -> int:
    """The largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def calibration_s() -> float:
    """Seconds of a fixed loop of pure Python, printed beside absolute figures to tell machines apart."""

    def loop() -> int:
        total = 0
        for number in range(2_000_000):
            total += number % 7
        return total

    return statistics.median(repeated(loop, n=3))


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
