"""docs/architecture.md: the rooms are those of setup.cfg, and every file that it names exists."""

from __future__ import annotations

import re

from pages import ROOT
from rooms import table

TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_the_rooms_are_those_of_the_table() -> None:
    """Same rooms in the same order, each with the rooms that it may import."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.partition("\n## Rooms")[2].partition("\n## ")[0].splitlines()
        if line.startswith("| `")
    ]
    shown = {name.strip("`"): frozenset(imports.split()) for name, _, imports in rows}
    assert shown == table("rooms")
    assert list(shown) == list(table("rooms"))


def test_every_file_and_folder_exists() -> None:
    """A path in backticks is a path of the repository."""
    named = set(re.findall(r"`((?:rhevmig|tests|docs|cassettes|examples|benchmarks)/[\w./-]*)`", TEXT))
    assert len(named) > 25
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    folders = {path for path in named if path.endswith("/")}
    assert sorted(path for path in folders if not (ROOT / path).is_dir()) == []


def test_the_lines_of_the_example_are_in_the_code() -> None:
    """The attribute that the page shows is really added by these lines."""
    rows = re.findall(r"^\| `([\w/.]+)` \| `(.+)` \|$", TEXT, re.MULTILINE)
    shown = [(path, line.replace("\\|", "|")) for path, line in rows if "guaranteed" in line]
    assert len(shown) == 3
    assert [line for path, line in shown if line not in (ROOT / path).read_text()] == []
