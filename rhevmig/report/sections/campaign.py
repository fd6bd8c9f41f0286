"""Migrations: those of the campaign, and those in the engine's events."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.events import EventCode
from rhevmig.inventory import Event
from rhevmig.migration import Attempt, Campaign, Course, Outcome, Verdict
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Block, Cell, Fact, Facts, Section, Table, Tone
from rhevmig.report.tables.cells import count, instant, joined
from rhevmig.report.tables.table_column import engine_id, figure, table_of, text
from rhevmig.units import format_duration

#: What an event of a migration means, and whether it is a failure.
_EVENTS = {
    EventCode.MIGRATION_DONE: ("completed", False),
    EventCode.MIGRATION_FAILED: ("failed", True),
    EventCode.MIGRATION_TO_HOST_FAILED: ("failed on the named host", True),
    EventCode.MIGRATION_TRYING_RERUN: ("failed, tried on another host", True),
    EventCode.MIGRATION_FAILED_DURING_MAINTENANCE: ("failed during maintenance", True),
    EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE: ("failed on a host during maintenance", True),
    EventCode.MIGRATION_NO_HOST: ("found no host", True),
    EventCode.MIGRATION_ABORTED: ("aborted", False),
    EventCode.MIGRATION_CANCELLED: ("cancelled", False),
    EventCode.MIGRATION_STARTED: ("started by a user", False),
    EventCode.MIGRATION_STARTED_BY_SYSTEM: ("started by the engine", False),
}
_FAILURES = frozenset(code for code, (_, is_failure) in _EVENTS.items() if is_failure)


class _Try(NamedTuple):
    """A move and one of its attempts; None where there was none."""

    course: Course
    attempt: Attempt | None

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it is open."""
        return self.attempt.outcome if self.attempt is not None else self.course.outcome

    @property
    def destination_host_id(self) -> str | None:
        """Host that was requested; None where the engine chose."""
        return self.attempt.destination_host_id if self.attempt else self.course.destination_host_id


class _Events(NamedTuple):
    """Events with the same code or text."""

    label: str
    newest: Event
    number: int


def campaign_section(context: ReportContext) -> Section:
    """What was migrated, how it ended, and the evidence."""
    blocks: tuple[Block, ...] = (_events(context), _failures(context))
    campaign = context.campaign
    if campaign is None:
        return Section(id="migrations", title="Migrations in the engine's events", blocks=blocks)
    return Section(
        id="migrations",
        title="Migrations of the campaign",
        blocks=(
            Facts(items=_facts(campaign)),
            _moves(context, campaign),
            _evidence(campaign),
            _blocked(campaign),
        ),
        sections=(Section(id="migration-events", title="Migrations in the engine's events", blocks=blocks),),
    )


def campaign_tone(campaign: Campaign) -> Tone:
    """Good only where every VM moved as planned."""
    return Tone.GOOD if campaign.is_success else Tone.UNKNOWN if campaign.is_unclear else Tone.BAD


def _facts(campaign: Campaign) -> tuple[Fact, ...]:
    took = None if campaign.ended_at is None else (campaign.ended_at - campaign.started_at).total_seconds()
    moves = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in sorted(campaign.counts.items()))
    facts = [
        Fact(name="Campaign", value=campaign.id),
        Fact(name="State", value=campaign.state.value),
        Fact(name="Moves", value=Cell(text=moves or "none", tone=campaign_tone(campaign))),
        Fact(name="Requests to migrate", value=count(campaign.requests_to_migrate)),
        Fact(name="Started", value=instant(campaign.started_at)),
        Fact(name="Ended", value=instant(campaign.ended_at)),
        Fact(name="Took", value=_duration(took)),
    ]
    if campaign.stop_reason:
        facts.append(Fact(name="Stopped because", value=campaign.stop_reason))
    if campaign.host is not None:
        state = f"{campaign.host.name}: {campaign.host.state.replace('_', ' ')}"
        facts.append(Fact(name="Host", value=f"{state}. {campaign.host.reason}".rstrip(". ")))
    return tuple(facts)


def _duration(seconds: float | None) -> str | None:
    return None if seconds is None else format_duration(seconds)


