"""Moving VMs: requests per look, how close an evacuation comes to what links and limits allow, the journal.

The engine is a lab over HTTPS. The evacuation's ideal is made of the engine's own durations (event 63),
packed on as many places as the migration policy allows: what is above it is our idling. Once the lab's
time is moved by the client's waits alone, and once it runs by itself at four times the machine's, where
every request and every decision of ours costs four times what it does.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rhevmig
from benchmarks.harness import Claim, repeated
from rhevmig.clock import Clock
from rhevmig.engine import EngineClient
from rhevmig.lab.http.request import LabRequest
from rhevmig.lab.lab import Lab, serve
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.migration import Campaign, Journal, Options, Outcome, Verdict
from rhevmig.migration.journal.records import (
    Attempt,
    CampaignOpened,
    CopyingSeen,
    MigrationIntended,
    MoveSettled,
)
from rhevmig.migration.journal.state import replay

FORTY = 40
SCENARIO = """
name: forty
seed: 3
start: 2026-01-05T08:00:00Z
data_centers:
  - name: dc
    version: "4.8"
    networks: [{name: migration, vlan: 100, mtu: 9000, vm: false}, {name: guests, vlan: 102}]
    storage: [{name: nfs, address: nas}]
clusters:
  - name: intel
    data_center: dc
    cpu: Secure Intel Haswell Family
    networks:
      - {name: ovirtmgmt, roles: [display, management, default_route], required: true}
      - {name: migration, roles: [migration], required: true}
      - {name: guests, required: true}
hosts:
  - name: "h{n}"
    count: 4
    cluster: intel
    memory_gib: 256
    nics: [{name: eth0, speed_mbps: 1000}, {name: eth1, mtu: 9000}]
    attachments:
      - {network: ovirtmgmt, nic: eth0, address: "192.0.2.{n}/24"}
      - {network: migration, nic: eth1, address: "10.0.0.{n}/24"}
      - {network: guests, nic: eth0}
vms:
  - &vm {name: "vm{n:02}", count: COUNT, cluster: intel, host: h1, memory_gib: 8, nics: [{profile: guests}],
         workload: {dirty_mib_s: 30, nonzero: 0.9}}
