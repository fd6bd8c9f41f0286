"""Whether and why a VM may run on a host, in the engine's filter names."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.errors import AmbiguousName, NotFound
from rhevmig.inventory import HostDevice, Inventory, StorageDomainAttachment, Vm, VmNic
from rhevmig.scheduling import Allowed, Scheduler, explain
from rhevmig.scheduling.filters import judge
from rhevmig.units import GIB
from tests.builders import (
    EPYC,
    SECURE_HASWELL,
    SKYLAKE_SERVER,
    a_cluster,
    a_data_center,
    a_host,
    a_level,
    a_vm,
    an_inventory,
    cluster_networks,
    usual_nics,
    with_nic,
    without_network,
)


def verdict(
    vm: Vm | None = None, *, of_cluster: dict[str, Any] | None = None, **host: Any
) -> tuple[Allowed, set[str]]:
    """The answer for host h2 with this difference, and the filters that spoke."""
    inventory = an_inventory(
        vms=(vm or a_vm(),),
        hosts=(a_host("h1"), a_host("h2", **host)),
        clusters=(a_cluster(**(of_cluster or {})),),
    )
    found = explain(inventory, vm or "web01", "h2").verdicts[0]
    return found.allowed, {reason.filter for reason in found.reasons}


def test_a_host_like_any_other_is_a_destination() -> None:
    """With nothing in the way both hosts are allowed, and the one that it runs on is named as that."""
    found = explain(an_inventory(), "web01")
    assert [(v.host_name, v.allowed, v.is_current_host) for v in found] == [
        ("h1", "yes", True),
        ("h2", "yes", False),
    ]
    assert [v.host_name for v in found.destinations] == ["h2"]
    assert found.is_migratable == "yes"


@pytest.mark.parametrize(
    ("host", "filter_name"),
    [
        ({"status": "maintenance"}, "Host status"),
        ({"cpu_sockets": 1, "cpu_cores": 1}, "CPU"),
        ({"cpu_type": EPYC}, "CPU-Level"),
        ({"max_scheduling_memory_bytes": 1 * GIB}, "Memory"),
        ({"nics": tuple(n for n in usual_nics() if n.network_id != "guests")}, "Network"),
        ({"nics": tuple(n for n in usual_nics() if n.network_id != "ovirtmgmt")}, "Network"),
        ({"nics": with_nic(usual_nics(), "eth0", boot_protocol="none")}, "Network"),
    ],
)
def test_each_filter_refuses_by_its_name(host: dict[str, Any], filter_name: str) -> None:
    """What a host lacks is refused by that filter and by no other."""
    vm = a_vm(cpu_sockets=2)
    assert verdict(vm, **host) == (Allowed.NO, {filter_name})


@pytest.mark.parametrize(
    ("vm", "host", "filter_name"),
    [
        ({"cpu_sockets": None}, {}, {"CPU", "Memory"}),
        ({}, {"cpu_cores": None}, {"CPU"}),
        ({}, {"max_scheduling_memory_bytes": None}, {"Memory"}),
        ({"memory_bytes": None}, {}, {"Memory"}),
        ({"nics": None}, {}, {"Network"}),
        ({}, {"nics": None, "network_attachments": None}, {"Network"}),
        ({"host_devices": None}, {}, {"HostDevice"}),
        ({"custom_emulated_machine": "pc-q35-rhel8.6.0"}, {"libvirt_version": "other"}, {"Emulated-Machine"}),
        (
            {"custom_compatibility_version": "4.6"},
            {"vdsm_version": "other"},
            {"Compatibility-Version"},
        ),
        ({"cpu_mode": "host_passthrough"}, {"cpu_name": "another"}, {"CPU-Level"}),
        ({"type": "high_performance"}, {"cpu_name": "another"}, {"Migration-Tsc-Frequency"}),
        ({"custom_properties": {"hugepages": "2048"}}, {}, {"HugePages"}),
        ({"lease_storage_domain_id": "gone"}, {}, {"VM leases ready"}),
        ({"origin": "managed_hosted_engine"}, {}, {"HA"}),
    ],
)
def test_what_cannot_be_seen_is_unknown(
    vm: dict[str, Any], host: dict[str, Any], filter_name: set[str]
) -> None:
    """A filter that lacks its facts answers unknown and names itself; it never says yes."""
    assert verdict(a_vm(**vm), **host) == (Allowed.UNKNOWN, filter_name)


@pytest.mark.parametrize(
    "vm",
    [
        {"cpu_mode": "host_passthrough"},
        {"type": "high_performance"},
        {"custom_emulated_machine": "pc-q35-rhel8.6.0"},
        {"custom_compatibility_version": "4.6"},
        {"lease_storage_domain_id": "nfs"},
        {"nics": (VmNic(id="n", name="nic1", vnic_profile_id="guests", plugged=False),)},
        {"nics": (VmNic(id="n", name="nic1"),)},
    ],
)
def test_what_equal_hosts_share_is_no_doubt(vm: dict[str, Any]) -> None:
    """Between hosts of one CPU and one software state, what the VM has of its own is fine."""
    assert verdict(a_vm(**vm)) == (Allowed.YES, set())


def test_threads_count_only_where_the_cluster_says_so() -> None:
    """20 vCPUs do not fit 16 cores with 32 threads, unless threads count as cores."""
    big = a_vm(cpu_sockets=20)
    assert verdict(big) == (Allowed.NO, {"CPU"})
    assert verdict(big, of_cluster={"threads_as_cores": True}) == (Allowed.YES, set())


@pytest.mark.parametrize(
    ("model", "host_type", "answer"),
    [
        ("Haswell-noTSX", SECURE_HASWELL, Allowed.YES),
        ("Skylake-Server,-hle,-rtm,-mpx", SECURE_HASWELL, Allowed.NO),
        ("Skylake-Server,-hle,-rtm,-mpx", SKYLAKE_SERVER, Allowed.YES),
        ("Skylake-Server", SECURE_HASWELL, Allowed.YES),
        ("Skylake-Client", SECURE_HASWELL, Allowed.YES),
        ("IvyBridge", SECURE_HASWELL, Allowed.YES),
    ],
)
def test_a_cpu_model_of_its_own(model: str, host_type: str, answer: Allowed) -> None:
    """The engine requires the flags of the type whose whole model is the VM's, and none for other models."""
    assert verdict(a_vm(custom_cpu_model=model), cpu_type=host_type)[0] == answer


