"""What every create and edit needs: bodies merged into members, references resolved, names kept unique."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rhevmig.lab.api import schema
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.api.schema import Place
from rhevmig.lab.http.faults import EngineFault, refuse
from rhevmig.lab.state.attribute_values import Tree, ref, ref_id, text_at
from rhevmig.lab.state.store import Entity

#: Members that a client may send but the engine alone decides.
_READ_ONLY = frozenset(
    (
        "id",
        "href",
        "status",
        "summary",
        "creation_time",
        "start_time",
        "stop_time",
        "actual_size",
        "permissions",
        "statistics",
        "tags",
        "nics",
        "disk_attachments",
        "snapshots",
    )
)


def need(type_words: str, sent: Tree, *members: str) -> None:
    """Refuse a body that lacks what a creation needs: `need("Vm", sent, "name", "cluster.id|name")`."""
    lacking = []
    for member in members:
        path, _, choice = member.partition(".")
        value = sent.get(_snake(path))
        if value is None or (choice and isinstance(value, dict) and not _has_any(value, choice)):
            lacking.append(member)
    if lacking:
        detail = f"{type_words} [{', '.join(lacking)}] required for add"
        raise EngineFault(400, detail, reason="Incomplete parameters", in_action=False)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _has_any(value: Tree, choice: str) -> bool:
    return any(value.get("@id" if name == "id" else name) for name in choice.split("|"))


def reference(context: RequestContext, place: str, value: Any, missing: str | None = None) -> Entity:
    """The entity that a member names; refuses with the message `missing`, else with 404."""
    found = find_referenced(context, place, value)
    if found is None:
        if missing is not None:
            raise refuse(missing, language=context.language)
        raise EngineFault(
            404,
            f"Entity not found: {ref_id(value) or text_at(value or {}, 'name')}",
            in_action=False,
        )
    return found


def unique(
    context: RequestContext,
    place: str,
    name: str,
    key: str,
    *,
    besides: Entity | None = None,
    among: Iterable[Entity] = (),
) -> None:
    """Refuse a name that another entity of the place has."""
    for entity in among or context.world.all(place):
        if entity is not besides and entity.name == name:
            raise refuse(key, language=context.language, name=name)


def merged(
    context: RequestContext, place_path: str, attrs: Tree, sent: Tree, *, skip: Iterable[str] = ()
) -> Tree:
    """The members as a body changes them: structs member by member, lists whole, references as ids."""
    place = schema.place(place_path)
    result = dict(attrs)
    for name, value in sent.items():
        if name[0] in "@#" or name in _READ_ONLY or name in skip or name in place.links:
            continue
        result[name] = _member(context, place, name, result.get(name), value, place.members.get(name, ""))
    return result


def _member(context: RequestContext, place: Place, name: str, present: Any, sent: Any, kind: str) -> Any:
    target = place.refs.get(name) or _target_of(kind)
    if isinstance(sent, dict) and target and ("@id" in sent or ("name" in sent and kind.startswith("one:"))):
        if name in ("policy", "vlan") or target == "?":
            return {"@id": sent["@id"]} if "@id" in sent else sent
        found = find_referenced(context, target, sent)
        return ref(found.id if found is not None else sent.get("@id", ""))
    if isinstance(sent, dict) and isinstance(present, dict) and kind.startswith("one:"):
        return _deep(present, sent)
    if isinstance(sent, dict) and not kind.startswith(("many:", "enums", "strings")):
        return _deep({}, sent)
    return sent if sent != "" or kind in ("string", "") else {}


_REFERENCED = {
    "Cluster": "clusters",
    "DataCenter": "datacenters",
    "Template": "templates",
    "Host": "hosts",
    "Network": "networks",
    "VnicProfile": "vnicprofiles",
    "SchedulingPolicy": "schedulingpolicies",
    "MacPool": "macpools",
    "Icon": "?",
    "InstanceType": "?",
    "Quota": "?",
    "Vlan": "?",
}


def _target_of(kind: str) -> str | None:
    return _REFERENCED.get(kind.removeprefix("one:")) if kind.startswith("one:") else None


def _deep(present: Tree, sent: Tree) -> Tree:
    """One struct into another; members in alphabetical order, as the engine writes them."""
    result = dict(present)
    for name, value in sent.items():
        below = result.get(name)
        if isinstance(value, dict) and isinstance(below, dict) and "@id" not in value and not _is_list(value):
            result[name] = _deep(below, value)
        elif isinstance(value, dict) and not _is_list(value) and "@id" not in value:
            result[name] = _deep({}, value)
        else:
            result[name] = value
    attributes = [name for name in result if name[0] == "@"]
    return {name: result[name] for name in [*attributes, *sorted(set(result) - set(attributes))]}


def _is_list(value: Tree) -> bool:
    """A wrapper such as `<hosts><host/></hosts>`: its only member is the singular of something."""
    return any(isinstance(item, list) for item in value.values())


def say(context: RequestContext, code: int, *about: Entity | None, **values: Any) -> None:
    """The event of a command that a user gave."""
    user = context.caller.login
    context.events.write(
        code, *about, context.caller.user, correlation_id=context.correlation_id, user=user, **values
    )


def job_done(context: RequestContext, description: str, *, status: str = "finished") -> Entity:
    """The job of a command that is over when it is answered."""
    job = context.jobs.start(description, owner=context.caller.user, correlation_id=context.correlation_id)
    context.jobs.step(job, "Validating", "validating", status="finished")
    context.jobs.step(job, "Executing", "executing")
    context.jobs.end(job, status)
    return job


def find_referenced(context: RequestContext, place: str, reference: Any) -> Entity | None:
    """The entity that a reference in a body names by id or by name; refuses what does not exist.

    Engine: an id that is no UUID is 400 "Invalid UUID string", an unknown name 404 "Entity not found".
    """
    if not isinstance(reference, dict):
        return None
    entity_id, name = reference.get("@id"), text_at(reference, "name")
    if entity_id:
        _require_uuid(entity_id)
        return context.world.find(place, entity_id)
    if name:
        found = context.world.named(place, name)
        if found is None:
            raise EngineFault(404, f"Entity not found: {name}", in_action=False)
        return found
    return None


def _require_uuid(text: str) -> None:
    parts = text.split("-")
    hexadecimal = all(part and all(letter in "0123456789abcdefABCDEF" for letter in part) for part in parts)
    if len(parts) != 5 or not hexadecimal:
        raise EngineFault(400, f"Invalid UUID string: {text}", reason="Operation failed", in_action=False)
