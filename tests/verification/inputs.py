"""What a replay reads from the recording that it is compared with, each input by name.

Durations and failures of transfers, agents' reports and other clients' acts are not in any request, so
the recording is their only source. Each input can be left out: the fidelity page prints the agreement
without each of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from rhevmig.lab.state.attribute_values import ref
from rhevmig.lab.state.external_facts import ACTIVATION_S, ExternalFacts, TransferScript
from rhevmig.lab.state.store import Entity, World
from rhevmig.recordings.exchange import Exchange
from verification.recorded_events import RecordedEvent, id_of, when

#: Every input that a replay takes from the recording besides the requests and their instants.
INPUTS: Mapping[str, str] = {
    "places": "the host on which each VM ran at first, from the earliest event or answer that shows it",
    "refusals": "networks that a host lacked and snapshots that were locked, from the texts of refusals",
    "acceptances": "networks that a host had, and that it was up, because a migration to it was accepted",
    "destinations": "the host chosen among those that pass the filters, from events 62 and 67",
    "evacuation order": "the order in which VMs left a host, from events 67",
    "SPM": "the next storage pool manager, from event 204",
    "transfers": "duration, downtime, failure and reported progress of each memory transfer, from events "
    "63, 65, 120, 128, 161, from `migration.progress` and from the first answer that shows the VM on its "
    "destination",
    "old progress": "the progress that a VM's statistics keep from a migration before the recording",
    "guests": "what guest agents and hosts report of VMs (name, system, time zone, console, pause by a "
    "storage error), from the answers that show it",
    "capabilities": "memory, CPU and lost CPU flags that hosts report at a refresh, from event 515 and the "
    "next answer that shows the host",
    "activation": "seconds until an activated host answered, from event 13",
    "NIC failures": "that the host failed to plug a NIC, from event 1013",
    "silent hosts": "when a host stopped and began to answer, from the statuses in the answers",
    "engine restart": "when the engine stopped and started, from event 10780",
    "affinity": "when the engine enforced affinity, from event 67",
    "other clients": "what other clients and other sites' hosts did, from their events",
}


class RecordedFacts(ExternalFacts):
    """The facts of one recording instead of a simulation."""

    def __init__(self) -> None:
        self.transfers: dict[str, list[TransferScript]] = {}
        self.destinations: dict[str, list[str]] = {}
        self.leaving: dict[str, list[str]] = {}
        self.managers: dict[str, list[str]] = {}
        self.reports: dict[str, dict[str, Any]] = {}
        self.answers_after_s: dict[str, float] = {}
        self.unplugged: list[str] = []

    def transfer(self, vm: Entity, source: Entity, destination: Entity) -> TransferScript | None:
        scripts = self.transfers.get(vm.id)
        return scripts.pop(0) if scripts else None

    def destination(self, vm: Entity, passing: Sequence[Entity]) -> Entity | None:
        return _next(self.destinations.get(vm.id), passing)

    def evacuation_order(self, host: Entity, vms: Sequence[Entity]) -> Sequence[Entity]:
        order = self.leaving.get(host.id, [])
        return sorted(vms, key=lambda vm: order.index(vm.id) if vm.id in order else len(order))

    def storage_pool_manager(self, data_center: Entity, candidates: Sequence[Entity]) -> Entity | None:
        return _next(self.managers.get(data_center.id), candidates)

    def activation_s(self, host: Entity) -> float:
        return self.answers_after_s.pop(host.id, ACTIVATION_S)

    def plugs_nic(self, vm: Entity) -> bool:
        failed = vm.id in self.unplugged
        if failed:
            self.unplugged.remove(vm.id)
        return not failed

    def capabilities(self, host: Entity) -> dict[str, Any]:
        return self.reports.pop(host.id, {})


def _next(recorded: list[str] | None, candidates: Sequence[Entity]) -> Entity | None:
    """The recorded choice that comes next, where it is possible."""
    chosen = next((one for one in candidates if recorded and one.id == recorded[0]), None)
    if chosen is not None and recorded:
        recorded.pop(0)
    return chosen


# -- the state at the start


def fit_refusals(world: World, exchanges: Sequence[Exchange]) -> None:
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


def fit_places(world: World, exchanges: Sequence[Exchange], events: Sequence[RecordedEvent]) -> None:
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
