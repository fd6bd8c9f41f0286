"""Inventories with something in every field, made up from the model's own types."""

from __future__ import annotations

import random
import types
import typing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from rhevmig.inventory import Inventory

_WORDS = ["", "up", "Österreich", 'a "quoted" name', "two\nlines", "x" * 200, "\u2028", "名前", "\\", "</x>"]


def an_inventory(seed: int) -> Inventory:
    """An inventory of random but repeatable content: every field set, or None where it may be."""
    return _value(Inventory, random.Random(seed), depth=0)


def _value(kind: Any, chance: random.Random, *, depth: int) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        others = [one for one in arguments if one is not type(None)]
        return None if chance.random() < 0.2 else _value(chance.choice(others), chance, depth=depth)
    if origin is tuple:
        return tuple(_value(arguments[0], chance, depth=depth + 1) for _ in range(chance.randrange(4)))
    if origin is dict:
        return {f"k{n}": _value(arguments[1], chance, depth=depth + 1) for n in range(chance.randrange(3))}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind)
        names = kind.__struct_fields__
        return kind(**{name: _value(hints[name], chance, depth=depth + 1) for name in names})
    return _plain(kind, chance)


def _plain(kind: Any, chance: random.Random) -> Any:
    if kind is bool:
        return chance.random() < 0.5
    if kind is int:
        return chance.choice([0, -1, 1, 2**53 + 1, chance.randrange(10**12)])
    if kind is float:
        return chance.choice([0.0, -1.5, 1e-9, 1e300, chance.random() * 10**6])
    if kind is datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(10**15))
    assert kind is str, kind
    return chance.choice(_WORDS)
