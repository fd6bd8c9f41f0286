"""The lab answers as an engine was recorded to answer: round trip, reads of other states, behaviour."""

from __future__ import annotations

import pytest
from verification.compare import Agreement, Comparison
from verification.evidence import CASSETTES, MOVING, crawled, differences, others, reason_of, score

from rhevmig.lab.lab import world_from_crawl
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.recordings.cassette_file import read_cassette

#: One worker makes the evidence for these tests and for the fidelity page.
pytestmark = pytest.mark.xdist_group("lab-evidence")

#: Agreement that must not be lost, in per cent.
ROUND_TRIP_AT_LEAST = 99.0
READS_AT_LEAST = 96.0
BEHAVIOUR_AT_LEAST = 98.5


def _line(name: str, agreement: Agreement) -> str:
    return f"{name} {agreement.number} {agreement.method} {agreement.target}: {agreement.difference}"


def test_the_lab_answers_what_it_was_loaded_with():
    """Round trip: the crawl exactly, order of links included, and the opening reads of other recordings."""
    found = score([crawled(), *others()], "round trip")
    assert found.total >= 1300
    assert found.percent >= ROUND_TRIP_AT_LEAST


def test_reads_of_a_state_that_was_changed_agree():
    """Reads after writes, and reads of accounts whose answers the lab was not loaded with."""
    found = score(others(), "reads")
    assert found.total >= 200
    assert found.percent >= READS_AT_LEAST


def test_behaviour_agrees():
    """Every write, and every read after the first act where VMs and hosts move; loads of hosts included."""
    found, acts = score(others(), "behaviour"), score(others(), "behaviour", acts=True)
    assert found.total >= 1500
    assert acts.total >= 90
    assert found.percent >= BEHAVIOUR_AT_LEAST
    assert acts.percent == 100


@pytest.mark.parametrize("name", ["crawl", "the rest", *MOVING])
def test_every_difference_is_explained(name):
    """verification/differences.yaml has a reason for each answer that differs."""
    chosen = [
        one
        for one in (crawled(), *others())
        if one.name == name or (name == "the rest" and not one.is_moving)
    ]
    assert chosen
    unknown = [
        _line(one.name, agreement)
        for one in chosen
        for agreement in one.differing
        if reason_of(one.name, agreement) is None
    ]
    assert unknown == []


def test_no_reason_outlives_its_difference():
    """A reason that no longer explains anything is taken out."""
    used = {
        id(reason_of(one.name, agreement)) for one in (crawled(), *others()) for agreement in one.differing
    }
    assert [one.why for one in differences() if id(one) not in used] == []


def test_no_recorded_request_makes_the_lab_stumble():
    """No exception of the lab's own, nothing answered with 501."""
    for outcome in (crawled(), *others()):
        assert not outcome.mistakes
        assert not [one for one in outcome.checked if one.agreement.not_modelled]


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
    agreements = Comparison(SimulatedEngine(world_from_crawl(path, speed=0))).run(list(read_cassette(path)))
    lines = [_line(cassette, one) for one in agreements if not one.agrees]
    assert len(lines) <= differing, "\n".join(lines)
