"""The `follow` parameter: links and references fetched in the same request and written in place.

Names are separated by commas, dots go deeper, underscores are ignored. A name that is not a link, and
some links (recorded, `refused` in `data/places.yaml`), are answered with 500 and an HTML page.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import msgspec

from rhevmig.lab.api import collections, schema
from rhevmig.lab.api.request_context import Look
from rhevmig.lab.api.schema import Place
from rhevmig.lab.api.xml import render_collection, render_entity, render_tree
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.state.store import Entity, World

#: Followed names, nested: `nics.statistics` is {"nics": {"statistics": {}}}.
Wanted = dict[str, "Wanted"]


def parse_follow(value: str) -> Wanted:
    """The names in the parameter, as a nested dict."""
    wanted: Wanted = {}
    for path in value.split(","):
        below = wanted
        for name in path.strip().split("."):
            if name.strip():
                below = below.setdefault(name.strip(), {})
    return wanted


def _broken(place: Place, name: str) -> EngineFault:
    """The page of an uncaught exception of the engine."""
    kind = "".join(word.capitalize() for word in place.list_tag.split("_"))
    page = (files("rhevmig.lab") / "data" / "error-500.html").read_text()
    problem = f"Problem following '{html.escape(name)}' link in {kind} entity."
    return EngineFault(
        500, page.replace("PROBLEM", problem), content_type="text/html;charset=UTF-8", in_action=False
    )


def followers(
    world: World, place: Place, entities: list[Entity], wanted: Wanted, look: Look
) -> dict[str, Callable[[Entity, int], str]]:
    """For each followed member the function that renders it; refuses before anything is rendered."""
    found: dict[str, Callable[[Entity, int], str]] = {}
    for name, deeper in wanted.items():
        member, writer = _follower(world, place, entities, name, deeper, look)
        found[member] = writer
    return found


def _follower(
    world: World, place: Place, entities: list[Entity], asked: str, deeper: Wanted, look: Look
) -> tuple[str, Callable[[Entity, int], str]]:
    name = asked.replace("_", "")
    if name in place.refused:
        raise _broken(place, asked)
    if name in place.links or name in place.followed:
        member = place.member_of_link(name) or name
        shape = collections.sub_place(place, name)
        if shape is None:
            raise _broken(place, asked)
        return member, _collection_writer(world, shape, member, deeper, look)
    for member, target in place.refs.items():
        if member.replace("_", "") == name and "/" not in member:
            if place.path == "vms" and any(entity.ref(member) is None for entity in entities):
                raise _broken(place, asked)
            return member, _reference_writer(world, member, target, deeper, look)
    raise _broken(place, asked)


def _collection_writer(
    world: World, shape: Place, member: str, deeper: Wanted, look: Look
) -> Callable[[Entity, int], str]:
    look = msgspec.structs.replace(look, followed=True)
    if deeper:
        followers(world, _shape_of(shape), [], deeper, look)

    def write(entity: Entity, level: int) -> str:
        below, items = collections.list_below(world, entity, shape)
        nested = followers(world, below, items, deeper, look) if deeper else None
        return render_collection(world, below, items, look, nested, tag=member, level=level)

    return write


def _shape_of(shape: Place) -> Place:
    return schema.places().get({"hosts/affinitylabels": "affinitylabels"}.get(shape.path, shape.path), shape)


def _reference_writer(
    world: World, member: str, target: str, deeper: Wanted, look: Look
) -> Callable[[Entity, int], str]:
    shape = schema.place(target)
    target = {"cpuprofiles": "clusters/cpuprofiles", "diskprofiles": "storagedomains/diskprofiles"}.get(
        target, target
    )
    followers(world, shape, [], deeper, look)

    def write(entity: Entity, level: int) -> str:
        found = world.find(target, entity.ref(member))
        if found is None:
            value = entity.get(member)
            return "".join(render_tree(member, value, level=level)) if value is not None else ""
        nested: Mapping[str, Any] = followers(world, shape, [found], deeper, look) if deeper else {}
        return render_entity(world, shape, found, look, nested, tag=member, level=level)

    return write
