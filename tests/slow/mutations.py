"""Damaged inputs for the fuzz tests: bytes cut, flipped, replaced; values of wrong type, size, depth."""

from __future__ import annotations

import json
import random
from typing import Any

#: Texts that have broken parsers: depth, numbers, encodings, tags, aliases, entities, control characters.
TOKENS = (
    b"[" * 100_000,
    b'{"a":' * 30_000,
    b"- " * 20_000,
    b"<a>" * 20_000,
    b"<actions>" * 8_000,
    b"&a [*a]",
    b"a: &a [1,1,1,1]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n",
    b"!!int x",
    b"!!python/object:os.system {}",
    b"2026-99-99",
    b"!!timestamp x",
    b"!!binary =",
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b".inf",
    b"9" * 400,
    b'"\\ud800"',
    b"\x00",
    b"\xff\xfe",
    b"\x1b[2J",
    b"\xe2\x80\xae",
    b"[/red]",
    b"'",
    b'"',
    b"\r\n",
    b"\t",
    b"? ",
    b"%",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"]]>",
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 10**400, 1.5, 1e308, "", "x", "x" * 100_000, "\x1b[2J", "[/red]", "a\nb",
    [], {}, [None], [[]], {"": None}, {"a": {"b": []}}, "2026-99-99", "NaN", -0.0,
)  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A damaged copy: one to four changes."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(changed) + 1)
        end = min(len(changed), start + rng.choice((0, 1, 1, 4, 40, 1000)))
        kind = rng.randrange(6)
        if kind == 0:
            changed[start:end] = rng.choice(TOKENS)
        elif kind == 1:
            del changed[start:end]
        elif kind == 2:
            changed[start:start] = changed[start:end] * rng.choice((1, 2, 50))
        elif kind == 3:
            changed[start:end] = rng.randbytes(end - start)
        elif kind == 4:
            del changed[start:]
        elif start < len(changed):
            changed[start] ^= 1 << rng.randrange(8)
    return bytes(changed)


def mutated_json(content: bytes, rng: random.Random) -> bytes:
    """A document of the right syntax in which values are wrong, missing or new."""
    document = json.loads(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        document = _changed(document, rng)
    return json.dumps(document).encode()


def _changed(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.95:
        key = rng.choice(list(value))
        action = rng.random()
        if action < 0.8:
            return {**value, key: _changed(value[key], rng)}
        if action < 0.9:
            return {name: item for name, item in value.items() if name != key}
        return {**value, "unknown": rng.choice(VALUES)}
    if isinstance(value, list) and value and rng.random() < 0.95:
        number = rng.randrange(len(value))
        if rng.random() < 0.1:
            return [*value, *value[:number]]
        return [*value[:number], _changed(value[number], rng), *value[number + 1 :]]
    return rng.choice(VALUES)
