"""Where in a YAML text a value stands, so that a refusal can name its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

#: The safe loader, in C where PyYAML was built with it: ten times as fast.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, of what stands at a path like `$.hosts[3].memory_gib`, or of its nearest parent."""
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


def line_naming(text: str, owner: str, value: str) -> int | None:
    """The line where the entry called `owner` says `value`; else the first that says it at all."""
    try:
        root = yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError:
        return None
    if root is None:
        return None
    own = (line for entry in _called(root, owner) for line in _saying(entry, value))
    return next(own, None) or next(_saying(root, value), None)


def _below(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _saying(node: yaml.Node, value: str) -> Iterator[int]:
    if isinstance(node, yaml.ScalarNode) and node.value == value:
        yield node.start_mark.line + 1
    for child in _below(node):
        yield from _saying(child, value)


def _called(node: yaml.Node, name: str) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode) and any(
        key.value == "name" and value.value == name for key, value in node.value
    ):
        yield node
    for child in _below(node):
        yield from _called(child, name)
