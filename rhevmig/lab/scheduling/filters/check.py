"""What a filter is, and facts of VMs that several filters need."""

from __future__ import annotations

import math
from collections.abc import Callable

from rhevmig.lab.state.attribute_values import items_of
from rhevmig.lab.state.store import Entity, World

#: Why a host does not pass: the words after "because", or "" for a sentence without reason.
Check = Callable[[Entity], str | None]
#: Looks at a VM once and gives the check of each host, or None where every host passes.
Filter = Callable[[World, Entity], Check | None]


def topology(entity: Entity) -> tuple[int, int, int]:
    """Sockets, cores per socket, threads per core of a VM or host; 1 where not given."""
    sockets, cores, threads = (
        max(1, entity.number(f"cpu.topology.{part}", 1)) for part in ("sockets", "cores", "threads")
    )
    return sockets, cores, threads


def vcpus(vm: Entity) -> int:
    """Virtual CPUs of a VM."""
    return math.prod(topology(vm))


def custom_property(vm: Entity, name: str) -> str:
    """A custom property of a VM; empty where it is not set."""
    items = items_of(vm.get("custom_properties"), "custom_property")
    return next((str(item.get("value") or "") for item in items if item.get("name") == name), "")


def policy_property(world: World, vm: Entity, name: str) -> str:
    """A property of the scheduling policy of a VM's cluster, the cluster's own first."""
    cluster = world.find("clusters", vm.ref("cluster"))
    policy = world.find("schedulingpolicies", cluster.ref("scheduling_policy")) if cluster else None
    for owner, path in ((cluster, "custom_scheduling_policy_properties"), (policy, "properties")):
        for item in items_of(owner.get(path), "property") if owner else ():
            if item.get("name") == name:
                return str(item.get("value") or "")
    return ""


def is_hosted_engine(vm: Entity) -> bool:
    """Whether the engine itself runs in this VM."""
    return vm.text("origin") in ("managed_hosted_engine", "hosted_engine")
