"""The unmodified SDK, in an environment without the product, does on the lab what its documentation shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from slow.foreign.environment import program

from rhevmig.lab.lab import Lab, serve

pytestmark = pytest.mark.slow

SITE = Path(__file__).parent / "foreign" / "site.yaml"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The site of this folder, twenty times as fast as a real one."""
    with serve(SITE, speed=20) as lab:
        yield lab
        assert not lab.engine.mistakes


def test_reading(lab: Lab) -> None:
    """Lists, searches, pages, links, statistics, followed links, events from an index, and refusals."""
    web = [f"web{number:02}" for number in range(1, 7)]
    assert program("sdk_reading", lab) == [
        "connected True",
        "version 4.5.8-1.el9",
        "clusters rome spare",
        f"running big01 legacy01 {' '.join(web)}",
        f"pattern {' '.join(web)}",
        "either web01 web02",
        "sorted web06 web05",
        "second page web03 web04",
        "nonsense 0",
        "link rome rome1",
        "nics guests",
        "disk web01_Disk1 20 True",
        "statistics memory.installed memory.used migration.progress",
        "followed guests web licensed",
        "next run web01",
        "host rome1 up 4 3",
        "free memory True",
        "newest first True",
        "newer 0",
        "since the beginning True",
        "by severity {'normal'}",
        "templates Blank",
        "domains main-nfs",
        "option 1500",
        "missing 404",
        "missing 404",
        "batch web01",
        "refused",
    ]


def test_making_and_removing(lab: Lab) -> None:
    """A VM with NIC, disk, tag, label and snapshot is made, edited, run, removed; wrong ones are refused."""
    assert program("sdk_adding", lab) == [
        "made own01 512",
        "nic nic1 True",
        "unlinked False",
        "disk own01_data 1",
        "larger 6",
        "tagged own01",
        "labelled own",
        "started True",
        "snapshot before",
        "edited edited",
        "stopped",
        "event mine warning",
        "twice 409 True",
        "incomplete 400 Incomplete parameters",
        "gone 0",
    ]


def test_moving(lab: Lab) -> None:
    """A migration arrives with events and job, another is cancelled, a host is emptied and comes back."""
    assert program("sdk_moving", lab) == [
        "targets rome2 rome3",
        "arrived True",
        "events 62 63",
        "job finished True",
        "steps {'finished'}",
        "on its way migrating",
        "cancelled True",
        "refused down01 409",
        "refused web03 400",
        "group web04 web05",
        "refused by affinity 409 True",
        "in maintenance 0 0",
        "already 409",
        "back up",
        "bandwidth 1000",
    ]


def test_a_lab_from_the_command_line(tmp_path: Path) -> None:
    """`rhevmig lab serve` and `rhevmig lab ca` are all that the SDK's program needs to move VMs."""
    command = [str(Path(sys.executable).parent / "rhevmig"), "lab"]
    serving = [*command, "serve", "--scenario", str(SITE), "--speed", "20", "--ca-folder", str(tmp_path)]
    with subprocess.Popen(serving, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        printed = subprocess.run([*command, "ca", str(tmp_path)], capture_output=True, text=True, check=True)
        ca_file = tmp_path / "printed.pem"
        ca_file.write_text(printed.stdout)
        lab = SimpleNamespace(url=url, ca_file=str(ca_file), username="admin@internal", password="secret")
        try:
            assert program("sdk_moving", lab)[-1] == "bandwidth 1000"
        finally:
            process.terminate()
        _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
