"""Reading a policy from YAML: unknown and repeated keys are errors, with file, line and key."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rhevmig.errors import ConfigError
from rhevmig.files import read_text
from rhevmig.policy.policy import Policy

MAX_VALUES = 100_000
MAX_DEPTH = 40
NOT_YET = {"checks": "a site's own checks (CEL expressions) are not supported by this version"}


def load_policy(path: str | os.PathLike[str]) -> Policy:
    """Reads a policy file; an empty file is the default policy.

    Raises: ConfigError with the file, the line and the key.
    """
    file = str(path)
    try:
        text = read_text(Path(path))
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise ConfigError(file=file, detail=f"cannot be read: {detail}") from error
    reader = _Reader(file)
    policy = reader.read(text)
    for number, waiver in enumerate(policy.waivers):
        _check_day(reader, f"$.waivers[{number}].until", waiver.until)
    return policy


class _Reader:
    """Turns YAML into plain data and remembers on which line each key stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {"$": 1}
        self._open: list[yaml.Node] = []
        self._values = 0

    def read(self, text: str) -> Policy:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except RecursionError as error:
            raise self.error("$", "it is nested too deeply") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else None
            problem = getattr(error, "problem", None) or "is no YAML"
            raise self.error("$", str(problem), line=line) from error
        data = None if node is None else self._plain(node, "$")
        if data is None:
            return Policy()
        if isinstance(data, dict):
            for key, why in NOT_YET.items():
                if key in data:
                    raise self.error(f"$.{key}", why)
        try:
            return msgspec.convert(data, Policy)
        except (msgspec.ValidationError, OverflowError) as error:
            raise self._explain(str(error)) from error

    def error(self, key: str, detail: str, *, line: int | None = None) -> ConfigError:
        """An error with the line of the key, or of the nearest key above it."""
        place = key
        while line is None:
            # above `$.provenance[...]` and `$.roles.storage[1]` are `$.provenance` and `$.roles.storage`
            line = self.lines.get(place)
            place = re.sub(r"(\.[^.\[\]]+|\[[^\[\]]*\]|.)$", "", place) or "$"
        return ConfigError(file=f"{self.file}:{line}", key=key, line=line, detail=detail)

    def _explain(self, message: str) -> ConfigError:
        detail, _, place = message.partition(" - at `")
        key = place.rstrip("`") or "$"
        unknown = re.search(r"unknown field `([^`]+)`", detail)
        if unknown:
            return self.error(f"{key}.{unknown.group(1)}", "there is no such key")
        return self.error(key, detail[:1].lower() + detail[1:])

    def _plain(self, node: yaml.Node, place: str) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if any(node is outer for outer in self._open):
            raise self.error(place, "it contains itself")
        self._values += 1
        if self._values > MAX_VALUES or len(self._open) > MAX_DEPTH:
            # aliases are expanded here: a page of YAML can stand for millions of values
            raise self.error("$", f"it has more than {MAX_VALUES:,} values or {MAX_DEPTH} levels")
        self._open.append(node)
        try:
            return self._content(node, place)
        finally:
            self._open.pop()

    def _content(self, node: yaml.Node, place: str) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(child, f"{place}[{number}]") for number, child in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise self.error(place, f"{node.value!r} cannot be read as {node.tag}") from error

    def _mapping(self, node: yaml.MappingNode, place: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.error(place, "a key must be a word", line=key_node.start_mark.line + 1)
            key = str(key_node.value)
            where = f"{place}.{key}"
            if key in found:
                raise self.error(where, "the key stands here twice", line=key_node.start_mark.line + 1)
            self.lines[where] = key_node.start_mark.line + 1
            found[key] = self._plain(value_node, where)
        return found


def _check_day(reader: _Reader, key: str, text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise reader.error(key, f"{text!r} is no day such as 2027-01-31") from error
