"""Commands that texts of the product recommend exist, with the options that they name."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "rhevmig"
REFERENCE = (PACKAGE.parent / "docs" / "cli.md").read_text()
COMMAND = re.compile(r"`rhevmig ((?:[a-z]+ ?)+)((?:[^`]*?))`")


def test_recommended_commands_exist() -> None:
    """Every `rhevmig …` between backticks names a command of the reference and options that it has."""
    wrong = []
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md")]:
        if path.name == "usage_table.py":
            continue
        for words, rest in COMMAND.findall(path.read_text()):
            names = words.split()
            heads = [" ".join(names[:n]) for n in range(len(names), 0, -1)]
            head = next((h for h in heads if f"## `rhevmig {h}" in REFERENCE), None)
            if head is None:
                wrong.append(f"{path.relative_to(PACKAGE)}: rhevmig {words.strip()}")
                continue
            # A group such as `plan` has the options of its commands.
            parts = REFERENCE.split("\n## ")
            section = "\n".join(part for part in parts if part.startswith(f"`rhevmig {head}"))
            wrong += [
                f"{path.relative_to(PACKAGE)}: rhevmig {head} {option}"
                for option in re.findall(r"--[a-z-]+", rest)
                if option not in section
            ]
    assert not wrong, "\n".join(sorted(set(wrong)))
