"""The whole way: our protocol, the SDK, TLS and a simulated engine with everything that goes wrong."""

from __future__ import annotations

import pytest

import rhevmig
from rhevmig.migration import Options, Timing, Verdict
from rhevmig.planning import plan_evacuation, plan_migration
from tests.contract.migration_lab import a_site

MIGRATE = "/migrate"


@pytest.mark.parametrize(
    ("mishap", "verdict", "posts"),
    [
        pytest.param(None, Verdict.SUCCEEDED, 1, id="nothing"),
        pytest.param({"kind": "answer_lost", "path": MIGRATE}, Verdict.SUCCEEDED, 1, id="answer-lost"),
        pytest.param({"kind": "cut", "path": MIGRATE}, Verdict.SUCCEEDED, 1, id="answer-cut"),
        pytest.param({"kind": "reset", "path": MIGRATE}, Verdict.SUCCEEDED, 2, id="reset-before-it-was-done"),
        pytest.param({"kind": "html", "path": MIGRATE}, Verdict.SUCCEEDED, 2, id="html-before-it-was-done"),
        pytest.param(
            {"kind": "no_content_type", "path": MIGRATE}, Verdict.SUCCEEDED, 1, id="no-content-type"
        ),
        pytest.param(
            {"kind": "session_expired", "path": "vms[?]"}, Verdict.SUCCEEDED, 1, id="session-expired"
        ),
        pytest.param({"kind": "status", "path": "events[?]from", "count": 3}, Verdict.SUCCEEDED, 1, id="503"),
        pytest.param({"kind": "cut", "path": "events", "count": 2}, Verdict.SUCCEEDED, 1, id="reads-cut"),
        pytest.param({"kind": "copy_breaks", "vm": "vm1"}, Verdict.RETURNED_TO_SOURCE, 1, id="copy-breaks"),
        pytest.param(
            {"kind": "destination_dies", "vm": "vm1"}, Verdict.RETURNED_TO_SOURCE, 1, id="destination"
        ),
        pytest.param({"kind": "guest_dies", "vm": "vm1"}, Verdict.LOST, 1, id="guest-dies"),
        pytest.param({"kind": "nic_replug_fails", "vm": "vm1"}, Verdict.SUCCEEDED_DEGRADED, 1, id="nics"),
        pytest.param({"kind": "downtime_unknown", "vm": "vm1"}, Verdict.SUCCEEDED, 1, id="downtime-unknown"),
        pytest.param(
            {"kind": "another_cancels", "vm": "vm1", "after_s": 1}, Verdict.CANCELLED, 1, id="cancelled"
        ),
        pytest.param({"kind": "post_copy_loss", "vm": "vm1"}, Verdict.LOST, 1, id="post-copy"),
        pytest.param({"kind": "source_dies", "vm": "vm1"}, Verdict.UNKNOWN, 1, id="source-dies"),
        pytest.param(
            {"kind": "host_dies", "host": "h2", "vm": "vm1", "after_s": 1},
            Verdict.RETURNED_TO_SOURCE,
            1,
            id="destination-host-dies",
        ),
        pytest.param(
            {"kind": "vm_locked", "vm": "vm1", "at_s": 0.0}, Verdict.REFUSED, 6, id="locked-for-good"
        ),
        pytest.param(
            {"kind": "engine_restart", "vm": "vm1", "after_s": 0.5, "seconds": 40},
            Verdict.SUCCEEDED,
            1,
            id="restart",
        ),
        pytest.param(
            {"kind": "engine_restart", "vm": "vm1", "after_s": 0.5, "seconds": 40, "proxy": True},
            Verdict.SUCCEEDED,
            1,
            id="restart-behind-a-proxy",
        ),
    ],
)
def test_one_migration_whatever_happens(mishap, verdict, posts):
    """A VM is sent to h2 while one thing goes wrong: the outcome, and how many requests arrived."""
    with a_site() as site:
        plan = plan_migration(site.client.inventory(), "vm1", "h2")
        if mishap is not None:
            site.plant(**mishap)
        campaign = site.run(plan)
        outcome = campaign.courses[0].outcome
        assert outcome is not None
        assert (outcome.verdict, site.posts(name="vm1")) == (verdict, posts), str(campaign)
        assert outcome.evidence
        if outcome.is_success:
            assert site.where("vm1") == "up@h2"