def test_an_up_host_passed_the_engines_own_comparison_with_the_cluster() -> None:
    """Where flags do not tell, an up host satisfies the cluster's type: the engine compared them itself."""
    odd = {"cpu_type": SECURE_HASWELL}
    assert verdict(a_vm(), of_cluster=odd, cpu_type=SKYLAKE_SERVER) == (Allowed.YES, set())


def test_memory_counts_qemus_own_and_not_on_the_present_host() -> None:
    """1 GiB and one vCPU need 1,122 MiB elsewhere (recordings), nothing where the VM runs or is paused."""
    mib = 1024 * 1024
    assert verdict(a_vm(), max_scheduling_memory_bytes=1122 * mib)[0] == Allowed.YES
    assert verdict(a_vm(), max_scheduling_memory_bytes=1121 * mib) == (Allowed.NO, {"Memory"})
    assert verdict(a_vm(status="paused"), max_scheduling_memory_bytes=0)[0] == Allowed.YES
    assert verdict(a_vm(host_id="h2"), max_scheduling_memory_bytes=0)[0] == Allowed.YES


@pytest.mark.parametrize(
    ("vm", "allowed"),
    [
        ({"affinity": "pinned"}, []),
        ({"affinity": "pinned", "placement_host_ids": ("h2",)}, ["h2"]),
        ({"affinity": "pinned", "placement_host_ids": ("h2",), "host_id": None, "status": "down"}, ["h2"]),
        ({"affinity": "pinned", "host_id": None, "status": "down"}, ["h1", "h2"]),
        ({"affinity": "migratable", "placement_host_ids": ("h2",)}, ["h1", "h2"]),
        ({"affinity": "user_migratable"}, ["h1", "h2"]),
    ],
)
def test_pins(vm: dict[str, Any], allowed: list[str]) -> None:
    """Only a pinned VM is held to its list of hosts; for others the list is a wish for the start."""
    found = explain(an_inventory(vms=(a_vm(**vm),)), "web01")
    assert [v.host_name for v in found if v.allowed == "yes"] == allowed
    refused = {r.filter for v in found for r in v.reasons}
    assert refused <= {"PinToHost"}


def test_host_devices_hold_a_vm_where_they_are() -> None:
    """A VM with a device of h1 may run nowhere else."""
    device = HostDevice(id="d", name="pci_0000_3b_00_0", host_id="h1")
    hosts = (a_host("h1", device_passthrough=True), a_host("h2", device_passthrough=True))
    found = explain(an_inventory(hosts=hosts, vms=(a_vm(host_devices=(device,)),)), "web01")
    assert [(v.host_name, v.allowed) for v in found] == [("h1", "yes"), ("h2", "no")]
    assert {r.filter for r in found.verdicts[1].reasons} == {"HostDevice"}
    assert verdict(a_vm(host_devices=(device,)))[1] == {"HostDevice"}


def test_a_network_of_a_provider_is_passed_over() -> None:
    """A network of an external provider need not be on the host."""
    inventory = an_inventory()
    networks = tuple(
        msgspec.structs.replace(n, external_provider_id="ovn") if n.id == "guests" else n
        for n in inventory.networks
    )
    hosts = (a_host("h1"), without_network(a_host("h2"), "guests"))
    found = explain(an_inventory(networks=networks, hosts=hosts), "web01", "h2")
    assert found.verdicts[0].allowed == Allowed.YES


