"""How close the predictions come to migrations of a real QEMU, and what stepping a migration costs.

The data and its origin: cassettes/precopy/README.md. `docs/precopy.md` is made from the same figures.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.harness import Claim, repeated
from rhevmig.precopy import DirtySample, Prediction, predict
from rhevmig.precopy.dirty_rate import IDLE, DirtyModel, hot_cold, random_load, sequential_load
from rhevmig.precopy.presets import MINIMAL_DOWNTIME
from rhevmig.precopy.rounds import CopyJob, Rounds
from rhevmig.precopy.schedules import fixed_downtime
from rhevmig.units import GIB, KIB, MIB

DATA = Path(__file__).parents[1] / "cassettes" / "precopy"
Row = dict[str, Any]

#: what was measured before a migration: name → (field, window in seconds, pages per GiB)
MEASURED = {
    "1 s, 512 pages/GiB": ("measured_dirty_T1_default512_mib_s", 1.0, 512),
    "1 s, 4096 pages/GiB": ("measured_dirty_T1_4096_mib_s", 1.0, 4096),
    "3 s, 4096 pages/GiB": ("measured_dirty_T3_4096_mib_s", 3.0, 4096),
}
#: which samples a prediction is given, and whether it is told their density
INPUTS = {
    "1 s and 3 s": (("1 s, 4096 pages/GiB", "3 s, 4096 pages/GiB"), True),
    "1 s and 3 s, density not given": (("1 s, 4096 pages/GiB", "3 s, 4096 pages/GiB"), False),
    "all three": (tuple(MEASURED), True),
    "all three, density not given": (tuple(MEASURED), False),
    "3 s only": (("3 s, 4096 pages/GiB",), True),
    "1 s only": (("1 s, 4096 pages/GiB",), True),
    "QEMU's default only (1 s, 512)": (("1 s, 512 pages/GiB",), True),
    "none": ((), True),
}
BEST = "1 s and 3 s"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One measured migration beside its prediction."""

    row: Row
    prediction: Prediction

    @property
    def total_error(self) -> float:
        return self.prediction.total_s / (float(self.row["total_ms"]) / 1000) - 1

    @property
    def bytes_error(self) -> float:
        return self.prediction.transferred_bytes / (float(self.row["transferred_mib"]) * MIB) - 1

    @property
    def downtime_error_ms(self) -> float:
        return self.prediction.downtime_s * 1000 - float(self.row["downtime_ms"])

    @property
    def is_busy(self) -> bool:
        return bool(self.row["target_dirty_mib_s"])


@cache
def rows() -> tuple[Row, ...]:
    return tuple(json.loads(line) for line in (DATA / "migrations.jsonl").read_text().splitlines())


def traces() -> dict[str, list[tuple[float, float, int]]]:
    lines = (DATA / "traces.jsonl").read_text().splitlines()
    return {trace["id"]: [tuple(point) for point in trace["trace"]] for trace in map(json.loads, lines)}


def plain_rows() -> list[Row]:
    """Link-limited plain runs with random or idle load and mostly filled memory, cancelled ones included."""
    return [
        row
        for row in rows()
        if row["bandwidth_mode"] == "link"
        and not row["capabilities"]
        and row["pattern"] in ("random", "idle")
        and row["filled_mib"] >= 0.5 * row["ram_mib"]
        and not _is_relay_v1(row)
    ]


def _is_relay_v1(row: Row) -> bool:
    return str(row["noise_notes"] or "").startswith("relay v1")


def predicted(row: Row, given: str) -> Prediction:
    names, is_told = INPUTS[given]
    samples = [
        DirtySample(
            window_s=window,
            dirtied_bytes=row[field] * window * MIB,
            pages_per_gib=density if is_told else None,
        )
        for field, window, density in (MEASURED[name] for name in names)
    ]
    return predict(
        memory_bytes=row["ram_mib"] * MIB,
        nonzero_bytes=nonzero_bytes(row),
        bandwidth_bytes_s=row["bandwidth_mib_s"] * MIB,
        stop_bandwidth_bytes_s=GIB if row["bandwidth_mode"] == "cap" else None,
        dirty_samples=samples,
        downtime_limit_s=row["downtime_limit_ms"] / 1000,
    )


