"""Journals of schema 1 open, show the status that their own version reported, and resume."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rhevmig.clock import ManualClock
from rhevmig.events import EventCode
from rhevmig.migration import Campaign, EventFact, JobState, resume, status
from tests.unit.migration.fake_engine import Course, FakeEngine, Moving

JOURNALS = Path(__file__).parents[2] / "cassettes" / "journals"
EXPECTED: dict[str, Any] = json.loads((JOURNALS / "expected.json").read_text())


def the_engine(facts: dict[str, Any]) -> FakeEngine:
    """The engine as it was when the campaign was resumed."""
    clock = ManualClock()
    clock.advance(facts["elapsed_s"])
    engine = FakeEngine(clock)
    engine.hosts, engine.index = dict(facts["hosts"]), facts["index"]
    for vm_id, values in facts["vms"].items():
        engine.add(vm_id, **values)
    engine.events = msgspec.convert(facts["events"], list[EventFact])
    engine.jobs = msgspec.convert(facts["jobs"], dict[str, list[JobState]])
    for event in engine.events:
        vm_id, correlation_id = event.vm_id or "", event.correlation_id or ""
        if event.code == EventCode.MIGRATION_STARTED and engine.vms[vm_id].status == "migrating":
            course = Course(ends="never")
            engine.moving[vm_id] = Moving(vm_id, "h1", "h2", correlation_id, course, 0.0, named=True)
            if not correlation_id.startswith("rm-"):
                engine.at(30, "put_vm", vm_id, "h3", "up")
    return engine


def assert_same(campaign: Campaign, expected: dict[str, Any]) -> None:
    """Every field that the writing version reported has the same value; new fields may stand beside."""
    found = msgspec.to_builtins(campaign)
    assert [move["vm_id"] for move in found.pop("plan")["moves"]] == expected["moves"]
    _assert_within({key: value for key, value in expected.items() if key != "moves"}, found, "campaign")


def _assert_within(expected: Any, found: Any, place: str) -> None:
    if isinstance(expected, dict):
        for key, value in expected.items():
            _assert_within(value, found[key], f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), place
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            _assert_within(one, other, f"{place}[{number}]")
    else:
        assert expected == found, place


@pytest.mark.parametrize("campaign_id", EXPECTED["finished"], ids=lambda i: EXPECTED["finished"][i]["name"])
def test_a_finished_campaign_shows_the_same_status(campaign_id, tmp_path):
    """Attempts, outcomes with their evidence, host and stop reason come back as they were reported."""
    path = shutil.copy(JOURNALS / "finished.sqlite", tmp_path / "j.db")
    assert_same(status(path, campaign_id=campaign_id), EXPECTED["finished"][campaign_id]["campaign"])


@pytest.mark.parametrize("name", EXPECTED["open"])
def test_an_open_campaign_shows_the_same_status_and_resumes(name, tmp_path):
    """It resumes where it was open: the same requests as its own version would have sent, the same end."""
    facts = EXPECTED["open"][name]
    path = shutil.copy(JOURNALS / f"{name}.sqlite", tmp_path / "j.db")
    assert_same(status(path), facts["campaign"])
    engine = the_engine(facts["engine"])
    if name.startswith("together"):
        engine.tied.append(tuple(engine.vms))
    campaign = resume(path, engine, clock=engine.clock)
    wanted = facts["resumed"]
    assert (campaign.state.value, campaign.counts, campaign.exit_code) == (
        wanted["state"],
        wanted["counts"],
        wanted["exit_code"],
    ), str(campaign)
    assert (campaign.host.state if campaign.host else None) == wanted["host"]
    assert sorted([*act[:2]] for act in engine.acts) == sorted(wanted["acts"])
    assert status(path) == campaign