"""


class WaitedClock:
    """The lab's clock, moved by whoever waits on it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._start = lab.clock.now()

    def now(self) -> datetime:
        return self._lab.clock.now()

    def monotonic(self) -> float:
        return (self.now() - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self._lab.advance(max(seconds, 0.01))


@contextlib.contextmanager
def a_site(count: int, *, speed: float) -> Iterator[tuple[Lab, EngineClient, Clock, list[LabRequest]]]:
    with serve(parse_scenario(SCENARIO.replace("COUNT", str(count))), speed=speed) as lab:
        asked: list[LabRequest] = []
        lab.engine.before.insert(0, asked.append)
        clock: Clock = lab.client_clock() if speed else WaitedClock(lab)
        with rhevmig.connect(
            lab.url, lab.username, lab.password, ca_file=lab.ca_file, clock=clock, environ={}
        ) as client:
            yield lab, client, clock, asked


def evacuated(count: int, *, speed: float) -> tuple[Campaign, float, list[LabRequest]]:
    """The campaign, its seconds from the first request to the last arrival, and what was asked."""
    with a_site(count, speed=speed) as (_, client, clock, asked):
        plan = rhevmig.plan_evacuation(client.inventory(), "h1")
        asked.clear()
        options = Options(retries=0, deactivate=False)
        campaign = rhevmig.run(plan, client, journal=":memory:", clock=clock, options=options)
        assert campaign.is_success, str(campaign)
        attempts = [attempt for course in campaign.courses for attempt in course.attempts]
        first = min(attempt.started_at for attempt in attempts)
        last = max(attempt.settled_at for attempt in attempts if attempt.settled_at)
        return campaign, (last - first).total_seconds(), list(asked)


def ideal_s(campaign: Campaign) -> float:
    """The engine's own seconds of each migration on as many places as the policy allows."""
    seconds = [c.outcome.total_s for c in campaign.courses if c.outcome and c.outcome.total_s]
    assert len(seconds) == len(campaign.courses)
    places = min(host.max_outgoing for host in campaign.plan.hosts)
    return max(sum(seconds) / places, *seconds)


def evacuation() -> Iterator[Claim]:
    for speed, how in ((0.0, "requests cost no time"), (4.0, "requests cost four times their time")):
        ratios, taken = [], []
        for _ in range(1 if speed == 0 else 3):
            campaign, seconds, _ = evacuated(FORTY, speed=speed)
            ratios.append(seconds / ideal_s(campaign))
            taken.append(seconds)
        middle = sorted(ratios)[len(ratios) // 2]
        yield Claim(
            claim=f"evacuating {FORTY} VMs ÷ what links and limits allow ({how})",
            value=middle,
            unit="×",
            low=min(ratios),
            high=max(ratios),
            n=len(ratios),
            aim="≤ 1.1 ×",
            holds=middle <= 1.1,
        )
        yield Claim(
            claim="  the same in simulated seconds",
            value=sorted(taken)[len(taken) // 2],
            unit="s",
            low=min(taken),
            high=max(taken),
            n=len(taken),
        )


def looks() -> Iterator[Claim]:
    per_look = {}
    for count in (10, 60):
        _, _, asked = evacuated(count, speed=0.0)
        ticks = sum("/events" in request.path for request in asked)
        reads = sum(request.method == "GET" and "/jobs" not in request.path for request in asked)
        per_look[count] = reads / ticks
    ratio = per_look[60] / per_look[10]
    yield Claim(
        claim="requests per look, 60 VMs ÷ 10 VMs",
        value=ratio,
        unit="×",
        low=ratio,
        high=ratio,
        n=1,
        aim="≤ 1.05 ×",
        holds=ratio <= 1.05,
    )
    yield Claim(
        claim="requests per look (VMs, hosts, events, progress of at most four)",
        value=per_look[60],
        unit="",
        low=min(per_look.values()),
        high=max(per_look.values()),
        n=2,
    )


def journal() -> Iterator[Claim]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.db") as book:
        book.claim()
        seconds = repeated(
            lambda: book.append("c", CopyingSeen(correlation_id="x"), at=at), n=200, warm_up=20
        )
        low, high = min(seconds) * 1000, sorted(seconds)[int(len(seconds) * 0.95)] * 1000
        middle = sorted(seconds)[len(seconds) // 2] * 1000
        yield Claim(
            claim="one record written to stay (WAL, synchronous=FULL); high = 95th percentile",
            value=middle,
            unit="ms",
            low=low,
            high=high,
            n=len(seconds),
        )
        _write_campaign(book, 500, at)
        rebuilt = repeated(lambda: replay(book.entries("big"), url="bench"), n=5)
        yield Claim(
            claim="state of a campaign of 500 moves rebuilt from its 2,001 records",
            value=sorted(rebuilt)[2],
            unit="s",
            low=min(rebuilt),
            high=max(rebuilt),
            n=len(rebuilt),
        )


def _write_campaign(book: Journal, moves: int, at: datetime) -> None:
    from rhevmig.inventory import Engine
    from rhevmig.migration import Accepted
    from rhevmig.migration.journal.records import ActAnswered
    from rhevmig.planning import Move, Plan

    plan = Plan(
        kind="evacuate",
        created_at=at,
        engine=Engine(url="bench"),
        moves=tuple(
            Move(number=n, vm_id=f"vm{n}", vm_name=f"vm{n}", cluster_id="c", source_host_id="h")
            for n in range(1, moves + 1)
        ),
    )
    book.append("big", CampaignOpened(plan=plan, options=Options(), watermark=0), at=at)
    for n in range(1, moves + 1):
        name, now = f"rm-big-m{n}-1", at + timedelta(seconds=n)
        book.append(
            "big",
            MigrationIntended(
                attempts={
                    n: Attempt(
                        correlation_id=name, vm_id=f"vm{n}", number=1, started_at=now, source_host_id="h"
                    )
                }
            ),
            at=now,
        )
        book.append("big", ActAnswered(correlation_id=name, answer=Accepted()), at=now)
        book.append("big", CopyingSeen(correlation_id=name), at=now)
        outcome = Outcome(verdict=Verdict.SUCCEEDED, reason="")
        book.append("big", MoveSettled(vm_id=f"vm{n}", move=n, correlation_id=name, outcome=outcome), at=now)


def measure() -> list[Claim]:
    return [*evacuation(), *looks(), *journal()]
