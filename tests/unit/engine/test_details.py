"""What is read in addition where a VM needs it, and only there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from unit.engine.scripted import Scripted, a_host, a_list

from rhevmig.engine.details import with_needed
from rhevmig.engine.list_reader import Reader
from rhevmig.errors import PermissionDenied
from rhevmig.inventory import Engine, Host, Instant, Inventory, Vm, VmNic

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = """<hosted_engine><active>true</active><configured>true</configured><score>3400</score>
  <local_maintenance>true</local_maintenance><global_maintenance>false</global_maintenance></hosted_engine>"""
VIRTUAL = """<virtual_functions_configuration><all_networks_allowed>false</all_networks_allowed>
  <max_number_of_virtual_functions>7</max_number_of_virtual_functions>
  <number_of_virtual_functions>4</number_of_virtual_functions></virtual_functions_configuration>"""
NICS = f"""<nics><host_nic id="n1"><name>eth0</name>{VIRTUAL}</host_nic>
  <host_nic id="n2"><name>eth0v0</name><physical_function id="n1"/></host_nic></nics>"""


def an_inventory(**difference: Any) -> Inventory:
    return Inventory(
        engine=Engine(url="https://engine.example"),
        instant=Instant(started_at=NOW, ended_at=NOW),
        hosts=tuple(Host(id=f"h{n}", name=f"kvm{n}", cluster_id="c1", status="up") for n in (1, 2)),
        vms=(Vm(id="v1", name="vm1", cluster_id="c1", status="up", **difference),),
    )


@pytest.mark.parametrize("origin", ["managed_hosted_engine", "hosted_engine"])
def test_a_self_hosted_engine_is_read_with_its_hosts(origin: str) -> None:
    """Where a VM runs the engine itself, one request for all hosts says which of them can take it."""
    engine = Scripted(lambda path, query: a_list("hosts", a_host(1, more=CONTENT), a_host(2)))
    first, second = with_needed(an_inventory(origin=origin), Reader(engine)).hosts
    assert engine.asked == [("hosts", {"all_content": "true", "max": "10000"})]
    assert (first.hosted_engine_configured, first.hosted_engine_score) == (True, 3400)
    assert (first.hosted_engine_active, first.hosted_engine_local_maintenance) == (True, True)
    assert first.hosted_engine_global_maintenance is False
    assert (second.hosted_engine_configured, second.hosted_engine_score) == (False, None)


def test_virtual_functions_are_read_for_pass_through_nics() -> None:
    """Where a VM has a virtual function, the hosts' NICs are read again with all content."""
    engine = Scripted(lambda path, query: a_list("hosts", a_host(1, more=NICS), a_host(2, more="<nics/>")))
    nics = (VmNic(id="x", name="nic1", interface="pci_passthrough"),)
    first, second = with_needed(an_inventory(nics=nics), Reader(engine)).hosts
    assert engine.asked[0][1]["follow"] == "nics"
    assert first.nics is not None
    physical, virtual = first.nics
    assert (physical.virtual_functions, physical.max_virtual_functions) == (4, 7)
    assert physical.virtual_functions_for_all_networks is False
    assert virtual.physical_function_id == "n1"
    assert second.nics == ()


def test_other_sites_are_read_as_before() -> None:
    """Without such a VM nothing is asked, and what only all content holds stays unobserved."""
    engine = Scripted(lambda path, query: a_list("hosts"))
    inventory = an_inventory()
    assert with_needed(inventory, Reader(engine)) is inventory
    assert engine.asked == []
    assert inventory.hosts[0].hosted_engine_configured is None


def test_refused_content_does_not_hide_the_hosts() -> None:
    """An account that may not read all content still has the hosts; only that part is missing."""
    engine = Scripted(
        lambda path, query: PermissionDenied(status_code=400, detail="insufficient permissions")
    )
    reader = Reader(engine)
    inventory = an_inventory(origin="managed_hosted_engine")
    assert with_needed(inventory, reader).hosts == inventory.hosts
    assert [(one.kind, one.what) for one in reader.unobserved] == [("host", "all_content")]
