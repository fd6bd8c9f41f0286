"""The numbered examples run as they stand, each in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pages import ROOT

from rhevmig import lab
from tests.recorded import served_lab

EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))


def run(name: str, *arguments: str, folder: Path, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_reading_checking_and_reporting(tmp_path: Path) -> None:
    """The first example, on a recorded real engine: findings printed, snapshot and report written."""
    with served_lab(shift_time=True) as engine:
        environ = {
            "OVIRT_URL": engine.url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "recorded",
        }
        printed = run("01_read_check_report.py", folder=tmp_path, environ=environ)
    assert "NET-003 kvm02" in printed
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "dc.json").exists()


@pytest.mark.slow
def test_emptying_a_host(tmp_path: Path) -> None:
    """The second example, on the lab in real time: nine VMs leave, the host comes back, all is reported."""
    with lab.serve(ROOT / "rhevmig" / "lab" / "scenarios" / "demo.yaml") as running:
        environ = {
            "OVIRT_URL": running.url,
            "OVIRT_USERNAME": running.username,
            "OVIRT_PASSWORD": running.password,
            "OVIRT_CAFILE": running.ca_file,
        }
        printed = run("02_empty_a_host.py", "intel01", folder=tmp_path, environ=environ)
    assert "9 succeeded" in printed
    assert (tmp_path / "evacuation.html").exists()


def test_every_example_is_run_here() -> None:
    """A new example needs a test in this file."""
    text = Path(__file__).read_text()
    assert EXAMPLES
    assert not [path.name for path in EXAMPLES if f'"{path.name}"' not in text]
