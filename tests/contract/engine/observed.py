"""The recorded XML held against the inventory by `observed.yaml`, and the page made from it.

python tests/contract/engine/observed.py        # writes docs/observed.md
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml

from rhevmig.engine.snapshot_reader import EVENT_SEARCHES, with_tags
from rhevmig.inventory.collections import COLLECTIONS, link_name

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "observed.md"
TABLE: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "observed.yaml").read_text())
#: Never a value: addresses of the API and what may be done.
_NO_VALUE = ("actions", "link")


class Xml:
    """The recorded engine's answers as they are, without the SDK and without the product's reading."""

    def __init__(self, url: str) -> None:
        self._url = url
        form = {"grant_type": "password", "scope": "ovirt-app-api"}
        form |= {"username": "admin@internal", "password": "recorded"}
        login = url.removesuffix("/api") + "/sso/oauth/token"
        body = self._open(login, urllib.parse.urlencode(form).encode(), {"Accept": "application/json"})
        self._token = json.loads(body)["access_token"]

    def _open(self, url: str, data: bytes | None, headers: dict[str, str]) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers)) as answer:
            return answer.read()

    def items(self, kind: str) -> list[ET.Element]:
        """All recorded elements of a kind that has a list."""
        path = TABLE[kind]["list"]
        if not path:
            return [self._get("", {})]
        if path == "events":
            searches = [self._get(path, {"search": s, "max": str(most)}) for s, most in EVENT_SEARCHES]
            return [item for found in searches for item in found]
        row = next(row for row in COLLECTIONS.values() if row.path == path and row.parent is None)
        follow = [link_name(relation) for relation in with_tags(row).follow]
        query = {"max": "10000"} | ({"follow": ",".join(follow)} if follow else {})
        return list(self._get(path, query))

    def _get(self, path: str, query: dict[str, str]) -> ET.Element:
        url = f"{self._url}/{path}?{urllib.parse.urlencode(query)}".rstrip("/?")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/xml"}
        return ET.fromstring(self._open(url, None, headers))


def leaves(element: ET.Element, path: str = "") -> Iterator[tuple[str, ET.Element, str]]:
    """(path, element, text) of every value inside; attributes as `@name`."""
    for name, value in element.attrib.items():
        if name not in ("href", "rel"):
            yield f"{path}/@{name}".lstrip("/"), element, value
    children = [child for child in element if child.tag not in _NO_VALUE]
    if not children and element.text and element.text.strip():
        yield path, element, element.text
    for child in children:
        yield from leaves(child, f"{path}/{child.tag}".lstrip("/"))


def relations(element: ET.Element) -> set[str]:
    """Names of the links that an element offers."""
    return {link.get("rel", "").removesuffix("/search") for link in element.iterfind("link")} - {""}


def differences(kind: str, element: ET.Element, entity: Any, inventory: Any) -> Iterator[str]:
    """What an element says and its entity does not; and what the table does not know."""
    table = TABLE[kind]
    parts = table.get("parts", {})
    texts: dict[str, list[str]] = {}
    for path, _, text in leaves(element):
        if not any(path == part or path.startswith(f"{part}/") for part in parts):
            texts.setdefault(path, []).append(text)
    for path, found in texts.items():
        if path in table["values"]:
            why = mismatch(entity, table["values"][path], found)
            if why:
                yield f"{kind} {element.get('id')} {path}: {why}"
        elif not any(path == out or path.startswith(f"{out}/") for out in table["left_out"]):
            yield f"{kind} {path}: not in the table (e.g. {found[0]!r})"
    yield from (
        f"{kind}: the relation {name} is not in the table"
        for name in relations(element)
        if name not in table.get("relations", {})
    )
    for path, part in parts.items():
        yield from _part_differences(element, path, part, entity, inventory)


def _part_differences(
    element: ET.Element, path: str, part: dict[str, str], entity: Any, inventory: Any
) -> Iterator[str]:
    children = element.findall(path)
    pool = getattr(inventory, part["inventory"]) if "inventory" in part else getattr(entity, part["in"])
    if part.get("within"):
        pool = [one for one in pool if getattr(one, part["within"]) == entity.id]
    if "in" in part and len(pool) != len(children):
        yield f"{path} of {element.get('id')}: {len(children)} in the XML, {len(pool)} in the inventory"
    by = part.get("by", "@id")
    for number, child in enumerate(children):
        key = child.get(by[1:]) if by.startswith("@") else child.findtext(by)
        if part["key"] == "#":
            found = pool[number]
        else:
            found = next((one for one in pool if getattr(one, part["key"]) == key), None)
        if found is None:
            yield f"{path} {key} of {element.get('id')}: not in the inventory"
        else:
            yield from differences(part["kind"], child, found, inventory)


def mismatch(entity: Any, field: str, texts: list[str]) -> str:
    """Empty where the entity's field says what the texts say."""
    if "=" in field:
        name, word = field.split("=")
        return _unequal(getattr(entity, name), word in texts)
    if field.endswith("~"):
        kept = _of(entity, field[:-1])
        return "" if all(text in kept for text in texts) else f"{texts} not in {kept!r}"
    if "#" in field:
        name, number = field.split("#")
        kept = _of(entity, name)
        several = kept if isinstance(kept, tuple) else (kept,)
        return _unequal([one.split(".")[int(number)] for one in several], texts)
    if field.endswith((".keys", ".values")):
        name, _, which = field.rpartition(".")
        return _unequal(list(getattr(_of(entity, name), which)()), texts)
    kept = _of(entity, field)
    if isinstance(kept, tuple):
        return _unequal(list(kept), texts)
    return _unequal(kept, _like(kept, texts[0])) if len(texts) == 1 else f"{len(texts)} values for {field}"


