"""Checks of VM settings that prevent migration."""

from __future__ import annotations

from rhevmig.checks.finding import Finding, Severity
from rhevmig.checks.registry import Check, Subject, each_vm, seen
from rhevmig.inventory import Vm
from rhevmig.inventory.models.vm import HOSTED_ENGINE_ORIGINS, UNMANAGED_ORIGINS
from rhevmig.policy import Policy
from rhevmig.terms import Affinity

VM_001 = Check(
    id="VM-001",
    title="The VM is not pinned to its host",
    area="vm",
    severity=Severity.BLOCKER,
    needs=("vm.placement_policy.affinity", "vm.origin", "vm.status"),
)

VM_027 = Check(
    id="VM-027",
    title="The engine manages the VM",
    area="vm",
    severity=Severity.HIGH,
    needs=("vm.origin", "vm.status"),
)


@each_vm(VM_001)
def _pinned(on: Subject, vm: Vm, _: Policy) -> Finding:
    observed = vm.affinity or "–"
    row = seen("placement policy", observed, Affinity.MIGRATABLE)
    if vm.origin in HOSTED_ENGINE_ORIGINS:
        return on.not_applicable("it is the hosted engine VM, which the hosted engine agents migrate")
    if not vm.is_running:
        return on.not_applicable(f"it is {vm.status}, so it does not migrate (placement {observed})")
    if vm.affinity is None:
        return on.unread(
            "the placement policy could not be read",
            row,
            missing="vm.placement_policy",
            part=("vm", "placement_policy"),
        )
    if vm.affinity == Affinity.PINNED:
        hosts = [on.inventory.find_host(host_id) for host_id in vm.placement_host_ids]
        names = ", ".join(host.name for host in hosts if host) or "its host"
        return on.failed(
            f"it is pinned to {names}: the engine refuses to migrate it and maintenance of its host",
            row,
            remedy="Set its placement policy to migratable, or plan its shutdown.",
        )
    if vm.affinity == Affinity.USER_MIGRATABLE:
        message = "it migrates with force and in maintenance that a user requests, not for load balancing"
        return on.passed(message, row)
    return on.passed("it may be migrated", row)


@each_vm(VM_027)
def _managed(on: Subject, vm: Vm, _: Policy) -> Finding:
    row = seen("origin", vm.origin, "a VM that the engine manages")
    if vm.origin is None:
        return on.unread("its origin could not be read", row, missing="vm.origin", part=("vm", "origin"))
    if vm.origin not in UNMANAGED_ORIGINS:
        return on.passed("the engine manages it", row)
    if not vm.is_running:
        return on.not_applicable(f"the engine does not manage it, and it is {vm.status}")
    return on.failed(
        "the engine does not manage it and refuses to migrate it; maintenance of its host passes over it",
        row,
        remedy="Import it, or migrate it with the tool that manages it before maintenance of its host.",
    )
