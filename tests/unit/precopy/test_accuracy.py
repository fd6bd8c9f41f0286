"""The predictions against migrations of a real QEMU (cassettes/precopy)."""

from __future__ import annotations

import statistics

import pytest

from benchmarks.precopy import (
    BEST,
    compared,
    held,
    measure,
    ninth_decile,
    plain_rows,
    rows,
    share,
    stepped,
    verdicts,
)

GIVEN = (BEST, "1 s and 3 s, density not given", "all three", "all three, density not given")


@pytest.mark.parametrize("given", GIVEN)
def test_total_times_come_within_the_aim(given: str) -> None:
    """Median error at most 3 %, ninth decile at most 12 %, whichever samples were told."""
    errors = [abs(run.total_error) for run in compared(given)]
    assert len(errors) == 48
    assert statistics.median(errors) <= 0.03
    assert ninth_decile(errors) <= 0.12


@pytest.mark.parametrize("given", GIVEN)
def test_pauses_of_busy_vms_come_within_30_ms(given: str) -> None:
    """For nine of ten."""
    assert share(abs(run.downtime_error_ms) <= 30 for run in compared(given) if run.is_busy) >= 0.9


def test_the_ninth_decile_holds_for_about_nine_of_ten() -> None:
    """The bands are neither too narrow nor empty words."""
    for figure, value in held(compared()).items():
        assert 0.85 <= value <= 1, figure
    wide = [run.prediction.p90.total_s / run.prediction.total_s for run in compared()]
    assert statistics.median(wide) < 1.1


def test_no_run_is_called_wrong() -> None:
    """Not one that ended was denied, not one that was cancelled was promised."""
    counted = verdicts()
    assert sum(counted.values()) == len(plain_rows()) == 53
    assert ("converged", "no") not in counted
    assert ("cancelled", "yes") not in counted
    assert counted["converged", "yes"] >= 45


def test_told_the_true_load_the_stepper_is_close() -> None:
    """Median 1 %, nine of ten within 3 %: what is left is the model's own error."""
    errors = [abs(stepped(run.row).elapsed_s / (run.row["total_ms"] / 1000) - 1) for run in compared()]
    assert statistics.median(errors) <= 0.01
    assert ninth_decile(errors) <= 0.03


@pytest.mark.parametrize(
    ("prefix", "within"),
    [("pc512", 0.02), ("mf512", 0.03), ("ac512", 0.13), ("p512", 0.06), ("cap512", 0.05)],
)
def test_features_are_modelled_too(prefix: str, within: float) -> None:
    """Post-copy, parallel connections, auto-converge, other patterns and caps, told the true load."""
    chosen = [row for row in rows() if row["id"].startswith(prefix)]
    assert chosen
    for row in chosen:
        assert stepped(row).elapsed_s == pytest.approx(row["total_ms"] / 1000, rel=within), row["id"]


def test_the_benchmark_states_its_claims() -> None:
    """Every aim it prints holds."""
    claims = measure()
    assert [claim.claim for claim in claims if claim.holds is False] == []
    assert sum(bool(claim.aim) for claim in claims) >= 10
