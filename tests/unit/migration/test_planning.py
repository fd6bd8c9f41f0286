"""Plans: who goes where, what blocks, how long; saved, loaded, and refused when they are old."""

from __future__ import annotations

import json

import msgspec
import pytest

from rhevmig.errors import FileDamaged, InvalidArgument, InventoryError, NotFound, NotMigratable, PlanOutdated
from rhevmig.migration import run
from rhevmig.planning import Plan, load_plan, plan_evacuation, plan_migration
from rhevmig.planning.makespan import estimate_window
from rhevmig.planning.plan import Estimate, Move, PlanHost
from tests.recorded import recorded_inventory
from tests.unit.migration.scenes import Scene, a_plan

INVENTORY = recorded_inventory()


def test_evacuation_places_every_vm_or_says_why():
    """On the recorded engine: three VMs of kvm08 go to hosts that the engine itself would take."""
    plan = plan_evacuation(INVENTORY, "kvm08")
    names = {move.vm_name: plan.host_name(move.destination_host_id) for move in plan.moves}
    assert set(names) == {"erp01", "erp02", "mail02"}
    for move in plan.moves:
        assert move.destination_host_id in INVENTORY.migration_targets[move.vm_id]
        assert move.reasons
        assert move.estimate.p50_s is not None


def test_vms_that_cannot_go_are_blocked_with_their_reason():
    """A pinned VM blocks, a user-migratable one does unless force is given."""
    pinned = plan_evacuation(INVENTORY, "kvm06")
    assert [item.vm_name for item in pinned.blocked] == ["amd-web01"]
    assert "pinned" in " ".join(pinned.blocked[0].reasons)
    without = {item.vm_name for item in plan_evacuation(INVENTORY, "kvm02").blocked}
    with_force = plan_evacuation(INVENTORY, "kvm02", force=True)
    assert {"app01", "web03"} <= without
    assert not {"app01", "web03"} & {
        item.vm_name for item in with_force.blocked if "user" in str(item.reasons)
    }
    assert {move.vm_name for move in with_force.moves if move.force} <= {"app01", "web03"}


def test_excluded_hosts_take_nothing():
    """A host that is left out is no destination and no alternative."""
    everywhere = plan_evacuation(INVENTORY, "kvm08")
    used = {move.destination_host_id for move in everywhere.moves}
    name = everywhere.host_name(sorted(host for host in used if host)[0])
    plan = plan_evacuation(INVENTORY, "kvm08", exclude_hosts=[name])
    assert name not in {
        plan.host_name(h) for m in plan.moves for h in (m.destination_host_id, *m.alternatives)
    }


def test_longest_moves_start_first():
    """What is left at the end is short: the plan's order is by estimated length."""
    plan = plan_evacuation(INVENTORY, "kvm08")
    lengths = [move.estimate.p50_s for move in plan.moves]
    assert lengths == sorted(lengths, reverse=True)
    assert [move.number for move in plan.moves] == [1, 2, 3]


def test_one_vm_with_all_hosts_told():
    """Which hosts could take it and what refuses on the others, in the engine's filter names."""
    plan = plan_migration(INVENTORY, "web01")
    told = {item.name: (item.allowed, " ".join(item.reasons)) for item in plan.candidates}
    assert told["kvm03"][0] == "yes"
    assert told["kvm01"][1].startswith("Network")
    assert plan.moves[0].destination_host_id is None


@pytest.mark.parametrize(
    ("vm", "host", "words"),
    [
        ("web01", "kvm05", "cluster"),
        ("web01", "kvm04", "already"),
        ("spare01", None, "down"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_line(vm, host, words):
    """Another cluster, the same host, a VM that is down: an error at once, exit code 3."""
    with pytest.raises(NotMigratable, match=words) as caught:
        plan_migration(INVENTORY, vm, host)
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message


def test_unknown_names_are_told():
    """A VM or host that is not there is a usage error."""
    for call in (
        lambda: plan_migration(INVENTORY, "nobody"),
        lambda: plan_migration(INVENTORY, "web01", "nowhere"),
        lambda: plan_evacuation(INVENTORY, "nowhere"),
    ):
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.exit_code == 2


def test_host_that_cannot_be_emptied():
    """A host in maintenance has nothing to empty."""
    host = msgspec.structs.replace(INVENTORY.host("kvm08"), status="maintenance")
    hosts = tuple(host if h.id == host.id else h for h in INVENTORY.hosts)
    with pytest.raises(InvalidArgument, match="maintenance"):
        plan_evacuation(msgspec.structs.replace(INVENTORY, hosts=hosts), "kvm08")


def test_named_host_that_refuses_blocks_the_plan():
    """The filter that says no is the reason; running the plan asks for nothing."""
    plan = plan_migration(INVENTORY, "web01", "kvm01")
    assert not plan.moves
    assert "Network" in plan.blocked[0].reasons[0]
    with pytest.raises(NotMigratable, match="Network"):
        run(plan, Scene().engine, journal=":memory:")


def test_plan_comes_back_equal(tmp_path):
    """Saved and loaded a plan is the same plan."""
    plan = plan_evacuation(INVENTORY, "kvm08")
    assert load_plan(plan.save(tmp_path / "plan.json")) == plan


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "not a readable plan"),
        ("nonsense", "not a readable plan"),
        ('{"format": "rhevmig-plan", "schema_version": 9, "plan": {}}', "plan schema 9"),
        ('{"format": "rhevmig-plan", "schema_version": 1, "plan": {"kind": "migrate"}}', "created_at"),
    ],
)
def test_damaged_plan_is_one_clear_error(tmp_path, content, words):
    """What is wrong, and where."""
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(InventoryError, match=words) as caught:
        load_plan(path)
    assert caught.value.exit_code == 2
    with pytest.raises(FileDamaged, match="No such file"):
        load_plan(tmp_path / "none.json")


