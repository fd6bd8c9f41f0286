"""Plans at their edges: what blocks, who goes first, which hosts are avoided, how long it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from rhevmig.errors import InvalidArgument, NotMigratable
from rhevmig.inventory import ConvergenceStep, Inventory, MigrationOptions, MigrationPolicy
from rhevmig.planning import Estimate, Move, Plan, PlanHost, plan_evacuation, plan_migration
from rhevmig.planning.evacuation import fingerprint
from rhevmig.planning.makespan import estimate_window
from rhevmig.units import GIB, GIGABIT
from tests.builders import (
    NOW,
    a_cluster,
    a_group,
    a_host,
    a_vm,
    an_inventory,
    usual_nics,
    with_nic,
)


def three_hosts(**difference: Any) -> Inventory:
    hosts = tuple(a_host(f"h{n}", nics=usual_nics(n)) for n in (1, 2, 3))
    return an_inventory(**{"hosts": hosts, **difference})


def evacuate(inventory: Inventory, **options: Any) -> Plan:
    return plan_evacuation(inventory, "h1", **options)


# ── one VM ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("vm", "host", "reason"),
    [
        ({"status": "down", "host_id": None}, None, "it is down"),
        ({}, "h1", "it already runs on h1"),
        ({}, "h2", "host h2 is maintenance"),
        ({}, "far", "host far is in cluster other, the VM in cl"),
    ],
)
def test_what_no_filter_needs_to_judge(vm: dict[str, Any], host: str | None, reason: str) -> None:
    """Not running, the same host, a host that is not up, another cluster: each its own sentence."""
    inventory = an_inventory(
        vms=(a_vm(**vm),),
        hosts=(a_host("h1"), a_host("h2", status="maintenance"), a_host("far", cluster_id="other")),
        clusters=(a_cluster(), a_cluster("other")),
    )
    with pytest.raises(NotMigratable) as caught:
        plan_migration(inventory, "web01", host)
    assert caught.value.reasons == (reason,)


def test_force_applies_to_the_obstacle_that_it_helps_against() -> None:
    """A user-migratable VM moves with force and is marked; a pinned one stays blocked with its remedy."""
    by_hand = an_inventory(vms=(a_vm(affinity="user_migratable"),))
    assert plan_migration(by_hand, "web01").moves == ()
    assert plan_migration(by_hand, "web01").blocked[0].remedy
    (move,) = plan_migration(by_hand, "web01", force=True).moves
    assert move.force
    (ordinary,) = plan_migration(an_inventory(), "web01", force=True).moves
    assert not ordinary.force
    pinned = plan_migration(an_inventory(vms=(a_vm(affinity="pinned"),)), "web01", force=True)
    assert (pinned.moves, len(pinned.blocked)) == ((), 1)


def test_a_named_host_that_refuses_blocks_and_a_doubtful_one_does_not() -> None:
    """The refusal names host and filter; a doubt about the named host is said, about others not."""
    hosts = (
        a_host("h1"),
        a_host("full", max_scheduling_memory_bytes=0),
        a_host("dark", nics=None, network_attachments=None),
        a_host("good"),
    )
    inventory = an_inventory(hosts=hosts)
    refused = plan_migration(inventory, "web01", "full")
    assert refused.moves == ()
    assert refused.blocked[0].reasons[0].startswith("full: Memory: ")
    assert refused.not_judged == ()
    doubtful = plan_migration(inventory, "web01", "dark")
    assert len(doubtful.moves) == 1
    assert doubtful.not_judged == ("whether dark may receive it could not be judged",)
    certain = plan_migration(inventory, "web01", "good")
    assert certain.not_judged == ()
    assert certain.moves[0].destination_host_id == "good"
    assert {c.name: c.allowed for c in certain.candidates} == {
        "full": "no",
        "dark": "unknown",
        "good": "yes",
    }


def test_a_vm_that_no_host_takes_has_a_sentence_per_host() -> None:
    """Every other host is named with the filter that refuses; without another host that is the reason."""
    full = an_inventory(
        hosts=(a_host("h1"), *(a_host(f"h{n}", max_scheduling_memory_bytes=0) for n in (2, 3)))
    )
    (blocked,) = plan_migration(full, "web01").blocked
    assert [reason.split(":")[0] for reason in blocked.reasons] == ["h2", "h3"]
    (alone,) = plan_migration(an_inventory(hosts=(a_host("h1"),)), "web01").blocked
    assert "no other host" in alone.reasons[0]


# ── a host ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "can_be_evacuated"),
    [
        ("up", True),
        ("non_operational", True),
        ("preparing_for_maintenance", True),
        ("maintenance", False),
        ("non_responsive", False),
        ("down", False),
    ],
)
def test_which_hosts_can_be_evacuated(status: str, can_be_evacuated: bool) -> None:
    """Hosts that run VMs and answer can; the others are bad input that names the status."""
    inventory = an_inventory(hosts=(a_host("h1", status=status), a_host("h2")))
    if can_be_evacuated:
        assert evacuate(inventory).kind == "evacuate"
    else:
        with pytest.raises(InvalidArgument, match=status):
            evacuate(inventory)


def test_alternatives_are_other_hosts_that_are_not_left_out() -> None:
    """Neither the destination nor the evacuated nor an excluded host is an alternative."""
    hosts = tuple(a_host(f"h{n}", nics=usual_nics(n)) for n in (1, 2, 3, 4))
    (move,) = evacuate(an_inventory(hosts=hosts), exclude_hosts=("h4",)).moves
    assert {move.destination_host_id, *move.alternatives} == {"h2", "h3"}
    assert move.destination_host_id not in move.alternatives
    assert move.reasons


def test_the_longest_move_is_first_and_names_break_ties() -> None:
    """Larger VMs start before smaller ones, equal ones in the order of their names."""
    vms = (
        a_vm("b-small", memory_bytes=1 * GIB),
        a_vm("a-small", memory_bytes=1 * GIB),
        a_vm("huge", memory_bytes=16 * GIB),
    )
    plan = evacuate(three_hosts(vms=vms))
    assert [(m.number, m.vm_name) for m in plan.moves] == [(1, "huge"), (2, "a-small"), (3, "b-small")]
    assert all(m.led_by is None for m in plan.moves)


def test_the_first_of_vms_that_stay_together_leads_the_others() -> None:
    """The move with the lowest number leads; they have no alternatives, and others are not led."""
    pair = a_group("pair", vms=("a", "b", "c"), vms_rule="together")
    vms = (*(a_vm(name, memory_bytes=n * GIB) for n, name in enumerate("abc", 1)), a_vm("single"))
    plan = evacuate(three_hosts(vms=vms, affinity_groups=(pair,)))
    leads = {m.vm_name: (m.number, m.led_by) for m in plan.moves}
    assert leads["c"] == (1, None)
    assert {leads["a"][1], leads["b"][1]} == {1}
    assert leads["single"][1] is None
    alternatives = {m.vm_name: m.alternatives for m in plan.moves}
    assert alternatives["a"] == ()
    assert alternatives["single"] != ()


def slow(name: str, number: int, gbit: float) -> Any:
    return a_host(name, nics=with_nic(usual_nics(number), "eth1", speed_bits_per_second=int(gbit * GIGABIT)))


@pytest.mark.parametrize(("gbit", "is_avoided"), [(4, True), (5, False)])
def test_a_host_with_less_than_half_of_the_fastest_link_is_avoided(gbit: float, is_avoided: bool) -> None:
    """Exactly half is good enough; a slower one is used last and remarked when it is used."""
    small = a_host("h3", nics=usual_nics(3), max_scheduling_memory_bytes=10 * GIB)
    hosts = (a_host("h1"), slow("slow", 2, gbit), small)
    (move,) = evacuate(an_inventory(hosts=hosts)).moves
    assert (move.destination_host_id == "h3") == is_avoided
    only = evacuate(an_inventory(hosts=hosts[:2]))
    assert only.moves[0].destination_host_id == "slow"
    remark = f"slow has a slow migration link ({gbit:g} Gbit/s)"
    assert (remark in only.notes) == is_avoided


def test_a_host_without_a_usable_migration_network_is_avoided_and_remarked() -> None:
    """Its reason and the consequence stand in the notes only when the plan uses it."""
    without = a_host("h2", nics=with_nic(usual_nics(2), "eth1.100", ip_address=None))
    used = evacuate(an_inventory(hosts=(a_host("h1"), without)))
    assert used.notes == (
        "h2: eth1.100 has no address, the engine silently falls back to the management network",
    )
    unused = evacuate(an_inventory(hosts=(a_host("h1"), without, a_host("h3", nics=usual_nics(3)))))
    assert (unused.moves[0].destination_host_id, unused.notes) == ("h3", ())


def test_a_link_of_unknown_speed_is_not_slow() -> None:
    """A speed that is not reported does not make a host the second choice."""
    silent = a_host("h2", nics=with_nic(usual_nics(2), "eth1", speed_bits_per_second=None))
    plan = evacuate(an_inventory(hosts=(a_host("h1"), silent, a_host("h3", nics=usual_nics(3)))))
    assert plan.notes == ()
    assert plan.moves[0].destination_host_id == "h2"


def test_an_inventory_that_changed_while_read_is_remarked() -> None:
    """A plan from two instants says so."""
    instant = msgspec.structs.replace(an_inventory().instant, torn_ids=("web01",))
    assert any("changed while it was read" in note for note in evacuate(an_inventory(instant=instant)).notes)
    assert evacuate(an_inventory()).notes == ()


# ── what a plan depends on ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "vm",
    [
        {"status": "paused"},
        {"host_id": "h2"},
        {"cluster_id": "other"},
        {"affinity": "pinned"},
        {"memory_bytes": 2 * GIB},
    ],
)
def test_the_fingerprint_follows_the_vm(vm: dict[str, Any]) -> None:
    """Status, host, cluster, affinity and memory of a VM change it; its name does not."""
    before = fingerprint(an_inventory(), {"web01"}, {"h1"})
    assert fingerprint(an_inventory(vms=(a_vm(**vm),)), {"web01"}, {"h1"}) != before
    assert fingerprint(an_inventory(vms=(a_vm(name="renamed", id="web01"),)), {"web01"}, {"h1"}) == before


def test_the_fingerprint_follows_the_hosts_of_the_plan_only() -> None:
    """A host of the plan in another state changes it, a stranger does not."""
    before = fingerprint(an_inventory(), {"web01"}, {"h1"})
    changed = an_inventory(hosts=(a_host("h1", status="maintenance"), a_host("h2")))
    assert fingerprint(changed, {"web01"}, {"h1"}) != before
    stranger = an_inventory(hosts=(a_host("h1"), a_host("h2", status="maintenance")))
    assert fingerprint(stranger, {"web01"}, {"h1"}) == before
    assert fingerprint(stranger, {"web01"}, {"h1", "h2"}) != before


def test_a_plan_has_the_time_that_it_is_given() -> None:
    """The inventory's instant by default."""
    later = NOW + timedelta(hours=1)
    assert evacuate(an_inventory()).created_at == NOW
    assert evacuate(an_inventory(), now=later).created_at == later


