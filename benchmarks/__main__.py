"""Runs every file of this folder that has `measure()`, prints its claims, writes build/bench.json."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.harness import Claim, calibration_s

HERE = Path(__file__).parent
RESULT = HERE.parent / "build" / "bench.json"
NO_BENCHMARK = {"__init__", "__main__", "harness"}


def names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_BENCHMARK)


def line(claim: Claim) -> str:
    verdict = {None: "", True: "holds", False: "DOES NOT HOLD"}[claim.holds]
    value = f"{claim.value:,.4g} {claim.unit}"
    spread = f"[{claim.low:,.4g} … {claim.high:,.4g}] n={claim.n}"
    return f"  {claim.claim:<86} {value:>16}  {spread:<32} {claim.aim:<14} {verdict}"


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    print(f"calibration loop: {calibration_s() * 1000:.0f} ms (2,000,000 rounds of pure Python)")
    claims: list[Claim] = []
    for name in wanted or names():
        print(f"\n{name}", flush=True)
        module = importlib.import_module(f"benchmarks.{name}")
        if not hasattr(module, "measure"):
            continue
        for claim in module.measure():
            print(line(claim), flush=True)
            claims.append(claim)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(claim) for claim in claims], indent=1, ensure_ascii=False) + "\n")
    return 0 if all(claim.holds is not False for claim in claims) else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
