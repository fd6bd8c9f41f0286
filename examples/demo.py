"""The main job end to end, with nothing but this repository: `make demo`.

First a recorded real engine (oVirt 4.5.8) is replayed over HTTPS: the command reads it, checks it, explains
where VMs can go and writes a report. Then a host of the lab, a simulated engine, is emptied under load.
All files are written to build/demo/.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import demo_lab
import trustme

from rhevmig import testing

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "demo"
SNAPSHOT = ROOT / "cassettes" / "snapshots" / "administrator.json.xz"
RHEVMIG = Path(sys.executable).with_name("rhevmig")


def title(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def command(*arguments: str, environ: dict[str, str], expect: tuple[int, ...] = (0,)) -> None:
    """Runs the command as a user would; ends the demo where the exit code is not the expected one."""
    print(f"\n$ rhevmig {shlex.join(arguments)}", flush=True)
    done = subprocess.run([str(RHEVMIG), *arguments], env={**os.environ, **environ}, cwd=OUTPUT, check=False)
    print(f"(exit code {done.returncode})", flush=True)
    if done.returncode not in expect:
        sys.exit(f"demo: expected exit code {' or '.join(map(str, expect))}")


def recorded_engine() -> None:
    """A real engine, replayed exactly: snapshot, check, why, report."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    ca_file = OUTPUT / "recorded-ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    pair = OUTPUT / "recorded-server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(pair)
    tls = testing.Tls(cert_file=str(pair), key_file=str(pair), ca_file=str(ca_file))
    with testing.serve(SNAPSHOT, tls=tls, shift_time=True) as engine:
        environ = {
            "OVIRT_URL": engine.url,
            "OVIRT_USERNAME": "admin@internal",
            "OVIRT_PASSWORD": "recorded",
            "OVIRT_CAFILE": str(ca_file),
        }
        command("snapshot", "recorded.json", environ=environ)
        command("check", "--snapshot", "recorded.json", environ=environ, expect=(3,))
        command("why", "web01", "--snapshot", "recorded.json", environ=environ)
        command("report", "recorded", "--snapshot", "recorded.json", environ=environ)
    pair.unlink()


def main() -> int:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "recorded").mkdir(exist_ok=True)
    started = time.monotonic()
    title("1. A recorded real engine (oVirt 4.5.8): read, check, explain, report")
    recorded_engine()
    title("2. The lab, a simulated engine: plan, empty a host under load, report")
    demo_lab.run(OUTPUT, command=command)
    title(f"Done in {time.monotonic() - started:.0f} s. Reports:")
    for name in ("recorded", "lab"):
        print(OUTPUT.relative_to(ROOT) / name / "report.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
