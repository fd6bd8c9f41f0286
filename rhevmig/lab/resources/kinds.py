"""The table of kinds, `data/kinds.yaml`: what a new object needs, what it has at first, what is refused.

`add_entity`, `edit_entity` and `remove_entity` apply the table. Kinds with further consequences have handlers
in other modules, which use these functions where they fit.
"""

from __future__ import annotations

import re

import msgspec

from rhevmig.lab.api.action_registry import create, edit, remove
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.resources.changes import merged, refuse_taken, require
from rhevmig.lab.state import defaults
from rhevmig.lab.state.attribute_values import Tree, ref, text_at
from rhevmig.lab.state.store import Entity


class ValueLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the engine's validation requires of one member."""

    path: str
    #: The text must match it entirely.
    pattern: str = ""
    #: Bounds of a number; 0 is always allowed if `or_zero`.
    low: int | None = None
    high: int | None = None
    or_zero: bool = False
    #: What the number is divided by before it is compared: bytes per MiB.
    divisor: int = 1
    #: The engine's text and the name of its attribute.
    text: str
    attribute: str

    def allows(self, value: str) -> bool:
        """Whether the engine accepts the value."""
        if self.pattern:
            return re.fullmatch(self.pattern, value) is not None
        if not value.strip().lstrip("+-").isdigit():
            return False
        number = int(value) // self.divisor
        within = (self.low is None or number >= self.low) and (self.high is None or number <= self.high)
        return within or (self.or_zero and number == 0)


class ResourceKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of object."""

    #: The table describes it completely: no other module handles it.
    complete: bool = False
    #: As the engine calls it in "Bookmark [name] required for add".
    words: str = ""
    #: Members that a new one needs.
    needs: tuple[str, ...] = ("name",)
    #: Members of a new one where nothing is sent, in addition to `data/defaults.yaml`.
    base: Tree = {}
    #: Members of a body that are not kept.
    skip: tuple[str, ...] = ()
    #: The member that refers to the object above.
    parent: str = ""
    #: What values of its members must be like.
    limits: tuple[ValueLimit, ...] = ()
    #: Key of the text that refuses a second one below the same object.
    only_one: str = ""
    #: The member whose text is its id, if the engine generates none.
    id_from: str = ""
    #: Key of the text that refuses a name in use, on creation and on change.
    name_in_use: str = ""
    edit_name_in_use: str = ""
    #: The reference that bounds where names are unique; else the object above, else everywhere.
    within: str = ""
    #: Event codes of creation, change and removal; 0 writes none. They are about the object above.
    events: tuple[int, int, int] = (0, 0, 0)


KINDS: dict[str, ResourceKind] = msgspec.convert(
    defaults.read_data("kinds.yaml"), type=dict[str, ResourceKind]
)
#: Kinds that the table describes completely.
SIMPLE_KINDS = tuple(place for place, kind in KINDS.items() if kind.complete)


def check_new(context: RequestContext, place: str, sent: Tree, *, parent: Entity | None = None) -> None:
    """Refuse a body that lacks a required member or has a name in use."""
    kind = KINDS[place]
    require(kind.words, sent, *kind.needs)
    refuse_invalid(place, sent, action="add")
    if kind.only_one and parent is not None and context.world.children(parent, place.rpartition("/")[2]):
        raise context.refusal(kind.only_one)
    if not kind.name_in_use:
        return
    if kind.within and parent is not None:
        among = context.world.referring(place, kind.within, parent.id)
    elif parent is not None:
        among = context.world.children(parent, place.rpartition("/")[2])
    else:
        among = list(context.world.all(place))
    refuse_taken(context, kind.name_in_use, text_at(sent, "name"), among)


def refuse_invalid(place: str, sent: Tree, *, action: str) -> None:
    """Refuse values that the engine's validation does not accept, all of them at once."""
    texts = []
    for limit in KINDS[place].limits:
        value = text_at(sent, limit.path)
        if value and not limit.allows(value):
            # on creation the engine validates numbers twice
            times = 2 if action == "add" and limit.low is not None and limit.divisor > 1 else 1
            texts += [limit.text.format(action=action), f"Attribute: {limit.attribute}"] * times
    if texts:
        raise EngineFault(400, f"[{', '.join(texts)}]", in_action=False)


def add_entity(
    context: RequestContext,
    place: str,
    sent: Tree,
    *,
    parent: Entity | None = None,
    base: Tree | None = None,
    members: Tree | None = None,
    entity_id: str = "",
) -> Entity:
    """A new entity from a body that was checked.

    Args:
        parent: the object above it.
        base: members where nothing is sent, in addition to the table's.
        members: members that the engine sets, not the body.
        entity_id: its id, if it is not a new one.
    """
    kind = KINDS[place]
    given = text_at(sent, kind.id_from) if kind.id_from else entity_id
    if kind.id_from and not given:
        raise EngineFault(400, f"{kind.words} [id] required for add", reason="Incomplete parameters")
    first = {**defaults.default_attrs(place), **kind.base, **(base or {})}
    attrs = {**merged(context, place, first, sent, skip=kind.skip), **(members or {})}
    if kind.parent and parent is not None:
        attrs[kind.parent] = ref(parent.id)
    return context.world.add(place, given or context.world.new_id(), attrs, parent=parent)


def edit_entity(
    context: RequestContext,
    entity: Entity,
    sent: Tree,
    *,
    skip: tuple[str, ...] = (),
    members: Tree | None = None,
) -> None:
    """Change an entity by a body, except for the members that the table or `skip` leaves out."""
    kind = KINDS[entity.place]
    refuse_invalid(entity.place, sent, action="edit")
    if kind.edit_name_in_use and "name" in sent:
        among = context.world.all(entity.place)
        refuse_taken(context, kind.edit_name_in_use, text_at(sent, "name"), among, besides=entity)
    attrs = merged(context, entity.place, entity.attrs, sent, skip=(*kind.skip, kind.parent, *skip))
    context.world.update(entity, {**attrs, **(members or {})})


def remove_entity(context: RequestContext, entity: Entity) -> None:
    """Remove an entity and what is below it."""
    context.world.remove(entity)


def log_change(context: RequestContext, entity: Entity, step: int) -> None:
    """Write the event of the table: step 0 for creation, 1 for change, 2 for removal."""
    code = KINDS[entity.place].events[step]
    if code:
        context.log(code, entity.parent, name=entity.name)


def _register(place: str) -> None:
    @create(place)
    def add(context: RequestContext, parent: Entity | None, sent: Tree) -> Entity:
        check_new(context, place, sent, parent=parent)
        return add_entity(context, place, sent, parent=parent)


for _place in SIMPLE_KINDS:
    _register(_place)
edit(*SIMPLE_KINDS, "hosts/fenceagents", "storagedomains", "tags", "templates", "vms/nics")(edit_entity)
remove(*SIMPLE_KINDS, "events", "hosts/fenceagents", "vms/nics", "vms/snapshots", "vms/tags", "hosts/tags")(
    remove_entity
)
