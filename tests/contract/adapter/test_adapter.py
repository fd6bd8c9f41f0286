"""The adapter's contract, written once, on three engines: a lab over HTTPS, its recording, a live one."""

from __future__ import annotations

import functools
import lzma
from pathlib import Path

import pytest

from rhevmig.recordings.cassette_file import read_document
from rhevmig.testing.scrub.secrets import find_secrets
from tests.contract.adapter.backends import CASSETTES, SECRETS, cassette_of, outcome_of
from tests.contract.adapter.record import record
from tests.contract.adapter.site import CONTRACTS

#: A contract's tests run in one process, so that it is run once on each engine.
NAMES = [pytest.param(name, marks=pytest.mark.xdist_group(f"adapter-{name}")) for name in CONTRACTS]
AGAIN = "the lab has changed since: python -m tests.contract.adapter.record"


@functools.cache
def outcome(name: str, backend: str) -> object:
    return outcome_of(CONTRACTS[name], backend)


@pytest.fixture(params=["lab", "replay", "live"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which engine."""
    return str(request.param)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name: str, backend: str) -> None:
    """What the contract asserts holds on this engine."""
    outcome(name, backend)


@pytest.mark.parametrize("name", NAMES)
def test_replay_equals_lab(name: str, tmp_path: Path) -> None:
    """The value, or the error with its text, is the same over real libcurl and replayed."""
    recorded, live = outcome(name, "replay"), outcome(name, "lab")
    if recorded != live:
        new = cassette_of(name, tmp_path)
        record(CONTRACTS[name], new)
        assert outcome_of(CONTRACTS[name], "replay", new) == live, "replay and libcurl differ"
    assert recorded == live, AGAIN


def test_cassettes_hold_no_secret_and_are_small() -> None:
    """Neither a password nor a token is in any file, none is left over, and all together are small."""
    files = sorted(CASSETTES.glob("*.yaml.xz"))
    assert files == sorted(cassette_of(name) for name in CONTRACTS)
    for file in files:
        text = lzma.decompress(file.read_bytes()).decode()
        assert [word for word in SECRETS if word in text] == [], file.name
        assert list(find_secrets(read_document(file)["interactions"])) == [], file.name
    assert sum(file.stat().st_size for file in files) < 400_000
