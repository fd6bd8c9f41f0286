"""What the engine validates before it schedules."""

from __future__ import annotations

from typing import Any

import pytest

from rhevmig.inventory import DiskAttachment, HostDevice, VmNic, VnicProfile
from rhevmig.scheduling import explain, vm_obstacles
from tests.builders import a_disk, a_host, a_vm, an_inventory


def codes(vm: dict[str, Any], **inventory: Any) -> list[tuple[str, str]]:
    built = an_inventory(vms=(a_vm(**vm),), **inventory)
    return [(o.code, o.allowed.value) for o in vm_obstacles(built, built.vms[0])]


@pytest.mark.parametrize(
    ("vm", "code"),
    [
        ({"affinity": "pinned"}, "pinned"),
        ({"affinity": "user_migratable"}, "user_migratable"),
        ({"status": "down"}, "status"),
        ({"status": "not_responding"}, "status"),
        ({"status": "a word of a newer engine"}, "status"),
        ({"status": "migrating"}, "migrating"),
        ({"status": "paused", "status_detail": "eio"}, "io_error"),
        (
            {"disk_attachments": (DiskAttachment(disk_id="disk", active=True, uses_scsi_reservation=True),)},
            "scsi_reservation",
        ),
        ({"host_devices": (HostDevice(id="d", name="pci_1"),)}, "host_device"),
    ],
)
def test_each_obstacle_has_its_word(vm: dict[str, Any], code: str) -> None:
    """One difference gives one obstacle, with a sentence and a remedy."""
    assert codes(vm) == [(code, "no")]
    built = an_inventory(vms=(a_vm(**vm),))
    (obstacle,) = vm_obstacles(built, built.vms[0])
    assert obstacle.sentence
    assert obstacle.remedy


@pytest.mark.parametrize("status", ["up", "powering_up", "paused", "reboot_in_progress"])
def test_status_words_that_migrate(status: str) -> None:
    """The engine takes a migration in these; paused without an I/O error is fine."""
    assert codes({"status": status}) == []


def test_only_force_gets_past_user_migratable() -> None:
    """The obstacle says that force helps, and a pinned VM is helped by nothing."""
    by_word = {
        word: vm_obstacles(an_inventory(), a_vm(affinity=word))[0].force_helps
        for word in ("user_migratable", "pinned")
    }
    assert by_word == {"user_migratable": True, "pinned": False}


@pytest.mark.parametrize(("status", "code"), [("locked", "locked_disk"), ("illegal", "illegal_disk")])
def test_disks_in_trouble(status: str, code: str) -> None:
    """A plugged disk that is locked or illegal refuses; an unplugged one does not."""
    disks = (a_disk(status=status),)
    assert codes({}, disks=disks) == [(code, "no")]
    unplugged = (DiskAttachment(disk_id="disk", active=False),)
    assert codes({"disk_attachments": unplugged}, disks=disks) == []


@pytest.mark.parametrize(
    ("profile", "plugged", "expected"),
    [
        ({"pass_through": "enabled"}, True, [("pass_through_nic", "no")]),
        ({"pass_through": "enabled", "migratable": True}, True, []),
        ({"pass_through": "enabled"}, False, []),
        ({"pass_through": "disabled"}, True, []),
    ],
)
def test_pass_through_nics(profile: dict[str, Any], plugged: bool, expected: list[tuple[str, str]]) -> None:
    """A plugged pass-through NIC refuses unless its profile may migrate."""
    profiles = (VnicProfile(id="guests", name="guests", network_id="guests", **profile),)
    nic = VmNic(id="n", name="nic1", vnic_profile_id="guests", plugged=plugged)
    assert codes({"nics": (nic,)}, vnic_profiles=profiles) == expected


def test_a_lost_source_host_refuses() -> None:
    """A VM on a host that does not answer cannot be moved off it."""
    hosts = (a_host("h1", status="non_responsive"), a_host("h2"))
    assert codes({}, hosts=hosts) == [("source_host", "no")]


def test_what_could_not_be_read_is_an_unknown_obstacle() -> None:
    """Parts that were not read are told, and the VM is not called migratable."""
    assert codes({"affinity": None}) == [("unobserved", "unknown")]
    assert codes({"nics": None, "disk_attachments": None}) == [("unobserved", "unknown")]
    assert explain(an_inventory(vms=(a_vm(affinity=None),)), "web01").is_migratable == "unknown"


def test_migratable_needs_a_destination() -> None:
    """No obstacle but no other host: not migratable; only doubtful hosts: unknown."""
    alone = an_inventory(hosts=(a_host("h1"),))
    assert explain(alone, "web01").is_migratable == "no"
    doubtful = an_inventory(hosts=(a_host("h1"), a_host("h2", max_scheduling_memory_bytes=None)))
    assert explain(doubtful, "web01").is_migratable == "unknown"
