"""The client and its port against a simulated engine, over HTTPS: what acts lead to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rhevmig
from rhevmig.engine import EngineClient
from rhevmig.events import EventCode
from rhevmig.inventory import Inventory
from rhevmig.lab.lab import Lab, serve
from rhevmig.migration import Accepted, MigrationPort, Refused

SCENARIO = Path(__file__).parents[3] / "rhevmig" / "lab" / "scenarios" / "demo.yaml"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab whose time moves only when told."""
    with serve(SCENARIO, speed=0.0) as running:
        yield running


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[EngineClient]:
    """A client that verifies the lab's certificate."""
    with rhevmig.connect(
        lab.url, lab.username, lab.password, ca_file=lab.ca_file, environ={}, timeout_s=30.0
    ) as client:
        yield client


@pytest.fixture(scope="module")
def site(client: EngineClient) -> Inventory:
    return client.inventory()


def test_the_inventory_of_a_lab(site: Inventory) -> None:
    """A lab is read like any engine: whole, with nothing unobserved."""
    assert site.vms
    assert site.hosts
    assert site.unobserved == ()
    assert site.engine.tls_verified is True


def test_a_migration_from_end_to_end(lab: Lab, client: EngineClient, site: Inventory) -> None:
    """An accepted act has a job, moves the VM, and leaves events whose texts are understood."""
    port: MigrationPort = client.migration_port()
    vm = next(vm for vm in site.vms if vm.status == "up" and vm.affinity == "migratable")
    index = port.event_index()
    answer = port.migrate(vm.id, correlation_id="contract-1")
    assert isinstance(answer, Accepted)
    assert answer.job_id is not None
    assert port.watch([vm.id])[vm.id].status == "migrating"
    lab.advance(600)
    state = port.watch([vm.id])[vm.id]
    assert state.status == "up"
    assert state.host_id not in (None, vm.host_id)
    assert [job.status for job in port.jobs_of("contract-1")] == ["finished"]
    told = {event.code: event for event in port.events_of("contract-1")}
    assert told == {event.code: event for event in port.events_since(index) if event.vm_id == vm.id}
    done = told[EventCode.MIGRATION_DONE]
    assert done.vm_name == vm.name
    assert done.source_host == site.host(str(vm.host_id)).name
    assert done.destination_host == site.host(str(state.host_id)).name
    assert done.total_s is not None
    on_host = port.vms_on(str(state.host_id), cluster_id=vm.cluster_id)
    assert vm.id in [one.vm_id for one in on_host]


def test_refusals(client: EngineClient, site: Inventory) -> None:
    """What the engine will not do is refused in its words, with its status."""
    port = client.migration_port()
    unknown = port.migrate("11111111-2222-3333-4444-555555555555", correlation_id="contract-2")
    assert isinstance(unknown, Refused)
    assert unknown.status_code == 400
    assert "VM is not found" in unknown.detail
    still = next(vm for vm in site.vms if vm.status == "up")
    refused = port.cancel_migration(still.id, correlation_id="contract-3")
    assert isinstance(refused, Refused)
    assert refused.status_code == 409


def test_a_host_to_maintenance_and_back(lab: Lab, client: EngineClient, site: Inventory) -> None:
    """Deactivating and activating a host shows in its state."""
    port = client.migration_port()
    movable = [
        host
        for host in site.hosts
        if host.is_up
        and host.spm_status != "spm"
        and all(vm.affinity == "migratable" for vm in site.vms_on(host))
    ]
    host = min(movable, key=lambda host: len(site.vms_on(host)))
    assert isinstance(port.deactivate_host(host.id, correlation_id="contract-4", reason="test"), Accepted)
    lab.advance(900)
    assert port.host_states([host.id])[host.id].status == "maintenance"
    assert isinstance(port.activate_host(host.id, correlation_id="contract-5"), Accepted)
    lab.advance(120)
    assert port.host_states([host.id])[host.id].status == "up"
