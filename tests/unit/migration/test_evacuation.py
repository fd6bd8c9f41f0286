"""Emptying a host: the window, the host's own way into maintenance and back, and when to stop."""

from __future__ import annotations

import msgspec
import pytest

from rhevmig.migration import Campaign, CampaignState, Options, Phase, Refused, TransferState, Verdict
from rhevmig.planning import Blocked, Remaining
from tests.unit.migration.fake_engine import Course
from tests.unit.migration.scenes import Scene, a_plan


def a_full_host(count: int = 5) -> Scene:
    """`h1` with so many VMs on it."""
    scene = Scene()
    del scene.engine.vms["v1"]
    for number in range(1, count + 1):
        scene.engine.add(f"v{number}")
    return scene


def evacuate(scene: Scene, **values) -> Campaign:
    options = values.pop("options", Options(retries=0))
    run_values = {key: values.pop(key) for key in ("return_host", "return_vms", "journal") if key in values}
    plan = a_plan(scene.engine, *scene.engine.vms, kind="evacuate", **values)
    return scene.run(plan, options=options, **run_values)


def test_every_vm_moves_and_the_host_reaches_maintenance():
    """Five VMs leave, each with one request, then the host is switched with one."""
    scene = a_full_host()
    campaign = evacuate(scene)
    assert campaign.is_success
    assert campaign.host.state == "maintenance"
    assert scene.engine.hosts["h1"] == "maintenance"
    assert (scene.engine.posts(), scene.engine.posts("deactivate")) == (5, 1)


@pytest.mark.parametrize("limit", [1, 2])
def test_never_more_at_once_than_the_policy_allows(limit):
    """Out of the source and into the destination the policy's number holds, and is used up."""
    scene = a_full_host(7)
    evacuate(scene, limit=limit)
    assert scene.engine.max_out["h1"] == limit
    assert scene.engine.max_in["h2"] == limit


def test_the_window_slides_instead_of_waiting_for_the_slowest():
    """While a long copy runs, short ones follow each other on the other place."""
    scene = a_full_host(5)
    scene.engine.plan_course("v1", Course(seconds=100))
    for number in range(2, 6):
        scene.engine.plan_course(f"v{number}", Course(seconds=20))
    evacuate(scene, options=Options(retries=0, deactivate=False))
    assert scene.clock.monotonic() < 115


def test_host_comes_back_and_its_vms_come_home():
    """On request the host is taken back into service, and what left it returns, within the limits."""
    scene = a_full_host(4)
    campaign = evacuate(scene, return_host=True, return_vms=True)
    assert campaign.host.state == "up"
    assert {vm.host for vm in scene.engine.vms.values()} == {"h1"}
    assert (scene.engine.posts(), scene.engine.posts("activate")) == (8, 1)
    assert scene.engine.max_in["h1"] == 2


def test_a_vm_that_stays_keeps_the_host_in_service():
    """Not all have left: the host is not switched, and the reason names who stays."""
    scene = a_full_host(3)
    scene.engine.plan_course("v2", Course(ends="failed"))
    campaign = evacuate(scene)
    assert campaign.host.state == "not_started"
    assert campaign.host.straggler_ids == ("v2",)
    assert "v2" in campaign.host.reason
    assert (campaign.exit_code, scene.engine.posts("deactivate")) == (3, 0)


def test_newcomers_are_left_to_the_engine():
    """A VM that was started on the host meanwhile does not keep it: the engine moves it."""
    scene = a_full_host(2)
    plan = a_plan(scene.engine, "v1", "v2", kind="evacuate")
    scene.engine.add("late")
    campaign = scene.run(plan)
    assert campaign.host.state == "maintenance"
    assert scene.engine.vms["late"].host != "h1"
    assert scene.engine.posts("migrate", "late") == 0


