"""The field table: how an object of the SDK becomes a struct of the model, one line per attribute.

    VM_NIC = FieldTable(
        VmNic,
        "NIC",
        same("id", "name", "plugged"),               # the attribute has the name of the field
        vnic_profile_id=reference("vnic_profile"),
        mac_address=value("mac.address"),            # None where the NIC has no `mac`
    )

A field without a default in the model is one that an object cannot be without: `FieldMissing` where the
engine does not send it, which for a status also means a word that the SDK does not know.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from rhevmig.engine.mapping import conversions
from rhevmig.errors import FieldMissing
from rhevmig.inventory.collections import link_name

T = TypeVar("T", bound=msgspec.Struct)
NOTHING_FOLLOWED: frozenset[str] = frozenset()


class Attribute(msgspec.Struct, frozen=True):
    """The attribute of the API that one field of the model comes from."""

    #: From the object of the SDK to the value of the field.
    get: Callable[[Any], Any]
    #: Link that must have been followed for the value to be observed.
    link: str | None = None
    #: Where the API has the value as it is, `.@id` for a reference; empty where it is converted.
    path: str = ""
    #: Field table of a struct inside.
    inside: FieldTable[Any] | None = None


class FieldTable(Generic[T]):
    """From objects of the SDK to structs of one model; a call converts one object.

    Args: label (the kind of object, as errors name it).
    Raises: TypeError for a field that the model does not have.
    """

    def __init__(
        self, model: type[T], label: str, *more: Mapping[str, Attribute], **fields: Attribute
    ) -> None:
        for group in more:
            fields.update(group)
        unknown = set(fields) - set(model.__struct_fields__)
        if unknown:
            raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
        self.model = model
        self.label = label
        self.fields = fields
        self._always = tuple((name, field.get) for name, field in fields.items() if field.link is None)
        self._followed = tuple((name, f.get, f.link) for name, f in fields.items() if f.link is not None)
        required = {field.encode_name for field in msgspec.structs.fields(model) if field.required}
        self._required = tuple(name for name in fields if name in required)

    def __call__(self, item: Any, followed: frozenset[str] = NOTHING_FOLLOWED, **known: Any) -> T:
        """One struct.

        Args:
          followed: links that were really followed, e.g. `nics`.
          known: fields whose values the caller gives.

        Raises: FieldMissing.
        """
        values = {name: get(item) for name, get in self._always}
        for name, get, link in self._followed:
            if link in followed:
                values[name] = get(item)
        for name in self._required:
            if values[name] is None:
                id = getattr(item, "id", None) or "without id"
                raise FieldMissing(kind=self.label, id=id, field_name=name.removesuffix("_id"))
        return self.model(**values, **known)

    def attributes_of(
        self, item: msgspec.Struct | None, *, without: Container[str] = (), prefix: str = ""
    ) -> dict[str, Any]:
        """From a struct back to the API: paths and values of all observed fields that are not converted."""
        if item is None:
            return {}
        found: dict[str, Any] = {}
        for name, field in self.fields.items():
            kept = getattr(item, name)
            if not field.path or name in without or kept is None:
                continue
            path = prefix + field.path
            found |= field.inside.attributes_of(kept, prefix=f"{path}.") if field.inside else {path: kept}
        return found


def value(path: str, convert: Callable[[Any], Any] | None = None) -> Attribute:
    """The attribute at a path, e.g. `memory_policy.over_commit.percent`; None where a part is missing."""
    get = _getter(path)
    return Attribute(get, path=path) if convert is None else Attribute(lambda item: convert(get(item)))


def same(*names: str) -> dict[str, Attribute]:
    """Fields whose attribute has the same name and needs no conversion."""
    return {name: value(name) for name in names}


def words(*names: str) -> dict[str, Attribute]:
    """Fields whose attribute has the same name and is a value of an enumeration."""
    return {name: word(name) for name in names}


def reference(path: str) -> Attribute:
    """The id of the object that the attribute refers to."""
    return Attribute(_getter(f"{path}.id"), path=f"{path}.@id")


def references(path: str) -> Attribute:
    """The ids of the objects that the attribute refers to."""
    return value(path, conversions.ids_of)


def word(path: str) -> Attribute:
    """The engine's spelling of a value of an enumeration."""
    return Attribute(_getter(f"{path}.value"), path=path)


def text(path: str) -> Attribute:
    """A text; the engine sends an empty element where none is set."""
    get = _getter(path)
    return Attribute(lambda item: get(item) or None, path=path)


def computed(convert: Callable[[Any], Any]) -> Attribute:
    """What is made of the whole object."""
    return Attribute(convert)


def struct(path: str, mapping: FieldTable[Any]) -> Attribute:
    """A struct inside; None where the attribute is missing."""
    get = _getter(path)

    def convert(item: Any) -> msgspec.Struct | None:
        part = get(item)
        return None if part is None else mapping(part)

    return Attribute(convert, path=path, inside=mapping)


def structs(path: str, mapping: FieldTable[Any]) -> Attribute:
    """A tuple of structs inside; empty where the attribute is missing."""
    return value(path, lambda parts: tuple([mapping(part) for part in parts or ()]))


def followed(relation: str, field: Attribute) -> Attribute:
    """A field that is observed only where the relation was followed."""
    return Attribute(field.get, link_name(relation))


def _getter(path: str) -> Callable[[Any], Any]:
    first, _, others = path.partition(".")
    get = operator.attrgetter(first)
    if not others:
        return get
    inside = _getter(others)

    def walk(item: Any) -> Any:
        part = get(item)
        return None if part is None else inside(part)

    return walk
