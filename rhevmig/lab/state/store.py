"""The store: entities by place and id, children, references, and observers of changes.

An entity's attributes are a tree that is never changed in place (see `attribute_values`). References are
ids. The world is changed only through `World.set`, `update`, `add` and `remove`, which maintain the indexes,
count versions (so that rendered text is discarded) and call the observers registered with `on_change`.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rhevmig.lab.state.attribute_values import Tree, ref_id, value_at, with_value
from rhevmig.lab.state.clock import Agenda, SimClock

#: References with an index in the other direction: the VMs of a host, the networks of a data center.
_INDEXED: dict[str, tuple[str, ...]] = {
    "vms": ("host", "cluster", "template"),
    "hosts": ("cluster",),
    "clusters": ("data_center",),
    "networks": ("data_center",),
    "vnicprofiles": ("network",),
    "vms/nics": ("vnic_profile",),
    "vms/diskattachments": ("disk",),
    "hosts/networkattachments": ("network", "host_nic"),
    "jobs/steps": ("job",),
}

_NAMESPACE = uuid.UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")


class Entity:
    """One object of the engine. `lab` holds what no answer shows (workload, locks, planned acts)."""

    __slots__ = ("attrs", "base", "cache", "children", "id", "lab", "parent", "place", "seq", "version")

    def __init__(
        self,
        place: str,
        entity_id: str,
        attrs: Tree,
        *,
        parent: Entity | None = None,
        base: Entity | None = None,
        seq: int = 0,
    ) -> None:
        self.place = place
        self.id = entity_id
        self.attrs = attrs
        self.parent = parent
        self.base = base
        self.seq = seq
        self.version = 0
        self.children: dict[str, dict[str, Entity]] | None = None
        self.lab: dict[str, Any] = {}
        self.cache: dict[Any, Any] | None = None

    def __repr__(self) -> str:
        return f"<{self.place} {self.name or self.id}>"

    @property
    def path(self) -> str:
        """Its URL below `/ovirt-engine/api/`."""
        segment = self.place.rpartition("/")[2]
        return f"{self.parent.path}/{segment}/{self.id}" if self.parent else f"{segment}/{self.id}"

    @property
    def name(self) -> str:
        """Its name, else its alias, else an empty string."""
        return self.text("name") or self.text("alias")

    def get(self, path: str) -> Any:
        """The value at a dotted path, else that of the entity for which this one stands."""
        value = value_at(self.attrs, path)
        return self.base.get(path) if value is None and self.base is not None else value

    def text(self, path: str, default: str = "") -> str:
        """The text at a dotted path."""
        value = self.get(path)
        return value if isinstance(value, str) else default

    def number(self, path: str, default: int = 0) -> int:
        """The integer at a dotted path."""
        value = self.text(path)
        return int(value) if value.lstrip("-").isdigit() else default

    def flag(self, path: str) -> bool:
        """The boolean at a dotted path; absent is false."""
        return self.text(path) == "true"

    def ref(self, path: str) -> str | None:
        """The id that a reference at a dotted path holds."""
        return ref_id(self.get(path))


class World:
    """All entities, on one simulated clock."""

    def __init__(self, *, seed: int = 0, clock: SimClock | None = None) -> None:
        self.seed = seed
        self.clock = clock or SimClock()
        self.agenda = Agenda(self.clock)
        self.random = random.Random(seed)
        #: What other modules keep for this world, by their own names.
        self.attached: dict[str, Any] = {}
        self.tables: dict[str, dict[str, Entity]] = {}
        # Version, instance id and certificate of the engine.
        self.engine_facts: dict[str, Any] = {}
        self.lab_counters: dict[str, int] = {}
        # Faults of a scenario, read by `fault_injection`.
        self.faults: list[dict[str, Any]] = []
        self.load_version: dict[str, int] = {}
        self.list_version: dict[str, int] = {}
        # Sorted collections, cached by `api/collections` until the list's version changes.
        self.sorted_lists: dict[str, tuple[int, list[Entity]]] = {}
        # Lists that the engine does not sort: (place, parent id) to id to row of its database.
        self.row_orders: dict[tuple[str, str], dict[str, int]] = {}
        self._index: dict[tuple[str, str], dict[str, dict[int, Entity]]] = {}
        self._watchers: list[Callable[[Entity, str], None]] = []
        self._seq = 0
        self._made_ids = 0

    # -- reading

    def find(self, place: str, entity_id: str | None, parent: Entity | None = None) -> Entity | None:
        """The entity with that id, or None; with a parent, only among its children."""
        if entity_id is None:
            return None
        if parent is not None:
            segment = place.rpartition("/")[2]
            return (parent.children or {}).get(segment, {}).get(entity_id)
        return self.tables.get(place, {}).get(entity_id)

    def all(self, place: str) -> Iterable[Entity]:
        """Every entity of a place, in the order of creation."""
        if "/" in place:
            return self._all_children(place)
        return list(self.tables.get(place, {}).values())

    def _all_children(self, place: str) -> list[Entity]:
        above, _, segment = place.rpartition("/")
        found = [child for entity in self.all(above) for child in self.children(entity, segment)]
        return sorted(found, key=lambda entity: entity.seq)

    def children(self, entity: Entity, segment: str) -> list[Entity]:
        """The entities below another: `children(host, "nics")`."""
        return list(entity.children.get(segment, {}).values()) if entity.children else []

    def named(self, place: str, name: str) -> Entity | None:
        """The first entity of that name."""
        return next((entity for entity in self.all(place) if entity.name == name), None)

    def referring(self, place: str, member: str, entity_id: str) -> list[Entity]:
        """Entities whose reference points at that id: `referring("vms", "host", host.id)`."""
        return list(self._index.get((place, member), {}).get(entity_id, {}).values())

    # -- changing

    def new_id(self, kind: str = "", name: str = "") -> str:
        """A stable id: the same seed, kind and name give the same id in every run."""
        if not name:
            self._made_ids += 1
            name = f"#{self._made_ids}"
        return str(uuid.uuid5(_NAMESPACE, f"{self.seed}/{kind}/{name}"))

    def add(
        self,
        place: str,
        entity_id: str,
        attrs: Tree,
        *,
        parent: Entity | None = None,
        base: Entity | None = None,
    ) -> Entity:
        """A new entity."""
        self._seq += 1
        entity = Entity(place, entity_id, attrs, parent=parent, base=base, seq=self._seq)
        if parent is None:
            self.tables.setdefault(place, {})[entity_id] = entity
        else:
            if parent.children is None:
                parent.children = {}
            parent.children.setdefault(place.rpartition("/")[2], {})[entity_id] = entity
            self.tables.setdefault(place, {})[entity_id] = entity
        for member in _INDEXED.get(place, ()):
            self._enter(entity, member)
        self._list_changed(entity)
        return entity

    def remove(self, entity: Entity) -> None:
        """Remove an entity and everything below it."""
        for below in list((entity.children or {}).values()):
            for child in list(below.values()):
                self.remove(child)
        for member in _INDEXED.get(entity.place, ()):
            self._leave(entity, member)
        table = self.tables.get(entity.place, {})
        if table.get(entity.id) is entity:
            del table[entity.id]
        if entity.parent is not None and entity.parent.children:
            entity.parent.children.get(entity.place.rpartition("/")[2], {}).pop(entity.id, None)
        self._list_changed(entity)
        self._tell(entity, "")

    def set(self, entity: Entity, path: str, value: Any) -> None:
        """Change one attribute; None removes it. Numbers and booleans become the engine's text."""
        self.update(entity, {path: value})

    def update(self, entity: Entity, changes: dict[str, Any]) -> None:
        """Change several attributes in one version."""
        tops = {path.partition(".")[0] for path in changes}
        indexed = tops.intersection(_INDEXED.get(entity.place, ()))
        for member in indexed:
            self._leave(entity, member)
        for path, value in changes.items():
            entity.attrs = with_value(entity.attrs, path, _written(value))
        for member in indexed:
            self._enter(entity, member)
        self.touch(entity)
        if "name" in tops or "alias" in tops or indexed:
            self._list_changed(entity)
        for member in sorted(tops):
            self._tell(entity, member)

    def touch(self, entity: Entity) -> None:
        """Discard the rendered text of this entity."""
        entity.version += 1
        entity.cache = None
        if entity.place == "vms":
            self.touch_load(entity.ref("host"))

    def touch_load(self, host_id: str | None) -> None:
        """Discard the rendered summary and memory of a host."""
        if host_id is not None:
            self.load_version[host_id] = self.load_version.get(host_id, 0) + 1

    def on_change(self, watcher: Callable[[Entity, str], None]) -> None:
        """Call `watcher(entity, member)` after each change; member "" means removed."""
        self._watchers.append(watcher)

    # -- inside

    def _tell(self, entity: Entity, member: str) -> None:
        for watcher in self._watchers:
            watcher(entity, member)

    def _list_changed(self, entity: Entity) -> None:
        self.list_version[entity.place] = self.list_version.get(entity.place, 0) + 1

    def _enter(self, entity: Entity, member: str) -> None:
        target = ref_id(entity.attrs.get(member))
        if target is not None:
            self._index.setdefault((entity.place, member), {}).setdefault(target, {})[entity.seq] = entity
            if member == "host" and entity.place == "vms":
                self.touch_load(target)

    def _leave(self, entity: Entity, member: str) -> None:
        target = ref_id(entity.attrs.get(member))
        if target is not None:
            self._index.get((entity.place, member), {}).get(target, {}).pop(entity.seq, None)
            if member == "host" and entity.place == "vms":
                self.touch_load(target)

    def __iter__(self) -> Iterator[Entity]:
        for place in list(self.tables):
            if "/" not in place:
                yield from self.all(place)


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value
