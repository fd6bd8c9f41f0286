"""Finds the blocks of a page that are meant to run, and runs them as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- run: (?P<where>[a-z ]+) -->\n+```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block marked `<!-- run: WHERE -->`; a command's comment may name its exit code."""

    page: str
    where: str
    language: str
    text: str

    def commands(self) -> Iterator[tuple[list[str], int]]:
        """Each command line and the exit code that the page promises."""
        if self.language == "python":
            yield [sys.executable, "-c", self.text], 0
            return
        for line in self.text.splitlines():
            if line.startswith("$ "):
                command, _, comment = line[2:].partition("  #")
                promised = re.search(r"exit code (\d)", comment)
                yield ["sh", "-c", command.strip()], int(promised.group(1)) if promised else 0


def blocks(*where: str) -> list[Block]:
    """The blocks of all pages that are to run there."""
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for match in BLOCK.finditer(path.read_text()):
            if match["where"] in where:
                found.append(Block(path.name, match["where"], match["language"], match["text"]))
    return found


def run(block: Block, *, folder: Path, environ: Mapping[str, str]) -> None:
    """Runs the block in a folder and holds its exit codes against the page's word."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command, promised in block.commands():
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        told = f"{block.page}: {command[-1]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert done.returncode == promised, f"exit code {done.returncode}, promised {promised}\n{told}"
        assert "Traceback" not in done.stderr, told
