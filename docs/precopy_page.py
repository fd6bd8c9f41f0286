"""Makes docs/precopy.md: how a copy is predicted, and how far measured migrations were from it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.precopy import (
    INPUTS,
    Compared,
    Row,
    compared,
    held,
    ninth_decile,
    nonzero_bytes,
    plain_rows,
    predicted,
    rows,
    share,
    stepped,
    verdicts,
)
from rhevmig.precopy.schedules import POLICIES, ActionKind, MigrationPolicy
from rhevmig.units import MIB


def page() -> str:
    """The text of the page."""
    return _TEXT.format(
        inputs=_table(
            (
                "samples given",
                "runs",
                "median error",
                "ninth decile",
                "largest",
                "pause within 30 ms",
                "ninth decile held",
            )
            + ("verdict right / open / wrong",),
            (_input_row(given) for given in INPUTS),
        ),
        naive=_naive(),
        runs=_table(
            (
                "run",
                "RAM / filled",
                "link",
                "limit",
                "measured",
                "predicted",
                "up to (9 of 10)",
                "pause",
                "predicted",
            ),
            (_run_row(group) for group in _grouped(compared())),
        ),
        beside=_table(
            (
                "run",
                "load",
                "measured",
                "predicted from samples",
                "stepped with the true load",
                "pause",
                "stepped",
            ),
            (_beside_row(row) for row in _beside()),
        ),
        cancelled=_table(
            ("run", "writes / link", "verdict", "limit"),
            (_cancelled_row(row) for row in plain_rows() if row["result"] != "converged"),
        ),
        policies=_table(
            ("policy", "at once", "parallel limit steps (iterations → ms)", "then"),
            map(_policy_row, POLICIES),
        ),
    )


def _input_row(given: str) -> Sequence[str]:
    runs = compared(given)
    errors = [abs(run.total_error) for run in runs]
    pauses = [abs(run.downtime_error_ms) <= 30 for run in runs if run.is_busy]
    counted = verdicts(given)
    right = counted.get(("converged", "yes"), 0) + counted.get(("cancelled", "no"), 0)
    wrong = counted.get(("converged", "no"), 0) + counted.get(("cancelled", "yes"), 0)
    return (
        given,
        str(len(runs)),
        _percent(statistics.median(errors)),
        _percent(ninth_decile(errors)),
        _percent(max(errors)),
        f"{share(pauses):.0%}",
        f"{held(runs)['time']:.0%}",
        f"{right} / {sum(counted.values()) - right - wrong} / {wrong}",
    )


def _naive() -> str:
    whole = [
        abs(row["ram_mib"] / row["bandwidth_mib_s"] / row["total_ms"] * 1000 - 1) for row in _converged()
    ]
    used = [
        abs(nonzero_bytes(row) / MIB / row["bandwidth_mib_s"] / row["total_ms"] * 1000 - 1)
        for row in _converged()
    ]
    return (
        f"RAM ÷ bandwidth: median {_percent(statistics.median(whole))}, ninth decile {_percent(ninth_decile(whole))}; "
        f"filled RAM ÷ bandwidth: {_percent(statistics.median(used))} and {_percent(ninth_decile(used))}"
    )


def _converged() -> list[Row]:
    return [row for row in plain_rows() if row["result"] == "converged"]


def _grouped(runs: Iterable[Compared]) -> list[list[Compared]]:
    groups: dict[str, list[Compared]] = {}
    for run in runs:
        groups.setdefault(run.row["label"], []).append(run)
    return list(groups.values())


def _run_row(group: Sequence[Compared]) -> Sequence[str]:
    row = group[0].row
    return (
        f"{row['target_dirty_mib_s']} MiB/s over {row['working_set_mib']} MiB"
        if group[0].is_busy
        else "idle",
        f"{row['ram_mib']} / {nonzero_bytes(row) / MIB:.0f} MiB",
        f"{row['bandwidth_mib_s']} MiB/s",
        f"{row['downtime_limit_ms']} ms",
        _each(f"{run.row['total_ms'] / 1000:.1f}" for run in group) + " s",
        _each(f"{run.prediction.total_s:.1f}" for run in group) + " s",
        _each(f"{run.prediction.p90.total_s:.1f}" for run in group) + " s",
        _each(f"{run.row['downtime_ms']}" for run in group) + " ms",
        _each(f"{run.prediction.downtime_s * 1000:.0f}" for run in group) + " ms",
    )


def _beside() -> list[Row]:
    """What the aim does not cover: other patterns, mostly empty memory, caps and features."""
    plain = {row["id"] for row in plain_rows()}
    return [row for row in rows() if row["id"] not in plain and "xbzrle" not in row["capabilities"]]


def _beside_row(row: Row) -> Sequence[str]:
    rounds = stepped(row)
    is_plain = not row["capabilities"]
    guess = predicted(row, "1 s and 3 s").total_s if is_plain else None
    ended = row["result"] == "converged"
    measured = row["total_ms"] / 1000
    return (
        f"`{row['id']}`",
        f"{row['pattern']}, {row['guest_pacing']}",
        f"{measured:.1f} s" if ended else f"not ended after {measured:.0f} s",
        "–" if guess is None else _with_error(guess, measured if ended else None),
        _with_error(rounds.elapsed_s, measured if ended else None) if rounds.outcome else "does not end",
        f"{row['downtime_ms']} ms" if ended else "–",
        f"{rounds.downtime_s * 1000:.0f} ms" if rounds.downtime_s is not None else "–",
    )


def _with_error(seconds: float, measured: float | None) -> str:
    if seconds == float("inf"):
        return "does not end"
    return f"{seconds:.1f} s" + ("" if measured is None else f" ({seconds / measured - 1:+.1%})")


def _cancelled_row(row: Row) -> Sequence[str]:
    return (
        f"`{row['id']}`",
        f"{row['target_dirty_mib_s'] / row['bandwidth_mib_s']:.2f}",
        predicted(row, "1 s and 3 s").converges,
        f"{row['downtime_limit_ms']} ms",
    )


def _policy_row(policy: MigrationPolicy) -> Sequence[str]:
    schedule = policy.schedule
    limits = " ".join(f"{step.stalling_limit}→{step.action.downtime_ms}" for step in schedule.steps)
    last = [
        f"{action.downtime_ms} ms" if action.kind == ActionKind.SET_DOWNTIME else action.kind.value
        for action in schedule.last
    ]
    return (
        policy.name,
        str(policy.max_migrations),
        f"{schedule.initial_downtime_ms}; {limits}",
        ", ".join(last),
    )


def _each(texts: Iterable[str]) -> str:
    return " · ".join(texts)


def _percent(value: float) -> str:
    return "does not end" if value == float("inf") else f"{value:.1%}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows_ = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows_)


_TEXT = """# How long a live migration takes, and how long the VM stands still

