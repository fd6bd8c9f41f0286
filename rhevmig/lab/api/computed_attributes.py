"""Attributes that are not stored but computed from others when they are requested.

A host's summary and schedulable memory depend on the VMs on it, a VM's display on its host. `token`
identifies the state on which the text of an entity depends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rhevmig.lab.api.schema import Place
from rhevmig.lab.state.attribute_values import items_of, ref, ref_id, text_at
from rhevmig.lab.state.host_load import MIB, schedulable_mib, vm_counts
from rhevmig.lab.state.store import Entity, World

#: Places whose items have an id and no href, as recorded.
_NO_HREF = frozenset(
    ("schedulingpolicies/filters", "schedulingpolicies/weights", "schedulingpolicies/balances")
)
#: Places that show another entity with its own href.
_OWN_HREF = frozenset(("storagedomains/disks", "datacenters/networks"))
_FILTERED = {
    "vms": frozenset(("host", "placement_policy")),
    "clusterlevels": frozenset(("cpu_types",)),
    "storagedomains": frozenset(("data_centers",)),
}


def href(world: World, place: Place, entity: Entity, base: str) -> str:
    """The URL of an entity at a place; empty where the engine shows none."""
    if place.path in _NO_HREF or entity.id[:1] == "#":
        return ""
    if place.segment == "statistics" and _is_series(entity.name):
        return ""
    if place.path in _OWN_HREF and entity.base is not None:
        return f"{base}/{entity.base.path}"
    return f"{base}/{entity.path}"


def _is_series(name: str) -> bool:
    """Statistics that the engine adds without a URL: histories and huge pages by size."""
    return name.endswith(".history") or name.startswith("hugepages.")


def link_path(rel: str) -> str:
    """The part of a link after its entity's URL."""
    collection, _, search = rel.partition("/")
    return f"{collection}?search={{query}}" if search == "search" else rel


def hidden(place: Place, look: Any) -> frozenset[str]:
    """The members that are left out with these options."""
    names = place.followed if look.all_content else place.content | place.followed
    if look.filtered:
        names |= _FILTERED.get(place.path, frozenset())
    return names


def filtered(place: Place, name: str, value: dict[str, Any]) -> dict[str, Any]:
    """The part of a struct that an ordinary user sees: a CPU without its type, of storage only the type."""
    if place.path == "hosts" and name == "cpu":
        return {key: member for key, member in value.items() if key != "type"}
    if place.path == "storagedomains" and name == "storage":
        return {key: member for key, member in value.items() if key == "type"}
    return value


def token(world: World, entity: Entity) -> tuple[int, ...]:
    """Changes whenever the rendered text of the entity may change."""
    if entity.place == "vms":
        host = world.find("hosts", entity.ref("host"))
        return (entity.version, host.version if host else -1)
    if entity.place == "hosts":
        cluster = world.find("clusters", entity.ref("cluster"))
        return (entity.version, world.load_version.get(entity.id, 0), cluster.version if cluster else -1)
    if entity.place == "hosts/networkattachments":
        network = world.find("networks", entity.ref("network"))
        return (entity.version, network.version if network else -1)
    if entity.base is not None:
        return (entity.version, entity.base.version)
    return (entity.version,)


def _summary(world: World, host: Entity, value: Any) -> Any:
    counts = vm_counts(world, host)
    return {"active": str(counts.active), "migrating": str(counts.migrating), "total": str(counts.total)}


def _max_scheduling_memory(world: World, host: Entity, value: Any) -> Any:
    if host.get("memory") is None:
        return "0" if value is None else value
    return str(max(0, schedulable_mib(world, host)) * MIB)


def _display(world: World, vm: Entity, value: Any) -> Any:
    host = world.find("hosts", vm.ref("host"))
    if host is None or not isinstance(value, dict):
        return (
            {key: member for key, member in value.items() if key != "port"}
            if isinstance(value, dict)
            else value
        )
    seen = world.find("hosts", vm.lab.get("shown_host")) or host
    shown = dict(value)
    shown.setdefault("address", seen.text("display.address") or seen.text("address"))
    subject = host.text("certificate.subject")
    if subject:
        content = str(world.engine_facts.get("certificate", ""))
        shown["certificate"] = {
            "content": content,
            "organization": host.text("certificate.organization"),
            "subject": subject,
        }
    return dict(sorted(shown.items()))


_OVF = (
    '<?xml version="1.0" encoding="UTF-8"?><ovf:Envelope xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1/" '
    'ovf:version="4.4.0.0"><Content ovf:id="out"><Name>{name}</Name>'
    "<MinAllocatedMem>{memory}</MinAllocatedMem>"
    "</Content></ovf:Envelope>"
)


