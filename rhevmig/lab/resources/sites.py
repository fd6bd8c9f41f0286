"""Data centers, clusters and networks created, edited and removed (recordings `build-*`, `enrich-sites`)."""

from __future__ import annotations

from typing import Any

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.resources.changes import job_done, merged, need, reference, say, unique
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at, with_value
from rhevmig.lab.state.store import Entity, World


def latest_version(context: RequestContext) -> Tree:
    """The highest compatibility version that the engine knows."""
    return version_tree(max((level.id for level in context.world.all("clusterlevels")), default="4.8"))


def version_tree(version: str) -> Tree:
    """`4.7` as the API has it."""
    major, _, minor = version.partition(".")
    return {"major": major, "minor": minor or "0"}


def add_cluster_network(
    world: World, cluster: Entity, network: Entity, roles: list[str], *, required: bool
) -> Entity:
    """A network's part in a cluster."""
    has_vm = "vm" in items_of(network.get("usages"), "usage")
    usages = [
        role
        for role in ("vm", "display", "migration", "management", "default_route", "gluster")
        if role in roles or (role == "vm" and has_vm)
    ]
    own = {
        "display": "true" if "display" in usages else "false",
        "required": "true" if required else "false",
        "status": "operational",
        "usages": {"usage": usages} if usages else "",
        "cluster": ref(cluster.id),
    }
    return world.add("clusters/networks", network.id, own, parent=cluster, base=network)


# -- data centers