`rhevmig.precopy` predicts a migration before it starts and steps one through time. It knows numbers only: bytes,
bytes per second, seconds.

```python
>>> from rhevmig.precopy import predict
>>> MiB = 2**20
>>> p = predict(memory_bytes=1024 * MiB, nonzero_bytes=960 * MiB, bandwidth_bytes_s=128 * MiB,
...             dirty_samples=[(1, 57 * MiB), (3, 158 * MiB)], downtime_limit_s=0.3)
>>> round(p.total_s), round(p.p90.total_s), round(p.downtime_s, 1), p.converges
(12, 12, 0.3, 'yes')
>>> predict(memory_bytes=1024 * MiB, bandwidth_bytes_s=128 * MiB).assumptions[0]
'how much of the memory is in use is not known: between 60 % and all of it assumed'

```

## The model
1. **Load.** A VM that writes at random over a working set W at a rate ρ dirties W·(1 − e^(−ρt/W)) different bytes in t
   seconds. Two windows, best 1 s and 3 s, tell ρ and W. `calc-dirty-rate` looks at 512 or 4096 pages of each GiB, so
   a sample's noise is that of counting: binomial and known beforehand, and its whole MiB/s are cut off. From it follows
   a weight for every load, before any run was seen. Give `DirtySample(window_s, dirtied_bytes, pages_per_gib)` to say
   how densely was looked; a plain pair may be either density.
2. **Loop.** QEMU sends what is pending; every 50 ms it compares that with bandwidth × downtime limit; once it is less,
   it reads the dirty bitmap again, and stops the VM when it is still less. Pages written while they wait to be sent
   cost nothing more.
3. **Pause.** A busy VM stands still for almost the whole limit, not for the textbook's last round. While the first pass
   is not through, part of the unsent tail turns out to be zero pages: the middle of what is possible is predicted.
4. **Bands.** The loop is run for every weighted load and for ± 1.5 % of bandwidth. `total_s` is the middle, `p90` what
   nine of ten stay within. `converges` is *yes* or *no* when four fifths of the loads agree that ρ·(1 − B·L/W)/B is
   below 0.9 or above 1, else *uncertain*; it is never *yes* when nobody measured the writes.

What is not known (filled memory, dirty samples) stands in `assumptions` and widens the band.

## Predicted against measured
78 migrations of a real QEMU 10.0.2 ([data and origin](../cassettes/precopy/README.md)). Below: link-limited plain runs
with random or idle load and mostly filled memory; every prediction uses only what was measured *before* the run.
Errors are of the total time. No number of the model was fitted to these runs; the scatter of the bands (± 1.5 %
bandwidth, 9 ms, 1 % of bytes) comes from repeats of one point.

![Predicted against measured](precopy.svg)

{inputs}

Without a model: {naive}.

### Every run (1 s and 3 s samples; repeats side by side)
{runs}

### Cancelled runs
{cancelled}

## Beside the aim
Patterns that two samples cannot tell apart, memory that is mostly empty, QEMU's own cap, auto-converge, post-copy,
parallel connections. For rows of the first relay (auto-converge and post-copy mostly) the bandwidth is the run's own.

{beside}

- *Sequential* writers never hit a page twice before they come round: from two samples they look like a random load
  over a larger memory, and the prediction is too short.
- *cap*: with `max-bandwidth` alone the pause runs at the speed of the link (`stop_bandwidth_bytes_s`).
- Auto-converge on a timer-paced load needs the VM's CPU use (`cpu_duty`); it is a model of QEMU's rule, not a fit.

## Under the engine's policies
`predict(…, schedule=…)` and `rhevmig.precopy.rounds` follow the policy's convergence schedule as the source host does: it
looks every 10 s, and if an iteration went by since the last look it runs at most one action, the first whose
iterations are passed. So a policy takes at least a minute from the first re-send to giving up, whatever the VM does.

{policies}

A migration gets min(both ends' QoS or link) ÷ 8 ÷ migrations at once, in whole MiB/s; without any figure, or when that
truncates to 0, the host's own 52 MiB/s (`rhevmig.precopy.bandwidth`).

## What to doubt
Measured under TCG with one vCPU, RAM to 2 GiB, links to 256 MiB/s, steady synthetic loads and an exact link. KVM clears
the dirty log just before it sends and may re-send less in the first pass; real loads change while they are copied.
`make bench` prints the accuracy again.
"""
