"""The lab answers what an engine was recorded to answer: the crawl exactly, the rest but for what is said."""

from __future__ import annotations

import pytest
from verification.compare import Comparison, Verdict

from docs.lab_evidence import CASSETTES, Outcome, crawled, reason_of, scenarios, totals
from rhevmig.lab.lab import world_from_crawl
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.recordings.cassette_file import read_cassette

pytestmark = pytest.mark.xdist_group("lab-evidence")

#: Agreement that must not be lost, in per cent.
CRAWL_AT_LEAST = 98.0
CHANGING_AT_LEAST = 95.0
MOVING_AT_LEAST = 98.0


def _percent(outcomes: list[Outcome]) -> float:
    agreeing, count = totals(outcomes)
    assert count
    return 100 * agreeing / count


def _told(outcome: Outcome, verdict: Verdict) -> str:
    return f"{outcome.name} {verdict.number} {verdict.method} {verdict.target}: {verdict.difference}"


def test_every_get_of_the_crawl_is_asked_of_a_lab_loaded_from_it():
    """961 requests; status and whole tree are the same, order of links included."""
    outcome = crawled()
    assert len(outcome.verdicts) == 961
    assert _percent([outcome]) >= CRAWL_AT_LEAST, "\n".join(_told(outcome, one) for one in outcome.differing)
    assert not any(verdict.not_modelled for verdict in outcome.verdicts)


@pytest.mark.parametrize(
    ("moving", "at_least", "how_many"), [(False, CHANGING_AT_LEAST, 550), (True, MOVING_AT_LEAST, 1500)]
)
def test_recordings_of_changes_are_answered_alike(moving, at_least, how_many):
    """Reads, writes, refusals; and with VMs and hosts that move."""
    outcomes = [outcome for outcome in scenarios() if outcome.moving is moving]
    assert totals(outcomes)[1] >= how_many
    assert _percent(outcomes) >= at_least


def test_whatever_differs_is_explained():
    """docs/lab-differences.yaml and rehearsals.REASONS know each difference."""
    unknown = [
        _told(outcome, verdict)
        for outcome in (crawled(), *scenarios())
        for verdict in outcome.differing
        if not reason_of(outcome, verdict)
    ]
    assert not unknown, "\n".join(unknown)


def test_no_recorded_request_makes_the_lab_stumble():
    """No mistake of the lab's own, nothing answered with 501."""
    for outcome in (crawled(), *scenarios()):
        assert not outcome.mistakes
        assert not [verdict for verdict in outcome.verdicts if verdict.not_modelled]


@pytest.mark.parametrize(
    ("cassette", "differing"),
    [
        ("recorded-engine/30-inventory-cheapest", 0),
        ("recorded-engine/20-follow-each", 1),
        ("scale/920-vms", 0),
        ("lab/collections-plain", 0),
    ],
)
def test_a_world_can_be_made_from_any_recording_that_reads(cassette, differing):
    """What was followed is taken apart again: the lab answers the very requests it was made from."""
    path = CASSETTES / f"{cassette}.json.xz"
    verdicts = Comparison(SimulatedEngine(world_from_crawl(path, speed=0))).run(read_cassette(path))
    told = [f"{one.method} {one.target}: {one.difference}" for one in verdicts if not one.agrees]
    assert len(told) <= differing, "\n".join(told)
