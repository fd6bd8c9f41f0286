"""Migrations in the report: every try with its outcome, what that rests on, and what could not be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from builders import a_host, a_vm, an_inventory

from rhevmig.inventory import Event
from rhevmig.migration import (
    Attempt,
    Campaign,
    CampaignState,
    Course,
    HostCourse,
    Outcome,
    OutcomeEvidence,
    Verdict,
)
from rhevmig.planning import Blocked, Plan
from rhevmig.report import Document, Report
from rhevmig.report.document import Cell, Facts, Tone

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def an_attempt(vm: str, number: int = 1, *, outcome: Outcome | None) -> Attempt:
    return Attempt(
        correlation_id=f"night-{vm}-{number}",
        vm_id=vm,
        number=number,
        started_at=START + timedelta(seconds=number),
        source_host_id="h1",
        destination_host_id="h2",
        answer="accepted",
        outcome=outcome,
    )


def an_outcome(verdict: Verdict, **more: Any) -> Outcome:
    evidence = (
        OutcomeEvidence(
            source="event", text="event 63 names the VM and the host", event_index=812, event_code=63
        ),
        OutcomeEvidence(source="vm", text="it is up on h2"),
    )
    return Outcome(
        verdict=verdict, reason=f"because {verdict.value}", evidence=evidence, host_id="h2", **more
    )


def a_campaign(**difference: Any) -> Campaign:
    inventory = an_inventory()
    failed, moved = (
        an_outcome(Verdict.RETURNED_TO_SOURCE),
        an_outcome(Verdict.SUCCEEDED, duration_s=19.0, total_s=20.0, downtime_ms=98.0),
    )
    usual: dict[str, Any] = {
        "id": "night",
        "plan": Plan(
            kind="evacuate",
            created_at=START,
            engine=inventory.engine,
            blocked=(Blocked(vm_id="amd01", vm_name="amd01", reasons=("it is pinned",), remedy="Unpin it."),),
        ),
        "state": CampaignState.FINISHED,
        "started_at": START,
        "ended_at": START + timedelta(minutes=3),
        "courses": (
            Course(
                vm_id="web01",
                vm_name="web01",
                source_host_id="h1",
                destination_host_id="h2",
                attempts=(an_attempt("web01", 1, outcome=failed), an_attempt("web01", 2, outcome=moved)),
                outcome=moved,
            ),
            Course(
                vm_id="db01",
                vm_name="db01",
                source_host_id="h1",
                attempts=(an_attempt("db01", outcome=None),),
            ),
            Course(vm_id="app01", vm_name="app01", source_host_id="h1"),
        ),
        "host": HostCourse(host_id="h1", name="h1", state="stuck", reason="db01 is still on it"),
    }
    return Campaign(**{**usual, **difference})


def report(campaign: Campaign | None, **difference: Any) -> Document:
    inventory = an_inventory(
        hosts=(a_host("h1"), a_host("h2")), vms=(a_vm("web01"), a_vm("db01"), a_vm("app01")), **difference
    )
    return Report(inventory, None, campaign).document


def rows(document: Document, table_id: str) -> list[list[str | None]]:
    table = next(found for found in document.tables() if found.id == table_id)
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]


def test_each_try_has_its_row_with_outcome_and_figures() -> None:
    """Failed tries stay visible, times and pause are the engine's, an open try is called open."""
    found = rows(report(a_campaign()), "campaign-moves")
    assert [row[:2] for row in found] == [["web01", "1"], ["web01", "2"], ["db01", "1"], ["app01", ""]]
    assert [row[5] for row in found] == ["returned to source", "succeeded", "open", "open"]
    assert found[1][8:11] == ["19 s", "20 s", "98 ms"]
    assert found[0][8:11] == [None, None, None]
    assert found[1][-1] == "night-web01-2"


def test_an_outcome_shows_what_it_rests_on() -> None:
    """Evidence stands in the report fact by fact, with the event."""
    found = rows(report(a_campaign()), "campaign-evidence")
    assert ["web01", "2", "event", "event 63 names the VM and the host", "812"] in found
    assert len(found) == 4


def test_what_the_plan_could_not_move_is_told() -> None:
    """Blocked VMs keep their reason and remedy in the report."""
    assert rows(report(a_campaign()), "campaign-blocked") == [["amd01", "it is pinned", "Unpin it.", "amd01"]]


def test_an_open_move_is_never_shown_as_good() -> None:
    """A finished campaign with a move that nobody can judge is not green."""
    facts = next(
        b
        for s in report(a_campaign()).walk()
        for b in s.blocks
        if isinstance(b, Facts) and s.id == "migrations"
    )
    state = next(fact.value for fact in facts.items if fact.name == "Moves")
    assert isinstance(state, Cell)
    assert state.tone != Tone.GOOD
    unknown = a_campaign(
        courses=(Course(vm_id="v", vm_name="v", source_host_id="h1", outcome=an_outcome(Verdict.UNKNOWN)),)
    )
    table = next(t for t in report(unknown).tables() if t.id == "campaign-moves")
    assert isinstance(table.rows[0][5], Cell)
    assert table.rows[0][5].tone == Tone.UNKNOWN


def test_without_a_campaign_the_engines_events_are_told() -> None:
    """Completed and failed migrations of the event window are counted, newest failure first."""
    events = (
        Event(id=9, code=65, time=START, description="Migration failed: newer"),
        Event(id=7, code=65, time=START, description="Migration failed: older"),
        Event(id=5, code=63, time=START, description="Migration completed"),
    )
    document = report(None, events=events)
    assert [row[:3] for row in rows(document, "migration-event-counts")] == [
        ["63", "completed", "1"],
        ["65", "failed", "2"],
    ]
    assert [row[1] for row in rows(document, "migration-failures")] == [
        "Migration failed: newer",
        "Migration failed: older",
    ]
    assert not [table for table in document.tables() if table.id.startswith("campaign")]