def test_stuck_host_is_freed_by_moving_the_stragglers():
    """The engine's own evacuation fails and hangs for ever; one forced request for each straggler ends it."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate", force=True)
    scene.engine.add("late", affinity="user_migratable")
    scene.engine.evacuation_fails.add("late")
    campaign = scene.run(plan)
    assert campaign.host.state == "maintenance"
    assert scene.engine.posts("migrate", "late") == 1
    assert [c.vm_id for c in campaign.courses] == ["v1", "late"]


def test_stuck_host_is_explained_where_force_is_not_allowed():
    """Without leave to force, nobody is forced: the straggler and the way out are named."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate")
    scene.engine.add("late")
    scene.engine.evacuation_fails.add("late")
    scene.engine.at(30, "set_affinity", "late", "user_migratable")
    campaign = scene.run(plan)
    assert (scene.engine.vms["late"].host, scene.engine.posts("migrate", "late")) == ("h1", 0)
    assert campaign.host.state == "stuck"
    assert campaign.host.straggler_ids == ("late",)
    assert "force" in campaign.host.reason


def test_refused_maintenance_is_told():
    """The engine's reason for not switching the host comes out as it is."""
    scene = a_full_host(1)
    refusal = Refused(status_code=409, detail="[Cannot switch Host. Something permanent.]")
    scene.engine._deactivate = lambda host, correlation_id: refusal  # type: ignore[method-assign]
    campaign = evacuate(scene)
    assert campaign.host.state == "refused"
    assert "Something permanent" in campaign.host.reason


@pytest.mark.parametrize(("fate", "posts"), [("lost_done", 1), ("lost_undone", 2), ("not_sent", 1)])
def test_lost_answer_to_the_switch_is_settled_by_looking(fate, posts):
    """A host on its way is found so; only one that the engine never heard of is asked for again."""
    scene = a_full_host(1)
    scene.engine.answers["deactivate"] = [fate]
    assert evacuate(scene).host.state == "maintenance"
    assert scene.engine.posts("deactivate") == posts


def test_somebody_takes_the_host_back():
    """A host that is up again while we wait for maintenance ends the waiting."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate")
    scene.engine.add("late")
    scene.engine.evacuation_fails.add("late")
    scene.engine.at(30, "set_host", "h1", "up")
    campaign = scene.run(plan)
    assert (campaign.host.state, campaign.exit_code) == ("failed", 3)
    assert "activated it again" in campaign.host.reason


def test_campaign_stops_at_its_failure_budget():
    """Three failed moves of ten: nothing more is started, open ones are settled, the rest stays open."""
    scene = a_full_host(10)
    for vm in scene.engine.vms:
        scene.engine.plan_course(vm, Course(seconds=10, ends="failed"))
    campaign = evacuate(scene)
    assert campaign.state == CampaignState.STOPPED
    assert "3" in campaign.stop_reason
    assert scene.engine.posts() <= 4
    assert campaign.counts["open"] >= 6


def test_data_risk_stops_the_campaign():
    """A VM that went down on the way: nothing more is started until a person has looked."""
    scene = a_full_host(6)
    scene.engine.plan_course("v1", Course(seconds=10, ends="down"))
    campaign = evacuate(scene)
    assert campaign.state == CampaignState.STOPPED
    assert "v1" in campaign.stop_reason
    assert scene.engine.posts() == 2


def test_failing_destination_is_left_alone_for_a_while():
    """After two failures on one destination its moves go to the alternative."""
    scene = a_full_host(6)
    for vm in ("v1", "v2"):
        scene.engine.plan_course(vm, Course(seconds=10, ends="failed"))
    campaign = evacuate(scene, alternatives=("h3",), options=Options(retries=2))
    assert campaign.is_success
    later = [a for c in campaign.courses[2:] for a in c.attempts]
    assert {a.destination_host_id for a in later} == {"h3"}


def test_destination_out_of_service_is_avoided():
    """A destination that goes down while the campaign runs is not asked any more."""
    scene = a_full_host(6)
    scene.engine.at(10, "set_host", "h2", "non_responsive")
    campaign = evacuate(scene, alternatives=("h3",))
    assert campaign.is_success
    assert [c.outcome.host_id for c in campaign.courses] == ["h2", "h2", "h3", "h3", "h3", "h3"]


def test_requests_do_not_grow_with_the_vms():
    """A look costs the same number of requests for six VMs as for sixty."""
    asked = []
    for count in (6, 60):
        scene = a_full_host(count)
        evacuate(scene, options=Options(retries=0, deactivate=False))
        looks = scene.engine.requests.count("events_since")
        reads = sum(r not in ("migrate", "jobs_of") for r in scene.engine.requests)
        asked.append(reads / looks)
    assert asked[1] <= asked[0] * 1.05


def test_watcher_is_told_each_step():
    """Queued, copying with percent and remaining time, done with the outcome; then the host's steps."""
    scene = a_full_host(1)
    evacuate(scene)
    phases = [p.phase for p in scene.told if p.vm_id == "v1"]
    assert phases[0] == Phase.QUEUED
    assert phases[-1] == Phase.DONE
    copying = [p for p in scene.told if p.phase == Phase.COPYING]
    assert all(p.percent is not None for p in copying)
    assert any(p.remaining_s is not None and p.remaining_s > 0 for p in copying)
    host = [p.phase for p in scene.told if p.host_id == "h1"]
    assert host == [Phase.ENTERING_MAINTENANCE, Phase.IN_MAINTENANCE]
    assert str(scene.told[-1]) == "[1/1] host-h1 in maintenance"


