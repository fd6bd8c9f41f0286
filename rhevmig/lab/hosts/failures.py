"""Hosts in trouble: one that dies and comes back, links that go down, clocks that drift, storage that stalls.

A host that stops answering shows `connecting` after 25 seconds and `non_responsive` some minutes later,
its VMs `unknown` from then on (recording `host-non-responsive-with-vms`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rhevmig.lab.migration.lifecycle import Migrations
from rhevmig.lab.migration.memory_transfer import LOST_DESTINATION, Copies
from rhevmig.lab.state.event_publisher import EventPublisher
from rhevmig.lab.state.store import Entity

if TYPE_CHECKING:
    from rhevmig.lab.api.engine_state import EngineState

#: Seconds of silence until `connecting`, and until `non_responsive`.
CONNECTING_S = 25.0
NON_RESPONSIVE_S = 250.0
#: Seconds until a source notices that its destination is gone.
LOST_S = 2.0
#: Seconds from a host's first answer to `up`.
BACK_S = 3.0
#: Seconds from then until its VMs are seen again.
SEEN_S = 10.0
#: Drift that the engine tolerates, seconds; beyond it writes an event once an hour (HostTimeDriftInSec).
MAX_DRIFT_S = 300
DRIFT_EVERY_S = 3600.0
DRIFT_LOOK_S = 15.0


class HostFailures:
    """Failures of hosts and their repair."""

    def __init__(
        self, engine: EngineState, copies: Copies, migrations: Migrations, publisher: EventPublisher
    ) -> None:
        self.engine = engine
        self.world = engine.world
        self.copies = copies
        self.migrations = migrations
        self.publisher = publisher
        for host in self.world.all("hosts"):
            if abs(int(host.lab.get("clock_drift_s", 0))) > MAX_DRIFT_S:
                self.drift(host, int(host.lab["clock_drift_s"]))

    # -- a host dies

    def die(self, host: Entity) -> None:
        """The host stops answering; the engine notices it later."""
        host.lab["dead"] = True
        for copy in self.copies.involving(host.id):
            if copy.destination.id == host.id:
                act = partial(self.copies.break_off, copy.vm.id, LOST_DESTINATION)
                self.world.agenda.after(LOST_S, act, "lost")
            else:
                self.copies.vanish(copy.vm.id)
        for vm in self.world.referring("vms", "host", host.id):
            vm.lab["source_unreachable"] = True
        self.world.agenda.after(CONNECTING_S, lambda: self._connecting(host), f"{host.name} is silent")
        self.world.agenda.after(NON_RESPONSIVE_S, lambda: self._non_responsive(host), f"{host.name} is lost")

    def _connecting(self, host: Entity) -> None:
        if host.lab.get("dead") and host.text("status") not in ("maintenance", "down"):
            self.world.set(host, "status", "connecting")
            self._say_silent(host)
            self.publisher.publish(9027, host, host=host.name)

    def _say_silent(self, host: Entity) -> None:
        address, silent_ms = host.text("address") or host.name, int(CONNECTING_S * 900)
        message = f"Connection timeout for host '{address}', last response arrived {silent_ms} ms ago."
        self.publisher.publish(10802, host, host=host.name, command="Get Host Capabilities", message=message)

    def _non_responsive(self, host: Entity) -> None:
        if not host.lab.get("dead") or host.text("status") == "maintenance":
            return
        self._say_silent(host)
        self.world.set(host, "status", "non_responsive")
        self.publisher.publish(12, host, host=host.name)
        self.publisher.publish(9028, host, host=host.name)
        for vm in self.world.referring("vms", "host", host.id):
            self.migrations.abandon(vm)
            if vm.text("status") not in ("down", "unknown"):
                vm.lab["status_known"] = "up" if vm.text("status") == "migrating" else vm.text("status")
                self.world.set(vm, "status", "unknown")
                self.publisher.publish(142, vm, vm=vm.name)

    def revive(self, host: Entity) -> None:
        """The host answers again."""
        if not host.lab.pop("dead", False):
            return
        for vm in self.world.referring("vms", "host", host.id):
            vm.lab.pop("source_unreachable", None)
        self.world.agenda.after(BACK_S, lambda: self._back(host), f"{host.name} is back")

    def _back(self, host: Entity) -> None:
        if host.text("status") in ("connecting", "non_responsive"):
            self.world.set(host, "status", "up")
            self.publisher.publish_own(13, host, host=host.name)
        self.world.agenda.after(SEEN_S, lambda: self._vms_are_back(host), f"VMs of {host.name}")

    def _vms_are_back(self, host: Entity) -> None:
        for vm in self.world.referring("vms", "host", host.id):
            if vm.text("status") == "unknown":
                status = str(vm.lab.pop("status_known", "up"))
                self.world.set(vm, "status", status)
                self.publisher.publish(163, vm, vm=vm.name, status=status.capitalize())

    # -- links

    def slow_links(self, host: Entity, factor: float) -> None:
        """Every migration through the host gets this share of what it had; 0 is a dead link, 1 heals it."""
        host.lab["link_factor"] = factor
        self.copies.share()

    def cut_nic(self, host: Entity, nic_name: str, *, up: bool = False) -> None:
        """A NIC goes down or up again: copies over it stop making progress."""
        factors = host.lab.setdefault("nic_factors", {})
        for nic in self.world.children(host, "nics"):
            if nic.name == nic_name or nic.text("base_interface") == nic_name:
                self.world.set(nic, "status", "up" if up else "down")
                factors[nic.id] = 1.0 if up else 0.0
        state = "up" if up else "down"
        self.publisher.publish(609 if up else 610, host, interface=nic_name, host=host.name, state=state)
        self.copies.share()

    # -- clocks

    def drift(self, host: Entity, seconds: int) -> None:
        """The host's clock differs; the engine writes event 604 once an hour while it does."""
        host.lab["clock_drift_s"] = seconds
        if abs(seconds) > MAX_DRIFT_S and not host.lab.get("drift_watched"):
            host.lab["drift_watched"] = True
            self.world.agenda.after(
                self._first_look_s(host), lambda: self._say_drift(host), f"clock of {host.name}"
            )

    def _first_look_s(self, host: Entity) -> float:
        """An hour after the last event 604; soon, if there was none."""
        from datetime import datetime

        said = [
            datetime.fromisoformat(event.text("time")).timestamp()
            for event in self.world.all("events")
            if event.text("code") == "604" and event.ref("host") == host.id
        ]
        if not said:
            return DRIFT_LOOK_S
        return max(DRIFT_LOOK_S, max(said) + DRIFT_EVERY_S - self.world.clock.now_s)

    def _say_drift(self, host: Entity) -> None:
        seconds = abs(int(host.lab.get("clock_drift_s", 0)))
        if seconds <= MAX_DRIFT_S:
            host.lab.pop("drift_watched", None)
            return
        if host.text("status") == "up":
            self.publisher.publish(604, host, host=host.name, seconds=seconds)
        self.world.agenda.after(DRIFT_EVERY_S, lambda: self._say_drift(host), f"clock of {host.name}")

    # -- storage and guests

    def stall_storage(self, vm: Entity) -> None:
        """A write of the VM fails: it is paused."""
        if vm.text("status") in ("up", "migrating"):
            self.copies.break_off(vm.id)
            self.world.update(vm, {"status": "paused", "status_detail": "eio"})
            self.publisher.publish(145, vm, vm=vm.name)

    def storage_is_back(self, vm: Entity) -> None:
        """The VM goes on."""
        if vm.text("status") == "paused" and vm.text("status_detail") == "eio":
            self.world.update(vm, {"status": "up", "status_detail": None})
            self.publisher.publish(196, vm, vm=vm.name)

    def guest_dies(self, vm: Entity) -> None:
        """The VM's process ends while it moves: 64 at once, 119 when the engine has looked again."""
        source = self.world.find("hosts", vm.ref("host"))
        self.publisher.publish(64, vm, source, vm=vm.name, source=source.name if source else "<UNKNOWN>",
                       error="Lost connection with qemu process")  # fmt: skip
        self.copies.vanish(vm.id)
        self.migrations.abandon(vm)

        def down() -> None:
            self.world.update(vm, {"status": "down", "host": None})
            message = "internal error: process exited while connecting to monitor"
            self.publisher.publish(119, vm, source, vm=vm.name, message=message)

        self.world.agenda.after(5.0, down, f"{vm.name} is down")
