"""Mutation testing of one room with cosmic-ray: `make mutation ROOM=scheduling SAMPLE=100`.

A copy of the code under `build/mutation/ROOM` is mutated, one line at a time, and the unit tests of the room
run on each mutant. Mutants are sampled by line, so that a line with twenty arithmetic variants counts once.
A mutant that survives is killed by a test of behaviour, or listed in `survivors.yaml` with the reason.
Exit code 3: fewer than 90 % of the mutants that are not listed were killed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import yaml
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = ROOT / "tests" / "mutation" / "survivors.yaml"
#: What is mutated and the tests that should notice, by room; the tests of each run in under a minute.
ROOMS = {
    "scheduling": (
        ["rhevmig/scheduling"],
        ["tests/unit/scheduling", "--ignore=tests/unit/scheduling/test_comparison.py"],
    ),
    "checks": (["rhevmig/checks"], ["tests/unit/checks"]),
    "planning": (["rhevmig/planning"], ["tests/unit/planning", "tests/unit/migration/test_planning.py"]),
    "migration": (
        [f"rhevmig/migration/{name}.py" for name in ("outcome_rules", "decisions", "retry_policy")],
        ["tests/unit/migration"],
    ),
}  # fmt: skip
#: Variants with the same meaning: `|` of annotations, `is None` as `== None`, equality of interned strings.
EQUIVALENT = re.compile(r"_BitOr_|Comparison\w+_(Is_Eq|IsNot_NotEq|Eq_Is|NotEq_IsNot)$|RemoveDecorator")
#: Lines without judgement: options of a Struct, the mark of keyword arguments, imports, a strict zip.
UNJUDGED_LINE = re.compile(r"^class \w+\(.*\bStruct\b|^\*,$|^from |strict=True")
COPIED = ("rhevmig", "tests", "benchmarks", "docs", "cassettes", "setup.cfg")
AIM_PERCENT = 90
TIMEOUT_S = 120


def main() -> int:
    """Mutates, tests, prints the survivors and the share that was killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--sample", type=int, default=100, help="number of lines; 0 takes all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = ROOT / "build" / "mutation" / options.room
    _copy(folder)
    session = _session(folder, options.room)
    with use_db(str(session), WorkDB.Mode.open) as database:
        chosen = _sample(folder, list(database.work_items), options.sample, options.seed)
        others = [item.job_id for item in database.work_items if item.job_id not in chosen]
        database.set_multiple_results(others, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
    _cosmic_ray(folder, "baseline", "config.toml")
    _cosmic_ray(folder, "exec", "config.toml", session.name)
    with use_db(str(session), WorkDB.Mode.open) as database:
        results = {job: result for job, result in database.results if job in chosen}
    return _report(folder, options.room, chosen, results)


def _copy(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)


def _session(folder: Path, room: str) -> Path:
    modules, tests = ROOMS[room]
    command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider {' '.join(tests)}"
    config = [
        "[cosmic-ray]",
        f"module-path = {modules!r}",
        f"timeout = {TIMEOUT_S}",
        'excluded-modules = ["**/__init__.py"]',
        f"test-command = {command!r}",
        "[cosmic-ray.distributor]",
        'name = "local"',
    ]
    (folder / "config.toml").write_text("\n".join(config) + "\n")
    _cosmic_ray(folder, "init", "config.toml", "session.sqlite")
    return folder / "session.sqlite"


def _cosmic_ray(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "cosmic_ray.cli", *arguments]
    # Plugins of pytest take longer to load than the tests of a room take.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environ)


def _sample(folder: Path, items: list[WorkItem], number: int, seed: int) -> dict[str, WorkItem]:
    """One mutant of each sampled line, by job id."""
    lines: dict[tuple[str, int], list[WorkItem]] = defaultdict(list)
    for item in items:
        (mutation,) = item.mutations
        line = _line(folder, mutation)
        if not EQUIVALENT.search(mutation.operator_name) and not UNJUDGED_LINE.search(line):
            lines[str(mutation.module_path), mutation.start_pos[0]].append(item)
    choice = random.Random(seed)
    places = sorted(lines)
    places = places if not number else choice.sample(places, min(number, len(places)))
    ordered = (sorted(lines[place], key=lambda item: str(item.mutations)) for place in places)
    return {item.job_id: item for item in map(choice.choice, ordered)}


def _report(folder: Path, room: str, chosen: dict[str, WorkItem], results: dict[str, WorkResult]) -> int:
    listed = (yaml.safe_load(SURVIVORS.read_text()) or {}).get(room, [])
    survived, excused = [], []
    for job, result in results.items():
        if result.test_outcome != TestOutcome.SURVIVED:
            continue
        place = _place(folder, chosen[job])
        reason = next((each["reason"] for each in listed if each["line"] in place), None)
        (survived if reason is None else excused).append(place)
    for place in sorted(survived):
        print(f"survived: {place}")
    judged = len(results) - len(excused)
    killed = judged - len(survived)
    percent = 100 * killed / max(1, judged)
    print(f"{room}: {killed} of {judged} mutants killed ({percent:.1f} %), {len(excused)} listed survivors")
    return 0 if percent >= AIM_PERCENT else 3


def _place(folder: Path, item: WorkItem) -> str:
    """Module, line, operator and source of a mutant."""
    (mutation,) = item.mutations
    line = _line(folder, mutation)
    operator = mutation.operator_name.removeprefix("core/")
    return f"{mutation.module_path}:{mutation.start_pos[0]} {operator}#{mutation.occurrence}: {line}"


def _line(folder: Path, mutation: MutationSpec) -> str:
    return _lines(folder / mutation.module_path)[mutation.start_pos[0] - 1].strip()


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


if __name__ == "__main__":
    sys.exit(main())
