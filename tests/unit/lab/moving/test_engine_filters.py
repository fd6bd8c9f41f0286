"""The lab's filters decide as the engine's source does, each with the engine's sentence."""

from __future__ import annotations

import pytest
from lab_worlds import Desk, a_desk

from rhevmig.lab.scheduling.filters import FILTERS, MANDATORY
from rhevmig.lab.subsystems import subsystems_of
from rhevmig.terms import FilterName


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def refusal(desk: Desk, vm: str = "vm1", host: str = "h2") -> tuple[str, str] | None:
    """The filter that refuses a pair, and its reason."""
    found = subsystems_of(desk.lab.engine).scheduler.refused_by(desk.vm(vm), desk.host(host))
    return (found.filter, found.reason) if found else None


def test_the_lab_has_every_filter_of_the_engine() -> None:
    """The names are those of the product's terms."""
    assert {name for name, _ in FILTERS} == set(FilterName)
    assert {name for name, _ in FILTERS} >= MANDATORY


def test_a_host_list_binds_pinned_vms_only(desk: Desk) -> None:
    """`migratable` with a list of hosts prefers them; a pinned VM has no other host."""
    hosts = {"host": [{"@id": desk.host("h1").id}]}
    desk.world.set(desk.vm("vm1"), "placement_policy", {"affinity": "migratable", "hosts": hosts})
    assert refusal(desk) is None
    desk.world.set(desk.vm("vm1"), "placement_policy", {"affinity": "pinned", "hosts": hosts})
    assert refusal(desk) == ("PinToHost", "the host is not present in the pinning list.")
    desk.world.set(desk.vm("vm1"), "placement_policy", {"affinity": "pinned"})
    assert refusal(desk) == ("PinToHost", "the host is not present in the pinning list.")
    query = f"hosts?migration_target_of={desk.vm('vm1').id}"
    assert len(desk.ask("GET", query)[1]) == 0


def test_an_unplugged_nic_needs_no_network(desk: Desk) -> None:
    """Only plugged NICs count."""
    (attachment, *_) = [
        one
        for one in desk.world.children(desk.host("h2"), "networkattachments")
        if one.ref("network")
        in {
            desk.world.find("vnicprofiles", nic.ref("vnic_profile")).ref("network")  # type: ignore[union-attr]
            for nic in desk.world.children(desk.vm("vm1"), "nics")
        }
    ]
    desk.world.remove(attachment)
    assert (refusal(desk) or ("",))[0] == "Network"
    for nic in desk.world.children(desk.vm("vm1"), "nics"):
        desk.world.set(nic, "plugged", "false")
    assert refusal(desk) is None or "display" in refusal(desk)[1]  # type: ignore[index]


def test_exclusively_pinned_cpus_are_taken_from_every_other_vm(desk: Desk) -> None:
    """A VM of policy `dedicated` on the host leaves too few cores for a large one."""
    desk.world.set(desk.host("h2"), "cpu.topology", {"sockets": "1", "cores": "8", "threads": "1"})
    desk.world.set(desk.vm("vm1"), "cpu.topology", {"sockets": "1", "cores": "6", "threads": "1"})
    assert refusal(desk) is None
    desk.world.update(
        desk.vm("vm2"),
        {
            "cpu_pinning_policy": "dedicated",
            "cpu.topology": {"sockets": "1", "cores": "4", "threads": "1"},
            "host": {"@id": desk.host("h2").id},
        },
    )
    assert refusal(desk) == ("CPU", "it has an insufficient amount of CPU cores to run the VM")


def test_exclusive_pins_need_whole_virtual_sockets_in_free_cores(desk: Desk) -> None:
    """Two virtual sockets of four cores do not fit into sockets of six cores."""
    desk.world.set(desk.host("h2"), "cpu.topology", {"sockets": "1", "cores": "6", "threads": "1"})
    changes = {"cpu_pinning_policy": "dedicated", "cpu.topology": {"sockets": "2", "cores": "4"}}
    desk.world.update(desk.vm("vm1"), changes)
    assert (refusal(desk) or ("",))[0] == "CpuPinning"
    desk.world.set(desk.host("h2"), "cpu.topology", {"sockets": "2", "cores": "6", "threads": "1"})
    assert refusal(desk) is None