@create("datacenters")
def add_data_center(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A data center, uninitialized until it has storage, with its management network and quota."""
    need("DataCenter", sent, "name")
    world, name = context.world, text_at(sent, "name")
    unique(context, "datacenters", name, "DATA_CENTER_NAME_IN_USE")
    version = sent.get("version") or latest_version(context)
    base: Tree = {
        "local": "false",
        "quota_mode": "disabled",
        "status": "uninitialized",
        "supported_versions": {"version": [version]},
        "version": version,
    }
    center = world.add("datacenters", world.new_id(), merged(context, "datacenters", base, sent))
    quota = {
        "name": "Default",
        "description": "Default unlimited quota",
        "cluster_hard_limit_pct": "20",
        "cluster_soft_limit_pct": "80",
        "data_center": ref(center.id),
        "storage_hard_limit_pct": "20",
        "storage_soft_limit_pct": "80",
    }
    world.add("datacenters/quotas", world.new_id(), quota, parent=center)
    network = _network(context, center, {"name": "ovirtmgmt", "description": "Default Management Network"})
    center.lab["management_network"] = network.id
    mode = center.text("quota_mode").upper()
    level = f"{text_at(version, 'major')}.{text_at(version, 'minor')}"
    say(context, 950, name=name, version=level, mode=mode)
    world.set(center, "mac_pool", None)
    return center


@edit("datacenters")
def edit_data_center(context: RequestContext, center: Entity, sent: Tree) -> None:
    """Change a data center."""
    if "name" in sent:
        unique(context, "datacenters", text_at(sent, "name"), "DATA_CENTER_NAME_IN_USE", besides=center)
    context.world.update(center, merged(context, "datacenters", {}, sent))
    say(context, 952, center, name=center.name)


@remove("datacenters")
def remove_data_center(context: RequestContext, center: Entity) -> None:
    """Remove a data center; one with clusters of hosts or storage is kept."""
    world = context.world
    if world.children(center, "storagedomains"):
        raise refuse("DATA_CENTER_HAS_STORAGE", language=context.language)
    for cluster in world.referring("clusters", "data_center", center.id):
        world.set(cluster, "data_center", None)
    for network in world.referring("networks", "data_center", center.id):
        _drop_network(context, network)
    world.remove(center)
    say(context, 954, name=center.name)


# -- clusters


@create("clusters")
def add_cluster(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A cluster with the management network of its data center."""
    need("Cluster", sent, "name", "dataCenter.name|id")
    world, name = context.world, text_at(sent, "name")
    center = reference(context, "datacenters", sent["data_center"])
    _check_cluster(context, sent, center, None)
    version = sent.get("version") or center.get("version")
    base = {
        **defaults.default_attrs("clusters"),
        "description": "",
        "comment": "",
        "version": version,
        "cpu": {"architecture": "undefined", "type": ""},
    }
    attrs = merged(context, "clusters", base, sent, skip=("management_network",))
    attrs["data_center"] = ref(center.id)
    cpu = text_at(attrs, "cpu.type")
    if not cpu:
        attrs.pop("bios_type", None)
    elif text_at(attrs, "cpu.architecture") in ("", "undefined"):
        attrs = with_value(attrs, "cpu.architecture", _architecture(context, version, cpu))
    if "scheduling_policy" in sent:
        attrs = _policy_properties(context, attrs, sent)
    cluster = world.add("clusters", world.new_id(), attrs)
    world.set(center, "mac_pool", center.get("mac_pool") or attrs.get("mac_pool"))
    profile = world.add(
        "clusters/cpuprofiles",
        world.new_id(),
        {"name": name, "cluster": ref(cluster.id)},
        parent=cluster,
    )
    management = _management_network(context, center, sent)
    if management is not None:
        add_cluster_network(
            world,
            cluster,
            management,
            ["vm", "display", "migration", "management", "default_route"],
            required=True,
        )
    say(context, 809, cluster, name=name)
    granted = "User/Group admin, Namespace *, Authorization provider: internal-authz"
    say(context, 850, who=granted, role="CpuProfileCreator", what=f"Cpu Profile {profile.name}")
    say(context, 10130, name=profile.name)
    return cluster


def _management_network(context: RequestContext, center: Entity, sent: Tree) -> Entity | None:
    if sent.get("management_network"):
        return reference(context, "networks", sent["management_network"])
    networks = context.world.referring("networks", "data_center", center.id)
    return next((network for network in networks if network.name == "ovirtmgmt"), None)


def _architecture(context: RequestContext, version: Tree, cpu: str) -> str:
    return next(
        (text_at(item, "architecture") for item in _cpu_types(context, version) if item["name"] == cpu),
        "x86_64",
    )


def _cpu_types(context: RequestContext, version: Tree) -> list[Tree]:
    level = context.world.find("clusterlevels", f"{text_at(version, 'major')}.{text_at(version, 'minor')}")
    return items_of(level.get("cpu_types"), "cpu_type") if level is not None else []


def _check_cluster(
    context: RequestContext, sent: Tree, center: Entity | None, cluster: Entity | None
) -> None:
    verb = "CREATE" if cluster is None else "EDIT"
    if "name" in sent:
        unique(context, "clusters", text_at(sent, "name"), f"{verb}_CLUSTER_NAME_IN_USE", besides=cluster)
    cpu = text_at(sent, "cpu.type")
    version = (
        sent.get("version")
        or (cluster.get("version") if cluster else None)
        or (center.get("version") if center else {})
    )
    if cpu and not any(item["name"] == cpu for item in _cpu_types(context, version)):
        raise refuse(f"{verb}_CLUSTER_CPU_UNKNOWN", language=context.language)


@edit("clusters")
def edit_cluster(context: RequestContext, cluster: Entity, sent: Tree) -> None:
    """Change a cluster; refused while a VM of it is being snapshotted."""
    _check_cluster(context, sent, None, cluster)
    for vm in (
        context.world.referring("vms", "cluster", cluster.id) if "cpu" in sent or "version" in sent else []
    ):
        if any(item.text("snapshot_status") == "locked" for item in context.world.children(vm, "snapshots")):
            raise refuse("EDIT_CLUSTER_VM_SNAPSHOT", language=context.language, vm=vm.name)
    attrs = merged(context, "clusters", cluster.attrs, sent, skip=("management_network", "networks"))
    migration = sent.get("migration")
    if isinstance(migration, dict):
        attrs["migration"] = _migration_options(cluster.get("migration") or {}, migration)
    if "scheduling_policy" in sent:
        attrs = _policy_properties(context, attrs, sent)
    context.world.update(cluster, attrs)
    say(context, 811, cluster, name=cluster.name)


def _migration_options(present: Tree, sent: Tree) -> Tree:
    """Migration settings are taken whole where they are sent: a custom bandwidth goes with its method."""
    result = {**present, **sent}
    if text_at(result, "bandwidth.assignment_method") != "custom":
        bandwidth = result.get("bandwidth")
        if isinstance(bandwidth, dict):
            result["bandwidth"] = {name: value for name, value in bandwidth.items() if name != "custom_value"}
    if text_at(result, "parallel_migrations_policy") != "custom":
        result.pop("custom_parallel_migrations", None)
    return dict(sorted(result.items()))


def _policy_properties(context: RequestContext, attrs: Tree, sent: Tree) -> Tree:
    policy = context.world.find("schedulingpolicies", ref_id(attrs.get("scheduling_policy")))
    if policy is not None and "custom_scheduling_policy_properties" not in sent:
        listed = items_of(policy.get("properties"), "property")
        first = ("HighUtilization", "LowUtilization", "CpuOverCommitDurationMinutes")
        ordered = sorted(
            listed, key=lambda item: first.index(item["name"]) if item["name"] in first else len(first)
        )
        attrs = {**attrs, "custom_scheduling_policy_properties": {"property": ordered} if ordered else {}}
    return attrs


@remove("clusters")
def remove_cluster(context: RequestContext, cluster: Entity) -> None:
    """Remove a cluster; one with hosts or VMs is kept."""
    world = context.world
    if world.referring("hosts", "cluster", cluster.id):
        raise refuse("CLUSTER_HAS_HOSTS", language=context.language)
    if world.referring("vms", "cluster", cluster.id):
        raise refuse("CLUSTER_HAS_VMS", language=context.language)
    world.remove(cluster)
    say(context, 813, name=cluster.name)


@act("clusters", "upgrade")
def upgrade_cluster(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Flag an upgrade: start, update_progress and finish must carry the correlation id of the start."""
    world, step = context.world, text_at(action, "upgrade_action")
    running = cluster.flag("upgrade_in_progress")
    if step == "start":
        if running:
            say(context, 893, cluster, name=cluster.name)
            raise refuse("UPGRADE_ALREADY_RUNNING", language=context.language, id=cluster.id)
        world.update(
            cluster,
            {
                "upgrade_in_progress": True,
                "upgrade_percent_complete": 0,
                "upgrade_correlation_id": context.correlation_id,
            },
        )
    elif step == "finish":
        world.update(cluster, {"upgrade_in_progress": False, "upgrade_percent_complete": 0})
    else:
        if not running or cluster.text("upgrade_correlation_id") != context.correlation_id:
            raise refuse("UPGRADE_OTHER_CORRELATION", language=context.language)
        world.set(cluster, "upgrade_percent_complete", text_at(action, "upgrade_percent_complete", "0"))
    return Acted(shown=cluster)


@act("clusters", "syncallnetworks")
def sync_cluster_networks(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Bring every host's networks to what the engine wants."""
    for host in context.world.referring("hosts", "cluster", cluster.id):
        for attachment in context.world.children(host, "networkattachments"):
            attachment.lab.pop("actual", None)
            context.world.touch(attachment)
    return Acted(shown=cluster)


@act("clusters", "resetemulatedmachine")
def reset_emulated_machine(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Nothing that an answer shows."""
    return Acted(shown=cluster)


# -- networks


@create("networks")
def add_network(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A logical network and its vNIC profile."""
    need("Network", sent, "name", "dataCenter.name|id")
    return _new_network(context, reference(context, "datacenters", sent["data_center"]), sent)


@create("datacenters/networks")
def add_network_below(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """The same, below the data center."""
    need("Network", sent, "name")
    if parent is None:
        raise EngineFault(404, in_action=False)
    return _new_network(context, parent, sent)


def _new_network(context: RequestContext, center: Entity, sent: Tree) -> Entity:
    name = text_at(sent, "name")
    among = context.world.referring("networks", "data_center", center.id)
    unique(context, "networks", name, "CREATE_NETWORK_NAME_IN_USE", among=among)
    say(context, 9423, center, name=name, center=center.name)
    network = _network(context, center, sent)
    say(context, 942, center, name=name, center=center.name)
    job_done(context, f"Adding network {name} to Data Center: {center.name}")
    return network


def _network(context: RequestContext, center: Entity, sent: Tree) -> Entity:
    world, name = context.world, text_at(sent, "name")
    base = {
        **defaults.default_attrs("networks"),
        "mtu": "0",
        "vdsm_name": name[:15],
        "usages": {"usage": ["vm"]},
    }
    attrs = merged(context, "networks", base, sent, skip=("data_center", "display", "required"))
    attrs["data_center"] = ref(center.id)
    if isinstance(sent.get("vlan"), dict):
        attrs["vlan"] = ref(str(sent["vlan"].get("@id", "")))
    network = world.add("networks", world.new_id(), attrs)
    if (
        "vm" in items_of(attrs.get("usages"), "usage")
        and text_at(sent, "profile_required", "true") != "false"
    ):
        profile = {**defaults.default_attrs("vnicprofiles"), "name": name, "network": ref(network.id)}
        world.add("vnicprofiles", world.new_id(), profile)
        if name != "ovirtmgmt":
            say(context, 1122, profile=name, network=name, center=center.name)
    return network


@edit("networks")
def edit_network(context: RequestContext, network: Entity, sent: Tree) -> None:
    """Change a logical network; hosts that differ from it then are out of sync."""
    center = context.world.find("datacenters", network.ref("data_center"))
    center_name = center.name if center else ""
    say(context, 11141, center, name=network.name, center=center_name)
    attrs = merged(context, "networks", network.attrs, sent, skip=("data_center", "display", "required"))
    if isinstance(sent.get("vlan"), dict):
        attrs["vlan"] = ref(str(sent["vlan"].get("@id", "")))
    context.world.update(network, attrs)
    say(context, 1114, center, name=network.name, center=center_name)
    job_done(context, f"Updating network {network.name} on Data Center: {center_name}")


@remove("networks")
def remove_network(context: RequestContext, network: Entity) -> None:
    """Remove a logical network; one that VMs use is kept."""
    world = context.world
    used = [
        nic.parent
        for profile in world.referring("vnicprofiles", "network", network.id)
        for nic in world.referring("vms/nics", "vnic_profile", profile.id)
    ]
    if used:
        names = ", ".join(sorted({vm.name for vm in used if vm is not None}))
        raise refuse("NETWORK_USED_BY_VMS", language=context.language, names=names)
    _drop_network(context, network)


def _drop_network(context: RequestContext, network: Entity) -> None:
    world = context.world
    for profile in world.referring("vnicprofiles", "network", network.id):
        world.remove(profile)
    for part in [item for item in world.all("clusters/networks") if item.id == network.id]:
        world.remove(part)
    for attachment in world.referring("hosts/networkattachments", "network", network.id):
        world.remove(attachment)
    world.remove(network)


@create("clusters/networks")
def assign_network(context: RequestContext, cluster: Entity | None, sent: Tree) -> Entity:
    """Give a network to a cluster."""
    need("Network", sent, "id|name") if not (sent.get("@id") or sent.get("name")) else None
    if cluster is None:
        raise EngineFault(404, in_action=False)
    center_id = cluster.ref("data_center")
    wanted = sent.get("@id")
    network = (
        context.world.find("networks", wanted)
        if wanted
        else next(
            (
                item
                for item in context.world.referring("networks", "data_center", center_id or "")
                if item.name == sent.get("name")
            ),
            None,
        )
    )
    if network is None:
        raise EngineFault(404, f"Entity not found: {wanted or sent.get('name')}", in_action=False)
    known = context.world.find("clusters/networks", network.id, cluster)
    if known is not None:
        raise refuse("NETWORK_ALREADY_ATTACHED", language=context.language)
    roles = items_of(sent.get("usages"), "usage")
    required = text_at(sent, "required", "true") == "true"
    part = add_cluster_network(context.world, cluster, network, roles, required=required)
    _take_roles(context, cluster, part, roles)
    return part


@edit("clusters/networks")
def edit_assignment(context: RequestContext, part: Entity, sent: Tree) -> None:
    """Change a network's part in a cluster; a role that it takes, another network loses."""
    world, cluster = context.world, part.parent
    changes: dict[str, Any] = {}
    if "required" in sent:
        changes["required"] = sent["required"]
    if "usages" in sent or "display" in sent:
        roles = items_of(sent.get("usages"), "usage") if "usages" in sent else []
        if sent.get("display") == "true":
            roles = [*roles, "display"]
        base_vm = part.base is not None and "vm" in items_of(part.base.get("usages"), "usage")
        usages = [
            role
            for role in ("vm", "display", "migration", "management", "default_route", "gluster")
            if role in roles or (role == "vm" and base_vm)
        ]
        changes["usages"] = {"usage": usages} if usages else {}
        changes["display"] = "display" in usages
        if cluster is not None:
            _take_roles(context, cluster, part, roles)
    world.update(part, changes)


def _take_roles(context: RequestContext, cluster: Entity, owner: Entity, roles: list[str]) -> None:
    world = context.world
    for other in world.children(cluster, "networks"):
        if other is owner:
            continue
        usages = items_of(other.get("usages"), "usage")
        kept = [role for role in usages if role == "vm" or role == "gluster" or role not in roles]
        if kept != usages:
            world.update(other, {"usages": {"usage": kept} if kept else {}, "display": "display" in kept})


@remove("clusters/networks")
def unassign_network(context: RequestContext, part: Entity) -> None:
    """Take a network from a cluster; the management network stays."""
    if "management" in items_of(part.get("usages"), "usage"):
        raise refuse("MANAGEMENT_NETWORK_STAYS", language=context.language)
    context.world.remove(part)


@create("vnicprofiles")
def add_profile(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
    """A vNIC profile of a network."""
    need("VnicProfile", sent, "name", "network.id|name")
    network = reference(context, "networks", sent["network"])
    among = context.world.referring("vnicprofiles", "network", network.id)
    unique(context, "vnicprofiles", text_at(sent, "name"), "PROFILE_NAME_IN_USE", among=among)
    attrs = merged(context, "vnicprofiles", defaults.default_attrs("vnicprofiles"), sent)
    attrs["network"] = ref(network.id)
    if text_at(sent, "pass_through.mode") == "enabled":
        attrs.pop("network_filter", None)
    return context.world.add("vnicprofiles", context.world.new_id(), attrs)


@create("networks/vnicprofiles")
def add_profile_below(context: RequestContext, network: Entity | None, sent: Tree) -> Entity:
    """The same, below the network."""
    if network is None:
        raise EngineFault(404, in_action=False)
    return add_profile(context, None, {**sent, "network": ref(network.id)})


@edit("vnicprofiles")
def edit_profile(context: RequestContext, profile: Entity, sent: Tree) -> None:
    """Change a vNIC profile."""
    if (
        text_at(sent, "pass_through.mode") == "enabled"
        and profile.get("network_filter")
        and "network_filter" not in sent
    ):
        raise refuse("PROFILE_PASSTHROUGH_FILTER", language=context.language)
    context.world.update(profile, merged(context, "vnicprofiles", profile.attrs, sent, skip=("network",)))


@remove("vnicprofiles")
def remove_profile(context: RequestContext, profile: Entity) -> None:
    """Remove a vNIC profile that no VM uses."""
    used = context.world.referring("vms/nics", "vnic_profile", profile.id)
    if used:
        names = ", ".join(sorted({nic.parent.name for nic in used if nic.parent is not None}))
        raise refuse("PROFILE_USED_BY_VMS", language=context.language, names=names)
    context.world.remove(profile)
