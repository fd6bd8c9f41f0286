"""Saving and loading an inventory of 5,000 VMs, made of a recorded one by copying its VMs and disks."""

from __future__ import annotations

import statistics
import tempfile
import uuid
from pathlib import Path

import msgspec

import rhevmig
from benchmarks.harness import Claim, repeated
from rhevmig.inventory import Disk, Inventory, Vm
from tests.recorded import recorded_inventory

VMS = 5000
MAX_S = 0.5


def measure() -> list[Claim]:
    """Both ways, each under half a second."""
    inventory = grown(VMS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.json"
        saving = repeated(lambda: inventory.save(path), n=7)
        loading = repeated(lambda: rhevmig.load(path), n=7)
        assert rhevmig.load(path) == inventory
        size_mib = path.stat().st_size / 2**20
    return [_claim(f"save {VMS:,} VMs ({size_mib:.0f} MiB)", saving), _claim(f"load {VMS:,} VMs", loading)]


def grown(vms: int) -> Inventory:
    """The recorded inventory with so many VMs, each with ids and disks of its own."""
    inventory = recorded_inventory()
    disks = {disk.id: disk for disk in inventory.disks}
    more_vms: list[Vm] = []
    more_disks: list[Disk] = []
    for number in range(vms):
        origin = inventory.vms[number % len(inventory.vms)]
        attachments = []
        for attachment in origin.disk_attachments or ():
            disk_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{number}/{attachment.disk_id}"))
            attachments.append(msgspec.structs.replace(attachment, disk_id=disk_id))
            more_disks.append(msgspec.structs.replace(disks[attachment.disk_id], id=disk_id))
        more_vms.append(
            msgspec.structs.replace(
                origin,
                id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"vm {number}")),
                name=f"{origin.name}-{number}",
                disk_attachments=tuple(attachments),
            )
        )
    return msgspec.structs.replace(inventory, vms=tuple(more_vms), disks=tuple(more_disks))


def _claim(claim: str, seconds: list[float]) -> Claim:
    value = statistics.median(seconds)
    return Claim(
        claim=claim,
        value=value,
        unit="s",
        low=min(seconds),
        high=max(seconds),
        n=len(seconds),
        aim=f"< {MAX_S} s",
        holds=value < MAX_S,
    )
