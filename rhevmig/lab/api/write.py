"""POST, PUT, DELETE: create, edit, remove and act, each by what is registered in `acts`."""

from __future__ import annotations

from typing import Any

from rhevmig.lab.api import schema
from rhevmig.lab.api import xml as render
from rhevmig.lab.api.bodies import read_body
from rhevmig.lab.api.faults import Refused, message
from rhevmig.lab.api.get import xml
from rhevmig.lab.api.routes import Target
from rhevmig.lab.api.schema import Place
from rhevmig.lab.api.xml import Look
from rhevmig.lab.http.request import Response
from rhevmig.lab.http.request_context import Asked
from rhevmig.lab.resources import action_registry as acts
from rhevmig.lab.resources.action_registry import Acted
from rhevmig.lab.state import attribute_values as trees
from rhevmig.lab.state.store import Entity


def write(asked: Asked, target: Target) -> Response:
    """The answer to a request that changes something."""
    method = asked.request.method
    if method == "OPTIONS":
        return Response(200, b"", [("Allow", _allowed(target))])
    if target.action is not None and method == "POST":
        return _act(asked, target)
    if method == "POST" and target.entity_id is None:
        return _create(asked, target)
    if method == "PUT" and target.entity_id is not None and target.action is None:
        return _edit(asked, target)
    if method == "DELETE" and target.entity_id is not None and target.action is None:
        return _remove(asked, target)
    raise Refused(405, allow=_allowed(target), in_action=False)


def _allowed(target: Target) -> str:
    if target.action is not None:
        return "POST, OPTIONS"
    return "HEAD, POST, GET, OPTIONS" if target.entity_id is None else "HEAD, DELETE, GET, OPTIONS, PUT"


def _not_modelled(asked: Asked, what: str) -> Refused:
    """What the lab does not do it refuses; it never answers with an empty success."""
    return Refused(501, f"The lab does not model {what}.", reason="Not modelled", in_action=False)


def _guard(asked: Asked) -> None:
    if not asked.may_act:
        raise Refused(403, f"[{message('NOT_AUTHORIZED', asked.language)}]")


# -- actions


def _act(asked: Asked, target: Target) -> Response:
    place, name = target.place, str(target.action)
    sent = _body(asked, "Action", "action", f"{place.tag}/methods/{name}")
    try:
        return _acted(asked, target, place, name, sent)
    except Refused as refused:
        if refused.in_action is False or "xml" not in refused.content_type or not refused.detail:
            raise
        fault = {"detail": refused.detail, "reason": refused.reason}
        return xml(_action({**sent, "fault": fault, "status": "failed"}, None), refused.status)


def _acted(asked: Asked, target: Target, place: Place, name: str, sent: trees.Tree) -> Response:
    if target.entity is None:
        answer = acts.unknown_of(place.path, name)
        if answer is None:
            raise Refused(404, in_action=False)
        key, told = answer
        if told is not None:
            told(asked, str(target.entity_id))
        raise Refused(400, f"[{message(key, asked.language)}]")
    _guard(asked)
    function = acts.action_of(place.path, name)
    if function is None:
        raise _not_modelled(asked, f"the action {name} of {place.path}")
    acted = function(asked, target.entity, sent)
    if acted.response is not None:
        return acted.response
    shown = None if acted.only else _bare(asked, target, acted)
    job = {"job": {"@href": f"{asked.look.base}/{acted.job.path}", "@id": acted.job.id}} if acted.job else {}
    return xml(_action({**sent, **acted.extra, **job, "status": acted.status}, shown))


def _bare(asked: Asked, target: Target, acted: Acted) -> tuple[str, str] | None:
    entity = acted.shown
    if entity is None:
        return None
    place = schema.place(entity.place)
    look = Look(base=asked.look.base, bare=True)
    return place.tag, render.render_entity(asked.world, place, entity, look, level=1, tag=place.tag)


def _action(content: trees.Tree, shown: tuple[str, str] | None) -> str:
    parts = [(tag, "".join(render.render_tree(tag, value, level=1))) for tag, value in content.items()]
    if shown is not None:
        parts = [part for part in parts if part[0] != shown[0]] + [shown]
    return "<action>\n" + "".join(text for _, text in sorted(parts)) + "</action>\n"


# -- entities


