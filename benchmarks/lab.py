"""A lab as its clients meet it: in a process of its own, over TLS, while time runs a hundred times as fast.

Starting as `rhevmig lab serve` does, all VMs of a large site over HTTPS beside the SDK's parsing of the
same bytes, a hundred migrations asked for over HTTPS while simulated time must keep up, and two hundred
clients of the unmodified SDK that poll.
"""

from __future__ import annotations

import http.client
import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.harness import Claim, interleaved, ratio_claim

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "rhevmig" / "lab" / "scenarios" / "demo.yaml"
PROCESSES, CLIENTS_EACH, POLLING_S = 4, 50, 10.0

LARGE = """
data_centers:
  - name: dc
    version: "4.8"
    networks: [{name: migration, vlan: 100, vm: false}, {name: guests, vlan: 102}]
    storage: [{name: nfs, size_gib: 900000}]
clusters:
  - name: c
    data_center: dc
    cpu: Secure Intel Haswell Family
    networks:
      - {name: ovirtmgmt, roles: [display, management, default_route], required: true}
      - {name: migration, roles: [migration], required: true}
      - {name: guests}
hosts:
  - name: "h{n:03}"
    count: 500
    cluster: c
    memory_gib: 256
    nics: [{name: eth0}, {name: eth1}]
    attachments:
      - {network: ovirtmgmt, nic: eth0, address: "10.0.0.{n}/16"}
      - {network: migration, nic: eth1, address: "10.1.0.{n}/16"}
      - {network: guests, nic: eth0}
vms:
  - name: "v{n:04}"
    count: 5000
    cluster: c
    memory_gib: 4
    nics: [{profile: guests}, {profile: ovirtmgmt}]
    disks: [{}, {}]
"""

#: A hundred hosts: two leave and two enter each, so a hundred copies and more are under way at once.
MOVING = """
data_centers: [{name: dc, version: "4.8", storage: [{name: nfs, size_gib: 100000}]}]
clusters: [{name: c, data_center: dc, cpu: Secure Intel Haswell Family}]
hosts:
  - {name: "h{n}", count: 100, cluster: c, memory_gib: 1024, nics: [{name: eth0, speed_mbps: 10000}]}
vms:
  - {name: "v{n}", count: 200, cluster: c, memory_gib: 192,
     workload: {dirty_mib_s: 60, working_set_mib: 2048}}
"""

#: The lab of a process: prints where it is, then on each line of input what it sees of itself.
SERVING = """
import json, resource, sys, threading, time
from rhevmig.lab import serve
from rhevmig.lab.subsystems import subsystems_of
lab = serve(sys.argv[1], speed=float(sys.argv[2]))
print(json.dumps({"url": lab.url, "ca": lab.ca_file, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}), flush=True)
lag = {"worst_s": 0.0, "copies": 0}
def watch():
    while True:
        time.sleep(0.01)
        due_s = lab.world.agenda.next_at_s
        if due_s is not None:
            lag["worst_s"] = max(lag["worst_s"], (lab.clock.running_s - due_s) / lab.clock.speed)
        lag["copies"] = max(lag["copies"], len(subsystems_of(lab.engine).copies.active))
threading.Thread(target=watch, daemon=True).start()
for _ in sys.stdin:
    print(json.dumps({**lag, "mistakes": len(lab.engine.mistakes), "processor_s": time.process_time()}), flush=True)
    lag.update(worst_s=0.0, copies=0)
lab.stop()
"""  # noqa: E501


