"""The inventory of the recorded engine as a file; `python -m tests.recorded` reads the cassettes anew."""

from __future__ import annotations

import lzma
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from rhevmig.inventory import Inventory, load
from rhevmig.lab.lab import Lab, open_lab, sign_in
from rhevmig.lab.recordings.crawl_import import take_in
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.testing.answers import ServedAnswer
from rhevmig.testing.replay import ReceivedRequest
from rhevmig.testing.replay_server import RecordedEngine

CASSETTES = Path(__file__).parents[1] / "cassettes"
RECORDED_ENGINE = CASSETTES / "recorded-engine"
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


def recorded_lab() -> Lab:
    """A lab loaded from the recordings of the engine; its time stands still."""
    lab = open_lab(RECORDED_ENGINE / "10-crawl.json.xz")
    more = read_cassette(RECORDED_ENGINE / "30-inventory-cheapest.json.xz")
    take_in(lab.world, [exchange for exchange in more if exchange.path == "events"])
    events = lab.world.tables["events"]
    lab.world.tables["events"] = {event_id: events[event_id] for event_id in sorted(events, key=int)}
    return lab


class LabAnswers:
    """The answers of a lab to one account, for a server that logs requests and injects faults."""

    def __init__(self, lab: Lab, username: str) -> None:
        self._lab = lab
        self._session = sign_in(lab.engine, username, lab.password)

    def answer(self, request: ReceivedRequest) -> ServedAnswer:
        """The lab's answer, as an account of the recorded engine gets it."""
        headers = {**request.headers, "authorization": self._session}
        found = self._lab.handle(request.method, request.path, request.query, headers, request.body)
        return ServedAnswer(status=found.status, reason="", headers=tuple(found.headers), body=found.body)

    def recorded(self, request: ReceivedRequest) -> ServedAnswer | None:
        """The lab's refusal of a login."""
        found = self._lab.handle("POST", request.path, request.query, dict(request.headers), request.body)
        return ServedAnswer(status=found.status, reason="", headers=tuple(found.headers), body=found.body)


@contextmanager
def served_lab(
    lab: Lab | None = None, *, username: str = "admin@internal", shift_time: bool = False, **options: Any
) -> Iterator[RecordedEngine]:
    """A lab behind a server that logs requests and injects faults.

    Args:
        lab: the recorded engine's by default.
        username: the account that logs in.
        shift_time: `/api` shows the present.
        options: those of `RecordedEngine`.
    """
    if shift_time:
        options["now"] = lambda: datetime.now(UTC)
    engine = RecordedEngine(LabAnswers(lab or recorded_lab(), username), username=username, **options)
    try:
        yield engine
    finally:
        engine.stop()


def read_recorded_engine() -> Inventory:
    """The same, read through the adapter from a lab that was loaded from the cassettes."""
    from rhevmig.clock import ManualClock
    from rhevmig.engine import connect

    with (
        served_lab() as recorded,
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
