"""What is dear is read only for what it is asked for."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from contract.engine.conftest import connected
from contract.engine.observed import Xml

from rhevmig.errors import InvalidArgument, NotFound
from rhevmig.inventory import Inventory
from rhevmig.testing import RecordedEngine


def test_targets_are_the_engines_own(recorded: RecordedEngine, inventory: Inventory) -> None:
    """For every running VM the hosts are those that the engine's scheduler named, one request a VM."""
    with connected(recorded) as client:
        recorded.forget_requests()
        found = client.inventory(detail={"targets"})
        asked = [r for r in recorded.requests if "migration_target_of" in r.query]
    running = {vm.id for vm in inventory.vms if vm.is_running}
    assert set(found.migration_targets) == running
    assert len(asked) == len(running)
    xml = Xml(recorded.url)
    for vm_id, host_ids in found.migration_targets.items():
        answer: ET.Element = xml._get("hosts", {"migration_target_of": vm_id})
        assert sorted(host.get("id", "") for host in answer) == list(host_ids)


def test_details_of_single_entities(recorded: RecordedEngine, inventory: Inventory) -> None:
    """Names and ids both do; the entities that were not asked for stay without."""
    with connected(recorded) as client:
        found = client.inventory(detail={"vm_statistics": ["web01"], "host_statistics": ["kvm02"]})
    web01, kvm02 = found.vm("web01"), found.host("kvm02")
    assert web01.statistics is not None
    assert web01.statistics["memory.installed"] == web01.memory_bytes
    assert kvm02.statistics is not None
    assert kvm02.statistics["memory.total"] > 0
    assert sum(vm.statistics is not None for vm in found.vms) == 1
    assert sum(host.statistics is not None for host in found.hosts) == 1
    assert [vm.id for vm in found.vms] == [vm.id for vm in inventory.vms]


@pytest.mark.parametrize(
    ("detail", "error"),
    [("everything", InvalidArgument), ({"targets": ["nobody"]}, NotFound)],
)
def test_details_that_name_nothing(recorded: RecordedEngine, detail: object, error: type[Exception]) -> None:
    """A detail or an entity that does not exist is an error, not an empty answer."""
    with connected(recorded) as client, pytest.raises(error):
        client.inventory(detail=detail)
