"""No input ends in a traceback, a hang or unbounded memory: files, arguments, variables, answers.

`RHEVMIG_FUZZ=2000 python -m pytest -m slow tests/slow/test_fuzz.py -s`: 2,000 inputs per kind.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import random
import resource
import signal
import string
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import rhevmig
from rhevmig.cli.main import main
from rhevmig.testing.answers import ServedAnswer
from rhevmig.testing.replay import ReceivedRequest
from rhevmig.testing.replay_server import RecordedEngine
from tests.recorded import LabAnswers, recorded_inventory, recorded_lab
from tests.slow.mutations import TOKENS, mutated, mutated_json

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
INPUTS = int(os.environ.get("RHEVMIG_FUZZ", "150"))
#: Seconds after which an input counts as a hang.
LIMIT_S = 20
MEMORY_BYTES = 2 << 30

POLICY = b"""\
name: tulsa and oslo
roles:
  storage: [storage]
  separate: [management, migration, storage, display]
thresholds: {migration_link_gbit: 25}
provenance: {migration_link_gbit: network standard 2026}
waivers:
  - check: NET-010
    id: 554c09a0-7f5b-40eb-8146-959f0ed0f59b
    reason: replaced in spring
    until: "2027-03-31"
    by: M. Lindqvist
"""


class HangError(BaseException):
    """An input that took too long; no handler of the product catches it."""


@contextmanager
def limited() -> Iterator[None]:
    def hang(*_: object) -> None:
        raise HangError

    signal.signal(signal.SIGALRM, hang)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


class Runs:
    """Runs the command on inputs and keeps what went wrong."""

    def __init__(self, capture: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capture = capture
        self.folder = folder
        self.codes: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.slowest_s = 0.0

    def run(self, label: str, *arguments: object) -> None:
        started = time.monotonic()
        try:
            with limited():
                code = main([str(argument) for argument in arguments])
        except HangError:
            self._keep(label, arguments, f"hangs for {LIMIT_S} s")
            self._capture.readouterr()
            return
        finally:
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        shown = self._capture.readouterr()
        self.codes[code] += 1
        if code not in (0, 1, 2, 3, 4):
            self._keep(label, arguments, f"exit code {code}")
        for word in ("internal error", "Traceback"):
            if word in shown.err or word in shown.out[:2000]:
                self._keep(label, arguments, shown.err[:400])
                break
        if len(shown.err) > 20_000:
            self._keep(label, arguments, f"{len(shown.err)} characters on stderr")
        if any(character in shown.err + shown.out for character in "\x1b\x07\u202e"):
            self._keep(label, arguments, "a control character")

    def _keep(self, label: str, arguments: tuple[object, ...], what: str) -> None:
        self.wrong.append(f"{label}: rhevmig {' '.join(map(str, arguments))[:200]}: {what}")

    def finish(self, kind: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        count = sum(self.codes.values())
        codes = dict(sorted(self.codes.items()))
        with self._capture.disabled():
            print(f"\n{kind}: {count} inputs, codes {codes}", end="")
            print(f", slowest {self.slowest_s:.1f} s, peak {peak >> 20} MiB")
        assert peak < MEMORY_BYTES
        assert not self.wrong, f"{len(self.wrong)} of {count}:\n" + "\n".join(self.wrong[:12])


@pytest.fixture
def runs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    for name in [name for name in os.environ if name.startswith(("OVIRT_", "RHEVMIG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    # an input that would take all memory fails here instead of stopping the machine
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return Runs(capsys, tmp_path)


def fuzz_file(
    runs: Runs, seed: bytes, name: str, commands: list[list[str]], mutations: list[Callable[..., bytes]]
) -> None:
    """Runs commands on damaged copies of a file; `FILE` in a command is its path."""
    for number in range(INPUTS):
        rng = random.Random(f"{name}-{number}")
        path = runs.folder / f"{number % 7}-{name}"
        path.write_bytes(rng.choice(mutations)(seed, rng))
        command = rng.choice(commands)
        before = len(runs.wrong)
        runs.run(f"{name} {number}", *(str(path) if word == "FILE" else word for word in command))
        if len(runs.wrong) > before:
            path.rename(path.with_name(f"wrong-{number}-{name}"))
    runs.finish(name)


def small_inventory(folder: Path) -> bytes:
    """The recorded engine as a snapshot, without the thousand events that make it long."""
    content = json.loads(recorded_inventory().save(folder / "whole.json").read_bytes())
    content["inventory"]["events"] = content["inventory"].get("events", [])[:20]
    return json.dumps(content).encode()


def test_snapshots(runs: Runs) -> None:
    """A damaged snapshot is refused with its place, or read."""
    seed = small_inventory(runs.folder)
    commands = [
        ["why", "web01", "-s", "FILE"],
        ["check", "-s", "FILE", "--json"],
        ["snapshot", "-s", "FILE"],
        ["plan", "evacuate", "kvm01", "-s", "FILE"],
        ["report", str(runs.folder / "r.md"), "-s", "FILE"],
    ]
    fuzz_file(runs, seed, "snapshot.json", commands, [mutated, mutated_json, mutated_json])


def test_plans(runs: Runs) -> None:
    """A damaged plan is refused, or shown."""
    plan = rhevmig.plan_evacuation(recorded_inventory(), "kvm01", force=True)
    seed = plan.save(runs.folder / "seed.json").read_bytes()
    fuzz_file(runs, seed, "plan.json", [["run", "FILE", "--dry-run"]], [mutated, mutated_json])


def test_policies(runs: Runs) -> None:
    """A damaged policy is refused with file, line and key, or used."""
    recorded_inventory().save(runs.folder / "dc.json")
    command = ["check", "-s", str(runs.folder / "dc.json"), "--policy", "FILE"]
    fuzz_file(runs, POLICY, "policy.yaml", [command], [mutated])


def test_scenarios_and_twins(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged scenario, snapshot or recording of `lab serve` is refused, or served."""
    monkeypatch.setattr("rhevmig.cli.commands.lab._wait", lambda: None)
    scenario = (ROOT / "rhevmig" / "lab" / "scenarios" / "three-hosts.yaml").read_bytes()
    serve = ["lab", "serve", "--ca-folder", str(runs.folder / "ca")]
    fuzz_file(runs, scenario, "scenario.yaml", [[*serve, "--scenario", "FILE"]], [mutated])
    seed = small_inventory(runs.folder)
    fuzz_file(runs, seed, "twin.json", [[*serve, "--from", "FILE"]], [mutated, mutated_json])


