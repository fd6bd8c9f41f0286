"""VMs tied by hard affinity: one request moves them, and no event carries our id."""

from __future__ import annotations

import msgspec
import pytest

from rhevmig.migration import Options, Refused, Verdict
from rhevmig.planning import Plan, plan_evacuation
from tests.builders import a_group, a_vm, an_inventory
from tests.unit.migration.fake_engine import Course
from tests.unit.migration.scenes import Scene, a_plan


def tied(scene: Scene, *vm_ids: str, limit: int = 2) -> Plan:
    """`v1` and these on one host, tied together; `v1` leads."""
    for vm_id in vm_ids:
        scene.engine.add(vm_id)
    scene.engine.tied.append(("v1", *vm_ids))
    plan = a_plan(scene.engine, "v1", *vm_ids, kind="evacuate", limit=limit)
    moves = tuple(msgspec.structs.replace(m, led_by=1 if m.number > 1 else None) for m in plan.moves)
    return msgspec.structs.replace(plan, moves=moves)


@pytest.mark.parametrize("limit", [2, 9])
def test_one_request_moves_all(limit):
    """Three VMs, one request; each is settled by its own events although these carry other ids.

    Room for more migrations at once does not let those that go along start by themselves.
    """
    scene = Scene()
    campaign = scene.run(tied(scene, "v2", "v3", limit=limit))
    assert campaign.is_success
    assert scene.engine.posts() == 1
    assert {c.outcome.verdict for c in campaign.courses} == {Verdict.SUCCEEDED}
    assert all(c.outcome.downtime_ms == 74.0 for c in campaign.courses)
    assert campaign.host.state == "maintenance"


def test_refusal_is_everybodys():
    """The engine's no to the one request is the outcome of all."""
    scene = Scene()
    plan = tied(scene, "v2")
    scene.engine.refusals["v1"] = [
        Refused(status_code=409, detail="[Cannot migrate VM. VM is pinned to Host.]")
    ]
    campaign = scene.run(plan)
    assert [c.outcome.verdict for c in campaign.courses] == [Verdict.REFUSED, Verdict.REFUSED]


def test_partial_success_is_seen():
    """Engine: a VM without a place is skipped under HTTP 200. It is found out, and not asked for alone."""
    scene = Scene()
    plan = tied(scene, "v2", "v3")
    scene.engine.skipped.add("v2")
    campaign = scene.run(plan, options=Options(retries=2))
    verdicts = {c.vm_id: c.outcome.verdict for c in campaign.courses}
    assert verdicts == {
        "v1": Verdict.SUCCEEDED,
        "v2": Verdict.RETURNED_TO_SOURCE,
        "v3": Verdict.SUCCEEDED,
    }
    assert scene.engine.posts() == 1
    assert campaign.host.straggler_ids == ("v2",)


@pytest.mark.parametrize(("fate", "posts"), [("lost_done", 1), ("lost_undone", 2), ("not_sent", 1)])
def test_lost_answer_is_settled_by_the_vms_events(fate, posts):
    """No job and no event has our id, so the VMs' own events tell; only silence allows another request."""
    scene = Scene()
    plan = tied(scene, "v2")
    scene.engine.answers["migrate"] = [fate]
    assert scene.run(plan).is_success
    assert scene.engine.posts() == posts


def test_leader_that_left_leaves_the_others_to_themselves():
    """Somebody moves the leader before its turn: the others are asked for on their own."""
    scene = Scene()
    scene.engine.add("first")
    scene.engine.plan_course("first", Course(seconds=50))
    plan = tied(scene, "v2")
    whole = a_plan(scene.engine, "first", "v1", "v2", kind="evacuate", limit=1)
    moves = (*whole.moves[:2], msgspec.structs.replace(whole.moves[2], led_by=2))
    scene.engine.at(10, "other_moves", "v1", "h2")
    campaign = scene.run(msgspec.structs.replace(plan, moves=moves, hosts=whole.hosts))
    assert [c.outcome.verdict for c in campaign.courses] == [
        Verdict.SUCCEEDED,
        Verdict.MOVED_BY_OTHER,
        Verdict.SUCCEEDED,
    ]


def test_plan_ties_what_hard_affinity_ties():
    """A hard positive group on the host becomes one leader and those that go with it, to one host."""
    names = ("a", "b", "c")
    inventory = an_inventory(
        vms=[a_vm(name) for name in (*names, "free")],
        affinity_groups=[a_group("tied", vms=names[:2], vms_rule="together")],
    )
    plan = plan_evacuation(inventory, "h1")
    led = {move.vm_name: move.led_by for move in plan.moves}
    leaders = [move for move in plan.moves if move.vm_name in ("a", "b") and move.led_by is None]
    assert len(leaders) == 1
    assert sorted(led.values(), key=str) == sorted([leaders[0].number, None, None, None], key=str)
