"""How long a real engine takes for a request, so that a slow client is as slow on the lab.

The figures (`data/costs.yaml`) were measured on one engine. Answers are delayed by them, in seconds of the
lab's clock.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.state.defaults import read_data

_SEARCHED = re.compile(r"([a-z_]+(?:\.[a-z_]+)?)\s*(?:!=|<=|>=|=|<|>)")


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table, in milliseconds."""

    #: Per request.
    fixed_ms: float
    #: Per row of a list, and the extra cost of an unlimited one.
    lists: dict[str, dict[str, float]]
    #: Of a followed relation, per row of the outer list.
    follow: dict[str, dict[str, float]]
    #: Of all content, per row.
    all_content_row_ms: float
    #: Of one entity, or a collection below one.
    items: dict[str, float]
    #: Of searching by a field.
    searches: dict[str, dict[str, float]]
    #: Of the scheduler's answer, per VM.
    targets_vm_ms: float
    #: Of an action or a write.
    acts_ms: float


def cost_s(request: LabRequest, response: LabResponse) -> float:
    """Seconds that the measured engine takes for such a request."""
    table = _table()
    segments = [segment for segment in request.segments if segment not in ("ovirt-engine", "api")]
    if not segments or "sso" in segments or response.status >= 300:
        return table.fixed_ms / 1000
    if request.method != "GET":
        return (table.fixed_ms + table.acts_ms) / 1000
    place, *below = segments
    if below:
        key = "/".join([place, *below[1:2]])
        return (table.fixed_ms + _of(table.items, key)) / 1000
    return (table.fixed_ms + _list_ms(table, place, request, response)) / 1000


def _list_ms(table: Costs, place: str, request: LabRequest, response: LabResponse) -> float:
    rows = _rows(response.body)
    asked = table.lists.get(place, table.lists["default"])
    relations = table.follow.get(place, table.follow["default"])
    row_ms = asked["row_ms"] + sum(_of(relations, name) for name in _followed(request))
    if request.switch("all_content"):
        row_ms += table.all_content_row_ms
    total = rows * row_ms
    if request.param("max") is None and request.param("search") is None:
        total += asked.get("unlimited_ms", 0.0)
    fields = set(_SEARCHED.findall((request.param("search") or "").lower()))
    total += sum(ms for field, ms in table.searches.get(place, {}).items() if field in fields)
    targets = request.param("migration_target_of")
    return total + (table.targets_vm_ms * len(targets.split(",")) if targets else 0.0)


def _followed(request: LabRequest) -> list[str]:
    names = (request.param("follow") or "").replace("_", "").split(",")
    return [name for name in names if name]


def _rows(body: bytes) -> int:
    """Elements below the outermost one: the lab indents as the engine does."""
    return body.count(b"\n    <") - body.count(b"\n    </")


def _of(costs: dict[str, float], key: str) -> float:
    return costs.get(key, costs["default"])


@cache
def _table() -> Costs:
    return msgspec.convert(read_data("costs.yaml"), type=Costs)
