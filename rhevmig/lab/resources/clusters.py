"""Clusters created, changed, upgraded and removed (recordings `cluster-settings`, …)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import Acted, act, create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import refuse
from rhevmig.lab.resources.changes import reference, require
from rhevmig.lab.resources.host_networks import synchronize
from rhevmig.lab.resources.kinds import add_entity, check_new, edit_entity
from rhevmig.lab.resources.networks import ROLES, add_cluster_network
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, ref_id, text_at, with_value
from rhevmig.lab.state.store import Entity, World

_FIRST_PROPERTIES = ("HighUtilization", "LowUtilization", "CpuOverCommitDurationMinutes")


@create("clusters")
def add_cluster(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A cluster with the management network of its data center."""
    require("Cluster", sent, "name", "dataCenter.name|id")
    world, name = context.world, text_at(sent, "name")
    center = reference(context, "datacenters", sent["data_center"])
    check_new(context, "clusters", sent)
    version = sent.get("version") or center.get("version")
    known = _require_cpu_type(context, sent, version, "CREATE_CLUSTER_CPU_UNKNOWN")
    cpu = {"architecture": "undefined", "type": ""}
    base: Tree = {"description": "", "comment": "", "version": version, "cpu": cpu}
    cluster = add_entity(context, "clusters", sent, base=base, members={"data_center": ref(center.id)})
    if not cluster.text("cpu.type"):
        world.set(cluster, "bios_type", None)
    elif cluster.text("cpu.architecture") in ("", "undefined"):
        architecture = text_at(known or {}, "architecture", "x86_64")
        world.update(cluster, {"cpu": with_value(cluster.get("cpu"), "architecture", architecture)})
    world.update(cluster, _policy_properties(world, cluster, sent))
    world.set(center, "mac_pool", center.get("mac_pool") or cluster.get("mac_pool"))
    attrs = {"name": name, "cluster": ref(cluster.id)}
    profile = world.add("clusters/cpuprofiles", world.new_id(), attrs, parent=cluster)
    management = _management_network(context, center, sent)
    if management is not None:
        roles = [role for role in ROLES if role != "gluster"]
        add_cluster_network(world, cluster, management, roles, required=True)
    context.log(809, cluster, name=name)
    granted = "User/Group admin, Namespace *, Authorization provider: internal-authz"
    context.log(850, who=granted, role="CpuProfileCreator", what=f"Cpu Profile {profile.name}")
    context.log(10130, name=profile.name)
    return cluster


def _management_network(context: RequestContext, center: Entity, sent: Tree) -> Entity | None:
    if sent.get("management_network"):
        return reference(context, "networks", sent["management_network"])
    networks = context.world.referring("networks", "data_center", center.id)
    return next((network for network in networks if network.name == "ovirtmgmt"), None)


def _require_cpu_type(context: RequestContext, sent: Tree, version: Tree, key: str) -> Tree | None:
    """The CPU type that a body names; refuses one that the cluster level does not have."""
    name = text_at(sent, "cpu.type")
    if not name:
        return None
    level_id = f"{text_at(version, 'major')}.{text_at(version, 'minor')}"
    level = context.world.find("clusterlevels", level_id)
    types = items_of(level.get("cpu_types"), "cpu_type") if level is not None else []
    found: Tree | None = next((item for item in types if item["name"] == name), None)
    if found is None:
        raise context.refusal(key)
    return found


@edit("clusters")
def edit_cluster(context: RequestContext, cluster: Entity, sent: Tree) -> None:
    """Change a cluster; CPU and version not while a VM of it is being snapshotted."""
    world = context.world
    version = sent.get("version") or cluster.get("version") or {}
    _require_cpu_type(context, sent, version, "EDIT_CLUSTER_CPU_UNKNOWN")
    vms = world.referring("vms", "cluster", cluster.id) if "cpu" in sent or "version" in sent else []
    for vm in vms:
        if any(item.text("snapshot_status") == "locked" for item in world.children(vm, "snapshots")):
            raise context.refusal("EDIT_CLUSTER_VM_SNAPSHOT", vm=vm.name)
    migration, members = sent.get("migration"), Tree()
    if isinstance(migration, dict):
        members["migration"] = _migration_options(cluster.get("migration") or {}, migration)
    edit_entity(context, cluster, sent, members=members)
    world.update(cluster, _policy_properties(world, cluster, sent))
    context.log(811, cluster, name=cluster.name)


