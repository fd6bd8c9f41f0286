"""The state in which a rehearsal begins, as far as only the recording itself can tell it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from rhevmig.lab.state.attribute_values import ref
from rhevmig.lab.state.store import Entity, World
from rhevmig.recordings.exchange import Exchange
from verification.recorded_events import Recorded, id_of, when


def fit(world: World, exchanges: Sequence[Exchange], events: Sequence[Recorded]) -> None:
    """Put VMs, networks and snapshots where the recording's answers and events presuppose them."""
    _fit_places(world, exchanges, events)
    _fit_state(world, exchanges)


def _fit_state(world: World, exchanges: Sequence[Exchange]) -> None:
    """What an acceptance or a refusal says of a state that no answer shows: networks, snapshots under way."""
    for exchange in exchanges:
        migrate = re.search(r"/vms/([^/?]+)/migrate", exchange.target)
        vm = world.find("vms", migrate[1]) if migrate else None
        if vm is None or exchange.method != "POST":
            continue
        missing = re.search(
            r"The host (\S+) did not .* because network\(s\) (.*?) are missing", exchange.answer
        )
        host = world.named("hosts", missing[1]) if missing else None
        if host is not None and missing is not None:
            _take_away(world, host, missing[2].split(", "))
        _set_snapshots(world, exchanges, vm, locked="Snapshot is currently being created" in exchange.answer)


def _fit_places(world: World, exchanges: Sequence[Exchange], events: Sequence[Recorded]) -> None:
    """Where each VM ran at first: what the earliest event or answer about it says."""
    first: dict[str, tuple[float, str]] = {}
    for event in events:
        if event.code in (62, 67) and event.vm_id:
            first.setdefault(event.vm_id, (event.at_s, event.host_id))
    for exchange in exchanges:
        if exchange.status == 200 and "<vm " in exchange.answer and exchange.method in ("GET", "PUT"):
            for element in etree.fromstring(exchange.answer.encode()).iter("vm"):
                vm_id, seen = str(element.get("id")), (when(exchange), id_of(element, "host"))
                if seen[1] and (vm_id not in first or seen[0] < first[vm_id][0]):
                    first[vm_id] = seen
    for vm_id, (_, host_id) in first.items():
        vm = world.find("vms", vm_id)
        if vm is not None and vm.text("status") == "paused":
            world.update(vm, {"status": "up", "status_detail": None})
        if vm is not None and vm.ref("host") != host_id and world.find("hosts", host_id):
            world.update(vm, {"host": ref(host_id), "status": "up"})


def _take_away(world: World, host: Entity, names: list[str]) -> None:
    for attachment in world.children(host, "networkattachments"):
        network = world.find("networks", attachment.ref("network"))
        if network is not None and network.name in names:
            world.remove(attachment)


def _set_snapshots(world: World, exchanges: Sequence[Exchange], vm: Entity, *, locked: bool) -> None:
    snapshots = world.children(vm, "snapshots")
    regular = [entry for entry in snapshots if entry.text("snapshot_type") != "active"]
    made_here = any(one.method == "POST" and one.target.endswith("/snapshots") for one in exchanges)
    if locked and not regular and not made_here:
        attrs = {"snapshot_status": "locked", "snapshot_type": "regular", "description": "before change"}
        world.add("vms/snapshots", world.new_id("snapshot", vm.id), attrs, parent=vm)
    for attachment in world.children(vm, "diskattachments"):
        disk = world.find("disks", attachment.ref("disk"))
        if disk is not None and not locked and disk.text("status") == "locked":
            world.set(disk, "status", "ok")
    for snapshot in regular:
        world.set(snapshot, "snapshot_status", "locked" if locked else "ok")
