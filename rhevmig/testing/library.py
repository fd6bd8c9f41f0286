"""Answers to GETs from recorded exchanges: taken where recorded, composed where they follow from others.

Precedence: an exchange of an earlier cassette hides the same question in later ones, and a whole list in an
earlier one hides every other answer about that list in later ones: those only supply the parts to compose
with, so that all answers show the instant of the first cassette. What cannot be known from the recordings is
refused with HTTP 501 and a fault that says so; nothing is made up, except the relations named in `empty`,
which read as empty where they were not recorded.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

import msgspec

from rhevmig.recordings.exchange import Exchange
from rhevmig.testing.asking import PREFIX, Asked, asked_of
from rhevmig.testing.following import FollowRefused, follow_tree, inline, inlined, items_of, without
from rhevmig.testing.searching import NotUnderstood, search_filter

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: Headers that belong to the recorder or to the connection, not to the answer.
_TRANSPORT = (
    "x-recorded-",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
)
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_XML = "application/xml;charset=UTF-8"
_HTML = "text/html;charset=UTF-8"
_REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back to the client."""

    #: HTTP status.
    status: int
    #: Text behind it.
    reason: str
    #: Headers without lengths and encodings, those belong to the transport.
    headers: tuple[tuple[str, str], ...] = ()
    #: Body, not compressed.
    body: bytes = b""


def fault(status: int, detail: str, reason: str = "Operation Failed") -> Answer:
    """A refusal in the engine's own shape."""
    root = ET.Element("fault")
    ET.SubElement(root, "detail").text = f"[{detail}]"
    ET.SubElement(root, "reason").text = reason
    return _answer(status, _DECLARATION + ET.tostring(root), _XML)


def html(status: int, text: str) -> Answer:
    """A page, as the engine's container and the proxies before it send them."""
    page = f"<html><head><title>Error</title></head><body>{text}</body></html>"
    return _answer(status, page.encode(), _HTML)


class _NotRecorded(Exception):
    """The recordings do not tell."""


