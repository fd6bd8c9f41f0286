"""The inventory of the recorded engine as a file; `python -m tests.recorded` reads the cassettes anew."""

from __future__ import annotations

import lzma
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from rhevmig.inventory import Inventory, load

CASSETTES = Path(__file__).parents[1] / "cassettes"
SNAPSHOT = CASSETTES / "recorded-inventory" / "snapshot.json.xz"
#: When the crawl was recorded, so that the clock agrees with the engine's.
RECORDED_AT = datetime(2026, 11, 23, 1, 23, 1, tzinfo=UTC)


@cache
def recorded_inventory() -> Inventory:
    """The kept inventory of the recorded engine, with the engine's own answers about destinations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.json"
        path.write_bytes(lzma.decompress(SNAPSHOT.read_bytes()))
        return load(path)


def read_recorded_engine() -> Inventory:
    """The same, read through the adapter from a server that answers from the cassettes."""
    from rhevmig.clock import ManualClock
    from rhevmig.engine import connect
    from rhevmig.testing import serve

    with (
        serve(CASSETTES / "recorded-engine") as recorded,
        connect(recorded.url, "admin@internal", "recorded", clock=ManualClock(RECORDED_AT)) as engine,
    ):
        inventory = engine.inventory(detail={"targets"})
    known = msgspec.structs.replace(inventory.engine, url="https://engine.lab.example/ovirt-engine/api")
    return msgspec.structs.replace(inventory, engine=known)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = read_recorded_engine().save(Path(folder) / "snapshot.json").read_bytes()
    SNAPSHOT.write_bytes(lzma.compress(content, preset=9))


if __name__ == "__main__":
    main()