def test_plan_reads_as_text():
    """Who, from where to where, how much, how long, why; and who stays."""
    text = str(plan_evacuation(INVENTORY, "kvm06"))
    assert text.splitlines()[0].startswith("Evacuate host kvm06: 1 to move, 1 blocked  (about")
    assert "amd-db01  kvm06 → kvm05" in text.replace("   ", "  ")
    assert "amd-web01 stays:" in text


def test_plan_holds_its_engine_and_instant():
    """Engine, event index and fingerprint say what it was made from."""
    plan = plan_evacuation(INVENTORY, "kvm08")
    document = json.loads(msgspec.json.encode(plan))
    assert document["engine"]["url"] == INVENTORY.engine.url
    assert plan.event_index == INVENTORY.instant.event_index_after
    assert len(plan.fingerprint) == 32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("set_vm_host", "v1", "h3"), "v1 runs on host-h3 now"),
        (("remove_vm", "v1"), "v1 is gone"),
        (("set_host", "h2", "maintenance"), "host-h2 is maintenance now"),
    ],
)
def test_old_plan_is_refused_before_anything_is_asked(change, words):
    """The engine has moved on since the plan was made: nothing is done."""
    scene = Scene()
    plan = a_plan(scene.engine, "v1")
    if change[0] == "set_vm_host":
        scene.engine.set_vm(change[1], host=change[2])
    else:
        getattr(scene.engine, change[0])(*change[1:])
    with pytest.raises(PlanOutdated, match=words) as caught:
        scene.run(plan)
    assert caught.value.exit_code == 2
    assert scene.engine.acts == []


def test_plan_older_than_the_inventory_given_with_it():
    """A newer inventory that differs in what the plan rests on makes the plan old."""
    plan = plan_evacuation(INVENTORY, "kvm08")
    scene = Scene()
    vms = tuple(
        msgspec.structs.replace(vm, affinity="pinned") if vm.name == "erp01" else vm for vm in INVENTORY.vms
    )
    scene.engine.identity = lambda: plan.engine  # type: ignore[method-assign]
    newer = msgspec.structs.replace(INVENTORY, vms=vms)
    with pytest.raises(PlanOutdated, match="newer"):
        scene.run(plan, inventory=newer)


def test_plan_of_another_engine():
    """A plan is for one engine only."""
    scene = Scene()
    other = msgspec.structs.replace(
        a_plan(scene.engine, "v1").engine, url="https://other", instance_id="other"
    )
    plan = msgspec.structs.replace(a_plan(scene.engine, "v1"), engine=other)
    with pytest.raises(PlanOutdated, match="other"):
        scene.run(plan)


def test_window_estimate_uses_both_limits():
    """Four moves of ten seconds, two at once, take twenty; into one place at a time they take forty."""

    def taking(limit_out: int, limit_in: int) -> float | None:
        hosts = {
            "a": PlanHost(host_id="a", name="a", cluster_id="c", max_outgoing=limit_out),
            "b": PlanHost(host_id="b", name="b", cluster_id="c", max_incoming=limit_in),
        }
        moves = [
            Move(
                number=n,
                vm_id=str(n),
                vm_name=str(n),
                cluster_id="c",
                source_host_id="a",
                destination_host_id="b",
                estimate=Estimate(p50_s=10.0),
            )
            for n in range(4)
        ]
        return estimate_window(moves, hosts).p50_s

    assert (taking(2, 2), taking(2, 1), taking(4, 4)) == (20.0, 40.0, 10.0)


def test_limits_come_from_the_migration_policy():
    """Each host of a plan allows what its cluster's policy allows, two where none is set."""
    for host in ("kvm08", "kvm02", "kvm06"):
        plan = plan_evacuation(INVENTORY, host)
        cluster = INVENTORY.cluster(INVENTORY.host(host).cluster_id)
        policy = INVENTORY.migration_policy_of(cluster)
        allowed = plan.find_host(INVENTORY.host(host).id)
        assert allowed is not None
        assert allowed.max_outgoing == (policy.max_migrations if policy is not None else 2)


def test_parallel_connections_allow_one_migration_each_way():
    """A cluster that migrates over parallel connections: one out and one in at a time."""
    cluster = INVENTORY.cluster("tulsa-intel")
    assert cluster.migration is not None
    settings = msgspec.structs.replace(cluster.migration, parallel_policy="auto_parallel")
    changed = msgspec.structs.replace(cluster, migration=settings)
    clusters = tuple(changed if c.id == cluster.id else c for c in INVENTORY.clusters)
    plan = plan_evacuation(msgspec.structs.replace(INVENTORY, clusters=clusters), "kvm04")
    assert {host.max_outgoing for host in plan.hosts} == {1}


def test_json_schema_of_a_plan_can_be_made():
    """Editors and other programs can know the form of a plan."""
    assert "moves" in str(msgspec.json.schema(Plan))
