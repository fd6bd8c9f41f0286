"""Frames: one row an entity, missing stays missing, every column documented."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from builders import a_cluster, a_host, a_nic, a_vm, an_inventory

import rhevmig
from rhevmig.errors import ExtraMissing
from rhevmig.notebook import COLUMNS, Frames, frames
from rhevmig.units import GIB, GIGABIT
from tests.recorded import recorded_inventory


def test_an_inventory_gives_its_frames() -> None:
    """`rhevmig.frames(inventory)` is the notebook's function, loaded when first used."""
    found = rhevmig.frames(an_inventory())
    assert isinstance(found, Frames)
    assert list(found.hosts.host) == ["h1", "h2"]


def test_the_recorded_engine_fills_every_frame() -> None:
    """Rows are counted by what the recorded engine holds."""
    inventory = recorded_inventory()
    found = frames(inventory)
    assert {name: len(frame) for name, frame in found.items()} == {
        "clusters": len(inventory.clusters),
        "hosts": 12,
        "vms": 21,
        "nics": sum(len(host.nics or ()) for host in inventory.hosts),
        "vm_nics": sum(len(vm.nics or ()) for vm in inventory.vms),
        "networks": len(inventory.cluster_networks),
        "storage": len(inventory.storage_attachments),
    }
    kvm02 = found.hosts.set_index("host").loc["kvm02"]
    assert pd.isna(kvm02.migration_device)
    assert pd.isna(kvm02.migration_link_bits_per_second)
    assert found.hosts.set_index("host").loc["kvm10"].migration_link_bits_per_second == GIGABIT


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_are_typed_documented_and_end_with_ids(name: str) -> None:
    """Types know missing values, each column has a meaning, units stand in names, ids come last."""
    frame = frames(recorded_inventory()).of(name)
    assert list(frame.columns) == [column.name for column in COLUMNS[name]]
    assert set(frame.attrs["columns"]) == set(frame.columns)
    assert all(frame.attrs["columns"].values())
    assert {str(kind) for kind in frame.dtypes} <= {
        "string",
        "Int64",
        "Float64",
        "boolean",
        "datetime64[ns, UTC]",
    }
    is_id = [column.endswith("_id") and column != "vlan_id" for column in frame.columns]
    assert is_id == sorted(is_id)
    assert any(is_id)


def test_what_was_not_observed_is_missing() -> None:
    """A field that nobody saw is `<NA>`, and so is every sum that would need it."""
    blind = a_host("h1", memory_bytes=None, nics=None, cpu_threads=None, power_management=None)
    inventory = an_inventory(hosts=(blind, a_host("h2")), vms=(a_vm(affinity=None, nics=None, host_id="h2"),))
    found = frames(inventory)
    host = found.hosts.set_index("host").loc["h1"]
    assert pd.isna(host.memory_bytes)
    assert pd.isna(host.cpu_threads)
    assert pd.isna(host.power_management)
    cluster = found.clusters.iloc[0]
    assert pd.isna(cluster.memory_up_bytes)
    assert cluster.hosts_up == 2
    assert pd.isna(found.vms.iloc[0].affinity)
    assert pd.isna(found.vms.iloc[0].nics)
    assert set(found.nics.host) == {"h2"}


def test_a_vm_that_cannot_be_judged_has_no_number_of_destinations() -> None:
    """Destinations are counted only where every host could be judged; a VM that is down has none."""
    inventory = an_inventory(
        clusters=(a_cluster(),), vms=(a_vm("up"), a_vm("down", status="down", host_id=None))
    )
    counted = frames(inventory).vms.set_index("vm").destinations
    assert counted["up"] == 1
    assert pd.isna(counted["down"])
    blind = an_inventory(hosts=(a_host("h1"), a_host("h2", nics=None, network_attachments=None)))
    assert pd.isna(frames(blind).vms.destinations[0])


def test_a_vlan_device_takes_its_speed_from_the_nic_below() -> None:
    """The migration link of a host is the NIC or bond under the VLAN device."""
    nics = tuple(
        a_nic(nic.name, speed_bits_per_second=25 * GIGABIT) if nic.name == "eth1" else nic
        for nic in a_host("h1").nics or ()
    )
    found = frames(an_inventory(hosts=(a_host("h1", nics=nics),)))
    assert found.hosts.migration_link_bits_per_second[0] == 25 * GIGABIT
    assert found.hosts.migration_device[0] == "eth1.100"


def test_an_empty_inventory_keeps_the_columns() -> None:
    """Without hosts and VMs the frames are empty, with the same columns and types."""
    empty = frames(an_inventory(hosts=(), vms=(), storage_domains=(), storage_attachments=()))
    full = frames(an_inventory())
    assert len(empty.vms) == len(empty.hosts) == len(empty.storage) == 0
    for (name, one), (_, other) in zip(empty.items(), full.items(), strict=True):
        assert list(one.dtypes) == list(other.dtypes), name


def test_sums_are_those_of_running_vms() -> None:
    """Memory and virtual CPUs of a host and of its cluster count what occupies a host."""
    vms = (
        a_vm("a", memory_bytes=2 * GIB, cpu_cores=2),
        a_vm("b", memory_bytes=GIB),
        a_vm("c", status="down"),
    )
    found = frames(an_inventory(vms=vms))
    assert found.hosts.memory_running_bytes[0] == 3 * GIB
    assert found.clusters.memory_running_bytes[0] == 3 * GIB
    assert found.clusters.vcpus_running[0] == 3
    assert found.clusters.vms[0] == 3


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandas is missing, one line says which extra brings it."""
    for module in [
        name for name in sys.modules if name.split(".")[0] == "pandas" or name.startswith("rhevmig.notebook")
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ExtraMissing) as caught:
        rhevmig.frames(an_inventory())
    assert "pip install 'rhevmig[notebook]'" in str(caught.value)
    assert caught.value.exit_code == 2
