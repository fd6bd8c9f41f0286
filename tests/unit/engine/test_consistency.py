"""An engine that moves while it is read: what moved is read again, what still moves is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from unit.engine.scripted import Scripted, a_host, a_list, a_vm, an_event

from rhevmig.engine.consistency import mended
from rhevmig.engine.list_reader import Reader
from rhevmig.inventory import Cluster, Engine, Host, Instant, Inventory, Vm

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOVED = '<vm id="v1"/><host id="h2"/><cluster id="c1"/>'


def an_inventory(before: int, after: int) -> Inventory:
    return Inventory(
        engine=Engine(url="https://engine.example"),
        instant=Instant(started_at=NOW, ended_at=NOW, event_index_before=before, event_index_after=after),
        clusters=(Cluster(id="c1", name="one"),),
        hosts=tuple(Host(id=f"h{n}", name=f"kvm{n}", cluster_id="c1", status="up") for n in (1, 2)),
        vms=tuple(Vm(id=f"v{n}", name=f"vm{n}", cluster_id="c1", status="up", host_id="h1") for n in (1, 2)),
    )


def engine_with(
    events: dict[int, list[str]], *, newest: int, vms: Callable[[], list[str]] | None = None
) -> Scripted:
    """An engine whose event log above an index is as given."""

    def answer(path: str, query: dict[str, str]) -> bytes:
        if path == "events" and "from" in query:
            return a_list("events", *events[int(query["from"])])
        if path == "events":
            return a_list("events", an_event(newest))
        if path == "vms":
            return a_list("vms", *(vms() if vms else [a_vm(1, host="h2")]))
        return a_list("hosts", a_host(2, more="<summary><active>1</active></summary>"))

    return Scripted(answer)


def test_a_quiet_engine_costs_nothing() -> None:
    """With the same index before and after nothing is asked again."""
    engine = engine_with({}, newest=7)
    inventory = an_inventory(7, 7)
    assert mended(inventory, engine, Reader(engine)) is inventory
    assert engine.asked == []


def test_people_coming_and_going_tear_nothing() -> None:
    """Logins and logouts, our own among them, name no entity that changed."""
    engine = engine_with({7: [an_event(8, code=30), an_event(9, code=31)]}, newest=9)
    inventory = an_inventory(7, 9)
    assert mended(inventory, engine, Reader(engine)) is inventory


def test_what_moved_is_read_again() -> None:
    """The VM and the host of an event are read once more, by their ids, in one request each."""
    engine = engine_with({7: [an_event(8, more=MOVED)]}, newest=8)
    found = mended(an_inventory(7, 8), engine, Reader(engine))
    assert found.vm("v1").host_id == "h2"
    assert found.vm("v2").host_id == "h1"
    assert found.host("h2").vms_active == 1
    assert [vm.id for vm in found.vms] == ["v1", "v2"]
    assert found.instant.torn_ids == ()
    searches = [query["search"] for path, query in engine.asked if path in ("vms", "hosts")]
    assert searches == ["id=v1", "id=h2"]


def test_what_moves_again_is_named() -> None:
    """An entity that moved even while it was read again is in `torn_ids`."""
    engine = engine_with({7: [an_event(8, more=MOVED)], 8: [an_event(9, more='<vm id="v1"/>')]}, newest=9)
    found = mended(an_inventory(7, 8), engine, Reader(engine))
    assert found.instant.torn_ids == ("v1",)
    assert found.instant.is_torn
    assert found.instant.event_index_after == 9


def test_what_cannot_be_read_again_alone_is_named() -> None:
    """A change of a cluster itself is reported, since its list was read once."""
    engine = engine_with({7: [an_event(8, code=811, more='<cluster id="c1"/>')]}, newest=8)
    assert mended(an_inventory(7, 8), engine, Reader(engine)).instant.torn_ids == ("c1",)


def test_a_vm_that_went_and_one_that_came() -> None:
    """A VM that is gone leaves the inventory, a new one joins it."""
    events = [an_event(8, more='<vm id="v1"/>'), an_event(9, more='<vm id="v3"/>')]
    engine = engine_with({7: events}, newest=9, vms=lambda: [a_vm(3)])
    found = mended(an_inventory(7, 9), engine, Reader(engine))
    assert [vm.id for vm in found.vms] == ["v2", "v3"]


def test_very_many_are_read_by_their_list() -> None:
    """More ids than an address can hold are read by the whole list again, still one request."""
    events = [an_event(8 + n, more=f'<vm id="v{n}"/>') for n in range(300)]
    engine = engine_with({7: events}, newest=400, vms=lambda: [a_vm(n) for n in range(300)])
    found = mended(msgspec.structs.replace(an_inventory(7, 400)), engine, Reader(engine))
    assert len(found.vms) == 300
    assert [query.get("search") for path, query in engine.asked if path == "vms"] == [None]
