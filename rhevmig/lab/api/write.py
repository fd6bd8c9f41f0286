"""POST, PUT, DELETE and actions, by the handlers in `action_registry`."""

from __future__ import annotations

from rhevmig.lab.api import action_registry, schema
from rhevmig.lab.api.action_registry import Acted
from rhevmig.lab.api.bodies import read_body, refuse_missing
from rhevmig.lab.api.get import xml_response
from rhevmig.lab.api.request_context import Look, RequestContext
from rhevmig.lab.api.routes import Target
from rhevmig.lab.api.schema import Place
from rhevmig.lab.api.xml import render_entity, render_tree
from rhevmig.lab.http.faults import EngineFault, message
from rhevmig.lab.http.request import LabResponse
from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.defaults import read_data
from rhevmig.lab.state.store import Entity


def write(context: RequestContext, target: Target) -> LabResponse:
    """The answer to a request with another method than GET and HEAD."""
    method = context.request.method
    if method == "OPTIONS":
        allowed = _allowed(target)
        return LabResponse(200, allowed.encode(), [("Allow", allowed), ("Content-Type", "text/plain")])
    if target.action is not None and method == "POST":
        return _act(context, target)
    if method == "POST" and target.entity_id is None:
        return _create(context, target)
    if method == "PUT" and target.entity_id is not None and target.action is None:
        return _edit(context, target)
    if method == "DELETE" and target.entity_id is not None and target.action is None:
        return _remove(context, target)
    raise EngineFault(405, allow=_allowed(target), in_action=False)


def _allowed(target: Target) -> str:
    if target.action is not None:
        return "POST, OPTIONS"
    return "HEAD, POST, GET, OPTIONS" if target.entity_id is None else "HEAD, DELETE, GET, OPTIONS, PUT"


def _not_modelled(what: str) -> EngineFault:
    """The refusal of what the lab does not model; an empty success would mislead clients."""
    return EngineFault(501, f"The lab does not model {what}.", reason="Not modelled", in_action=False)


def _mandatory(kind: str, key: str) -> list[str]:
    found: list[str] = read_data("mandatory.yaml")[kind].get(key, [])
    return found


def _guard(context: RequestContext, *, in_action: bool | None = None) -> None:
    if not context.may_act:
        raise EngineFault(403, f"[{message('NOT_AUTHORIZED', context.language)}]", in_action=in_action)


# -- actions


def _act(context: RequestContext, target: Target) -> LabResponse:
    place, name = target.place, str(target.action)
    sent = _body(context, "Action", "action", f"{place.tag}/methods/{name}")
    try:
        return _acted(context, target, place, name, sent)
    except EngineFault as refused:
        if refused.in_action is False or "xml" not in refused.content_type or not refused.detail:
            raise
        fault = {"detail": refused.detail, "reason": refused.reason}
        return xml_response(_action({**sent, "fault": fault, "status": "failed"}, None), refused.status)


def _acted(context: RequestContext, target: Target, place: Place, name: str, sent: Tree) -> LabResponse:
    if target.entity is None:
        answer = action_registry.unknown_of(place.path, name)
        if answer is None:
            raise EngineFault(404, in_action=False)
        key, report = answer
        if report is not None:
            report(context, str(target.entity_id))
        raise EngineFault(400, f"[{message(key, context.language)}]")
    _guard(context)
    refuse_missing(sent, _mandatory("act", f"{place.path}/{name}"))
    function = action_registry.action_of(place.path, name)
    if function is None:
        raise _not_modelled(f"the action {name} of {place.path}")
    acted = function(context, target.entity, sent)
    if acted.response is not None:
        return acted.response
    shown = None if acted.only else _bare(context, target, acted)
    job = _job(context, acted.job)
    return xml_response(_action({**sent, **acted.extra, **job, "status": acted.status}, shown))


def _bare(context: RequestContext, target: Target, acted: Acted) -> tuple[str, str] | None:
    entity = acted.shown
    if entity is None:
        return None
    place = schema.place(entity.place)
    look = Look(base=context.look.base, bare=True)
    return place.tag, render_entity(context.world, place, entity, look, level=1, tag=place.tag)


