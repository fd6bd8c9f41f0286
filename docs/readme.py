"""The README with real output: every block marked `<!-- output -->` shows what its commands print.

The commands run in a folder with `dc.json`, a snapshot of the engine of `cassettes/recorded-engine`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import rhevmig
from tests.recorded import served_lab

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- output -->\n```console\n)(.*?)(```)", re.DOTALL)


def page() -> str:
    """The text of README.md."""
    with tempfile.TemporaryDirectory() as folder:
        with (
            served_lab(shift_time=True) as engine,
            rhevmig.connect(url=engine.url, username="admin@internal", password="recorded") as client,
        ):
            client.inventory().save(Path(folder) / "dc.json")
        return BLOCK.sub(
            lambda match: match[1] + _output(match[2], Path(folder)) + match[3],
            (ROOT / "README.md").read_text(),
        )


def _output(block: str, folder: Path) -> str:
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    shown = []
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command[2:]],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.stderr, done.stderr
        shown.append(f"{command}\n{done.stdout}")
    return "\n".join(shown)
