"""VMs of an evacuated host that the plan does not move: the engine's own VM and VMs it does not manage."""

from __future__ import annotations

from rhevmig.inventory import Host, Inventory, Vm
from rhevmig.inventory.models.vm import HOSTED_ENGINE_ORIGINS, UNMANAGED_ORIGINS
from rhevmig.planning.plan import Blocked, Remaining


def split_off(
    inventory: Inventory, host: Host
) -> tuple[tuple[Vm, ...], tuple[Remaining, ...], tuple[Blocked, ...]]:
    """The VMs of a host that a plan may move, those that need no move, and those that block maintenance.

    Engine: maintenance moves the VM of a self-hosted engine regardless of its placement settings, to a
    host that is configured for it with a score above 0 (`deactivate` is refused where there is none:
    VDS_CANNOT_MAINTENANCE_NO_ALTERNATE_HOST_FOR_HOSTED_ENGINE). It ignores VMs that it does not manage.
    """
    ordinary, remaining, blocked = [], [], []
    for vm in inventory.vms_on(host):
        if vm.origin in UNMANAGED_ORIGINS:
            reason = "the engine does not manage it; maintenance ignores it, and it keeps running on the host"
            remaining.append(Remaining(vm_id=vm.id, vm_name=vm.name, reason=reason))
        elif vm.origin not in HOSTED_ENGINE_ORIGINS:
            ordinary.append(vm)
        elif reasons := _why_the_engine_stays(inventory, host):
            blocked.append(
                Blocked(
                    vm_id=vm.id,
                    vm_name=vm.name,
                    reasons=reasons,
                    remedy="Deploy the hosted engine on another host of the cluster, or end its maintenance "
                    "mode (`hosted-engine --set-maintenance --mode=none`).",
                )
            )
        else:
            reason = "the engine's own VM; maintenance moves it to another host of the hosted engine"
            remaining.append(Remaining(vm_id=vm.id, vm_name=vm.name, reason=reason))
    return tuple(ordinary), tuple(remaining), tuple(blocked)


def _why_the_engine_stays(inventory: Inventory, leaving: Host) -> tuple[str, ...]:
    """Why no other host can run the engine's VM; empty where one can."""
    others = [
        host
        for host in inventory.hosts
        if host.cluster_id == leaving.cluster_id and host.id != leaving.id and host.is_up
    ]
    if not others:
        return ("it is the engine's own VM, and no other host of the cluster is up",)
    reasons = [_why_not_on(host) for host in others]
    if "" in reasons:
        return ()
    return tuple(
        f"the engine's own VM cannot run on {h.name}: {r}" for h, r in zip(others, reasons, strict=True)
    )


def _why_not_on(host: Host) -> str:
    if host.hosted_engine_configured is False:
        return "the hosted engine is not deployed on it"
    if host.hosted_engine_local_maintenance:
        return "it is in local maintenance of the hosted engine"
    if host.hosted_engine_score == 0:
        return "its hosted engine score is 0"
    if host.hosted_engine_configured is None or host.hosted_engine_score is None:
        return "its hosted engine state was not read"
    return ""
