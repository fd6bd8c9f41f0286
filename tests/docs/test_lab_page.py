"""docs/lab.md: what it tells a reader to type works, and its lists are the code's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import get_args

from pages import ROOT, blocks, run

from rhevmig.lab.fault_injection.spec import FaultKind
from rhevmig.lab.scenario.model import Scenario

PAGE = ROOT / "docs" / "lab.md"
SCENARIOS = ROOT / "rhevmig" / "lab" / "scenarios"
FILE = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def _rows(heading: str) -> str:
    return PAGE.read_text().partition(f"\n## {heading}")[2].partition("\n## ")[0]


def test_the_page_works_from_top_to_bottom(tmp_path: Path) -> None:
    """The test of the page is written and run, then the rest, in one folder."""
    (name, text) = FILE.findall(PAGE.read_text())[0]
    (tmp_path / name).write_text(text)
    shutil.copy(SCENARIOS / "demo.yaml", tmp_path)
    commands = [block for block in blocks("lab page") if block.page == PAGE.name]
    assert len(commands) == 2
    for block in commands:
        run(block, folder=tmp_path, environ={"PYTHONPATH": str(ROOT), "CI": ""})


def test_the_page_names_every_kind_of_fault() -> None:
    """The table of faults is the one in the code."""
    cells = [line for line in _rows("Faults").splitlines() if line.startswith("| ")]
    named = set(re.findall(r"`([a-z_]+)`", " ".join(cells[1:7])))
    assert named == set(get_args(FaultKind))


def test_the_page_names_every_key_of_a_scenario() -> None:
    """Only `name` and `description`, which say themselves, and what tests alone read are left out."""
    cells = [line.split("|")[1] for line in _rows("Scenarios").splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([a-z_]+)`", " ".join(cells)))
    keys = set(Scenario.__struct_fields__) - {"name", "description", "settings", "expected"}
    assert named == keys | {"base"}
