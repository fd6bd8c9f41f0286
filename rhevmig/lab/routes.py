"""From a path to what it means: a collection, an item, or an action on an item."""

from __future__ import annotations

from rhevmig.lab import links, schema
from rhevmig.lab.faults import Refused
from rhevmig.lab.schema import Place
from rhevmig.lab.world import Entity, World

__all__ = ["ROOT_LINKS", "TOPS", "Target", "find_target", "not_found_page"]

#: The links of the API's root, in the engine's order; a second entry says that it can be searched.
ROOT_LINKS: tuple[tuple[str, bool], ...] = (
    ("clusters", True),
    ("datacenters", True),
    ("events", True),
    ("hosts", True),
    ("networks", True),
    ("roles", False),
    ("storagedomains", True),
    ("tags", False),
    ("bookmarks", False),
    ("icons", False),
    ("templates", True),
    ("instancetypes", True),
    ("users", True),
    ("groups", True),
    ("domains", False),
    ("vmpools", True),
    ("vms", True),
    ("disks", True),
    ("jobs", False),
    ("storageconnections", False),
    ("vnicprofiles", False),
    ("diskprofiles", False),
    ("cpuprofiles", False),
    ("schedulingpolicyunits", False),
    ("schedulingpolicies", False),
    ("permissions", False),
    ("macpools", False),
    ("networkfilters", False),
    ("operatingsystems", False),
    ("externalhostproviders", False),
    ("openstackimageproviders", False),
    ("openstackvolumeproviders", False),
    ("openstacknetworkproviders", False),
    ("katelloerrata", False),
    ("affinitylabels", False),
    ("clusterlevels", False),
    ("imagetransfers", False),
    ("externalvmimports", False),
    ("externaltemplateimports", False),
)
TOPS = frozenset(name for name, _ in ROOT_LINKS) | {"options"}
_ALIASES = {"cpuprofiles": "clusters/cpuprofiles", "diskprofiles": "storagedomains/diskprofiles"}


class Target:
    """What a path points at."""

    def __init__(
        self,
        place: Place,
        parent: Entity | None,
        entity_id: str | None,
        entity: Entity | None,
        action: str | None,
    ) -> None:
        self.place = place
        #: The entity above, if the path names one.
        self.parent = parent
        #: The id asked for; None for a collection.
        self.entity_id = entity_id
        #: The entity with that id, if it exists.
        self.entity = entity
        #: The action asked for.
        self.action = action


def not_found_page(url: str) -> Refused:
    """The answer to a path that no resource of the engine has."""
    text = f"RESTEASY003210: Could not find resource for full path: {url}"
    return Refused(404, text, content_type="text/html;charset=UTF-8", in_action=False)


def find_target(world: World, segments: list[str], url: str) -> Target:
    """Follow a path; refuses what the engine does not offer with its 404 page, an unknown parent with 404."""
    if segments[0] not in TOPS or segments[0] not in schema.places():
        raise not_found_page(url)
    place, parent, position = schema.place(segments[0]), None, 1
    while True:
        if position >= len(segments):
            return Target(place, parent, None, None, None)
        entity_id = segments[position]
        entity = _item(world, place, parent, entity_id)
        position += 1
        if position >= len(segments):
            return Target(place, parent, entity_id, entity, None)
        name = segments[position]
        position += 1
        if place.actions and name in place.actions and position >= len(segments):
            return Target(place, parent, entity_id, entity, name)
        below = _below(place, name)
        if below is None:
            raise not_found_page(url)
        if entity is None:
            raise Refused(404, in_action=False)
        place, parent = below, entity


def _item(world: World, place: Place, parent: Entity | None, entity_id: str) -> Entity | None:
    if parent is None:
        source = _ALIASES.get(place.path, place.path)
        return world.find(source, entity_id)
    found = world.find(place.path, entity_id, parent)
    if found is not None:
        return found
    _, items = links.list_below(world, parent, place)
    return next((item for item in items if item.id == entity_id), None)


def _below(place: Place, name: str) -> Place | None:
    shape = links.sub_place(place, name)
    if shape is not None:
        return shape
    source = {"networks": "networks"}.get(place.segment)
    return links.sub_place(schema.place(source), name) if source and source != place.path else None
