"""Request bodies: parsed as XML or JSON and checked against the API's model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from rhevmig.lab.api.schema import load_model
from rhevmig.lab.http.faults import EngineFault
from rhevmig.lab.http.request import BODY_LIMIT_BYTES
from rhevmig.lab.state.attribute_values import Tree, XmlRefused, parse_xml, tree_of, value_at

_HTML = "text/html;charset=UTF-8"
_SCALARS = {
    "integer": re.compile(r"\s*[+-]?\d{1,30}\s*"),
    "decimal": re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*"),
    "boolean": re.compile(r"\s*(true|false|0|1)\s*"),
}


def _incorrect(url: str, method: str) -> EngineFault:
    detail = f"For correct usage, see: {url}/ovirt-engine/apidoc#services/{method}"
    return EngineFault(400, detail, reason="Request syntactically incorrect.", in_action=False)


def _invalid(detail: str) -> EngineFault:
    return EngineFault(400, detail, reason="Invalid value", in_action=False)


def refuse_missing(sent: Tree, parameters: Iterable[str], *, body: str = "") -> None:
    """Refuse a body without a parameter that the engine's interface requires.

    Args:
        parameters: dotted paths; those of a creation begin with the name of the body.
        body: the name of the body, for a creation.
    """
    for parameter in parameters:
        path = parameter.partition(".")[2] if body else parameter
        if _at(sent, path) in (None, ""):
            detail = f"Parameter '{parameter}' is mandatory but was not provided."
            raise EngineFault(400, detail, reason="Input validation failed.", in_action=False)


def _at(sent: Tree, path: str) -> Any:
    """The value of a parameter; of a list that of its first item."""
    above, _, last = path.rpartition(".")
    name = "@id" if last == "id" else last
    found = value_at(sent, above) if above else sent
    if isinstance(found, dict) and name not in found and above:
        items = next(iter(found.values()), None)
        found = items[0] if isinstance(items, list) else items
    return found.get(name) if isinstance(found, dict) else None


def read_body(body: bytes, content_type: str, *, type_name: str, tag: str, url: str, method: str) -> Tree:
    """The tree of a body; `method` is the part of the documentation that a refusal names."""
    kind = content_type.split(";")[0].strip().lower()
    if len(body) > BODY_LIMIT_BYTES:
        raise _incorrect(url, method)
    if kind in ("application/json", "text/json"):
        return _json_body(body, type_name, url, method)
    if kind not in ("", "application/xml", "text/xml", "application/x-yaml"):
        raise EngineFault(415, in_action=False)
    if not body.strip():
        raise _incorrect(url, method)
    try:
        root = parse_xml(body)
    except XmlRefused as error:
        raise _incorrect(url, method) from error
    if root.tag != tag:
        if root.tag in load_model().tags:
            text = "java.lang.ClassCastException@7f5ce357" if tag == "action" else "argument type mismatch"
            raise EngineFault(500, text, content_type=_HTML, in_action=False)
        raise _incorrect(url, method)
    return _checked(root, type_name, url, method)


def _checked(root: etree._Element, type_name: str, url: str, method: str) -> Tree:
    found = tree_of(root)
    tree: Tree = found if isinstance(found, dict) else {}
    try:
        _check(tree, type_name)
    except ValueError as error:
        raise _incorrect(url, method) from error
    return tree


def _json_body(body: bytes, type_name: str, url: str, method: str) -> Tree:
    try:
        content = json.loads(body or b"{}")
        if not isinstance(content, dict):
            raise ValueError("not an object")
        tree: Tree = _from_json(content)
        _check(tree, type_name)
        _check_structs(tree, type_name)
    except (ValueError, RecursionError) as error:
        raise _incorrect(url, method) from error
    return tree


def _check_structs(tree: Tree, type_name: str) -> None:
    """Raise ValueError where JSON has a plain value for a struct; in XML such text is ignored."""
    members = load_model().types.get(type_name, {})
    for name, member in tree.items():
        base, _, rest = members.get(name, "").partition(":")
        for item in member if isinstance(member, list) else [member]:
            if base == "one" and not isinstance(item, dict) and item != "":
                raise ValueError(f"{name} is a struct")
            if base == "one" and isinstance(item, dict):
                _check_structs(item, rest)


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if not isinstance(value.get("id", ""), str | int | None):
            raise ValueError("an id must be a string")
        return {
            ("@id" if name == "id" else name): _from_json(member)
            for name, member in value.items()
            if name != "href"
        }
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _check(value: Any, type_name: str) -> None:
    """Raise ValueError for a member that the type does not have or whose value has the wrong type."""
    model = load_model()
    members = model.types.get(type_name)
    if members is None or not isinstance(value, dict):
        return
    for name, member in value.items():
        if name[0] in "@#":
            continue
        kind = members.get(name)
        if kind is None:
            raise ValueError(f"{type_name} has no {name}")
        for item in member if isinstance(member, list) else [member]:
            _check_member(item, kind, name)


def _check_member(value: Any, kind: str, name: str) -> None:
    base, _, rest = kind.partition(":")
    if base == "string" and not isinstance(value, str):
        raise ValueError(f"{name} is not a string")
    if base == "boolean" and isinstance(value, str) and not _SCALARS[base].fullmatch(value):
        raise _invalid(f'Value "{value}" isn\'t a valid boolean, it should be "true" , "false", "0" or "1"')
    if base in _SCALARS:
        if not isinstance(value, str) or not _SCALARS[base].fullmatch(value):
            raise ValueError(f"{name} is not a {base}")
    elif base == "enum":
        values = load_model().enums.get(rest, [])
        if isinstance(value, str) and values and value not in values:
            valid = ", ".join(f"'{known}'" for known in values)
            raise _invalid(
                f"The string '{value}' isn't a valid value for the '{rest}' enumerated type. "
                f"Valid values are: {valid}."
            )
    elif base == "one":
        _check(value, rest)
    elif base == "many" and isinstance(value, dict):
        item_type, _, singular = rest.partition(":")
        for tag, items in value.items():
            if tag[0] not in "@#" and tag != singular:
                raise ValueError(f"{name} has no {tag}")
            for item in items if isinstance(items, list) else [items]:
                _check(item, item_type)
