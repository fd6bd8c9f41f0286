"""Followed answers taken apart: followed elements become separate answers again.

`vms?follow=nics,disk_attachments.disk` has VMs, their NICs, their attachments and the disks; a world stores
each at its own place.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from lxml import etree

from rhevmig.lab.api.follow import Wanted
from rhevmig.lab.api.schema import places

#: For each list below an object, its path with ids, the ids in the order seen.
Rows = dict[tuple[str, str], list[str]]


def unfold(element: etree._Element, place_path: str, wanted: Wanted, rows: Rows) -> Iterator[etree._Element]:
    """The followed elements inside this one; references to them stay in it.

    Statistics are left out: several of a host have the same id.
    """
    names = {name.replace("_", ""): deeper for name, deeper in wanted.items()}
    for child in list(element):
        name = str(child.tag).replace("_", "")
        if name not in names or child.tag == "link":
            continue
        if child.get("id") is not None:
            yield from _taken_out(child, _place_of(child), names[name], rows)
            _bare(child)
            continue
        below = f"{place_path}/{name}"
        items = [item for item in child if isinstance(item.tag, str)]
        rows[below, str(element.get("id"))] = [str(item.get("id")) for item in items]
        for item in items if name != "statistics" else ():
            yield from _taken_out(item, _place_of(item) or below, names[name], rows)
        if _keeps_references(place_path, str(child.tag)):
            for item in items:
                _bare(item)
        else:
            element.remove(child)


def _taken_out(item: etree._Element, place_path: str, wanted: Wanted, rows: Rows) -> Iterator[etree._Element]:
    if not any(isinstance(child.tag, str) for child in item):
        return
    whole = deepcopy(item)
    nested = list(unfold(whole, place_path, wanted, rows))
    yield whole
    yield from nested


def _bare(element: etree._Element) -> None:
    for child in list(element):
        element.remove(child)
    element.text = None


def _place_of(element: etree._Element) -> str:
    href = element.get("href") or ""
    return "/".join(href.removeprefix("/ovirt-engine/api/").removeprefix("v4/").split("/")[0::2])


def _keeps_references(place_path: str, member: str) -> bool:
    """Whether the object itself has these references, as a group has its VMs."""
    place = places().get(place_path)
    return place is not None and any(path.split("/")[0] == member for path in place.refs)
