"""Time: the offset of the engine's clock, hosts with clock drift, and what the API does not report."""

from __future__ import annotations

from typing import NamedTuple

from rhevmig.events import EventCode
from rhevmig.inventory import Event
from rhevmig.report.context import ReportContext
from rhevmig.report.document import Cell, CellValue, Fact, Facts, Prose, Section, Table, Tone
from rhevmig.report.prose import sentence
from rhevmig.report.tables.cells import count, counted, instant, natural
from rhevmig.report.tables.table_column import engine_id, figure, table_of, text
from rhevmig.units import format_duration


class _Drift(NamedTuple):
    """A host with the events of its clock drift."""

    host: CellValue
    events: int
    newest: Event


def clocks_section(context: ReportContext) -> Section:
    """The clock of the engine and the drift of hosts."""
    events = [event for event in context.inventory.events if event.code == EventCode.HOST_TIME_DRIFT]
    found = counted(len(events), "event") + " of clock drift in the window that was read."
    first = Prose(text=f"{found} {sentence('clock drift')}", tone=Tone.WARN)
    if not events:
        first = Prose(text=f"{sentence('no clock drift')} {sentence('clock drift')}", tone=Tone.UNKNOWN)
    return Section(
        id="time", title="Time", blocks=(Facts(items=_clock(context)), first, _drift(context, events))
    )


def _clock(context: ReportContext) -> tuple[Fact, ...]:
    moment = context.inventory.instant
    offset: CellValue = None
    if moment.clock_offset_s is not None:
        direction = "ahead of" if moment.clock_offset_s > 0 else "behind"
        within = (
            "" if moment.round_trip_s is None else f", known to ±{format_duration(moment.round_trip_s / 2)}"
        )
        offset = f"{format_duration(abs(moment.clock_offset_s))} {direction} the machine that read it{within}"
    return (
        Fact(name="Engine's clock when it was read", value=instant(moment.engine_time)),
        Fact(name="Engine's clock is", value=offset),
    )


def _drift(context: ReportContext, events: list[Event]) -> Table:
    by_host: dict[str, list[Event]] = {}
    for event in events:
        by_host.setdefault(event.host_id or "", []).append(event)
    in_order = sorted(by_host.items(), key=lambda item: natural(context.host_name(item[0]) or ""))
    return table_of(
        "clock-drift",
        "Hosts for which the engine reported clock drift",
        [
            _Drift(_host(context, host_id), len(found), max(found, key=lambda event: event.id))
            for host_id, found in in_order
        ],
        (
            text("host", "Host", lambda d: d.host),
            figure("events", "Events", lambda d: Cell(text=count(d.events) or "", tone=Tone.WARN)),
            text("last", "Last", lambda d: instant(d.newest.time)),
            text("text", "Text of the last", lambda d: d.newest.description),
            engine_id("event", "Event", lambda d: str(d.newest.id)),
        ),
        empty="No event of clock drift was read.",
        pointer="/inventory/events",
    )


def _host(context: ReportContext, host_id: str) -> CellValue:
    found = context.inventory.find_host(host_id)
    return found.name if found else Cell(text="no longer in the engine", tone=Tone.MUTED)