def test_manual_pins_need_the_cpus_of_their_numbers(desk: Desk) -> None:
    """A pin to CPU 20 refuses a host with eight."""
    pins = {"vcpu_pins": {"vcpu_pin": [{"vcpu": "0", "cpu_set": "1-3,^2,20"}]}}
    desk.world.set(desk.vm("vm1"), "cpu.cpu_tune", pins)
    desk.world.set(desk.host("h2"), "cpu.topology", {"sockets": "1", "cores": "8", "threads": "1"})
    found = refusal(desk)
    assert found is not None
    assert (found[0], found[1].endswith("Unavailable cores are: 20")) == ("CpuPinning", True)


def test_a_custom_cpu_model_counts_only_as_a_whole_entry_of_the_list() -> None:
    """A model that is not in ServerCPUList as a whole requires no flag."""
    desk = a_desk()
    desk.world.set(desk.vm("vm1"), "custom_cpu_model", "Skylake-Server")
    assert refusal(desk) is None


@pytest.mark.parametrize(("minor", "refused"), [(3, True), (4, False), (8, False)])
def test_labels_are_rules_below_level_4_4_only(desk: Desk, minor: int, refused: bool) -> None:
    """FeatureSupported.isImplicitAffinityGroupSupported."""
    label = {
        "name": "db",
        "has_implicit_affinity_group": "true",
        "vms": {"vm": [{"@id": desk.vm("vm1").id}]},
        "hosts": {"host": [{"@id": desk.host("h1").id}]},
    }
    desk.world.add("affinitylabels", desk.world.new_id("label", "db"), label)
    cluster = desk.world.find("clusters", desk.vm("vm1").ref("cluster"))
    assert cluster is not None
    desk.world.set(cluster, "version", {"major": "4", "minor": str(minor)})
    assert (
        refusal(desk) == ("VmToHostsAffinityGroups", "it did not match positive affinity rules ")
    ) is refused


def test_the_hosted_engine_needs_a_configured_host_with_a_similar_score(desk: Desk) -> None:
    """Not configured, no score, much lower than the current host; global maintenance lifts the last."""
    desk.world.set(desk.vm("vm1"), "origin", "managed_hosted_engine")
    desk.world.set(desk.host("h1"), "hosted_engine", {"configured": "true", "score": "3400"})
    assert refusal(desk) == ("HA", "it is not a Hosted Engine host.")
    for score, reason in (
        (0, "it doesn't have a positive Hosted Engine score."),
        (2600, "it has much lower Hosted Engine score than the current host."),
    ):
        engine = {"configured": "true", "score": str(score)}
        desk.world.set(desk.host("h2"), "hosted_engine", engine)
        assert refusal(desk) == ("HA", reason)
    desk.world.set(desk.host("h1"), "hosted_engine.global_maintenance", "true")
    assert refusal(desk) is None


def test_filters_that_the_policy_does_not_name_do_not_apply(desk: Desk) -> None:
    """Memory counts only where the scheduling policy has it; mandatory filters always count."""
    desk.world.set(desk.vm("vm1"), "memory", 500 * 2**30)
    assert (refusal(desk) or ("",))[0] == "Memory"
    cluster = desk.world.find("clusters", desk.vm("vm1").ref("cluster"))
    assert cluster is not None
    policy = desk.world.find("schedulingpolicies", cluster.ref("scheduling_policy"))
    assert policy is not None
    for unit in desk.world.children(policy, "filters"):
        named = desk.world.find("schedulingpolicyunits", unit.ref("scheduling_policy_unit"))
        if named is not None and named.name == "Memory":
            desk.world.remove(unit)
    assert refusal(desk) is None


def test_a_paused_vm_needs_no_memory(desk: Desk) -> None:
    """Engine: MemoryPolicyUnit."""
    desk.world.update(desk.vm("vm1"), {"memory": 500 * 2**30, "status": "paused"})
    assert refusal(desk) is None


def test_an_older_major_version_is_refused_where_the_policy_compares_systems(desk: Desk) -> None:
    """InClusterUpgrade counts only where the scheduling policy has it."""
    for name, version in (("h1", "9.4"), ("h2", "8.9")):
        desk.world.set(desk.host(name), "os", {"type": "RHEL", "version": {"full_version": version}})
    assert refusal(desk) is None
    cluster = desk.world.find("clusters", desk.vm("vm1").ref("cluster"))
    unit = desk.world.named("schedulingpolicyunits", "InClusterUpgrade")
    assert cluster is not None
    assert unit is not None
    policy = desk.world.find("schedulingpolicies", cluster.ref("scheduling_policy"))
    attrs = {"scheduling_policy_unit": {"@id": unit.id}}
    desk.world.add("schedulingpolicies/filters", unit.id, attrs, parent=policy)
    assert refusal(desk) == ("InClusterUpgrade", "its OS version is too old, found RHEL")