def test_host_without_vms_goes_straight_to_maintenance():
    """Nothing to move: the host is switched."""
    scene = a_full_host(0)
    campaign = evacuate(scene)
    assert (campaign.host.state, scene.engine.posts("deactivate")) == ("maintenance", 1)


def test_blocked_vms_are_told_and_keep_the_host():
    """A plan with a blocked VM moves the others; the host stays in service: no success."""
    scene = a_full_host(2)
    plan = a_plan(
        scene.engine,
        "v1",
        "v2",
        kind="evacuate",
        blocked=(Blocked(vm_id="p1", vm_name="p1", reasons=("it is pinned",)),),
    )
    scene.engine.add("p1", affinity="pinned")
    campaign = scene.run(plan)
    assert campaign.counts == {"succeeded": 2}
    assert (campaign.host.state, campaign.host.straggler_ids) == ("not_started", ("p1",))
    assert campaign.exit_code == 3
    assert campaign.courses[0].outcome.verdict == Verdict.SUCCEEDED


def blocked_by_network(*names: str) -> tuple[Blocked, ...]:
    reasons = ("h2: Network: network guests is missing",)
    return tuple(Blocked(vm_id=n, vm_name=n, reasons=reasons, remedy="Attach it.") for n in names)


def test_host_with_migratable_blocked_vms_is_not_asked_into_maintenance():
    """Blocked VMs need not be pinned: known to stay, they keep the host in service, each with its reason."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate", blocked=blocked_by_network("b1", "b2"))
    scene.engine.add("b1")
    scene.engine.add("b2")
    campaign = scene.run(plan)
    assert scene.engine.posts("deactivate") == 0
    assert (campaign.host.state, campaign.host.straggler_ids) == ("not_started", ("b1", "b2"))
    assert campaign.host.reason.count("network guests is missing") == 2
    assert "Attach it." in str(campaign)


def test_blocked_vm_that_has_left_does_not_keep_the_host():
    """A person moved the blocked VM meanwhile: nothing is known to stay."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate", blocked=blocked_by_network("b1"))
    scene.engine.add("b1", host="h3")
    assert scene.run(plan).host.state == "maintenance"