def test_cassettes(runs: Runs) -> None:
    """A damaged cassette is refused, or shown and scrubbed."""
    packed = ROOT / "cassettes" / "engine-acts" / "migrate-cancel.yaml.xz"
    commands = [["cassette", "show", "FILE"], ["cassette", "scrub", "FILE", "--pseudonyms", "-o", "out.yaml"]]
    fuzz_file(runs, lzma.decompress(packed.read_bytes()), "cassette.yaml", commands, [mutated])
    fuzz_file(runs, packed.read_bytes(), "cassette.yaml.xz", commands, [mutated])


def test_journals(runs: Runs) -> None:
    """A damaged journal is refused, or shown."""
    seed = (ROOT / "cassettes" / "journals" / "finished.sqlite").read_bytes()
    fuzz_file(runs, seed, "journal.db", [["status", "FILE"], ["status", "FILE", "--json"]], [mutated])


WORDS = [
    "snapshot",
    "check",
    "why",
    "explain",
    "report",
    "plan",
    "evacuate",
    "migrate",
    "run",
    "status",
    "resume",
    "cancel",
    "cassette",
    "show",
    "lab",
    "ca",
    "schema",
    "-s",
    "--snapshot",
    "--json",
    "--policy",
    "--gate",
    "--url",
    "--timeout",
    "--clock-speed",
    "--username",
    "--ca-file",
    "--journal",
    "--to",
    "--exclude",
    "-v",
    "--",
    "-",
    "nan",
    "inf",
    "-1",
    "1e999",
    "/dev/null",
    "/dev/zero",
    ".",
    "nosuch.json",
    "high",
    "NET-003",
    "web01",
    "kvm01",
    "[/red]",
    "https://[::1",
    "http://",
    "file:///etc/passwd",
    "sqlite://",
    "postgresql://u:p@h/d",
    "http://127.0.0.1:1/ovirt-engine/api",
]
WORDS += ["", "https://a b/", "\udcff", "a\nb", "\x1b[2J", "x" * 5000]
#: Commands that serve until they are interrupted, or run other programs.
ENDLESS = {("lab", "serve"), ("cassette", "serve"), ("cassette", "record")}


