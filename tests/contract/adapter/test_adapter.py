"""The adapter's contract on a lab over HTTPS and on its recording; with `--live` on a real engine too.

The real engine is named by the environment: RHEVMIG_LIVE_URL, _USERNAME, _PASSWORD, _CAFILE, _INSECURE=1.
RHEVMIG_LIVE_VM names a running VM that may be migrated; contracts that change something run only with it.
"""

from __future__ import annotations

import functools
import lzma
import os
from pathlib import Path

import pytest

from rhevmig.recordings.cassette_file import read_document
from rhevmig.testing.scrub.secrets import find_secrets
from tests.contract.adapter.backends import CASSETTES, SECRETS, cassette_of, live_contracts, outcome_of
from tests.contract.adapter.record import record
from tests.contract.adapter.site import CONTRACTS

#: A contract's tests run in one process, so that it is run once on each engine.
NAMES = [pytest.param(name, marks=pytest.mark.xdist_group(f"adapter-{name}")) for name in CONTRACTS]
AGAIN = "the lab has changed since: python -m tests.contract.adapter.record"


@functools.cache
def outcome(name: str, backend: str) -> object:
    return outcome_of(CONTRACTS[name], backend)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each contract runs on the lab and on its recording; `--live` adds what a real engine can run."""
    if metafunc.function is not test_contract:
        return
    live = live_contracts(os.environ) if metafunc.config.getoption("--live") else []
    metafunc.parametrize(
        ("name", "backend"),
        [
            pytest.param(name, backend, marks=pytest.mark.xdist_group(f"adapter-{name}"))
            for name in CONTRACTS
            for backend in ("lab", "replay", "live")
            if backend != "live" or name in live
        ],
    )


def test_contract(name: str, backend: str) -> None:
    """What the contract asserts holds on this engine."""
    outcome(name, backend)


def test_the_live_contracts() -> None:
    """Without a VM that may be migrated, nothing is changed on a live engine."""
    reading = live_contracts({})
    assert {"whole-inventory", "states-of-hosts"} <= set(reading)
    assert not [name for name in reading if CONTRACTS[name].changes or CONTRACTS[name].rehearsed]
    assert "migration-to-its-end" in live_contracts({"RHEVMIG_LIVE_VM": "web01"})


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
        assert find_secrets(read_document(file)["interactions"]) == (), file.name
    assert sum(file.stat().st_size for file in files) < 400_000
