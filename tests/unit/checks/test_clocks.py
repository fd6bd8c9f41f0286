"""TIME-001, TIME-002: the engine's clock, and drift events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from rhevmig.inventory import Inventory
from rhevmig.policy import Policy, Thresholds
from tests.builders import NOW, a_drift_event, a_host, an_inventory
from tests.unit.checks.judged import findings, statuses, the_unknown


def with_clock(**difference: Any) -> Inventory:
    usual = an_inventory()
    return msgspec.structs.replace(usual, instant=msgspec.structs.replace(usual.instant, **difference))


def test_time_001_silent_within_the_limit() -> None:
    """A fifth of a second passes, and the uncertainty is shown."""
    found = findings("TIME-001", an_inventory())["oVirt"]
    assert found.status == "pass"
    assert "± 0.005 s" in found.evidence[1].observed


@pytest.mark.parametrize(("offset", "side"), [(400.0, "ahead of"), (-400.0, "behind")])
def test_time_001_fires_beyond_the_limit(offset: float, side: str) -> None:
    """An offset either way fails and says which."""
    found = findings("TIME-001", with_clock(clock_offset_s=offset))["oVirt"]
    assert found.status == "fail"
    assert side in found.message


def test_time_001_unknown_where_it_was_not_compared_or_too_slow() -> None:
    """No offset, or a round trip longer than the limit allows: unknown."""
    assert the_unknown("TIME-001", with_clock(clock_offset_s=None)).missing == "api.time"
    the_unknown("TIME-001", with_clock(clock_offset_s=4.0, round_trip_s=8.0))


def test_time_001_threshold_of_the_site() -> None:
    """A site may allow less."""
    strict = Policy(thresholds=Thresholds(engine_clock_offset_s=0.1))
    assert statuses("TIME-001", an_inventory(), strict) == {"oVirt": "fail"}


def test_time_002_silent_without_a_drift_event_but_claims_no_synchrony() -> None:
    """No event 604 passes, and the message says what that does not prove."""
    found = findings("TIME-002", an_inventory())["h1"]
    assert found.status == "pass"
    assert "not synchronised" in found.message


def test_time_002_fires_on_a_drift_event_within_the_window() -> None:
    """An event of the last 24 hours of the engine's clock fails that host and is shown word for word."""
    inventory = an_inventory(events=(a_drift_event("h1", at=NOW - timedelta(hours=23)),))
    found = findings("TIME-002", inventory)
    assert {name: f.status for name, f in found.items()} == {"h1": "fail", "h2": "pass"}
    assert "411 seconds" in found["h1"].evidence[0].observed


def test_time_002_window_counts_by_the_engines_clock() -> None:
    """An older event passes; the window is the site's; our own clock does not matter."""
    old = an_inventory(events=(a_drift_event("h1", at=NOW - timedelta(hours=25)),))
    assert statuses("TIME-002", old)["h1"] == "pass"
    longer = Policy(thresholds=Thresholds(drift_window_h=48))
    assert statuses("TIME-002", old, longer)["h1"] == "fail"
    later = msgspec.structs.replace(
        old.instant, engine_time=NOW - timedelta(hours=2), ended_at=NOW + timedelta(days=300)
    )
    assert statuses("TIME-002", msgspec.structs.replace(old, instant=later))["h1"] == "fail"


def test_time_002_unknown_without_events() -> None:
    """No event of any kind means that none were read."""
    assert set(statuses("TIME-002", an_inventory(events=())).values()) == {"unknown"}
    found = findings("TIME-002", an_inventory(events=()))["h1"]
    assert found.missing == "events: code 604"


def test_time_002_a_host_that_is_down_is_not_asked_but_its_drift_counts() -> None:
    """A host off duty is not judged unless the engine has seen it drift."""
    hosts = (a_host("h1", status="maintenance"), a_host("h2", status="maintenance"))
    inventory = an_inventory(hosts=hosts, events=(a_drift_event("h2"),))
    assert statuses("TIME-002", inventory) == {"h1": "not_applicable", "h2": "fail"}
