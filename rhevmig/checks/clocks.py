"""Time: clocks apart make guests jump when they move; the API tells little of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rhevmig.checks.finding import Evidence, Finding, Severity
from rhevmig.checks.registry import Check, Threshold, register
from rhevmig.checks.scopes import engine_scope, help_for, host_scope
from rhevmig.events import EventCode
from rhevmig.inventory import Event, Inventory
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
    title="The engine's clock agrees with ours",
    area="time",
    severity=Severity.MEDIUM,
    needs=("api.time",),
    thresholds=(OFFSET,),
)
TIME_002 = Check(
    id="TIME-002",
    title="No host has drifted past the engine's own limit",
    area="time",
    severity=Severity.HIGH,
    needs=("events: code 604",),
    thresholds=(WINDOW,),
)
NOT_PROVEN = (
    "that proves only a drift below the engine's limit (300 s unless changed), not synchronised clocks"
)


@register(TIME_001)
def _engine_clock(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    scope, limit = engine_scope(inventory), OFFSET.value(policy)
    offset, round_trip = inventory.instant.clock_offset_s, inventory.instant.round_trip_s or 0.0
    expected = OFFSET.expected(policy, "≤")
    if offset is None:
        yield TIME_001.unknown(
            scope,
            "the engine's clock was not compared with ours",
            Evidence(name="engine's clock less ours", observed="–", expected=expected),
            missing="api.time",
            remedy="Take the snapshot from the engine itself; a converted one carries no clock.",
        )
        return
    rows = (
        Evidence(name="engine's clock less ours", observed=f"{offset:+.3f} s", expected=expected),
        Evidence(name="known to", observed=f"± {round_trip / 2:.3f} s (half the round trip)"),
    )
    side = "ahead of" if offset > 0 else "behind"
    if abs(offset) - round_trip / 2 > limit:
        yield TIME_001.failed(
            scope,
            f"the engine's clock is {format_duration(abs(offset))} {side} ours",
            *rows,
            remedy="Let the engine and this machine follow the same NTP servers (chronyc tracking on both).",
        )
    elif abs(offset) + round_trip / 2 > limit:
        yield TIME_001.unknown(
            scope,
            "the answer took too long to tell the clocks apart",
            *rows,
            missing="a round trip shorter than the limit",
            remedy="Read again from nearer to the engine.",
        )
    else:
        yield TIME_001.passed(scope, "the engine's clock agrees with ours", *rows)


@register(TIME_002)
def _drift(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
    hours = WINDOW.value(policy)
    now = _engine_now(inventory)
    drifts: dict[str, list[Event]] = {}
    for event in inventory.events:
        is_recent = event.time is None or now is None or event.time >= now - timedelta(hours=hours)
        if event.code == EventCode.HOST_TIME_DRIFT and event.host_id and is_recent:
            drifts.setdefault(event.host_id, []).append(event)
    for host in inventory.hosts:
        scope = host_scope(inventory, host)
        found = drifts.get(host.id, [])
        if found:
            rows = [
                Evidence(
                    name=f"event 604 at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else "event 604",
                    observed=event.description,
                    expected="no such event",
                )
                for event in found[:5]
            ]
            yield TIME_002.failed(
                scope,
                f"the engine reported its clock as drifting {len(found)}× in the last {hours:g} h",
                *rows,
                remedy="Repair its time service (chronyc sources, chronyc tracking) before VMs move there.",
            )
        elif not inventory.events or now is None:
            yield TIME_002.unknown(
                scope,
                "the engine's events could not be read",
                missing="events: code 604",
                remedy=help_for(inventory, "event"),
            )
        elif not host.is_up:
            yield TIME_002.not_applicable(scope, f"it is {host.status}: the engine does not poll its clock")
        else:
            expected = WINDOW.expected(policy, "none within")
            row = Evidence(name="events 604", observed="none", expected=expected)
            yield TIME_002.passed(scope, f"no drift event in {hours:g} h; {NOT_PROVEN}", row)


def _engine_now(inventory: Inventory) -> datetime | None:
    """The engine's clock when it was read, because events carry its time and not ours."""
    if inventory.instant.engine_time is not None:
        return inventory.instant.engine_time
    return max((event.time for event in inventory.events if event.time is not None), default=None)
