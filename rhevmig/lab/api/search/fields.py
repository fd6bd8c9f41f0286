"""The search fields of each collection: the engine's names for them and where their values come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from rhevmig.lab.state.attribute_values import items_of, ref_id
from rhevmig.lab.state.store import Entity, World

_Read = Callable[[World, Entity], Iterable[str]]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One search field."""

    #: The values that an entity has there.
    read: _Read
    #: text, number or date; only the latter two know < and >.
    kind: str = "text"

    def sort_key(self, world: World, entity: Entity) -> tuple[float, str]:
        """What to sort by."""
        value = next(iter(self.read(world, entity)), "")
        if self.kind == "text":
            return (0.0, value.lower())
        try:
            return (float(value), "")
        except ValueError:
            return (seconds_of(value) or 0.0, "")


def seconds_of(value: str) -> float | None:
    """Seconds since 1970 of an instant as the engine or a searcher writes it."""
    for pattern in (
        "%Y-%m-%dT%H:%M:%S.%fZ",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d",
        "%m/%d/%Y",
        "%m/%d/%y",
    ):
        try:
            return datetime.strptime(value, pattern).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _attr(path: str, kind: str = "text") -> Field:
    def read(world: World, entity: Entity) -> Iterable[str]:
        value = entity.get(path)
        return (value,) if isinstance(value, str) else ()

    return Field(read=read, kind=kind)


