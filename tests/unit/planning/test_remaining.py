"""Evacuating a host with the engine's own VM, or with VMs that the engine does not manage."""

from __future__ import annotations

import pytest

from rhevmig.inventory import Inventory
from rhevmig.planning import plan_evacuation
from tests.builders import a_host, a_vm, an_inventory


def a_hosted_engine(*, origin: str = "managed_hosted_engine", **h2: object) -> Inventory:
    """`plain` and the engine's own VM on h1; `h2` is the other host with these values."""
    ready = {"hosted_engine_configured": True, "hosted_engine_score": 3400}
    return an_inventory(
        hosts=[a_host("h1", **ready), a_host("h2", **{**ready, **h2})],
        vms=[
            a_vm("plain", host_id="h1"),
            a_vm("HostedEngine", host_id="h1", origin=origin, affinity="user_migratable"),
        ],
    )


def test_the_engines_own_vm_is_left_to_maintenance():
    """Another host is ready for it: no move, no force, no obstacle."""
    plan = plan_evacuation(a_hosted_engine(), "h1")
    assert [move.vm_name for move in plan.moves] == ["plain"]
    assert ([item.vm_name for item in plan.remaining], plan.blocked) == (["HostedEngine"], ())
    assert "HostedEngine: the engine's own VM" in str(plan)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"hosted_engine_configured": False}, "not deployed"),
        ({"hosted_engine_score": 0}, "score is 0"),
        ({"hosted_engine_local_maintenance": True}, "local maintenance"),
        ({"hosted_engine_configured": None}, "was not read"),
        ({"hosted_engine_score": None}, "was not read"),
        ({"status": "maintenance"}, "no other host"),
    ],
)
def test_no_other_host_for_the_engines_own_vm_blocks(values, reason):
    """Without a host that can run it, or without knowing one, the VM blocks, with exactly that reason."""
    plan = plan_evacuation(a_hosted_engine(**values), "h1")
    (blocked,) = [item for item in plan.blocked if item.vm_name == "HostedEngine"]
    assert reason in " ".join(blocked.reasons)
    assert blocked.remedy
    assert plan.remaining == ()


def test_a_vm_that_the_engine_does_not_manage_stays():
    """Maintenance ignores it: named, not moved, and no obstacle."""
    plan = plan_evacuation(a_hosted_engine(origin="external"), "h1")
    assert ([item.vm_name for item in plan.remaining], plan.blocked) == (["HostedEngine"], ())
    assert "keeps running on the host" in str(plan)
