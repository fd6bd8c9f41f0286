"""The representation of each kind of entity, as data.

A *place* is a URL without its ids, `vms` or `hosts/nics`: it describes how the members, actions and links
of a kind are represented there. `data/places.yaml` has the recorded ones; members that no
recording shows are taken from the types of the API in `data/model.json`.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import msgspec

from rhevmig.lab.state.defaults import read_data

#: References of a permission, at every place.
_PERMISSION_REFS = {"role": "roles", "user": "users", "group": "groups", "template": "templates"}
_FRONT = ("actions", "name", "description", "comment", "link")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The types of the API with their members."""

    #: Where the facts come from.
    origin: str
    #: Type name to member to kind: `string`, `enum:VmStatus`, `one:Cpu`, `many:Nic:nic`.
    types: dict[str, dict[str, str]]
    #: Enumeration to its values.
    enums: dict[str, list[str]]
    #: Element tag to type name.
    tags: dict[str, str]


class _Recorded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tag: str
    list: str | None
    order: tuple[str, ...] = ()
    actions: tuple[str, ...] | None = None
    links: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    refs: dict[str, str] = {}
    #: Members that only `follow` shows.
    followed: tuple[str, ...] = ()
    #: The type of the model, if it is not that of the tag.
    type: str | None = None
    #: Names that `follow` refuses with 500.
    refused: tuple[str, ...] = ()


class Place:
    """The representation of one kind of entity at one URL."""

    def __init__(self, path: str, recorded: _Recorded, model: Model) -> None:
        self.path = path
        self.segment = path.rpartition("/")[2]
        self.parent_path = path.rpartition("/")[0]
        self.tag = recorded.tag
        self.list_tag = recorded.list or recorded.tag + "s"
        self.actions = recorded.actions
        self.links = recorded.links
        self.content = frozenset(recorded.content)
        self.followed = frozenset(recorded.followed)
        self.refused = frozenset(recorded.refused)
        self.refs = {**_PERMISSION_REFS, **recorded.refs} if self.segment == "permissions" else recorded.refs
        self.type_name = recorded.type or model.tags.get(recorded.tag, "")
        self._recorded = recorded
        self._model = model

    @property
    def members(self) -> dict[str, str]:
        """The members of the type: name to kind."""
        return self._model.types.get(self.type_name, {})

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every member in the order in which it is written."""
        order = list(self._recorded.order)
        for name in _FRONT:
            wanted = (
                name in self.members
                or (name == "actions" and self.actions is not None)
                or (name == "link" and self.links)
            )
            if name not in order and wanted:
                order.insert(_front_position(order, name), name)
        for name in sorted(set(self.members) - set(order)):
            order.insert(_position(order, name, at_end=self._is_link(name)), name)
        return tuple(order)

    @cached_property
    def rank(self) -> dict[str, int]:
        """Position of each member."""
        return {name: number for number, name in enumerate(self.order)}

    @cached_property
    def ref_tree(self) -> dict[str, Any]:
        """Targets of references, nested like the members; the empty key has the place."""
        tree: dict[str, Any] = {}
        for path, target in self.refs.items():
            below = tree
            for name in path.split("/"):
                below = below.setdefault(name, {})
            below[""] = target
        return tree

    def _is_link(self, name: str) -> bool:
        return name.replace("_", "") in self.links

    def member_of_link(self, rel: str) -> str | None:
        """The member under which a followed link is shown: `networkattachments` is `network_attachments`."""
        plain = rel.replace("_", "").lower()
        for name in self.order:
            if name.replace("_", "") == plain:
                return name
        return plain if plain in self.links else None


def _front_position(order: list[str], name: str) -> int:
    for later in _FRONT[_FRONT.index(name) + 1 :]:
        if later in order:
            return order.index(later)
    return max(
        (order.index(front) + 1 for front in _FRONT[: _FRONT.index(name)] if front in order), default=0
    )


def _position(order: list[str], name: str, *, at_end: bool) -> int:
    """Position of an unrecorded member: alphabetically in the first ascending run, for links in the last."""
    start = order.index("link") + 1 if "link" in order else sum(front in order for front in _FRONT)
    runs, begin = [], start
    for number in range(start + 1, len(order)):
        if order[number] < order[number - 1]:
            runs.append((begin, number))
            begin = number
    runs.append((begin, len(order)))
    first, last = runs[-1] if at_end else runs[0]
    return next((number for number in range(first, last) if order[number] > name), last)


@cache
def bare_place(path: str, *, named: bool = False) -> Place:
    """The place as a list of bare references, as in labels; affinity groups add the name."""
    shape = places()[path]
    recorded = _Recorded(tag=shape.tag, list=shape.list_tag, type="-", order=("name",) if named else ())
    return Place(f"{path}#bare", recorded, load_model())


@cache
def derived_place(parent: Place, rel: str) -> Place | None:
    """A sub-collection that is a link but was never recorded, described from the model."""
    if rel not in parent.links:
        return None
    member = parent.member_of_link(rel)
    kind = parent.members.get(member or "", "")
    if kind.startswith("many:"):
        singular = kind.split(":")[2]
        recorded = _Recorded(tag=singular, list=member, type=kind.split(":")[1])
    else:
        recorded = _Recorded(tag=rel.removesuffix("s"), list=rel)
    return Place(f"{parent.path}/{rel}", recorded, load_model())


@cache
def load_model() -> Model:
    """The types of the API."""
    return msgspec.json.decode((files("rhevmig.lab") / "data" / "model.json").read_bytes(), type=Model)


@cache
def places() -> dict[str, Place]:
    """Every place by its path."""
    recorded = msgspec.convert(read_data("places.yaml"), type=dict[str, _Recorded])
    model = load_model()
    return {path: Place(path, shape, model) for path, shape in recorded.items()}


def place(path: str) -> Place:
    """The place with that path; one that no recording showed is taken from the model.

    Raises:
        KeyError: the API has no such place.
    """
    known = places().get(path)
    if known is None:
        above, _, rel = path.rpartition("/")
        known = derived_place(place(above), rel) if above else None
    if known is None:
        raise KeyError(path)
    return known
