"""Estimates follow the migration settings of cluster and VM."""

from __future__ import annotations

from typing import Any

import pytest

from rhevmig.inventory import ConvergenceStep, MigrationOptions, MigrationPolicy
from rhevmig.planning import Estimate, Move, PlanHost, plan_evacuation, plan_migration
from rhevmig.planning.makespan import estimate_window
from rhevmig.units import GIB, GIGABIT
from tests.builders import a_cluster, a_host, a_vm, an_inventory, usual_nics, with_nic


def a_policy(
    name: str, *last: str, limit_ms: str = "100", steps: int = 2, **difference: Any
) -> MigrationPolicy:
    """A policy with one downtime limit, some stalls that it tolerates, and its last actions."""
    usual: dict[str, Any] = {
        "id": name,
        "name": name,
        "max_migrations": 2,
        "auto_converge": False,
        "initial_steps": (ConvergenceStep(action="setDowntime", params=(limit_ms,)),),
        "convergence_steps": tuple(
            ConvergenceStep(action="setDowntime", params=(limit_ms,), stalling_limit=n)
            for n in range(1, steps)
        ),
        "last_steps": tuple(ConvergenceStep(action=action) for action in last),
    }
    return MigrationPolicy(**usual | difference)


ABORTS, SWITCHES = a_policy("aborts", "abort"), a_policy("switches", "postcopy", "abort")


def estimate(
    policy: MigrationPolicy = ABORTS,
    *,
    speed: int = GIGABIT,
    vm: dict[str, Any] | None = None,
    **setting: Any,
) -> Estimate:
    """The estimate of a 48 GiB VM from h1 to h2 under a policy."""
    settings = MigrationOptions(policy_id=policy.id, **setting)
    hosts = tuple(
        a_host(name, nics=with_nic(usual_nics(n), "eth1", speed_bits_per_second=speed))
        for n, name in enumerate(("h1", "h2"), 1)
    )
    inventory = an_inventory(
        clusters=(a_cluster(migration=settings),),
        hosts=hosts,
        vms=(a_vm(**{"memory_bytes": 48 * GIB, "cpu_sockets": 4, **(vm or {})}),),
        migration_policies=(ABORTS, SWITCHES, policy),
    )
    (move,) = plan_migration(inventory, "web01", "h2").moves
    return move.estimate


def test_a_policy_that_aborts_and_one_that_switches_give_different_estimates() -> None:
    """With an unknown dirty rate one may abort and has no ninth decile; the other always ends."""
    aborts, switches = estimate(ABORTS), estimate(SWITCHES)
    assert aborts.p90_s is None
    assert aborts.outcomes["aborted"] > 0.1
    assert aborts.converges == "uncertain"
    assert switches.p90_s is not None
    assert "aborted" not in switches.outcomes
    assert switches.converges == "yes"
    assert (aborts.migration_policy, switches.migration_policy) == ("aborts", "switches")


def test_the_plan_says_which_dirty_rate_it_assumes() -> None:
    """The engine does not report dirty rates, so every estimate names its assumption."""
    assert any("dirty rate is not known" in each for each in estimate().assumptions)


def test_the_downtime_limit_of_the_schedule_decides_the_pause() -> None:
    """A policy with a limit of two seconds pauses a busy VM longer than one of 100 ms."""
    short, long = estimate(), estimate(a_policy("long", "abort", limit_ms="2000"))
    assert short.downtime_s is not None
    assert long.downtime_s is not None
    assert long.downtime_s > 2 * short.downtime_s


def test_the_policy_of_the_vm_overrides_the_clusters() -> None:
    """A VM with a policy follows it; the cluster's number of migrations still divides the bandwidth."""
    own = estimate(ABORTS, vm={"migration": MigrationOptions(policy_id="switches")})
    assert own.migration_policy == "switches"
    assert own.outcomes == estimate(SWITCHES).outcomes


def test_a_paused_vm_has_no_post_copy() -> None:
    """The engine leaves post-copy out for a paused VM."""
    assert "post-copy" not in estimate(SWITCHES, vm={"status": "paused"}).outcomes
    assert "post-copy" in estimate(SWITCHES).outcomes


def test_auto_converge_lets_more_copies_end() -> None:
    """Throttling the VM lowers the share that the policy aborts."""
    plain, throttled = (
        estimate(a_policy("patient", "abort", steps=12, auto_converge=switch)) for switch in (False, True)
    )
    assert throttled.outcomes.get("aborted", 0) < plain.outcomes["aborted"]