def test_engine_away_before_the_first_look():
    """An engine that is down when it is asked is one clear error, and nothing was asked for."""
    with a_site() as site:
        plan = plan_migration(site.client.inventory(), "vm1", "h2")
        site.plant("engine_restart", at_s=0.0, seconds=9999)
        site.lab.advance(0.1)
        with pytest.raises(rhevmig.RhevmigError):
            site.run(plan)
        assert site.posts() == 0


def test_somebody_moves_it_before_its_turn():
    """While it waits for a place, an administrator moves a VM away: not asked for, told as theirs."""
    with a_site() as site:
        plan = plan_evacuation(site.client.inventory(), "h1")
        last = plan.moves[-1].vm_name
        site.plant("another_moves", vm=last, to="h3", at_s=0.2)
        campaign = site.run(plan, options=Options(retries=0, deactivate=False))
        verdicts = {c.vm_name: c.outcome.verdict for c in campaign.courses if c.outcome}
        assert verdicts[last] == Verdict.MOVED_BY_OTHER
        assert site.posts(name=last) <= 1
        assert site.where(last) == "up@h3"


def test_copy_that_never_ends_is_cancelled():
    """A guest that writes faster than the link: cancelled after its deadline, under the cancel's own id."""
    with a_site() as site:
        plan = plan_migration(site.client.inventory(), "vm1", "h2")
        site.plant("never_converges", vm="vm1")
        timing = Timing(copy_deadline_s=60, copy_deadline_s_per_gib=1, copy_deadline_factor=1)
        campaign = site.run(plan, options=Options(retries=0, timing=timing))
        outcome = campaign.courses[0].outcome
        assert outcome is not None
        assert outcome.verdict in (Verdict.CANCELLED, Verdict.RETURNED_TO_SOURCE)
        assert site.where("vm1") == "up@h1"


def test_host_is_emptied_and_comes_back_with_its_vms(tmp_path):
    """Evacuation, maintenance, activation and the way home, over HTTPS, each VM asked for once each way."""
    with a_site() as site:
        plan = plan_evacuation(site.client.inventory(), "h1")
        campaign = site.run(plan, tmp_path / "j.db", return_host=True, return_vms=True)
        assert campaign.is_success, str(campaign)
        assert {site.where(f"vm{n}") for n in range(1, 5)} == {"up@h1"}
        assert (site.posts(), site.posts("deactivate"), site.posts("activate")) == (8, 1, 1)


def test_evacuation_resumed_after_the_engine_restarted_and_we_were_interrupted(tmp_path):
    """The engine stops while VMs move and stays away for long: interrupted, resumed, each asked for once."""
    with a_site() as site:
        plan = plan_evacuation(site.client.inventory(), "h1")
        site.plant("engine_restart", at_s=site.clock.monotonic() + 1.5, seconds=600)
        timing = Timing(away_deadline_s=120)
        with pytest.raises(rhevmig.RhevmigError):
            site.run(plan, tmp_path / "j.db", options=Options(retries=0, timing=timing))
        site.lab.advance(600)
        with site.connect() as again:
            campaign = rhevmig.resume(tmp_path / "j.db", again, clock=site.clock)
        assert campaign.is_success, str(campaign)
        assert all(site.posts(name=f"vm{n}") == 1 for n in range(1, 5))
        assert site.posts("deactivate") == 1


def test_stuck_host_is_freed_by_force():
    """The engine's own evacuation of a newcomer fails for good: a forced request frees the host."""
    with a_site() as site:
        plan = plan_evacuation(site.client.inventory(), "h1", force=True)
        late = plan.moves[0].vm_name
        rest = [move for move in plan.moves if move.vm_name != late]
        site.plant("copy_breaks", vm=late, count=1)
        import msgspec

        campaign = site.run(msgspec.structs.replace(plan, moves=tuple(rest)))
        assert campaign.host is not None
        assert campaign.host.state == "maintenance", str(campaign)
        assert site.posts(name=late) == 1


def test_requests_per_look_do_not_grow():
    """Four VMs or twelve on the host: a look is as many requests."""
    from tests.lab_worlds import THREE_HOSTS

    per_look = []
    for count in (4, 12):
        with a_site(THREE_HOSTS.replace("count: 4", f"count: {count}")) as site:
            plan = plan_evacuation(site.client.inventory(), "h1")
            site.arrived.clear()
            site.run(plan, options=Options(retries=0, deactivate=False))
            looks = sum("/events" in path for _, path in site.arrived)
            reads = sum(method == "GET" and "/jobs" not in path for method, path in site.arrived)
            per_look.append(reads / looks)
    assert per_look[1] <= per_look[0] * 1.2
