"""The site of the recorded engine, served over HTTP, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rhevmig
from rhevmig.inventory import Inventory
from rhevmig.testing import RecordedEngine
from tests.recorded import served_lab

CASSETTES = Path(__file__).parents[3] / "cassettes"


@pytest.fixture(scope="session")
def recorded() -> Iterator[RecordedEngine]:
    """The recorded engine of two sites, for tests that only read."""
    with served_lab() as engine:
        yield engine


@pytest.fixture(scope="session")
def inventory(recorded: RecordedEngine) -> Inventory:
    """Its inventory."""
    with connected(recorded) as engine:
        return engine.inventory()


def connected(engine: RecordedEngine, **changes: Any) -> Any:
    """A client of a recorded engine, as its administrator, with nothing from the environment."""
    how = {"username": "admin@internal", "password": "recorded", "timeout_s": 20.0, "environ": {}} | changes
    return rhevmig.connect(engine.url, **how)
