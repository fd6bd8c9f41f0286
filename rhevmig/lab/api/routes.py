"""Resolution of a path: a collection, an item, or an action on an item."""

from __future__ import annotations

import msgspec

from rhevmig.lab.api import collections, schema
from rhevmig.lab.api.schema import Place
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.state.defaults import read_data
from rhevmig.lab.state.store import Entity, World

#: Collections at the top: the links of the root, and one that it does not name.
TOPS = frozenset(read_data("root.yaml")["links"]) | {"options"}
_ALIASES = {"cpuprofiles": "clusters/cpuprofiles", "diskprofiles": "storagedomains/diskprofiles"}
#: Collections that show entities of another place, where these are changed.
_HOMES = {
    "cpuprofiles": "clusters/cpuprofiles",
    "datacenters/clusters": "clusters",
    "datacenters/networks": "networks",
    "diskprofiles": "storagedomains/diskprofiles",
    "storagedomains/disks": "disks",
}


class Target(msgspec.Struct, frozen=True):
    """The target of a path."""

    place: Place
    #: The entity above, if the path names one.
    parent: Entity | None
    #: The id in the path; None for a collection.
    entity_id: str | None = None
    #: The entity with that id, if it exists.
    entity: Entity | None = None
    action: str | None = None


def not_found_page(url: str) -> EngineFault:
    """The answer to an unknown path."""
    text = f"RESTEASY003210: Could not find resource for full path: {url}"
    return EngineFault(404, text, content_type="text/html;charset=UTF-8", in_action=False)


def home_of(place: Place) -> Place:
    """The place where the entities of a collection are changed; in most cases the same."""
    home = _HOMES.get(place.path)
    return schema.place(home) if home is not None else place


def find_target(world: World, segments: list[str], url: str, *, to_write: bool = False) -> Target:
    """Resolve a path; refuses an unknown path with the engine's 404 page, an unknown parent with 404."""
    target = _follow(world, segments, url)
    home = home_of(target.place)
    if not to_write or target.entity_id is None or home is target.place:
        return target
    return msgspec.structs.replace(target, place=home, entity=_at_home(world, home, target.entity))


def _at_home(world: World, home: Place, entity: Entity | None) -> Entity | None:
    return world.find(home.path, entity.id) if entity is not None else None


def _follow(world: World, segments: list[str], url: str) -> Target:
    if segments[0] not in TOPS or segments[0] not in schema.places():
        raise not_found_page(url)
    place, parent, position = schema.place(segments[0]), None, 1
    while True:
        if position >= len(segments):
            return Target(place, parent)
        entity_id = segments[position]
        entity = _item(world, place, parent, entity_id)
        position += 1
        if position >= len(segments):
            return Target(place, parent, entity_id, entity)
        name = segments[position]
        position += 1
        if place.actions and name in place.actions and position >= len(segments):
            return Target(place, parent, entity_id, entity, name)
        shown = below(place, name)
        if shown is None:
            place = home_of(place)
            entity = _at_home(world, place, entity)
            shown = below(place, name)
        if shown is None:
            raise not_found_page(url)
        if entity is None:
            raise EngineFault(404, in_action=False)
        place, parent = shown, entity


def _item(world: World, place: Place, parent: Entity | None, entity_id: str) -> Entity | None:
    if parent is None:
        source = _ALIASES.get(place.path, place.path)
        return world.find(source, entity_id)
    found = world.find(place.path, entity_id, parent)
    if found is not None:
        return found
    _, items = collections.list_below(world, parent, place)
    return next((item for item in items if item.id == entity_id), None)


def below(place: Place, name: str) -> Place | None:
    """The place of a sub-collection in a path; None if there is none."""
    shape = collections.sub_place(place, name)
    if shape is not None:
        return shape
    source = {"networks": "networks"}.get(place.segment)
    return collections.sub_place(schema.place(source), name) if source and source != place.path else None