def _action(content: Tree, shown: tuple[str, str] | None) -> str:
    parts = [(tag, "".join(render_tree(tag, value, level=1))) for tag, value in content.items()]
    if shown is not None:
        parts = [part for part in parts if part[0] != shown[0]] + [shown]
    return "<action>\n" + "".join(text for _, text in sorted(parts)) + "</action>\n"


# -- entities


def _create(context: RequestContext, target: Target) -> LabResponse:
    place = target.place
    creator = action_registry.creator_of(place.path)
    sent = _body(context, place.type_name, place.tag, f"{place.segment}/methods/add")
    refuse_missing(sent, _mandatory("create", place.path), body=place.tag)
    _guard(context, in_action=False)
    if creator is None:
        raise _not_modelled(f"POST {place.path}")
    made = creator(context, target.parent, sent)
    if made.lab.get("accepted"):
        return xml_response(_action({"status": "complete"}, None))
    if made.lab.get("echo"):
        return xml_response("".join(render_tree(place.tag, sent)))
    if made.lab.get("bare"):
        return xml_response(render_entity(context.world, schema.bare_place(made.place), made, context.look))
    shape, view = shown_after_writing(context, made)
    look = Look(base=context.look.base, all_content=True)
    response = xml_response(render_entity(context.world, shape, view, look), 201)
    base = context.engine.public_url
    response.headers.append(("Location", f"{base}/ovirt-engine/api/v4{context.look.base}/{view.path}"))
    return response


def _edit(context: RequestContext, target: Target) -> LabResponse:
    place = target.place
    if target.entity is None:
        raise EngineFault(404, in_action=False)
    sent = _body(context, place.type_name, place.tag, f"{place.tag}/methods/update")
    _guard(context, in_action=False)
    entity = target.entity
    editor = action_registry.editor_of(entity.place)
    if editor is None:
        raise _not_modelled(f"PUT {place.path}/{{id}}")
    if sent.get("@id") not in (None, entity.id):
        text = "Attempt to set immutable field: id"
        raise EngineFault(409, text, reason="Broken immutability constraint", in_action=False)
    editor(context, entity, sent)
    shape, view = shown_after_writing(context, entity)
    look = Look(base=context.look.base, all_content=True)
    return xml_response(render_entity(context.world, shape, view, look))


def _remove(context: RequestContext, target: Target) -> LabResponse:
    if target.entity is None:
        raise EngineFault(404, in_action=False)
    _guard(context, in_action=False)
    leaver = action_registry.leaver_of(target.place.path)
    remover = action_registry.remover_of(
        target.entity.place if target.entity.parent is None else target.place.path
    )
    if leaver is not None and target.parent is not None:
        leaver(context, target.parent, target.entity)
    elif remover is not None:
        return xml_response(
            _action({**_job(context, remover(context, target.entity)), "status": "complete"}, None)
        )
    else:
        raise _not_modelled(f"DELETE {target.place.path}/{{id}}")
    return xml_response(_action({"status": "complete"}, None))


def _job(context: RequestContext, job: Entity | None) -> Tree:
    return {"job": {"@href": f"{context.look.base}/{job.path}", "@id": job.id}} if job is not None else {}


def shown_after_writing(context: RequestContext, entity: Entity) -> tuple[Place, Entity]:
    """The entity as a write shows it: clusters and networks below their data center."""
    if entity.place in ("clusters", "networks") and entity.ref("data_center"):
        center = context.world.find("datacenters", entity.ref("data_center"))
        shape = schema.place(f"datacenters/{entity.place}#written")
        view = Entity(
            f"datacenters/{entity.place}", entity.id, {}, parent=center, base=entity, seq=entity.seq
        )
        view.children = entity.children
        return shape, view
    below = entity.lab.get("shown_below")
    if below is not None:
        return schema.place("users/permissions"), Entity(
            "users/permissions", entity.id, entity.attrs, parent=below
        )
    return schema.place(entity.place), entity


def _body(context: RequestContext, type_name: str, tag: str, method: str) -> Tree:
    request = context.request
    return read_body(
        request.body,
        request.headers.get("content-type", ""),
        type_name=type_name,
        tag=tag,
        url=context.engine.public_url,
        method=method,
    )
