"""A world from the recorded answers of a real engine: each GET of a crawl becomes state.

Only state is kept. Computed parts of an answer (summaries, hrefs, actions, display addresses) are dropped
and computed again when requested, so that a renamed host has its new name everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from rhevmig.lab.api.follow import parse_follow
from rhevmig.lab.api.schema import places
from rhevmig.lab.recordings.unfollow import Rows, unfold
from rhevmig.lab.state.attribute_values import Tree, ref, ref_id, text_at, tree_of
from rhevmig.lab.state.host_load import VmCounts, committed_mib, schedulable_mib
from rhevmig.lab.state.reported_statistics import STATISTICS_S, remember, show_host
from rhevmig.lab.state.store import Entity, World
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange

#: Lists that show entities of another place; the entities are read from that place.
ALIASES = frozenset(
    (
        "storagedomains/vms",
        "storagedomains/disks",
        "datacenters/networks",
        "datacenters/clusters",
        "clusters/networkfilters",
        "networks/vnicprofiles",
        "storagedomains/storageconnections",
        "hosts/affinitylabels",
        "vms/affinitylabels",
        "users/groups",
    )
)
#: Places whose entities show another one: the place of that one, and the members that are not its.
_STAND_INS = {
    "clusters/networks": ("networks", ("cluster", "display", "required", "status", "usages")),
    "datacenters/storagedomains": ("storagedomains", ("data_center", "status")),
    "vms/tags": ("tags", ("vm", "description")),
    "hosts/tags": ("tags", ("host", "description")),
}
#: Collections at the top in the order of the database's rows.
_IN_ROWS = frozenset(("schedulingpolicies", "schedulingpolicyunits", "storageconnections"))
#: Roles that are granted on everything in the recordings: SuperUser and ReadOnlyAdmin.
_ON_EVERYTHING = frozenset(("00000000-0000-0000-0000-000000000001", "def0000c-0000-0000-0000-def00000000c"))
_COMPUTED = {"hosts": ("summary", "max_scheduling_memory")}


def read_crawl(world: World, path: Path) -> World:
    """Fill the world from a crawl; its clock should be at the time of the crawl."""
    take_in(world, read_cassette(path))
    settle_links(world)
    return world


def take_in(world: World, exchanges: Iterable[Exchange]) -> None:
    """Read answers into state, in order; of several answers about an entity the last counts."""
    for exchange in exchanges:
        read = exchange.method == "GET" and exchange.status == 200
        written = exchange.method in ("POST", "PUT") and exchange.status in (200, 201)
        usable = (read or written) and exchange.answer.startswith("<?xml")
        if not usable or "next_run" in exchange.query or "version=" in exchange.query:
            continue
        root = etree.fromstring(exchange.answer.encode())
        if "migration_target_of" in exchange.query:
            _host_rows(world, root)
        elif root.tag == "action" or (written and root.get("href") is None):
            continue
        elif root.tag == "api":
            _engine_facts(world, root)
        else:
            nested = _nested(world, root, exchange)
            if root.get("href") is not None:
                _entity(world, root, "")
            else:
                _collection(world, root, exchange)
            for element in nested:
                _entity(world, element, "")


def _nested(world: World, root: etree._Element, exchange: Exchange) -> list[etree._Element]:
    """The followed elements of an answer, taken out of it."""
    wanted = parse_follow(exchange.param("follow"))
    if not wanted or root.tag in ("jobs", "job"):
        return []
    place_path = "/".join(exchange.path.split("/")[0::2])
    rows: Rows = {}
    outer = [root] if root.get("href") is not None else list(_elements(root))
    found = [inner for element in outer for inner in unfold(element, place_path, wanted, rows)]
    for key, ids in rows.items():
        world.row_orders[key] = {entity_id: number for number, entity_id in enumerate(ids)}
    return found


def _collection(world: World, root: etree._Element, exchange: Exchange) -> None:
    segments = exchange.path.split("/")
    place_path = "/".join(segments[0::2])
    if place_path in ("affinitylabels/hosts", "affinitylabels/vms"):
        _members_of_label(world, root, segments)
    elif place_path.endswith("/statistics"):
        above = _parent(world, segments[:-1])
        recorded = exchange.header("x-recorded-at")
        at_s = datetime.fromisoformat(recorded).timestamp() if recorded else world.clock.now_s
        if above is not None:
            remember(world, above, root, at_s)
    elif place_path in ALIASES:
        rows = {str(element.get("id")): number for number, element in enumerate(_elements(root))}
        world.row_orders[place_path, segments[1]] = rows
    else:
        parent = _parent(world, segments[:-1])
        if place_path in _IN_ROWS and not exchange.has_param("search"):
            ids = [str(element.get("id")) for element in _elements(root)]
            world.row_orders[place_path, ""] = {entity_id: number for number, entity_id in enumerate(ids)}
        if parent is not None and not exchange.has_param("search"):
            ids = [str(element.get("id")) for element in _elements(root)]
            world.row_orders[place_path, parent.id] = {
                entity_id: number for number, entity_id in enumerate(ids)
            }
        for number, element in enumerate(_elements(root)):
            _entity(world, element, place_path, parent=parent, number=number)


def _elements(root: etree._Element) -> Iterator[etree._Element]:
    return (child for child in root if isinstance(child.tag, str))


def _parent(world: World, segments: list[str]) -> Entity | None:
    found: Entity | None = None
    for depth in range(0, len(segments) - 1, 2):
        place_path = "/".join(segments[0 : depth + 2 : 2])
        found = world.find(place_path, unquote(segments[depth + 1]), found)
        if found is None:
            return None
    return found


def _entity(
    world: World, element: etree._Element, place_path: str, *, parent: Entity | None = None, number: int = 0
) -> Entity | None:
    href = element.get("href")
    if href is not None:
        segments = re.sub(r"^/ovirt-engine/api(/v4)?/", "", href).split("/")
        if segments[0] == "datacenters" and len(segments) == 4 and segments[2] in ("clusters", "networks"):
            segments = segments[2:]
        place_path, parent = "/".join(segments[0::2]), _parent(world, segments[:-1])
        if len(segments) > 2 and parent is None:
            return None
    if place_path not in places() or _is_system_permission(world, place_path, element, parent):
        return None
    entity_id = element.get("id") or f"#{number}"
    attrs = tree_of(element)
    attrs = (
        {name: value for name, value in attrs.items() if name[0] != "@"} if isinstance(attrs, dict) else {}
    )
    _below(world, attrs, element)
    _quota_of(world, element)
    base = None
    if place_path in _STAND_INS:
        base_place, own = _STAND_INS[place_path]
        base = world.find(base_place, entity_id) or _made_from(world, base_place, entity_id, attrs, own)
        attrs = {name: value for name, value in attrs.items() if name in own}
    for name in places()[place_path].content:
        attrs.pop(name, None)
    _strip_computed(world, place_path, attrs, element)
    known = world.find(place_path, entity_id, parent)
    if known is None:
        return world.add(place_path, entity_id, attrs, parent=parent, base=base)
    if set(attrs) <= {"name"}:  # a bare reference
        return known
    gone = set(known.attrs) - set(attrs) - places()[place_path].followed
    world.update(known, {**dict.fromkeys(sorted(gone)), **attrs})
    return known


def _quota_of(world: World, element: etree._Element) -> None:
    """The data center of a quota is known only from its path."""
    quota = element.find("quota")
    segments = (quota.get("href") or "").split("/")[3:] if quota is not None else []
    center = world.find("datacenters", segments[1]) if len(segments) == 4 else None
    if center is not None and world.find("datacenters/quotas", segments[3], center) is None:
        world.add("datacenters/quotas", segments[3], {}, parent=center)


def _made_from(
    world: World, place_path: str, entity_id: str, attrs: Tree, own: tuple[str, ...]
) -> Entity | None:
    """The entity behind one that shows it, from the attributes seen there, if it was not read itself."""
    told = {name: value for name, value in attrs.items() if name not in own}
    return world.add(place_path, entity_id, told) if "name" in told else None


def _is_system_permission(
    world: World, place_path: str, element: etree._Element, parent: Entity | None
) -> bool:
    """Whether it is a permission on everything, repeated below an object."""
    if not place_path.endswith("/permissions"):
        return False
    own = str(element.get("id"))
    if place_path.startswith("groups/"):
        shown_below_object = len([child for child in element if isinstance(child.tag, str)]) > 2
        if shown_below_object and world.find(place_path, own, parent) is None:
            world.add(place_path, own, _granted(element), parent=parent)
        return shown_below_object
    above = ("permissions", "datacenters/permissions", "clusters/permissions")
    if any(world.find(place, own) is not None for place in above if place != place_path):
        return True
    role = element.find("role")
    if element.find("user") is None or role is None or role.get("id") not in _ON_EVERYTHING:
        return False
    world.add("permissions", own, _granted(element))
    return True


def _granted(element: etree._Element) -> Tree:
    return {
        tag: ref(str(found.get("id")))
        for tag in ("group", "role", "user")
        if (found := element.find(tag)) is not None
    }


def _below(world: World, attrs: Tree, element: etree._Element) -> None:
    """Followed collections (a job's steps) become separate entities."""
    steps = element.find("steps")
    if element.tag == "job" and steps is not None:
        attrs.pop("steps", None)
        element.remove(steps)
        job = _entity(world, element, "jobs")
        for step in _elements(steps):
            _entity(world, step, "jobs/steps", parent=job)


def _strip_computed(world: World, place_path: str, attrs: Tree, element: etree._Element) -> None:
    for name in _COMPUTED.get(place_path, ()):
        value = attrs.pop(name, None)
        if value is not None:
            attrs["#schedulable" if name == "max_scheduling_memory" else f"#{name}"] = value
    display = attrs.get("display")
    if place_path == "vms" and isinstance(display, dict) and "host" in attrs:
        content = text_at(display, "certificate.content")
        if content:
            world.engine_facts["certificate"] = content
        host = world.find("hosts", ref_id(attrs["host"]))
        if host is not None and display.get("address") not in (None, host.text("address")):
            attrs["#shown_address"] = text_at(display, "address")
        attrs["display"] = {
            name: value for name, value in display.items() if name not in ("address", "certificate")
        }


def _host_rows(world: World, root: etree._Element) -> None:
    """Unsorted lists have the order of the database's rows: take it from the longest one."""
    rows = world.row_orders.setdefault(("hosts", ""), {})
    ids = [str(element.get("id")) for element in _elements(root)]
    if any(number > rows.get(entity_id, -1) for number, entity_id in enumerate(ids)):
        rows.update({entity_id: number for number, entity_id in enumerate(ids)})


def _members_of_label(world: World, root: etree._Element, segments: list[str]) -> None:
    label = world.find("affinitylabels", segments[1])
    if label is not None:
        singular = segments[2].removesuffix("s")
        members = [ref(str(child.get("id"))) for child in _elements(root)]
        world.set(label, segments[2], {singular: members} if members else None)


def _engine_facts(world: World, root: etree._Element) -> None:
    facts = world.engine_facts
    facts["instance_id"] = root.findtext("product_info/instance_id")
    facts["version"] = {str(part.tag): part.text for part in root.iterfind("product_info/version/*")}
    name = root.findtext("product_info/name")
    if name:
        facts["name"], facts["vendor"] = name, root.findtext("product_info/vendor")
    user = root.find("authenticated_user")
    if user is not None:
        facts.setdefault("admin_id", user.get("id"))


def settle_links(world: World) -> None:
    """After all answers: sort events; keep what hosts will correct with their next report."""
    events = world.tables.get("events", {})
    world.tables["events"] = dict(sorted(events.items(), key=lambda item: int(item[0])))
    by_address = {host.text("address"): host.id for host in world.all("hosts")}
    for vm in world.all("vms"):
        shown = by_address.get(vm.text("#shown_address"), vm.ref("host"))
        if "#shown_address" in vm.attrs:
            world.set(vm, "#shown_address", None)
        vm.lab["shown_host"] = shown
        if shown != vm.ref("host"):
            world.agenda.after(STATISTICS_S / 2, partial(show_host, world, vm), f"graphics of {vm.name}")
    for host in world.all("hosts"):
        seen, summary = host.attrs.get("#schedulable"), host.attrs.get("#summary", {})
        world.update(host, {"#schedulable": None, "#summary": None})
        if seen is not None:
            unseen_mib = schedulable_mib(world, host) - int(seen) // 2**20
            host.lab["committed_mib"] = committed_mib(world, host) + (unseen_mib if int(seen) else 0)
        if summary:
            host.lab["vm_counts"] = VmCounts(**{name: int(summary.get(name, 0)) for name in VmCounts._fields})
        world.touch_load(host.id)
