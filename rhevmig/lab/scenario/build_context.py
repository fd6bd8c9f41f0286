"""The state of building a world: names so far, free memory of hosts, the next MAC address."""

from __future__ import annotations

import heapq
from typing import Any

from rhevmig.errors import ScenarioInvalid
from rhevmig.lab.state.attribute_values import Tree, with_value
from rhevmig.lab.state.store import Entity, World


class Builder:
    """Names, free memory and addresses while a world is built."""

    def __init__(self, world: World, file: str) -> None:
        self.world = world
        self.file = file
        self.names: dict[tuple[str, str], Entity] = {}
        #: Name of the management network by data center.
        self.management: dict[str, str] = {}
        self.free: dict[str, list[tuple[float, int, Entity]]] = {}
        self.macs = 0

    def invalid(self, detail: str) -> ScenarioInvalid:
        """The error about something in this scenario."""
        return ScenarioInvalid(file=self.file, detail=detail)

    def add(
        self,
        place: str,
        name: str,
        attrs: Tree,
        *,
        given: str | None = None,
        scope: str = "",
        also: str = "",
        **more: Any,
    ) -> Entity:
        """A new entity, which later entries may name.

        Args:
            given: its id; by default derived from seed, place and name.
            scope: the object in which its name is unique, as a prefix of the name.
            also: a shorter name, for the first entity that has it.
        """
        key = f"{scope}{name}"
        if (place, key) in self.names:
            raise self.invalid(f"{name}: the name is used twice among {place}")
        entity_id = given or self.world.new_id(place, also or key)
        if self.world.find(place, entity_id) is not None:
            if given is not None:
                raise self.invalid(f"{name}: the id {given} is used twice among {place}")
            entity_id = self.world.new_id(place, key)
        entity = self.world.add(place, entity_id, attrs, **more)
        self.names[place, key] = entity
        self.names.setdefault((place, also or key), entity)
        return entity

    def get(self, place: str, name: str, *, asked_by: str, scope: str = "") -> Entity:
        """The entity of that name; raises ScenarioInvalid if there is none."""
        found = self.names.get((place, f"{scope}{name}")) or self.names.get((place, name))
        if found is None:
            raise self.invalid(f"{asked_by} names {name!r}, but there is none among {place}")
        return found

    def offer_memory(self, cluster_id: str, host: Entity, memory_gib: float) -> None:
        """Offer a host for VMs that name no host."""
        heapq.heappush(self.free.setdefault(cluster_id, []), (-memory_gib, host.seq, host))

    def roomiest(self, cluster_id: str, memory_gib: float) -> Entity | None:
        """The up host of a cluster with the most free memory, which this reserves there."""
        hosts = self.free.get(cluster_id)
        if not hosts:
            return None
        free, seq, host = hosts[0]
        heapq.heapreplace(hosts, (free + memory_gib, seq, host))
        return host

    def next_mac(self) -> str:
        """The next address of the pool."""
        number = self.macs
        self.macs += 1
        return f"56:6f:0b:{0x4F + (number >> 16):02x}:{number >> 8 & 0xFF:02x}:{number & 0xFF:02x}"


def with_attributes(attrs: Tree, entry: Any) -> Tree:
    """The members with the attributes of the entry."""
    for path, value in entry.attributes.items():
        attrs = with_value(attrs, path, plain(value))
    return attrs


def plain(value: Any) -> Any:
    """A value of a scenario as the tree has it: strings, and structs and lists of them."""
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
