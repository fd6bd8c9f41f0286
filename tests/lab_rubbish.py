"""Requests that are half right: real paths and members, random values, for whatever the lab registers."""

from __future__ import annotations

import random

from rhevmig.lab.api import action_registry as acts
from rhevmig.lab.api import schema
from rhevmig.lab.api.schema import Place
from rhevmig.lab.lab import Lab

TEXTS = (
    "",
    "0",
    "-1",
    "true",
    "abc",
    "99999999999999999999",
    "é",
    "a" * 300,
    "&amp;",
    "intel",
    "web01",
    "Blank",
)
NUMBERS = ("0", "1", "2", "-1", "1073741824", "99999999999999999999999")
#: Losing the only account would end the experiment.
KEPT = ("users", "permissions")


class Rubbish:
    """Makes requests for a lab."""

    def __init__(self, lab: Lab, chance: random.Random) -> None:
        self.world = lab.world
        self.chance = chance
        self.model = schema.load_model()
        known = acts.registered()
        kinds = [("act", place, name) for place, name in known["act"]]
        kinds += [
            (kind, place, "")
            for kind in ("create", "create", "edit", "edit", "remove")
            for place in known[kind]
        ]
        self.kinds = [kind for kind in kinds if not kind[1].endswith(KEPT)]

    def request(self) -> tuple[str, str, bytes]:
        """Method, path below the API, body."""
        while True:
            kind, place, name = self.chance.choice(self.kinds)
            shape = _shape(place)
            where = self._where(kind, place)
            if shape is not None and where is not None:
                break
        if kind == "act":
            return "POST", f"/{where}/{name}", self.element("action", "Action").encode()
        if kind == "remove":
            return "DELETE", f"/{where}", b""
        method = "POST" if kind == "create" else "PUT"
        return method, f"/{where}", self.element(shape.tag, shape.type_name).encode()

    def _where(self, kind: str, place: str) -> str | None:
        above, _, segment = place.rpartition("/")
        if kind == "create" and not above:
            return place
        entities = list(self.world.all(above if kind == "create" else place))
        if not entities:
            return None
        path = self.chance.choice(entities).path
        return f"{path}/{segment}" if kind == "create" else path

    def _id(self) -> str:
        entities = list(self.world.all(self.chance.choice(list(self.world.tables))))
        return self.chance.choice(entities).id if entities and self.chance.random() < 0.85 else "x"

    def _text(self, kind: str) -> str:
        base, _, rest = kind.partition(":")
        if self.chance.random() < 0.05:
            return self.chance.choice(TEXTS)
        if base == "enum":
            return self.chance.choice(self.model.enums.get(rest) or ["x"])
        if base in ("integer", "decimal"):
            return self.chance.choice(NUMBERS)
        return self.chance.choice(("true", "false")) if base == "boolean" else self.chance.choice(TEXTS)

    def element(self, tag: str, type_name: str, depth: int = 0) -> str:
        """An element of a type with some of its members."""
        members = self.model.types.get(type_name, {})
        if depth > 3 or self.chance.random() < 0.05:
            return f"<{tag}/>"
        reference = f' id="{self._id()}"' if depth and self.chance.random() < 0.6 else ""
        chosen = self.chance.sample(list(members), min(len(members), self.chance.choice((0, 1, 2, 4, 8))))
        inner = "".join(self._member(name, members[name], depth) for name in chosen)
        if "name" in members and "name" not in chosen and self.chance.random() < 0.7:
            inner += f"<name>n{self.chance.randrange(10**6)}</name>"
        return f"<{tag}{reference}>{inner}</{tag}>"

    def _member(self, name: str, kind: str, depth: int) -> str:
        base, _, rest = kind.partition(":")
        if base == "one":
            return self.element(name, rest, depth + 1)
        if base == "many":
            type_name, _, singular = rest.partition(":")
            count = self.chance.choice((0, 1, 2))
            items = [self.element(singular, type_name, depth + 1) for _ in range(count)]
            return f"<{name}>{''.join(items)}</{name}>"
        return f"<{name}>{self._text(kind)}</{name}>"


def _shape(place: str) -> Place | None:
    known = schema.places().get(place)
    above, _, segment = place.rpartition("/")
    if known is not None or above not in schema.places():
        return known
    return schema.derived_place(schema.places()[above], segment)
