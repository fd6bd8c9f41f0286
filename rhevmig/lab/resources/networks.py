"""Logical networks, their part in clusters and their vNIC profiles (recordings `build-networks`, …)."""

from __future__ import annotations

from typing import Any

from rhevmig.lab.api.action_registry import create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import not_found, reference, require
from rhevmig.lab.resources.kinds import add_entity, check_new, edit_entity
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, items_of, ref, text_at
from rhevmig.lab.state.store import Entity, World

#: Roles of a network in a cluster, in the order in which the engine lists them.
ROLES = ("vm", "display", "migration", "management", "default_route", "gluster")


def carries_vms(network: Entity) -> bool:
    """Whether VMs may use the network."""
    return "vm" in items_of(network.get("usages"), "usage")


# -- logical networks


@create("networks")
def add_network_by_body(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A logical network in the data center that the body names."""
    require("Network", sent, "name", "dataCenter.name|id")
    return add_network_below(context, reference(context, "datacenters", sent["data_center"]), sent)


@create("datacenters/networks")
def add_network_below(context: RequestContext, center: Entity, sent: Tree) -> Entity:
    """A logical network in the data center of the path."""
    check_new(context, "networks", sent, parent=center)
    name = text_at(sent, "name")
    context.log(9423, center, name=name, center=center.name)
    network = add_network(context, center, sent)
    context.log(942, center, name=name, center=center.name)
    context.end_job(f"Adding network {name} to Data Center: {center.name}")
    return network


def add_network(context: RequestContext, center: Entity, sent: Tree) -> Entity:
    """A network with its vNIC profile."""
    name = text_at(sent, "name")
    members: Tree = {"data_center": ref(center.id), **_vlan(sent)}
    network = add_entity(
        context, "networks", sent, base={"mtu": "0", "vdsm_name": name[:15]}, members=members
    )
    if carries_vms(network) and text_at(sent, "profile_required", "true") != "false":
        profile = {**defaults.default_attrs("vnicprofiles"), "name": name, "network": ref(network.id)}
        context.world.add("vnicprofiles", context.world.new_id(), profile)
        if name != "ovirtmgmt":
            context.log(1122, profile=name, network=name, center=center.name)
    return network


def _vlan(sent: Tree) -> Tree:
    vlan = sent.get("vlan")
    return {"vlan": ref(str(vlan.get("@id", "")))} if isinstance(vlan, dict) else {}


@edit("networks")
def edit_network(context: RequestContext, network: Entity, sent: Tree) -> None:
    """Change a logical network; hosts that differ from it then are out of sync."""
    center = context.world.find("datacenters", network.ref("data_center"))
    center_name = center.name if center else ""
    context.log(11141, center, name=network.name, center=center_name)
    edit_entity(context, network, sent, members=_vlan(sent))
    context.log(1114, center, name=network.name, center=center_name)
    context.end_job(f"Updating network {network.name} on Data Center: {center_name}")


@remove("networks")
def remove_network(context: RequestContext, network: Entity) -> Entity:
    """Remove a logical network; the management network and one that VMs use are kept."""
    world = context.world
    parts = [item for item in world.all("clusters/networks") if item.id == network.id]
    if any("management" in items_of(part.get("usages"), "usage") for part in parts):
        raise context.refusal("MANAGEMENT_NETWORK_STAYS", name=network.name)
    profiles = world.referring("vnicprofiles", "network", network.id)
    using = [name for profile in profiles for name in vms_using(world, profile)]
    if using:
        raise _in_use(context, "NETWORK", sorted(set(using)))
    center = world.find("datacenters", network.ref("data_center"))
    drop_network(world, network)
    return context.end_job(
        f"Removing network {network.name} from Data Center: {center.name if center else ''}"
    )


def _in_use(context: RequestContext, kind: str, vms: list[str]) -> EngineFault:
    many = "MANY" if len(vms) > 1 else "ONE"
    return context.refusal(f"{kind}_IN_{many}_USE", names=", ".join(vms), count=len(vms))


def drop_network(world: World, network: Entity) -> None:
    """Remove a network with its profiles, its parts in clusters and its attachments."""
    for profile in world.referring("vnicprofiles", "network", network.id):
        world.remove(profile)
    for part in [item for item in world.all("clusters/networks") if item.id == network.id]:
        world.remove(part)
    for attachment in world.referring("hosts/networkattachments", "network", network.id):
        world.remove(attachment)
    world.remove(network)


# -- networks in clusters


def add_cluster_network(
    world: World, cluster: Entity, network: Entity, roles: list[str], *, required: bool
) -> Entity:
    """A network's part in a cluster."""
    usages = _usages(roles, network)
    own = {
        "display": "true" if "display" in usages else "false",
        "required": "true" if required else "false",
        "status": "operational",
        "usages": {"usage": usages} if usages else "",
        "cluster": ref(cluster.id),
    }
    return world.add("clusters/networks", network.id, own, parent=cluster, base=network)


def _usages(roles: list[str], network: Entity | None) -> list[str]:
    """These roles in the engine's order; a network for VMs always has the VM role."""
    has_vms = network is not None and carries_vms(network)
    return [role for role in ROLES if role in roles or (role == "vm" and has_vms)]


@create("clusters/networks")
def assign_network(context: RequestContext, cluster: Entity, sent: Tree) -> Entity:
    """Give a network to a cluster."""
    world, wanted, name = context.world, sent.get("@id"), text_at(sent, "name")
    if not wanted and not name:
        require("Network", sent, "id|name")
    in_center = world.referring("networks", "data_center", cluster.ref("data_center") or "")
    network = (
        world.find("networks", wanted)
        if wanted
        else next((item for item in in_center if item.name == name), None)
    )
    if network is None:
        raise not_found(wanted or name)
    if world.find("clusters/networks", network.id, cluster) is not None:
        raise context.refusal("NETWORK_ALREADY_ATTACHED")
    roles = items_of(sent.get("usages"), "usage")
    required = text_at(sent, "required", "true") == "true"
    part = add_cluster_network(world, cluster, network, roles, required=required)
    _take_roles(world, part, roles)
    return part


@edit("clusters/networks")
def edit_assignment(context: RequestContext, part: Entity, sent: Tree) -> None:
    """Change a network's part in a cluster; a role that it takes, another network loses."""
    changes: dict[str, Any] = {"required": sent["required"]} if "required" in sent else {}
    if "usages" in sent or "display" in sent:
        roles = items_of(sent.get("usages"), "usage")
        if text_at(sent, "display") == "true":
            roles = [*roles, "display"]
        usages = _usages(roles, part.base)
        changes["usages"] = {"usage": usages} if usages else {}
        changes["display"] = "display" in usages
        _take_roles(context.world, part, roles)
    context.world.update(part, changes)


def _take_roles(world: World, owner: Entity, roles: list[str]) -> None:
    """Each role but `vm` and `gluster` belongs to one network of a cluster."""
    for other in world.children(owner.parent, "networks") if owner.parent is not None else ():
        usages = items_of(other.get("usages"), "usage")
        kept = [role for role in usages if role in ("vm", "gluster") or role not in roles]
        if other is not owner and kept != usages:
            world.update(other, {"usages": {"usage": kept} if kept else {}, "display": "display" in kept})


@remove("clusters/networks")
def unassign_network(context: RequestContext, part: Entity) -> None:
    """Take a network from a cluster; the management network stays."""
    if "management" in items_of(part.get("usages"), "usage"):
        raise context.refusal("MANAGEMENT_NETWORK_STAYS", name=part.name)
    context.world.remove(part)


# -- vNIC profiles


@create("vnicprofiles")
def add_profile(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A vNIC profile of the network that the body names."""
    require("VnicProfile", sent, "name", "network.id|name")
    return add_profile_below(context, reference(context, "networks", sent["network"]), sent)


@create("networks/vnicprofiles")
def add_profile_below(context: RequestContext, network: Entity, sent: Tree) -> Entity:
    """A vNIC profile of the network of the path."""
    sent = {**sent, "network": ref(network.id)}
    check_new(context, "vnicprofiles", sent, parent=network)
    profile = add_entity(context, "vnicprofiles", sent, members={"network": ref(network.id)})
    if text_at(sent, "pass_through.mode") == "enabled":
        context.world.set(profile, "network_filter", None)
    return profile


@edit("vnicprofiles")
def edit_profile(context: RequestContext, profile: Entity, sent: Tree) -> None:
    """Change a vNIC profile."""
    passes_through = text_at(sent, "pass_through.mode") == "enabled"
    if passes_through and profile.get("network_filter") and "network_filter" not in sent:
        raise context.refusal("PROFILE_PASSTHROUGH_FILTER")
    edit_entity(context, profile, sent)


@remove("vnicprofiles")
def remove_profile(context: RequestContext, profile: Entity) -> None:
    """Remove a vNIC profile that no VM uses."""
    using = vms_using(context.world, profile)
    if using:
        raise _in_use(context, "PROFILE", using)
    context.world.remove(profile)


def vms_using(world: World, profile: Entity) -> list[str]:
    """Names of the VMs with an interface on a vNIC profile, sorted."""
    nics = world.referring("vms/nics", "vnic_profile", profile.id)
    return sorted({nic.parent.name for nic in nics if nic.parent is not None})
