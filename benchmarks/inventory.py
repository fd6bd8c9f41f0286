"""Reading an engine: how many requests, how fast beside libcurl and the SDK alone, what it costs the engine.

The engine answers from a separate process: two recorded snapshots of a real engine, replayed exactly, and a
lab of 5,000 VMs whose answers are kept, so that its own speed does not count. Wall times are only compared
side by side; what an engine itself needs is taken from the table of measured requests, because a recording
answers everything at once.
"""

from __future__ import annotations

import contextlib
import io
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ovirtsdk4 as sdk
import pycurl
from ovirtsdk4.reader import Reader

import rhevmig
from benchmarks.harness import Claim, interleaved, ratio_claim
from benchmarks.lab_scale import large
from rhevmig.engine import EngineClient
from rhevmig.engine import sdk_connection as connection
from rhevmig.lab.lab import Lab, open_lab
from rhevmig.testing import RecordedEngine, serve
from rhevmig.testing.answers import ServedAnswer
from rhevmig.testing.replay import ReceivedRequest
from tests.recorded import LabAnswers

ROOT = Path(__file__).parents[1]
SNAPSHOTS = ROOT / "cassettes" / "snapshots"
SMALL, LARGE = SNAPSHOTS / "administrator.json.xz", SNAPSHOTS / "administrator-974-vms.json.xz"
ACCOUNT = {"username": "admin@internal", "password": "recorded"}
MAX_RATIO = 1.15

SERVER = """
import sys
from benchmarks.inventory import serving
with serving(*sys.argv[1:]) as engine:
    print(engine.url, flush=True)
    sys.stdin.read()
"""
#: Peak resident memory in KiB; `getrusage` would tell that of the parent, which a fork inherits.
PEAK = """
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmHWM"))
"""
READ_ONCE = """
import sys
import rhevmig
with rhevmig.connect(sys.argv[1], "admin@internal", "recorded", environ={}) as engine:
    start = peak()
    inventory = engine.inventory()
print(start, peak(), len(inventory.vms))
"""
SDK_ONCE = """
import sys
import ovirtsdk4 as sdk
connection = sdk.Connection(url=sys.argv[1], username="admin@internal", password="recorded")
system = connection.system_service()
start = peak()
kept = [system.vms_service().list(follow="nics,diskattachments,hostdevices,tags", max=10000),
        system.disks_service().list(max=10000)]
print(start, peak(), len(kept[0]))
"""

#: Seconds of an engine of 920 VMs (reference `engine-measured`), by path and what is followed or asked.
ENGINE_S: dict[tuple[str, str], float] = {
    ("vms", ""): 0.90,
    ("vms", "nics,diskattachments"): 3.6 - 0.90,
    ("vms", "hostdevices"): (1.1 - 0.90) / 3,
    ("vms", "tags"): (2.2 - 0.90) / 2,
    ("disks", ""): 0.19,
    ("hosts", ""): 0.015,
    ("hosts", "nics,networkattachments"): 0.5,
    ("hosts", "unmanagednetworks"): 0.1,
    ("hosts", "tags"): 0.05,
    ("events", ""): 0.013,
    ("clusterlevels", ""): 0.011,
}
#: All other requests of the plan: lists of a few entities, 2 to 100 ms each in the recordings.
OTHER_S = 0.05
#: The dearest way: all content and statistics of all VMs, disks followed, hosts without max.
DEAREST_S = 56 + (28 - 0.9) + (9.2 - 0.9) + 2.6
#: One by one: each VM, its NICs and its attachments (the middle of what was measured), for 920 VMs.
ONE_BY_ONE_S = 920 * (0.038 + 0.0045 + 0.010)