class Served:
    """A lab in a process of its own."""

    def __init__(self, scenario: Path, speed: float) -> None:
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVING, str(scenario), str(speed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        said = json.loads(self._line())
        self.url, self.ca_file, self.peak_mib = said["url"], said["ca"], said["peak_kib"] / 1024
        self.ready_s = time.perf_counter() - began

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def seen(self) -> dict[str, Any]:
        """What it saw of itself since it was last asked."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return dict(json.loads(self._line()))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


@contextmanager
def a_lab(text: str | Path, *, speed: float = 1.0) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder:
        file = text if isinstance(text, Path) else Path(folder) / "site.yaml"
        if isinstance(text, str):
            file.write_text(text)
        lab = Served(file, speed)
        try:
            yield lab
        finally:
            lab.close()


def measure() -> list[Claim]:
    """The claims of this file."""
    return [*_starting(), *_serving(), *_moving(), *_polling()]


# -- starting


def _starting() -> list[Claim]:
    small, large, memory = [], [], []
    for _ in range(3):
        with a_lab(DEMO) as lab:
            small.append(lab.ready_s)
        with a_lab(LARGE) as lab:
            large.append(lab.ready_s)
            memory.append(lab.peak_mib)
    return [
        below("8 hosts and 60 VMs listen, from the start of their process", small, "s", 1.0),
        below("500 hosts and 5,000 VMs listen, from the start of their process", large, "s", 3.0),
        below("the most that this process has held until then", memory, "MiB", 400.0),
    ]


# -- serving


def _serving() -> list[Claim]:
    from ovirtsdk4 import readers  # noqa: F401 - registers the readers
    from ovirtsdk4.reader import Reader

    with a_lab(LARGE) as lab:
        client = Client(lab)
        path = "/vms?follow=nics,diskattachments"
        began = time.perf_counter()
        body = client.get(path)
        first_s = time.perf_counter() - began
        served, parsed = interleaved(lambda: client.get(path), lambda: Reader.read(body), n=3, warm_up=0)
    what = f"5,000 VMs with NICs and disk attachments over HTTPS ({len(body) / 1e6:.0f} MB)"
    cold = [first_s / seconds for seconds in parsed]
    return [
        below(f"{what}, the first time : the SDK's parsing", cold, "×", 2.0),
        ratio_claim(f"{what}, then : the SDK's parsing", served, parsed, at_most=2.0),
    ]


class Client:
    """One session over one connection, without compression."""

    def __init__(self, lab: Served) -> None:
        place = urlsplit(lab.url)
        trust = ssl.create_default_context(cafile=lab.ca_file)
        assert place.hostname is not None
        self.connection = http.client.HTTPSConnection(place.hostname, place.port, context=trust, timeout=120)
        form = "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret"
        kinds = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/ovirt-engine/sso/oauth/token", form, kinds)
        token = json.loads(self.connection.getresponse().read())["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}

    def get(self, path: str) -> bytes:
        return self.ask("GET", path)[1]

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        self.connection.request(method, f"/ovirt-engine/api{path}", body, self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


# -- moving


def _moving() -> list[Claim]:
    found = {speed: _moved(speed) for speed in (100.0, 200.0, 400.0)}
    keeping = [speed for speed, _ in takewhile(lambda item: item[1][2], found.items())]
    lags = [lag * 1000 for lag, _, _ in found.values()]
    return [
        Claim(
            claim=f"200 migrations asked for at 100×, {found[100.0][1]} copies at once: worst lag",
            value=lags[0],
            unit="ms",
            low=lags[0],
            high=lags[0],
            n=1,
            aim="≤ 500 ms",
            holds=found[100.0][2] and found[100.0][1] >= 100,
        ),
        Claim(
            claim="the highest of 100×, 200×, 400× at which the lag stays below half a second",
            value=max(keeping, default=0.0),
            unit="×",
            low=min(lags),
            high=max(lags),
            n=3,
            aim="≥ 100 ×",
            holds=bool(keeping),
        ),
    ]


def _moved(speed: float) -> tuple[float, int, bool]:
    """Worst lag in real seconds, most copies at once, whether it kept up."""
    with a_lab(MOVING, speed=speed) as lab:
        client = Client(lab)
        from ovirtsdk4 import readers  # noqa: F401
        from ovirtsdk4.reader import Reader

        hosts = [host.id for host in Reader.read(client.get("/hosts"))]
        moves = [(vm.id, hosts[hosts.index(vm.host.id) - 50]) for vm in Reader.read(client.get("/vms"))]
        lab.seen()
        for vm_id, host_id in moves:
            status, answer = client.ask(
                "POST", f"/vms/{vm_id}/migrate", f'<action><host id="{host_id}"/></action>'
            )
            assert status == 200, answer
        until = time.perf_counter() + 120
        while b"<vm " in client.get("/vms?search=status%3Dmigratingfrom") and time.perf_counter() < until:
            time.sleep(0.5)
        seen = lab.seen()
    assert not seen["mistakes"]
    return seen["worst_s"], seen["copies"], seen["worst_s"] <= 0.5


# -- polling


def _polling() -> list[Claim]:
    with a_lab(DEMO, speed=20.0) as lab:
        jobs = [(lab.url, lab.ca_file, number) for number in range(PROCESSES)]
        with get_context("spawn").Pool(PROCESSES) as pool:
            results = [item for found in pool.map(_sdk_clients, jobs) for item in found]
        seen = lab.seen()
    errors = sum(count for count, _ in results) + seen["mistakes"]
    waits = sorted(wait for _, found in results for wait in found)
    what = f"{len(results)} clients of the SDK, a look and new events each second for {POLLING_S:g} s"
    return [
        below(f"{what}: errors", [float(errors)], "", 0.0),
        Claim(
            claim=f"{what}: median answer (high: 99 of 100 below)",
            value=statistics.median(waits) * 1000,
            unit="ms",
            low=waits[0] * 1000,
            high=waits[int(0.99 * len(waits))] * 1000,
            n=len(waits),
        ),
    ]


def _sdk_clients(job: tuple[str, str, int]) -> list[tuple[int, list[float]]]:
    """Fifty threads with a connection each: errors and the seconds of each request."""
    url, ca_file, number = job
    results: list[tuple[int, list[float]]] = []
    threads = [
        threading.Thread(target=_sdk_client, args=(url, ca_file, number * CLIENTS_EACH + index, results))
        for index in range(CLIENTS_EACH)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _sdk_client(url: str, ca_file: str, number: int, results: list[tuple[int, list[float]]]) -> None:
    import ovirtsdk4

    errors, waits = 0, []
    try:
        connection = ovirtsdk4.Connection(
            url=url, username="admin@internal", password="secret", ca_file=ca_file
        )
        system = connection.system_service()
        vm = system.vms_service().list(search="status=up", max=60)[number % 50]
        last, until = 0, time.perf_counter() + POLLING_S
        while time.perf_counter() < until:
            began = time.perf_counter()
            errors += system.vms_service().vm_service(vm.id).get().id != vm.id
            middle = time.perf_counter()
            events = system.events_service().list(from_=last, max=100)
            waits += [middle - began, time.perf_counter() - middle]
            last = max([last, *(int(event.id) for event in events)])
            time.sleep(max(0.0, 1.0 - (time.perf_counter() - began)))
        connection.close()
    except ovirtsdk4.Error:
        errors += 1
    results.append((errors, waits))


def below(claim: str, values: list[float], unit: str, aim: float) -> Claim:
    middle = statistics.median(values)
    return Claim(
        claim=claim, value=middle, unit=unit, low=min(values), high=max(values), n=len(values),
        aim=f"≤ {aim:g} {unit}".strip(), holds=middle <= aim,
    )  # fmt: skip