@pytest.mark.parametrize(
    ("return_host", "state", "status"),
    [(False, "stuck", "preparing_for_maintenance"), (True, "reactivated", "up")],
)
def test_refused_maintenance_that_has_begun(return_host, state, status):
    """The engine refuses without a reason and begins: named VMs, the host activated again on request."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate")
    scene.engine.add("late")
    scene.engine.refused_but_begun.add("h1")
    scene.engine.at(30, "set_affinity", "late", "user_migratable")
    campaign = scene.run(plan, return_host=return_host)
    assert (campaign.host.state, scene.engine.hosts["h1"]) == (state, status)
    assert campaign.host.straggler_ids == ("late",)
    assert "late (user_migratable)" in campaign.host.reason
    assert (campaign.exit_code, scene.engine.posts("activate")) == (3, int(return_host))


def test_refused_maintenance_that_has_begun_ends_when_the_vms_leave():
    """The stragglers can be moved: the host arrives in maintenance although the engine had refused."""
    scene = a_full_host(1)
    plan = a_plan(scene.engine, "v1", kind="evacuate")
    scene.engine.add("late")
    scene.engine.refused_but_begun.add("h1")
    campaign = scene.run(plan)
    assert (campaign.host.state, campaign.exit_code) == ("maintenance", 0)
    assert scene.engine.posts("migrate", "late") == 1


def test_vms_that_the_engine_moves_itself_do_not_keep_the_host():
    """The engine's own VM is left to maintenance, whatever its placement settings are."""
    scene = a_full_host(1)
    remaining = (Remaining(vm_id="HostedEngine", vm_name="HostedEngine", reason="the engine's own VM"),)
    plan = a_plan(scene.engine, "v1", kind="evacuate", remaining=remaining)
    scene.engine.add("HostedEngine", affinity="user_migratable")
    campaign = scene.run(plan)
    assert (campaign.host.state, campaign.exit_code) == ("maintenance", 0)
    assert scene.engine.posts("migrate", "HostedEngine") == 0


def test_vms_that_the_account_does_not_see_keep_the_host():
    """The host counts more VMs than the account sees: maintenance is not requested."""
    scene = a_full_host(1)
    read = scene.engine.host_states
    scene.engine.host_states = lambda ids: {  # type: ignore[method-assign]
        key: msgspec.structs.replace(state, vms_active=3) for key, state in read(ids).items()
    }
    campaign = evacuate(scene)
    assert (campaign.host.state, scene.engine.posts("deactivate")) == ("not_started", 0)
    assert "counts 3 VMs" in campaign.host.reason


RUNNING_TASKS = (
    "[Cannot switch Host to Maintenance mode. Host has asynchronous running tasks,\n"
    "wait for operation to complete and retry.]"
)


def test_maintenance_that_is_blocked_is_requested_again():
    """A storage task on the host ends by itself: the request is repeated until it is accepted."""
    scene = a_full_host(1)
    busy = Refused(status_code=409, detail=RUNNING_TASKS)
    accept = scene.engine._deactivate
    scene.engine._deactivate = lambda *args: busy if scene.clock.monotonic() < 300 else accept(*args)  # type: ignore[method-assign]
    campaign = evacuate(scene)
    assert (campaign.host.state, campaign.exit_code) == ("maintenance", 0)
    assert 3 <= scene.engine.posts("deactivate") <= 8


def test_maintenance_that_stays_blocked_is_refused_with_a_remedy():
    """After the time of blocked requests the engine's sentence and its remedy are reported."""
    scene = a_full_host(1)
    scene.engine._deactivate = lambda *_: Refused(status_code=409, detail=RUNNING_TASKS)  # type: ignore[method-assign]
    campaign = evacuate(scene)
    assert campaign.host.state == "refused"
    assert "storage tasks of this host" in campaign.host.reason
    assert 600 <= scene.clock.monotonic() < 1200


def test_empty_host_that_waits_for_an_image_transfer_is_explained():
    """Maintenance waits for transfers over the host: named with disk, phase and remedy."""
    scene = a_full_host(0)
    scene.engine.transfers.append(
        TransferState(
            transfer_id="t1", host_id="h1", disk_id="disk-7", phase="transferring", direction="upload"
        )
    )
    campaign = evacuate(scene)
    assert campaign.host.state == "failed"
    assert "upload of disk disk-7 (transferring)" in campaign.host.reason
    assert "cancel the transfer" in campaign.host.reason
    assert any("disk-7" in p.note for p in scene.told if p.phase == Phase.ENTERING_MAINTENANCE)
