"""`follow` as the engine does it: sub-collections and references put inside the elements that name them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from xml.etree import ElementTree as ET

from rhevmig.testing.asking import relation

#: Name → what to follow below it.
Tree = Mapping[str, "Tree"]
#: Path below `/ovirt-engine` → the element recorded there.
Lookup = Callable[[str], ET.Element]

#: Relations that answer HTTP 500 however right they look; seen on engine 4.5.8
#: (recordings `follow-each`, `inventory-follow`), by the kind of element that carries them.
REFUSED: Mapping[str, frozenset[str]] = {
    "cluster": frozenset({"externalnetworkproviders", "hosts"}),
    "host": frozenset({"numanodes", "fenceagents", "storage", "cpuunits"}),
    "vm": frozenset({"numanodes", "backups", "checkpoints"}),
    "scheduling_policy": frozenset({"weights"}),
    "cluster_level": frozenset({"clusterfeatures"}),
    "job": frozenset({"owner"}),
    "user": frozenset({"groups", "eventsubscriptions"}),
    "storage_domain": frozenset({"datacenter"}),
    "disk": frozenset({"storagedomain"}),
}

#: (element, relation) → (tag of the collection's own answer, tag inside the element), where they differ.
_TAGS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("cluster", "enabledfeatures"): ("cluster_features", "enabled_features"),
    ("host", "devices"): ("host_devices", "devices"),
    ("host", "nics"): ("host_nics", "nics"),
    ("user", "options"): ("user_options", "options"),
    ("vm", "mediateddevices"): ("vm_mediated_devices", "mediated_devices"),
}


class FollowRefused(Exception):
    """The engine answers HTTP 500 to this `follow`; one bad name fails the whole request."""


def follow_tree(names: Iterable[str]) -> Tree:
    """`{"nics.vnicprofile", "tags"}` as a tree.

    >>> follow_tree(["nics.vnicprofile", "tags"])
    {'nics': {'vnicprofile': {}}, 'tags': {}}
    """
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for name in sorted(names):
        branch = tree
        for step in name.split("."):
            branch = branch.setdefault(step, {})
    return tree


def items_of(root: ET.Element) -> list[ET.Element]:
    """The elements that `follow` applies to: those of a list, or the one element itself."""
    return [root] if _is_item(root) else [child for child in root if _is_item(child)]


def inline(root: ET.Element, tree: Tree, look: Lookup) -> None:
    """Puts what `tree` names into each item of `root`, in place.

    Raises: FollowRefused; whatever `look` raises for what was not recorded.
    """
    for item in items_of(root):
        for name, below in tree.items():
            if name in REFUSED.get(item.tag, ()):
                raise FollowRefused(f"{item.tag}.{name}")
            _put(item, name, below, look)


def inlined(root: ET.Element, tree: Tree) -> Iterator[tuple[str, ET.Element]]:
    """What a recorded answer with `follow` tells about other paths: (href, their own answer)."""
    for item in items_of(root):
        for name, below in tree.items():
            link, child = _link(item, name), _child(item, name)
            if child is None:
                continue
            href = child.get("href") if link is None else link.get("href")
            if href:
                own = _TAGS.get((item.tag, name), (child.tag, ""))[0] if link is not None else child.tag
                yield href, _renamed(without(child, below), own)
                yield from inlined(child, below)


def without(element: ET.Element, tree: Tree) -> ET.Element:
    """A copy of a list or an item with the collections that `tree` followed taken out again."""
    if not tree:
        return element
    stripped = copy.deepcopy(element)
    for item in items_of(stripped):
        for name in tree:
            child = _child(item, name)
            if child is not None and child.get("href") is None and _link(item, name) is not None:
                item.remove(child)
    return stripped


def _put(item: ET.Element, name: str, below: Tree, look: Lookup) -> None:
    link, child = _link(item, name), _child(item, name)
    if link is not None:
        found = look(link.get("href") or "")
        tag = _TAGS.get((item.tag, name), ("", found.tag))[1]
    elif child is not None and child.get("href"):
        found, tag = look(child.get("href") or ""), child.tag
    else:
        raise FollowRefused(f"{item.tag}.{name}")
    if below:
        found = copy.deepcopy(found)
        inline(found, below, look)
    if child is not None:
        item.remove(child)
    item.append(_renamed(found, tag))


def _renamed(element: ET.Element, tag: str) -> ET.Element:
    if element.tag == tag:
        return element
    twin = ET.Element(tag, element.attrib)
    twin.text = element.text
    twin.extend(element)
    return twin


def _link(item: ET.Element, name: str) -> ET.Element | None:
    return next((link for link in item.iterfind("link") if link.get("rel") == name), None)


def _child(item: ET.Element, name: str) -> ET.Element | None:
    return next((child for child in item if relation(child.tag) == name), None)


def _is_item(element: ET.Element) -> bool:
    return element.tag not in ("actions", "link") and (
        element.get("href") is not None or element.get("id") is not None
    )
