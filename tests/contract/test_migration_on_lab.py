"""The whole way: our protocol, the SDK, TLS and a simulated engine with everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import rhevmig
from rhevmig.migration import Options, Outcome, Refused, Timing, Verdict
from rhevmig.planning import plan_evacuation, plan_migration
from tests.contract.migration_lab import a_site
from tests.unit.migration.fake_engine import Course, FakeEngine
from tests.unit.migration.scenes import Scene

MIGRATE = "/migrate"


@dataclass(frozen=True)
class Case:
    """One fault in a migration of a VM from h1 to h2, on the lab and on the fake engine."""

    id: str
    verdict: Verdict
    #: Fault that the lab injects; None: nothing goes wrong there.
    lab: dict[str, Any] | None = None
    #: The same on the engine for unit tests; None where it has no such fault.
    fake: Callable[[FakeEngine], object] | None = None
    posts: int = 1


def _course(**values: Any) -> Callable[[FakeEngine], object]:
    return lambda engine: engine.plan_course("v1", Course(**values))


def _at(seconds: float, what: str, *args: Any) -> Callable[[FakeEngine], object]:
    return lambda engine: engine.at(seconds, what, *args)


def _restart(engine: FakeEngine) -> None:
    engine.at(6, "go_away")
    engine.at(7, "restart")
    engine.at(60, "come_back")


def _answers(fate: str) -> Callable[[FakeEngine], object]:
    return lambda engine: engine.answers.update({"migrate": [fate]})


def _http(kind: str, path: str = MIGRATE, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "path": path, **values}


def _vm(kind: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "vm": "vm1", **values}


LOCKED = Refused(status_code=409, detail="[Cannot migrate VM. VM is locked.]")
CASES = [
    Case("nothing", Verdict.SUCCEEDED, None, lambda _: None),
    Case("answer-lost", Verdict.SUCCEEDED, _http("answer_lost"), _answers("lost_done")),
    Case("answer-cut", Verdict.SUCCEEDED, _http("cut")),
    Case("reset-before-it-was-done", Verdict.SUCCEEDED, _http("reset"), _answers("lost_undone"), posts=2),
    Case("html-before-it-was-done", Verdict.SUCCEEDED, _http("html"), posts=2),
    Case("no-content-type", Verdict.SUCCEEDED, _http("no_content_type")),
    Case("session-expired", Verdict.SUCCEEDED, _http("session_expired", "vms[?]")),
    Case("503", Verdict.SUCCEEDED, _http("status", "events[?]from", count=3)),
    Case("reads-cut", Verdict.SUCCEEDED, _http("cut", "events", count=2)),
    Case("copy-breaks", Verdict.RETURNED_TO_SOURCE, _vm("copy_breaks"), _course(ends="failed")),
    Case("destination", Verdict.RETURNED_TO_SOURCE, _vm("destination_dies"), _course(ends="failed")),
    Case("guest-dies", Verdict.LOST, _vm("guest_dies"), _course(ends="down")),
    Case("nics", Verdict.SUCCEEDED_DEGRADED, _vm("nic_replug_fails"), _course(nic_trouble_s=0.0)),
    Case("downtime-unknown", Verdict.SUCCEEDED, _vm("downtime_unknown"), _course(downtime_ms=None)),
    Case("cancelled", Verdict.CANCELLED, _vm("another_cancels", after_s=1), _at(8, "other_cancels", "v1")),
    Case("post-copy", Verdict.LOST, _vm("post_copy_loss"), _course(ends="post_copy_loss")),
    Case("source-dies", Verdict.UNKNOWN, _vm("source_dies"), _course(ends="unknown")),
    Case("destination-host-dies", Verdict.RETURNED_TO_SOURCE, _vm("host_dies", host="h2", after_s=1)),
    Case(
        "locked-for-good",
        Verdict.REFUSED,
        _vm("vm_locked", at_s=0.0),
        lambda engine: engine.refusals.update({"v1": [LOCKED] * 99}),
        posts=6,
    ),
    Case("restart", Verdict.SUCCEEDED, _vm("engine_restart", after_s=0.5, seconds=40), _restart),
    Case(
        "restart-behind-a-proxy",
        Verdict.SUCCEEDED,
        _vm("engine_restart", after_s=0.5, seconds=40, proxy=True),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_one_migration_whatever_happens(case):
    """One fault during a migration to h2: the outcome, and how many requests arrived."""
    with a_site() as site:
        plan = plan_migration(site.client.inventory(), "vm1", "h2")
        if case.lab is not None:
            site.plant(**case.lab)
        campaign = site.run(plan)
        outcome = campaign.courses[0].outcome
        assert outcome is not None
        assert (outcome.verdict, site.posts(name="vm1")) == (case.verdict, case.posts), str(campaign)
        assert outcome.evidence
        if outcome.is_success:
            assert site.where("vm1") == "up@h2"
    if case.fake is not None:
        _assert_the_fake_engine_agrees(case, outcome)


def _assert_the_fake_engine_agrees(case: Case, on_the_lab: Outcome) -> None:
    """The engine for unit tests behaves like the lab: the same outcome from the same kinds of evidence."""
    scene = Scene()
    assert case.fake is not None
    case.fake(scene.engine)
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (case.verdict, case.posts)
    assert [(fact.source, fact.event_code) for fact in outcome.evidence] == [
        (fact.source, fact.event_code) for fact in on_the_lab.evidence
    ]
    assert (outcome.host_id is None) == (on_the_lab.host_id is None)


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
