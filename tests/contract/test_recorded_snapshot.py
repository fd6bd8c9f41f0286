"""The kept inventory is what the adapter reads from the cassettes today."""

from __future__ import annotations

import msgspec

from rhevmig.inventory import Inventory
from tests.recorded import read_recorded_engine, recorded_inventory


def test_the_kept_inventory_is_what_the_adapter_reads() -> None:
    """Every field is equal, apart from the number of requests; `python -m tests.recorded` renews the file."""
    fresh, kept = read_recorded_engine(), recorded_inventory()
    for field in Inventory.__struct_fields__:
        if field == "instant":
            continue
        assert getattr(fresh, field) == getattr(kept, field), field
    alike = {"requests": None, "round_trip_s": None}
    assert msgspec.structs.replace(fresh.instant, **alike) == msgspec.structs.replace(kept.instant, **alike)
