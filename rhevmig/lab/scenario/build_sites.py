"""A world from a scenario: users, data centers, clusters, affinity and events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from rhevmig.lab.http import accounts
from rhevmig.lab.resources.data_centers import add_default_quota, version_tree
from rhevmig.lab.resources.networks import ROLES, add_cluster_network
from rhevmig.lab.scenario import build_hosts, build_vms
from rhevmig.lab.scenario.build_context import Builder, plain, with_attributes
from rhevmig.lab.scenario.model import (
    ClusterEntry,
    ClusterNetworkEntry,
    DataCenterEntry,
    NetworkEntry,
    ProfileEntry,
    Scenario,
    StorageEntry,
    UserEntry,
)
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, with_value
from rhevmig.lab.state.clock import SimClock, stamp
from rhevmig.lab.state.event_log import EventLog, event_kinds
from rhevmig.lab.state.store import Entity, World

_GIB = 2**30


def build_world(
    scenario: Scenario,
    *,
    file: str = "<scenario>",
    speed: float = 1.0,
    monotonic: Callable[[], float] | None = None,
) -> World:
    """The world of a scenario."""
    start = scenario.start
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    clock = SimClock(start=start, speed=speed, **({"monotonic": monotonic} if monotonic else {}))
    world = World(seed=scenario.seed, clock=clock)
    world.agenda.clock = clock
    _facts(world, scenario)
    world.faults = list(scenario.faults)
    defaults.install(world)
    builder = Builder(world, file)
    _users(builder, scenario)
    for center in scenario.data_centers:
        _data_center(builder, center)
    for cluster in scenario.clusters:
        _cluster(builder, cluster)
    for host in scenario.hosts:
        build_hosts.add_hosts(builder, host)
    build_hosts.choose_spm(world)
    for tag in scenario.tags:
        builder.add("tags", tag.name, {"name": tag.name, "parent": ref(defaults.BLANK_ID)}, given=tag.id)
    for vm in scenario.vms:
        build_vms.add_vms(builder, vm)
    _groups(builder, scenario)
    _roles(builder, scenario)
    _events(builder, scenario)
    for raw in scenario.entities:
        _raw_entity(builder, raw)
    return world


def _facts(world: World, scenario: Scenario) -> None:
    version, numbers = scenario.engine_version, scenario.engine_version.split("-")[0].split(".")
    parts = [part if part.isdigit() else "0" for part in numbers] + ["0", "0", "0"]
    world.engine_facts.update(
        instance_id=world.new_id("engine", "instance"),
        name="oVirt Engine",
        vendor="ovirt.org",
        version={
            "build": parts[2],
            "full_version": version,
            "major": parts[0],
            "minor": parts[1],
            "revision": "0",
        },
    )


def _users(builder: Builder, scenario: Scenario) -> None:
    admin = UserEntry(name="admin@internal", password="secret")  # noqa: S106
    for user in scenario.users or [admin]:
        builder.names["users", user.name] = accounts.add_user(
            builder.world, user.name, user.password, user_id=user.id
        )


_ROLE_NAMES = {"admin": "SuperUser", "reader": "ReadOnlyAdmin"}


def _roles(builder: Builder, scenario: Scenario) -> None:
    """Permissions, added last because they may be on any object."""
    world = builder.world
    admin = UserEntry(name="admin@internal")
    for user in scenario.users or [admin]:
        if user.role == "none":
            continue
        role = world.named("roles", _ROLE_NAMES.get(user.role, user.role))
        if role is None:
            raise builder.invalid(f"user {user.name} has the role {user.role!r}, which does not exist")
        owner = builder.names["users", user.name]
        attrs = {"role": ref(role.id), "user": ref(owner.id)}
        place = {"cluster": "clusters", "vm": "vms", "data_center": "datacenters", "host": "hosts"}
        if not user.where:
            world.add("permissions", world.new_id("permission", user.name), attrs)
        for kind, name in user.where.items():
            if kind not in place:
                raise builder.invalid(f"user {user.name} has a role on a {kind!r}; use {', '.join(place)}")
            above = builder.get(place[kind], name, asked_by=f"user {user.name}")
            permission_id = world.new_id("permission", f"{user.name}/{kind}/{name}")
            world.add(
                f"{place[kind]}/permissions",
                permission_id,
                {kind: ref(above.id), **attrs},
                parent=above,
            )


def _data_center(builder: Builder, entry: DataCenterEntry) -> None:
    world = builder.world
    active = any(domain.status == "active" and domain.function == "data" for domain in entry.storage)
    attrs = {
        **defaults.default_attrs("datacenters"),
        "name": entry.name,
        "local": "true" if entry.local else "false",
        "status": entry.status or ("up" if active else "uninitialized"),
        "supported_versions": {"version": [version_tree(entry.version)]},
        "version": version_tree(entry.version),
        "mac_pool": ref(defaults.MAC_POOL_ID),
    }
    if not entry.storage:
        attrs.pop("storage_format", None)
    center = builder.add("datacenters", entry.name, with_attributes(attrs, entry), given=entry.id)
    add_default_quota(world, center, quota_id=world.new_id("quota", entry.name))
    networks = list(entry.networks)
    builder.management[center.id] = entry.management
    if not any(network.name == entry.management for network in networks):
        management = NetworkEntry(name=entry.management, attributes={"description": "Management Network"})
        networks.insert(0, management)
    for network in networks:
        add_network(builder, center, network)
    for number, domain in enumerate(entry.storage):
        _storage(builder, center, domain, is_first=number == 0)


def add_network(builder: Builder, center: Entity, entry: NetworkEntry) -> Entity:
    """A logical network with its vNIC profiles."""
    scope = f"{center.id}/"
    attrs = {
        **defaults.default_attrs("networks"),
        "name": entry.name,
        "mtu": str(entry.mtu),
        "usages": {"usage": ["vm"]} if entry.vm else "",
        "vdsm_name": entry.name[:15],
        **({"vlan": ref(str(entry.vlan))} if entry.vlan is not None else {}),
        "data_center": ref(center.id),
    }
    network = builder.add("networks", entry.name, with_attributes(attrs, entry), given=entry.id, scope=scope)
    profiles = entry.profiles if entry.profiles is not None else ([entry.name] if entry.vm else [])
    for given in profiles:
        profile = ProfileEntry(name=given) if isinstance(given, str) else given
        members = {
            **defaults.default_attrs("vnicprofiles"),
            "name": profile.name,
            "network": ref(network.id),
        }
        builder.add(
            "vnicprofiles",
            profile.name,
            with_attributes(members, profile),
            given=profile.id,
            scope=f"{scope}{entry.name}/",
            also=f"{scope}{profile.name}",
        )
    return network


def _storage(builder: Builder, center: Entity, entry: StorageEntry, *, is_first: bool) -> None:
    world = builder.world
    master = entry.master if entry.master is not None else is_first and entry.function == "data"
    address = entry.address or ("nas.lab.example" if entry.type == "nfs" else None)
    path = entry.path or f"/exports/{entry.name}"
    storage = {**({"address": address} if address else {}), "path": path, "type": entry.type}
    attrs = {
        **defaults.default_attrs("storagedomains"),
        "name": entry.name,
        "available": str((entry.size_gib - entry.used_gib) * _GIB),
        "committed": "0",
        "master": "true" if master else "false",
        "storage": storage,
        "type": entry.function,
        "used": str(entry.used_gib * _GIB),
    }
    if entry.status is None:
        attrs = {**attrs, "status": "unattached"}
        for gone in ("available", "used"):
            attrs.pop(gone)
    else:
        attrs["data_centers"] = {"data_center": [ref(center.id)]}
    domain = builder.add("storagedomains", entry.name, with_attributes(attrs, entry), given=entry.id)
    if entry.status is not None:
        own = {"status": entry.status, "data_center": ref(center.id)}
        world.add("datacenters/storagedomains", domain.id, own, parent=center, base=domain)
        if master:
            center.lab["master_domain"] = domain.id
    world.add("storageconnections", world.new_id("connection", entry.name), storage)
    profile = {"name": entry.name, "storage_domain": ref(domain.id)}
    world.add("storagedomains/diskprofiles", world.new_id("diskprofile", entry.name), profile, parent=domain)


def _cluster(builder: Builder, entry: ClusterEntry) -> None:
    world = builder.world
    center = builder.get("datacenters", entry.data_center, asked_by=f"cluster {entry.name}")
    version = version_tree(entry.version) if entry.version else center.get("version")
    policy = world.named("schedulingpolicies", entry.scheduling_policy)
    if policy is None:
        raise builder.invalid(f"cluster {entry.name}: no scheduling policy {entry.scheduling_policy!r}")
    attrs: Tree = {
        **defaults.default_attrs("clusters"),
        "name": entry.name,
        "description": "",
        "comment": "",
        "cpu": {"architecture": entry.architecture if entry.cpu else "undefined", "type": entry.cpu or ""},
        "version": version,
        "data_center": ref(center.id),
        "scheduling_policy": ref(policy.id),
    }
    attrs = with_value(attrs, "memory_policy.over_commit.percent", str(entry.overcommit_percent))
    if entry.migration_policy:
        attrs = with_value(attrs, "migration.policy", ref(entry.migration_policy))
    if entry.migration_bandwidth_mbps is not None:
        custom = {"assignment_method": "custom", "custom_value": str(entry.migration_bandwidth_mbps)}
        attrs = with_value(attrs, "migration.bandwidth", custom)
    cluster = builder.add("clusters", entry.name, with_attributes(attrs, entry), given=entry.id)
    profile = {"name": entry.name, "cluster": ref(cluster.id)}
    world.add("clusters/cpuprofiles", world.new_id("cpuprofile", entry.name), profile, parent=cluster)
    _cluster_networks(builder, cluster, center, entry)


def _cluster_networks(builder: Builder, cluster: Entity, center: Entity, entry: ClusterEntry) -> None:
    world = builder.world
    listed = entry.networks
    if listed is None:
        listed = [
            ClusterNetworkEntry(name=net.name, roles=["vm"])
            for net in world.referring("networks", "data_center", center.id)
        ]
    if not any("management" in network.roles for network in listed):
        taken = {role for network in listed for role in network.roles}
        roles = [role for role in ROLES[:-1] if role not in taken or role == "vm"]
        management = builder.management.get(center.id, "ovirtmgmt")
        listed = [network for network in listed if network.name != management]
        listed.insert(0, ClusterNetworkEntry(name=management, roles=roles, required=True))
    for network in listed:
        base = builder.get("networks", network.name, asked_by=f"cluster {entry.name}", scope=f"{center.id}/")
        add_cluster_network(world, cluster, base, network.roles, required=network.required)


def rule(kind: str, *, enforcing: bool) -> Tree:
    """An affinity rule as the API has it."""
    return {
        "enabled": "true" if kind != "disabled" else "false",
        "enforcing": "true" if enforcing and kind != "disabled" else "false",
        "positive": "true" if kind == "positive" else "false",
    }


def _groups(builder: Builder, scenario: Scenario) -> None:
    for entry in scenario.affinity_groups:
        asked_by = f"affinity group {entry.name}"
        cluster = builder.get("clusters", entry.cluster, asked_by=asked_by)
        scope = f"{cluster.ref('data_center')}/"
        vms = [ref(builder.get("vms", name, asked_by=asked_by, scope=scope).id) for name in entry.vms]
        hosts = [ref(builder.get("hosts", name, asked_by=asked_by).id) for name in entry.hosts]
        attrs: Tree = {
            "name": entry.name,
            "broken": "false",
            "enforcing": "true" if entry.vms_enforcing else "false",
            "hosts_rule": rule(entry.hosts_rule, enforcing=entry.hosts_enforcing),
            **(
                {"positive": "true" if entry.vms_rule == "positive" else "false"}
                if entry.vms_rule != "disabled"
                else {}
            ),
            "priority": "1",
            "vms_rule": rule(entry.vms_rule, enforcing=entry.vms_enforcing),
            "cluster": ref(cluster.id),
            "host_labels": {},
            "hosts": {"host": hosts} if hosts else {},
            "vm_labels": {},
            "vms": {"vm": vms} if vms else {},
        }
        builder.add(
            "clusters/affinitygroups",
            entry.name,
            with_attributes(attrs, entry),
            given=entry.id,
            scope=f"{cluster.id}/",
            also=entry.name,
            parent=cluster,
        )
    for label in scenario.affinity_labels:
        asked_by = f"affinity label {label.name}"
        vms = [ref(builder.get("vms", name, asked_by=asked_by).id) for name in label.vms]
        hosts = [ref(builder.get("hosts", name, asked_by=asked_by).id) for name in label.hosts]
        members = {
            "name": label.name,
            "has_implicit_affinity_group": "false",
            "read_only": "false",
            **({"hosts": {"host": hosts}} if hosts else {}),
            **({"vms": {"vm": vms}} if vms else {}),
        }
        builder.add("affinitylabels", label.name, members, given=label.id)


def _events(builder: Builder, scenario: Scenario) -> None:
    world, log = builder.world, EventLog(builder.world)
    for entry in sorted(scenario.events, key=lambda event: -event.age_s):
        about = [
            builder.get(place, name, asked_by=f"event {entry.code}")
            for place, name in (
                ("hosts", entry.host),
                ("vms", entry.vm),
                ("clusters", entry.cluster),
                ("storagedomains", entry.storage_domain),
            )
            if name
        ]
        values = {"host": entry.host or "", "vm": entry.vm or "", **entry.values}
        kind = event_kinds().get(entry.code)
        if kind is None and entry.text is None:
            raise builder.invalid(f"event {entry.code}: the lab has no text for it; give one")
        try:
            event = log.write(entry.code, *about, severity=entry.severity, text=entry.text, **values)
        except KeyError as missing:
            detail = f"event {entry.code}: its text needs {missing} among the values"
            raise builder.invalid(detail) from missing
        if event is not None:
            world.set(event, "time", stamp(world.clock.start_s - entry.age_s))


def _raw_entity(builder: Builder, raw: dict[str, Any]) -> None:
    try:
        place, entity_id = raw["place"], raw["id"]
    except KeyError as missing:
        raise builder.invalid(f"an entry of entities has no {missing}") from missing
    above = place.rpartition("/")[0]
    parent = builder.world.find(above, raw.get("parent")) if above else None
    attrs = plain(raw.get("attributes", {}))
    known = builder.world.find(place, entity_id, parent)
    if known is not None:
        builder.world.update(known, attrs)
    else:
        builder.world.add(place, entity_id, attrs, parent=parent)
