"""What is dear to read and therefore only read for the entities asked for: `detail=`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from rhevmig.engine.collections import ListOf
from rhevmig.engine.list_reader import Reader
from rhevmig.engine.mapping.host import figures_of, host_of
from rhevmig.engine.mapping.vm import vm_of
from rhevmig.engine.parallel import run_together
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE
from rhevmig.errors import InvalidArgument
from rhevmig.inventory import Host, Inventory, Vm

#: Name → what it reads.
DETAILS = {
    "hosts": "all content of hosts: hosted engine and its score, network operation in progress",
    "host_statistics": "statistics of hosts",
    "vms": "all content of VMs: TPM (60 ms a VM; of all running ones unless named)",
    "vm_statistics": "statistics of VMs (30 ms a VM; of all running ones unless named)",
    "targets": "hosts that the engine's scheduler would take (35 ms a VM; of all running ones unless named)",
}

_HOSTS = ListOf(path="hosts", tag="hosts", kind="host")

#: Names of details, or a mapping to ids or names of entities (None: all that make sense).
Detail = Iterable[str] | Mapping[str, Iterable[str] | None]


def detail_of(detail: Detail) -> dict[str, tuple[str, ...] | None]:
    """The details asked for, in one form.

    Raises: InvalidArgument for a name that is none.
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


def with_detail(inventory: Inventory, detail: dict[str, tuple[str, ...] | None], reader: Reader) -> Inventory:
    """The inventory with the details read; an entity that is gone meanwhile keeps what it had.

    Raises: NotFound, AmbiguousName for keys that name nothing.
    """
    hosts: dict[str, dict[str, Any]] = {}
    vms: dict[str, dict[str, Any]] = {}
    targets: dict[str, tuple[str, ...]] = {}
    acts: list[Callable[[], object]] = []
    for name, keys in detail.items():
        if name in ("hosts", "host_statistics"):
            if keys is None:
                acts.append(_bound(_all_hosts, reader, name, hosts))
                continue
            read_host = _host_content if name == "hosts" else _host_statistics
            acts += [_bound(read_host, reader, inventory.host(key).id, hosts) for key in keys]
            continue
        chosen_vms = _chosen(inventory, keys)
        if name == "targets":
            acts += [_bound(_targets, reader, vm.id, targets) for vm in chosen_vms]
        else:
            read_vm = _vm_content if name == "vms" else _vm_statistics
            acts += [_bound(read_vm, reader, vm.id, vms) for vm in chosen_vms]
    run_together(acts, at_once=MAX_REQUESTS_AT_ONCE)
    return msgspec.structs.replace(
        inventory,
        hosts=tuple(_merged(host, hosts) for host in inventory.hosts),
        vms=tuple(_merged(vm, vms) for vm in inventory.vms),
        migration_targets={**inventory.migration_targets, **dict(sorted(targets.items()))},
    )


def _chosen(inventory: Inventory, keys: tuple[str, ...] | None) -> tuple[Vm, ...]:
    if keys is None:
        return tuple(vm for vm in inventory.vms if vm.is_running)
    return tuple(inventory.vm(key) for key in keys)


def _bound(
    act: Callable[[Reader, str, dict[str, Any]], None], reader: Reader, id: str, found: dict[str, Any]
) -> Callable[[], object]:
    return lambda: act(reader, id, found)


def _merged(entity: Any, found: dict[str, dict[str, Any]]) -> Any:
    return msgspec.structs.replace(entity, **found[entity.id]) if entity.id in found else entity


def _note(found: dict[str, dict[str, Any]], id: str, fields: dict[str, Any]) -> None:
    # one entity's details may come from two threads; a dict's update is one step under the interpreter's lock
    found.setdefault(id, {}).update(fields)


#: Fields of a host that come with all content only.
_HOST_CONTENT = ("hosted_engine_configured", "hosted_engine_score", "network_operation_in_progress")


def _all_hosts(reader: Reader, name: str, found: dict[str, Any]) -> None:
    """One request for all hosts: there are few of them, unlike VMs."""
    if name == "hosts":
        read = reader.read(_HOSTS, host_of, query={"all_content": "true"})
        for host in read:
            _note(found, host.id, {field: getattr(host, field) for field in _HOST_CONTENT})
        return
    for host in reader.read(_HOSTS.following("statistics"), host_of):
        _note(found, host.id, {"statistics": host.statistics})


def _host_content(reader: Reader, id: str, found: dict[str, Any]) -> None:
    host: Host | None = reader.one(
        f"hosts/{id}", "host", lambda item: host_of(item, frozenset()), {"all_content": "true"}
    )
    if host is None:
        reader.miss("host", "all_content", "refused, or the host is gone", id=id)
        return
    _note(found, id, {field: getattr(host, field) for field in _HOST_CONTENT})


def _vm_content(reader: Reader, id: str, found: dict[str, Any]) -> None:
    vm: Vm | None = reader.one(
        f"vms/{id}", "vm", lambda item: vm_of(item, frozenset()), {"all_content": "true"}
    )
    if vm is None:
        reader.miss("vm", "all_content", "refused, or the VM is gone", id=id)
        return
    _note(found, id, {"tpm_enabled": vm.tpm_enabled})


def _host_statistics(reader: Reader, id: str, found: dict[str, Any]) -> None:
    _statistics(reader, "host", f"hosts/{id}", id, found)


def _vm_statistics(reader: Reader, id: str, found: dict[str, Any]) -> None:
    _statistics(reader, "vm", f"vms/{id}", id, found)


def _statistics(reader: Reader, kind: str, path: str, id: str, found: dict[str, Any]) -> None:
    figures = reader.several(f"{path}/statistics", "statistics")
    if figures is None:
        reader.miss(kind, "statistics", "refused, or the entity is gone", id=id)
        return
    _note(found, id, {"statistics": figures_of(figures)})


def _targets(reader: Reader, id: str, found: dict[str, tuple[str, ...]]) -> None:
    hosts = reader.several("hosts", "hosts", {"migration_target_of": id})
    if hosts is None:
        reader.miss("vm", "migration_targets", "refused, or the VM is gone", id=id)
        return
    found[id] = tuple(sorted(host.id for host in hosts if host.id))
