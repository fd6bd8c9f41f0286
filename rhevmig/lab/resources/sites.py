"""Data centers, clusters and networks created, edited and removed (recordings `build-*`, `enrich-sites`)."""

from __future__ import annotations

from typing import Any

from rhevmig.lab.api.faults import Refused, refuse
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.scenario.build_sites import add_cluster_network, version_tree
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import Entity


def latest_version(asked: Asked) -> Tree:
    """The highest compatibility version that the engine knows."""
    return version_tree(max((level.id for level in asked.world.all("clusterlevels")), default="4.8"))


# -- data centers


@create("datacenters")
def add_data_center(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A data center, uninitialized until it has storage, with its management network and quota."""
    need("DataCenter", sent, "name")
    world, name = asked.world, trees.text(sent, "name")
    unique(asked, "datacenters", name, "DATA_CENTER_NAME_IN_USE")
    version = sent.get("version") or latest_version(asked)
    base: Tree = {
        "local": "false",
        "quota_mode": "disabled",
        "status": "uninitialized",
        "supported_versions": {"version": [version]},
        "version": version,
    }
    center = world.add("datacenters", world.new_id(), merged(asked, "datacenters", base, sent))
    quota = {
        "name": "Default",
        "description": "Default unlimited quota",
        "cluster_hard_limit_pct": "20",
        "cluster_soft_limit_pct": "80",
        "data_center": trees.ref(center.id),
        "storage_hard_limit_pct": "20",
        "storage_soft_limit_pct": "80",
    }
    world.add("datacenters/quotas", world.new_id(), quota, parent=center)
    network = _network(asked, center, {"name": "ovirtmgmt", "description": "Default Management Network"})
    center.lab["management_network"] = network.id
    mode = center.text("quota_mode").upper()
    level = f"{trees.text(version, 'major')}.{trees.text(version, 'minor')}"
    say(asked, 950, name=name, version=level, mode=mode)
    world.set(center, "mac_pool", None)
    return center


@edit("datacenters")
def edit_data_center(asked: Asked, center: Entity, sent: Tree) -> None:
    """Change a data center."""
    if "name" in sent:
        unique(asked, "datacenters", trees.text(sent, "name"), "DATA_CENTER_NAME_IN_USE", besides=center)
    asked.world.update(center, merged(asked, "datacenters", {}, sent))
    say(asked, 952, center, name=center.name)


@remove("datacenters")
def remove_data_center(asked: Asked, center: Entity) -> None:
    """Remove a data center; one with clusters of hosts or storage is kept."""
    world = asked.world
    if world.children(center, "storagedomains"):
        raise refuse("DATA_CENTER_HAS_STORAGE", language=asked.language)
    for cluster in world.referring("clusters", "data_center", center.id):
        world.set(cluster, "data_center", None)
    for network in world.referring("networks", "data_center", center.id):
        _drop_network(asked, network)
    world.remove(center)
    say(asked, 954, name=center.name)


# -- clusters


@create("clusters")
def add_cluster(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A cluster with the management network of its data center."""
    need("Cluster", sent, "name", "dataCenter.name|id")
    world, name = asked.world, trees.text(sent, "name")
    center = reference(asked, "datacenters", sent["data_center"])
    _check_cluster(asked, sent, center, None)
    version = sent.get("version") or center.get("version")
    base = {
        **defaults.default_attrs("clusters"),
        "description": "",
        "comment": "",
        "version": version,
        "cpu": {"architecture": "undefined", "type": ""},
    }
    attrs = merged(asked, "clusters", base, sent, skip=("management_network",))
    attrs["data_center"] = trees.ref(center.id)
    cpu = trees.text(attrs, "cpu.type")
    if not cpu:
        attrs.pop("bios_type", None)
    elif trees.text(attrs, "cpu.architecture") in ("", "undefined"):
        attrs = trees.put(attrs, "cpu.architecture", _architecture(asked, version, cpu))
    if "scheduling_policy" in sent:
        attrs = _policy_properties(asked, attrs, sent)
    cluster = world.add("clusters", world.new_id(), attrs)
    world.set(center, "mac_pool", center.get("mac_pool") or attrs.get("mac_pool"))
    profile = world.add(
        "clusters/cpuprofiles",
        world.new_id(),
        {"name": name, "cluster": trees.ref(cluster.id)},
        parent=cluster,
    )
    management = _management_network(asked, center, sent)
    if management is not None:
        add_cluster_network(
            world,
            cluster,
            management,
            ["vm", "display", "migration", "management", "default_route"],
            required=True,
        )
    say(asked, 809, cluster, name=name)
    granted = "User/Group admin, Namespace *, Authorization provider: internal-authz"
    say(asked, 850, who=granted, role="CpuProfileCreator", what=f"Cpu Profile {profile.name}")
    say(asked, 10130, name=profile.name)
    return cluster


def _management_network(asked: Asked, center: Entity, sent: Tree) -> Entity | None:
    if sent.get("management_network"):
        return reference(asked, "networks", sent["management_network"])
    networks = asked.world.referring("networks", "data_center", center.id)
    return next((network for network in networks if network.name == "ovirtmgmt"), None)


def _architecture(asked: Asked, version: Tree, cpu: str) -> str:
    return next(
        (trees.text(item, "architecture") for item in _cpu_types(asked, version) if item["name"] == cpu),
        "x86_64",
    )


def _cpu_types(asked: Asked, version: Tree) -> list[Tree]:
    level = asked.world.find(
        "clusterlevels", f"{trees.text(version, 'major')}.{trees.text(version, 'minor')}"
    )
    return trees.items_of(level.get("cpu_types"), "cpu_type") if level is not None else []


def _check_cluster(asked: Asked, sent: Tree, center: Entity | None, cluster: Entity | None) -> None:
    verb = "CREATE" if cluster is None else "EDIT"
    if "name" in sent:
        unique(asked, "clusters", trees.text(sent, "name"), f"{verb}_CLUSTER_NAME_IN_USE", besides=cluster)
    cpu = trees.text(sent, "cpu.type")
    version = (
        sent.get("version")
        or (cluster.get("version") if cluster else None)
        or (center.get("version") if center else {})
    )
    if cpu and not any(item["name"] == cpu for item in _cpu_types(asked, version)):
        raise refuse(f"{verb}_CLUSTER_CPU_UNKNOWN", language=asked.language)


@edit("clusters")
def edit_cluster(asked: Asked, cluster: Entity, sent: Tree) -> None:
    """Change a cluster; refused while a VM of it is being snapshotted."""
    _check_cluster(asked, sent, None, cluster)
    for vm in (
        asked.world.referring("vms", "cluster", cluster.id) if "cpu" in sent or "version" in sent else []
    ):
        if any(item.text("snapshot_status") == "locked" for item in asked.world.children(vm, "snapshots")):
            raise refuse("EDIT_CLUSTER_VM_SNAPSHOT", language=asked.language, vm=vm.name)
    attrs = merged(asked, "clusters", cluster.attrs, sent, skip=("management_network", "networks"))
    migration = sent.get("migration")
    if isinstance(migration, dict):
        attrs["migration"] = _migration_options(cluster.get("migration") or {}, migration)
    if "scheduling_policy" in sent:
        attrs = _policy_properties(asked, attrs, sent)
    asked.world.update(cluster, attrs)
    say(asked, 811, cluster, name=cluster.name)


def _migration_options(present: Tree, sent: Tree) -> Tree:
    """Migration settings are taken whole where they are sent: a custom bandwidth goes with its method."""
    result = {**present, **sent}
    if trees.text(result, "bandwidth.assignment_method") != "custom":
        bandwidth = result.get("bandwidth")
        if isinstance(bandwidth, dict):
            result["bandwidth"] = {name: value for name, value in bandwidth.items() if name != "custom_value"}
    if trees.text(result, "parallel_migrations_policy") != "custom":
        result.pop("custom_parallel_migrations", None)
    return dict(sorted(result.items()))


def _policy_properties(asked: Asked, attrs: Tree, sent: Tree) -> Tree:
    policy = asked.world.find("schedulingpolicies", trees.ref_id(attrs.get("scheduling_policy")))
    if policy is not None and "custom_scheduling_policy_properties" not in sent:
        listed = trees.items_of(policy.get("properties"), "property")
        first = ("HighUtilization", "LowUtilization", "CpuOverCommitDurationMinutes")
        ordered = sorted(
            listed, key=lambda item: first.index(item["name"]) if item["name"] in first else len(first)
        )
        attrs = {**attrs, "custom_scheduling_policy_properties": {"property": ordered} if ordered else {}}
    return attrs


@remove("clusters")
def remove_cluster(asked: Asked, cluster: Entity) -> None:
    """Remove a cluster; one with hosts or VMs is kept."""
    world = asked.world
    if world.referring("hosts", "cluster", cluster.id):
        raise refuse("CLUSTER_HAS_HOSTS", language=asked.language)
    if world.referring("vms", "cluster", cluster.id):
        raise refuse("CLUSTER_HAS_VMS", language=asked.language)
    world.remove(cluster)
    say(asked, 813, name=cluster.name)


@act("clusters", "upgrade")
def upgrade_cluster(asked: Asked, cluster: Entity, action: Tree) -> Acted:
    """Flag an upgrade: start, update_progress and finish must carry the correlation id of the start."""
    world, step = asked.world, trees.text(action, "upgrade_action")
    running = cluster.flag("upgrade_in_progress")
    if step == "start":
        if running:
            say(asked, 893, cluster, name=cluster.name)
            raise refuse("UPGRADE_ALREADY_RUNNING", language=asked.language, id=cluster.id)
        world.update(
            cluster,
            {
                "upgrade_in_progress": True,
                "upgrade_percent_complete": 0,
                "upgrade_correlation_id": asked.correlation_id,
            },
        )
    elif step == "finish":
        world.update(cluster, {"upgrade_in_progress": False, "upgrade_percent_complete": 0})
    else:
        if not running or cluster.text("upgrade_correlation_id") != asked.correlation_id:
            raise refuse("UPGRADE_OTHER_CORRELATION", language=asked.language)
        world.set(cluster, "upgrade_percent_complete", trees.text(action, "upgrade_percent_complete", "0"))
    return Acted(shown=cluster)


@act("clusters", "syncallnetworks")
def sync_cluster_networks(asked: Asked, cluster: Entity, action: Tree) -> Acted:
    """Bring every host's networks to what the engine wants."""
    for host in asked.world.referring("hosts", "cluster", cluster.id):
        for attachment in asked.world.children(host, "networkattachments"):
            attachment.lab.pop("actual", None)
            asked.world.touch(attachment)
    return Acted(shown=cluster)


@act("clusters", "resetemulatedmachine")
def reset_emulated_machine(asked: Asked, cluster: Entity, action: Tree) -> Acted:
    """Nothing that an answer shows."""
    return Acted(shown=cluster)


# -- networks


@create("networks")
def add_network(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A logical network and its vNIC profile."""
    need("Network", sent, "name", "dataCenter.name|id")
    return _new_network(asked, reference(asked, "datacenters", sent["data_center"]), sent)


@create("datacenters/networks")
def add_network_below(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """The same, below the data center."""
    need("Network", sent, "name")
    if parent is None:
        raise Refused(404, in_action=False)
    return _new_network(asked, parent, sent)


def _new_network(asked: Asked, center: Entity, sent: Tree) -> Entity:
    name = trees.text(sent, "name")
    among = asked.world.referring("networks", "data_center", center.id)
    unique(asked, "networks", name, "CREATE_NETWORK_NAME_IN_USE", among=among)
    say(asked, 9423, center, name=name, center=center.name)
    network = _network(asked, center, sent)
    say(asked, 942, center, name=name, center=center.name)
    job_done(asked, f"Adding network {name} to Data Center: {center.name}")
    return network


def _network(asked: Asked, center: Entity, sent: Tree) -> Entity:
    world, name = asked.world, trees.text(sent, "name")
    base = {
        **defaults.default_attrs("networks"),
        "mtu": "0",
        "vdsm_name": name[:15],
        "usages": {"usage": ["vm"]},
    }
    attrs = merged(asked, "networks", base, sent, skip=("data_center", "display", "required"))
    attrs["data_center"] = trees.ref(center.id)
    if isinstance(sent.get("vlan"), dict):
        attrs["vlan"] = trees.ref(str(sent["vlan"].get("@id", "")))
    network = world.add("networks", world.new_id(), attrs)
    if (
        "vm" in trees.items_of(attrs.get("usages"), "usage")
        and trees.text(sent, "profile_required", "true") != "false"
    ):
        profile = {**defaults.default_attrs("vnicprofiles"), "name": name, "network": trees.ref(network.id)}
        world.add("vnicprofiles", world.new_id(), profile)
        if name != "ovirtmgmt":
            say(asked, 1122, profile=name, network=name, center=center.name)
    return network


@edit("networks")
def edit_network(asked: Asked, network: Entity, sent: Tree) -> None:
    """Change a logical network; hosts that differ from it then are out of sync."""
    center = asked.world.find("datacenters", network.ref("data_center"))
    center_name = center.name if center else ""
    say(asked, 11141, center, name=network.name, center=center_name)
    attrs = merged(asked, "networks", network.attrs, sent, skip=("data_center", "display", "required"))
    if isinstance(sent.get("vlan"), dict):
        attrs["vlan"] = trees.ref(str(sent["vlan"].get("@id", "")))
    asked.world.update(network, attrs)
    say(asked, 1114, center, name=network.name, center=center_name)
    job_done(asked, f"Updating network {network.name} on Data Center: {center_name}")


@remove("networks")
def remove_network(asked: Asked, network: Entity) -> None:
    """Remove a logical network; one that VMs use is kept."""
    world = asked.world
    used = [
        nic.parent
        for profile in world.referring("vnicprofiles", "network", network.id)
        for nic in world.referring("vms/nics", "vnic_profile", profile.id)
    ]
    if used:
        names = ", ".join(sorted({vm.name for vm in used if vm is not None}))
        raise refuse("NETWORK_USED_BY_VMS", language=asked.language, names=names)
    _drop_network(asked, network)


def _drop_network(asked: Asked, network: Entity) -> None:
    world = asked.world
    for profile in world.referring("vnicprofiles", "network", network.id):
        world.remove(profile)
    for part in [item for item in world.all("clusters/networks") if item.id == network.id]:
        world.remove(part)
    for attachment in world.referring("hosts/networkattachments", "network", network.id):
        world.remove(attachment)
    world.remove(network)


@create("clusters/networks")
def assign_network(asked: Asked, cluster: Entity | None, sent: Tree) -> Entity:
    """Give a network to a cluster."""
    need("Network", sent, "id|name") if not (sent.get("@id") or sent.get("name")) else None
    if cluster is None:
        raise Refused(404, in_action=False)
    center_id = cluster.ref("data_center")
    wanted = sent.get("@id")
    network = (
        asked.world.find("networks", wanted)
        if wanted
        else next(
            (
                item
                for item in asked.world.referring("networks", "data_center", center_id or "")
                if item.name == sent.get("name")
            ),
            None,
        )
    )
    if network is None:
        raise Refused(404, f"Entity not found: {wanted or sent.get('name')}", in_action=False)
    known = asked.world.find("clusters/networks", network.id, cluster)
    if known is not None:
        raise refuse("NETWORK_ALREADY_ATTACHED", language=asked.language)
    roles = trees.items_of(sent.get("usages"), "usage")
    required = trees.text(sent, "required", "true") == "true"
    part = add_cluster_network(asked.world, cluster, network, roles, required=required)
    _take_roles(asked, cluster, part, roles)
    return part


@edit("clusters/networks")
def edit_assignment(asked: Asked, part: Entity, sent: Tree) -> None:
    """Change a network's part in a cluster; a role that it takes, another network loses."""
    world, cluster = asked.world, part.parent
    changes: dict[str, Any] = {}
    if "required" in sent:
        changes["required"] = sent["required"]
    if "usages" in sent or "display" in sent:
        roles = trees.items_of(sent.get("usages"), "usage") if "usages" in sent else []
        if sent.get("display") == "true":
            roles = [*roles, "display"]
        base_vm = part.base is not None and "vm" in trees.items_of(part.base.get("usages"), "usage")
        usages = [
            role
            for role in ("vm", "display", "migration", "management", "default_route", "gluster")
            if role in roles or (role == "vm" and base_vm)
        ]
        changes["usages"] = {"usage": usages} if usages else {}
        changes["display"] = "display" in usages
        if cluster is not None:
            _take_roles(asked, cluster, part, roles)
    world.update(part, changes)


def _take_roles(asked: Asked, cluster: Entity, owner: Entity, roles: list[str]) -> None:
    world = asked.world
    for other in world.children(cluster, "networks"):
        if other is owner:
            continue
        usages = trees.items_of(other.get("usages"), "usage")
        kept = [role for role in usages if role == "vm" or role == "gluster" or role not in roles]
        if kept != usages:
            world.update(other, {"usages": {"usage": kept} if kept else {}, "display": "display" in kept})


@remove("clusters/networks")
def unassign_network(asked: Asked, part: Entity) -> None:
    """Take a network from a cluster; the management network stays."""
    if "management" in trees.items_of(part.get("usages"), "usage"):
        raise refuse("MANAGEMENT_NETWORK_STAYS", language=asked.language)
    asked.world.remove(part)


@create("vnicprofiles")
def add_profile(asked: Asked, parent: Entity | None, sent: Tree) -> Entity:
    """A vNIC profile of a network."""
    need("VnicProfile", sent, "name", "network.id|name")
    network = reference(asked, "networks", sent["network"])
    among = asked.world.referring("vnicprofiles", "network", network.id)
    unique(asked, "vnicprofiles", trees.text(sent, "name"), "PROFILE_NAME_IN_USE", among=among)
    attrs = merged(asked, "vnicprofiles", defaults.default_attrs("vnicprofiles"), sent)
    attrs["network"] = trees.ref(network.id)
    if trees.text(sent, "pass_through.mode") == "enabled":
        attrs.pop("network_filter", None)
    return asked.world.add("vnicprofiles", asked.world.new_id(), attrs)


@create("networks/vnicprofiles")
def add_profile_below(asked: Asked, network: Entity | None, sent: Tree) -> Entity:
    """The same, below the network."""
    if network is None:
        raise Refused(404, in_action=False)
    return add_profile(asked, None, {**sent, "network": trees.ref(network.id)})


@edit("vnicprofiles")
def edit_profile(asked: Asked, profile: Entity, sent: Tree) -> None:
    """Change a vNIC profile."""
    if (
        trees.text(sent, "pass_through.mode") == "enabled"
        and profile.get("network_filter")
        and "network_filter" not in sent
    ):
        raise refuse("PROFILE_PASSTHROUGH_FILTER", language=asked.language)
    asked.world.update(profile, merged(asked, "vnicprofiles", profile.attrs, sent, skip=("network",)))


@remove("vnicprofiles")
def remove_profile(asked: Asked, profile: Entity) -> None:
    """Remove a vNIC profile that no VM uses."""
    used = asked.world.referring("vms/nics", "vnic_profile", profile.id)
    if used:
        names = ", ".join(sorted({nic.parent.name for nic in used if nic.parent is not None}))
        raise refuse("PROFILE_USED_BY_VMS", language=asked.language, names=names)
    asked.world.remove(profile)
