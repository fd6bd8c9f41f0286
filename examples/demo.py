"""The main job end to end, with nothing but this repository: `make demo`.

First a recorded real engine (oVirt 4.5.8) is served over HTTPS and read, judged, explained and reported
through the public command; then the lab, a simulated engine, has a host emptied under load. Everything is
written to build/demo/.
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

import rhevmig
from rhevmig import testing

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "demo"
SNAPSHOT = ROOT / "cassettes" / "snapshots" / "administrator.json.xz"
RHEVMIG = Path(sys.executable).with_name("rhevmig")
#: VMs worth a question: one that may move, one that is pinned.
QUESTIONS = (("web01",), ("web01", "kvm02"))


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def command(*arguments: str, environ: dict[str, str], expect: tuple[int, ...] = (0,)) -> None:
    """Runs the public command as a user would, and stops the demo if it ends otherwise than expected."""
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
        for question in QUESTIONS:
            command("why", *question, "--snapshot", "recorded.json", environ=environ, expect=(0, 3, 4))
        command("report", "recorded", "--snapshot", "recorded.json", environ=environ)
    pair.unlink()


def found_in(*data_centers: str) -> None:
    """Ends the first half: what was found in each data center, in a line each."""
    inventory = rhevmig.load(OUTPUT / "recorded.json")
    findings = rhevmig.check(inventory)
    for name in data_centers:
        data_center = inventory.data_center(name)
        for cluster in inventory.clusters_of(data_center):
            print(f"  {name} / {cluster.name}: {findings.verdict(cluster.id)}")
            for finding in findings.by_cluster()[cluster.id]:
                if finding.is_open and finding.severity.at_or_above("high"):
                    print(
                        f"      {finding.status} {finding.check_id} {finding.scope.name}: {finding.message}"
                    )


def main() -> int:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "recorded").mkdir(exist_ok=True)
    started = time.monotonic()
    say("1. A recorded real engine (oVirt 4.5.8): read, judge, explain, report")
    recorded_engine()
    say(f"The report is {OUTPUT / 'recorded' / 'report.html'}. It found:")
    found_in("tulsa", "oslo")
    print(f"\n{time.monotonic() - started:.0f} s so far", flush=True)
    say("2. The lab, a simulated engine: check, empty a host under load, check again, report")
    demo_lab.run(OUTPUT, command=command)
    print(f"\n{time.monotonic() - started:.0f} s in all; everything is in {OUTPUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
