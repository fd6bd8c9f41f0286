"""Attributes of new entities (`data/defaults.yaml`) and what every engine has (`data/installation.json`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from rhevmig.lab.state.attribute_values import Tree
from rhevmig.lab.state.store import World

#: Blank template and root tag.
BLANK_ID = "00000000-0000-0000-0000-000000000000"
#: The default MAC pool.
MAC_POOL_ID = "58ca604b-017d-0374-0220-00000000014e"
SUPER_USER_ID = "00000000-0000-0000-0000-000000000001"


#: One transparent pixel, the picture of every icon of the lab.
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


class _Installed(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    id: str
    attrs: dict[str, Any]
    parent: str | None = None


class _Installation(msgspec.Struct, frozen=True, kw_only=True):
    origin: str
    entities: list[_Installed]


@cache
def _installation() -> _Installation:
    raw = (files("rhevmig.lab") / "data" / "installation.json").read_bytes()
    return msgspec.json.decode(raw, type=_Installation)


@cache
def read_data(name: str) -> dict[str, Any]:
    """A YAML file of `data/`; callers must not change it."""
    raw = (files("rhevmig.lab") / "data" / name).read_bytes()
    return dict(yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506


@cache
def member_set(name: str) -> frozenset[str]:
    """A set of members from `data/members.yaml`."""
    return frozenset(read_data("members.yaml")[name])


def default_attrs(place: str) -> Tree:
    """The attributes of a new entity; callers must not change them."""
    found: Tree = read_data("defaults.yaml").get(place, {})
    return found


def install(world: World) -> None:
    """Roles, policies, cluster levels, options, the blank template, the root tag: what every engine has."""
    for entity in _installation().entities:
        above = entity.place.rpartition("/")[0]
        parent = world.find(above, entity.parent) if entity.parent else None
        if world.find(entity.place, entity.id, parent) is None:
            world.add(entity.place, entity.id, entity.attrs, parent=parent)
    for system in world.all("operatingsystems"):
        for icon_id in (system.ref("large_icon"), system.ref("small_icon")):
            if icon_id is not None and world.find("icons", icon_id) is None:
                world.add("icons", icon_id, {"data": _PIXEL, "media_type": "image/png"})
    if world.find("tags", BLANK_ID) is None:
        world.add("tags", BLANK_ID, {"name": "root", "description": "root"})
    if world.find("macpools", MAC_POOL_ID) is None:
        ranges = {"range": {"from": "56:6f:0b:4f:00:00", "to": "56:6f:0b:4f:ff:ff"}}
        attrs = {
            "name": "Default",
            "description": "Default MAC pool",
            "allow_duplicates": "false",
            "default_pool": "true",
            "ranges": ranges,
        }
        world.add("macpools", MAC_POOL_ID, attrs)
