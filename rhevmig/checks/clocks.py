"""Checks of clocks: a guest that migrates to a host with another time jumps in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rhevmig.checks.finding import Finding, Severity
from rhevmig.checks.registry import Check, Subject, Threshold, each_host, register, seen
from rhevmig.checks.scopes import engine_scope
from rhevmig.events import EventCode
from rhevmig.inventory import Event, Host, Inventory
from rhevmig.policy import Policy
from rhevmig.units import format_duration

OFFSET = Threshold(
    name="engine_clock_offset_s",
    default=5,
    unit="s",
    provenance="local: machines that keep time by NTP stay well within a second",
)
WINDOW = Threshold(
    name="drift_window_h",
    default=24,
    unit="h",
    provenance="local: the engine repeats the event at most hourly while a host drifts",
)
TIME_001 = Check(
    id="TIME-001",
    title="The engine's clock agrees with the local clock",
    area="time",
    severity=Severity.MEDIUM,
    needs=("api.time",),
    thresholds=(OFFSET,),
)
TIME_002 = Check(
    id="TIME-002",
    title="No host exceeds the engine's limit for clock drift",
    area="time",
    severity=Severity.HIGH,
    needs=("events: code 604",),
    thresholds=(WINDOW,),
)
_NOT_PROVEN = (
    "this proves only a drift below the engine's limit (300 s unless changed), not synchronised clocks"
)


@register(TIME_001)
def _engine_clock(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    on, limit = Subject(TIME_001, inventory, engine_scope(inventory)), OFFSET.value(policy)
    offset, round_trip = inventory.instant.clock_offset_s, inventory.instant.round_trip_s or 0.0
    shown = None if offset is None else f"{offset:+.3f} s"
    row = seen("engine's clock minus local clock", shown, OFFSET.expected(policy, "≤"))
    if offset is None:
        yield on.unknown(
            "the engine's clock was not compared with the local clock",
            row,
            missing="api.time",
            remedy="Take the snapshot from the engine itself; a converted one holds no clock.",
        )
        return
    rows = (row, seen("uncertainty", f"± {round_trip / 2:.3f} s (half the round trip)"))
    side = "ahead of" if offset > 0 else "behind"
    if abs(offset) - round_trip / 2 > limit:
        yield on.failed(
            f"the engine's clock is {format_duration(abs(offset))} {side} the local clock",
            *rows,
            remedy="Let the engine and this machine follow the same NTP servers (chronyc tracking on both).",
        )
    elif abs(offset) + round_trip / 2 > limit:
        yield on.unknown(
            "the answer took too long to compare the clocks",
            *rows,
            missing="a round trip shorter than the limit",
            remedy="Read again from a machine closer to the engine.",
        )
    else:
        yield on.passed("the engine's clock agrees with the local clock", *rows)


@each_host(TIME_002)
def _drift(on: Subject, host: Host, policy: Policy) -> Finding:
    inventory, hours = on.inventory, WINDOW.value(policy)
    now = inventory.derived(_engine_now)
    found = [
        event
        for event in inventory.derived(_drifts).get(host.id, ())
        if event.time is None or now is None or event.time >= now - timedelta(hours=hours)
    ]
    if found:
        rows = [
            seen(
                f"event 604 at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else "event 604",
                event.description,
                "no such event",
            )
            for event in found[:5]
        ]
        return on.failed(
            f"the engine reported clock drift {len(found)}× in the last {hours:g} h",
            *rows,
            remedy="Repair its time service (chronyc sources, chronyc tracking) before VMs migrate there.",
        )
    if not inventory.events or now is None:
        message = "the engine's events could not be read"
        return on.unread(message, missing="events: code 604", part=("event",))
    if not host.is_up:
        return on.not_applicable(f"the host is {host.status}: the engine does not poll its clock")
    row = seen("events 604", "none", WINDOW.expected(policy, "none within"))
    return on.passed(f"no drift event in {hours:g} h; {_NOT_PROVEN}", row)


def _drifts(inventory: Inventory) -> dict[str, list[Event]]:
    """Drift events by host."""
    found: dict[str, list[Event]] = {}
    for event in inventory.events:
        if event.code == EventCode.HOST_TIME_DRIFT and event.host_id:
            found.setdefault(event.host_id, []).append(event)
    return found


def _engine_now(inventory: Inventory) -> datetime | None:
    """The engine's time of the inventory, because events carry the engine's time and not ours."""
    if inventory.instant.engine_time is not None:
        return inventory.instant.engine_time
    return max((event.time for event in inventory.events if event.time is not None), default=None)
