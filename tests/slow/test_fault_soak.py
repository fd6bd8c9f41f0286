"""Many migrations on a lab that fails often: every outcome is true, nothing is asked twice, nothing leaks."""

from __future__ import annotations

import contextlib
import os
import resource
from collections import Counter
from pathlib import Path

import pytest

from rhevmig.errors import EngineUnavailable
from rhevmig.inventory import Inventory
from rhevmig.migration import Options, Verdict
from rhevmig.planning import plan_evacuation
from tests.contract.migration_lab import Site, a_site
from tests.lab_worlds import THREE_HOSTS

pytestmark = pytest.mark.slow

#: Migrations of one soak; `RHEVMIG_SOAK=5000` makes a long one.
MIGRATIONS = int(os.environ.get("RHEVMIG_SOAK", "300"))
FAULT_RATE = 0.05
#: What passes by itself, on one of twenty requests or copies.
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "reset", "method": "GET", "path": "/api/"},
    {"kind": "html", "method": "GET", "path": "/api/vms"},
    {"kind": "status", "method": "GET", "path": "/api/events", "status": 503},
    {"kind": "cut_xml", "method": "GET", "path": "/api/vms"},
    {"kind": "answer_lost", "method": "POST", "path": "/migrate"},
    {"kind": "copy_breaks"},
)
SITE = THREE_HOSTS.replace("count: 4\n", "count: 12\n").replace("memory_gib: 2", "memory_gib: 1")


def descriptors() -> int:
    """Open file descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def check(site: Site, campaign: object, verdicts: Counter[str]) -> None:
    """Each outcome is where the lab has the VM."""
    for course in campaign.courses:  # type: ignore[attr-defined]
        assert course.outcome is not None, str(campaign)
        verdicts[course.outcome.verdict] += 1
        where = site.where(course.vm_name)
        host = site.lab.world.find("hosts", course.source_host_id)
        assert host is not None
        stayed = where == f"up@{host.name}"
        assert where.startswith("up@"), f"{course.vm_name}: {where}"
        assert stayed == (course.outcome.verdict != Verdict.SUCCEEDED), f"{course}: {where}"


def read_inventory(site: Site) -> Inventory:
    """Read, and read again: now and then the same request meets the fault in each of its three attempts."""
    for _ in range(4):
        with contextlib.suppress(EngineUnavailable):
            return site.client.inventory()
        site.lab.advance(10)
    return site.client.inventory()


def test_a_campaign_after_the_other_with_one_fault_in_twenty_requests(tmp_path: Path) -> None:
    """No interruption, no wrong outcome, no request sent twice, descriptors and memory flat."""
    verdicts: Counter[str] = Counter()
    with a_site(SITE) as site:
        for number, fault in enumerate(FAULTS):
            site.plant(count=None, probability=FAULT_RATE, seed=number, **fault)  # type: ignore[arg-type]
        options = Options(retries=3, deactivate=False)
        before: tuple[int, int] | None = None
        number = 0
        while verdicts.total() < MIGRATIONS:
            source = max(("h1", "h2", "h3"), key=lambda name: _vms_on(site, name))
            plan = plan_evacuation(read_inventory(site), source)
            campaign = site.run(plan, tmp_path / f"{number}.db", options=options)
            check(site, campaign, verdicts)
            site.lab.advance(60)
            number += 1
            if before is None and verdicts.total() >= MIGRATIONS // 4:
                before = descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert before is not None
        started = Counter(
            event.text("correlation_id")
            for event in site.lab.world.all("events")
            if event.text("code") == "62" and event.text("correlation_id").startswith("rm-")
        )
        assert max(started.values()) == 1
        assert verdicts[Verdict.SUCCEEDED] >= MIGRATIONS * 0.8, verdicts
        assert descriptors() <= before[0] + 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss <= before[1] + 60_000


def _vms_on(site: Site, name: str) -> int:
    host = site.lab.world.named("hosts", name)
    return len(site.lab.world.referring("vms", "host", host.id)) if host is not None else 0
