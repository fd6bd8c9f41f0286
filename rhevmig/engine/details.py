"""What is expensive to read and therefore read on request only: `detail=`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping.conversions import figures_of
from rhevmig.engine.mapping.host import HOST
from rhevmig.engine.mapping.vm import VM
from rhevmig.engine.parallel import run_together
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE
from rhevmig.errors import InvalidArgument
from rhevmig.inventory import Inventory, Vm
from rhevmig.inventory.collections import COLLECTIONS
from rhevmig.inventory.models.vm import HOSTED_ENGINE_ORIGINS, PASS_THROUGH

#: Name → what it reads.
DETAILS = {
    "hosts": "all content of hosts: hosted engine and its score, network operation in progress",
    "host_statistics": "statistics of hosts",
    "vms": "all content of VMs: TPM (60 ms per VM; of all running ones unless named)",
    "vm_statistics": "statistics of VMs (30 ms per VM; of all running ones unless named)",
    "targets": "hosts that the engine's scheduler accepts (35 ms per VM; of all running ones unless named)",
}
#: Fields that the engine sends with `all_content` only, by kind of object.
_ALL_CONTENT = {
    "host": (
        "hosted_engine_configured",
        "hosted_engine_active",
        "hosted_engine_score",
        "hosted_engine_local_maintenance",
        "hosted_engine_global_maintenance",
        "network_operation_in_progress",
    ),
    "vm": ("tpm_enabled",),
}
_TABLES: dict[str, Callable[[Any], Any]] = {"host": HOST, "vm": VM}

#: Names of details, or a mapping to ids or names of objects (None: all that make sense).
Detail = Iterable[str] | Mapping[str, Iterable[str] | None]
#: Fields that were read, by id of the object.
_Found = dict[str, dict[str, Any]]


def detail_of(detail: Detail) -> dict[str, tuple[str, ...] | None]:
    """The details in one form: name → ids or names of objects, None for all.

    Raises: InvalidArgument for an unknown name.
    """
    if isinstance(detail, str):
        detail = (detail,)
    pairs = detail.items() if isinstance(detail, Mapping) else ((name, None) for name in detail)
    found: dict[str, tuple[str, ...] | None] = {}
    for name, keys in pairs:
        if name not in DETAILS:
            raise InvalidArgument(name="detail", value=name, expected=f"one of {', '.join(DETAILS)}")
        found[name] = None if keys is None else tuple([keys] if isinstance(keys, str) else keys)
    return found


def with_needed(inventory: Inventory, reader: Reader) -> Inventory:
    """The inventory with what its VMs need and is expensive to read: at most one request for all hosts.

    Engine: it sends `hosted_engine` of hosts and the virtual functions of NICs with `all_content` only.
    """
    pass_through = any(nic.interface == PASS_THROUGH for vm in inventory.vms for nic in vm.nics or ())
    if not pass_through and not any(vm.origin in HOSTED_ENGINE_ORIGINS for vm in inventory.vms):
        return inventory
    found: _Found = {}
    _all_hosts(reader, ("nics",) if pass_through else (), found)
    hosts = tuple(_merged(host, found) for host in inventory.hosts)
    return msgspec.structs.replace(inventory, hosts=hosts)


def with_detail(inventory: Inventory, detail: dict[str, tuple[str, ...] | None], reader: Reader) -> Inventory:
    """The inventory with the details; an object that was removed meanwhile keeps what it had.

    Raises: NotFound, AmbiguousName for an id or name that does not exist.
    """
    found: dict[str, _Found] = {"host": {}, "vm": {}}
    targets: dict[str, tuple[str, ...]] = {}
    acts: list[Callable[[], object]] = []
    for name, keys in detail.items():
        if name == "targets":
            acts += [partial(_targets, reader, vm.id, targets) for vm in _chosen(inventory, keys)]
        elif name in ("hosts", "host_statistics"):
            read = _content if name == "hosts" else _statistics
            if keys is None:
                follow = () if name == "hosts" else ("statistics",)
                acts.append(partial(_all_hosts, reader, follow, found["host"]))
            else:
                acts += [partial(read, reader, "host", inventory.host(key).id, found["host"]) for key in keys]
        else:
            read = _content if name == "vms" else _statistics
            acts += [partial(read, reader, "vm", vm.id, found["vm"]) for vm in _chosen(inventory, keys)]
    run_together(acts, at_once=MAX_REQUESTS_AT_ONCE)
    return msgspec.structs.replace(
        inventory,
        hosts=tuple(_merged(host, found["host"]) for host in inventory.hosts),
        vms=tuple(_merged(vm, found["vm"]) for vm in inventory.vms),
        migration_targets={**inventory.migration_targets, **dict(sorted(targets.items()))},
    )


def _chosen(inventory: Inventory, keys: tuple[str, ...] | None) -> tuple[Vm, ...]:
    if keys is None:
        return tuple(vm for vm in inventory.vms if vm.is_running)
    return tuple(inventory.vm(key) for key in keys)


def _merged(entity: Any, found: _Found) -> Any:
    return msgspec.structs.replace(entity, **found[entity.id]) if entity.id in found else entity


def _note(found: _Found, id: str, fields: dict[str, Any]) -> None:
    # two threads may write details of one object; a dict's update is atomic under the interpreter's lock
    found.setdefault(id, {}).update(fields)


def _all_hosts(reader: Reader, follow: tuple[str, ...], found: _Found) -> None:
    """One request for all hosts: there are few of them, unlike VMs."""
    hosts = COLLECTIONS["hosts"].following(*follow)
    if follow == ("statistics",):
        for host in reader.read(hosts, HOST):
            _note(found, host.id, {"statistics": host.statistics})
        return
    for host in reader.read(hosts, HOST, query={"all_content": "true"}, what="all_content"):
        _note(found, host.id, _content_of("host", host))
        if host.nics is not None:
            _note(found, host.id, {"nics": host.nics})


def _content_of(kind: str, entity: Any) -> dict[str, Any]:
    fields = {field: getattr(entity, field) for field in _ALL_CONTENT[kind]}
    if kind == "host" and fields["hosted_engine_configured"] is None:
        # the engine leaves `hosted_engine` out of hosts that are not configured for it
        fields["hosted_engine_configured"] = False
    return fields


def _content(reader: Reader, kind: str, id: str, found: _Found) -> None:
    entity = reader.one(f"{kind}s/{id}", kind, _TABLES[kind], {"all_content": "true"})
    if entity is None:
        reader.miss(kind, "all_content", "refused, or removed meanwhile", id=id)
        return
    _note(found, id, _content_of(kind, entity))


def _statistics(reader: Reader, kind: str, id: str, found: _Found) -> None:
    figures = reader.several(f"{kind}s/{id}/statistics", "statistics")
    if figures is None:
        reader.miss(kind, "statistics", "refused, or removed meanwhile", id=id)
        return
    _note(found, id, {"statistics": figures_of(figures)})


def _targets(reader: Reader, id: str, found: dict[str, tuple[str, ...]]) -> None:
    hosts = reader.several("hosts", "hosts", {"migration_target_of": id})
    if hosts is None:
        reader.miss("vm", "migration_targets", "refused, or the VM was removed meanwhile", id=id)
        return
    found[id] = tuple(sorted(host.id for host in hosts if host.id))
