"""A process that dies at a chosen write of its journal, by SIGKILL, and the engine that goes on without it.

The child is forked, so that an enumeration of all writes stays cheap. The engine made for tests lives
"elsewhere": its state is put aside the moment before the kill and read back by whoever resumes.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rhevmig.migration.journal.store import Journal
from tests.unit.migration.fake_engine import FakeEngine


class Killer:
    """Counts the writes of the journal and kills this process at one of them."""

    def __init__(self, engine: FakeEngine, aside: Path, *, at: int, when: str) -> None:
        self.engine, self.aside, self.at, self.when, self.count = engine, aside, at, when, 0

    def install(self) -> None:
        append = Journal.append

        def killing_append(journal: Journal, *args: Any, **values: Any) -> Any:
            self.count += 1
            if self.count == self.at and self.when == "before":
                self.die()
            entry = append(journal, *args, **values)
            if self.count == self.at and self.when == "after":
                self.die()
            return entry

        Journal.append = killing_append  # type: ignore[method-assign]

    def die(self) -> None:
        self.aside.write_bytes(pickle.dumps(self.engine))
        os.kill(os.getpid(), signal.SIGKILL)


def in_a_process(work: Callable[[], object]) -> int:
    """Runs something in a child of its own and returns the signal that ended it, 0 if none did."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must never fall into the parent's tests
            traceback.print_exc()
            os._exit(99)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0, "the child failed on its own"
    return 0


def killed(
    engine: FakeEngine, aside: Path, work: Callable[[], object], *, at: int, when: str
) -> tuple[FakeEngine, bool]:
    """Works in a child that dies at a write: the engine as it was then, and whether that was reached."""

    def doomed() -> None:
        Killer(engine, aside, at=at, when=when).install()
        work()
        aside.write_bytes(pickle.dumps(engine))

    ended_by = in_a_process(doomed)
    assert ended_by in (0, signal.SIGKILL)
    survivor: FakeEngine = pickle.loads(aside.read_bytes())
    return survivor, ended_by != 0