class _Refused(Exception):
    """A part that the answer needs was itself refused on the recorded engine."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Library:
    """All questions that the cassettes answer."""

    def __init__(self, cassettes: Iterable[Sequence[Exchange]], *, empty: Iterable[str] = ()) -> None:
        self._recorded: dict[Asked, list[Exchange]] = {}
        self._later: list[Exchange] = []
        self._refusals: dict[tuple[str, str], Exchange] = {}
        #: The same question with any length of list, and all questions about one path.
        self._any_length: dict[Asked, list[Asked]] = {}
        self._about: dict[str, list[Asked]] = {}
        self._played: dict[Asked, int] = {}
        self._composed: dict[Asked, Answer] = {}
        self._elements: dict[str, ET.Element] = {}
        self._documents: dict[Asked, ET.Element] = {}
        self._members: dict[str, Mapping[str, ET.Element]] = {}
        self._parts: dict[str, ET.Element] | None = None
        self._empty = frozenset(empty)
        self._lock = threading.RLock()
        for cassette in cassettes:
            self._add(cassette)

    def answer(self, target: str) -> Answer:
        """The answer to GET `target` (path and query)."""
        asked = asked_of(target)
        with self._lock:
            exchanges = self._recorded.get(asked)
            if exchanges is not None:
                return self._next(asked, exchanges)
            if asked not in self._composed:
                self._composed[asked] = self._compose(asked)
            return self._composed[asked]

    def refusal(self, method: str, target: str) -> Answer | None:
        """What the recorded engine said when it refused this act; None when it accepted or was not asked."""
        exchange = self._refusals.get((method, asked_of(target).path)) or self._closed()
        return None if exchange is None else _taken(exchange)

    def recorded(self) -> Iterator[Asked]:
        """Every question that was recorded."""
        return iter(self._recorded)

    # ── what there is ────────────────────────────────────────────────────────────────────────────

    def _add(self, cassette: Sequence[Exchange]) -> None:
        mine: dict[Asked, list[Exchange]] = {}
        for exchange in cassette:
            if PREFIX not in exchange.uri or exchange.status == 0:
                continue
            asked = asked_of(exchange.uri)
            if exchange.method == "GET" and _is_usual(exchange):
                mine.setdefault(asked, []).append(exchange)
            elif exchange.method != "GET" and exchange.status >= 400:
                self._refusals.setdefault((exchange.method, asked.path), exchange)
        hidden = {asked for asked in mine if _is_plain(asked) and self._knows_all(asked.path)}
        for asked, exchanges in mine.items():
            if asked in hidden:
                self._later += exchanges
            elif asked not in self._recorded:
                self._recorded[asked] = exchanges
                self._any_length.setdefault(asked.but(max=None), []).append(asked)
                if _is_plain(asked):
                    self._about.setdefault(asked.path, []).append(asked)

    def _knows_all(self, path: str) -> bool:
        return any(self._is_good(one) and self._is_complete(one) for one in self._about.get(path, ()))

    def _next(self, asked: Asked, exchanges: list[Exchange]) -> Answer:
        turn = self._played.get(asked, 0)
        self._played[asked] = turn + 1
        if turn == 0 or len(exchanges) > 1:
            self._composed[asked] = _taken(exchanges[min(turn, len(exchanges) - 1)])
        return self._composed[asked]

    # ── what follows from it ─────────────────────────────────────────────────────────────────────

    def _compose(self, asked: Asked) -> Answer:
        if asked.max is not None and asked.max < 0:
            return fault(400, f"illegal max count value for query : {asked.max}")
        try:
            return _document(self._root(asked))
        except _Refused as refused:
            return refused.answer
        except FollowRefused as refused:
            return self._error_page(str(refused))
        except _NotRecorded as why:
            return self._unknown(asked, str(why))

    def _root(self, asked: Asked) -> ET.Element:
        """The document, or one of the three ways not to have one."""
        for other in self._any_length.get(asked.but(max=None), ()):
            if self._is_good(other) and (_reaches(other.max, asked.max) or self._is_complete(other)):
                return _cut(self._parsed(other), asked.max)
        if asked.max is not None:
            return _cut(self._root(asked.but(max=None)), asked.max)
        if asked.follow:
            root = copy.deepcopy(self._root(asked.but(follow=frozenset())))
            inline(root, follow_tree(asked.follow), self._look)
            return root
        if asked.above is not None:
            newer = asked.above
            return _only(
                self._root(asked.but(above=None)), lambda item: int(item.findtext("index") or 0) > newer
            )
        if asked.search:
            return self._search(asked)
        if not asked.rest:
            return self._element(asked.path)
        if asked.rest[0][0] == "version" and asked.path.startswith("/api/options/"):
            return self._option(asked)
        parameters = "&".join(f"{name}={value}" for name, value in asked.rest)
        raise _NotRecorded(f"GET {asked.path} with {parameters}")

    def _element(self, path: str) -> ET.Element:
        """The document of a plain path: recorded, or contained in another that was."""
        if path not in self._elements:
            plain = Asked(path=path)
            if plain in self._recorded and not self._is_good(plain):
                raise _Refused(_taken(self._recorded[plain][0]))
            found = self._listed(path)
            self._elements[path] = found if found is not None else self._contained(path)
        return self._elements[path]

    def _listed(self, path: str) -> ET.Element | None:
        """The list or item at a path, from a complete answer to any question about it."""
        for asked in sorted(self._about.get(path, ()), key=lambda one: len(one.follow)):
            if self._is_good(asked) and self._is_complete(asked):
                return without(self._parsed(asked), follow_tree(asked.follow))
        return self._events() if path == "/api/events" else None

    def _contained(self, path: str) -> ET.Element:
        parent, _, own = path.rpartition("/")
        if own in self._ids_at(parent):
            return self._ids_at(parent)[own]
        if path in self._harvest():
            return self._harvest()[path]
        shape = _shape(path)
        for asked in self._recorded:
            # An account that may not read one host's NICs may not read another's.
            if _is_plain(asked) and _shape(asked.path) == shape and self._recorded[asked][0].status >= 400:
                raise _Refused(_taken(self._recorded[asked][0]))
        if own in self._empty:
            return ET.Element(own)
        raise _NotRecorded(f"GET {path}")

    def _ids_at(self, path: str) -> Mapping[str, ET.Element]:
        if path not in self._members:
            collection = self._listed(path)
            items = [] if collection is None else items_of(collection)
            self._members[path] = {item.get("id") or "": item for item in items if item is not collection}
        return self._members[path]

    def _harvest(self) -> Mapping[str, ET.Element]:
        """Sub-collections and items that recorded `follow` answers hold, by their own path."""
        if self._parts is None:
            self._parts = {}
            mine = [asked for asked in self._recorded if asked.follow and self._is_good(asked)]
            followed = [(asked, self._parsed(asked)) for asked in mine]
            followed += [(asked_of(one.uri), _xml(one)) for one in self._later if _is_good(one)]
            for asked, root in followed:
                for href, element in inlined(root, follow_tree(asked.follow)):
                    self._parts.setdefault(href.removeprefix(PREFIX), element)
        return self._parts

    def _look(self, href: str) -> ET.Element:
        return self._element(asked_of(href).path)

    def _events(self) -> ET.Element | None:
        """All recorded events, newest first. Older than the longest list, only those that a search found."""
        known: dict[int, ET.Element] = {}
        for asked in self._recorded:
            if asked.path == "/api/events" and self._is_good(asked):
                for item in items_of(self._parsed(asked)):
                    known.setdefault(int(item.findtext("index") or item.get("id") or 0), item)
        if not known:
            return None
        root = ET.Element("events")
        root.extend(known[index] for index in sorted(known, reverse=True))
        return root

    def _search(self, asked: Asked) -> ET.Element:
        if asked.rest:
            raise _NotRecorded("a search with more parameters")
        try:
            test = search_filter(asked.path, asked.search, self._names)
        except NotUnderstood as term:
            raise _NotRecorded(f"the search term {term}") from term
        return _only(self._element(asked.path), test)

    def _names(self, path: str) -> Mapping[str, str]:
        return {item.get("id") or "": item.findtext("name") or "" for item in items_of(self._element(path))}

    def _option(self, asked: Asked) -> ET.Element:
        root = copy.deepcopy(self._element(asked.path))
        values = root.find("values")
        for value in list(values if values is not None else ()):
            if values is not None and value.findtext("version") != asked.rest[0][1]:
                values.remove(value)
        if values is None or not len(values):
            raise _Refused(_answer(404, b"", None))
        return root

    # ── reading recorded answers ─────────────────────────────────────────────────────────────────

    def _is_good(self, asked: Asked) -> bool:
        return _is_good(self._recorded[asked][0])

    def _is_complete(self, asked: Asked) -> bool:
        return asked.max is None or len(items_of(self._parsed(asked))) < asked.max

    def _parsed(self, asked: Asked) -> ET.Element:
        if asked not in self._documents:
            self._documents[asked] = _xml(self._recorded[asked][0])
        return self._documents[asked]

    # ── refusing ─────────────────────────────────────────────────────────────────────────────────

    def _unknown(self, asked: Asked, why: str) -> Answer:
        closed = self._closed()
        if closed is not None:
            return _taken(closed)
        parent, _, own = asked.path.rpartition("/")
        if not self._exists(asked.path):
            where = f"RESTEASY003210: Could not find resource for full path: {PREFIX}{asked.path}"
            return _answer(404, where.encode(), _HTML)
        is_item = parent.count("/") == 2 or _UUID.match(own)
        if parent == "/api/options" or (is_item and self._listed(parent) is not None):
            return _answer(404, b"", None)
        if "migration_target_of" in dict(asked.rest):
            known = {item.get("id") for item in items_of(self._element("/api/vms"))}
            if not set(dict(asked.rest)["migration_target_of"].split(",")) & known:
                return fault(404, "Entity not found: GetVmByVmId")
        return fault(501, f"Not recorded: {why}", "This recorded engine cannot answer")

    def _closed(self) -> Exchange | None:
        """The 401 that an account without any permission gets for every call."""
        root = self._recorded.get(Asked(path="/api"))
        return root[0] if root is not None and root[0].status == 401 else None

    def _exists(self, path: str) -> bool:
        """Whether the first step below `/api` is one that the engine offers; yes where `/api` is unknown."""
        if not self._knows_all("/api"):
            return True
        step = path.removeprefix("/api").lstrip("/").partition("/")[0]
        links = (link.get("href") or "" for link in self._element("/api").iter("link"))
        offered = {asked_of(link).path for link in links} | set(self._about)
        return any(known == f"/api/{step}" or known.startswith(f"/api/{step}/") for known in offered)

    def _error_page(self, what: str) -> Answer:
        for asked, exchanges in self._recorded.items():
            if asked.follow and exchanges[0].status == 500:
                return _taken(exchanges[0])
        return html(500, f"Internal server error: follow {what}")


def _is_usual(exchange: Exchange) -> bool:
    """Whether the answer is what the SDK would get; other media types and versions are not served."""
    if exchange.status == 200 and "/api" in exchange.uri:
        return "json" not in (exchange.header("content-type") or "")
    return exchange.status not in (405, 415) and not (
        exchange.status == 400 and not exchange.body.startswith(b"<?")
    )


def _is_plain(asked: Asked) -> bool:
    """Whether the question is for all of a path, perhaps with `follow` or a length."""
    return not asked.rest and not asked.search and asked.above is None


def _shape(path: str) -> str:
    """The path with its ids left out; two items of one kind have the same."""
    return "/".join("*" if _UUID.match(step) else step for step in path.split("/"))


def _is_good(exchange: Exchange) -> bool:
    return exchange.status == 200 and "xml" in (exchange.header("content-type") or "")


def _xml(exchange: Exchange) -> ET.Element:
    return ET.fromstring(exchange.body)  # noqa: S314 - cassettes are our own files


def _taken(exchange: Exchange) -> Answer:
    headers = tuple(pair for pair in exchange.headers if not pair[0].lower().startswith(_TRANSPORT))
    return Answer(status=exchange.status, reason=exchange.reason, headers=headers, body=exchange.body)


def _answer(status: int, body: bytes, content_type: str | None) -> Answer:
    headers = (("Content-Type", content_type),) if content_type else ()
    return Answer(status=status, reason=_REASONS.get(status, ""), headers=headers, body=body)


def _document(root: ET.Element) -> Answer:
    return _answer(200, _DECLARATION + ET.tostring(root, encoding="utf-8") + b"\n", _XML)


def _reaches(recorded: int | None, wanted: int | None) -> bool:
    return wanted is not None and recorded is not None and recorded >= wanted


def _only(root: ET.Element, keep: Callable[[ET.Element], bool]) -> ET.Element:
    chosen = ET.Element(root.tag, root.attrib)
    chosen.extend(item for item in items_of(root) if keep(item))
    return chosen


def _cut(root: ET.Element, length: int | None) -> ET.Element:
    """The first `length` items, in the engine's own order."""
    items = items_of(root)
    if length is None or (items and items[0] is root) or len(items) <= length:
        return root
    cut = ET.Element(root.tag, root.attrib)
    cut.extend(items[:length])
    return cut