def test_arguments(runs: Runs) -> None:
    """Any line of words is answered: a result, an error of one line, or the help."""
    recorded_inventory().save(runs.folder / "dc.json")
    words = [*WORDS, str(runs.folder / "dc.json")]
    for number in range(INPUTS * 4):
        rng = random.Random(f"arguments-{number}")
        line = [rng.choice(words) for _ in range(rng.randrange(6))]
        if rng.random() < 0.5:
            line = [rng.choice(("why", "check", "report", "snapshot", "status", "migrate")), *line]
        line += rng.choice(([], [], ["".join(rng.choices(string.printable, k=rng.randrange(8)))]))
        if not any(set(pair) <= set(line) for pair in ENDLESS):
            runs.run(f"arguments {number}", *line)
    runs.finish("arguments")


def test_variables(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any value of the variables that name an engine is answered."""
    names = ("OVIRT_URL", "OVIRT_USERNAME", "OVIRT_PASSWORD", "OVIRT_CAFILE", "OVIRT_INSECURE", "OVIRT_TOKEN")
    for number in range(INPUTS):
        rng = random.Random(f"variables-{number}")
        for name in (*names, "RHEVMIG_CLOCK_SPEED"):
            text = rng.choice([word for word in WORDS if "\x00" not in word] + ["", "true", "maybe"])
            if rng.random() < 0.7:
                monkeypatch.setenv(name, text)
            else:
                monkeypatch.delenv(name, raising=False)
        runs.run(f"variables {number}", "snapshot", "--timeout", "0.5")
    runs.finish("variables")


class DamagedAnswers(LabAnswers):
    """Answers of which about one in six is damaged."""

    rng = random.Random(0)

    def answer(self, request: ReceivedRequest) -> ServedAnswer:
        """The lab's answer, or a damaged one."""
        found = super().answer(request)
        if self.rng.random() > 0.15:
            return found
        body = mutated(found.body, self.rng) if self.rng.random() < 0.8 else self.rng.choice(TOKENS)
        status = self.rng.choice((found.status, found.status, 200, 400, 404, 409, 500, 503, 999))
        return ServedAnswer(status=status, reason="", headers=found.headers, body=body)


def test_answers(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any answer of a server at the engine's address is read, or refused with one line."""
    engine = RecordedEngine(DamagedAnswers(recorded_lab(), "admin@internal"), username="admin@internal")
    for name, value in {"URL": engine.url, "USERNAME": "admin@internal", "PASSWORD": "recorded"}.items():
        monkeypatch.setenv(f"OVIRT_{name}", value)
    try:
        for number in range(max(10, INPUTS // 4)):
            DamagedAnswers.rng = random.Random(f"answers-{number}")
            command: list[Any] = random.Random(number).choice([["snapshot"], ["check"], ["why", "web01"]])
            runs.run(f"answers {number}", *command, "--timeout", "2")
    finally:
        with suppress(OSError):
            engine.stop()
    runs.finish("answers")
