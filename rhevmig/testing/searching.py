"""A small part of the engine's search language, enough for lists that a recording holds complete."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree as ET

#: Name in a query → path of the value inside the element. Only what recordings prove.
_EVENTS = {
    "type": "code",
    "correlation_id": "correlation_id",
    "severity": "severity",
    "vm.name": "vm/name",
    "id": "@id",
}
_ANY = {"name": "name", "id": "@id", "status": "status", "correlation_id": "correlation_id", "alias": "alias"}
#: (list, name in a query) → (reference inside the element, collection that names it).
_REFERENCES = {
    ("/api/vms", "cluster"): ("cluster", "/api/clusters"),
    ("/api/hosts", "cluster"): ("cluster", "/api/clusters"),
    ("/api/clusters", "datacenter"): ("data_center", "/api/datacenters"),
    ("/api/networks", "datacenter"): ("data_center", "/api/datacenters"),
}
#: Severity in the order that `>` and `<` compare by.
_SEVERITIES = ("normal", "warning", "error", "alert")

_TERM = re.compile(r"^\s*([A-Za-z_.]+)\s*(!=|=|>|<)\s*(\"[^\"]*\"|\S+)\s*$")

Test = Callable[[ET.Element], bool]


class NotUnderstood(Exception):
    """The query uses more of the search language than is spoken here."""


def search_filter(path: str, query: str, names: Callable[[str], Mapping[str, str]]) -> Test:
    """A test for one element of the list at `path`.

    Args: names (collection path → id to name, for `cluster=NAME`).
    Raises: NotUnderstood.
    """
    ways = [
        [_term(path, term, names) for term in re.split(r"\s+and\s+", way, flags=re.IGNORECASE)]
        for way in re.split(r"\s+or\s+", query, flags=re.IGNORECASE)
    ]
    return lambda item: any(all(test(item) for test in way) for way in ways)


def _term(path: str, term: str, names: Callable[[str], Mapping[str, str]]) -> Test:
    match = _TERM.match(term)
    if match is None:
        raise NotUnderstood(term)
    field, operator, value = match[1].lower(), match[2], match[3].strip('"').lower()
    read = _reader(path, field, names)
    if operator in "<>":
        return _ordered(field, operator, value, read)
    pattern = re.compile(fnmatch.translate(value.replace("[", "[[]")))
    wanted = operator == "="
    return lambda item: (pattern.match(read(item).lower()) is not None) is wanted


def _ordered(field: str, operator: str, value: str, read: Callable[[ET.Element], str]) -> Test:
    if field != "severity" or value not in _SEVERITIES:
        raise NotUnderstood(f"{field}{operator}{value}")
    limit = _SEVERITIES.index(value)
    if operator == ">":
        return lambda item: _SEVERITIES.index(read(item)) > limit
    return lambda item: _SEVERITIES.index(read(item)) < limit


def _reader(path: str, field: str, names: Callable[[str], Mapping[str, str]]) -> Callable[[ET.Element], str]:
    where = (_EVENTS if path == "/api/events" else _ANY).get(field)
    if where == "@id":
        return lambda item: item.get("id") or ""
    if where is not None:
        return lambda item: item.findtext(where) or ""
    if (path, field) not in _REFERENCES:
        raise NotUnderstood(field)
    tag, collection = _REFERENCES[path, field]
    known = names(collection)

    def read(item: ET.Element) -> str:
        reference = item.find(tag)
        return "" if reference is None else known.get(reference.get("id") or "", "")

    return read
