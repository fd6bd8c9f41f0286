"""Entities as XML in the engine's format: indented by four spaces, attributes `href` then `id`.

The text of an entity in a list is cached until the entity, or the state on which its computed members
depend, changes; a list of five thousand VMs is then one join.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rhevmig.lab.api import computed_attributes
from rhevmig.lab.api.request_context import Look
from rhevmig.lab.api.schema import Place
from rhevmig.lab.state.store import Entity, World

PROLOG = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_ESCAPED_ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
#: The engine's indentation starts again at every eighth level.
_BLANK = "    "


def render_tree(tag: str, value: Any, *, level: int = 0, out: list[str] | None = None) -> list[str]:
    """A tree that is not an entity: faults, options, echoes of a request."""
    lines = [] if out is None else out
    _value(lines, tag, value, level, {}, None, "")
    return lines


def render_collection(
    world: World,
    place: Place,
    entities: Sequence[Entity],
    look: Look,
    follow: Mapping[str, Any] | None = None,
    *,
    tag: str | None = None,
    level: int = 0,
) -> str:
    """A list of entities."""
    name, indent = tag or place.list_tag, _BLANK * (level % 8)
    if not entities:
        return f"{indent}<{name}/>\n"
    body = "".join(
        [render_entity(world, place, entity, look, follow, level=level + 1) for entity in entities]
    )
    return f"{indent}<{name}>\n{body}{indent}</{name}>\n"


def render_entity(
    world: World,
    place: Place,
    entity: Entity,
    look: Look,
    follow: Mapping[str, Any] | None = None,
    *,
    tag: str | None = None,
    level: int = 0,
) -> str:
    """One entity; in a list its text is cached."""
    if follow or level == 0 or tag is not None:
        return _fresh(world, place, entity, look, follow, tag or place.tag, level)
    key = (place.path, look, level, entity.parent is None)
    token = computed_attributes.token(world, entity)
    kept = entity.cache.get(key) if entity.cache else None
    if kept is not None and kept[0] == token:
        return str(kept[1])
    rendered = _fresh(world, place, entity, look, None, place.tag, level)
    if entity.cache is None:
        entity.cache = {}
    entity.cache[key] = (token, rendered)
    return rendered


def _fresh(
    world: World,
    place: Place,
    entity: Entity,
    look: Look,
    follow: Mapping[str, Any] | None,
    tag: str,
    level: int,
) -> str:
    out: list[str] = []
    href = computed_attributes.href(world, place, entity, look.base)
    indent = _BLANK * (level % 8)
    attributes = f' href="{href}"' if href else ""
    head = (
        f'{indent}<{tag}{attributes} id="{entity.id.translate(_ESCAPED_ATTRIBUTE)}"'
        if entity.id[:1] != "#"
        else f"{indent}<{tag}"
    )
    inner = _members(world, place, entity, look, follow or {}, level + 1, href)
    if not inner:
        return head + "/>\n"
    out.append(head + ">\n")
    out.extend(inner)
    out.append(f"{indent}</{tag}>\n")
    return "".join(out)


def _members(
    world: World, place: Place, entity: Entity, look: Look, follow: Mapping[str, Any], level: int, href: str
) -> list[str]:
    out: list[str] = []
    computed = computed_attributes.DERIVED.get(place.path, {})
    hidden = computed_attributes.hidden(place, look)
    refs = place.ref_tree
    resolve = _resolver(world, look, entity)
    attrs, base = entity.attrs, entity.base
    for name in place.order:
        if name == "actions":
            _actions(out, place, href, level)
        elif name == "link":
            if look.followed or place.path != "vms/snapshots" or entity.text("snapshot_type") != "active":
                _links(out, place, href, level)
        elif name in follow:
            out.append(follow[name](entity, level))
        elif not look.bare and name not in hidden:
            value = attrs.get(name)
            if value is None and base is not None:
                value = base.attrs.get(name)
            if value is None and name == "vm" and look.followed and place.path == "vms/snapshots":
                value = {"@id": entity.parent.id} if entity.parent is not None else None
            function = computed.get(name)
            if function is not None:
                value = function(world, entity, value)
            if look.filtered and isinstance(value, dict):
                value = computed_attributes.filtered(place, name, value)
            if value is not None:
                # in the list of snapshots the VM has no URL, as recorded
                plain = place.path == "vms/snapshots" and name == "vm" and not look.followed and level == 2
                below = {} if plain else refs.get(name, {})
                _value(out, name, value, level, below, resolve, look.base)
    return out


def _resolver(world: World, look: Look, entity: Entity) -> Callable[[str, str], str | None]:
    def resolve(target: str, entity_id: str) -> str | None:
        if "/" not in target:
            return f"{look.base}/{target}/{entity_id}"
        if target == "clusters/networks":
            owner = entity.base if entity.base is not None else entity
            center = owner.ref("data_center")
            below = f"datacenters/{center}/clusters/{owner.id}" if center else f"clusters/{owner.id}"
            return f"{look.base}/{below}/networks/{entity_id}"
        found = world.find(target, entity_id, entity.parent) or world.find(target, entity_id)
        return f"{look.base}/{found.path}" if found else None

    return resolve


def _actions(out: list[str], place: Place, href: str, level: int) -> None:
    if place.actions is None:
        return
    indent = _BLANK * (level % 8)
    if not place.actions:
        out.append(f"{indent}<actions/>\n")
        return
    out.append(f"{indent}<actions>\n")
    out.extend(f'{indent}{_BLANK}<link href="{href}/{rel}" rel="{rel}"/>\n' for rel in place.actions)
    out.append(f"{indent}</actions>\n")


def _links(out: list[str], place: Place, href: str, level: int) -> None:
    indent = _BLANK * (level % 8)
    for rel in place.links:
        out.append(f'{indent}<link href="{href}/{computed_attributes.link_path(rel)}" rel="{rel}"/>\n')


def _value(
    out: list[str],
    tag: str,
    value: Any,
    level: int,
    refs: Mapping[str, Any],
    resolve: Callable[[str, str], str | None] | None,
    base: str,
) -> None:
    indent = _BLANK * (level % 8)
    if isinstance(value, str):
        out.append(f"{indent}<{tag}>{value.translate(_ESCAPED)}</{tag}>\n")
    elif isinstance(value, list):
        for item in value:
            _value(out, tag, item, level, refs, resolve, base)
    else:
        _struct(out, tag, value, level, refs, resolve, base)


def _struct(
    out: list[str],
    tag: str,
    value: Mapping[str, Any],
    level: int,
    refs: Mapping[str, Any],
    resolve: Callable[[str, str], str | None] | None,
    base: str,
) -> None:
    indent, attributes = _BLANK * (level % 8), ""
    entity_id = value.get("@id")
    if entity_id is not None:
        href = resolve(refs[""], entity_id) if resolve is not None and "" in refs else None
        attributes = f' href="{href}"' if href else ""
    for key, member in value.items():
        if key[0] == "@":
            attributes += f' {key[1:]}="{str(member).translate(_ESCAPED_ATTRIBUTE)}"'
    below: list[str] = []
    for key, member in value.items():
        if key[0] not in "@#":
            _value(below, key, member, level + 1, refs.get(key, {}), resolve, base)
    if below:
        out.append(f"{indent}<{tag}{attributes}>\n")
        out.extend(below)
        out.append(f"{indent}</{tag}>\n")
    elif "#" in value:
        out.append(f"{indent}<{tag}{attributes}>{value['#'].translate(_ESCAPED)}</{tag}>\n")
    else:
        out.append(f"{indent}<{tag}{attributes}/>\n")
