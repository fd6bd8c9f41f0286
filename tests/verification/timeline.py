"""What a recorded engine was like at any instant, put together from all its recordings.

A crawl shows everything at one quiet moment; recordings made before it show parts of what was
otherwise. `Chronicle.world_before(name)` is the world as that recording found it, so that a lab can be
asked the same in the same state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote

import msgspec
from lxml import etree

from rhevmig.lab.api.search.query import select
from rhevmig.lab.http import accounts
from rhevmig.lab.http.accounts import Standing
from rhevmig.lab.recordings import crawl_import as crawl
from rhevmig.lab.state import defaults
from rhevmig.lab.state.clock import SimClock
from rhevmig.lab.state.jobs import FAILED_KEPT_S, FINISHED_KEPT_S, SWEEP_S
from rhevmig.lab.state.store import Entity, World
from rhevmig.recordings.cassette_file import read_cassette
from rhevmig.recordings.exchange import Exchange

#: Lists that say nothing about what does not stand in them.
_OPEN_LISTS = frozenset(("events", "jobs/steps", "storagedomains/vms", "storagedomains/disks"))
_ACTION = re.compile(r"(vms|hosts|clusters)/[^/]+/(?!nics|diskattachments|tags|networks|affinity)[a-z]+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def read_recordings(folder: Path) -> dict[str, list[Exchange]]:
    """Every recording of a folder by its name."""
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name.partition(".")[0]
        if path.suffix in (".yaml", ".json", ".xz", ".gz"):
            found[name] = list(read_cassette(path))
    return found


def _began(exchanges: list[Exchange]) -> str:
    return min((item.header("x-recorded-at") or "" for item in exchanges), default="")


class Timeline:
    """Recordings of one engine in the order of time."""

    def __init__(
        self,
        crawled: list[Exchange],
        recordings: Mapping[str, list[Exchange]],
        *,
        filtered: frozenset[str] = frozenset(),
    ) -> None:
        #: Recordings of accounts that see only a part: nothing is learnt from them.
        self._filtered = filtered
        self.recordings = {name: items for name, items in recordings.items() if items}
        self._crawled = crawled
        self.order = sorted(self.recordings, key=lambda name: _began(self.recordings[name]))
        self._births = _births(self.recordings)
        self._known = self._world_of_crawl()
        self._crawl_is_told = False
        self._told = 0

    def _world_of_crawl(self) -> World:
        world = World(clock=SimClock(speed=0, start=_instant(_began(self._crawled))))
        crawl.take_in(world, self._crawled)
        return world

    def world_before(self, name: str, *, password: str = "secret") -> World:
        """The world as a recording found it; recordings must be asked for in the order of time."""
        while self._told < len(self.order) and self.order[self._told] != name:
            self._tell(self.order[self._told])
            self._told += 1
        if self._told == len(self.order):
            raise LookupError(f"{name} is over already")
        exchanges = self.recordings[name]
        began = _began(exchanges)
        if not self._crawl_is_told and began > _began(self._crawled):
            crawl.take_in(self._known, self._crawled)
            self._drop_unlisted(self._crawled, frozenset())
            self._crawl_is_told = True
        world = _copy(self._known, start=began)
        for entity_id, born in self._births.items():
            if born >= began:
                _forget(world, entity_id)
        _forget_future(world, began)
        _sweep_jobs(world, began)
        prefix = [] if name in self._filtered else before_first_write(exchanges)
        crawl.take_in(world, [*prefix, *_first_sights(exchanges[len(prefix) :] if prefix else [])])
        for exchange in prefix:
            for gone in _unlisted(world, exchange):
                world.remove(gone)
        _with_accounts(world, password)
        crawl.settle_links(world)
        _number_events(world, prefix)
        return world

    def _drop_unlisted(self, exchanges: Iterable[Exchange], kept: frozenset[str]) -> None:
        """What a whole list no longer holds is gone; kept are kinds with parts that nobody lists again."""
        for exchange in exchanges:
            for gone in _unlisted(self._known, exchange):
                if gone.place not in kept:
                    self._known.remove(gone)

    def _tell(self, name: str) -> None:
        """Let what a recording saw become known: of each URL the last answer."""
        exchanges = [] if name in self._filtered else self.recordings[name]
        last: dict[str, Exchange] = {}
        for exchange in exchanges:
            if exchange.method == "GET" or exchange.method in ("PUT", "POST"):
                last.pop(exchange.target, None)
                last[exchange.target] = exchange
        seen = list(last.values())
        crawl.take_in(self._known, seen)
        self._drop_unlisted(seen, frozenset(("vms", "hosts", "clusters", "datacenters", "users")))
        for exchange in exchanges:
            segments = exchange.path.split("/")
            gone = self._known.tables.get("/".join(segments[0::2]), {}).get(segments[-1])
            if exchange.method == "DELETE" and exchange.status == 200 and gone is not None:
                self._known.remove(gone)


def _sweep_jobs(world: World, began: str) -> None:
    """Jobs that the engine had forgotten by then."""
    now = datetime.fromisoformat(began).timestamp()
    for job in list(world.all("jobs")):
        ended = job.text("end_time")
        kept_s = FINISHED_KEPT_S if job.text("status") == "finished" else FAILED_KEPT_S
        if ended and now - datetime.fromisoformat(ended).timestamp() > kept_s + SWEEP_S:
            world.remove(job)


def _number_events(world: World, prefix: list[Exchange]) -> None:
    """New events go on from the newest that the recording had seen."""
    for exchange in prefix:
        if exchange.path == "events" and exchange.status == 200:
            ids = [int(event.id) for event in world.all("events") if event.id.isdigit()]
            world.lab_counters["event"] = max(ids, default=0)


def before_first_write(exchanges: list[Exchange]) -> list[Exchange]:
    """What was read before anything was changed or read again."""
    found, seen = [], set()
    for exchange in exchanges:
        if exchange.method in ("POST", "PUT", "DELETE") and "/sso" not in exchange.target:
            break
        if exchange.method == "GET" and exchange.target in seen:
            break
        seen.add(exchange.target)
        found.append(exchange)
    return found


def _first_sights(exchanges: list[Exchange]) -> list[Exchange]:
    """VMs and hosts as they are shown before anything names them; their hosts changed them meanwhile."""
    known: set[str] = set()
    found = []
    for exchange in exchanges:
        if exchange.method == "POST" and _ACTION.fullmatch(exchange.path):
            break
        if exchange.method != "GET":
            known.update(_UUID.findall(exchange.target))
        elif exchange.path.split("/")[0] in ("vms", "hosts") and exchange.status == 200:
            seen = _of_unknown(exchange, known)
            found += [seen] if seen is not None else []
    return found


def _of_unknown(exchange: Exchange, known: set[str]) -> Exchange | None:
    """The answer without the entities that are known; they become known."""
    segments = exchange.path.split("/")
    if exchange.has_param("follow") or len(segments) > 2 or not exchange.answer.startswith("<?xml"):
        return None
    root = etree.fromstring(exchange.answer.encode())
    items = [root] if len(segments) == 2 else list(root)
    fresh = [item for item in items if item.get("id") and item.get("id") not in known]
    known.update(str(item.get("id")) for item in fresh)
    for item in items:
        if item not in fresh and item is not root:
            root.remove(item)
    if not fresh:
        return None
    answer = '<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="unicode")
    return msgspec.structs.replace(exchange, body=answer.encode())


def _forget_future(world: World, began: str) -> None:
    """Entities that say themselves that they were made later."""
    for place, member in (
        ("vms", "creation_time"),
        ("events", "time"),
        ("jobs", "start_time"),
        ("vms/snapshots", "date"),
    ):
        for entity in list(world.all(place)):
            if entity.text(member) > began:
                world.remove(entity)


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _births(recordings: Mapping[str, list[Exchange]]) -> dict[str, str]:
    """When entities were created while something was recorded: id to instant."""
    found: dict[str, str] = {}
    for exchanges in recordings.values():
        for exchange in exchanges:
            if exchange.method == "POST" and exchange.status == 201 and exchange.answer.startswith("<?xml"):
                root = etree.fromstring(exchange.answer.encode())
                if root.get("id"):
                    found[str(root.get("id"))] = exchange.header("x-recorded-at") or ""
    return found


def _forget(world: World, entity_id: str) -> None:
    for table in list(world.tables.values()):
        entity = table.get(entity_id)
        if entity is not None:
            for network in world.referring("networks", "data_center", entity_id):
                world.remove(network)
            world.remove(entity)


def _unlisted(world: World, exchange: Exchange) -> list[Entity]:
    """Entities that a complete list does not hold."""
    place = "/".join(exchange.path.split("/")[0::2])
    usable = exchange.method == "GET" and exchange.status == 200 and exchange.answer.startswith("<?xml")
    searched = re.fullmatch(r"search=((?:name|cluster)%3D[\w*%-]+)", exchange.query)
    complete = usable and (searched is not None or set(parse_qs(exchange.query)) <= {"follow"})
    if (
        not complete
        or place in _OPEN_LISTS
        or place in crawl.ALIASES
        or len(exchange.path.split("/")) % 2 == 0
    ):
        return []
    root = etree.fromstring(exchange.answer.encode())
    listed = {str(child.get("id")) for child in root if isinstance(child.tag, str)}
    segments = exchange.path.split("/")
    if searched is not None:
        matching = select(world, place, list(world.all(place)), unquote(searched[1]))
        return [entity for entity in matching if entity.id not in listed]
    if len(segments) == 1:
        return [entity for entity in world.all(place) if entity.id not in listed]
    if len(segments) == 3:
        parent = world.find(segments[0], segments[1])
        known = world.children(parent, segments[2]) if parent is not None else []
        return [entity for entity in known if entity.id not in listed and entity.id[:1] != "#"]
    return []


def _copy(source: World, *, start: str) -> World:
    """The same entities in a new world; attributes are shared, for they are never changed in place."""
    world = World(clock=SimClock(speed=0, start=_instant(start)))
    world.engine_facts = dict(source.engine_facts)
    world.row_orders = {key: dict(rows) for key, rows in source.row_orders.items()}
    made: dict[int, Entity] = {}
    entities = [entity for place in source.tables for entity in source.all(place)]
    for entity in sorted(entities, key=lambda item: (item.base is not None, item.seq)):
        parent = made.get(id(entity.parent)) if entity.parent else None
        base = world.find(entity.base.place, entity.base.id) if entity.base else None
        if (entity.parent and parent is None) or (entity.base and base is None):
            continue
        twin = world.add(entity.place, entity.id, entity.attrs, parent=parent, base=base)
        twin.lab.update(entity.lab)
        made[id(entity)] = twin
    return world


def _with_accounts(world: World, password: str) -> None:
    defaults.install(world)
    for user in world.all("users"):
        user.lab["password"] = password
    admin = world.find("users", world.engine_facts.get("admin_id"))
    if admin is None:
        admin = accounts.add_user(world, "admin@internal", password)
    if accounts.caller_of(world, admin).standing is Standing.ADMIN:
        return
    permission = {"role": {"@id": defaults.SUPER_USER_ID}, "user": {"@id": admin.id}}
    world.add("permissions", world.new_id("permission", "admin"), permission)
