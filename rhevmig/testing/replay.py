"""Recorded answers by request: the same request gets the same answers, in order; no answer is composed.

Requests are the same by the rules of cassettes (`vcr_pycurl.matching`) and by the media type and API version
that they accept. An exchange of an earlier cassette hides the same request in later ones.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

import msgspec

from rhevmig.recordings.exchange import Exchange
from rhevmig.testing.answers import ServedAnswer, fault, recorded_answer
from rhevmig.testing.vcr_pycurl.matching import Key, Matching


class ReceivedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a client sent it."""

    method: str
    #: Path and query, as sent.
    target: str
    #: Names in lower case.
    headers: Mapping[str, str] = {}
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, as sent, without `?`."""
        return self.target.partition("?")[2]


class Replay:
    """All answers of some cassettes. Thread-safe.

    Args: ignore_query: parameters that do not count, e.g. `correlation_id`.
    """

    def __init__(self, cassettes: Iterable[Sequence[Exchange]], *, ignore_query: Iterable[str] = ()) -> None:
        self._rules = Matching(ignore_query=ignore_query)
        self._recorded: dict[tuple[Key, str], list[Exchange]] = {}
        self._played: dict[tuple[Key, str], int] = {}
        self._lock = threading.Lock()
        for cassette in cassettes:
            self._add(cassette)

    def answer(self, request: ReceivedRequest) -> ServedAnswer:
        """The next recorded answer to this request, the last one again after it; 501 for another request."""
        return self.recorded(request) or self._not_recorded(request)

    def recorded(self, request: ReceivedRequest) -> ServedAnswer | None:
        """As `answer`; None where nothing was recorded."""
        method = "GET" if request.method == "HEAD" else request.method
        key = self._key(method, request.target, request.headers, request.body)
        exchanges = self._recorded.get(key)
        if exchanges is None:
            return None
        with self._lock:
            turn = self._played.get(key, 0)
            self._played[key] = turn + 1
        return recorded_answer(exchanges[min(turn, len(exchanges) - 1)])

    def _add(self, cassette: Sequence[Exchange]) -> None:
        added: dict[tuple[Key, str], list[Exchange]] = {}
        for exchange in cassette:
            if exchange.status:
                key = self._key(
                    exchange.method, exchange.target, exchange.request_headers, exchange.request_body or b""
                )
                added.setdefault(key, []).append(exchange)
        for key, exchanges in added.items():
            self._recorded.setdefault(key, exchanges)

    def _key(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Key, str]:
        key = self._rules.key_of(method, target, body, headers.get("content-type", ""))
        return key, _variant(headers)

    def _not_recorded(self, request: ReceivedRequest) -> ServedAnswer:
        closest = self._closest(request)
        detail = f"not recorded: {request.method} {request.target}"
        if closest is not None:
            detail += f"; closest: {closest.method} {closest.target}"
            detail += "".join(f"; {line}" for line in _differences(request, closest))
        return fault(501, "This recorded engine has no such answer", detail)

    def _closest(self, request: ReceivedRequest) -> Exchange | None:
        """The recorded request that has most in common: path first, then method, then query."""
        candidates = [exchanges[0] for exchanges in self._recorded.values()]
        paths = {one.target.partition("?")[0] for one in candidates}
        path = next(iter(difflib.get_close_matches(request.path, sorted(paths), n=1)), None)
        near = [one for one in candidates if one.target.partition("?")[0] == path]
        return min(
            near,
            key=lambda one: (
                one.method != request.method,
                _distance(request.query, one.query),
                -difflib.SequenceMatcher(None, one.query, request.query).quick_ratio(),
            ),
            default=None,
        )


def _variant(headers: Mapping[str, str]) -> str:
    """What makes the engine answer the same request differently: a media type without XML, an API version."""
    accept, version = headers.get("accept", ""), headers.get("version", "4")
    usual = not accept or "xml" in accept or "*/*" in accept
    return f"{'' if usual else accept}/{'' if version == '4' else version}"


def _distance(sent: str, recorded: str) -> int:
    """How far two queries are apart: an absent parameter counts more than another value."""
    one, other = (dict(parse_qsl(query, keep_blank_values=True)) for query in (sent, recorded))
    absent, common = one.keys() ^ other.keys(), one.keys() & other.keys()
    return 2 * len(absent) + sum(one[name] != other[name] for name in common)


def _differences(request: ReceivedRequest, closest: Exchange) -> Iterator[str]:
    sent = dict(parse_qsl(request.query, keep_blank_values=True))
    recorded = dict(parse_qsl(closest.query, keep_blank_values=True))
    for name in sorted({*sent, *recorded}):
        if sent.get(name) != recorded.get(name):
            yield f"{name} is {sent.get(name, 'absent')}, recorded {recorded.get(name, 'absent')}"
    if request.target == closest.target and request.method == closest.method:
        yield "the body or the accepted media type differs"
