"""The record of the run: which engine, when, by whom, how it was read."""

from __future__ import annotations

from rhevmig._version import VERSION
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Fact, Tone
from rhevmig.report.tables import count, instant, yes_no
from rhevmig.units import format_duration


def subtitle(material: Material) -> str:
    """What the report is about, in a line."""
    taken = instant(material.inventory.instant.started_at)
    return f"{_engine_name(material)} as it was on {taken}"


def _engine_name(material: Material) -> str:
    """The machine that the engine runs on."""
    address = material.inventory.engine.url.split("://", 1)[-1]
    return address.split("/", 1)[0].rpartition("@")[2]


def record_of_run(material: Material) -> tuple[Fact, ...]:
    """What a reader has to know to trust the rest."""
    engine, moment = material.inventory.engine, material.inventory.instant
    took = (moment.ended_at - moment.started_at).total_seconds()
    facts = [
        Fact(name="Engine", value=_engine_name(material)),
        Fact(name="Version", value=" ".join(part for part in (engine.name, engine.version) if part) or None),
        Fact(name="Read from", value=instant(moment.started_at)),
        Fact(name="until", value=f"{instant(moment.ended_at)} ({format_duration(took)})"),
        Fact(name="Requests", value=count(moment.requests)),
        Fact(name="Account", value=engine.user),
        Fact(name="Certificate verified", value=yes_no(engine.tls_verified, bad=False)),
        Fact(name="Events read", value=_events(material)),
        Fact(name="Stood still while read", value=_torn(material)),
        Fact(
            name="Policy",
            value=material.policy.name if material.findings is not None else "checks were not run",
        ),
        Fact(name="Tool", value=f"rhevmig {VERSION}"),
    ]
    if material.made_at is not None:
        facts.append(Fact(name="Report made", value=instant(material.made_at)))
    return tuple(facts)


def _events(material: Material) -> CellValue:
    times = sorted(event.time for event in material.inventory.events if event.time is not None)
    if not times:
        return "none of migrations, hosts or clocks"
    return f"{len(material.inventory.events)}, from {instant(times[0])} to {instant(times[-1])}"


def _torn(material: Material) -> CellValue:
    moment = material.inventory.instant
    if moment.is_torn:
        return Cell(text=f"no, {len(moment.torn_ids)} entities changed", tone=Tone.WARN)
    if moment.event_index_before is None or moment.event_index_after is None:
        return None
    if moment.event_index_before == moment.event_index_after:
        return f"yes, newest event {moment.event_index_after} before and after"
    came = f"events {moment.event_index_before} to {moment.event_index_after} came"
    return f"yes; {came}, what they touch was read again"
