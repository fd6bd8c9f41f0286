"""Where in a YAML text a value stands, so that a refusal can name its line."""

from __future__ import annotations

import re

import yaml

__all__ = ["line_of"]

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, of what stands at a path like `$.hosts[3].memory_gib`, or of its nearest parent."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
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
