"""Answers as JSON, for `Accept: application/json`."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

from rhevmig.lab.api.schema import load_model
from rhevmig.lab.api.search.fields import seconds_of

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")


def json_of(body: bytes) -> bytes:
    """An XML answer as JSON: dates become numbers, all else strings, lists arrays."""
    root = etree.fromstring(body)
    type_name = load_model().tags.get(str(root.tag), "")
    children = [child for child in root if isinstance(child.tag, str)]
    if not type_name and root.get("id") is None and root.tag != "api":
        content: Any = {}
        for child in children:
            content.setdefault(child.tag, []).append(
                _entity(child, load_model().tags.get(str(child.tag), ""))
            )
    else:
        content = _entity(root, type_name or "Api")
    return json.dumps(content, indent=2, separators=(",", " : "), ensure_ascii=False).encode()


def _entity(element: etree._Element, type_name: str) -> Any:
    members = load_model().types.get(type_name, {})
    children = [child for child in element if isinstance(child.tag, str)]
    if not children and not element.attrib:
        return _scalar(element.text or "")
    content: dict[str, Any] = {}
    for child in children:
        tag = str(child.tag)
        if tag == "link":
            content.setdefault("link", []).append({"href": child.get("href"), "rel": child.get("rel")})
        elif tag == "actions":
            content["actions"] = {
                "link": [{"href": link.get("href"), "rel": link.get("rel")} for link in child]
            }
        else:
            content[tag] = _member(child, members.get(tag, ""))
    for name in ("href", "id"):
        if element.get(name) is not None:
            content[name] = element.get(name)
    return content


def _member(element: etree._Element, kind: str) -> Any:
    base, _, rest = kind.partition(":")
    if base == "one":
        return _entity(element, rest)
    if base in ("many", "enums", "strings", "integers"):
        item_type = rest.partition(":")[0]
        content: dict[str, Any] = {}
        for child in element:
            content.setdefault(str(child.tag), []).append(_entity(child, item_type))
        return content
    return _entity(element, "")


def _scalar(text: str) -> Any:
    if _DATE.fullmatch(text):
        return round((seconds_of(text) or 0.0) * 1000)
    return text