def _initialization(world: World, entity: Entity, value: Any) -> Any:
    """The configuration of a VM or snapshot as OVF: only its head is filled in."""
    vm = entity.parent if entity.place == "vms/snapshots" and entity.parent is not None else entity
    data = _OVF.format(name=vm.name, memory=vm.number("memory") // MIB)
    return {**(value if isinstance(value, dict) else {}), "configuration": {"data": data, "type": "ovf"}}


def _constant(shown: Any) -> Callable[[World, Entity, Any], Any]:
    return lambda world, entity, value: shown if value is None else value


def _management_network(world: World, cluster: Entity, value: Any) -> Any:
    owner = cluster.base if cluster.base is not None else cluster
    for part in world.children(owner, "networks"):
        if "management" in items_of(part.get("usages"), "usage"):
            return ref(part.id)
    return None


def _reported(world: World, attachment: Entity, value: Any) -> Any:
    """The host's report of a network next to the values that the engine expects, which follow the network."""
    rows = _reported_rows(world, attachment)
    return {"reported_configuration": rows} if rows else None


def _in_sync(world: World, attachment: Entity, value: Any) -> Any:
    rows = _reported_rows(world, attachment)
    return "true" if all(row["in_sync"] == "true" for row in rows) else "false"


def _reported_rows(world: World, attachment: Entity) -> list[dict[str, str]]:
    network = world.find("networks", attachment.ref("network"))
    known = attachment.lab.get("actual")
    kept = items_of(attachment.attrs.get("reported_configurations"), "reported_configuration")
    rows = kept or [
        {"name": name}
        for name in (
            "mtu",
            "bridged",
            "vlan",
            "switchType",
            "ipv4_boot_protocol",
            "ipv4_netmask",
            "ipv4_address",
            "ipv4_gateway",
            "ipv6_boot_protocol",
            "default_route",
        )
    ]
    wanted = _wanted(world, attachment, network) if network is not None else {}
    shown = []
    for row in rows:
        name = row["name"]
        expected = wanted.get(name, row.get("expected_value", ""))
        if known is None and not kept:
            actual = expected
        else:
            actual = (known or {}).get(name, row.get("actual_value", expected if not kept else ""))
        line = {
            "actual_value": actual,
            "expected_value": expected,
            "in_sync": "true" if actual == expected else "false",
            "name": name,
        }
        shown.append({key: text for key, text in line.items() if text != ""})
    return shown


def _wanted(world: World, attachment: Entity, network: Entity) -> dict[str, str]:
    """Expected values of an attached network, as far as they can be derived."""
    usages = items_of(network.get("usages"), "usage")
    first: dict[str, Any] = next(
        iter(items_of(attachment.get("ip_address_assignments"), "ip_address_assignment")), {}
    )
    method = text_at(first, "assignment_method", "none")
    found = {
        "mtu": str(network.number("mtu") or 1500),
        "bridged": "true" if "vm" in usages else "false",
        "vlan": ref_id(network.get("vlan")) or "",
    }
    if attachment.lab.get("actual") is not None:
        found.update(
            switchType="LEGACY",
            ipv4_boot_protocol={"static": "STATIC_IP", "dhcp": "DHCP"}.get(method, "NONE"),
            ipv4_netmask=text_at(first, "ip.netmask"),
            ipv4_address=text_at(first, "ip.address"),
            ipv6_boot_protocol="NONE",
            default_route=attachment.lab["actual"].get("default_route", "false"),
        )
    return found


def _being_changed(world: World, host: Entity, value: Any) -> str:
    return "true" if host.lab.get("being_changed") else "false"


def _display_without_certificate(world: World, view: Entity, value: Any) -> Any:
    shown = _display(world, view.base or view, value)
    left_out = ("certificate",) if view.get("host") is not None else ("certificate", "type")
    return (
        {name: member for name, member in shown.items() if name not in left_out}
        if isinstance(shown, dict)
        else shown
    )


DERIVED: Mapping[str, Mapping[str, Callable[[World, Entity, Any], Any]]] = {
    "hosts": {
        "summary": _summary,
        "max_scheduling_memory": _max_scheduling_memory,
        "network_operation_in_progress": _being_changed,
    },
    "clusters": {"management_network": _management_network},
    "datacenters/clusters#written": {"management_network": _management_network},
    "vms": {
        "display": _display,
        "console": _constant({"enabled": "false"}),
        "initialization": _initialization,
        "rng_device": _constant({"source": "urandom"}),
        "soundcard_enabled": _constant("true"),
        "tpm_enabled": _constant("false"),
        "virtio_scsi": _constant({"enabled": "true"}),
    },
    "vms/snapshots": {"initialization": _initialization},
    "hosts/networkattachments": {"reported_configurations": _reported, "in_sync": _in_sync},
    "storagedomains/vms": {"display": _display_without_certificate},
}