# ── how long ─────────────────────────────────────────────────────────────────────────────────────


def move(number: int, seconds: float | None, *, source: str = "h1", destination: str | None = "h2") -> Move:
    return Move(
        number=number,
        vm_id=f"v{number}",
        vm_name=f"v{number}",
        cluster_id="cl",
        source_host_id=source,
        destination_host_id=destination,
        estimate=Estimate(p50_s=seconds, p90_s=None if seconds is None else 2 * seconds),
    )


def limits(**at_once: tuple[int, int]) -> dict[str, PlanHost]:
    return {
        name: PlanHost(host_id=name, name=name, cluster_id="cl", max_outgoing=out, max_incoming=into)
        for name, (out, into) in at_once.items()
    }


@pytest.mark.parametrize(
    ("moves", "hosts", "seconds"),
    [
        ([], {}, None),
        ([move(1, 10)], {}, 10),
        ([move(1, 10), move(2, 20), move(3, 30)], {}, 40),
        ([move(1, 10), move(2, 20), move(3, 30)], limits(h1=(1, 1), h2=(1, 1)), 60),
        ([move(1, 10), move(2, 20), move(3, 30)], limits(h1=(3, 3), h2=(3, 3)), 30),
        ([move(1, 10), move(2, 20)], limits(h1=(2, 2), h2=(2, 1)), 30),
        ([move(1, 10), move(2, 20, destination="h3")], limits(h1=(2, 2), h2=(2, 1), h3=(2, 1)), 20),
        ([move(1, 10), move(2, 20, source="h3")], limits(h1=(1, 1), h2=(2, 2), h3=(1, 1)), 20),
        ([move(1, 10, destination=None), move(2, 20, destination=None)], limits(h1=(2, 2)), 20),
        ([move(1, 10), move(2, None)], {}, None),
        ([move(1, 0), move(2, 5)], limits(h1=(1, 1), h2=(1, 1)), 5),
    ],
)
def test_the_window_respects_the_limits_of_both_hosts(
    moves: list[Move], hosts: dict[str, PlanHost], seconds: float | None
) -> None:
    """Outgoing and incoming slots bound what runs at once; unknown hosts have two outgoing slots."""
    whole = estimate_window(moves, hosts)
    assert whole.p50_s == seconds
    assert whole.p90_s == (None if seconds is None else 2 * seconds)
    unknown = sum(each.estimate.p50_s is None for each in moves)
    said = [text for text in whole.assumptions if "no estimate" in text]
    assert said == (
        [f"{unknown} of {len(moves)} moves have no estimate, so the whole has none"] * bool(unknown)
    )


