"""`rhevmig lab serve --from`: a twin of a real site, on which tonight's work can be rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest

import rhevmig
from rhevmig import lab, scheduling
from rhevmig.cli.scenario_from_snapshot import is_snapshot, scenario_of
from rhevmig.inventory import Inventory, load
from rhevmig.lab import open_lab


@pytest.fixture(scope="module")
def pair(snapshot_of_session: Path) -> tuple[Inventory, Inventory]:
    """The recorded site, and what the adapter reads of its twin over HTTPS."""
    real = load(snapshot_of_session)
    with (
        lab.serve(scenario_of(real)) as twin,
        rhevmig.connect(twin.url, twin.username, twin.password, ca_file=twin.ca_file) as client,
    ):
        return real, client.inventory()


@pytest.mark.parametrize(
    "kind", ["data_centers", "hosts", "storage_domains", "vms", "affinity_groups", "networks"]
)
def test_the_twin_has_the_same_entities_by_id_and_name(pair: tuple[Inventory, Inventory], kind: str) -> None:
    """Nothing is lost and nothing is added but what every engine has by itself."""
    real, twin = ({item.id: item.name for item in getattr(side, kind)} for side in pair)
    management = {key for key, name in real.items() if kind == "networks" and name == "ovirtmgmt"}
    assert {key: name for key, name in real.items() if key not in management}.items() <= twin.items()


@pytest.mark.parametrize(
    "field",
    ["name", "status", "cluster_id", "cpu_type", "cpu_sockets", "cpu_cores", "cpu_threads", "memory_bytes"],
)
def test_hosts_are_alike(pair: tuple[Inventory, Inventory], field: str) -> None:
    """A host of the twin has the size, CPU and state of its original."""
    real, twin = pair
    for host in real.hosts:
        assert getattr(twin.host(host.id), field) == getattr(host, field), host.name


@pytest.mark.parametrize("field", ["status", "cluster_id", "host_id", "affinity", "vcpus", "memory_bytes"])
def test_vms_are_alike(pair: tuple[Inventory, Inventory], field: str) -> None:
    """A VM of the twin runs where its original runs, with the same size and placement policy."""
    real, twin = pair
    for vm in real.vms:
        assert getattr(twin.vm(vm.id), field) == getattr(vm, field), vm.name


def test_the_twin_has_the_same_faults(pair: tuple[Inventory, Inventory]) -> None:
    """What the checks find about networks and links of the real site, they find on its twin."""
    found = [
        {
            (finding.check_id, finding.scope.id)
            for finding in rhevmig.check(side)
            if finding.status == "fail" and finding.check_id in ("NET-003", "NET-010", "VM-001")
        }
        for side in pair
    ]
    assert found[0] == found[1]


def test_destinations_are_the_same(pair: tuple[Inventory, Inventory]) -> None:
    """Where each running VM may go on the real site, it may go on the twin: a rehearsal tells the truth."""
    real, twin = pair
    for vm in real.vms:
        if vm.is_running:
            there = [
                {v.host_name for v in scheduling.explain(side, vm.id).destinations} for side in (real, twin)
            ]
            assert there[0] == there[1], vm.name


def test_a_scenario_is_told_from_a_snapshot(snapshot_of_session: Path, tmp_path: Path) -> None:
    """The same option takes both, by what the file says of itself."""
    other = tmp_path / "scenario.yaml"
    other.write_text("name: three\n")
    assert is_snapshot(snapshot_of_session)
    assert not is_snapshot(other)
    assert not is_snapshot(tmp_path / "missing.json")


def test_an_empty_site_has_a_twin(snapshot_of_session: Path) -> None:
    """An inventory of which nothing could be seen still makes a lab."""
    real = load(snapshot_of_session)
    empty = Inventory(engine=real.engine, instant=real.instant)
    assert open_lab(scenario_of(empty)).world.named("vms", "web01") is None
