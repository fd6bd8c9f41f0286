"""Figures that hosts and guests reported in a recording, kept until they change.

Figures that follow from the configuration are computed instead. Those of a VM hold while it stays running (or
down); the memory of a host changes with its VMs; uptime continues.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from rhevmig.lab.state.store import Entity, World

#: Not kept: computed from the state, or counted from an instant.
_OWN = frozenset(("memory.installed", "memory.total", "migration.progress", "elapsed.time"))
#: Seconds between two reports of a host's statistics; memory of VMs that left is released only then.
STATISTICS_S = 15.0
_OF_HOST_MEMORY = ("memory.used", "memory.free")


def remember(world: World, entity: Entity, statistics: etree._Element, at_s: float) -> None:
    """Store the figures of a list of statistics, recorded at that instant, in an entity."""
    found: dict[str, Any] = {}
    for statistic in statistics.iterfind("statistic"):
        values = [str(value[0].text or "") for value in statistic.iterfind("values/value") if len(value)]
        name = statistic.findtext("name") or ""
        found[name] = values[0] if len(values) == 1 else values
    if "migration.progress" in found:
        entity.lab["progress"] = found["migration.progress"] or 0
    elapsed = found.get("elapsed.time")
    if isinstance(elapsed, str) and elapsed.isdigit() and entity.get("host") is not None:
        entity.lab["started_s"] = at_s - int(elapsed) - 0.001
    if entity.place == "hosts":
        memory = [found.get(name) for name in _OF_HOST_MEMORY]
        entity.lab["reported_memory"] = [int(text) if isinstance(text, str) else 0 for text in memory]
        entity.lab["reported_beside"] = _vms_bytes(world, entity)
    entity.lab["reported"] = {name: value for name, value in found.items() if name not in _OWN}
    entity.lab["reported_running"] = entity.get("host") is not None


def figures_of(entity: Entity) -> dict[str, Any]:
    """The reported figures that still hold."""
    reported: dict[str, Any] = entity.lab.get("reported", {})
    if entity.place == "vms" and entity.lab.get("reported_running") != (entity.get("host") is not None):
        return {}
    if entity.place == "hosts":
        return {name: value for name, value in reported.items() if name not in _OF_HOST_MEMORY}
    return reported


def used_beside_vms(world: World, host: Entity) -> tuple[int, int] | None:
    """Used and free memory of a host, bytes: what was reported, plus the change of its VMs since."""
    if "reported_memory" not in host.lab:
        return None
    used, free = host.lab["reported_memory"]
    more = _vms_bytes(world, host) - int(host.lab["reported_beside"])
    return max(0, used + more), max(0, free - more)


def _vms_bytes(world: World, host: Entity) -> int:
    return sum(vm.number("memory") for vm in world.referring("vms", "host", host.id))


def show_host(world: World, vm: Entity) -> None:
    """The VM shows the graphics address of its present host from now on."""
    vm.lab["shown_host"] = vm.ref("host")
    world.touch(vm)
