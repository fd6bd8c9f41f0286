"""The counted answer for many VMs equals the explained one."""

from __future__ import annotations

from collections import Counter

import pytest

from rhevmig.inventory import HostDevice, Inventory
from rhevmig.scheduling import Scheduler
from tests.builders import EPYC, a_group, a_host, a_vm, an_inventory
from tests.recorded import recorded_inventory


def mixed() -> Inventory:
    """Equal VMs, a pinned one, one with devices, two apart, one paused, one of unknown size."""
    return an_inventory(
        hosts=(
            a_host("h1"),
            a_host("h2"),
            a_host("h3", status="maintenance"),
            a_host("h4", cpu_type=EPYC),
            a_host("h5", max_scheduling_memory_bytes=0),
        ),
        vms=(
            a_vm("a"),
            a_vm("b", host_id="h2"),
            a_vm("pinned", affinity="pinned", placement_host_ids=("h1",)),
            a_vm("forced", affinity="user_migratable"),
            a_vm("device", host_devices=(HostDevice(id="d", name="pci_0", host_id="h1"),)),
            a_vm("apart1"),
            a_vm("apart2", host_id="h2"),
            a_vm("paused", status="paused"),
            a_vm("sized", memory_bytes=None),
            a_vm("full", host_id="h5"),
        ),
        affinity_groups=(a_group("g", vms=("apart1", "apart2"), vms_rule="apart"),),
    )


@pytest.mark.parametrize("inventory", [mixed(), recorded_inventory()], ids=["mixed", "recorded"])
def test_the_summary_counts_what_the_explanation_lists(inventory: Inventory) -> None:
    """Destinations, doubts, refusals per filter and the answer itself agree for every VM."""
    scheduler = Scheduler(inventory)
    for vm in inventory.vms:
        summary, explained = scheduler.summarize(vm), scheduler.explain(vm)
        others = [v for v in explained if not v.is_current_host]
        assert summary.migratability == explained.migratability
        assert summary.destination_ids == tuple(v.host_id for v in explained.destinations)
        assert summary.unknown_ids == tuple(v.host_id for v in others if v.allowed == "unknown")
        assert summary.other_hosts == len(others)
        assert summary.filters == Counter(f for v in others for f in {r.filter for r in v.reasons})
        assert summary.obstacles == explained.obstacles
        assert summary.disagreeing_ids == tuple(v.host_id for v in explained.disagreements)


def test_equal_vms_share_a_class() -> None:
    """VMs that differ only by name and host are one class; pins, devices and rules make a class per VM."""
    scheduler = Scheduler(mixed())
    classes = {vm.name: scheduler.class_of(vm) for vm in scheduler.inventory.vms}
    assert classes["a"] == classes["b"] == classes["forced"] == classes["full"]
    alone = ["pinned", "device", "apart1", "apart2", "paused", "sized"]
    assert len({classes[name] for name in ("a", *alone)}) == len(alone) + 1


def test_only_force_moves_a_user_migratable_vm() -> None:
    """The answer distinguishes a VM that needs force from one that cannot be moved."""
    scheduler = Scheduler(mixed())
    answers = {vm.name: scheduler.summarize(vm).migratability for vm in scheduler.inventory.vms}
    assert answers["a"] == "yes"
    assert answers["forced"] == "only with force"
    assert answers["pinned"] == "no"
    assert answers["sized"] == "unknown"
