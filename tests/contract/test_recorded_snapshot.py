"""Whole readings of recorded engines: the kept inventory, and snapshots replayed exactly."""

from __future__ import annotations

import msgspec
import pytest

import rhevmig
from rhevmig.clock import ManualClock
from rhevmig.inventory import Inventory
from rhevmig.testing import serve
from tests.recorded import CASSETTES, read_recorded_engine, recorded_inventory


def test_the_kept_inventory_is_what_the_adapter_reads() -> None:
    """Every field is equal, except the number of requests; `python -m tests.recorded` renews the file."""
    fresh, kept = read_recorded_engine(), recorded_inventory()
    for field in Inventory.__struct_fields__:
        if field == "instant":
            continue
        assert getattr(fresh, field) == getattr(kept, field), field
    alike = {"requests": None, "round_trip_s": None}
    assert msgspec.structs.replace(fresh.instant, **alike) == msgspec.structs.replace(kept.instant, **alike)


@pytest.mark.parametrize(("cassette", "vms"), [("administrator", 79), ("administrator-974-vms", 974)])
def test_a_snapshot_sends_the_recorded_requests_and_no_others(cassette: str, vms: int) -> None:
    """A real engine's answers to a snapshot of an earlier version serve this version without a gap."""
    with serve(CASSETTES / "snapshots" / f"{cassette}.json.xz") as engine:
        account = {"username": "admin@internal", "password": "recorded", "environ": {}}
        with rhevmig.connect(engine.url, **account, clock=ManualClock()) as client:
            inventory = client.inventory()
        assert [request for request in engine.requests if request.status != 200] == []
    assert inventory.unobserved == ()
    assert (len(inventory.vms), len(inventory.hosts)) == (vms, 16)
