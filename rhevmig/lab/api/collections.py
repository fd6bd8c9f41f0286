"""The entities that a collection lists: children by default, others where the engine lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rhevmig.lab.api import schema
from rhevmig.lab.api.generated_resources import part_maker
from rhevmig.lab.api.schema import Place
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id
from rhevmig.lab.state.defaults import BLANK_ID, read_data
from rhevmig.lab.state.store import Entity, World

#: The place that describes the items of a collection, and the items.
Listed = tuple[Place, list[Entity]]

_TOP_ALIASES = {"cpuprofiles": "clusters/cpuprofiles", "diskprofiles": "storagedomains/diskprofiles"}


def collation(name: str) -> tuple[str, str]:
    """Sort key of a name in the engine's database: letters and digits first, then all characters."""
    return (re.sub(r"[^a-z0-9]", "", name.lower()), name)


def _by_name(entities: list[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda entity: (collation(entity.name), entity.seq))


def in_rows(world: World, place_path: str, parent_id: str, entities: list[Entity]) -> list[Entity]:
    """Entities in the order of the database's rows if it is known, else in the order of creation."""
    rows = world.row_orders.get((place_path, parent_id))
    if not rows:
        return entities
    return sorted(entities, key=lambda entity: (rows.get(entity.id, len(rows)), entity.seq))


def list_top(world: World, place_path: str) -> list[Entity]:
    """The entities of a top collection in the engine's order."""
    place_path = _TOP_ALIASES.get(place_path, place_path)
    if place_path == "permissions":
        return system_permissions(world)
    if place_path == "events":
        return list(reversed(list(world.all("events"))))
    version = world.list_version.get(place_path, 0)
    kept = world.sorted_lists.get(place_path)
    if kept is None or kept[0] != version:
        entities = list(world.all(place_path))
        if place_path == "networks":
            entities = sorted(
                entities, key=lambda net: (_data_center_key(world, net), collation(net.name), net.seq)
            )
        elif place_path == "jobs":
            entities = sorted(entities, key=lambda job: (job.text("start_time"), job.seq))
        elif place_path == "tags":
            entities = sorted(entities, key=lambda tag: (tag.id == BLANK_ID, tag.seq))
        elif place_path in read_data("root.yaml")["sorted_by_name"]:
            entities = _by_name(entities)
        elif place_path != "hosts":
            entities = in_rows(world, place_path, "", entities)
        kept = (version, entities)
        world.sorted_lists[place_path] = kept
    return kept[1]


def _data_center_key(world: World, network: Entity) -> tuple[str, str]:
    found = world.find("datacenters", network.ref("data_center"))
    return collation(found.name) if found else ("", "")


def sub_place(parent: Place, rel: str) -> Place | None:
    """The place of a sub-collection, from the recordings or from the model; None if there is none."""
    return schema.places().get(f"{parent.path}/{rel}") or schema.derived_place(parent, rel)


#: Reported only by the guest of a running VM.
_OF_A_GUEST = frozenset(("vms/applications", "vms/reporteddevices", "vms/sessions"))


def list_below(world: World, entity: Entity, place: Place) -> Listed:
    """The items of a sub-collection of an entity."""
    provider = _PROVIDERS.get(place.path)
    if provider is not None:
        shape, found = provider(world, entity, place)
        return shape, in_rows(world, place.path, entity.id, found)
    kept = in_rows(world, place.path, entity.id, world.children(entity, place.segment))
    if place.path in _OF_A_GUEST and entity.get("host") is None:
        kept = []
    maker = part_maker(place.path)
    return place, kept if kept or maker is None else maker(world, entity)


def _referring(source: str, member: str) -> Callable[[World, Entity, Place], Listed]:
    def provide(world: World, entity: Entity, place: Place) -> Listed:
        found = world.referring(source, member, entity.id)
        return schema.place(source), found

    return provide


def _networks_of_data_center(world: World, entity: Entity, place: Place) -> Listed:
    found = world.referring("networks", "data_center", entity.id)
    return place, [_stand_in(place, network, entity, {}) for network in found]


def _stand_in(place: Place, base: Entity, parent: Entity, attrs: Tree) -> Entity:
    """An entity that shows another one at a different URL, for one answer."""
    view = Entity(place.path, base.id, attrs, parent=parent, base=base, seq=base.seq)
    view.children = base.children
    return view


def _labels_of(kind: str) -> Callable[[World, Entity, Place], Listed]:
    def provide(world: World, entity: Entity, place: Place) -> Listed:
        singular = kind.removesuffix("s")
        labels = [
            label
            for label in world.all("affinitylabels")
            if any(ref_id(item) == entity.id for item in items_of(label.get(kind), singular))
        ]
        return schema.place("affinitylabels"), labels

    return provide


def _labels_in(kind: str) -> Callable[[World, Entity, Place], Listed]:
    """The affinity labels of a group."""

    def provide(world: World, entity: Entity, place: Place) -> Listed:
        items = items_of(entity.get(f"{kind}_labels"), "affinity_label")
        found = [world.find("affinitylabels", ref_id(item)) for item in items]
        return schema.place("affinitylabels"), [label for label in found if label is not None]

    return provide


def _members(kind: str) -> Callable[[World, Entity, Place], Listed]:
    """The members of a label or group, as bare references."""

    def provide(world: World, entity: Entity, place: Place) -> Listed:
        ids = [ref_id(item) for item in items_of(entity.get(kind), kind.removesuffix("s"))]
        found = [world.find(kind, entity_id) for entity_id in ids]
        return schema.bare_place(kind, named=entity.place == "clusters/affinitygroups"), [
            member for member in found if member is not None
        ]

    return provide


def _all_of(source: str) -> Callable[[World, Entity, Place], Listed]:
    def provide(world: World, entity: Entity, place: Place) -> Listed:
        return schema.place(source), list(world.all(source))

    return provide


def disks_of_domain(world: World, domain: Entity) -> list[Entity]:
    """The disks with an image on a storage domain."""
    return [
        disk
        for disk in world.all("disks")
        if any(ref_id(item) == domain.id for item in items_of(disk.get("storage_domains"), "storage_domain"))
    ]


def _domain_disks(world: World, entity: Entity, place: Place) -> Listed:
    domain = entity.base if entity.place == "datacenters/storagedomains" and entity.base else entity
    own = {"storage_domain": ref(domain.id)}
    shape = schema.place("storagedomains/disks")
    return shape, [_stand_in(shape, disk, domain, own) for disk in disks_of_domain(world, domain)]


def _domain_vms(world: World, entity: Entity, place: Place) -> Listed:
    vm_ids: dict[str, Entity] = {}
    for disk in disks_of_domain(world, entity):
        for attachment in world.referring("vms/diskattachments", "disk", disk.id):
            if attachment.parent is not None:
                vm_ids[attachment.parent.id] = attachment.parent
    own = {"storage_domain": ref(entity.id)}
    return place, [_stand_in(place, vm, entity, own) for vm in vm_ids.values()]


def _domain_connections(world: World, entity: Entity, place: Place) -> Listed:
    storage = entity.get("storage") or {}
    found = [
        connection
        for connection in world.all("storageconnections")
        if connection.get("address") == storage.get("address")
        and connection.get("path") == storage.get("path")
    ]
    return schema.place("storageconnections"), found


def _attachments_of_nic(world: World, entity: Entity, place: Place) -> Listed:
    return schema.place("hosts/networkattachments"), world.referring(
        "hosts/networkattachments", "host_nic", entity.id
    )


def _disks_of_vm(world: World, entity: Entity, place: Place) -> Listed:
    found = [world.find("disks", child.id) for child in world.children(entity, "diskattachments")]
    return schema.place("disks"), [disk for disk in found if disk is not None]


#: Places whose objects have permissions.
_OBJECTS = (
    *("vms", "hosts", "clusters", "datacenters", "disks", "storagedomains", "networks", "templates"),
    *("vnicprofiles", "macpools", *_TOP_ALIASES.values()),
)


def system_permissions(world: World) -> list[Entity]:
    """Permissions on everything: of groups, then of users."""
    return [*world.all("groups/permissions"), *world.all("permissions")]


def _inherited(world: World, entity: Entity) -> list[Entity]:
    """Permissions on an object, its cluster and its data center; for a disk also those on its VMs."""
    found = list(world.children(entity, "permissions"))
    if entity.place == "disks":
        for attachment in world.referring("vms/diskattachments", "disk", entity.id):
            found += _inherited(world, attachment.parent) if attachment.parent is not None else []
    for member, place in (("cluster", "clusters"), ("data_center", "datacenters")):
        above = world.find(place, entity.ref(member))
        if above is not None:
            found += _inherited(world, above)
    return found


def _permissions_of_object(world: World, entity: Entity, place: Place) -> Listed:
    """Permissions on an object, including those on everything."""
    # a permission has no member that could name a profile
    kind = "" if entity.place in _TOP_ALIASES.values() else schema.place(entity.place).tag
    shape = schema.places().get(place.path) or schema.place("vms/permissions")
    found: dict[str, Entity] = {}
    for permission in [*system_permissions(world), *_inherited(world, entity)]:
        attrs = {**permission.attrs, **({kind: ref(entity.id)} if kind else {})}
        of_group = permission.place == "groups/permissions"
        above = permission.parent if of_group and permission.parent is not None else entity
        attrs = {name: value for name, value in attrs.items() if name in ("role", "user", "group", kind)}
        view = Entity(place.path, permission.id, dict(sorted(attrs.items())), parent=above)
        found.setdefault(permission.id, view)
    return shape, list(found.values())


def _permissions_of_user(world: World, entity: Entity, place: Place) -> Listed:
    found = list(world.all("groups/permissions"))
    found += [item for item in world.all("permissions") if item.ref("user") == entity.id]
    sources = ("clusters", "vms", "datacenters", "disks")
    found += [
        item
        for source in sources
        for item in world.all(f"{source}/permissions")
        if item.ref("user") == entity.id
    ]
    return schema.place("permissions"), found


_PROVIDERS: Mapping[str, Callable[[World, Entity, Place], Listed]] = {
    "datacenters/clusters": _referring("clusters", "data_center"),
    "datacenters/networks": _networks_of_data_center,
    "datacenters/storagedomains/disks": _domain_disks,
    "clusters/networkfilters": _all_of("networkfilters"),
    "clusters/affinitygroups/vms": _members("vms"),
    "clusters/affinitygroups/hosts": _members("hosts"),
    "clusters/affinitygroups/hostlabels": _labels_in("host"),
    "clusters/affinitygroups/vmlabels": _labels_in("vm"),
    "affinitylabels/vms": _members("vms"),
    "affinitylabels/hosts": _members("hosts"),
    "hosts/affinitylabels": _labels_of("hosts"),
    "hosts/nics/networkattachments": _attachments_of_nic,
    "vms/affinitylabels": _labels_of("vms"),
    "vms/disks": _disks_of_vm,
    "networks/vnicprofiles": _referring("vnicprofiles", "network"),
    "storagedomains/disks": _domain_disks,
    "storagedomains/vms": _domain_vms,
    "storagedomains/storageconnections": _domain_connections,
    "users/permissions": _permissions_of_user,
    **{f"{above}/permissions": _permissions_of_object for above in _OBJECTS},
}
