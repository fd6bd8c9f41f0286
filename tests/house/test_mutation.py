"""The list of surviving mutants can be read, and each has its reason."""

from __future__ import annotations

from pathlib import Path

import yaml

SURVIVORS = Path(__file__).parents[1] / "mutation" / "survivors.yaml"


def test_every_listed_survivor_has_a_line_and_a_reason() -> None:
    """The list is YAML by room, and its lines are still in the code."""
    code = {path: path.read_text() for path in (Path(__file__).parents[2] / "rhevmig").rglob("*.py")}
    for room, listed in yaml.safe_load(SURVIVORS.read_text()).items():
        texts = [text for path, text in code.items() if f"rhevmig/{room}/" in path.as_posix()]
        assert texts, room
        for each in listed:
            assert set(each) == {"line", "reason"}
            assert any(each["line"] in text for text in texts), each["line"]