def _of(entity: Any, field: str) -> Any:
    for name in field.split("."):
        entity = getattr(entity, name)
    return entity


def _unequal(kept: Any, said: Any) -> str:
    return "" if kept == said else f"the XML says {said!r}, the inventory {kept!r}"


def _like(kept: Any, text: str) -> Any:
    """The text as a value of the kept one's type: by the XML's own rules, not by the SDK's."""
    if isinstance(kept, bool):
        return {"true": True, "false": False}[text]
    if isinstance(kept, int):
        return int(text)
    if isinstance(kept, float):
        return float(text)
    if isinstance(kept, datetime):
        return datetime.fromisoformat(text).astimezone(UTC)
    return text


def page() -> str:
    """The page about what can be observed and what is made of it."""
    lines = [
        "# What is observed",
        "",
        "What an engine 4.5.8 shows in the lists that `engine.inventory()` reads, and what becomes of it.",
        "A test walks the recorded XML value by value and holds it against the inventory by the table behind",
        "this page, so a value that is neither kept nor named here fails the build.",
        "",
        "This page is made by `python tests/contract/engine/observed.py`.",
        "",
    ]
    kept = sum(len(table["values"]) for table in TABLE.values())
    left = sum(len(table["left_out"]) for table in TABLE.values())
    lines += [f"{kept} values of {len(TABLE)} kinds of elements are kept; {left} are left out.", ""]
    lines += ["## Left out", "", "| element | value | why |", "|---|---|---|"]
    for kind, table in TABLE.items():
        for path, reason in table["left_out"].items():
            lines.append(f"| {kind} | `{path}` | {reason} |")
    lines += ["", "## Relations", "", "| element | link | |", "|---|---|---|"]
    for kind, table in TABLE.items():
        for name, said in table.get("relations", {}).items():
            lines.append(f"| {kind} | `{name}` | {said} |")
    lines += ["", "## Kept", "", "| element | value | field |", "|---|---|---|"]
    for kind, table in TABLE.items():
        for path, field in table["values"].items():
            lines.append(f"| {kind} | `{path}` | `{_field_name(field)}` |")
    lines += ["", "## Nowhere in the API", "", *_NOWHERE]
    return "\n".join(lines) + "\n"


def _field_name(field: str) -> str:
    return field.split("#")[0].split("=")[0].rstrip("~").removesuffix(".keys").removesuffix(".values")


_NOWHERE = [
    "- CPU flags and TSC frequency of a host: only its model and the highest CPU type that it satisfies.",
    "- The clock of a host: only event 604, at a drift above 300 s; the engine's own clock is at the root.",
    "- A role `storage` of a network: it must be inferred from addresses, or declared.",
    "- Dates of certificates.",
    "- Why a migration went over the management network: no event, no attribute.",
]

if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
