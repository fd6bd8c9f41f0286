"""Plans of an account that does not see everything: unknown, never "0 to move"."""

from __future__ import annotations

import pytest

from rhevmig.inventory import Unobserved
from rhevmig.planning import plan_evacuation, plan_migration
from tests.builders import a_host, a_vm, an_inventory


def test_vms_whose_host_is_not_seen_make_an_evacuation_incomplete() -> None:
    """Running VMs without a visible host may run on the host; the plan says so and what would help."""
    inventory = an_inventory(vms=tuple(a_vm(f"vm{n}", host_id=None) for n in range(3)))
    plan = plan_evacuation(inventory, "h1")
    assert plan.moves == ()
    assert plan.not_judged
    assert "3 running VMs" in plan.not_judged[0]
    assert "ReadOnlyAdmin" in plan.not_judged[0]
    assert "unknown: " in str(plan)


def test_a_host_that_counts_more_vms_makes_an_evacuation_incomplete() -> None:
    """The host reports more VMs than the account sees."""
    inventory = an_inventory(hosts=(a_host("h1", vms_total=4), a_host("h2")))
    assert "reports 4 VMs, 1 of them" in plan_evacuation(inventory, "h1").not_judged[0]
    seen = an_inventory(hosts=(a_host("h1", vms_total=1), a_host("h2")))
    assert plan_evacuation(seen, "h1").not_judged == ()


def test_unread_vms_make_an_evacuation_incomplete() -> None:
    """An account that may not list VMs gets no empty plan that looks complete."""
    unread = Unobserved(kind="vm", what="all", reason="403", remedy="")
    plan = plan_evacuation(an_inventory(vms=(), unobserved=(unread,)), "h1")
    assert plan.not_judged


def test_a_vm_whose_host_is_not_seen_has_no_move_and_says_why() -> None:
    """No crash and no silence: the plan of one VM names what was not seen."""
    plan = plan_migration(an_inventory(vms=(a_vm(host_id=None),)), "web01")
    assert plan.moves == ()
    assert "current host of web01 was not seen" in plan.not_judged[0]
    assert str(plan).startswith("Migrate VM –")


@pytest.mark.parametrize("unread", [{"affinity": None}, {"nics": None}])
def test_obstacles_that_could_not_be_judged_are_named(unread: dict[str, None]) -> None:
    """A VM whose placement policy or NICs were not read is not planned as if it were certain."""
    plan = plan_evacuation(an_inventory(vms=(a_vm(**unread),)), "h1")
    assert any(sentence.startswith("web01: ") for sentence in plan.not_judged) or plan.blocked
