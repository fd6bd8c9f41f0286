"""Our filters beside the answers of a real engine's scheduler."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import AffinityGroup, Vm
from rhevmig.scheduling import Scheduler, place, required_bytes
from rhevmig.units import MIB
from tests.builders import a_group
from tests.recorded import recorded_inventory

INVENTORY = recorded_inventory()
RUNNING = [vm for vm in INVENTORY.vms if vm.id in INVENTORY.migration_targets]


def test_every_running_vm_was_asked_for() -> None:
    """The recording holds the engine's answer for all seventeen running VMs."""
    assert len(RUNNING) == 17
    assert {vm.id for vm in INVENTORY.vms if vm.host_id} == {vm.id for vm in RUNNING}


@pytest.mark.parametrize("vm", RUNNING, ids=lambda vm: vm.name)
def test_we_agree_with_the_engine_about_every_host(vm: Vm) -> None:
    """The same hosts, host by host, with no doubt left.

    The engine's answer holds the VM's present host too: it does not apply the filter Migration there.
    """
    found = Scheduler(INVENTORY).explain(vm)
    assert found.disagreements == ()
    ours = {v.host_id for v in found if v.allowed == "yes"}
    assert ours == set(INVENTORY.migration_targets[vm.id])
    assert not [v for v in found if v.allowed == "unknown"]
    assert vm.host_id in INVENTORY.migration_targets[vm.id]


def names(vm_name: str) -> dict[str, set[str]]:
    """Host → filters that refuse it."""
    found = Scheduler(INVENTORY).explain(INVENTORY.vm(vm_name))
    return {v.host_name: {r.filter for r in v.reasons} for v in found if v.reasons}


def test_the_reasons_are_those_that_a_person_finds() -> None:
    """A missing guests' network, VMs kept apart, a licence for two hosts, a pin."""
    assert names("app02") == {"kvm01": {"Network"}}
    assert names("web01") == {"kvm01": {"Network"}, "kvm02": {"VmAffinityGroups"}}
    assert names("erp01") == {
        "kvm07": {"VmToHostsAffinityGroups"},
        "kvm10": {"VmToHostsAffinityGroups"},
    }
    assert names("amd-web01") == {"kvm05": {"PinToHost"}}


def test_memory_is_reckoned_as_the_engine_does() -> None:
    """What VMs take from a host's memory for scheduling adds up to the MiB, over- and undercommitted.

    kvm03 is left out: it holds memory for a VM on its way.
    """
    reserved_mib = 386
    for name in (
        "kvm01",
        "kvm02",
        "kvm04",
        "kvm05",
        "kvm06",
        "kvm07",
        "kvm08",
        "kvm09",
        "kvm10",
        "kvm11",
        "kvm12",
    ):
        host = INVENTORY.host(name)
        percent = INVENTORY.cluster(host.cluster_id).memory_overcommit_percent or 100
        room_mib = (host.memory_bytes or 0) // MIB * percent // 100 - reserved_mib
        taken_mib = sum((required_bytes(vm) or 0) // MIB for vm in INVENTORY.vms_on(host))
        assert room_mib - taken_mib == (host.max_scheduling_memory_bytes or 0) // MIB, name


def test_every_host_of_the_recorded_engine_can_be_emptied_but_one() -> None:
    """Only the pinned VM finds no place, and no VM goes where the engine would refuse it."""
    homeless = []
    for host in INVENTORY.hosts:
        for found in place(INVENTORY, INVENTORY.vms_on(host), exclude_host_ids={host.id}):
            if found.destination_host_id is None:
                homeless.append(INVENTORY.vm(found.vm_id).name)
            else:
                assert found.destination_host_id in INVENTORY.migration_targets[found.vm_id]
    assert homeless == ["amd-web01"]


def at_another_moment(
    *groups: AffinityGroup, memory_mib: dict[str, int] | None = None, **placed: str
) -> dict[str, bool]:
    """Our answer for app01 with kvm01 on the guests' network, as it was then; VMs placed by name."""
    guests = next(n for n in INVENTORY.host("kvm02").nics or () if n.name == "eth0.102")
    hosts = []
    for host in INVENTORY.hosts:
        change: dict[str, Any] = {}
        if host.name == "kvm01":
            change = {"nics": (*(host.nics or ()), guests)}
        if memory_mib and host.name in memory_mib:
            change["max_scheduling_memory_bytes"] = memory_mib[host.name] * MIB
        hosts.append(msgspec.structs.replace(host, **change))
    vms = [
        msgspec.structs.replace(vm, host_id=INVENTORY.host(placed[vm.name]).id) if vm.name in placed else vm
        for vm in INVENTORY.vms
    ]
    then = msgspec.structs.replace(
        INVENTORY, hosts=tuple(hosts), vms=tuple(vms), affinity_groups=groups, migration_targets={}
    )
    found = Scheduler(then).explain(then.vm("app01"))
    assert not [v for v in found if v.allowed == "unknown"]
    return {v.host_name: v.allowed == "yes" for v in found}


def test_we_agree_at_three_other_recorded_moments() -> None:
    """Recordings `targets-query`, `migrate-refused-memory`, `affinity-groups`: the engine's answers."""
    assert at_another_moment() == {"kvm01": True, "kvm02": True, "kvm03": True, "kvm04": True}
    scarce = {"kvm01": 540, "kvm02": 0, "kvm04": 540}
    assert at_another_moment(memory_mib=scarce, app01="kvm03") == {
        "kvm01": False,
        "kvm02": False,
        "kvm03": True,
        "kvm04": False,
    }
    members = (INVENTORY.vm("app01").id, INVENTORY.vm("app02").id)
    apart = msgspec.structs.replace(
        a_group("apart", vms=members, vms_rule="apart"), cluster_id=INVENTORY.cluster("tulsa-intel").id
    )
    assert at_another_moment(apart, app01="kvm03", app02="kvm02") == {
        "kvm01": True,
        "kvm02": False,
        "kvm03": True,
        "kvm04": True,
    }


def test_destinations_are_the_hosts_without_any_reason() -> None:
    """The quick answer for many VMs is the explained one."""
    scheduler = Scheduler(INVENTORY)
    for vm in INVENTORY.vms:
        explained = [v.host_name for v in scheduler.explain(vm).destinations]
        assert [host.name for host in scheduler.destinations(vm)] == explained
