"""`rhevmig lab serve --from`: a twin of a real site, on which tonight's work can be rehearsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import a_host, a_vm, an_inventory

import rhevmig
from rhevmig import lab, scheduling
from rhevmig.cli.scenario_from_snapshot import is_snapshot, left_out, scenario_of
from rhevmig.inventory import (
    ClusterNetwork,
    HostDevice,
    Inventory,
    MigrationOptions,
    Network,
    VmNic,
    VnicProfile,
    load,
)
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
    "kind",
    ["data_centers", "hosts", "storage_domains", "vms", "affinity_groups", "networks", "vnic_profiles"],
)
def test_the_twin_has_the_same_entities_by_id_and_name(pair: tuple[Inventory, Inventory], kind: str) -> None:
    """Nothing is lost and nothing is added but what every engine has by itself."""
    real, twin = ({item.id: item.name for item in getattr(side, kind)} for side in pair)
    assert real.items() <= twin.items()


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


#: What a lab counts or makes up by itself.
OF_THE_LAB = {
    "created_at started_at stopped_at stop_reason run_once fqdn guest_os statistics template_id description",
    "nics network_attachments unmanaged_networks rng_sources certificate_subject statistics summary",
    "max_scheduling_memory_bytes vms_active vms_migrating vms_total",
}


@pytest.mark.parametrize("kind", ["vms", "hosts", "clusters"])
def test_whatever_decides_is_carried(pair: tuple[Inventory, Inventory], kind: str) -> None:
    """Every field that was read is the same on the twin, but for what the lab counts or makes up itself."""
    real, twin = pair
    made_up = {name for line in OF_THE_LAB for name in line.split()}
    for item in getattr(real, kind):
        copy = next(other for other in getattr(twin, kind) if other.id == item.id)
        for name in set(item.__struct_fields__) - made_up:
            value = getattr(item, name)
            if value not in (None, (), {}, ""):
                assert getattr(copy, name) == value, (item.name, name)


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


def twin_of(inventory: Inventory) -> Inventory:
    with (
        lab.serve(scenario_of(inventory)) as twin,
        rhevmig.connect(twin.url, twin.username, twin.password, ca_file=twin.ca_file) as client,
    ):
        return client.inventory()


MINIMAL_DOWNTIME = "80554327-0569-496b-bdeb-fcbbf52b827b"
ODD: dict[str, dict[str, Any]] = {
    "engine": {"origin": "managed_hosted_engine"},
    "pinned": {"cpu_pinning_policy": "manual", "cpu_pins": {"0": "4", "1": "5"}},
    "model": {"cpu_mode": "host_passthrough", "custom_cpu_model": "Skylake-Server"},
    "level": {"custom_compatibility_version": "4.6", "custom_emulated_machine": "pc-q35-rhel8.6.0"},
    "pages": {"custom_properties": {"hugepages": "1048576"}},
    "next": {"next_run_configuration_exists": True, "migration_downtime_ms": 200},
    "braces{n}": {"lease_storage_domain_id": "nfs1", "high_availability": True, "ha_priority": 50},
}


def test_odd_vms_have_their_twins() -> None:
    """Origin, CPU, pins, level, properties, lease and overrides of migration are those of the site."""
    migration = MigrationOptions(auto_converge="false", encrypted="true", policy_id=MINIMAL_DOWNTIME)
    vms = (*(a_vm(name, **fields) for name, fields in ODD.items()), a_vm("own", migration=migration))
    host = a_host("h1", status="non_operational", status_detail="cpu_incompatible_with_cluster")
    twin = twin_of(an_inventory(vms=vms, hosts=(host, a_host("h2"))))
    for name, fields in ODD.items():
        copy = twin.vm(name)
        assert {field: getattr(copy, field) for field in fields} == fields
    own = twin.vm("own").migration
    assert own is not None
    assert (own.auto_converge, own.encrypted, own.policy_id) == ("false", "true", MINIMAL_DOWNTIME)
    assert twin.host("h1").status_detail == "cpu_incompatible_with_cluster"


def test_profiles_of_a_management_network_of_another_name() -> None:
    """Sites that began as RHEV 3 call it rhevm; networks may have several profiles, also of one name."""
    networks = (
        Network(id="n1", name="rhevm", data_center_id="dc", vlan_id=7, mtu=0, is_vm_network=True),
        Network(id="n2", name="lan", data_center_id="dc", mtu=9000, is_vm_network=True),
    )
    profiles = (
        VnicProfile(id="p1", name="rhevm", network_id="n1"),
        VnicProfile(id="p2", name="limited", network_id="n1", port_mirroring=False),
        VnicProfile(id="p3", name="limited", network_id="n2", pass_through="enabled", migratable=True),
    )
    roles = ClusterNetwork(cluster_id="cl", network_id="n1", usages=("management", "vm"), required=True)
    nics = tuple(VmNic(id=f"x{n}", name=f"nic{n}", vnic_profile_id=f"p{n}") for n in (2, 3))
    site = an_inventory(
        networks=networks, vnic_profiles=profiles, cluster_networks=(roles,), vms=(a_vm("web", nics=nics),)
    )
    twin = twin_of(site)
    assert {network.name for network in twin.networks} == {"rhevm", "lan"}
    assert [nic.vnic_profile_id for nic in twin.vm("web").nics or ()] == ["p2", "p3"]
    sriov = twin.find_vnic_profile("p3")
    assert sriov is not None
    assert (sriov.pass_through, sriov.migratable, sriov.network_id) == ("enabled", True, "n2")
    assert twin.network("n1").vlan_id == 7


def test_what_is_left_out_is_named() -> None:
    """A rehearsal that is kinder than the site says so at its start."""
    device = HostDevice(id="d", name="pci_0000_3b_00_0")
    vms = (a_vm("gpu", host_devices=(device,)), a_vm("hidden", host_id=None, nics=None))
    lines = "; ".join(left_out(an_inventory(vms=vms)))
    assert "1 VMs with host devices" in lines
    assert "1 VMs with unread NICs" in lines
    assert "1 running VMs with an unread host" in lines
    assert left_out(an_inventory()) == ()
