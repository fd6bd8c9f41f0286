"""A recording of moving VMs, asked of the lab again: same requests, at the same instants, in the same state.

The hosts behind the recorded engine were simulated, so how long a copy took, what progress was
reported and which host the weights preferred are not the engine's doing. They are read from the
recording and said to the lab beforehand (`Copies.scripts`, `Scheduler.preferred`), as is what other
people did meanwhile (`noise`). Everything that the engine says about it is the lab's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from lxml import etree

from rhevmig.lab.actions.hosts import UP_SAID_S
from rhevmig.lab.fault_injection.injector import FaultInjector
from rhevmig.lab.fault_injection.spec import InjectedFault
from rhevmig.lab.hosts.failures import BACK_S, CONNECTING_S
from rhevmig.lab.migration.lifecycle import HANDOVER_S
from rhevmig.lab.migration.memory_transfer import show_progress
from rhevmig.lab.scheduling.filters.network import host_networks, vm_networks
from rhevmig.lab.simulated_engine import SimulatedEngine
from rhevmig.lab.state.attribute_values import ref, tree_of, value_at
from rhevmig.lab.state.external_facts import TransferScript, use_facts
from rhevmig.lab.state.store import Entity, World
from rhevmig.lab.subsystems import subsystems_of
from rhevmig.recordings.exchange import Exchange
from verification.compare import Agreement, ReplayComparison
from verification.inputs import RecordedFacts, fit_places, fit_refusals
from verification.recorded_events import RecordedEvent, id_of, recorded_events, when

#: Events of other clients whatever they are about: logins and logouts of others, changes of clusters by the
#: engine (835) and by others (1114, 1146, 11501) that no request of the recording asked for.
OUTSIDE = frozenset((30, 31, 32, 835, 1114, 1146, 11501))

#: Members of a VM that its host's agent reports.
_REPORTED = ("fqdn", "guest_operating_system", "guest_time_zone")
#: Events that an act writes before it answers.
_ACTED = frozenset((62, 65, 67, 161, 600, 602, 620, 16, 35, 74, 606, 14001))
_ENDS = {63: True, 65: False, 120: False, 128: False, 161: False}
_SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}


class Replay:
    """One recording and the lab that is to say the same."""

    def __init__(
        self,
        engine: SimulatedEngine,
        exchanges: Sequence[Exchange],
        seen: Sequence[RecordedEvent] = (),
        *,
        without: Collection[str] = (),
    ) -> None:
        self.engine = engine
        #: Inputs that are left out (see `inputs.INPUTS`).
        self.without = frozenset(without)
        self.facts = RecordedFacts()
        use_facts(engine.world, self.facts)
        self.world: World = engine.world
        self.exchanges = list(exchanges)
        self.subsystems = subsystems_of(engine)
        self.events = self._all_events(seen)
        #: When each answer had come: at the latest when the next was asked, two seconds later at most.
        self._answered_s = [
            min(when(later), when(one) + 2.0)
            for one, later in pairwise([*self.exchanges, self.exchanges[-1]])
        ]
        self.began_s = when(self.exchanges[0])
        self._known = 0
        #: Correlation ids that the recording's own requests carry.
        self.sent = self._answered() | {
            found for one in self.exchanges for found in re.findall(r"correlation_id=([\w-]+)", one.target)
        }

    def _answered(self) -> set[str]:
        """Ids that the engine made up for the recording's own migrations, sent without one."""
        found = set()
        for number, exchange in enumerate(self.exchanges):
            migrate = re.search(r"/vms/([^/?]+)/migrate", exchange.target)
            if migrate is None or exchange.status != 200:
                continue
            began_s, until_s = when(exchange), self._answered_s[number]
            found |= {
                event.correlation_id
                for event in self.events
                if event.code == 62 and event.vm_id == migrate[1] and began_s <= event.at_s <= until_s
            }
        return found

    def _all_events(self, seen: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """What the recording shows, and what others show of its time."""
        found = {event.index: event for event in recorded_events(self.exchanges)}
        began_s, ended_s = when(self.exchanges[0]), when(self.exchanges[-1])
        for event in seen:
            if began_s <= event.at_s <= ended_s:
                found.setdefault(event.index, event)
        return [found[index] for index in sorted(found)]

    @staticmethod
    def _acts(exchange: Exchange) -> bool:
        return exchange.method != "GET" and "/sso/" not in exchange.target

    # -- the same state

    def prepare(self) -> None:
        """Say to the lab beforehand what is not the engine's doing."""
        clock = self.world.clock
        clock.start_s += self.began_s - clock.now_s
        known = [event for event in self.events if event.at_s < self._first_act_s()]
        self._known = max((event.index for event in known), default=0)
        for event in known:
            if self.world.find("events", str(event.index)) is None:
                self.world.add("events", str(event.index), dict(event.attrs))
        last = self.events[0].index - 1 if self.events else self.engine.events.last_index
        self.world.lab_counters["event"] = max((event.index for event in known), default=last)
        if self._uses("places"):
            fit_places(self.world, self.exchanges, [one for one in self.events if one.index > self._known])
        if self._uses("refusals"):
            fit_refusals(self.world, self.exchanges)
        if self._uses("NIC failures"):
            self.facts.unplugged = [one.vm_id for one in self.events if one.code == 1013]
        self._count_loads()
        self.subsystems.balancer.is_on = False
        if self._uses("other clients"):
            self._plan_outside()
        self._plan_hosts()
        if self._uses("silent hosts"):
            self._plan_trouble()
        if self._uses("engine restart"):
            self._plan_restart()

    def _count_loads(self) -> None:
        """Loads that no opening answer shows follow from the VMs; those shown stay until the next poll."""
        opening = [one.answer for one in self.exchanges if when(one) < self._first_act_s()]
        for host in self.world.all("hosts"):
            if not any(host.id in text and "<max_scheduling_memory>" in text for text in opening):
                self.subsystems.loads.refresh(host)

    def _uses(self, name: str) -> bool:
        return name not in self.without

    def _first_act_s(self) -> float:
        acting = next((one for one in self.exchanges if self._acts(one)), self.exchanges[-1])
        return when(acting)

    # -- what comes from outside

    def is_outside(self, event: RecordedEvent) -> bool:
        """Whether somebody else's doing made this event."""
        if event.code in OUTSIDE or event.cluster in ("lab", "labcluster", "verifycluster"):
            return True
        if event.vm_id and self.world.find("vms", event.vm_id) is None:
            return True
        if (
            event.code in (204, 980)
            and event.text.rstrip(".").partition("Data Center ")[2].split(".")[0] == "lab"
        ):
            return True
        if self._is_anothers(event):
            return True
        if event.code == 606 and not any(one.target.endswith("/refresh") for one in self.exchanges):
            return True
        if event.code == 17 and not any(
            one.code in (600, 602, 620) and one.host_id == event.host_id for one in self.events
        ):
            return True
        if event.correlation_id in self.sent or "failed validation" in event.text:
            return False
        return event.code in (63, 65, 120, 128) and self._began_before(event)

    def _is_anothers(self, event: RecordedEvent) -> bool:
        """A migration that another user of the same engine asked for."""
        is_one = event.code in (62, 63, 120, 128, 65) and len(event.correlation_id) == 36
        return is_one and event.correlation_id not in self.sent and "failed validation" not in event.text

    def _began_before(self, event: RecordedEvent) -> bool:
        """The end of a migration that was under way when the recording began."""
        return not any(
            start.code in (62, 67) and start.vm_id == event.vm_id and self._known < start.index <= event.index
            for start in self.events
        )

    def _plan_outside(self) -> None:
        first_s, last_s = self._first_act_s(), 0.0
        for event in self.events:
            if event.at_s >= first_s and self.is_outside(event):
                last_s = max(last_s, self._moment(event))  # their numbers count, not their instants
                vm = self.world.find("vms", event.vm_id)
                if vm is not None and event.code in (63, 65, 120) and self._began_before(event):
                    self.world.set(vm, "status", "migrating")
                self.world.agenda.at(last_s, partial(self._add, event), "from outside")

    def _moment(self, event: RecordedEvent) -> float:
        """When it happened: before the act in whose course it came, if the act wrote its own event later."""
        for exchange, until_s in zip(self.exchanges, self._answered_s, strict=True):
            began_s = when(exchange)
            if not self._acts(exchange) or not began_s <= event.at_s <= until_s:
                continue
            acted = any(
                event.index < other.index and began_s <= other.at_s <= until_s and other.code in _ACTED
                for other in self.events
            )
            return began_s - 0.0005 if acted else event.at_s
        return event.at_s

    def _add(self, event: RecordedEvent) -> None:
        self.engine.events.add({name: value for name, value in event.attrs.items() if name != "index"})
        theirs = self._is_anothers(event) or (event.code in (63, 65, 120) and self._began_before(event))
        vm = self.world.find("vms", event.vm_id) if theirs else None
        if vm is None:
            return
        destination = self._host(re.search(r"Destination: ([^,)]+)", event.text))
        if event.code == 62:
            self.world.set(vm, "status", "migrating")
        elif event.code == 63 and destination is not None:
            self.world.update(vm, {"status": "up", "host": ref(destination.id)})
        elif event.code in (65, 120):
            self.world.set(vm, "status", "up")

    # -- what the hosts did

    def _plan_reported(self) -> None:
        """What host agents report of guests (name, system, console) comes and goes by their own clocks."""
        for exchange in self.exchanges:
            if exchange.method != "GET" or "<vm " not in exchange.answer or exchange.status != 200:
                continue
            for element in etree.fromstring(exchange.answer.encode()).iter("vm"):
                if element.find("status") is not None:
                    self._plan_guest(when(exchange) - 0.001, element)

    def _plan_guest(self, at_s: float, element: etree._Element) -> None:
        vm = self.world.find("vms", element.get("id"))
        if vm is None:
            return
        attrs = tree_of(element)
        reported = {name: attrs.get(name) for name in _REPORTED}
        for path in ("display.port", "display.address"):
            if value_at(attrs, path) is not None:
                reported[path] = value_at(attrs, path)

        if attrs.get("status") == "paused":  # its storage failed it, which is no act of the engine
            reported |= {"status": "paused", "status_detail": attrs.get("status_detail")}

        def report() -> None:
            if any(vm.get(path) != value for path, value in reported.items()):
                self.world.update(vm, reported)

        self.world.agenda.at(at_s, report, "guest agent")

    def _plan_capabilities(self) -> None:
        """What a host says of itself at its next refresh: memory, CPU flags that it lost or has again."""
        lost = {
            event.host_id: match[1].split(", ")
            for event in self.events
            if event.code == 515 and (match := re.search(r"Missing CPU features : (.*)$", event.text))
        }
        told: set[str] = set()
        for number, exchange in enumerate(self.exchanges):
            match = re.search(r"/hosts/([^/]+)/(refresh|activate)$", exchange.target)
            host = self.world.find("hosts", match[1]) if match and exchange.status == 200 else None
            if host is None or match is None:
                continue
            report: dict[str, Any] = {
                "cpu_flags_lost": () if host.id in told else tuple(lost.get(host.id, ()))
            }
            told.add(host.id)
            report |= self._next_sight(host.id, self.exchanges[number + 1 :])
            at_s = when(exchange) - 0.0005
            if match[2] == "activate" and self._uses("activation"):
                self._plan_answer(host, at_s)
            if self._uses("capabilities"):
                act = partial(self.facts.reports.update, {host.id: report})
                self.world.agenda.at(at_s, act, "capabilities")

    def _plan_answer(self, host: Entity, at_s: float) -> None:
        """How long the host takes to answer after its activation."""
        up = next(
            (one for one in self.events if one.code == 13 and one.host_id == host.id and one.at_s > at_s),
            None,
        )
        if up is not None:
            wait_s = max(0.0, up.at_s - at_s - UP_SAID_S)
            act = partial(self.facts.answers_after_s.update, {host.id: wait_s})
            self.world.agenda.at(at_s, act, "activation")

    def _next_sight(self, host_id: str, later: list[Exchange]) -> dict[str, Any]:
        for exchange in later:
            if (
                exchange.method == "GET"
                and "/hosts" in exchange.target
                and exchange.answer.startswith("<?xml")
            ):
                for element in etree.fromstring(exchange.answer.encode()).iter("host"):
                    if element.get("id") == host_id and element.findtext("memory"):
                        attrs = tree_of(element)
                        return {name: attrs[name] for name in ("memory", "cpu") if name in attrs}
        return {}

    def _had_networks(self, vm_id: str, host: Entity) -> None:
        """The engine _accepted this host, so it had the VM's networks, whatever the crawl saw later."""
        vm = self.world.find("vms", vm_id)
        if host.text("status") != "up":
            self.world.update(host, {"status": "up", "status_detail": None})
        present = host_networks(self.world, host)
        for network in vm_networks(self.world, vm) if vm is not None else ():
            if network.id not in present:
                nic = next(
                    (nic for nic in self.world.children(host, "nics") if not nic.text("base_interface")), None
                )
                attrs: dict[str, Any] = {
                    "in_sync": "true",
                    "network": ref(network.id),
                    "host": ref(host.id),
                }
                if nic is not None:
                    attrs["host_nic"] = ref(nic.id)
                new_id = self.world.new_id("attachment", f"{host.id}/{network.id}")
                self.world.add("hosts/networkattachments", new_id, attrs, parent=host)

    def _plan_hosts(self) -> None:
        if self._uses("guests"):
            self._plan_reported()
        self._plan_capabilities()
        mine = [
            event
            for event in self.events
            if event.at_s >= self._first_act_s() - 1 and not self.is_outside(event)
        ]
        progress = self._progress()
        moving = {event.vm_id for event in mine if event.code in (62, 67)}
        for vm_id in progress.keys() - moving if self._uses("old progress") else ():
            vm = self.world.find("vms", vm_id)
            if vm is not None:
                show_progress(self.world, vm, progress[vm_id][0][1])
        for event in mine:
            taken = (
                re.search(r"\(Address: ([^)]*)\), Data Center (.*)\.$", event.text)
                if event.code == 204
                else None
            )
            center = self.world.named("datacenters", taken[2]) if taken else None
            host = next(
                (one for one in self.world.all("hosts") if taken and one.text("address") == taken[1]), None
            )
            if center is not None and host is not None:
                self.facts.managers.setdefault(center.id, []).append(host.id)
        if not self._uses("SPM"):
            self.facts.managers.clear()
        for number, start in enumerate(mine):
            if start.code == 67 and "Reason: Affinity rules" in start.text:
                if self._uses("affinity"):
                    self.world.agenda.at(start.at_s, self._enforce, "affinity")
            elif start.code == 67 and self._uses("evacuation order"):
                self.facts.leaving.setdefault(start.host_id, []).append(start.vm_id)
            if start.code in (62, 67):
                self._plan_copy(start, mine[number + 1 :], progress.get(start.vm_id, []))

    def _seen_on(self, vm_id: str, destination: Entity | None) -> float:
        """When an answer first shows the VM on its destination: its arrival may leave no event."""
        for exchange in self.exchanges:
            if destination is None or exchange.method != "GET" or vm_id not in exchange.answer:
                continue
            if "<vm " in exchange.answer and exchange.answer.startswith("<?xml"):
                for element in etree.fromstring(exchange.answer.encode()).iter("vm"):
                    if element.get("id") == vm_id and id_of(element, "host") == destination.id:
                        return when(exchange) - 0.001
        return self.began_s + 1e9

    def _enforce(self) -> None:
        """The engine's minute is not the recording's."""
        self.subsystems.balancer.is_on = True
        self.subsystems.balancer.look()
        self.subsystems.balancer.is_on = False

    def _plan_copy(
        self, start: RecordedEvent, later: list[RecordedEvent], progress: list[tuple[float, int]]
    ) -> None:
        destination = self._host(re.search(r"Destination: ([^,)]+)", start.text))
        if destination is not None and self._uses("acceptances"):
            self._had_networks(start.vm_id, destination)
        if destination is not None and self._uses("destinations"):
            self.facts.destinations.setdefault(start.vm_id, []).append(destination.id)
        if self._uses("transfers"):
            script = self._script(start, later, progress, destination)
            self.facts.transfers.setdefault(start.vm_id, []).append(script)

    def _script(
        self,
        start: RecordedEvent,
        later: list[RecordedEvent],
        progress: list[tuple[float, int]],
        destination: Entity | None,
    ) -> TransferScript:
        """What the hosts did with a migration, from its end in the events."""
        end = next(
            (
                event
                for event in later
                if event.vm_id == start.vm_id
                and event.code in _ENDS
                and (event.code == 161 or event.correlation_id == start.correlation_id)
            ),
            None,
        )
        if end is None:
            at_s = self._seen_on(start.vm_id, destination) - HANDOVER_S
            return TransferScript(ends_at_s=at_s, progress=_within(progress, start.at_s, at_s))
        reported = _within(progress, start.at_s, end.at_s)
        if end.code == 63:
            return TransferScript(
                ends_at_s=self._moment(end) - HANDOVER_S,
                downtime_ms=_number(r"downtime: (\d+)ms", end.text),
                duration_s=_seconds(end.text, "Duration"),
                total_s=_seconds(end.text, "Total"),
                progress=reported,
            )
        if end.code == 161:
            return TransferScript(ends_at_s=end.at_s + 1e6, progress=reported)
        error = re.search(r"due to an Error: (.*?)(?: \(VM:|\. Trying to)", end.text)
        return TransferScript(ends_at_s=end.at_s, error=error[1] if error else "", progress=reported)

    def _host(self, match: re.Match[str] | None) -> Entity | None:
        return self.world.named("hosts", match[1]) if match else None

    def _progress(self) -> dict[str, list[tuple[float, int]]]:
        """When each VM's progress was first seen at a value, just before it was asked."""
        found: dict[str, list[tuple[float, int]]] = {}
        for exchange in self.exchanges:
            match = re.search(r"/vms/([^/]+)/statistics$", exchange.target)
            if match is None or exchange.status != 200:
                continue
            for statistic in etree.fromstring(exchange.answer.encode()):
                if statistic.findtext("name") == "migration.progress":
                    percent = int(float(statistic.findtext("values/value/datum") or 0))
                    found.setdefault(match[1], []).append((when(exchange) - 0.001, percent))
        return found

    def _plan_trouble(self) -> None:
        """Hosts that stopped answering and came back, as their recorded statuses tell."""
        seen: dict[str, str] = {}
        for exchange in self.exchanges:
            if exchange.method != "GET" or exchange.status != 200 or "<host " not in exchange.answer:
                continue
            for element in etree.fromstring(exchange.answer.encode()).iter("host"):
                host = self.world.find("hosts", element.get("id"))
                status = element.findtext("status")
                if host is None or status is None or status == seen.get(host.id):
                    continue
                before, seen[host.id] = seen.get(host.id, ""), status
                at_s = when(exchange)
                if status == "connecting" and before == "up":
                    self.world.agenda.at(
                        at_s - CONNECTING_S - 0.5, partial(self.subsystems.failures.die, host), "dies"
                    )
                elif status == "up" and before == "non_responsive":
                    self.world.agenda.at(
                        at_s - BACK_S - 0.1, partial(self.subsystems.failures.revive, host), "back"
                    )

    def _plan_restart(self) -> None:
        """The engine starts when it says so, and was away since the last answer before."""
        for event in self.events:
            if event.code != 10780 or event.index <= self._known:
                continue
            before = [when(one) for one in self.exchanges if when(one) < event.at_s]
            stop_s = max(before, default=event.at_s - 1.0) + 0.3
            began_s = self.world.clock.start_s
            fault = InjectedFault(kind="engine_restart", at_s=stop_s - began_s, seconds=event.at_s - stop_s)
            faults = self.engine.parts["faults"]
            assert isinstance(faults, FaultInjector)
            faults.plant(fault)

    # -- the same requests

    def run(self) -> list[Agreement]:
        """Ask the lab everything, each at its instant."""
        self.prepare()
        return ReplayComparison(self.engine).run(self.exchanges)


def _within(progress: list[tuple[float, int]], start_s: float, end_s: float) -> tuple[tuple[float, int], ...]:
    found: list[tuple[float, int]] = []
    for at_s, percent in progress:
        if start_s <= at_s <= end_s and (not found or found[-1][1] != percent):
            found.append((at_s, percent))
    return tuple(found)


def _number(pattern: str, text: str) -> int | None:
    match = re.search(pattern, text)
    return int(match[1]) if match else None


def _seconds(text: str, name: str) -> float | None:
    match = re.search(rf"{name}: ([^,)]*)", text)
    if match is None:
        return None
    parts: list[Any] = re.findall(r"(\d+) (day|hour|minute|second)", match[1])
    return float(sum(int(count) * _SECONDS[unit] for count, unit in parts))
