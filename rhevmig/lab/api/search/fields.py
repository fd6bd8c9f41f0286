"""The search fields of each collection: the table `data/search.yaml` and the values that need a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

import msgspec

from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.defaults import read_data
from rhevmig.lab.state.store import Entity, World

_Read = Callable[[World, Entity], Iterable[str]]
_DATES = (
    *("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"),
    *("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y"),
)
#: References of the table to the place of what they refer to.
_TARGETS = {"cluster": "clusters", "data_center": "datacenters", "host": "hosts", "template": "templates"}


class SearchField(msgspec.Struct, frozen=True, kw_only=True):
    """One search field."""

    #: The values that an entity has there.
    read: _Read
    #: text, enum, number or date; only the latter two know < and >.
    kind: str = "text"

    def sort_key(self, world: World, entity: Entity) -> tuple[float, str]:
        """What to sort by."""
        value = next(iter(self.read(world, entity)), "")
        if self.kind in ("text", "enum"):
            return (0.0, value.lower())
        try:
            return (float(value), "")
        except ValueError:
            return (seconds_of(value) or 0.0, "")


def seconds_of(value: str) -> float | None:
    """Seconds since 1970 of an instant in one of the forms that the engine reads."""
    for pattern in _DATES:
        try:
            return datetime.strptime(value, pattern).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


# -- kinds of the table


def _attribute(path: str) -> _Read:
    def read(world: World, entity: Entity) -> Iterable[str]:
        value = entity.get(path)
        return (value,) if isinstance(value, str) else ()

    return read


def _divided(path: str, divisor: int) -> _Read:
    return lambda world, entity: (str(entity.number(path) // divisor),)


def _name_of(steps: list[str]) -> _Read:
    def read(world: World, entity: Entity) -> Iterable[str]:
        found: Entity | None = entity
        for step in steps:
            found = world.find(_TARGETS[step], found.ref(step)) if found is not None else None
        return (found.name,) if found is not None else ()

    return read


# -- functions of the table


def _identifier(world: World, entity: Entity) -> Iterable[str]:
    return (entity.id,)


def _status(world: World, entity: Entity) -> Iterable[str]:
    status = entity.text("status")
    return (status.replace("_", ""), status) if "_" in status else (status,)


def _vm_status(world: World, vm: Entity) -> Iterable[str]:
    if vm.text("status") == "migrating":
        return (str(vm.lab.get("direction", "migratingfrom")),)
    return _status(world, vm)


def _tags(world: World, entity: Entity) -> Iterable[str]:
    return [tag.name for tag in world.children(entity, "tags")]


def _vcpus(world: World, entity: Entity) -> Iterable[str]:
    total = 1
    for part in ("sockets", "cores", "threads"):
        total *= entity.number(f"cpu.topology.{part}", 1)
    return (str(total),)


def _architecture(world: World, entity: Entity) -> Iterable[str]:
    cluster = world.find("clusters", entity.ref("cluster"))
    return (cluster.text("cpu.architecture"),) if cluster else ()


def _progress(world: World, vm: Entity) -> Iterable[str]:
    return (str(vm.lab.get("progress", 0)),)


def _guest_address(world: World, vm: Entity) -> Iterable[str]:
    return (str(vm.lab["ip"]),) if "ip" in vm.lab else ()


def _vms_on_host(world: World, host: Entity, *statuses: str) -> Iterable[str]:
    vms = world.referring("vms", "host", host.id)
    return (str(sum(not statuses or vm.text("status") in statuses for vm in vms)),)


def _active_vms_on_host(world: World, host: Entity) -> Iterable[str]:
    return _vms_on_host(world, host)


def _migrating_vms_on_host(world: World, host: Entity) -> Iterable[str]:
    return _vms_on_host(world, host, "migrating")


def _address_of_host(world: World, vm: Entity) -> Iterable[str]:
    host = world.find("hosts", vm.ref("host"))
    return (host.text("address"),) if host is not None else ()


def _cores(world: World, host: Entity) -> Iterable[str]:
    return (str(host.number("cpu.topology.sockets", 1) * host.number("cpu.topology.cores", 1)),)


def _spm_number(world: World, host: Entity) -> Iterable[str]:
    """Hosts of a data center are numbered in the order in which they were added."""
    cluster = world.find("clusters", host.ref("cluster"))
    center_id = cluster.ref("data_center") if cluster is not None else None
    clusters = world.referring("clusters", "data_center", center_id or "")
    peers = [peer.seq for one in clusters for peer in world.referring("hosts", "cluster", one.id)]
    return (str(sum(seq <= host.seq for seq in peers)),)


def _version(world: World, entity: Entity) -> Iterable[str]:
    return (f"{entity.text('version.major')}.{entity.text('version.minor')}",)


def _is_vm_network(world: World, network: Entity) -> Iterable[str]:
    return ("true" if "vm" in items_of(network.get("usages"), "usage") else "false",)


def _login(world: World, user: Entity) -> Iterable[str]:
    login = user.text("user_name")
    return (login, login.rpartition("@")[0])


def _vm_count_of_template(world: World, template: Entity) -> Iterable[str]:
    return (str(len(world.referring("vms", "template", template.id))),)


def _domain_status(world: World, domain: Entity) -> Iterable[str]:
    found = [item.text("status") for item in world.all("datacenters/storagedomains") if item.id == domain.id]
    return found or ("unattached",)


def _domain_centers(world: World, domain: Entity) -> Iterable[str]:
    ids = [ref_id(item) for item in items_of(domain.get("data_centers"), "data_center")]
    centers = [world.find("datacenters", entity_id) for entity_id in ids]
    return [center.name for center in centers if center is not None]


def _domain_size_gib(world: World, domain: Entity) -> Iterable[str]:
    return (str((domain.number("available") + domain.number("used")) // 2**30),)


def _vms_of_disk(world: World, disk: Entity) -> list[str]:
    attached = world.referring("vms/diskattachments", "disk", disk.id)
    return sorted(item.parent.name for item in attached if item.parent is not None)


def _vm_names_of_disk(world: World, disk: Entity) -> Iterable[str]:
    return (",".join(_vms_of_disk(world, disk)),)


def _vm_count_of_disk(world: World, disk: Entity) -> Iterable[str]:
    return (str(len(_vms_of_disk(world, disk))),)


def _job_correlation_id(world: World, job: Entity) -> Iterable[str]:
    return (str(job.lab.get("correlation_id", "")),)


# -- the table

_READERS: Mapping[str, _Read] = {
    function.__name__.removeprefix("_"): function
    for function in (
        *(_identifier, _status, _vm_status, _tags, _vcpus, _architecture, _progress, _guest_address),
        *(_active_vms_on_host, _migrating_vms_on_host, _address_of_host, _cores, _spm_number, _version),
        *(_domain_status, _domain_centers, _domain_size_gib, _is_vm_network, _login),
        *(_vm_names_of_disk, _vm_count_of_disk, _vm_count_of_template, _job_correlation_id),
    )
}


def _field(specification: str) -> SearchField:
    """A line of the table: `number memory / 1048576`, `name cluster.data_center`, `enum read vm_status`."""
    kind, source, *rest = specification.split()
    if kind == "name":
        return SearchField(read=_name_of(source.split(".")))
    if source == "-":
        return SearchField(read=lambda world, entity: (), kind=kind)
    if source == "read":
        return SearchField(read=_READERS[rest[0]], kind=kind)
    return SearchField(read=_divided(source, int(rest[1])) if rest else _attribute(source), kind=kind)


@cache
def fields_of(place: str) -> Mapping[str, SearchField]:
    """The search fields of a collection by name; none if it cannot be searched."""
    table = read_data("search.yaml").get(place, {})
    return {name: _field(text) for name, text in table.items()}


@cache
def text_fields(place: str) -> tuple[SearchField, ...]:
    """The fields in which a value without a field is looked for.

    Engine: BaseConditionFieldAutoCompleter.buildFreeTextConditionSql takes every field of type String.
    """
    return tuple(field for field in fields_of(place).values() if field.kind == "text")
