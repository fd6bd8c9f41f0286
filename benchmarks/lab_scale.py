"""A large lab: 500 hosts and 5,000 VMs; what starting, holding and serving it costs; many clients at once."""

from __future__ import annotations

import http.client
import io
import json
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.harness import Claim, interleaved, peak_memory_bytes, ratio_claim, repeated
from rhevmig.lab import sign_in
from rhevmig.lab.lab import Lab, open_lab, serve
from rhevmig.lab.scenario.model import Scenario, load_scenario, parse_scenario
from rhevmig.units import MIB

HOSTS, VMS, CLUSTERS = 500, 5_000, 10
CLIENTS, POLLS = 200, 5
DEMO = Path(__file__).parents[1] / "rhevmig" / "lab" / "scenarios" / "demo.yaml"
FOLLOW = "follow=nics,diskattachments"


def large() -> Scenario:
    """Ten clusters of fifty hosts and five hundred VMs."""
    clusters = "".join(
        f"  - {{name: c{number}, data_center: dc, cpu: Intel Haswell Family}}\n" for number in range(CLUSTERS)
    )
    hosts = "".join(
        f'  - {{name: "h{number}-{{n:03}}", cluster: c{number}, count: {HOSTS // CLUSTERS}, '
        "memory_gib: 512,\n     nics: [{name: eth0}, {name: eth1}],\n"
        '     attachments: [{network: migration, nic: eth1, address: "10.1.0.{n}/16"}]}\n'
        for number in range(CLUSTERS)
    )
    vms = "".join(
        f'  - {{name: "v{number}-{{n:04}}", cluster: c{number}, count: {VMS // CLUSTERS}}}\n'
        for number in range(CLUSTERS)
    )
    return parse_scenario(
        "data_centers: [{name: dc, networks: [{name: migration, vlan: 100, vm: false}],"
        " storage: [{name: nfs}]}]\n"
        f"clusters:\n{clusters}hosts:\n{hosts}vms:\n{vms}"
    )


def measure() -> list[Claim]:
    """The claims of this file."""
    return [*_starting(), *_serving(), *_polling()]


# -- starting and holding


def _starting() -> list[Claim]:
    seconds, memory = zip(*(_in_a_process_of_its_own() for _ in range(3)), strict=True)
    small = repeated(lambda: open_lab(load_scenario(DEMO)))
    return [
        _below(f"ready: {HOSTS} hosts and {VMS:,} VMs, from the scenario", list(seconds), "s", 3.0),
        _below("resident memory of the whole process then", [item / MIB for item in memory], "MiB", 400.0),
        _below("ready: 8 hosts and 60 VMs, from the file", small, "s", 1.0),
    ]


def _in_a_process_of_its_own() -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lab_scale"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    return found["seconds"], found["bytes"]


def _start_once() -> str:
    scenario = large()
    began = time.perf_counter()
    open_lab(scenario)
    return json.dumps({"seconds": time.perf_counter() - began, "bytes": peak_memory_bytes()})


# -- serving


def _serving() -> list[Claim]:
    from ovirtsdk4 import readers, xml

    lab = open_lab(large())
    token = sign_in(lab.engine, lab.username, lab.password)
    body = _get(lab, token, "vms", FOLLOW)

    def parse() -> None:
        reader = xml.XmlReader(io.BytesIO(body))
        assert len(readers.VmReader.read_many(reader)) == VMS

    def change_and_serve() -> None:
        for host in lab.world.all("hosts"):
            lab.world.set(host, "comment", f"{time.perf_counter()}")
        _get(lab, token, "vms", FOLLOW)

    served, parsed = interleaved(lambda: _get(lab, token, "vms", FOLLOW), parse, n=3)
    changed, parsed_too = interleaved(change_and_serve, parse, n=3)
    search = repeated(lambda: _get(lab, token, "vms", "search=status%3Dmigratingfrom"), n=9)
    what = f"all {VMS:,} VMs with NICs and disk attachments ({len(body) / 1e6:.0f} MB)"
    return [
        ratio_claim(f"{what} : the SDK's parsing of it", served, parsed, at_most=2.0),
        ratio_claim("the same after every host has changed", changed, parsed_too, at_most=2.0),
        _below("the cheap poll: VMs that are migrating, found among all", search, "s", 0.1),
    ]


def _get(lab: Lab, token: str, path: str, query: str) -> bytes:
    answer = lab.handle("GET", f"/ovirt-engine/api/{path}", query, {"authorization": token})
    assert answer.status == 200
    return answer.body


# -- many clients


def _polling() -> list[Claim]:
    with serve(DEMO, speed=100.0) as lab:
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            errors = list(pool.map(lambda _: _poll(lab), range(CLIENTS)))
        seconds = time.perf_counter() - began
    what = f"{CLIENTS} clients, each with a session and {POLLS} polls over HTTPS"
    return [
        _below(f"{what}: errors", [float(sum(errors))], "", 0.0),
        Claim(
            claim=f"{what}: requests a second",
            value=CLIENTS * (POLLS + 1) / seconds,
            unit="1/s",
            low=CLIENTS * (POLLS + 1) / seconds,
            high=CLIENTS * (POLLS + 1) / seconds,
            n=1,
        ),
    ]


def _poll(lab: Lab) -> int:
    """One client's errors."""
    address = urlsplit(lab.url)
    context = ssl.create_default_context(cafile=str(lab.ca_file))
    errors = 0
    connection = http.client.HTTPSConnection(
        str(address.hostname), address.port or 443, context=context, timeout=60
    )
    form = {
        "grant_type": "password",
        "scope": "ovirt-app-api",
        "username": lab.username,
        "password": lab.password,
    }
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/ovirt-engine/sso/oauth/token", urlencode(form), headers)
    answer = connection.getresponse()
    token = json.loads(answer.read())["access_token"]
    for _ in range(POLLS):
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/xml"}
        connection.request("GET", "/ovirt-engine/api/vms?search=status%3Dup&max=1000", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        errors += answer.status != 200 or b"<name>" not in body or not body.endswith(b"</vms>\n")
    connection.close()
    return errors


def _below(claim: str, values: list[float], unit: str, aim: float) -> Claim:
    worst, middle = max(values), sorted(values)[len(values) // 2]
    return Claim(
        claim=claim,
        value=middle,
        unit=unit,
        low=min(values),
        high=worst,
        n=len(values),
        aim=f"≤ {aim:g} {unit}".strip(),
        holds=middle <= aim,
    )


if __name__ == "__main__":
    print(_start_once())