def nonzero_bytes(row: Row) -> float:
    return float(row["ram_mib"] * MIB - row["duplicate_pages"] * 4 * KIB)


@cache
def compared(given: str = BEST) -> tuple[Compared, ...]:
    """The converged plain runs with their predictions."""
    return tuple(
        Compared(row=row, prediction=predicted(row, given))
        for row in plain_rows()
        if row["result"] == "converged"
    )


def verdicts(given: str = BEST) -> dict[tuple[str, str], int]:
    """(result, verdict) → runs, cancelled ones included."""
    counted: dict[tuple[str, str], int] = {}
    for row in plain_rows():
        key = (str(row["result"]), predicted(row, given).converges)
        counted[key] = counted.get(key, 0) + 1
    return counted


def ninth_decile(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)]


def share(values: Iterable[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def held(runs: Sequence[Compared]) -> dict[str, float]:
    """How often the measured figure stayed within the predicted ninth decile."""
    return {
        "time": share(run.row["total_ms"] / 1000 <= run.prediction.p90.total_s for run in runs),
        "bytes": share(
            run.row["transferred_mib"] * MIB <= run.prediction.p90.transferred_bytes for run in runs
        ),
        "pause": share(run.row["downtime_ms"] / 1000 <= run.prediction.p90.downtime_s for run in runs),
    }


def stepped(row: Row) -> Rounds:
    """The measured migration stepped with its true load, for what samples cannot foretell."""
    bandwidth = float(row["bandwidth_mib_s"] * MIB)
    if _is_relay_v1(row):
        bandwidth = row["transferred_mib"] * MIB / row["total_ms"] * 1000
    is_capped = row["bandwidth_mode"] == "cap"
    job = CopyJob(
        memory_bytes=row["ram_mib"] * MIB,
        nonzero_bytes=nonzero_bytes(row),
        dirty=_true_load(row),
        schedule=fixed_downtime(row["downtime_limit_ms"]),
        max_bandwidth_bytes_s=bandwidth if is_capped else None,
        auto_converge=row["auto_converge"],
        cpu_duty=0.05 if row["guest_pacing"] == "timer" else 1.0,
        throttle_initial_percent=row["cpu_throttle_initial"] or 20,
        throttle_increment_percent=row["cpu_throttle_increment"] or 10,
    )
    rounds = Rounds(job)
    if row["postcopy_switch_s"]:
        rounds.advance(row["postcopy_switch_s"], bandwidth_bytes_s=bandwidth)
        rounds.switch_to_post_copy()
    rounds.advance(600, bandwidth_bytes_s=GIB if is_capped else bandwidth)
    return rounds


def _true_load(row: Row) -> DirtyModel:
    loads: dict[str, Callable[..., DirtyModel]] = {
        "random": random_load,
        "sequential": sequential_load,
        "hotcold": hot_cold,
    }
    if row["pattern"] == "idle":
        return IDLE
    # Rates were commanded as multiples of the bandwidth and written down without their decimals.
    exact = round(row["target_dirty_mib_s"] / row["bandwidth_mib_s"], 1) * row["bandwidth_mib_s"]
    rate = exact if abs(exact - row["target_dirty_mib_s"]) < 0.6 else row["target_dirty_mib_s"]
    return loads[row["pattern"]](rate_bytes_s=rate * MIB, working_set_bytes=row["working_set_mib"] * MIB)


def measure() -> list[Claim]:
    """The accuracy claims, then what a step costs."""
    claims = [
        claim for given in (BEST, "1 s and 3 s, density not given", "all three") for claim in _accuracy(given)
    ]
    return [*claims, *_certainty(), *_cost()]


def _accuracy(given: str) -> list[Claim]:
    runs = compared(given)
    errors = [abs(run.total_error) * 100 for run in runs]
    pauses = [abs(run.downtime_error_ms) for run in runs if run.is_busy]
    sent = [abs(run.bytes_error) * 100 for run in runs]
    within = share(pause <= 30 for pause in pauses) * 100
    return [
        _claim(f"total time, median error ({given})", statistics.median(errors), "%", errors, at_most=3),
        _claim(
            f"total time, ninth decile of the error ({given})", ninth_decile(errors), "%", errors, at_most=12
        ),
        _claim(f"bytes sent, median error ({given})", statistics.median(sent), "%", sent),
        Claim(
            claim=f"pause of busy VMs within 30 ms ({given})",
            value=within,
            unit="%",
            low=min(pauses),
            high=max(pauses),
            n=len(pauses),
            aim="≥ 90 %",
            holds=within >= 90,
        ),
    ]


def _certainty() -> list[Claim]:
    runs = compared()
    claims = []
    for name, value in held(runs).items():
        claims.append(
            Claim(
                claim=f"the ninth decile held: {name}",
                value=value * 100,
                unit="%",
                low=0,
                high=100,
                n=len(runs),
                aim="85 to 100 %",
                holds=0.85 <= value <= 1,
            )
        )
    counted = verdicts()
    right = counted.get(("converged", "yes"), 0) + counted.get(("cancelled", "no"), 0)
    wrong = counted.get(("converged", "no"), 0) + counted.get(("cancelled", "yes"), 0)
    total = sum(counted.values())
    return [
        *claims,
        Claim(claim="verdict right", value=right, unit="runs", low=0, high=total, n=total),
        Claim(
            claim="verdict wrong",
            value=wrong,
            unit="runs",
            low=0,
            high=total,
            n=total,
            aim="0",
            holds=not wrong,
        ),
    ]


def _cost() -> list[Claim]:
    load = random_load(rate_bytes_s=40 * MIB, working_set_bytes=2 * GIB)
    job = CopyJob(memory_bytes=16 * GIB, dirty=load, schedule=MINIMAL_DOWNTIME.schedule)

    def whole() -> None:
        Rounds(job).advance(3600, bandwidth_bytes_s=125 * MIB)

    def polled() -> None:
        rounds = Rounds(job)
        while not rounds.outcome:
            rounds.advance(0.5, bandwidth_bytes_s=125 * MIB)

    def one() -> None:
        predict(
            memory_bytes=16 * GIB, bandwidth_bytes_s=62 * MIB, dirty_samples=[(1, 30 * MIB), (3, 80 * MIB)]
        )

    simulated = _simulated_s(job)
    steps = [seconds / (simulated / 0.5) * 1e6 for seconds in repeated(polled)]
    return [
        _claim("a whole 16 GiB migration in one step", _median_us(whole), "µs", [_median_us(whole)]),
        _claim("one step of half a second", statistics.median(steps), "µs", steps),
        _claim("one prediction", _median_us(one), "µs", [_median_us(one)]),
    ]


def _simulated_s(job: CopyJob) -> float:
    rounds = Rounds(job)
    rounds.advance(3600, bandwidth_bytes_s=125 * MIB)
    return rounds.elapsed_s


def _median_us(act: Callable[[], object]) -> float:
    return statistics.median(repeated(act, n=9)) * 1e6


def _claim(
    claim: str, value: float, unit: str, values: Sequence[float], *, at_most: float | None = None
) -> Claim:
    return Claim(
        claim=claim,
        value=value,
        unit=unit,
        low=min(values),
        high=max(values),
        n=len(values),
        aim=f"≤ {at_most:g} {unit}" if at_most is not None else "",
        holds=None if at_most is None else value <= at_most,
    )
