"""A real process, the SDK and TLS: killed by SIGKILL at every write, resumed by another process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rhevmig
from rhevmig.errors import JournalError
from rhevmig.lab.lab import serve
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.migration import Campaign, Options
from rhevmig.planning import plan_evacuation, plan_migration
from tests.contract.migration_lab import Site
from tests.lab_worlds import THREE_HOSTS

ROOT = Path(__file__).parents[2]
SPEED = 30.0
FIVE = THREE_HOSTS.replace("count: 4", "count: 5")


class RunningSite(Site):
    """A lab whose time runs by itself, for its clients are other processes."""

    def connect(self):
        self.clock = self.lab.client_clock()  # type: ignore[assignment]
        return super().connect()


def killed_and_resumed(
    folder: Path, at: int, when: str, *, evacuate: bool
) -> tuple[RunningSite, Campaign, int]:
    """The campaign that came of it, and the signal that ended the first process (0: it went through)."""
    with serve(parse_scenario(FIVE), speed=SPEED) as lab:
        site = RunningSite(lab)
        with site.client:
            inventory = site.client.inventory()
            plan = plan_evacuation(inventory, "h1") if evacuate else plan_migration(inventory, "vm1", "h2")
            wanted = {
                "at": at,
                "when": when,
                "speed": SPEED,
                "start": site.clock.now().isoformat(),
                "url": lab.url,
                "username": lab.username,
                "password": lab.password,
                "ca_file": lab.ca_file,
                "plan": str(plan.save(folder / "plan.json")),
                "journal": str(folder / "j.db"),
            }
            child = subprocess.run(
                [sys.executable, "-m", "tests.recovery.doomed_client", json.dumps(wanted)],
                cwd=ROOT,
                timeout=120,
                check=False,
            )
            assert child.returncode in (0, -signal.SIGKILL)
            try:
                campaign = rhevmig.resume(folder / "j.db", site.client, clock=site.clock)
            except JournalError:
                assert site.posts() == 0
                campaign = rhevmig.run(
                    plan, site.client, journal=folder / "j.db", clock=site.clock, options=Options(retries=0)
                )
        return site, campaign, -child.returncode


def test_one_migration_killed_right_after_the_request(tmp_path):
    """The worst moment: the engine has the request, the journal only its intent. It is asked for once."""
    site, campaign, ended_by = killed_and_resumed(tmp_path, 3, "before", evacuate=False)
    assert ended_by == signal.SIGKILL
    assert campaign.is_success, str(campaign)
    assert (site.posts(name="vm1"), site.where("vm1")) == (1, "up@h2")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_one_migration_at_every_write(tmp_path, at, when):
    """One VM: whatever the write, one request and no VM lost."""
    site, campaign, _ = killed_and_resumed(tmp_path, at, when, evacuate=False)
    assert campaign.is_success, str(campaign)
    assert (site.posts(name="vm1"), site.where("vm1")) == (1, "up@h2")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 26))
def test_evacuation_of_five_at_every_write(tmp_path, at, when):
    """Five VMs: whatever the write, each is asked for once, all have left, the host is in maintenance."""
    site, campaign, _ = killed_and_resumed(tmp_path, at, when, evacuate=True)
    assert campaign.is_success, str(campaign)
    assert all(site.posts(name=f"vm{n}") == 1 for n in range(1, 6))
    assert all(not site.where(f"vm{n}").endswith("@h1") for n in range(1, 6))
    assert campaign.host is not None
    assert (campaign.host.state, site.posts("deactivate")) == ("maintenance", 1)