def _create(asked: Asked, target: Target) -> Response:
    place = target.place
    creator = acts.creator_of(place.path)
    sent = _body(asked, place.type_name, place.tag, f"{place.segment}/methods/add")
    _guard_entity(asked)
    if creator is None:
        raise _not_modelled(asked, f"POST {place.path}")
    made = creator(asked, target.parent, sent)
    if made.lab.get("echo"):
        return xml("".join(render.render_tree(place.tag, sent)))
    if made.lab.get("bare"):
        return xml(render.render_entity(asked.world, schema.bare_place(made.place), made, asked.look))
    shape, view = shown_after_writing(asked, made)
    look = Look(base=asked.look.base, all_content=True)
    response = xml(render.render_entity(asked.world, shape, view, look), 201)
    base = asked.engine.public_url
    response.headers.append(("Location", f"{base}/ovirt-engine/api/v4{asked.look.base}/{view.path}"))
    return response


def _guard_entity(asked: Asked) -> None:
    if not asked.may_act:
        raise Refused(403, f"[{message('NOT_AUTHORIZED', asked.language)}]", in_action=False)


def _edit(asked: Asked, target: Target) -> Response:
    place = target.place
    if target.entity is None:
        raise Refused(404, in_action=False)
    sent = _body(asked, place.type_name, place.tag, f"{place.tag}/methods/update")
    _guard_entity(asked)
    entity = target.entity
    editor = acts.editor_of(entity.place)
    if editor is None:
        raise _not_modelled(asked, f"PUT {place.path}/{{id}}")
    if sent.get("@id") not in (None, entity.id):
        text = "Attempt to set immutable field: id"
        raise Refused(409, text, reason="Broken immutability constraint", in_action=False)
    editor(asked, entity, sent)
    shape, view = shown_after_writing(asked, entity)
    look = Look(base=asked.look.base, all_content=True)
    return xml(render.render_entity(asked.world, shape, view, look))


def _remove(asked: Asked, target: Target) -> Response:
    if target.entity is None:
        raise Refused(404, in_action=False)
    _guard_entity(asked)
    leaver = acts.leaver_of(target.place.path)
    remover = acts.remover_of(target.entity.place if target.entity.parent is None else target.place.path)
    if leaver is not None and target.parent is not None:
        leaver(asked, target.parent, target.entity)
    elif remover is not None:
        remover(asked, target.entity)
    else:
        raise _not_modelled(asked, f"DELETE {target.place.path}/{{id}}")
    return xml("<action>\n    <status>complete</status>\n</action>\n")


def shown_after_writing(asked: Asked, entity: Entity) -> tuple[Place, Entity]:
    """What a write answers: clusters and networks appear below their data center there."""
    if entity.place in ("clusters", "networks") and entity.ref("data_center"):
        center = asked.world.find("datacenters", entity.ref("data_center"))
        shape = schema.place(f"datacenters/{entity.place}#written")
        view = Entity(
            f"datacenters/{entity.place}", entity.id, {}, parent=center, base=entity, seq=entity.seq
        )
        view.children = entity.children
        return shape, view
    below = entity.lab.get("shown_below")
    if below is not None:
        return schema.place("users/permissions"), Entity(
            "users/permissions", entity.id, entity.attrs, parent=below, base=None, seq=0
        )
    return schema.place(entity.place), entity


def _body(asked: Asked, type_name: str, tag: str, method: str) -> trees.Tree:
    request = asked.request
    return read_body(
        request.body,
        request.headers.get("content-type", ""),
        type_name=type_name,
        tag=tag,
        url=asked.engine.public_url,
        method=method,
    )


def find_referenced(asked: Asked, place: str, reference: Any) -> Entity | None:
    """The entity that a reference in a body names by id or by name; refuses what does not exist.

    Engine: an id that is no UUID is 400 "Invalid UUID string", an unknown name 404 "Entity not found".
    """
    if not isinstance(reference, dict):
        return None
    entity_id, name = reference.get("@id"), trees.text(reference, "name")
    if entity_id:
        _require_uuid(entity_id)
        return asked.world.find(place, entity_id)
    if name:
        found = asked.world.named(place, name)
        if found is None:
            raise Refused(404, f"Entity not found: {name}", in_action=False)
        return found
    return None


def _require_uuid(text: str) -> None:
    parts = text.split("-")
    hexadecimal = all(part and all(letter in "0123456789abcdefABCDEF" for letter in part) for part in parts)
    if len(parts) != 5 or not hexadecimal:
        raise Refused(400, f"Invalid UUID string: {text}", reason="Operation failed", in_action=False)