def test_assumptions_of_the_moves_are_those_of_the_whole_once() -> None:
    """The same assumption of two moves is one sentence, in the order of the moves."""
    first = msgspec.structs.replace(move(1, 1), estimate=Estimate(p50_s=1, assumptions=("a", "b")))
    second = msgspec.structs.replace(move(2, 1), estimate=Estimate(p50_s=1, assumptions=("b", "c")))
    assert estimate_window([first, second], {}).assumptions == ("a", "b", "c")


# ── as text ──────────────────────────────────────────────────────────────────────────────────────


def test_the_text_of_an_evacuation() -> None:
    """Every VM has a line with hosts, memory, time, force, leader; blocked ones have reason and remedy."""
    pair = a_group("pair", vms=("a", "b"), vms_rule="together")
    vms = (
        a_vm("a", memory_bytes=4 * GIB),
        a_vm("b", affinity="user_migratable"),
        a_vm("pin", affinity="pinned"),
    )
    text = str(evacuate(three_hosts(vms=vms, affinity_groups=(pair,)), force=True))
    lines = text.splitlines()
    assert lines[0].startswith("Evacuate host h1: 2 to move, 1 blocked  (about ")
    assert ", 90 % within " in lines[0]
    assert "  1  a  h1 → h" in lines[1]
    assert "4 GiB" in lines[1]
    assert "(force)" not in lines[1]
    assert "(together with 1)" in lines[2]
    assert "(force)" in lines[2]
    assert "    –  pin stays: it is pinned to its host" in lines
    assert any(line.strip().startswith("Set its placement policy") for line in lines)


