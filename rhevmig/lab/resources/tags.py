"""Tags and where they are attached (recordings `affinity-labels-and-tags`)."""

from __future__ import annotations

from rhevmig.lab.api.action_registry import create, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.resources.changes import reference
from rhevmig.lab.resources.kinds import add_entity, check_new
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref
from rhevmig.lab.state.store import Entity


@create("tags")
def add_tag(context: RequestContext, parent: None, sent: Tree) -> Entity:
    """A tag below another or below the root."""
    check_new(context, "tags", sent)
    above = reference(context, "tags", sent["parent"]).id if sent.get("parent") else defaults.BLANK_ID
    tag = add_entity(context, "tags", sent, members={"parent": ref(above)})
    context.log(432, name=tag.name)
    return tag


@remove("tags")
def remove_tag(context: RequestContext, tag: Entity) -> None:
    """Remove a tag and every use of it."""
    for place in ("vms/tags", "hosts/tags"):
        for used in [item for item in context.world.all(place) if item.id == tag.id]:
            context.world.remove(used)
    context.world.remove(tag)


@create("vms/tags", "hosts/tags")
def attach_tag(context: RequestContext, owner: Entity, sent: Tree) -> Entity:
    """Attach a tag to a VM or host."""
    tag = reference(context, "tags", sent)
    attrs: Tree = {owner.place.removesuffix("s"): ref(owner.id)}
    used = context.world.add(f"{owner.place}/tags", tag.id, attrs, parent=owner, base=tag)
    if owner.place == "vms":
        context.log(440, tag=tag.name, names=owner.name)
    return used
