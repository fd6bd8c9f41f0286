"""Members that no entity holds because they follow from others, computed when somebody asks.

A host's summary and schedulable memory follow from the VMs on it, a VM's display from its host, the
counts of a data center from its parts. `token` names what the text of an entity depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rhevmig.lab.schema import Place
from rhevmig.lab.world import Entity, World

__all__ = [
    "ACTIVE_STATUSES",
    "DERIVED",
    "hidden",
    "href",
    "link_path",
    "overhead_mib",
    "schedulable_mib",
    "token",
]

_MIB = 1024 * 1024
#: Memory that the engine keeps for the host itself, MiB (recorded hosts: 321 + 65).
HOST_RESERVE_MIB = 386
#: VM statuses that count as active in a host's summary.
ACTIVE_STATUSES = frozenset(
    ("up", "powering_up", "paused", "migrating", "reboot_in_progress", "wait_for_launch", "powering_down",
     "not_responding", "unknown", "saving_state", "restoring_state")
)  # fmt: skip

#: Places whose items have an id and no href, as recorded.
_NO_HREF = frozenset(
    ("schedulingpolicies/filters", "schedulingpolicies/weights", "schedulingpolicies/balances")
)
#: Places that show another entity with its own href.
_OWN_HREF = frozenset(("storagedomains/disks", "datacenters/networks"))
_FILTERED = {
    "vms": frozenset(("host", "placement_policy")),
    "storagedomains": frozenset(("storage",)),
    "clusterlevels": frozenset(("cpu_types",)),
}


def href(world: World, place: Place, entity: Entity, base: str) -> str:
    """The URL of an entity as the place offers it; empty where the engine gives none."""
    if place.path in _NO_HREF or entity.id[:1] == "#":
        return ""
    if place.segment == "statistics" and _is_series(entity.name):
        return ""
    if place.path in _OWN_HREF and entity.base is not None:
        return f"{base}/{entity.base.path}"
    return f"{base}/{entity.path}"


def _is_series(name: str) -> bool:
    """Statistics that the engine adds without a URL: histories and huge pages by size."""
    return name.endswith(".history") or name.startswith("hugepages.")


def link_path(rel: str) -> str:
    """What a link adds to its entity's URL."""
    collection, _, search = rel.partition("/")
    return f"{collection}?search={{query}}" if search == "search" else rel


def hidden(place: Place, look: Any) -> frozenset[str]:
    """The members that this way of looking does not show."""
    names = place.followed if look.all_content else place.content | place.followed
    if look.filtered:
        names |= _FILTERED.get(place.path, frozenset())
    return names


def token(world: World, entity: Entity) -> tuple[int, ...]:
    """Changes whenever the rendered text of the entity may change."""
    if entity.place == "vms":
        host = world.find("hosts", entity.ref("host"))
        return (entity.version, host.version if host else -1)
    if entity.place == "hosts":
        cluster = world.find("clusters", entity.ref("cluster"))
        return (entity.version, world.load_version.get(entity.id, 0), cluster.version if cluster else -1)
    if entity.base is not None:
        return (entity.version, entity.base.version)
    return (entity.version,)


def overhead_mib(vm: Entity) -> int:
    """What QEMU needs beside the guest's memory: 88 MiB, 8 per vCPU and 1/512 of the memory (from recorded hosts)."""
    vcpus = 1
    for part in ("sockets", "cores", "threads"):
        vcpus *= vm.number(f"cpu.topology.{part}", 1)
    return 88 + 8 * vcpus + vm.number("memory") // _MIB // 512


def schedulable_mib(world: World, host: Entity) -> int:
    """What the scheduler may still place on the host, MiB."""
    cluster = world.find("clusters", host.ref("cluster"))
    percent = cluster.number("memory_policy.over_commit.percent", 100) if cluster else 100
    memory = host.number("memory") // _MIB * percent // 100
    committed = sum(
        vm.number("memory") // _MIB + overhead_mib(vm) for vm in world.referring("vms", "host", host.id)
    )
    return memory - HOST_RESERVE_MIB - committed - int(host.lab.get("pending_mib", 0))


def _summary(world: World, host: Entity, value: Any) -> Any:
    vms = world.referring("vms", "host", host.id)
    active = sum(vm.text("status") in ACTIVE_STATUSES for vm in vms)
    migrating = sum(vm.text("status") == "migrating" for vm in vms) + int(host.lab.get("incoming", 0))
    return {"active": str(active), "migrating": str(migrating), "total": str(len(vms))}


def _max_scheduling_memory(world: World, host: Entity, value: Any) -> Any:
    if host.get("memory") is None:
        return "0" if value is None else value
    return str(max(0, schedulable_mib(world, host)) * _MIB)


def _display(world: World, vm: Entity, value: Any) -> Any:
    host = world.find("hosts", vm.ref("host"))
    if host is None or not isinstance(value, dict):
        return (
            {key: member for key, member in value.items() if key != "port"}
            if isinstance(value, dict)
            else value
        )
    shown = dict(value)
    shown.setdefault("address", host.text("display.address") or host.text("address"))
    subject = host.text("certificate.subject")
    if subject:
        content = str(world.engine_facts.get("certificate", ""))
        shown["certificate"] = {
            "content": content,
            "organization": host.text("certificate.organization"),
            "subject": subject,
        }
    return dict(sorted(shown.items()))


def _display_without_certificate(world: World, view: Entity, value: Any) -> Any:
    shown = _display(world, view.base or view, value)
    left_out = ("certificate",) if view.get("host") is not None else ("certificate", "type")
    return (
        {name: member for name, member in shown.items() if name not in left_out}
        if isinstance(shown, dict)
        else shown
    )


DERIVED: Mapping[str, Mapping[str, Callable[[World, Entity, Any], Any]]] = {
    "hosts": {"summary": _summary, "max_scheduling_memory": _max_scheduling_memory},
    "vms": {"display": _display},
    "storagedomains/vms": {"display": _display_without_certificate},
}