def _scaled(path: str, divisor: int) -> Field:
    return Field(read=lambda world, entity: (str(entity.number(path) // divisor),), kind="number")


def _named(place: str, *steps: str) -> Field:
    """The name of what a chain of references arrives at."""

    def read(world: World, entity: Entity) -> Iterable[str]:
        found: Entity | None = entity
        for number, step in enumerate(steps):
            target = _TARGETS[step]
            found = world.find(target, found.ref(step)) if found is not None else None
            if found is not None and number == len(steps) - 1:
                return (found.name,)
        return ()

    return Field(read=read)


_TARGETS = {
    "cluster": "clusters",
    "data_center": "datacenters",
    "host": "hosts",
    "template": "templates",
    "vm": "vms",
    "user": "users",
    "network": "networks",
    "storage_domain": "storagedomains",
}


def _vm_status(world: World, vm: Entity) -> Iterable[str]:
    status = vm.text("status")
    if status == "migrating":
        return (str(vm.lab.get("direction", "migratingfrom")),)
    return (status.replace("_", ""), status) if "_" in status else (status,)


def _status(world: World, entity: Entity) -> Iterable[str]:
    status = entity.text("status")
    return (status.replace("_", ""), status) if "_" in status else (status,)


def _tags(world: World, entity: Entity) -> Iterable[str]:
    return [tag.name for tag in world.children(entity, "tags")]


def _event_name(member: str) -> Field:
    return Field(read=lambda world, event: (event.text(f"{member}.name"),) if event.get(member) else ())


def _domain_status(world: World, domain: Entity) -> Iterable[str]:
    found = [item.text("status") for item in world.all("datacenters/storagedomains") if item.id == domain.id]
    return found or ("unattached",)


def _domain_centers(world: World, domain: Entity) -> Iterable[str]:
    ids = [ref_id(item) for item in items_of(domain.get("data_centers"), "data_center")]
    centers = [world.find("datacenters", entity_id) for entity_id in ids]
    return [center.name for center in centers if center is not None]


def _vcpus(world: World, vm: Entity) -> Iterable[str]:
    total = 1
    for part in ("sockets", "cores", "threads"):
        total *= vm.number(f"cpu.topology.{part}", 1)
    return (str(total),)


def _architecture(world: World, entity: Entity) -> Iterable[str]:
    cluster = world.find("clusters", entity.ref("cluster"))
    return (cluster.text("cpu.architecture"),) if cluster else ()


def _hosts_vms(*statuses: str) -> Field:
    def read(world: World, host: Entity) -> Iterable[str]:
        vms = world.referring("vms", "host", host.id)
        return (str(sum(not statuses or vm.text("status") in statuses for vm in vms)),)

    return Field(read=read, kind="number")


def _vms_of_template(world: World, template: Entity) -> Iterable[str]:
    return [vm.name for vm in world.referring("vms", "template", template.id)]


def _vms_of_disk(world: World, disk: Entity) -> list[str]:
    attached = world.referring("vms/diskattachments", "disk", disk.id)
    return sorted(item.parent.name for item in attached if item.parent is not None)


_COMMON: Mapping[str, Field] = {
    "name": _attr("name"),
    "id": Field(read=lambda world, entity: (entity.id,)),
    "comment": _attr("comment"),
    "description": _attr("description"),
}

FIELDS: Mapping[str, Mapping[str, Field]] = {
    "vms": {
        **_COMMON,
        "status": Field(read=_vm_status),
        "cluster": _named("vms", "cluster"),
        "host": _named("vms", "host"),
        "on_host": _named("vms", "host"),
        "host.name": _named("vms", "host"),
        "hosts.name": _named("vms", "host"),
        "hosts": _named("vms", "host"),
        "cluster.name": _named("vms", "cluster"),
        "template": _named("vms", "template"),
        "template.name": _named("vms", "template"),
        "datacenter": _named("vms", "cluster", "data_center"),
        "datacenter.name": _named("vms", "cluster", "data_center"),
        "type": _attr("type"),
        "os": _attr("os.type"),
        "fqdn": _attr("fqdn"),
        "tag": Field(read=_tags),
        "memory": _scaled("memory", 1024 * 1024),
        "guaranteed_memory": _scaled("memory_policy.guaranteed", 1024 * 1024),
        "vcpus": Field(read=_vcpus, kind="number"),
        "architecture": Field(read=_architecture),
        "custom_cpu_type": _attr("custom_cpu_model"),
        "custom_emulated_machine": _attr("custom_emulated_machine"),
        "next_run_config_exists": _attr("next_run_configuration_exists"),
        "creationdate": _attr("creation_time", "date"),
        "migration_progress_percent": Field(
            read=lambda world, vm: (str(vm.lab.get("progress", 0)),), kind="number"
        ),
        "ip": Field(read=lambda world, vm: (str(vm.lab["ip"]),) if "ip" in vm.lab else ()),
    },
    "hosts": {
        **_COMMON,
        "status": Field(read=_status),
        "external_status": _attr("external_status"),
        "cluster": _named("hosts", "cluster"),
        "cluster.name": _named("hosts", "cluster"),
        "datacenter": _named("hosts", "cluster", "data_center"),
        "datacenter.name": _named("hosts", "cluster", "data_center"),
        "address": _attr("address"),
        "hostname": _attr("address"),
        "type": _attr("type"),
        "memory": _scaled("memory", 1024 * 1024),
        "cpus": Field(read=_vcpus, kind="number"),
        "cpu_speed": _attr("cpu.speed", "number"),
        "cpu_model": _attr("cpu.name"),
        "active_vms": _hosts_vms(),
        "migrating_vms": _hosts_vms("migrating"),
        "tag": Field(read=_tags),
        "architecture": Field(read=_architecture),
        "update_available": _attr("update_available"),
        "hw_id": _attr("hardware_information.uuid"),
        "spm_id": _attr("spm.id", "number"),
    },
    "clusters": {
        **_COMMON,
        "datacenter": _named("clusters", "data_center"),
        "datacenter.name": _named("clusters", "data_center"),
        "architecture": _attr("cpu.architecture"),
    },
    "datacenters": {
        **_COMMON,
        "status": Field(read=_status),
        "compatibility_version": _attr("version.major"),
    },
    "storagedomains": {
        **_COMMON,
        "status": Field(read=_domain_status),
        "external_status": _attr("external_status"),
        "datacenter": Field(read=_domain_centers),
        "type": _attr("storage.type"),
        "size": Field(
            read=lambda world, dom: (str((dom.number("available") + dom.number("used")) // 2**30),),
            kind="number",
        ),
        "used": _scaled("used", 2**30),
        "committed": _scaled("committed", 2**30),
    },
    "networks": {
        **_COMMON,
        "datacenter": _named("networks", "data_center"),
        "vlanid": _attr("vlan.@id", "number"),
        "mtu": _attr("mtu", "number"),
    },
    "disks": {
        **_COMMON,
        "alias": _attr("alias"),
        "status": _attr("status"),
        "format": _attr("format"),
        "disk_type": _attr("storage_type"),
        "disk_content_type": _attr("content_type"),
        "provisioned_size": _scaled("provisioned_size", 2**30),
        "size": _scaled("provisioned_size", 2**30),
        "actual_size": _scaled("actual_size", 2**30),
        "shareable": _attr("shareable"),
        "wipe_after_delete": _attr("wipe_after_delete"),
        "vm_names": Field(read=lambda world, disk: (",".join(_vms_of_disk(world, disk)),)),
        "number_of_vms": Field(
            read=lambda world, disk: (str(len(_vms_of_disk(world, disk))),), kind="number"
        ),
    },
    "templates": {
        **_COMMON,
        "status": _attr("status"),
        "vm.name": Field(read=_vms_of_template),
        "vms.name": Field(read=_vms_of_template),
        "cluster": _named("templates", "cluster"),
        "datacenter": _named("templates", "cluster", "data_center"),
        "os": _attr("os.type"),
    },
    "users": {
        "name": _attr("name"),
        "lastname": _attr("last_name"),
        "usrname": _attr("user_name"),
        "login": _attr("user_name"),
        "department": _attr("department"),
        "directory": _attr("domain.name"),
    },
    "groups": {"name": _attr("name")},
    "vmpools": {**_COMMON},
    "instancetypes": {**_COMMON},
    "jobs": {"correlation_id": Field(read=lambda world, job: (str(job.lab.get("correlation_id", "")),))},
    "events": {
        "type": _attr("code", "number"),
        "severity": _attr("severity"),
        "message": _attr("description"),
        "time": _attr("time", "date"),
        "usrname": _event_name("user"),
        "event_host": _event_name("host"),
        "event_vm": _event_name("vm"),
        "event_template": _event_name("template"),
        "event_storage": _event_name("storage_domain"),
        "event_datacenter": _event_name("data_center"),
        "correlation_id": _attr("correlation_id"),
        "origin": _attr("origin"),
        "custom_event_id": _attr("custom_id", "number"),
        "host.name": _event_name("host"),
        "vm.name": _event_name("vm"),
        "cluster.name": _event_name("cluster"),
        "datacenter.name": _event_name("data_center"),
        "storage.name": _event_name("storage_domain"),
    },
}

_FREE_TEXT = {
    "vms": ("name",),
    "hosts": ("name",),
    "events": ("message",),
    "datacenters": ("name",),
    "clusters": ("name",),
}


def default_fields(place: str) -> tuple[str, ...]:
    """The fields that a value without a field is looked for in."""
    return _FREE_TEXT.get(place, ("name",) if "name" in FIELDS.get(place, {}) else ())
