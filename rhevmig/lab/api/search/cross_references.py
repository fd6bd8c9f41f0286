"""Cross references of the search: `Clusters.name=…` in data centers, `Storage.name=…` in VMs.

The pairs are those that the engine's SearchObjectAutoCompleter joins; the object may be singular or plural.
After the dot follows a field of the other collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rhevmig.lab.api.search.fields import SearchField, fields_of, text_fields
from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.store import Entity, World

_Related = Callable[[World, Entity], Iterable[Entity]]


def _one(place: str, member: str) -> _Related:
    def related(world: World, entity: Entity) -> Iterable[Entity]:
        found = world.find(place, entity.ref(member))
        return (found,) if found is not None else ()

    return related


def _many(place: str, member: str) -> _Related:
    return lambda world, entity: world.referring(place, member, entity.id)


def _networks_of_cluster(world: World, cluster: Entity) -> Iterable[Entity]:
    return [part.base for part in world.children(cluster, "networks") if part.base is not None]


def _domains_of_disk(world: World, disk: Entity) -> Iterable[Entity]:
    ids = [ref_id(item) for item in items_of(disk.get("storage_domains"), "storage_domain")]
    return [domain for domain in (world.find("storagedomains", item) for item in ids) if domain is not None]


def _domains_of_vm(world: World, vm: Entity) -> Iterable[Entity]:
    disks = [world.find("disks", child.id) for child in world.children(vm, "diskattachments")]
    return [domain for disk in disks if disk is not None for domain in _domains_of_disk(world, disk)]


def _domains_of_center(world: World, center: Entity) -> Iterable[Entity]:
    below = world.children(center, "storagedomains")
    return [
        domain for domain in (world.find("storagedomains", item.id) for item in below) if domain is not None
    ]


def _domains_above(world: World, entity: Entity) -> Iterable[Entity]:
    """The storage of the data center of a host or cluster."""
    cluster = entity if entity.place == "clusters" else world.find("clusters", entity.ref("cluster"))
    center = world.find("datacenters", cluster.ref("data_center")) if cluster is not None else None
    return _domains_of_center(world, center) if center is not None else ()


#: Plurals of objects.
_OBJECTS = {name: name.removesuffix("s") for name in ("hosts", "templates", "vms", "clusters", "storages")}
#: Collection to object to (collection of the other side, how to get there).
_CROSS: dict[str, dict[str, tuple[str, _Related]]] = {
    "vms": {
        "host": ("hosts", _one("hosts", "host")),
        "template": ("templates", _one("templates", "template")),
        "storage": ("storagedomains", _domains_of_vm),
    },
    "hosts": {"vm": ("vms", _many("vms", "host")), "storage": ("storagedomains", _domains_above)},
    "templates": {"vm": ("vms", _many("vms", "template"))},
    "clusters": {
        "datacenter": ("datacenters", _one("datacenters", "data_center")),
        "cluster_network": ("networks", _networks_of_cluster),
        "storage": ("storagedomains", _domains_above),
    },
    "datacenters": {
        "cluster": ("clusters", _many("clusters", "data_center")),
        "network": ("networks", _many("networks", "data_center")),
        "storage": ("storagedomains", _domains_of_center),
    },
    "disks": {"storage": ("storagedomains", _domains_of_disk)},
}


def cross_field(place: str, name: str) -> SearchField | None:
    """The field of `object.field`, or None if the engine does not join them."""
    word, dot, rest = name.lower().partition(".")
    other = _CROSS.get(place, {}).get(_OBJECTS.get(word, word))
    field = fields_of(other[0]).get(rest) if other is not None and dot else None
    return _seen_from(other[1], field) if other is not None and field is not None else None


def cross_object(place: str, name: str) -> tuple[SearchField, ...]:
    """The text fields of an object that is compared without a field, as in `host=kvm`.

    Engine: SyntaxChecker (FreeTextSpecificObj) looks for a part of each text field of the object.
    """
    word = name.lower()
    other = _CROSS.get(place, {}).get(_OBJECTS.get(word, word))
    return tuple(_seen_from(other[1], field) for field in text_fields(other[0])) if other is not None else ()


def _seen_from(related: _Related, field: SearchField) -> SearchField:
    read = field.read
    return SearchField(
        read=lambda world, entity: [text for one in related(world, entity) for text in read(world, one)],
        kind=field.kind,
    )
