"""Data centers created, changed and removed (recordings `build-datacenter-clusters`)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.kinds import KINDS, add_entity, check_new, edit_entity
from rhevmig.lab.resources.networks import add_network, drop_network
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity, World


def version_tree(version: str) -> Tree:
    """`4.7` as the API has it."""
    major, _, minor = version.partition(".")
    return {"major": major, "minor": minor or "0"}


def add_default_quota(world: World, center: Entity, *, quota_id: str) -> None:
    """The quota without limits that every data center has."""
    quota = {
        "name": "Default",
        "description": "Default unlimited quota",
        "data_center": ref(center.id),
        **KINDS["datacenters/quotas"].base,
    }
    world.add("datacenters/quotas", quota_id, dict(sorted(quota.items())), parent=center)


@create("datacenters")
def add_data_center(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A data center, uninitialized until it has storage, with its management network and quota."""
    check_new(context, "datacenters", sent)
    world = context.world
    latest = version_tree(max((level.id for level in world.all("clusterlevels")), default="4.8"))
    version = sent.get("version") or latest
    own = {"status": "uninitialized", "supported_versions": {"version": [version]}, "version": version}
    center = add_entity(context, "datacenters", sent, base=own)
    world.set(center, "storage_format", sent.get("storage_format"))
    add_default_quota(world, center, quota_id=world.new_id())
    management: Tree = {"name": "ovirtmgmt", "description": "Default Management Network"}
    center.lab["management_network"] = add_network(context, center, management).id
    level = f"{text_at(version, 'major')}.{text_at(version, 'minor')}"
    context.log(950, name=center.name, version=level, mode=center.text("quota_mode").upper())
    world.set(center, "mac_pool", None)
    return center


@edit("datacenters")
def edit_data_center(context: RequestContext, center: Entity, sent: Tree) -> None:
    """Change a data center."""
    edit_entity(context, center, sent)
    context.log(952, center, name=center.name)


@remove("datacenters")
def remove_data_center(context: RequestContext, center: Entity) -> None:
    """Remove a data center; its clusters stay without one, and one with storage is kept."""
    world = context.world
    if world.children(center, "storagedomains"):
        raise context.refusal("DATA_CENTER_HAS_STORAGE")
    for cluster in world.referring("clusters", "data_center", center.id):
        world.set(cluster, "data_center", None)
    for network in world.referring("networks", "data_center", center.id):
        drop_network(world, network)
    world.remove(center)
    context.log(954, name=center.name)
