"""A lab full of migrations: how fast simulated time may run while more than a hundred VMs are on their way.

A hundred hosts, four hundred VMs of 32 GiB that write to their memory: each is asked to move at once, over
`Engine.handle` as a client would; two leave and two enter a host at a time, the rest queue. Then time
runs, second by second, until the last one has arrived. Seconds of work are the processor's, so a busy
machine does not blur them.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.harness import Claim
from rhevmig.lab import sign_in
from rhevmig.lab.lab import Lab, open_lab
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.lab.subsystems import subsystems_of

HOSTS, VMS = 100, 400
SCENARIO = f"""
data_centers: [{{name: dc, version: "4.8", storage: [{{name: nfs}}]}}]
clusters: [{{name: c, data_center: dc, cpu: Secure Intel Haswell Family}}]
hosts:
  - {{name: "h{{n}}", count: {HOSTS}, cluster: c, memory_gib: 320, nics: [{{name: eth0, speed_mbps: 10000}}]}}
vms:
  - name: "v{{n}}"
    count: {VMS}
    cluster: c
    memory_gib: 32
    workload: {{dirty_mib_s: 60, working_set_mib: 2048}}
"""


def a_lab() -> tuple[Lab, str]:
    lab = open_lab(parse_scenario(SCENARIO))
    return lab, sign_in(lab.engine, lab.username, lab.password)


def ask(lab: Lab, token: str, path: str) -> int:
    headers = {"authorization": token, "content-type": "application/xml"}
    return lab.handle("POST", f"/ovirt-engine/api/{path}", "", headers, b"<action/>").status


def simulated_seconds_a_second() -> tuple[float, float, float]:
    """Simulated seconds a second, milliseconds of one migrate request, copies in flight on average."""
    lab, token = a_lab()
    subsystems = subsystems_of(lab.engine)
    subsystems.balancer.is_on = False
    vms = [vm.id for vm in lab.world.all("vms")]
    began = time.process_time()
    asked = sum(ask(lab, token, f"vms/{vm_id}/migrate") == 200 for vm_id in vms)
    posting = time.process_time() - began
    flying: list[int] = []
    began, start_s = time.process_time(), lab.clock.now_s
    while subsystems.copies.active:
        lab.advance(1.0)
        flying.append(sum(copy.stage == "copying" for copy in subsystems.copies.active.values()))
    took = time.process_time() - began
    return (lab.clock.now_s - start_s) / took, posting / asked * 1000, statistics.mean(flying)


def measure() -> list[Claim]:
    """The claims of this file."""
    runs = [simulated_seconds_a_second() for _ in range(3)]
    speeds, posts, flying = ([run[place] for run in runs] for place in range(3))
    return [
        Claim(
            claim=f"simulated seconds a second, {statistics.mean(flying):.0f} copies in flight on average",
            value=statistics.median(speeds),
            unit="s/s",
            low=min(speeds),
            high=max(speeds),
            n=len(runs),
            aim="≥ 100 s/s",
            holds=statistics.median(speeds) >= 100,
        ),
        Claim(
            claim=f"one migrate request: {HOSTS} hosts filtered and weighed",
            value=statistics.median(posts),
            unit="ms",
            low=min(posts),
            high=max(posts),
            n=len(runs),
        ),
    ]