@pytest.mark.parametrize(
    ("setting", "mib_s", "limited_by"),
    [
        ({}, 62, "source_link"),
        ({"bandwidth_method": "custom", "bandwidth_custom_mbps": 400}, 25, "custom"),
        ({"bandwidth_method": "hypervisor_default"}, 52, "vdsm_default"),
    ],
)
def test_the_bandwidth_limit_of_the_cluster(setting: dict[str, Any], mib_s: int, limited_by: str) -> None:
    """The engine's arithmetic: divided by eight and by the migrations at once, in whole MiB/s."""
    found = estimate(**setting)
    assert (found.bandwidth_bytes_s, found.limited_by) == (mib_s * 2**20, limited_by)


@pytest.mark.parametrize(
    ("speed", "sockets", "at_once"), [(25 * GIGABIT, 4, 1), (25 * GIGABIT, 1, 2), (10 * GIGABIT, 4, 2)]
)
def test_automatic_parallel_connections_need_bandwidth_and_vcpus(
    speed: int, sockets: int, at_once: int
) -> None:
    """From two connections of 10 Gbit/s and two vCPUs on; then one migration at once and no post-copy."""
    found = estimate(SWITCHES, speed=speed, vm={"cpu_sockets": sockets}, parallel_policy="auto")
    assert found.max_migrations == at_once
    if at_once == 1:
        assert "post-copy" not in found.outcomes


def test_parallel_connections_need_compatibility_version_4_7() -> None:
    """A VM of an older compatibility version migrates with one stream."""
    old = estimate(
        speed=25 * GIGABIT, parallel_policy="auto_parallel", vm={"custom_compatibility_version": "4.6"}
    )
    assert old.max_migrations == 2
    assert estimate(speed=25 * GIGABIT, parallel_policy="auto_parallel").max_migrations == 1


def test_an_unread_policy_is_an_assumption() -> None:
    """Where the option could not be read the engine's preset is assumed, and the plan says so."""
    settings = MigrationOptions(policy_id="80554327-0569-496b-bdeb-fcbbf52b827c")
    inventory = an_inventory(clusters=(a_cluster(migration=settings),), migration_policies=())
    (move,) = plan_migration(inventory, "web01", "h2").moves
    assert move.estimate.migration_policy == "Suspend workload if needed"
    assert any("policy was not read" in each for each in move.estimate.assumptions)


def test_no_policy_means_legacy() -> None:
    """A cluster without a policy migrates with the host's own schedule and the VM's downtime limit."""
    inventory = an_inventory(clusters=(a_cluster(migration=MigrationOptions()),))
    (move,) = plan_migration(inventory, "web01", "h2").moves
    assert move.estimate.migration_policy == "Legacy"
    assert not any("policy" in each for each in move.estimate.assumptions)


def test_a_move_without_an_estimate_leaves_the_whole_without_one() -> None:
    """The time of a plan is not that of the moves that happen to be known."""
    hosts = {name: PlanHost(host_id=name, name=name, cluster_id="c") for name in ("a", "b")}
    moves = [
        Move(
            number=n,
            vm_id=str(n),
            vm_name=str(n),
            cluster_id="c",
            source_host_id="a",
            destination_host_id="b",
            estimate=Estimate(p50_s=seconds, p90_s=seconds),
        )
        for n, seconds in enumerate((10.0, None), 1)
    ]
    whole = estimate_window(moves, hosts)
    assert (whole.p50_s, whole.p90_s) == (None, None)
    assert "1 of 2 moves have no estimate, so the whole has none" in whole.assumptions
    assert estimate_window(moves[:1], hosts).p50_s == 10.0


def test_the_text_of_a_plan_names_what_the_policy_may_abort() -> None:
    """A plan without a ninth decile says why."""
    inventory = an_inventory(
        clusters=(a_cluster(migration=MigrationOptions(policy_id="aborts")),),
        migration_policies=(ABORTS,),
        vms=(a_vm(memory_bytes=32 * GIB),),
        hosts=tuple(
            a_host(name, nics=with_nic(usual_nics(n), "eth1", speed_bits_per_second=GIGABIT))
            for n, name in enumerate(("h1", "h2"), 1)
        ),
    )
    assert "the policy aborts" in str(plan_evacuation(inventory, "h1"))
