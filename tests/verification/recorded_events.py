"""What a recording says, read for a rehearsal: its events in order and the instant of each request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from rhevmig.lab.state.attribute_values import tree_of
from rhevmig.recordings.exchange import Exchange


class RecordedEvent:
    """One event of a recording."""

    def __init__(self, element: etree._Element) -> None:
        self.index = int(element.get("id") or 0)
        self.code = int(element.findtext("code") or 0)
        self.text = element.findtext("description") or ""
        self.correlation_id = element.findtext("correlation_id") or ""
        self.at_s = datetime.fromisoformat(element.findtext("time") or "1970-01-01T00:00:00Z").timestamp()
        self.cluster = element.findtext("cluster/name") or ""
        self.vm_id = id_of(element, "vm")
        self.host_id = id_of(element, "host")
        attrs = tree_of(element)
        self.attrs = {name: value for name, value in attrs.items() if name[0] != "@"}


def id_of(element: etree._Element, tag: str) -> str:
    """The id that a reference below an element holds, or nothing."""
    found = element.find(tag)
    return (found.get("id") or "") if found is not None else ""


def recorded_events(exchanges: Iterable[Exchange]) -> list[RecordedEvent]:
    """Every event that the recording shows, oldest first."""
    found: dict[int, RecordedEvent] = {}
    for exchange in exchanges:
        if exchange.answer.startswith("<?xml") and "<event " in exchange.answer:
            for element in etree.fromstring(exchange.answer.encode()).iter("event"):
                event = RecordedEvent(element)
                found[event.index] = event
    return [found[index] for index in sorted(found)]


def when(exchange: Exchange) -> float:
    """The instant at which it was asked, seconds since 1970."""
    return datetime.fromisoformat(exchange.header("x-recorded-at") or "").timestamp()
