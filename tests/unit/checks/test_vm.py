"""VM-001 and VM-027: pinned VMs, and VMs that the engine does not manage."""

from __future__ import annotations

from rhevmig.inventory import Unobserved
from tests.builders import a_vm, an_inventory
from tests.unit.checks.judged import findings, statuses, the_unknown


def test_vm_001_silent_where_it_may_move() -> None:
    """Migratable passes, and so does user-migratable, which says how it moves."""
    inventory = an_inventory(vms=(a_vm("a"), a_vm("b", affinity="user_migratable")))
    found = findings("VM-001", inventory)
    assert {name: f.status for name, f in found.items()} == {"a": "pass", "b": "pass"}
    assert "force" in found["b"].message


def test_vm_001_fires_on_a_pinned_vm() -> None:
    """A running pinned VM fails as a blocker and names its host."""
    found = findings("VM-001", an_inventory(vms=(a_vm(affinity="pinned", placement_host_ids=("h1",)),)))[
        "web01"
    ]
    assert (found.status, found.severity) == ("fail", "blocker")
    assert "h1" in found.message


def test_vm_001_not_applicable_to_the_engines_own_vm_and_to_vms_off() -> None:
    """The hosted engine is moved by its agents; a VM that is down does not move."""
    inventory = an_inventory(
        vms=(
            a_vm("engine", affinity="pinned", origin="managed_hosted_engine"),
            a_vm("off", affinity="pinned", status="down", host_id=None),
        )
    )
    assert statuses("VM-001", inventory) == {"engine": "not_applicable", "off": "not_applicable"}


def test_vm_001_unknown_where_the_policy_is_hidden() -> None:
    """An account that does not see placement policies gets unknown, with the reading's reason."""
    hidden = Unobserved(kind="vm", what="placement_policy", reason="left out for this account", remedy="Ask.")
    found = the_unknown("VM-001", an_inventory(vms=(a_vm(affinity=None),), unobserved=(hidden,)))
    assert found.remedy == "Ask. (left out for this account)"


def test_vm_027_silent_for_managed_vms() -> None:
    """Every origin of a VM that the engine started passes."""
    inventory = an_inventory(vms=(a_vm("a"), a_vm("he", origin="managed_hosted_engine")))
    assert set(statuses("VM-027", inventory).values()) == {"pass"}


def test_vm_027_fires_on_an_external_vm_that_runs() -> None:
    """An external VM fails and says what maintenance does; one that is off is not applicable."""
    inventory = an_inventory(
        vms=(a_vm("ext", origin="external"), a_vm("off", origin="external", status="down", host_id=None))
    )
    found = findings("VM-027", inventory)
    assert (found["ext"].status, found["ext"].severity) == ("fail", "high")
    assert "passes over it" in found["ext"].message
    assert found["off"].status == "not_applicable"


def test_vm_027_unknown_without_an_origin() -> None:
    """An account that does not see the origin gets unknown."""
    assert the_unknown("VM-027", an_inventory(vms=(a_vm(origin=None),))).missing == "vm.origin"
