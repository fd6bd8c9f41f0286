"""GET: collections with their parameters, single items, the root, options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rhevmig.lab.api import collections, follow, schema
from rhevmig.lab.api.request_context import RequestContext
from rhevmig.lab.api.routes import Target
from rhevmig.lab.api.schema import Place
from rhevmig.lab.api.search.fields import fields_of
from rhevmig.lab.api.search.query import select
from rhevmig.lab.api.xml import PROLOG, render_collection, render_entity, render_tree
from rhevmig.lab.http import accounts
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.http.request import LabResponse, is_true
from rhevmig.lab.state.defaults import BLANK_ID, read_data
from rhevmig.lab.state.store import Entity

XML = "application/xml;charset=UTF-8"
#: The engine's answer for an affinity group that does not exist (recorded).
_NO_GROUP = (
    'cannot invoke "org.ovirt.engine.core.common.scheduling.affinitygroup.getvmlabels()" because "ag" is null'
)
_NO_ERRATA = (
    "The engine is not associated with a Foreman/Satellite provider. No errata for the engine are available."
)
#: Refused to ordinary users, as recorded.
_ADMIN_ONLY = frozenset(("jobs", "clusters/affinitygroups", "jobs/steps"))


def not_permitted() -> EngineFault:
    """The refusal of a filtered query for administrative objects."""
    return EngineFault(400, "query execution failed due to insufficient permissions.", in_action=False)


def xml_response(text: str, status: int = 200) -> LabResponse:
    """An XML answer."""
    return LabResponse(status=status, body=(PROLOG + text).encode(), headers=[("Content-Type", XML)])


def read(context: RequestContext, target: Target) -> LabResponse:
    """The answer to a GET."""
    if target.action is not None:
        raise EngineFault(405, allow="POST, OPTIONS", in_action=False)
    if target.entity_id is None:
        return _collection(context, target)
    return _item(context, target)


def _item(context: RequestContext, target: Target) -> LabResponse:
    entity = target.entity
    if target.place.path == "options":
        return _option(context, entity)
    if target.place.path == "clusters/affinitygroups" and entity is None and not context.filtered:
        raise EngineFault(400, _NO_GROUP, in_action=False)
    if entity is None:
        raise EngineFault(404, in_action=False)
    if context.filtered:
        _guard(context, target.place, entity)
    place = target.place
    if (
        entity.place != place.path
        and entity.base is None
        and place.path not in ("cpuprofiles", "diskprofiles")
    ):
        place = schema.place(entity.place)
    wanted = follow.parse_follow(context.request.param("follow") or "")
    followed = follow.followers(context.world, place, [entity], wanted, context.look)
    return xml_response(render_entity(context.world, place, entity, context.look, followed))


def _guard(context: RequestContext, place: Place, entity: Entity) -> None:
    if place.path.startswith("hosts") or place.path in _ADMIN_ONLY:
        raise not_permitted()
    if not accounts.may_see(context.world, context.caller, entity):
        raise EngineFault(404, in_action=False)


def _option(context: RequestContext, entity: Entity | None) -> LabResponse:
    if entity is None or context.filtered:
        raise EngineFault(404, in_action=False)
    version = context.request.param("version")
    if not version:
        return xml_response(render_entity(context.world, schema.place("options"), entity, context.look))
    values = entity.get("values.system_option_value")
    chosen = [
        value for value in (values if isinstance(values, list) else [values]) if value["version"] == version
    ]
    if not chosen:
        raise EngineFault(404, in_action=False)
    attrs = {**entity.attrs, "values": {"system_option_value": chosen}}
    shown = Entity("options", entity.id, attrs)
    return xml_response(render_entity(context.world, schema.place("options"), shown, context.look))


def _collection(context: RequestContext, target: Target) -> LabResponse:
    place = target.place
    if place.path == "options":
        raise EngineFault(405, allow="", in_action=False)
    if place.path == "katelloerrata" or place.segment == "katelloerrata":
        return _errata(place)
    if context.filtered and ((place.path.startswith("hosts/")) or place.path in _ADMIN_ONLY):
        raise not_permitted()
    if place.path == "hosts" and context.request.param("migration_target_of") is not None:
        shape, entities = place, _migration_targets(context)
    elif target.parent is None:
        shape, entities = place, _searched(context, place, collections.list_top(context.world, place.path))
    else:
        shape, entities = collections.list_below(context.world, target.parent, place)
        if place.parent_path == "storagedomains" and is_true(context.request.param("unregistered")):
            entities = []  # the lab has no unregistered disks
        entities = _limited(entities, _limit(context))
    wanted = follow.parse_follow(context.request.param("follow") or "")
    _older_detail(context, shape, wanted)
    followed = follow.followers(context.world, shape, list(entities), wanted, context.look)
    return xml_response(
        render_collection(context.world, shape, entities, context.look, followed, tag=place.list_tag)
    )


def _older_detail(context: RequestContext, shape: Place, wanted: follow.Wanted) -> None:
    """`detail=statistics`, in the query or the Accept header, is the older form of `follow`."""
    detail = context.request.param("detail") or ""
    accept = context.request.headers.get("accept", "")
    asked_for = "statistics" in detail.split("+") or "detail=statistics" in accept.replace(" ", "")
    if asked_for and "statistics" in shape.links:
        wanted.setdefault("statistics", {})


def _errata(place: Place) -> LabResponse:
    if "/" in place.path:
        return xml_response(f"<{place.list_tag}/>\n")
    raise EngineFault(400, _NO_ERRATA, in_action=False)


def _limit(context: RequestContext) -> int | None:
    value = context.request.param("max")
    if value is None or value == "":
        return None
    try:
        limit = int(value)
    except ValueError:
        return None
    if limit < 0:
        raise EngineFault(400, f"illegal max count value for query : {limit}", in_action=False)
    return limit


def _limited(entities: Sequence[Entity], limit: int | None) -> list[Entity]:
    return list(entities) if limit is None else list(entities[:limit])


def _searched(context: RequestContext, place: Place, entities: list[Entity]) -> list[Entity]:
    limit = _limit(context)
    if context.filtered:
        seen = [entity for entity in entities if accounts.may_see(context.world, context.caller, entity)]
        entities = seen if place.path == "events" else sorted(seen, key=lambda entity: entity.seq)
    if place.path == "events":
        entities = _newer_than(entities, context.request.param("from"))
    text = context.request.param("search")
    if not text or not fields_of(place.path):
        return _limited(entities, limit)
    sensitive = is_true(context.request.param("case_sensitive")) is True
    return select(context.world, place.path, entities, text, case_sensitive=sensitive, limit=limit)


def _newer_than(events: list[Entity], start: str | None) -> list[Entity]:
    if start is None or not start.lstrip("-").isdigit():
        return events
    limit = int(start)
    newer = []
    for event in events:
        if int(event.id) <= limit:
            break
        newer.append(event)
    return newer


def _migration_targets(context: RequestContext) -> list[Entity]:
    vms = []
    for vm_id in (context.request.param("migration_target_of") or "").split(","):
        vm = context.world.find("vms", vm_id.strip())
        if vm is None:
            raise EngineFault(404, "Entity not found: GetVmByVmId", in_action=False)
        vms.append(vm)
    closure = is_true(context.request.param("check_vms_in_affinity_closure")) is True
    hosts = (
        list(context.world.all("hosts"))
        if context.filtered
        else context.engine.migration_targets(vms, closure)
    )
    return [_without_cpu_type(host) for host in hosts]


def _without_cpu_type(host: Entity) -> Entity:
    """The engine leaves `cpu.type` out of this list."""
    cpu = host.get("cpu")
    shown = {name: value for name, value in cpu.items() if name != "type"} if isinstance(cpu, dict) else cpu
    view = Entity("hosts", host.id, {**host.attrs, "cpu": shown}, parent=None, base=host.base, seq=host.seq)
    view.lab, view.children = host.lab, host.children
    return view


def root_links(base: str) -> list[tuple[str, str]]:
    """The links of the root: rel and href."""
    table, found = read_data("root.yaml"), []
    for name in table["links"]:
        found.append((name, f"{base}/{name}"))
        if name in table["searchable"]:
            start = ";from={event_id}" if name == "events" else ""
            found.append((f"{name}/search", f"{base}/{name}{start}?search={{query}}"))
    return found


def read_root(context: RequestContext) -> LabResponse:
    """`GET /api`."""
    world, base = context.world, context.look.base
    lines = ["<api>\n"]
    lines += [f'    <link href="{href}" rel="{rel}"/>\n' for rel, href in root_links(base)]
    root: dict[str, Any] = {
        "engine_backup": {},
        "product_info": _product(world.engine_facts, filtered=context.filtered),
    }
    if context.filtered:
        root.pop("engine_backup")
    for tag, value in root.items():
        render_tree(tag, value, level=1, out=lines)
    lines.append(
        "    <special_objects>\n"
        f'        <blank_template href="{base}/templates/{BLANK_ID}" id="{BLANK_ID}"/>\n'
        f'        <root_tag href="{base}/tags/{BLANK_ID}" id="{BLANK_ID}"/>\n'
        "    </special_objects>\n"
    )
    if not context.filtered:
        render_tree("summary", _root_summary(context), level=1, out=lines)
    lines.append(f"    <time>{world.clock.stamp()}</time>\n")
    user = context.caller.user
    for tag in ("authenticated_user", "effective_user"):
        lines.append(f'    <{tag} href="{base}/users/{user.id}" id="{user.id}"/>\n')
    lines.append("</api>\n")
    return xml_response("".join(lines))


def _product(facts: dict[str, Any], *, filtered: bool) -> dict[str, Any]:
    shown = {
        "instance_id": facts.get("instance_id"),
        "name": facts.get("name"),
        "vendor": facts.get("vendor"),
    }
    known = {name: value for name, value in shown.items() if value and not filtered}
    return {**known, "version": facts.get("version", {})}


def _root_summary(context: RequestContext) -> dict[str, Any]:
    world = context.world
    hosts, vms = list(world.all("hosts")), list(world.all("vms"))
    running = sum(vm.get("host") is not None for vm in vms)
    domains = list(world.all("storagedomains"))
    attached = {
        item.id for item in world.all("datacenters/storagedomains") if item.text("status") == "active"
    }
    users = len(list(world.all("users")))
    return {
        "hosts": {
            "active": str(sum(host.text("status") == "up" for host in hosts)),
            "total": str(len(hosts)),
        },
        "storage_domains": {"active": str(len(attached)), "total": str(len(domains))},
        "users": {"active": str(users), "total": str(users)},
        "vms": {"active": str(running), "total": str(len(vms))},
    }
