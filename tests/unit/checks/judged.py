"""How tests of checks ask: one check, one inventory, the status of each object by name."""

from __future__ import annotations

from rhevmig.checks import CHECKS, Finding
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy, Roles

#: A policy that declares the network `storage`, as most tests of storage traffic need.
DECLARED = Policy(name="site", roles=Roles(storage=("storage",)))


def findings(check_id: str, inventory: Inventory, policy: Policy | None = None) -> dict[str, Finding]:
    """Name of the object → finding."""
    found = CHECKS[check_id].evaluate(inventory, policy or Policy())
    by_name = {finding.scope.name: finding for finding in found}
    assert len(by_name) == len(found), "a check judges each object once"
    return by_name


def statuses(check_id: str, inventory: Inventory, policy: Policy | None = None) -> dict[str, str]:
    """Name of the object → status."""
    return {name: f.status.value for name, f in findings(check_id, inventory, policy).items()}


def the_unknown(check_id: str, inventory: Inventory, policy: Policy | None = None) -> Finding:
    """The one unknown finding; it says what was missing and what would help."""
    (found,) = [f for f in findings(check_id, inventory, policy).values() if f.status == "unknown"]
    assert found.missing
    assert found.remedy
    return found
