"""docs/testing.md: a reader who types it from top to bottom ends with a replayed test."""

from __future__ import annotations

import re
from pathlib import Path

from pages import ROOT, blocks, run

from tests.recorded import served_lab

PAGE = ROOT / "docs" / "testing.md"
FILE = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def test_the_page_works_from_top_to_bottom(tmp_path: Path) -> None:
    """Every file is written and every command run in order, in one folder, against a recorded real engine."""
    files = {match["name"]: match["text"] for match in FILE.finditer(PAGE.read_text())}
    assert len(files) >= 5
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    commands = [block for block in blocks("cassettes") if block.page == PAGE.name]
    assert len(commands) >= 5
    with served_lab(password="Tr0ub4dor&3-site") as engine:
        environ = {
            "OVIRT_URL": engine.url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "Tr0ub4dor&3-site",
            "NO_COLOR": "1",
            "CI": "",
            "PYTHONPATH": str(ROOT),
        }
        for block in commands:
            run(block, folder=tmp_path, environ=environ)
    assert (tmp_path / "cassettes" / "test_guests" / "test_running_guests.yaml").exists()


def test_the_page_names_every_kind_of_fault() -> None:
    """The list of faults in the page is the one in the code."""
    from typing import get_args

    from rhevmig.testing.faults import FaultKind

    text = PAGE.read_text()
    assert [kind for kind in get_args(FaultKind) if f"`{kind}`" not in text] == []