class KeptAnswers(LabAnswers):
    """A lab's answers, composed once."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab, "admin@internal")
        self._kept: dict[str, ServedAnswer] = {}

    def answer(self, request: ReceivedRequest) -> ServedAnswer:
        if request.target not in self._kept:
            self._kept[request.target] = super().answer(request)
        return self._kept[request.target]


@contextlib.contextmanager
def serving(cassette: str = "") -> Iterator[RecordedEngine]:
    """A replayed cassette, or the large lab."""
    if cassette:
        with serve(cassette) as engine:
            yield engine
        return
    engine = RecordedEngine(KeptAnswers(open_lab(large())))
    try:
        yield engine
    finally:
        engine.stop()


@contextlib.contextmanager
def served(cassette: Path | None = None) -> Iterator[str]:
    """The URL of an engine in a separate process."""
    arguments = [sys.executable, "-c", SERVER, *([str(cassette)] if cassette else [])]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measure() -> list[Claim]:
    """All claims about reading."""
    claims: list[Claim] = []
    counts: dict[int, int] = {}
    with served(SMALL) as url, client_of(url) as client:
        asked = requests_of(client)
        counts[len(client.inventory().vms)] = len(asked)
        claims += [engine_seconds(asked), *against_other_plans(asked)]
    with served(LARGE) as url, client_of(url) as client:
        asked = requests_of(client)
        counts[len(client.inventory().vms)] = len(asked)
        claims.append(beside_libcurl(client, url, asked, vms=974, n=5))
    with served() as url, client_of(url) as client:
        asked = requests_of(client)
        counts[len(client.inventory().vms)] = len(asked)
        claims.append(beside_libcurl(client, url, asked, vms=5000, n=3))
        claims += memory(url, 5000)
        claims += one_by_one(client, url, sample=50)
    return [requests_claim(counts), *claims]


def client_of(url: str) -> EngineClient:
    return rhevmig.connect(url, **ACCOUNT, environ={})


def requests_of(client: EngineClient) -> list[tuple[str, dict[str, str]]]:
    """Path and query of every request of one inventory."""
    asked: list[tuple[str, dict[str, str]]] = []
    plain = connection.EngineConnection.exchange

    def noted(self: Any, one: Any, query: dict[str, str], **more: Any) -> bytes:
        asked.append((one.path, dict(query)))
        return plain(self, one, query, **more)

    connection.EngineConnection.exchange = noted  # type: ignore[method-assign]
    try:
        client.inventory()
    finally:
        connection.EngineConnection.exchange = plain  # type: ignore[method-assign]
    return asked


def requests_claim(counts: dict[int, int]) -> Claim:
    sizes = ", ".join(f"{vms:,}" for vms in sorted(counts))
    most, least = max(counts.values()), min(counts.values())
    return Claim(
        claim=f"requests of an inventory, the same for {sizes} VMs",
        value=most,
        unit="requests",
        low=least,
        high=most,
        n=len(counts),
        aim="independent",
        holds=most == least,
    )


def beside_libcurl(
    client: EngineClient, url: str, asked: list[tuple[str, dict[str, str]]], *, vms: int, n: int
) -> Claim:
    """Wall time of an inventory over that of libcurl fetching the same bytes and the SDK parsing them."""
    fetch = fetcher(client, url, asked)

    def bare() -> list[Any]:
        return [Reader.read(body) for body in fetch()]

    ours, theirs = interleaved(client.inventory, bare, n=n)
    claim = f"{vms:,} VMs: inventory / (libcurl, same bytes and concurrency, then the SDK's parsing)"
    return ratio_claim(claim, ours, theirs, at_most=MAX_RATIO)


def fetcher(
    client: EngineClient, url: str, asked: list[tuple[str, dict[str, str]]]
) -> Callable[[], list[bytes]]:
    """Fetches the same answers with libcurl, three at a time, each thread on one kept connection."""
    token = client._transport._token
    addresses = [
        url + (f"/{path}" if path else "") + (f"?{urlencode(query)}" if query else "")
        for path, query in asked
    ]

    def fetch() -> list[bytes]:
        waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        bodies: list[bytes] = []
        for address in addresses:
            waiting.put(address)

        def work() -> None:
            curl = pycurl.Curl()
            curl.setopt(pycurl.ENCODING, "")
            curl.setopt(pycurl.HTTPHEADER, [f"Authorization: Bearer {token}", "Accept: application/xml"])
            while True:
                try:
                    address = waiting.get_nowait()
                except queue.Empty:
                    break
                body = io.BytesIO()
                curl.setopt(pycurl.URL, address)
                curl.setopt(pycurl.WRITEFUNCTION, body.write)
                curl.perform()
                bodies.append(body.getvalue())
            curl.close()

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return bodies

    return fetch


def one_by_one(client: EngineClient, url: str, *, sample: int) -> list[Claim]:
    """Reading each VM, its NICs and its attachments with the SDK, beside the whole inventory.

    Only some VMs are read and the time multiplied; a real engine takes longer for each (40 to 70 ms).
    """
    with sdk.Connection(url=url, **ACCOUNT) as connected:
        service = connected.system_service().vms_service()
        found = service.list(max=10_000)

        def some() -> None:
            for one in found[:sample]:
                vm = service.vm_service(one.id)
                vm.get()
                vm.nics_service().list()
                vm.disk_attachments_service().list()

        theirs, ours = interleaved(some, client.inventory, n=3)
    scaled = [seconds * len(found) / sample for seconds in theirs]
    vms, asked = len(found), 1 + 3 * len(found)
    inventory_asked = client.inventory().instant.requests or 0
    return [
        ratio_claim(f"{vms:,} VMs: wall time one by one (VMs only) / of the whole inventory", scaled, ours),
        Claim(
            claim=f"{vms:,} VMs: requests one by one ({asked:,}) / of the inventory ({inventory_asked})",
            value=asked / inventory_asked,
            unit="×",
            low=asked / inventory_asked,
            high=asked / inventory_asked,
            n=1,
        ),
    ]


def engine_seconds(asked: list[tuple[str, dict[str, str]]]) -> Claim:
    """What the chosen requests cost an engine of 920 VMs, by the measured table."""
    seconds = sum(cost_s(path, query) for path, query in asked)
    return Claim(
        claim="920 VMs: the engine's own seconds for one inventory, by the table of measured requests",
        value=seconds,
        unit="s",
        low=seconds,
        high=seconds,
        n=len(asked),
    )


def against_other_plans(asked: list[tuple[str, dict[str, str]]]) -> list[Claim]:
    """The dearest plan and the plan one by one, over the chosen one."""
    chosen = sum(cost_s(path, query) for path, query in asked)
    plans = {"the dearest plan": DEAREST_S, "one by one": ONE_BY_ONE_S}
    return [
        Claim(
            claim=f"920 VMs: the engine's seconds of {name} ({seconds:.0f} s) / of the chosen requests",
            value=seconds / chosen,
            unit="×",
            low=seconds / chosen,
            high=seconds / chosen,
            n=1,
        )
        for name, seconds in plans.items()
    ]


def cost_s(path: str, query: dict[str, str]) -> float:
    followed = query.get("follow", "")
    known = [key for key in ENGINE_S if key[0] == path and key[1]]
    names = set(followed.split(",")) if followed else set()
    cost = ENGINE_S.get((path, ""), OTHER_S)
    for _, group in known:
        if set(group.split(",")) <= names:
            cost += ENGINE_S[path, group]
    return cost


def memory(url: str, vms: int) -> list[Claim]:
    """Peak memory of a process that reads once, beside one that keeps the SDK's objects of the same lists."""
    ours, theirs = [_peak_mib(program, url) for program in (READ_ONCE, SDK_ONCE)]
    return [
        Claim(
            claim=f"{vms:,} VMs: peak memory of a process that reads an inventory",
            value=ours[1], unit="MiB", low=ours[0], high=ours[1], n=1,
        ),
        Claim(
            claim=f"{vms:,} VMs: peak memory of the SDK's own lists (VMs and disks only) / of the inventory",
            value=theirs[1] / ours[1], unit="×", low=theirs[1] / ours[1], high=theirs[1] / ours[1], n=1,
        ),
    ]  # fmt: skip


def _peak_mib(program: str, url: str) -> tuple[float, float]:
    output = subprocess.run(
        [sys.executable, "-c", PEAK + program, url], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    return int(output[0]) / 1024, int(output[1]) / 1024
