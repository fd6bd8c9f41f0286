"""A campaign outlives its terminal, and a signal to end leaves it in a state that is explained."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_moving import SCENARIO

from rhevmig import lab

RHEVMIG = Path(sys.executable).with_name("rhevmig")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the plan of an evacuation, and the variables of the lab that it is for."""
    scenario = tmp_path / "three.yaml"
    scenario.write_text(SCENARIO)
    with lab.serve(scenario, speed=30) as running:
        monkeypatch.setenv("OVIRT_URL", running.url)
        monkeypatch.setenv("OVIRT_USERNAME", running.username)
        monkeypatch.setenv("OVIRT_PASSWORD", running.password)
        monkeypatch.setenv("OVIRT_CAFILE", running.ca_file)
        monkeypatch.setenv("RHEVMIG_CLOCK_SPEED", "30")
        monkeypatch.setenv("PATH", os.pathsep.join([str(RHEVMIG.parent), os.environ["PATH"]]))
        subprocess.run([RHEVMIG, "plan", "evacuate", "n01", "-o", "plan.json"], cwd=tmp_path, check=True)
        yield tmp_path


@pytest.mark.parametrize("target", ["2> >(head -2 >/dev/null)", "2>/dev/full", "2>&-"])
def test_lost_progress_does_not_end_a_campaign(folder: Path, target: str) -> None:
    """A reader that leaves, a full disk or a closed stderr: the campaign goes on to its end."""
    line = f"rhevmig run plan.json --journal j.db > out {target}"
    done = subprocess.run(["bash", "-c", line], cwd=folder, check=False, timeout=120)
    assert done.returncode == 0
    assert (folder / "out").read_text().count("succeeded: runs on") == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_with_the_hints_of_ctrl_c(folder: Path, number: signal.Signals) -> None:
    """The exit code is that of the signal; `resume` completes the campaign without a second request."""
    process = subprocess.Popen(
        [RHEVMIG, "run", "plan.json", "--journal", "j.db"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    shown = ""
    while "queued" not in shown:
        line = process.stderr.readline()
        assert line, shown
        shown += line
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "rhevmig resume j.db" in rest
    assert "rhevmig cancel j.db" in rest
    assert "Traceback" not in rest
    resumed = subprocess.run(
        [RHEVMIG, "resume", "j.db"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    assert resumed.stdout.count("succeeded: runs on") == 4
