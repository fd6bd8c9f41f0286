"""Makes docs/precopy.md: how a copy is predicted, and how far measured migrations were from it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

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
from rhevmig.precopy.presets import PRESETS, PolicyPreset
from rhevmig.precopy.schedules import ActionKind
from rhevmig.units import MIB

#: the prose; the tables are filled in
TEMPLATE = Path(__file__).with_name("precopy.template")


def page() -> str:
    """The text of the page."""
    return TEMPLATE.read_text().format(
        inputs=_table(_INPUT_HEAD, map(_input_row, INPUTS)),
        naive=_naive(),
        runs=_table(_RUN_HEAD, map(_run_row, _grouped(compared()))),
        beside=_table(_BESIDE_HEAD, map(_beside_row, _beside())),
        cancelled=_table(
            ("run", "writes / link", "verdict", "limit"),
            (_cancelled_row(row) for row in plain_rows() if row["result"] != "converged"),
        ),
        policies=_table(
            ("policy", "migrations at once", "limit at the start; iterations passed → limit, ms", "then"),
            map(_policy_row, PRESETS),
        ),
    )


_INPUT_HEAD = (
    "samples given",
    "runs",
    "median error",
    "ninth decile",
    "largest",
    "pause within 30 ms",
    "ninth decile held",
    "verdict right / open / wrong",
)
_RUN_HEAD = (
    "load",
    "RAM / filled",
    "link",
    "limit",
    "measured",
    "predicted",
    "nine of ten within",
    "pause",
    "predicted",
)
_BESIDE_HEAD = (
    "run",
    "load",
    "measured",
    "predicted from samples",
    "stepped with the true load",
    "pause",
    "stepped",
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
    whole = [_naive_error(row, row["ram_mib"]) for row in _converged()]
    used = [_naive_error(row, nonzero_bytes(row) / MIB) for row in _converged()]
    return (
        f"RAM ÷ bandwidth: median {_percent(statistics.median(whole))}, ninth decile "
        f"{_percent(ninth_decile(whole))}; filled RAM ÷ bandwidth: {_percent(statistics.median(used))} "
        f"and {_percent(ninth_decile(used))}"
    )


def _naive_error(row: Row, mib: float) -> float:
    return abs(float(mib / row["bandwidth_mib_s"] / row["total_ms"] * 1000) - 1)


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


def _policy_row(policy: PolicyPreset) -> Sequence[str]:
    schedule = policy.schedule
    limits = " ".join(f"{step.stalling_limit}→{step.action.downtime_ms}" for step in schedule.steps)
    last = [
        f"{action.downtime_ms} ms" if action.kind == ActionKind.SET_DOWNTIME else action.kind.value
        for action in schedule.last
    ]
    return (
        policy.name,
        str(policy.max_migrations),
        f"{schedule.initial[-1].downtime_ms}; {limits}",
        ", ".join(last),
    )


def _each(texts: Iterable[str]) -> str:
    return " · ".join(texts)


def _percent(value: float) -> str:
    return "does not end" if value == float("inf") else f"{value:.1%}"


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows_ = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows_)
