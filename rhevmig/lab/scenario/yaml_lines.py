"""The line of a value in a YAML text, for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

#: The safe loader, in C if PyYAML has it: ten times as fast.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, of the value at a path like `$.hosts[3].memory_gib`, or of its nearest parent."""
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return None
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for key, index in _STEP.findall(path):
        found = _step(node, key, index)
        if found is None:
            break
        node, line = found
    return line


def _step(node: yaml.Node, key: str, index: str) -> tuple[yaml.Node, int] | None:
    if key and isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value, name.start_mark.line + 1
    if index.isdigit() and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        item = node.value[int(index)]
        return item, item.start_mark.line + 1
    return None


def line_naming(text: str, owner: str, value: str, *, last: bool = False) -> int | None:
    """The line of `value` in the first (or last) entry named `owner`; else the first line with it."""
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return None
    if root is None:
        return None
    own = [line for entry in _named(root, owner) for line in _lines_with(entry, value)]
    return own[-1 if last else 0] if own else next(_lines_with(root, value), None)


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _lines_with(node: yaml.Node, value: str) -> Iterator[int]:
    if isinstance(node, yaml.ScalarNode) and node.value == value:
        yield node.start_mark.line + 1
    for child in _below(node):
        yield from _lines_with(child, value)


def _named(node: yaml.Node, name: str) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode) and any(
        key.value == "name" and value.value == name for key, value in node.value
    ):
        yield node
    for child in _below(node):
        yield from _named(child, name)
