"""The second half of the demo: a host of the lab is emptied and activated again, and a report is written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RHEVMIG = Path(sys.executable).with_name("rhevmig")
#: Simulated seconds per real second: minutes of copying become seconds of waiting.
SPEED = 30
HOST = "intel01"

Command = Callable[..., None]


def run(folder: Path, *, command: Command) -> None:
    """Empties a host with the progress display, activates it again and writes a report."""
    journal = folder / "evacuation.db"
    journal.unlink(missing_ok=True)
    with lab(folder) as environ:
        command("plan", "evacuate", HOST, "--force", "--output", "plan.json", environ=environ)
        command("run", "plan.json", "--journal", journal.name, "--return-host", environ=environ)
        command("report", "lab", "--journal", journal.name, environ=environ)


@contextmanager
def lab(folder: Path) -> Iterator[dict[str, str]]:
    """Serves a lab and returns the variables that name it."""
    arguments = ["lab", "serve", "--scenario", "demo", "--speed", str(SPEED)]
    arguments += ["--ca-folder", "lab-ca"]
    print(f"\n$ rhevmig {' '.join(arguments)} &", flush=True)
    server = subprocess.Popen([str(RHEVMIG), *arguments], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            sys.exit("demo: the lab did not start")
        ca_file = folder / "lab-ca.pem"
        shown = subprocess.run(
            [str(RHEVMIG), "lab", "ca", str(folder / "lab-ca")], capture_output=True, text=True, check=True
        )
        ca_file.write_text(shown.stdout)
        yield {
            **os.environ,
            "OVIRT_URL": url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "secret",
            "OVIRT_CAFILE": str(ca_file),
            "RHEVMIG_CLOCK_SPEED": str(SPEED),
        }
    finally:
        server.terminate()
        server.wait(timeout=20)
