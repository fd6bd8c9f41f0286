"""`import rhevmig` costs little, and the command answers at once."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Claim, interleaved, ratio_claim
from tests.recorded import recorded_inventory

RUNS = 15
RHEVMIG = Path(sys.executable).with_name("rhevmig")
#: A command of the parser's library with one option, which does nothing.
EMPTY_COMMAND = """
import typer
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
@app.command()
def nothing(file: str = ""):
    pass
app(["--file", "x"])
"""


def measure() -> list[Claim]:
    """Compares with starting Python alone, A B A B, so that the load of the machine affects both."""
    bare = _python("pass")
    claims = [_claim("import rhevmig", _python("import rhevmig"), bare, at_most=1.5)]
    for arguments in (["--help"], ["--version"], ["nope"], ["check", "--nope"]):
        claims.append(_claim(f"rhevmig {' '.join(arguments)}", _command(*arguments), bare, at_most=2.5))
    with tempfile.TemporaryDirectory() as folder:
        snapshot = str(Path(folder) / "dc.json")
        recorded_inventory().save(snapshot)
        why = _command("why", "web01", "-s", snapshot)
        claims.append(_claim("rhevmig why -s, recorded engine", why, bare, at_most=None))
        empty = _python(EMPTY_COMMAND)
        claims.append(
            _claim("rhevmig why -s, recorded engine", why, empty, at_most=1.7, other="an empty typer command")
        )
    return claims


def _claim(
    name: str,
    act: Callable[[], None],
    other_act: Callable[[], None],
    *,
    at_most: float | None,
    other: str = "starting Python",
) -> Claim:
    measured, compared = interleaved(act, other_act, n=RUNS)
    return ratio_claim(f"{name}, compared with {other}", measured, compared, at_most=at_most)


def _python(code: str) -> Callable[[], None]:
    return lambda: _run(sys.executable, "-c", code)


def _command(*arguments: str) -> Callable[[], None]:
    return lambda: _run(str(RHEVMIG), *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
