"""`import rhevmig` costs little, and the command answers at once."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.harness import Claim

RUNS = 7


def measure() -> list[Claim]:
    bare = _seconds("pass")
    library = _seconds("import rhevmig")
    command = _seconds("import rhevmig.cli.main")
    net = [taken - base for taken, base in zip(library, bare, strict=True)]
    return [
        Claim(
            claim="import rhevmig, beyond starting Python",
            value=statistics.median(net) * 1000,
            unit="ms",
            low=min(net) * 1000,
            high=max(net) * 1000,
            n=RUNS,
            aim="< 150 ms",
            holds=statistics.median(net) < 0.150,
        ),
        Claim(
            claim="import of the whole command, beside starting Python alone",
            value=statistics.median(command) / statistics.median(bare),
            unit="×",
            low=min(command) / max(bare),
            high=max(command) / min(bare),
            n=RUNS,
        ),
    ]


def _seconds(code: str) -> list[float]:
    taken = []
    for number in range(RUNS + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        if number:
            taken.append(time.perf_counter() - start)
    return taken
