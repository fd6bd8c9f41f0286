"""Migrations done: those of the campaign, and those that the engine's events tell of."""

from __future__ import annotations

from collections import Counter

from rhevmig.events import EventCode
from rhevmig.inventory import Event
from rhevmig.migration import SUCCESSES, Attempt, Campaign, Course, Verdict
from rhevmig.report.context import Material
from rhevmig.report.document import Block, Cell, CellValue, Fact, Facts, Section, Table, Tone
from rhevmig.report.tables import columns, count, instant, joined
from rhevmig.units import format_duration

_DOUBTFUL = frozenset({Verdict.UNKNOWN, Verdict.LOST})
_STORY = {
    EventCode.MIGRATION_DONE: "completed",
    EventCode.MIGRATION_FAILED: "failed",
    EventCode.MIGRATION_TO_HOST_FAILED: "failed on the named host",
    EventCode.MIGRATION_TRYING_RERUN: "failed, tried on another host",
    EventCode.MIGRATION_FAILED_DURING_MAINTENANCE: "failed during maintenance",
    EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE: "failed on a host during maintenance",
    EventCode.MIGRATION_NO_HOST: "found no host",
    EventCode.MIGRATION_ABORTED: "aborted",
    EventCode.MIGRATION_CANCELLED: "cancelled",
    EventCode.MIGRATION_STARTED: "started by a person",
    EventCode.MIGRATION_STARTED_BY_SYSTEM: "started by the engine",
}


def history_section(material: Material) -> Section:
    """What was moved, how it ended, and what that rests on."""
    blocks: tuple[Block, ...] = (_events(material), _failures(material))
    campaign: Campaign | None = material.campaign
    if campaign is None:
        return Section(id="migrations", title="Migrations in the engine's events", blocks=blocks)
    return Section(
        id="migrations",
        title="Migrations done",
        blocks=(
            Facts(items=_facts(campaign)),
            _courses(material, campaign),
            _evidence(campaign),
            _blocked(campaign),
        ),
        sections=(Section(id="migration-events", title="Migrations in the engine's events", blocks=blocks),),
    )


def _facts(campaign: Campaign) -> tuple[Fact, ...]:
    tone = Tone.GOOD if campaign.is_success else Tone.UNKNOWN if campaign.is_unclear else Tone.BAD
    took = None if campaign.ended_at is None else (campaign.ended_at - campaign.started_at).total_seconds()
    counted = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in sorted(campaign.counts.items()))
    facts = [
        Fact(name="Campaign", value=campaign.id),
        Fact(name="State", value=campaign.state.value),
        Fact(name="Moves", value=Cell(text=counted or "none", tone=tone)),
        Fact(name="Requests to migrate", value=count(campaign.requests_to_migrate)),
        Fact(name="Started", value=instant(campaign.started_at)),
        Fact(name="Ended", value=instant(campaign.ended_at)),
        Fact(name="Took", value=None if took is None else format_duration(took)),
    ]
    if campaign.stop_reason:
        facts.append(Fact(name="Stopped because", value=campaign.stop_reason))
    if campaign.host is not None:
        said = f"{campaign.host.name}: {campaign.host.state.replace('_', ' ')}"
        facts.append(Fact(name="Host", value=f"{said}. {campaign.host.reason}".rstrip(". ")))
    return tuple(facts)


def _courses(material: Material, campaign: Campaign) -> Table:
    rows: list[tuple[CellValue, ...]] = []
    for course in campaign.courses:
        if not course.attempts:
            rows.append(_course_row(material, course, None))
        rows.extend(_course_row(material, course, attempt) for attempt in course.attempts)
    return Table(
        id="campaign-moves",
        caption="Moves, try by try",
        columns=columns(
            "vm=VM", "#try=Try", "source=From", "wanted=Asked to go to", "now=Runs on",
            "outcome=How it ended",
            "why=Why", "started=Asked at", "#duration=Copying", "#total=In all", "#downtime=Pause",
            "@id=Correlation id",
        ),
        rows=tuple(rows),
        empty="Nothing was to be moved.",
        open_rows=30,
    )  # fmt: skip


