"""Evaluation of all checks under a policy, and the page of each check."""

from __future__ import annotations

import os
from importlib import resources

import msgspec
import structlog

# Importing a module registers its checks; the order here is the order of `CHECKS`.
from rhevmig.checks import storage, network_separation, migration_network, cpu, clocks, hosts, vm  # isort: skip
from rhevmig.checks.finding import Finding, Findings, Status
from rhevmig.checks.registry import CHECKS, Check, get_check
from rhevmig.checks.scopes import engine_scope
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy, Waiver, load_policy

#: Modules with checks, by name.
AREAS = {
    module.__name__.rpartition(".")[2]: module
    for module in (storage, network_separation, migration_network, cpu, clocks, hosts, vm)
}
ORDER = {
    Status.FAIL: 0,
    Status.ERROR: 1,
    Status.UNKNOWN: 2,
    Status.WAIVED: 3,
    Status.PASS: 4,
    Status.NOT_APPLICABLE: 5,
}


def check(inventory: Inventory, policy: Policy | str | os.PathLike[str] | None = None) -> Findings:
    """Judges an inventory by all checks.

    Args: policy (object or path of the file; the defaults without one).
    A check that fails with an error gives a finding with status `error`; the others are not affected.

    Raises: ConfigError for a policy that cannot be read.
    """
    chosen = policy if isinstance(policy, Policy) else load_policy(policy) if policy is not None else Policy()
    found: list[Finding] = []
    for each in CHECKS.values():
        found.extend(_evaluate(each, inventory, chosen))
    if chosen.waivers:
        found = [_waive(finding, inventory, chosen.waivers) for finding in found]
    found.sort(key=_rank)
    return Findings(
        findings=tuple(found), clusters={cluster.id: cluster.data_center_id for cluster in inventory.clusters}
    )


def page(check_id: str) -> str:
    """The page of a check in Markdown: why it matters, how it judges, what to do; raises `NotFound`."""
    name = f"{get_check(check_id).id}.md"
    return resources.files("rhevmig.checks").joinpath("pages").joinpath(name).read_text(encoding="utf-8")


def _evaluate(each: Check, inventory: Inventory, policy: Policy) -> tuple[Finding, ...]:
    try:
        return each.evaluate(inventory, policy)
    except Exception as error:  # noqa: BLE001 - one broken check must not prevent the others
        structlog.get_logger().warning("check failed with an error", check=each.id, error=repr(error))
        broken = Finding(
            check_id=each.id,
            status=Status.ERROR,
            severity=each.severity,
            scope=engine_scope(inventory),
            message=f"the check failed with an error: {type(error).__name__}: {error}",
            remedy="Report this error with the snapshot; the other checks are not affected.",
        )
        return (broken,)


def _waive(finding: Finding, inventory: Inventory, waivers: tuple[Waiver, ...]) -> Finding:
    if finding.status != Status.FAIL:
        return finding
    for waiver in waivers:
        if waiver.check.upper() != finding.check_id or waiver.id != finding.scope.id:
            continue
        if waiver.holds_at(inventory.instant.ended_at):
            text = f"{waiver.reason} (accepted by {waiver.by} until {waiver.until})"
            return msgspec.structs.replace(
                finding, status=Status.WAIVED, waived_status=finding.status, waiver=text
            )
        note = f"the waiver of {waiver.by} ended on {waiver.until}"
        return msgspec.structs.replace(finding, waiver=note)
    return finding


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    return ORDER[finding.status], finding.severity.rank, finding.check_id, finding.scope.name