def test_the_text_of_one_vm() -> None:
    """Hosts are listed as possible, refusing or unknown; without an estimate no time is claimed."""
    hosts = (
        a_host("h1"),
        a_host("full", max_scheduling_memory_bytes=0),
        a_host("dark", nics=None),
        a_host("ok"),
    )
    lines = str(plan_migration(an_inventory(hosts=hosts), "web01")).splitlines()
    assert lines[0].startswith("Migrate VM web01: 1 to move, 0 blocked")
    assert "→ any host" in lines[1]
    words = {line.split()[0]: line for line in lines[2:]}
    assert "full refuses: Memory: " in words["full"]
    assert "dark cannot be judged: " in words["dark"]
    assert words["ok"].endswith("ok is possible")
    untimed = Plan(kind="migrate", created_at=NOW, engine=an_inventory().engine, moves=(move(1, None),))
    assert "about" not in str(untimed)
    assert untimed.host_name("nowhere") == "nowhere"


def test_a_policy_that_aborts_is_named_in_the_text() -> None:
    """The share of loads that the policy aborts stands behind the time."""
    aborting = msgspec.structs.replace(
        move(1, 60), estimate=Estimate(p50_s=60, p90_s=90, outcomes={"aborted": 0.25})
    )
    text = str(Plan(kind="migrate", created_at=NOW, engine=an_inventory().engine, moves=(aborting,)))
    assert "(about 1 min, 90 % within 1 min 30 s, the policy aborts 25% of plausible loads)" in text


