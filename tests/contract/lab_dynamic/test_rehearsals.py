"""Recordings of a real engine at work, asked of the lab again in the same state at the same instants."""

from __future__ import annotations

from pathlib import Path

import pytest
from verification.compare import Verdict
from verification.recordings import MOVING, REASONS, rehearse
from verification.timeline import read_recordings

from rhevmig.recordings.cassette_file import read_cassette

CASSETTES = Path(__file__).parents[3] / "cassettes"


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[Verdict]]:
    crawled = read_cassette(CASSETTES / "recorded-engine" / "10-crawl.json.xz")
    return rehearse(crawled, read_recordings(CASSETTES / "lab"))


@pytest.mark.parametrize("name", MOVING)
def test_the_lab_says_what_the_engine_said(verdicts: dict[str, list[Verdict]], name: str) -> None:
    """Status codes, fault texts, VMs, hosts, jobs with steps, events with texts and order: all the same."""
    found = verdicts[name]
    assert found, "nothing was rehearsed"
    differing = [
        f"#{verdict.number} {verdict.method} {verdict.target}: {verdict.difference}"
        for verdict in found
        if not verdict.agrees and (name, verdict.number) not in REASONS
    ]
    assert differing == []


def test_nearly_all_agree(verdicts: dict[str, list[Verdict]]) -> None:
    """At least ninety-nine of a hundred dynamic exchanges agree; each other one has its reason."""
    every = [verdict for found in verdicts.values() for verdict in found]
    agreeing = sum(verdict.agrees for verdict in every)
    assert len(every) > 1000
    assert agreeing / len(every) >= 0.99


def test_no_reason_outlives_its_difference(verdicts: dict[str, list[Verdict]]) -> None:
    """A reason that no longer explains anything is taken out."""
    stale = [
        (name, number)
        for name, number in REASONS
        if next((verdict.agrees for verdict in verdicts[name] if verdict.number == number), True)
    ]
    assert stale == []