def _migration_options(present: Tree, sent: Tree) -> Tree:
    """Migration settings are taken whole where they are sent: a custom bandwidth goes with its method."""
    result = {**present, **sent}
    bandwidth = result.get("bandwidth")
    if isinstance(bandwidth, dict) and text_at(bandwidth, "assignment_method") != "custom":
        result["bandwidth"] = {name: value for name, value in bandwidth.items() if name != "custom_value"}
    if text_at(result, "parallel_migrations_policy") != "custom":
        result.pop("custom_parallel_migrations", None)
    return dict(sorted(result.items()))


def _policy_properties(world: World, cluster: Entity, sent: Tree) -> Tree:
    """The properties of a scheduling policy that was sent without properties."""
    policy = world.find("schedulingpolicies", ref_id(cluster.get("scheduling_policy")))
    if policy is None or "scheduling_policy" not in sent or "custom_scheduling_policy_properties" in sent:
        return {}
    rank = {name: number for number, name in enumerate(_FIRST_PROPERTIES)}
    listed = sorted(
        items_of(policy.get("properties"), "property"), key=lambda item: rank.get(item["name"], len(rank))
    )
    return {"custom_scheduling_policy_properties": {"property": listed} if listed else {}}


@remove("clusters")
def remove_cluster(context: RequestContext, cluster: Entity) -> None:
    """Remove a cluster; one with hosts or VMs is kept."""
    world = context.world
    kept = {"CLUSTER_HAS_HOSTS": "hosts", "CLUSTER_HAS_VMS": "vms"}
    keys = [key for key, place in kept.items() if world.referring(place, "cluster", cluster.id)]
    if keys:
        raise refuse(*keys, language=context.language)
    world.remove(cluster)
    context.log(813, name=cluster.name)


@act("clusters", "upgrade")
def upgrade_cluster(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Flag an upgrade: update_progress must carry the correlation id of the start.

    Engine: BackendClusterResource.upgrade takes the id from the action, else from the request.
    """
    world, step = context.world, text_at(action, "upgrade_action")
    correlation_id = text_at(action, "correlation_id") or context.correlation_id
    running = cluster.flag("upgrade_in_progress")
    if step == "start":
        if running:
            context.log(893, cluster, name=cluster.name)
            raise context.refusal("UPGRADE_ALREADY_RUNNING", id=cluster.id)
        flags = {"upgrade_in_progress": True, "upgrade_percent_complete": 0}
        world.update(cluster, {**flags, "upgrade_correlation_id": correlation_id})
    elif step == "finish":
        world.update(cluster, {"upgrade_in_progress": False, "upgrade_percent_complete": 0})
    else:
        if not running or cluster.text("upgrade_correlation_id") != correlation_id:
            raise context.refusal("UPGRADE_OTHER_CORRELATION")
        world.set(cluster, "upgrade_percent_complete", text_at(action, "upgrade_percent_complete", "0"))
    return Acted(shown=cluster)


@act("clusters", "syncallnetworks")
def synchronize_networks(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Bring the networks of every host to what the engine expects."""
    for host in context.world.referring("hosts", "cluster", cluster.id):
        synchronize(context.world, context.world.children(host, "networkattachments"))
    return Acted(shown=cluster)


@act("clusters", "resetemulatedmachine")
def reset_emulated_machine(context: RequestContext, cluster: Entity, action: Tree) -> Acted:
    """Accepted; no answer shows a difference."""
    return Acted(shown=cluster)
