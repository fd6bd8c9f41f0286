"""The unmodified SDK empties a host of a lab over HTTPS and brings it back; time is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ovirtsdk4 as sdk
import pytest
from lab_worlds import THREE_HOSTS
from ovirtsdk4 import types

import rhevmig.lab
from rhevmig.lab.lab import Lab, serve

DEMO = Path(rhevmig.lab.__file__).parent / "scenarios" / "demo.yaml"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with serve(DEMO, speed=0.001) as running:
        yield running


@pytest.fixture
def connection(lab: Lab) -> Iterator[sdk.Connection]:
    made = sdk.Connection(
        url=lab.url, username=lab.username, password=lab.password, ca_file=lab.ca_file, timeout=20
    )
    yield made
    made.close()


def host_named(connection: sdk.Connection, name: str) -> types.Host:
    (found,) = connection.system_service().hosts_service().list(search=f"name={name}")
    return found


def test_a_host_is_emptied_and_comes_back(lab: Lab, connection: sdk.Connection) -> None:
    """deactivate, preparing_for_maintenance, VMs leave two by two, maintenance, activate, up."""
    host = host_named(connection, "intel03")
    service = connection.system_service().hosts_service().host_service(host.id)
    vms = connection.system_service().vms_service()
    before = [vm.name for vm in vms.list(search="host=intel03")]
    assert before
    service.deactivate(reason="firmware", query={"correlation_id": "evacuation"})
    assert service.get().status == types.HostStatus.PREPARING_FOR_MAINTENANCE
    moving = vms.list(search="status=migratingfrom or status=migratingto")
    assert sorted(vm.name for vm in moving) == sorted(before)
    lab.advance(600)
    assert service.get().status == types.HostStatus.MAINTENANCE
    assert service.get().summary.total == 0
    assert all(vm.status == types.VmStatus.UP for vm in vms.list(search="cluster=intel and name=web*"))
    jobs = connection.system_service().jobs_service().list(search="correlation_id=evacuation")
    assert [(job.description, job.status) for job in jobs] == [
        ("Moving Host intel03 to Maintenance", types.JobStatus.FINISHED)
    ]
    service.activate()
    lab.advance(10)
    assert service.get().status == types.HostStatus.UP


def test_the_sdk_reads_a_refusal(connection: sdk.Connection) -> None:
    """A pinned VM: sdk.Error with code 409 and the engine's words in its fault."""
    (vm,) = connection.system_service().vms_service().list(search="name=license01")
    service = connection.system_service().vms_service().vm_service(vm.id)
    with pytest.raises(sdk.Error) as caught:
        service.migrate()
    assert caught.value.code == 409
    assert caught.value.fault.detail == "[Cannot migrate VM. VM is pinned to Host.]"


def test_a_migration_is_cancelled(lab: Lab, connection: sdk.Connection) -> None:
    """migrate, progress in the statistics, cancel_migration, up where it was."""
    (vm,) = connection.system_service().vms_service().list(search="name=db02")
    service = connection.system_service().vms_service().vm_service(vm.id)
    service.migrate(query={"correlation_id": "to-be-cancelled"})
    lab.advance(2)
    progress = {
        item.name: item.values[0].datum for item in service.statistics_service().list() if item.values
    }
    assert 0 < progress["migration.progress"] < 100
    service.cancel_migration()
    lab.advance(5)
    now = service.get()
    assert (now.status, now.host.id) == (types.VmStatus.UP, vm.host.id)


def test_a_lost_answer_is_an_error_and_the_vm_moves(lab: Lab, connection: sdk.Connection) -> None:
    """The connection breaks after the act: the SDK raises, the engine has done it."""
    from rhevmig.lab.fault_injection.injector import FaultInjector
    from rhevmig.lab.fault_injection.spec import InjectedFault

    faults = lab.engine.parts["faults"]
    assert isinstance(faults, FaultInjector)
    faults.plant(InjectedFault(kind="answer_lost", method="POST", path="/migrate"))
    (vm,) = connection.system_service().vms_service().list(search="name=app02")
    service = connection.system_service().vms_service().vm_service(vm.id)
    with pytest.raises(sdk.Error):
        service.migrate(query={"correlation_id": "never-heard-of"})
    lab.advance(120)
    with sdk.Connection(
        url=lab.url, username=lab.username, password=lab.password, ca_file=lab.ca_file, timeout=20
    ) as again:
        events = again.system_service().events_service().list(search="correlation_id=never-heard-of")
        assert sorted(event.code for event in events) == [62, 63]


def test_a_restarting_engine_refuses_connections_and_knows_the_token_afterwards(tmp_path: Path) -> None:
    """Refused while it is away, then it answers the same token; the VM has arrived without event 63."""
    scenario = tmp_path / "restart.yaml"
    scenario.write_text(
        THREE_HOSTS + "faults: [{kind: engine_restart, at_s: 100, seconds: 40, refused: true}]\n"
    )
    with serve(scenario, speed=0.001) as lab:
        connection = sdk.Connection(
            url=lab.url, username=lab.username, password=lab.password, ca_file=lab.ca_file, timeout=20
        )
        vms = connection.system_service().vms_service()
        vm_id = vms.list(search="name=vm1")[0].id
        lab.advance(99)
        vms.vm_service(vm_id).migrate(query={"correlation_id": "before"})
        lab.advance(1)
        with pytest.raises(sdk.Error, match="Failed to connect"):
            vms.vm_service(vm_id).get()
        lab.advance(42)
        assert vms.vm_service(vm_id).get().status == types.VmStatus.UP
        events = connection.system_service().events_service().list(search="correlation_id=before")
        assert [event.code for event in events] == [62]
        connection.close()
