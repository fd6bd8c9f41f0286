"""Time: how far the engine's clock is off, which hosts drifted, and what the API cannot tell."""

from __future__ import annotations

from rhevmig.events import EventCode
from rhevmig.inventory import Event
from rhevmig.report.context import Material
from rhevmig.report.document import Cell, CellValue, Fact, Facts, Prose, Section, Table, Tone
from rhevmig.report.tables import columns, count, counted, instant, natural
from rhevmig.units import format_duration


def time_section(material: Material) -> Section:
    """The clock of the engine and the drift of hosts."""
    events = drift_events(material)
    text = (
        f"{counted(len(events), 'event')} of clock drift are in the window that was read."
        if events
        else "No event of clock drift is in the window that was read. This does not mean that clocks agree."
    )
    return Section(
        id="time",
        title="Time",
        blocks=(
            Facts(items=_clock(material)),
            Prose(
                text=f"{text} The engine reports a host only once it is off by more than 300 s, and at most "
                "once an "
                "hour. Whether chrony runs, from which sources and how exactly, is not in the API: it has "
                "to be seen "
                "on the hosts.",
                tone=Tone.WARN if events else Tone.UNKNOWN,
            ),
            _drift(material, events),
        ),
    )


def drift_events(material: Material) -> tuple[Event, ...]:
    """Events 604, newest first."""
    return tuple(event for event in material.inventory.events if event.code == EventCode.HOST_TIME_DRIFT)


def _clock(material: Material) -> tuple[Fact, ...]:
    moment = material.inventory.instant
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


def _drift(material: Material, events: tuple[Event, ...]) -> Table:
    hosts: dict[str, list[Event]] = {}
    for event in events:
        hosts.setdefault(event.host_id or "", []).append(event)
    rows: list[tuple[CellValue, ...]] = []
    for host_id, found in sorted(hosts.items(), key=lambda item: natural(material.host_name(item[0]) or "")):
        newest = max(found, key=lambda event: event.id)
        rows.append(
            (
                _host(material, host_id),
                Cell(text=count(len(found)) or "", tone=Tone.WARN),
                instant(newest.time),
                newest.description,
                str(newest.id),
            )
        )
    return Table(
        id="clock-drift",
        caption="Hosts that the engine saw drifting",
        columns=columns("host=Host", "#events=Events", "last=Last", "text=Text of the last", "@event=Event"),
        rows=tuple(rows),
        empty="No event of clock drift was read.",
        pointer=material.pointer("events"),
    )


def _host(material: Material, host_id: str) -> CellValue:
    found = material.inventory.find_host(host_id)
    return found.name if found else Cell(text="no longer in the engine", tone=Tone.MUTED)
