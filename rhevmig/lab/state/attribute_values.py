"""The value of an attribute: text, a struct (dict) or a list under its tag, as XML has it.

A tree is never changed in place: `with_value` copies the path down, so that thousands of entities may
share one default. `@id` holds the id of a reference; hrefs are not stored but computed when rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

#: A struct: member name to text, struct or list; attributes begin with "@".
Tree = dict[str, Any]


class XmlRefused(Exception):
    """The body is not XML that the engine reads."""


def value_at(tree: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None."""
    value: Any = tree
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_at(tree: Mapping[str, Any], path: str, default: str = "") -> str:
    """The text at a dotted path."""
    value = value_at(tree, path)
    return value if isinstance(value, str) else default


def with_value(tree: Tree, path: str, value: Any) -> Tree:
    """A copy of the tree with another value at a dotted path; None removes it."""
    name, _, rest = path.partition(".")
    copy = dict(tree)
    if rest:
        below = tree.get(name)
        copy[name] = with_value(below if isinstance(below, dict) else {}, rest, value)
    elif value is None:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def ref(entity_id: str) -> Tree:
    """A reference to an entity."""
    return {"@id": entity_id}


def ref_id(value: Any) -> str | None:
    """The id that a reference holds."""
    return value.get("@id") if isinstance(value, dict) else None


def items_of(value: Any, tag: str) -> list[Any]:
    """The items of a wrapped list: `items_of(tree["hosts"], "host")`."""
    if not isinstance(value, dict):
        return []
    found = value.get(tag)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def tree_of(element: etree._Element) -> Any:
    """An XML element as a tree: hrefs, links and actions left out."""
    children = [
        child for child in element if isinstance(child.tag, str) and child.tag not in ("link", "actions")
    ]
    attributes = {f"@{key!s}": str(value) for key, value in element.attrib.items() if key != "href"}
    if not children and not attributes:
        return element.text or ""
    tree: Tree = dict(attributes)
    if not children and element.text and element.text.strip():
        tree["#"] = element.text
    for child in children:
        _add(tree, str(child.tag), tree_of(child))
    return tree


def _add(tree: Tree, tag: str, value: Any) -> None:
    present = tree.get(tag)
    if present is None:
        tree[tag] = value
    elif isinstance(present, list):
        present.append(value)
    else:
        tree[tag] = [present, value]


def parse_xml(body: bytes) -> etree._Element:
    """The root of an XML body; entities, DTDs and the network are refused."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlRefused(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise XmlRefused("document type declarations are not read")
    return root


def walk(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a tree with its slashed path; items of lists have the path of the list."""
    if isinstance(tree, list):
        for item in tree:
            yield from walk(item, path)
    elif isinstance(tree, dict):
        yield path, tree
        for name, value in tree.items():
            if not name.startswith("@"):
                yield from walk(value, f"{path}/{name}" if path else name)
    else:
        yield path, tree
