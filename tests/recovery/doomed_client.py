"""A client in a process of its own that dies at a chosen write of its journal: `python -m` with arguments."""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import rhevmig
from rhevmig.clock import ScaledClock
from rhevmig.migration import Journal, Options
from rhevmig.planning import load_plan


def main(text: str) -> None:
    wanted: dict[str, Any] = json.loads(text)
    append, count = Journal.append, 0

    def doomed_append(journal: Journal, *args: Any, **values: Any) -> Any:
        nonlocal count
        count += 1
        if (count, "before") == (wanted["at"], wanted["when"]):
            os.kill(os.getpid(), signal.SIGKILL)
        entry = append(journal, *args, **values)
        if (count, "after") == (wanted["at"], wanted["when"]):
            os.kill(os.getpid(), signal.SIGKILL)
        return entry

    Journal.append = doomed_append  # type: ignore[method-assign]
    clock = ScaledClock(speed=wanted["speed"], start=datetime.fromisoformat(wanted["start"]))
    with rhevmig.connect(
        wanted["url"], wanted["username"], wanted["password"], ca_file=wanted["ca_file"], clock=clock
    ) as engine:
        plan = load_plan(Path(wanted["plan"]))
        rhevmig.run(plan, engine, journal=wanted["journal"], clock=clock, options=Options(retries=0))


if __name__ == "__main__":
    main(sys.argv[1])
