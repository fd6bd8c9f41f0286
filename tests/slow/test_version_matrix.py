"""Cassettes work with the oldest vcrpy and pycurl that setup.cfg allows, and with the newest there are."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = [
    "tests/unit/testing",
    "tests/contract/test_pycurl_stubs.py",
    "tests/contract/test_replay_equals_live.py",
    "tests/contract/test_recordings_replay.py",
    "tests/contract/test_recorded_engine.py",
    "tests/contract/test_pytest_plugin.py",
]
#: 8.2.1 is the first vcrpy that does not run code out of a cassette (GHSA-rpj2-4hq8-938g);
#: 7.45.3 the first pycurl with wheels for Linux.
MATRIX = {
    "oldest": ("vcrpy==8.2.1", "pycurl==7.45.3"),
    "old vcrpy, new pycurl": ("vcrpy==8.2.1", "pycurl"),
    "first of the present vcrpy": ("vcrpy==9.0.0", "pycurl==7.45.3"),
    "newest": ("vcrpy", "pycurl"),
}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", MATRIX)
def test_the_cassette_tests_pass_with(name: str, tmp_path: Path) -> None:
    """All tests of `rhevmig.testing` pass with these versions and without the rest's requirements."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    common = ["ovirt-engine-sdk-python", "msgspec", "PyYAML", "pytest", "pytest-xdist", "setuptools"]
    call(python, "-m", "pip", "install", "--quiet", "--upgrade", *MATRIX[name], *common)
    told = call(
        python, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "-n", "2", *TESTS,
        PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "tests" / "unit" / "testing")]),
    )  # fmt: skip
    assert " passed" in told
    assert "failed" not in told


def call(python: Path, *arguments: str, **environment: str) -> str:
    """Runs the environment's interpreter in the repository; its output, also where it fails."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(python), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**clean, **environment},
    )
    assert done.returncode == 0, f"{sys.version}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout
