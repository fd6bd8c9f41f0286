"""Compares the lab with recordings of a real engine: each exchange is asked of the lab again.

Ids that the engine made up while it was recorded (of new entities, jobs, steps) are matched one to one
with the lab's. `LEFT_OUT` lists what a comparison leaves out, and why.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime

import msgspec
from lxml import etree

from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.lab import sign_in
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.recordings.exchange import Exchange

#: What is not compared, and why.
LEFT_OUT = (
    "the order of `link` elements and of actions: it changes with every start of the engine",
    "instants, where both answers have one: the engine stamped them while it was recorded",
    "ids that the engine made up while it was recorded (new entities, jobs, steps, events): they are matched "
    "one to one with the lab's; so are, in recordings marked ↻, the short correlation ids of its acts",
    "the OVF text inside `initialization` and the `domain_entry_id` of users: only their presence counts",
    "tokens, passwords, session ids and certificates, which the recordings do not hold or the lab issues "
    "itself; of the engine's HTML error pages only that there is one",
    "parameters of the content type, such as its charset",
    "values of statistics that hosts report (CPU, memory in use, network, running time): host agents made "
    "them up; in recordings marked ↻ only the names of statistics and `migration.progress` are compared",
    "of the event log, in recordings without ↻, events without one of the recording's own correlation ids",
    "the order of a job's steps on one level: the engine sorts them by ids that it made up",
    "the order of lists that the engine leaves to its database: host_nics, nics, networks, vnic_profiles, "
    "permissions, disks, disk_profiles, network_attachments, cpu_profiles, storage_domains, affinity_groups, "
    "targets of a migration, and every list of an account with UserVmManager",
)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EVENT = re.compile(r"(/ovirt-engine/api/events/)?(\d{1,9})")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: Lists whose order is that of the database's rows.
_UNSORTED = frozenset(
    (
        "host_nics",
        "nics",
        "networks",
        "vnic_profiles",
        "permissions",
        "disks",
        "disk_profiles",
        "network_attachments",
        "cpu_profiles",
        "storage_domains",
        "affinity_groups",
    )
)
#: Statistics whose value follows from the configuration.
_EXACT_STATISTICS = frozenset(("memory.installed", "memory.total", "swap.total"))
_TOKEN = re.compile(r'"(access_token|exp)":"[^"]*"')
_SECRET = re.compile(r"session '[^']*'|SCRUBBED")


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How the lab's answer to one exchange compares."""

    #: Number in the recording, from 0.
    number: int
    #: GET, POST, …
    method: str
    #: Path and query.
    target: str
    #: The first difference; empty when it agrees.
    difference: str = ""
    #: Whether the lab answered `501 Not modelled`.
    not_modelled: bool = False

    @property
    def agrees(self) -> bool:
        """Whether there is no difference."""
        return not self.difference


class Comparison:
    """One recording against one lab."""

    def __init__(
        self,
        engine: SimulatedEngine,
        *,
        username: str = "admin@internal",
        password: str = "secret",
        keep_time: bool = True,
        sorted_lists: bool = True,
    ) -> None:
        self.engine = engine
        self.username = username
        self.password = password
        #: Whether the lab's clock is moved to the instant of each exchange.
        self.keep_time = keep_time
        #: Whether top-level lists come by name; those of ordinary users come as the rows lie.
        self.sorted_lists = sorted_lists
        #: Recorded id to the lab's.
        self.ids: dict[str, str] = {}
        self._back: dict[str, str] = {}
        self._authorization = ""
        #: Ids that were there before anything was asked.
        self._found = {known for table in engine.world.tables.values() for known in table}
        #: Correlation ids that the recording itself sent.
        self.own: set[str] = set()

    def accepts(self, path: str, recorded: str, found: str) -> bool:
        """Whether another text is accepted at a place."""
        return False

    def run(self, exchanges: Sequence[Exchange]) -> list[Agreement]:
        """The verdict on each exchange."""
        for exchange in exchanges:
            self.own.update(re.findall(r"correlation_id=([\w-]+)", exchange.target))
        return [self.one(number, exchange) for number, exchange in enumerate(exchanges)]

    def one(self, number: int, exchange: Exchange) -> Agreement:
        """Ask the lab the same and compare."""
        self.move_clock(exchange)
        answer = self.ask(exchange)
        difference = self.difference(exchange, answer)
        return Agreement(
            number=number,
            method=exchange.method,
            target=exchange.target,
            difference=difference,
            not_modelled=answer.status == 501,
        )

    def move_clock(self, exchange: Exchange) -> None:
        """Let the lab's time pass up to the instant at which the exchange was recorded."""
        recorded = exchange.header("x-recorded-at")
        if self.keep_time and recorded:
            clock = self.engine.world.clock
            clock.add(datetime.fromisoformat(recorded).timestamp() - clock.now_s)

    def ask(self, exchange: Exchange) -> LabResponse:
        """The lab's answer."""
        path, _, query = self.translated(exchange.target).partition("?")
        headers = dict(exchange.request_headers)
        body = self.translated(exchange.request_text)
        if "/sso/" in path or "sso-logout" in path:
            right = exchange.status == 200 or "Accept Header" in exchange.answer
            body = body.replace("password=SCRUBBED", f"password={self.password if right else 'wrong'}")
        elif exchange.status == 401 and "authorization" in headers and "perform login" not in exchange.answer:
            named = re.search(r"user '([^']*)@N/A'", exchange.answer)
            refused = base64.b64encode(f"{named[1]}:wrong".encode()).decode() if named else ""
            headers["authorization"] = f"Basic {refused}" if named else "Bearer expired"
        elif headers.get("authorization") == "Bearer SCRUBBED":
            if not self._authorization:
                self._authorization = sign_in(self.engine, self.username, self.password)
            headers["authorization"] = self._authorization
        return self.engine.handle(LabRequest(exchange.method, path, query, headers, body.encode()))

    def translated(self, text: str) -> str:
        """A recorded text with the ids that the lab gave instead."""
        text = re.sub(r"(?<=from=)\d+", lambda match: self.ids.get(match[0], match[0]), text)
        return _UUID.sub(lambda match: self.ids.get(match[0], match[0]), text)

    def difference(self, exchange: Exchange, answer: LabResponse) -> str:
        """The first difference between what was recorded and what the lab answered."""
        if answer.status != exchange.status:
            return f"status {answer.status} instead of {exchange.status}: {_brief(answer.text)}"
        recorded_type = (exchange.header("content-type") or "").partition(";")[0]
        found_type = (answer.header("content-type") or "").partition(";")[0]
        if recorded_type != found_type:
            return f"content type {found_type!r} instead of {recorded_type!r}"
        if exchange.answer.startswith("<?xml"):
            recorded = etree.fromstring(exchange.answer.encode())
            found = etree.fromstring(answer.body)
            if "migration_target_of" in exchange.target and len(recorded) == len(found):
                recorded[:], found[:] = self._by_id(list(recorded)), self._by_id(list(found))
            return self.trees(recorded, found, "")
        return self._texts(exchange.answer, answer.text)

    def _texts(self, recorded: str, found: str) -> str:
        if "error-text-div" in recorded:
            return "" if "error-text-div" in found else "no error page"
        if '"access_token"' in recorded:
            recorded, found = _TOKEN.sub(r'"\1":""', recorded), _TOKEN.sub(r'"\1":""', found)
        if recorded.lstrip().startswith("{"):
            same = msgspec.json.decode(recorded) == msgspec.json.decode(found)
            return "" if same else "other JSON"
        if "BEGIN CERTIFICATE" in recorded:
            return "" if "BEGIN CERTIFICATE" in found else "no certificate"
        return "" if recorded == found else f"{_brief(found)} instead of {_brief(recorded)}"

    def trees(self, recorded: etree._Element, found: etree._Element, path: str) -> str:
        """The first difference between two elements."""
        path = f"{path}/{recorded.tag}"
        if recorded.tag != found.tag:
            return f"{path}: <{found.tag}> instead"
        problem = self._attributes(recorded, found, path) or self._text(recorded, found, path)
        return problem or self._children(recorded, found, path)

    def _attributes(self, recorded: etree._Element, found: etree._Element, path: str) -> str:
        if set(recorded.attrib) != set(found.attrib):
            given_names, names = sorted(map(str, found.attrib)), sorted(map(str, recorded.attrib))
            return f"{path}: attributes {given_names} instead of {names}"
        for name in sorted(map(str, recorded.attrib), reverse=True):
            wanted, given = str(recorded.attrib[name]), str(found.attrib[name])
            if not self._same_at(path, wanted, given) and not self.accepts(f"{path}@{name}", wanted, given):
                return f"{path}@{name}: {_brief(given)} instead of {_brief(wanted)}"
        return ""

    def _text(self, recorded: etree._Element, found: etree._Element, path: str) -> str:
        wanted, given = (recorded.text or "").strip(), (found.text or "").strip()
        if self._same_at(path, wanted, given) or path.endswith(
            ("/initialization/configuration/data", "/domain_entry_id")
        ):
            return ""
        if path.endswith("/statistic/values/value/datum") and self._is_gauge(recorded):
            return ""
        if self.accepts(path, wanted, given):
            return ""
        return f"{path}: {_brief(given)} instead of {_brief(wanted)}"

    def _by_id(self, items: list[etree._Element]) -> list[etree._Element]:
        return sorted(items, key=self._row)

    def _row(self, item: etree._Element) -> tuple[bool, str, list[str]]:
        """What orders two lists alike: known ids by themselves, new ones by what they hold."""
        own = str(item.get("id"))
        if own in self.ids or own in self._back:
            return False, self.ids.get(own, own), []
        if own in self._found:
            return False, own, []
        parts = [str(part) for part in item.itertext()]
        return True, item.findtext("name") or "", parts

    def _own_events(self, events: list[etree._Element]) -> list[etree._Element]:
        """Of a log that others write too, what belongs to this recording's own requests."""
        if not self.own:
            return events
        return [event for event in events if event.findtext("correlation_id") in self.own]

    def _is_gauge(self, datum: etree._Element) -> bool:
        statistic = datum.getparent().getparent().getparent()  # type: ignore[union-attr]
        return statistic is None or statistic.findtext("name") not in _EXACT_STATISTICS

    def _children(self, recorded: etree._Element, found: etree._Element, path: str) -> str:
        wanted, given = _sorted_links(recorded), _sorted_links(found)
        if path.endswith("/statistic/values"):
            wanted, given = wanted[:1], given[:1]
        if path.endswith("/events"):
            wanted, given = self._own_events(wanted), self._own_events(given)
        loose = recorded.tag in _UNSORTED or (not self.sorted_lists and path.count("/") == 1)
        if loose and len(wanted) == len(given):
            wanted, given = self._by_id(wanted), self._by_id(given)
        if [child.tag for child in wanted] != [child.tag for child in given]:
            return f"{path}: {_tags(given, wanted)}"
        for one, other in zip(wanted, given, strict=True):
            problem = self.trees(one, other, path)
            if problem:
                return problem
        return ""

    def _same_at(self, path: str, wanted: str, given: str) -> bool:
        if path.endswith(("/events/event", "/events/event/index", "/event", "/event/index")):
            one, two = _EVENT.fullmatch(wanted), _EVENT.fullmatch(given)
            if one and two:
                return self._pair_events(one[2], two[2])
        return self.same(wanted, given)

    def same(self, recorded: str, found: str) -> bool:
        """Whether two texts say the same, ids and instants aside."""
        if recorded == found:
            return True
        if _INSTANT.fullmatch(recorded) and _INSTANT.fullmatch(found):
            return True
        wanted_ids, given_ids = _UUID.findall(recorded), _UUID.findall(found)
        if len(wanted_ids) != len(given_ids):
            return False
        if _UUID.sub("#", recorded) != _UUID.sub("#", found):
            return _SECRET.sub("#", _UUID.sub("#", recorded)) == _SECRET.sub("#", _UUID.sub("#", found))
        return all(self._pair(one, other) for one, other in zip(wanted_ids, given_ids, strict=True))

    def _pair_events(self, recorded: str, found: str) -> bool:
        """Events are numbered by everybody's; the order of a recording's own must be the same."""
        if self.ids.get(recorded, found) != found or self._back.get(found, recorded) != recorded:
            return False
        self.ids[recorded], self._back[found] = found, recorded
        return True

    def _pair(self, recorded: str, found: str) -> bool:
        if recorded == found:
            return True
        known = self.ids.get(recorded), self._back.get(found)
        if known == (None, None) and not self._in_world(recorded):
            self.ids[recorded], self._back[found] = found, recorded
            return True
        return known == (found, recorded)

    def _in_world(self, entity_id: str) -> bool:
        return any(entity_id in table for table in self.engine.world.tables.values())


class ReplayComparison(Comparison):
    """Of statistics only the names and a migration's progress count: simulated hosts made up the rest."""

    def accepts(self, path: str, recorded: str, found: str) -> bool:
        """Correlation ids that the engine made up are eight hex digits, without leading zeros."""
        is_made_up = re.fullmatch(r"[0-9a-f]{5,8}", recorded) and re.fullmatch(r"[0-9a-f]{1,8}", found)
        return path.endswith("/correlation_id") and is_made_up is not None

    def difference(self, exchange: Exchange, answer: LabResponse) -> str:
        """The first difference, or nothing."""
        if "/jobs" in exchange.target and exchange.status == 200 and answer.status == 200:
            exchange = msgspec.structs.replace(exchange, body=_steps_sorted(exchange.answer).encode())
            answer = LabResponse(answer.status, _steps_sorted(answer.text).encode(), answer.headers)
        if not exchange.target.endswith("/statistics") or exchange.status != 200 or answer.status != 200:
            return super().difference(exchange, answer)
        recorded, found = (_figures(text) for text in (exchange.answer, answer.text))
        if sorted(recorded) != sorted(found):
            return f"statistics {sorted(set(recorded) ^ set(found))} on one side only"
        name = "migration.progress"
        same = recorded.get(name) == found.get(name)
        return "" if same else f"{name} {found.get(name)} instead of {recorded.get(name)}"


def _steps_sorted(text: str) -> str:
    """Steps by what they are below: the engine lists them by the ids of their parents, which it makes up."""
    root = etree.fromstring(text.encode())
    for steps in root.iter("steps"):
        known = {str(step.get("id")): step for step in steps}

        def key(
            step: etree._Element, known: dict[str, etree._Element] = known
        ) -> tuple[tuple[str, int], ...]:
            parent = step.find("parent_step")
            above = known.get(str(parent.get("id"))) if parent is not None else None
            own = (str(step.findtext("description")), int(step.findtext("number") or 0))
            return (*(key(above) if above is not None else ()), own)

        ordered = sorted(steps, key=key)
        for step in list(steps):
            steps.remove(step)
        steps.extend(ordered)
    return '<?xml version="1.0"?>\n' + etree.tostring(root, encoding="unicode")


def _figures(text: str) -> dict[str, str]:
    return {
        str(item.findtext("name")): str(item.findtext("values/value/datum"))
        for item in etree.fromstring(text.encode())
    }


def _sorted_links(element: etree._Element) -> list[etree._Element]:
    children = [child for child in element if isinstance(child.tag, str)]
    links = iter(
        sorted((child for child in children if child.tag == "link"), key=lambda link: str(link.get("rel")))
    )
    return [next(links) if child.tag == "link" else child for child in children]


def _tags(given: list[etree._Element], wanted: list[etree._Element]) -> str:
    have, should = [str(child.tag) for child in given], [str(child.tag) for child in wanted]
    missing = [tag for tag in should if should.count(tag) > have.count(tag)]
    extra = [tag for tag in have if have.count(tag) > should.count(tag)]
    if not missing and not extra:
        return f"order {have} instead of {should}"
    parts = [f"without {', '.join(sorted(set(missing)))} ({len(missing)})"] if missing else []
    parts += [f"with {', '.join(sorted(set(extra)))} ({len(extra)})"] if extra else []
    return " and ".join(parts)


def _brief(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 160 else flat[:157] + "…")


def compare_exact(recorded: etree._Element, found: etree._Element, path: str = "") -> str:
    """The first difference of two element trees, order of links and every text included."""
    path = f"{path}/{recorded.tag}"
    wanted, given = sorted(recorded.attrib.items()), sorted(found.attrib.items())
    if recorded.tag != found.tag or wanted != given:
        return f"{path}: <{found.tag} {given}> instead of <{recorded.tag} {wanted}>"
    if (recorded.text or "").strip() != (found.text or "").strip():
        return f"{path}: {_brief(found.text or '')} instead of {_brief(recorded.text or '')}"
    if [child.tag for child in recorded] != [child.tag for child in found]:
        return f"{path}: {_tags(list(found), list(recorded))}"
    return next(
        filter(None, (compare_exact(one, two, path) for one, two in zip(recorded, found, strict=True))), ""
    )


def compare_answers(recorded: str, found: str) -> str:
    """The first difference between two XML answers, exactly."""
    return compare_exact(etree.fromstring(recorded.encode()), etree.fromstring(found.encode()))
