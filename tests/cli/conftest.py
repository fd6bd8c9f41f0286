"""The command under test and a snapshot of the recorded engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from commands import Commands

import rhevmig
from tests.recorded import served_lab


@pytest.fixture
def rhevmig_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """`rhevmig …` in this process."""
    return Commands(capsys, monkeypatch)


@pytest.fixture
def snapshot(snapshot_of_session: Path) -> Path:
    """A snapshot of the recorded real engine."""
    return snapshot_of_session


@pytest.fixture(scope="session")
def snapshot_of_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of the recorded real engine, taken through the SDK once a session."""
    file = tmp_path_factory.mktemp("snapshot") / "dc.json"
    with (
        served_lab(shift_time=True) as engine,
        rhevmig.connect(url=engine.url, username="admin@internal", password="recorded") as client,
    ):
        client.inventory().save(file)
    return file
