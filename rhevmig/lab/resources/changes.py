"""What every create and edit does with a body: required members, references, unique names, merging."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rhevmig.lab.api import schema
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.api.schema import Place
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.state.attribute_values import Tree, ref, ref_id, text_at
from rhevmig.lab.state.defaults import member_set
from rhevmig.lab.state.store import Entity

#: Types of the model to the place of what a reference to them names; "?" keeps the id unresolved.
_REFERENCED = {
    "Cluster": "clusters",
    "DataCenter": "datacenters",
    "Template": "templates",
    "Host": "hosts",
    "Network": "networks",
    "VnicProfile": "vnicprofiles",
    "SchedulingPolicy": "schedulingpolicies",
    "MacPool": "macpools",
    **dict.fromkeys(("Icon", "InstanceType", "Quota", "Vlan"), "?"),
}
_UUID = re.compile(r"[0-9A-Fa-f]+(-[0-9A-Fa-f]+){4}")


def require(type_words: str, sent: Tree, *members: str) -> None:
    """Refuse a body that lacks what a creation needs: `require("Vm", sent, "name", "cluster.id|name")`."""
    lacking = []
    for member in members:
        path, _, choice = member.partition(".")
        value = sent.get(re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", path))
        if value is None or (choice and isinstance(value, dict) and not _has_any(value, choice)):
            lacking.append(member)
    if lacking:
        detail = f"{type_words} [{', '.join(lacking)}] required for add"
        raise EngineFault(400, detail, reason="Incomplete parameters", in_action=False)


def _has_any(value: Tree, choice: str) -> bool:
    return any(value.get("@id" if name == "id" else name) for name in choice.split("|"))


def find_referenced(
    context: RequestContext, place: str, value: Any, missing: str = "{name}"
) -> Entity | None:
    """The entity that a reference in a body names by id or by name, or None.

    Engine: an id that is no UUID is 400 "Invalid UUID string", an unknown name 404 "Entity not found: …".
    """
    if not isinstance(value, dict):
        return None
    entity_id, name = value.get("@id"), text_at(value, "name")
    if entity_id:
        if not _UUID.fullmatch(entity_id):
            detail = f"Invalid UUID string: {entity_id}"
            raise EngineFault(400, detail, reason="Operation failed", in_action=False)
        return context.world.find(place, entity_id)
    found = context.world.named(place, name) if name else None
    if name and found is None:
        raise not_found(missing.format(name=name))
    return found


def not_found(what: str) -> EngineFault:
    """The refusal of a reference to an object that does not exist."""
    return EngineFault(404, f"Entity not found: {what}", in_action=False)


def reference(context: RequestContext, place: str, value: Any, missing: str = "{name}") -> Entity:
    """The entity that a member names; refuses with 404 and the text `missing` if there is none."""
    found = find_referenced(context, place, value, missing)
    if found is None:
        raise not_found(missing.format(name=ref_id(value) or text_at(value or {}, "name")))
    return found


def refuse_taken(
    context: RequestContext, key: str, name: str, among: Iterable[Entity], *, besides: Entity | None = None
) -> None:
    """Refuse a name that one of these entities has, with the text of that key."""
    if any(entity is not besides and entity.name == name for entity in among):
        raise context.refusal(key, name=name)


def merged(
    context: RequestContext, place_path: str, attrs: Tree, sent: Tree, *, skip: Iterable[str] = ()
) -> Tree:
    """The members as a body changes them: structs member by member, lists whole, references as ids."""
    place = schema.place(place_path)
    result = dict(attrs)
    for name, value in sent.items():
        if name[0] in "@#" or name in member_set("read_only") or name in skip or name in place.links:
            continue
        result[name] = _member(context, place, name, result.get(name), value, place.members.get(name, ""))
    return result


def _member(context: RequestContext, place: Place, name: str, present: Any, sent: Any, kind: str) -> Any:
    is_struct = kind.startswith("one:")
    target = place.refs.get(name) or (_REFERENCED.get(kind.removeprefix("one:")) if is_struct else None)
    if isinstance(sent, dict) and target and ("@id" in sent or ("name" in sent and is_struct)):
        if name in ("policy", "vlan") or target == "?":
            return {"@id": sent["@id"]} if "@id" in sent else sent
        found = find_referenced(context, target, sent)
        return ref(found.id if found is not None else sent.get("@id", ""))
    if isinstance(sent, dict) and isinstance(present, dict) and is_struct:
        return _deep(present, sent)
    if isinstance(sent, dict) and not kind.startswith(("many:", "enums", "strings")):
        return _deep({}, sent)
    return sent if sent != "" or kind in ("string", "") else {}


def _deep(present: Tree, sent: Tree) -> Tree:
    """One struct into another; members in alphabetical order, as the engine writes them."""
    result = dict(present)
    for name, value in sent.items():
        if isinstance(value, dict) and "@id" not in value and not _is_list(value):
            below = result.get(name)
            result[name] = _deep(below if isinstance(below, dict) else {}, value)
        else:
            result[name] = value
    attributes = [name for name in result if name[0] == "@"]
    return {name: result[name] for name in [*attributes, *sorted(set(result) - set(attributes))]}


def _is_list(value: Tree) -> bool:
    """A wrapper such as `<hosts><host/></hosts>`: its only member is the singular of something."""
    return any(isinstance(item, list) for item in value.values())
