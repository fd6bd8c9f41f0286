"""VMs: what of their own settings keeps them from moving."""

from __future__ import annotations

from collections.abc import Iterator

from rhevmig.checks.finding import Evidence, Finding, Severity
from rhevmig.checks.registry import Check, register
from rhevmig.checks.scopes import help_for, vm_scope
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy
from rhevmig.terms import Affinity

VM_001 = Check(
    id="VM-001",
    title="The VM is not pinned to its host",
    area="vm",
    severity=Severity.BLOCKER,
    needs=("vm.placement_policy.affinity", "vm.origin", "vm.status"),
)
HOSTED_ENGINE = frozenset({"managed_hosted_engine", "hosted_engine"})


@register(VM_001)
def _pinned(inventory: Inventory, _: Policy) -> Iterator[Finding]:
    for vm in inventory.vms:
        scope = vm_scope(vm, inventory.find_cluster(vm.cluster_id))
        observed = vm.affinity or "–"
        row = Evidence(name="placement policy", observed=observed, expected=Affinity.MIGRATABLE)
        if vm.origin in HOSTED_ENGINE:
            yield VM_001.not_applicable(scope, "it is the engine's own VM, which its own agents move")
        elif not vm.is_running:
            yield VM_001.not_applicable(scope, f"it is {vm.status}: nothing to move (placement {observed})")
        elif vm.affinity is None:
            yield VM_001.unknown(
                scope,
                "whether it is pinned could not be seen",
                row,
                missing="vm.placement_policy",
                remedy=help_for(inventory, "vm", "placement_policy", id=vm.id),
            )
        elif vm.affinity == Affinity.PINNED:
            hosts = [inventory.find_host(host_id) for host_id in vm.placement_host_ids]
            names = ", ".join(host.name for host in hosts if host) or "its host"
            yield VM_001.failed(
                scope,
                f"it is pinned to {names}: the engine refuses to move it, and maintenance of its host too",
                row,
                remedy="Set its placement policy to migratable, or plan its shutdown.",
            )
        elif vm.affinity == Affinity.USER_MIGRATABLE:
            message = "it moves by force and in maintenance that a person asks for, not by the balancer"
            yield VM_001.passed(scope, message, row)
        else:
            yield VM_001.passed(scope, "it may move", row)
