"""STO-001, STO-002: shared storage, and disks on it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rhevmig.inventory import DiskAttachment, Inventory, StorageDomainAttachment, Unobserved
from tests.builders import a_data_center, a_disk, a_vm, an_inventory
from tests.unit.checks.judged import findings, statuses, the_unknown


def domain(**difference: Any) -> Inventory:
    """The usual inventory with another kind of storage domain."""
    usual = an_inventory()
    changed = msgspec.structs.replace(usual.storage_domains[0], **difference)
    return msgspec.structs.replace(usual, storage_domains=(changed,))


def test_sto_001_silent_on_shared_storage() -> None:
    """A shared data center passes, visibly."""
    assert statuses("STO-001", an_inventory()) == {"dc": "pass"}


def test_sto_001_fires_on_local_storage() -> None:
    """A local data center fails, and so does a local domain in one that calls itself shared."""
    local = an_inventory(data_centers=(a_data_center(local=True),))
    assert statuses("STO-001", local) == {"dc": "fail"}
    assert findings("STO-001", local)["dc"].severity == "blocker"
    assert statuses("STO-001", domain(storage_type="localfs")) == {"dc": "fail"}


def test_sto_001_unknown_where_it_is_not_told() -> None:
    """Absent is not shared; the reading's own reason is passed on."""
    unseen = Unobserved(kind="data_center", what="all", reason="refused", remedy="Give ReadOnlyAdmin.")
    found = the_unknown(
        "STO-001", an_inventory(data_centers=(a_data_center(local=None),), unobserved=(unseen,))
    )
    assert found.missing == "data_center.local"
    assert found.remedy == "Give ReadOnlyAdmin. (refused)"


def test_sto_002_silent_on_an_active_shared_domain() -> None:
    """A disk on an active domain passes; a VM without plugged disks has nothing to judge."""
    unplugged = a_vm("bare", disk_attachments=(DiskAttachment(disk_id="disk", active=False),))
    inventory = an_inventory(vms=(a_vm(), a_vm("none", disk_attachments=()), unplugged))
    assert statuses("STO-002", inventory) == {
        "web01": "pass",
        "none": "not_applicable",
        "bare": "not_applicable",
    }


@pytest.mark.parametrize("status", ["inactive", "maintenance", "locked", "mixed", "unknown"])
def test_sto_002_fires_on_a_domain_that_is_not_active(status: str) -> None:
    """Any status but active fails and is shown."""
    attached = StorageDomainAttachment(data_center_id="dc", storage_domain_id="nfs", status=status)
    found = findings("STO-002", an_inventory(storage_attachments=(attached,)))["web01"]
    assert found.status == "fail"
    assert [(row.observed, row.expected) for row in found.evidence] == [(status, "active")]


def test_sto_002_fires_on_local_storage() -> None:
    """A local domain fails although it is active."""
    assert statuses("STO-002", domain(storage_type="localfs")) == {"web01": "fail"}


@pytest.mark.parametrize(
    "difference",
    [
        {"vms": (a_vm(disk_attachments=None),)},
        {"disks": ()},
        {"storage_attachments": ()},
        {"disks": (a_disk(storage_type="lun", storage_domain_ids=()),)},
        {"disks": (a_disk(storage_type="managed_block_storage"),)},
        {"disks": (a_disk(storage_domain_ids=()),)},
    ],
)
def test_sto_002_unknown_where_a_disk_or_its_domain_is_not_seen(difference: dict[str, Any]) -> None:
    """Disks not read, a disk not seen, a domain without status, a direct LUN: never a pass."""
    the_unknown("STO-002", an_inventory(**difference))
