"""What is asked of the engine: how often, how much at once, and nothing that is dear."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs

import pytest
from contract.engine.conftest import connected

from rhevmig.engine import sdk_connection as connection
from rhevmig.engine.transport import MAX_REQUESTS_AT_ONCE
from rhevmig.inventory import Inventory
from rhevmig.inventory.collections import COLLECTIONS, link_name
from rhevmig.lab.api.schema import places
from rhevmig.lab.lab import open_lab
from rhevmig.lab.scenario.model import parse_scenario
from rhevmig.testing import RecordedEngine
from tests.recorded import served_lab

#: A site of one cluster whose VMs have NICs on a network of their own.
SITE = """
name: many
start: 2026-01-05T08:00:00Z
data_centers:
  - {name: dc, version: "4.8", networks: [{name: guests, vlan: 102}], storage: [{name: nfs, address: nas}]}
clusters:
  - name: intel
    data_center: dc
    cpu: Secure Intel Haswell Family
    networks: [{name: ovirtmgmt, roles: [display, management, migration, default_route]}, {name: guests}]
hosts:
  - name: "h{n}"
    count: 4
    cluster: intel
    memory_gib: 256
    nics: [{name: eth0}]
    attachments: [{network: ovirtmgmt, nic: eth0, address: "192.0.2.{n}/24"}, {network: guests, nic: eth0}]
vms:
  - {name: "vm{n:03}", count: COUNT, cluster: intel, host: h1, memory_gib: 1, nics: [{profile: guests}]}
"""


def test_requests_do_not_depend_on_vms() -> None:
    """Sites of 20, 100 and 400 VMs cost the same number of requests."""
    counts = {}
    for vms in (20, 100, 400):
        lab = open_lab(parse_scenario(SITE.replace("COUNT", str(vms))))
        with served_lab(lab) as engine, connected(engine) as client:
            found = client.inventory()
            counts[len(found.vms)] = found.instant.requests
    assert set(counts) == {20, 100, 400}
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
    for path, row in COLLECTIONS.items():
        if path in places():
            assert not places()[path].refused & {link_name(relation) for relation in row.follow}, path


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
