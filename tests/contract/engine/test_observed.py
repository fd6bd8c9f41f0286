"""The inventory against the recorded XML, value by value."""

from __future__ import annotations

import pytest
from contract.engine.observed import PAGE, TABLE, Xml, differences, page

from rhevmig.inventory import Inventory
from rhevmig.testing import RecordedEngine

LISTED = [kind for kind, table in TABLE.items() if "list" in table]


@pytest.fixture(scope="module")
def xml(recorded: RecordedEngine) -> Xml:
    return Xml(recorded.url)


@pytest.mark.parametrize("kind", LISTED)
def test_every_recorded_value_is_kept_or_left_out_for_a_reason(
    kind: str, xml: Xml, inventory: Inventory
) -> None:
    """Every value in the recorded XML equals the inventory's, or the table says why it is not kept."""
    entities = getattr(inventory, TABLE[kind]["field"])
    found = []
    items = xml.items(kind)
    for item in items:
        entity = entities if kind == "api" else next(one for one in entities if str(one.id) == item.get("id"))
        found += differences(kind, item, entity, inventory)
    assert found == []
    assert items
    assert kind == "api" or len(entities) == len({item.get("id") for item in items})


@pytest.mark.parametrize("kind", [kind for kind in LISTED if kind not in ("api",)])
def test_the_inventory_keeps_the_order_of_the_engine(kind: str, xml: Xml, inventory: Inventory) -> None:
    """Entities stand in the engine's order (events: newest first)."""
    entities = [str(one.id) for one in getattr(inventory, TABLE[kind]["field"])]
    items = [item.get("id") for item in xml.items(kind)]
    expected = sorted(set(items), key=lambda id: -int(str(id))) if kind == "event" else items
    assert entities == expected


def test_the_page_is_current() -> None:
    """docs/observed.md is what the table makes of it."""
    assert PAGE.read_text() == page()
