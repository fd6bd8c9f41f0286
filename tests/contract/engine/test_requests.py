"""What is asked of the engine: how often, how much at once, and nothing that is dear."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs

import pytest
from contract.engine.conftest import RECORDED, connected

from rhevmig.engine import sdk_connection as connection
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE
from rhevmig.inventory import Inventory
from rhevmig.inventory.collections import COLLECTIONS, link_name
from rhevmig.testing import RecordedEngine, serve
from rhevmig.testing.following import REFUSED


def test_requests_do_not_depend_on_vms(recorded: RecordedEngine, inventory: Inventory) -> None:
    """An engine of 21 VMs, and the same multiplied to 100 and to 400, cost the same number of requests."""
    counts = {len(inventory.vms): inventory.instant.requests}
    for vms in (100, 400):
        with serve(RECORDED, vms=vms) as engine, connected(engine) as client:
            found = client.inventory()
            counts[len(found.vms)] = found.instant.requests
    assert set(counts) == {21, 100, 400}
    assert len(set(counts.values())) == 1
    assert max(counts.values()) <= 25


def test_every_list_is_limited_and_none_is_dear(recorded: RecordedEngine) -> None:
    """Each list passes `max`; none asks for all content, for statistics, or for what answers HTTP 500."""
    with connected(recorded) as client:
        recorded.forget_requests()
        client.inventory()
        asked = [r for r in recorded.requests if r.path != "/ovirt-engine/api" and "/options/" not in r.path]
    assert len(asked) >= sum(row.parent is None for row in COLLECTIONS.values())
    for request in asked:
        query = parse_qs(request.query)
        assert int(query["max"][0]) > 0, request
        assert "all_content" not in query
        assert "migration_target_of" not in query
        assert "statistics" not in query.get("follow", [""])[0]
        assert request.status == 200
    for row in COLLECTIONS.values():
        assert not REFUSED.get(row.kind, frozenset()) & {link_name(relation) for relation in row.follow}


def test_disks_are_joined_at_home(recorded: RecordedEngine, inventory: Inventory) -> None:
    """Disks come from their own list, and every attachment finds its disk there."""
    assert "disk" not in COLLECTIONS["vms"].follow
    attached = [one.disk_id for vm in inventory.vms for one in vm.disk_attachments or ()]
    assert attached
    assert all(inventory.find_disk(disk_id) for disk_id in attached)


def test_at_most_three_at_a_time(recorded: RecordedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads read, three requests are under way at most, each on a connection of its own."""
    lock, under_way, most, shared = threading.Lock(), [], [0], []
    plain = connection.EngineConnection.exchange

    def watched(self: connection.EngineConnection, *args: object, **keywords: object) -> bytes:
        with lock:
            shared.append(self in under_way)
            under_way.append(self)
            most[0] = max(most[0], len(under_way))
        try:
            return plain(self, *args, **keywords)
        finally:
            with lock:
                under_way.remove(self)

    monkeypatch.setattr(connection.EngineConnection, "exchange", watched)
    with connected(recorded) as client:
        threads = [threading.Thread(target=client.inventory) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most[0] == MAX_REQUESTS_AT_ONCE == 3
    assert not any(shared)


def test_texts_are_asked_for_in_english(recorded: RecordedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault and event texts follow the caller's language at the engine; ours is pinned."""
    with connected(recorded) as client:
        pooled = [one for _, one in client._transport._idle]
    assert pooled
    assert all(one._headers == {"Accept-Language": "en-US"} for one in pooled)
