"""Running every check, and the page of each."""

from __future__ import annotations

import os
from importlib import resources

from rhevmig.checks.check import CHECKS, get_check
from rhevmig.checks.finding import Finding, Findings
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy

__all__ = ["check", "page"]


def check(inventory: Inventory, policy: Policy | str | os.PathLike[str] | None = None) -> Findings:
    """Judges an inventory by all checks and a policy (its path, or the object; none means the defaults)."""
    chosen = policy if isinstance(policy, Policy) else Policy()
    found: list[Finding] = []
    for each in CHECKS.values():
        found.extend(each.evaluate(inventory, chosen))
    return Findings(
        findings=tuple(found), clusters={cluster.id: cluster.data_center_id for cluster in inventory.clusters}
    )


def page(check_id: str) -> str:
    """The page of a check in Markdown: what it means, how it judges, what to do; raises `NotFound`."""
    name = f"{get_check(check_id).id}.md"
    return resources.files("rhevmig.checks").joinpath("pages").joinpath(name).read_text(encoding="utf-8")
