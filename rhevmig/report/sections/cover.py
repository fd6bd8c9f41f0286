"""The record of the run: which engine, when, by which account, how it was read."""

from __future__ import annotations

from rhevmig._version import VERSION
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Fact, Tone
from rhevmig.report.tables.cells import count, instant, yes_no
from rhevmig.units import format_duration


def subtitle(context: ReportContext) -> str:
    """What the report is about, in a line."""
    return f"{_engine_name(context)} as of {instant(context.inventory.instant.started_at)}"


def _engine_name(context: ReportContext) -> str:
    """The machine that the engine runs on, without credentials in its address."""
    address = context.inventory.engine.url.split("://", 1)[-1]
    return address.split("/", 1)[0].rpartition("@")[2]


def record_of_run(context: ReportContext) -> tuple[Fact, ...]:
    """What a reader has to know to trust the rest."""
    engine, moment = context.inventory.engine, context.inventory.instant
    took = (moment.ended_at - moment.started_at).total_seconds()
    policy = context.policy.name if context.findings is not None else "checks were not run"
    facts = [
        Fact(name="Engine", value=_engine_name(context)),
        Fact(name="Version", value=" ".join(part for part in (engine.name, engine.version) if part) or None),
        Fact(name="Read from", value=instant(moment.started_at)),
        Fact(name="until", value=f"{instant(moment.ended_at)} ({format_duration(took)})"),
        Fact(name="Requests", value=count(moment.requests)),
        Fact(name="Account", value=engine.user),
        Fact(name="Certificate verified", value=yes_no(engine.tls_verified, bad=False)),
        Fact(name="Events read", value=_events(context)),
        Fact(name="Consistent while read", value=_consistency(context)),
        Fact(name="Policy", value=policy),
        Fact(name="Tool", value=f"rhevmig {VERSION}"),
    ]
    if context.made_at is not None:
        facts.append(Fact(name="Report made", value=instant(context.made_at)))
    return tuple(facts)


def _events(context: ReportContext) -> CellValue:
    times = sorted(event.time for event in context.inventory.events if event.time is not None)
    if not times:
        return "none of migrations, hosts or clocks"
    return f"{len(context.inventory.events)}, from {instant(times[0])} to {instant(times[-1])}"


def _consistency(context: ReportContext) -> CellValue:
    moment = context.inventory.instant
    if moment.is_torn:
        return Cell(text=f"no, {len(moment.torn_ids)} entities changed", tone=Tone.WARN)
    before, after = moment.event_index_before, moment.event_index_after
    if before is None or after is None:
        return None
    if before == after:
        return f"yes, newest event {after} before and after"
    return f"yes; what the events {before} to {after} changed was read again"
