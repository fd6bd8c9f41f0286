"""Sub-entities that are derived from their parent: consoles, CD drives, guest devices, statistics, CPU units.

A world from a recording keeps the recorded ones; otherwise they are generated when requested.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cache
from typing import Any

import msgspec

from rhevmig.lab.api import schema
from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.defaults import read_data
from rhevmig.lab.state.reported_statistics import figures_of, used_beside_vms
from rhevmig.lab.state.store import Entity, World

_NO_DISK = "00000000-0000-0000-0000-000000000000"


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """The kind of a statistic."""

    description: str
    #: gauge or counter.
    kind: str
    #: integer, decimal or string.
    type: str
    #: bytes, percent, …
    unit: str


@cache
def measures() -> dict[str, dict[str, Measure]]:
    """The statistics of each place."""
    return msgspec.convert(read_data("statistics.yaml"), type=dict[str, dict[str, Measure]])


@cache
def statistic_id(name: str) -> str:
    """The id of a statistic: a version 3 UUID of its name, as recorded."""
    return str(uuid.UUID(bytes=hashlib.md5(name.encode(), usedforsecurity=False).digest(), version=3))


def _child(parent: Entity, segment: str, entity_id: str, attrs: Tree) -> Entity:
    return Entity(f"{parent.place}/{segment}", entity_id, attrs, parent=parent)


def _running(vm: Entity) -> bool:
    return vm.get("host") is not None


def _cdroms(world: World, vm: Entity) -> list[Entity]:
    return [_child(vm, "cdroms", _NO_DISK, {"vm": ref(vm.id)})]


def _consoles(world: World, vm: Entity) -> list[Entity]:
    if vm.lab.get("headless"):
        return []
    protocol = vm.text("display.type", "vnc")
    return [_child(vm, "graphicsconsoles", protocol.encode().hex(), {"protocol": protocol, "vm": ref(vm.id)})]


def _applications(world: World, vm: Entity) -> list[Entity]:
    if not _running(vm):
        return []
    name = "qemu-guest-agent-9.1.0"
    padded = name.encode()[:16].hex()
    return [_child(vm, "applications", str(uuid.UUID(padded)), {"name": name, "vm": ref(vm.id)})]


def _sessions(world: World, vm: Entity) -> list[Entity]:
    if not _running(vm):
        return []
    session_id = "37a6259c-c0c1-dae2-99a7-866489dff0bd"
    return [_child(vm, "sessions", session_id, {"user": {"user_name": "None"}, "vm": ref(vm.id)})]


def _reported(world: World, vm: Entity) -> list[Entity]:
    if not _running(vm):
        return []
    found = []
    for number, nic in enumerate(world.children(vm, "nics")):
        mac = nic.text("mac.address")
        name = f"eth{number}"
        device_id = str(uuid.UUID((name + mac.replace(":", "")).encode()[:16].ljust(16, b"0").hex()))
        octets = hashlib.md5(nic.id.encode(), usedforsecurity=False).digest()
        address = f"10.{octets[0] % 200 + 1}.{octets[1]}.{octets[2] % 250 + 2}"
        attrs: Tree = {
            "name": name,
            "description": "guest reported data",
            "ips": {"ip": {"address": address, "version": "v4"}},
            "mac": {"address": mac},
            "type": "network",
            "vm": ref(vm.id),
        }
        found.append(_child(vm, "reporteddevices", device_id, attrs))
    return found


def _cpu_units(world: World, host: Entity) -> list[Entity]:
    sockets, cores, threads = (
        host.number(f"cpu.topology.{part}", 1) for part in ("sockets", "cores", "threads")
    )
    found, cpu = [], 0
    for socket in range(sockets):
        for core in range(cores):
            for _ in range(threads):
                attrs: Tree = {"core_id": str(core), "cpu_id": str(cpu), "socket_id": str(socket)}
                if cpu == 1:
                    attrs["runs_vdsm"] = "true"
                found.append(_child(host, "cpuunits", f"#{cpu}", attrs))
                cpu += 1
    return found


def _numa_nodes(world: World, host: Entity) -> list[Entity]:
    sockets = host.number("cpu.topology.sockets", 1)
    per_socket = host.number("cpu.topology.cores", 1) * host.number("cpu.topology.threads", 1)
    memory_mib = host.number("memory") // 1024 // 1024 // sockets
    found = []
    for socket in range(sockets):
        cores = [{"index": str(socket * per_socket + core)} for core in range(per_socket)]
        distance = " ".join("10" if other == socket else "20" for other in range(sockets))
        attrs: Tree = {
            "cpu": {"cores": {"core": cores}},
            "index": str(socket),
            "memory": str(memory_mib),
            "node_distance": distance,
            "host": ref(host.id),
        }
        node_id = str(
            uuid.uuid5(uuid.UUID(host.id) if _is_uuid(host.id) else uuid.NAMESPACE_OID, f"numa{socket}")
        )
        found.append(_child(host, "numanodes", node_id, attrs))
    return found


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


# -- statistics


def measured(world: World, entity: Entity) -> dict[str, Any]:
    """The present figures of an entity by the name of the statistic; those that are missing are 0."""
    figures: dict[str, Any] = {}
    if entity.place == "vms":
        memory = entity.number("memory")
        running = _running(entity)
        used = int(memory * float(entity.lab.get("nonzero", 0.42))) if running else 0
        started = entity.lab.get("started_s")
        figures = {
            "memory.installed": memory,
            "memory.used": used,
            "memory.free": memory - used if running else 0,
            "memory.unused": memory - used if running else 0,
            "cpu.current.guest": 4 if running else 0,
            "cpu.current.hypervisor": 1 if running else 0,
            "cpu.current.total": 5 if running else 0,
            "migration.progress": entity.lab.get("progress", 0),
            "disks.usage": "[]",
            "elapsed.time": int(world.clock.now_s - started) if running and started is not None else 0,
        }
    elif entity.place == "hosts":
        memory = entity.number("memory")
        used = sum(vm.number("memory") for vm in world.referring("vms", "host", entity.id)) + memory // 20
        used, free = used_beside_vms(world, entity) or (min(used, memory), max(0, memory - used))
        figures = {
            "memory.total": memory,
            "memory.used": used,
            "memory.free": free,
            "swap.total": 4 * 2**30,
            "swap.free": 4 * 2**30,
            "cpu.current.user": 1,
            "cpu.current.idle": 99,
            "cpu.load.avg.5m": "0.080",
            "boot.time": int(world.clock.start_s) - 86_400,
        }
    return {**figures, **figures_of(entity), **entity.lab.get("statistics", {})}


def _statistics(world: World, entity: Entity) -> list[Entity]:
    place = f"{entity.place}/statistics"
    figures = measured(world, entity)
    owner = schema.place(entity.place).tag
    found = []
    kinds = measures().get(place) or measures()["hosts/nics/statistics"]
    for name, measure in kinds.items():
        series = name.endswith(".history") or name.startswith("hugepages.")
        figure = figures.get(name, "[]" if measure.type == "string" else 0)
        if name.endswith(".history") and name not in figures:
            figure = ["0"] * 40 if entity.get("host") is not None else []
        shown = figure if isinstance(figure, list) else [figure]
        member = "detail" if measure.type == "string" else "datum"
        values: Any = {"value": [{member: str(one)} for one in shown]} if shown else ""
        attrs: Tree = {**msgspec.to_builtins(measure), "name": name, "values": values}
        if not series:
            attrs[owner] = ref(entity.id)
        found.append(_child(entity, "statistics", statistic_id(name), attrs))
    return found


_MAKERS = {
    "vms/cdroms": _cdroms,
    "vms/graphicsconsoles": _consoles,
    "vms/applications": _applications,
    "vms/sessions": _sessions,
    "vms/reporteddevices": _reported,
    "hosts/cpuunits": _cpu_units,
    "hosts/numanodes": _numa_nodes,
    "vms/statistics": _statistics,
    "hosts/statistics": _statistics,
    "disks/statistics": _statistics,
    "hosts/nics/statistics": _statistics,
    "vms/nics/statistics": _statistics,
}


def part_maker(place: str) -> Any:
    """The function that generates the entities of a place, or None."""
    return _MAKERS.get(place)