def _course_row(material: Material, course: Course, attempt: Attempt | None) -> tuple[CellValue, ...]:
    outcome = attempt.outcome if attempt is not None else course.outcome
    destination = attempt.destination_host_id if attempt else course.destination_host_id
    return (
        course.vm_name,
        count(attempt.number) if attempt else "",
        material.host_name(course.source_host_id),
        material.host_name(destination) or "the engine's choice",
        material.host_name(outcome.host_id) if outcome else None,
        Cell(text="open", tone=Tone.UNKNOWN) if outcome is None else _verdict(outcome.verdict),
        "" if outcome is None else outcome.reason,
        instant(attempt.started_at) if attempt else "",
        None if outcome is None or outcome.duration_s is None else format_duration(outcome.duration_s),
        None if outcome is None or outcome.total_s is None else format_duration(outcome.total_s),
        None if outcome is None or outcome.downtime_ms is None else f"{outcome.downtime_ms:g} ms",
        attempt.correlation_id if attempt else "",
    )


def _verdict(verdict: Verdict) -> Cell:
    text = verdict.value.replace("_", " ")
    if verdict in _DOUBTFUL:
        return Cell(text=text, tone=Tone.BAD if verdict == Verdict.LOST else Tone.UNKNOWN)
    if verdict not in SUCCESSES:
        return Cell(text=text, tone=Tone.BAD)
    return Cell(text=text, tone=Tone.GOOD if verdict == Verdict.SUCCEEDED else Tone.WARN)


def _evidence(campaign: Campaign) -> Table:
    rows = tuple(
        (
            course.vm_name,
            count(attempt.number),
            fact.source,
            fact.text,
            "" if fact.event_index is None else str(fact.event_index),
        )
        for course in campaign.courses
        for attempt in course.attempts
        if attempt.outcome is not None
        for fact in attempt.outcome.evidence
    )
    return Table(
        id="campaign-evidence",
        caption="What each outcome rests on",
        columns=columns("vm=VM", "#try=Try", "source=Seen in", "fact=Fact", "@event=Event"),
        rows=rows,
        empty="Nothing was settled.",
        open_rows=12,
    )


def _blocked(campaign: Campaign) -> Table:
    return Table(
        id="campaign-blocked",
        caption="VMs that the plan could not move",
        columns=columns("vm=VM", "why=Why", "remedy=What would help", "@id=Id"),
        rows=tuple((b.vm_name, joined(b.reasons), b.remedy, b.vm_id) for b in campaign.plan.blocked),
        empty="The plan could move every VM.",
    )


def _events(material: Material) -> Table:
    counts = Counter(event.code for event in material.inventory.events)
    latest: dict[int, Event] = {}
    for event in material.inventory.events:
        if event.code not in latest or event.id > latest[event.code].id:
            latest[event.code] = event
    rows = tuple(
        (str(int(code)), words, count(counts[code]), instant(latest[code].time), latest[code].description)
        for code, words in _STORY.items()
        if counts[code]
    )
    return Table(
        id="migration-event-counts",
        caption="Migrations in the window of events that was read",
        columns=columns("code=Code", "what=What", "#count=Events", "last=Last", "text=Text of the last"),
        rows=rows,
        empty="The events that were read tell of no migration.",
        pointer=material.pointer("events"),
    )


def _failures(material: Material) -> Table:
    texts: Counter[str] = Counter()
    last: dict[str, Event] = {}
    for event in material.inventory.events:
        story = _STORY.get(EventCode(event.code)) if event.code in set(EventCode) else None
        if story and ("fail" in story or "no host" in story):
            texts[event.description] += 1
            if event.description not in last or event.id > last[event.description].id:
                last[event.description] = event
    rows = tuple(
        (instant(last[text].time), text, count(number), str(last[text].id))
        for text, number in sorted(texts.items(), key=lambda item: -last[item[0]].id)
    )
    return Table(
        id="migration-failures",
        caption="Failures in that window, newest first",
        columns=columns("last=Last", "text=Text", "#count=Times", "@event=Event"),
        rows=rows,
        empty="None.",
        open_rows=8,
        pointer=material.pointer("events"),
    )