def test_an_unseen_profile_and_unseen_roles_are_doubts() -> None:
    """A profile or the roles of networks that the account may not see leave the answer open."""
    assert explain(an_inventory(vnic_profiles=()), "web01", "h2").verdicts[0].allowed == Allowed.UNKNOWN
    assert explain(an_inventory(cluster_networks=()), "web01", "h2").verdicts[0].allowed == Allowed.UNKNOWN


def test_a_cluster_without_display_role_asks_for_no_display_network() -> None:
    """Where no network has the role, none is missed."""
    members = cluster_networks(ovirtmgmt=("vm", "management"))
    hosts = (a_host("h1"), without_network(a_host("h2"), "ovirtmgmt"))
    found = explain(an_inventory(cluster_networks=members, hosts=hosts), "web01", "h2")
    assert found.verdicts[0].allowed == Allowed.YES


def test_a_cluster_without_cpu_type_leaves_cpu_level_open() -> None:
    """Without a CPU type nobody knows what the VM was promised."""
    assert verdict(a_vm(), of_cluster={"cpu_type": None}) == (Allowed.UNKNOWN, {"CPU-Level"})


def test_a_lease_on_an_inactive_domain_is_a_doubt() -> None:
    """The filter asks for a ready lease; a domain that is not active gives none."""
    attached = StorageDomainAttachment(data_center_id="dc", storage_domain_id="nfs", status="maintenance")
    inventory = an_inventory(storage_attachments=(attached,), vms=(a_vm(lease_storage_domain_id="nfs"),))
    found = explain(inventory, "web01", "h2").verdicts[0]
    assert (found.allowed, found.reasons[0].filter) == (Allowed.UNKNOWN, "VM leases ready")


def test_the_engines_own_answer_is_shown_and_disagreement_told() -> None:
    """Where the engine was asked, each verdict holds its answer, and a contradiction is a disagreement."""
    inventory = an_inventory(migration_targets={"web01": ("h1",)})
    found = explain(inventory, "web01")
    assert [(v.host_name, v.engine_allows, v.disagrees) for v in found] == [
        ("h1", True, False),
        ("h2", False, True),
    ]
    assert [v.host_name for v in found.disagreements] == ["h2"]
    assert explain(an_inventory(), "web01").verdicts[0].engine_allows is None


def test_names_are_looked_up_and_errors_are_named() -> None:
    """VM and host may be given by name or id; unknown and ambiguous names are errors."""
    two = an_inventory(vms=(a_vm("a", name="twin"), a_vm("b", name="twin")))
    with pytest.raises(AmbiguousName):
        explain(two, "twin")
    with pytest.raises(NotFound):
        explain(two, "nobody")
    with pytest.raises(NotFound):
        explain(two, "a", "nowhere")


def test_a_host_of_another_cluster_is_refused() -> None:
    """Verdicts are about the VM's own cluster."""
    inventory = an_inventory(
        clusters=(a_cluster(), a_cluster("other")), hosts=(a_host("h1"), a_host("x1", cluster_id="other"))
    )
    found = explain(inventory, "web01", "x1").verdicts[0]
    assert (found.allowed, found.reasons[0].filter) == (Allowed.NO, "Cluster")


def _many(vms: int, hosts: int) -> Inventory:
    return an_inventory(
        data_centers=(a_data_center(),),
        cluster_levels=(a_level(),),
        hosts=tuple(a_host(f"h{n}", nics=usual_nics(1)) for n in range(hosts)),
        vms=tuple(a_vm(f"v{n}", host_id=f"h{n % hosts}") for n in range(vms)),
    )


def test_equal_vms_and_hosts_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred equal VMs on twenty equal hosts cost one comparison, not four thousand."""
    asked: list[object] = []

    def counted(*args: Any) -> Any:
        asked.append(args)
        return judge(*args)

    monkeypatch.setattr("rhevmig.scheduling.scheduler.judge", counted)
    scheduler = Scheduler(_many(200, 20))
    for vm in scheduler.inventory.vms:
        assert len(scheduler.destinations(vm)) == 19
    assert len(asked) == 1


def test_a_changed_inventory_is_judged_anew() -> None:
    """What was found out stays with one inventory and is not carried over to a changed copy."""
    before = an_inventory()
    assert explain(before, "web01", "h2").verdicts[0].allowed == Allowed.YES
    assert explain(before, "web01", "h2") == explain(before, "web01", "h2")
    hosts = (a_host("h1"), a_host("h2", status="maintenance"))
    after = msgspec.structs.replace(before, hosts=hosts)
    assert explain(after, "web01", "h2").verdicts[0].allowed == Allowed.NO
    assert before == an_inventory()
