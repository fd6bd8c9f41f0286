"""What a CPU type of the engine's list demands and offers: flags by name, from the option `ServerCPUList`.

A host's flags are not in the API. A host is assumed to have the flags of its type and of
every lower or equal level of the same vendor, which is what the engine found on the recorded hosts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rhevmig.lab.state.attribute_values import items_of
from rhevmig.lab.state.store import Entity, World

_VENDOR_FLAGS = ("vmx", "svm", "powernv", "sie")


class ServerCpuType(NamedTuple):
    """One entry of the list."""

    level: int
    name: str
    flags: frozenset[str]
    verb: str

    @property
    def vendor(self) -> str:
        """The flag of the vendor's virtualization."""
        return next((flag for flag in _VENDOR_FLAGS if flag in self.flags), "")


@lru_cache(maxsize=32)
def _parse(text: str) -> dict[str, ServerCpuType]:
    found: dict[str, ServerCpuType] = {}
    for entry in text.split(";"):
        parts = entry.strip().split(":")
        if len(parts) >= 4 and parts[0].strip().isdigit():
            flags = frozenset(flag.strip() for flag in parts[2].split(",") if flag.strip())
            found[parts[1]] = ServerCpuType(int(parts[0]), parts[1], flags, parts[3])
    return found


def cpu_types(world: World, version: str) -> dict[str, ServerCpuType]:
    """The CPU types at a compatibility version, by name; empty where the option is not known."""
    return _parse(_text(world, version))


def _text(world: World, version: str) -> str:
    option = world.find("options", "ServerCPUList") or world.named("options", "ServerCPUList")
    if option is None:
        return ""
    values = items_of(option.get("values"), "system_option_value")
    return next((str(item.get("value", "")) for item in values if item.get("version") == version), "")


def _version(cluster: Entity) -> str:
    return f"{cluster.text('version.major', '4')}.{cluster.text('version.minor', '8')}"


def host_flags(world: World, host: Entity, cluster: Entity) -> frozenset[str] | None:
    """The flags of a host; None where its type is not in the list. `lab["cpu_flags_lost"]` are taken away."""
    flags = _flags_up_to(_text(world, _version(cluster)), host.text("cpu.type"))
    lost = host.lab.get("cpu_flags_lost")
    return flags - frozenset(lost) if lost and flags is not None else flags


@lru_cache(maxsize=256)
def _flags_up_to(text: str, name: str) -> frozenset[str] | None:
    types = _parse(text)
    own = types.get(name)
    if own is None:
        return None
    flags = {"nx"}
    for kind in types.values():
        is_safer = kind.name.startswith("Secure") and not own.name.startswith("Secure")
        if kind.vendor == own.vendor and kind.level <= own.level and not is_safer:
            flags |= kind.flags
    return frozenset(flags)


def required_flags(world: World, vm: Entity, cluster: Entity) -> frozenset[str] | None:
    """The flags that a VM of this cluster needs; None for all hosts.

    The engine looks a custom CPU model up as a whole: one that is not in the list requires no flag.
    """
    types = cpu_types(world, _version(cluster))
    custom = vm.text("custom_cpu_model")
    if custom:
        by_verb = next((kind for kind in types.values() if kind.verb == custom), None)
        return by_verb.flags if by_verb is not None else None
    kind = types.get(cluster.text("cpu.type"))
    return kind.flags if kind else None