# ── what the plan records ────────────────────────────────────────────────────────────────────────


def test_a_single_move_is_the_first_and_only_hosts_of_its_cluster_are_in_the_plan() -> None:
    """Number 1, and no host of a cluster whose id sorts before or after."""
    hosts = (a_host("h1"), a_host("h2"), a_host("a", cluster_id="aa"), a_host("z", cluster_id="zz"))
    plan = plan_migration(an_inventory(hosts=hosts), "web01")
    assert [each.number for each in plan.moves] == [1]
    assert {host.name for host in plan.hosts} == {"h1", "h2"}
    assert {host.name for host in evacuate(an_inventory(hosts=hosts)).hosts} == {"h1", "h2"}


def test_clusters_are_named_in_the_reason_or_shown_by_id() -> None:
    """The name of each cluster where it was seen, else its id."""
    hosts = (a_host("h1"), a_host("far", cluster_id="c2"))
    for clusters, reason in (
        ((a_cluster("cl", name="main"), a_cluster("c2", name="edge")), "in cluster edge, the VM in main"),
        ((a_cluster("cl", name="main"),), "in cluster c2, the VM in main"),
        ((a_cluster("c2", name="edge"),), "in cluster edge, the VM in cl"),
    ):
        with pytest.raises(NotMigratable) as caught:
            plan_migration(an_inventory(hosts=hosts, clusters=clusters), "web01", "far")
        assert caught.value.reasons == (f"host far is {reason}",)


@pytest.mark.parametrize(
    ("before", "after", "index"), [(7, 9, 9), (7, None, 7), (None, 9, 9), (None, None, None)]
)
def test_the_newest_event_of_the_inventory_is_recorded(
    before: int | None, after: int | None, index: int | None
) -> None:
    """The event index after reading, or before where only that is known."""
    instant = msgspec.structs.replace(
        an_inventory().instant, event_index_before=before, event_index_after=after
    )
    assert evacuate(an_inventory(instant=instant)).event_index == index


def with_policy(**difference: Any) -> Inventory:
    policy = MigrationPolicy(**{"id": "p", "name": "odd", "max_migrations": 3, **difference})
    cluster = a_cluster(migration=MigrationOptions(policy_id="p"))
    return an_inventory(clusters=(cluster,), migration_policies=(policy,))


def test_migrations_at_once_are_those_of_the_policy_or_two() -> None:
    """A policy that does not report its number allows two, as the engine's own policies do."""
    assert {h.max_outgoing for h in evacuate(with_policy()).hosts} == {3}
    assert {h.max_incoming for h in evacuate(with_policy(max_migrations=None)).hosts} == {2}


def test_a_schedule_with_an_unknown_action_is_an_assumption() -> None:
    """A newer engine may have actions that are not known: the plan says what it assumed instead."""
    odd = with_policy(convergence_steps=(ConvergenceStep(action="teleport", params=(), stalling_limit=1),))
    (move,) = plan_migration(odd, "web01", "h2").moves
    assert any("schedule of 'odd' is not known" in text for text in move.estimate.assumptions)
    (known,) = plan_migration(with_policy(), "web01", "h2").moves
    assert not [text for text in known.estimate.assumptions if "schedule of" in text]


def test_hosts_of_a_plan_are_found_by_name_and_id() -> None:
    """Exactly the one of that name, wherever it is in the list; None where there is none."""
    hosts = tuple(PlanHost(host_id=f"id-{name}", name=name, cluster_id="cl") for name in "abc")
    plan = Plan(kind="migrate", created_at=NOW, engine=an_inventory().engine, hosts=hosts)
    assert [plan.find_host_id(name) for name in ("a", "b", "c", "d", None)] == [
        "id-a",
        "id-b",
        "id-c",
        None,
        None,
    ]
    assert [plan.host_name(f"id-{name}") for name in "abcd"] == ["a", "b", "c", "id-d"]
    assert plan.find_host("id-b") == hosts[1]
    assert plan.host_name(None) == "any host"