def _moves(context: ReportContext, campaign: Campaign) -> Table:
    tries = [_Try(course, each) for course in campaign.courses for each in course.attempts or (None,)]
    return table_of(
        "campaign-moves",
        "Moves, attempt by attempt",
        tries,
        (
            text("vm", "VM", lambda t: t.course.vm_name),
            figure("try", "Attempt", lambda t: t.attempt.number if t.attempt else ""),
            text("source", "From", lambda t: context.host_name(t.course.source_host_id)),
            text(
                "wanted",
                "Requested host",
                lambda t: context.host_name(t.destination_host_id) or "the engine's choice",
            ),
            text("now", "Runs on", lambda t: context.host_name(t.outcome.host_id) if t.outcome else None),
            text("outcome", "Outcome", lambda t: _verdict(t.outcome.verdict if t.outcome else None)),
            text("why", "Why", lambda t: t.outcome.reason if t.outcome else ""),
            text("started", "Requested at", lambda t: instant(t.attempt.started_at) if t.attempt else ""),
            figure("duration", "Copying", lambda t: _duration(t.outcome.duration_s if t.outcome else None)),
            figure("total", "Total", lambda t: _duration(t.outcome.total_s if t.outcome else None)),
            figure("downtime", "Downtime", lambda t: _downtime(t.outcome)),
            engine_id("id", "Correlation id", lambda t: t.attempt.correlation_id if t.attempt else ""),
        ),
        empty="Nothing was to be migrated.",
        open_rows=30,
    )


def _downtime(outcome: Outcome | None) -> str | None:
    return None if outcome is None or outcome.downtime_ms is None else f"{outcome.downtime_ms:g} ms"


def _verdict(verdict: Verdict | None) -> Cell:
    if verdict is None:
        return Cell(text="open", tone=Tone.UNKNOWN)
    return Cell(text=verdict.value.replace("_", " "), tone=Tone(verdict.meaning.tone))


def _evidence(campaign: Campaign) -> Table:
    facts = (
        (course, attempt, fact)
        for course in campaign.courses
        for attempt in course.attempts
        if attempt.outcome is not None
        for fact in attempt.outcome.evidence
    )
    return table_of(
        "campaign-evidence",
        "Evidence of each outcome",
        facts,
        (
            text("vm", "VM", lambda r: r[0].vm_name),
            figure("try", "Attempt", lambda r: r[1].number),
            text("source", "Seen in", lambda r: r[2].source),
            text("fact", "Fact", lambda r: r[2].text),
            engine_id("event", "Event", lambda r: str(r[2].event_index or "")),
        ),
        empty="No attempt has ended.",
        open_rows=12,
    )


def _blocked(campaign: Campaign) -> Table:
    return table_of(
        "campaign-blocked",
        "VMs that the plan could not move",
        campaign.plan.blocked,
        (
            text("vm", "VM", lambda b: b.vm_name),
            text("why", "Why", lambda b: joined(b.reasons)),
            text("remedy", "What would help", lambda b: b.remedy),
            engine_id("id", "Id", lambda b: b.vm_id),
        ),
        empty="The plan could move every VM.",
    )


def _events(context: ReportContext) -> Table:
    by_code: dict[int, list[Event]] = {}
    for event in context.inventory.events:
        by_code.setdefault(event.code, []).append(event)
    found = [
        _Events(label, _newest(by_code[code]), len(by_code[code]))
        for code, (label, _) in _EVENTS.items()
        if code in by_code
    ]
    return table_of(
        "migration-event-counts",
        "Migrations in the window of events that was read",
        found,
        (
            text("code", "Code", lambda e: str(int(e.newest.code))),
            text("what", "What", lambda e: e.label),
            figure("count", "Events", lambda e: e.number),
            text("last", "Last", lambda e: instant(e.newest.time)),
            text("text", "Text of the last", lambda e: e.newest.description),
        ),
        empty="No event of a migration is in the window that was read.",
        pointer="/inventory/events",
    )


def _newest(events: list[Event]) -> Event:
    return max(events, key=lambda event: event.id)


def _failures(context: ReportContext) -> Table:
    by_text: dict[str, list[Event]] = {}
    for event in context.inventory.events:
        if event.code in _FAILURES:
            by_text.setdefault(event.description, []).append(event)
    found = [_Events(text_, _newest(events), len(events)) for text_, events in by_text.items()]
    return table_of(
        "migration-failures",
        "Failures in that window, newest first",
        sorted(found, key=lambda e: -e.newest.id),
        (
            text("last", "Last", lambda e: instant(e.newest.time)),
            text("text", "Text", lambda e: e.label),
            figure("count", "Times", lambda e: e.number),
            engine_id("event", "Event", lambda e: str(e.newest.id)),
        ),
        empty="None.",
        open_rows=8,
        pointer="/inventory/events",
    )
