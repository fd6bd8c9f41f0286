"""Plants faults and lets them strike: what goes wrong, on which object, at which occurrence.

A fault waits for its moment: an instant (`at_s` after the lab's start), a request (`path`, `method`) or
the start of a migration (`vm`, `host`). Of the moments that match, `skip` pass, then `count` are hit,
each with `probability`. A scenario lists them under `faults`; the control endpoint plants them
while the lab runs. `effects` implements each kind.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rhevmig.lab.fault_injection.effects import ON_ANSWERS, ON_COPIES, ON_REQUESTS, ON_WORLD, FaultTargets
from rhevmig.lab.fault_injection.spec import InjectedFault, read_faults
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.migration.memory_transfer import Copy
from rhevmig.lab.state.external_facts import ExternalFacts, TransferScript, use_facts
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Subsystems


@dataclass(eq=False)
class _Planted:
    number: int
    fault: InjectedFault
    met: int = 0
    hit: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.fault.seed)

    def strikes(self) -> bool:
        """Whether this moment, which matches, is hit."""
        fault = self.fault
        if fault.count is not None and self.hit >= fault.count:
            return False
        self.met += 1
        if self.met <= fault.skip:
            return False
        if fault.probability < 1.0 and self.chance.random() >= fault.probability:
            return False
        self.hit += 1
        return True


class _FaultyHosts(ExternalFacts):
    """Hosts as simulated, with faults that wait for a memory transfer."""

    def __init__(self, begins: Callable[[Entity], None]) -> None:
        self._begins = begins

    def transfer(self, vm: Entity, source: Entity, destination: Entity) -> TransferScript | None:
        """Let faults strike; the transfer itself is simulated."""
        self._begins(vm)
        return None


class FaultInjector:
    """All faults of one lab."""

    def __init__(self, subsystems: Subsystems) -> None:
        self.subsystems = subsystems
        self.world = subsystems.world
        self.targets = FaultTargets(subsystems)
        self.planted: dict[int, _Planted] = {}
        #: What struck, when and whom: for tests and for the control endpoint.
        self.log: list[tuple[float, str, str]] = []
        self._number = 0
        self._answering: list[InjectedFault] = []
        subsystems.engine.before.append(self._before)
        subsystems.engine.after.append(self._after)
        use_facts(self.world, _FaultyHosts(self._transfer_begins))
        for fault in read_faults(self.world.faults):
            self.plant(fault)

    def plant(self, fault: InjectedFault) -> int:
        """From now on it waits for its moment; returns its number."""
        self._number += 1
        planted = _Planted(self._number, fault)
        self.planted[self._number] = planted
        if fault.at_s is not None:
            at_s = self.world.clock.start_s + fault.at_s
            self.world.agenda.at(at_s, partial(self._at_last, planted), f"fault {fault.kind}")
        elif (
            fault.path is None
            and fault.method is None
            and fault.kind in ON_WORLD
            and not self._by_copy(fault)
        ):
            self.world.agenda.after(fault.after_s, partial(self._at_last, planted), f"fault {fault.kind}")
        return self._number

    def _by_copy(self, fault: InjectedFault) -> bool:
        """A fault of the world that waits for a migration to start."""
        return fault.kind in (
            "another_cancels",
            "engine_restart",
            "host_dies",
            "session_expired",
        ) and (fault.vm is not None)

    def remove(self, number: int) -> bool:
        """It no longer waits."""
        return self.planted.pop(number, None) is not None

    # -- moments

    def _at_last(self, planted: _Planted) -> None:
        if planted.number in self.planted and planted.strikes():
            self._world_strikes(planted.fault, None)

    def _before(self, request: LabRequest) -> LabResponse | None:
        self._answering = []
        answer = self.targets.during_outage(request)
        if answer is not None:
            return answer
        target = request.path + ("?" + request.query if request.query else "")
        for planted in list(self.planted.values()):
            fault = planted.fault
            if not self._is_asked(fault, request, target) or not planted.strikes():
                continue
            self._note(fault, request.path)
            if fault.kind in ON_ANSWERS:
                self._answering.append(fault)
            elif fault.kind in ON_WORLD and not (fault.kind in ON_REQUESTS and fault.after_s == 0):
                self.world.agenda.after(fault.after_s, partial(self._world_strikes, fault, None), fault.kind)
            else:
                answer = answer or ON_REQUESTS[fault.kind](self.targets, fault, request)
        return answer

    def _is_asked(self, fault: InjectedFault, request: LabRequest, target: str) -> bool:
        if fault.at_s is not None or (fault.path is None and fault.method is None):
            return False
        if fault.method is not None and fault.method.upper() != request.method:
            return False
        if fault.path is not None and not re.search(fault.path, target):
            return False
        vm = self.targets.vm_in(request.path)
        host = self.targets.host_in(request.path)
        about_vm = fault.vm is None or fault.fits_vm(vm) or fault.kind in ON_WORLD
        return about_vm and (fault.host is None or fault.fits_host(host) or fault.kind in ON_WORLD)

    def _after(self, request: LabRequest, response: LabResponse) -> LabResponse:
        for fault in self._answering:
            response = ON_ANSWERS[fault.kind](fault, response)
        self._answering = []
        return response

    def _transfer_begins(self, vm: Entity) -> None:
        copy = self.subsystems.copies.active[vm.id]
        for planted in list(self.planted.values()):
            fault = planted.fault
            if fault.at_s is not None or fault.path is not None or fault.method is not None:
                continue
            if fault.kind not in ON_COPIES and not self._by_copy(fault):
                continue
            host = copy.source if fault.kind == "source_dies" else copy.destination
            if fault.fits_vm(copy.vm) and fault.fits_host(host) and planted.strikes():
                self._note(fault, copy.vm.name)
                if fault.kind in ON_COPIES:
                    ON_COPIES[fault.kind](self.targets, fault, copy)
                else:
                    act = partial(self._world_strikes, fault, copy)
                    self.world.agenda.after(fault.after_s, act, f"fault {fault.kind}")

    def _world_strikes(self, fault: InjectedFault, copy: Copy | None) -> None:
        self._note(fault, fault.vm or fault.host or "")
        ON_WORLD[fault.kind](self.targets, fault, copy)

    def _note(self, fault: InjectedFault, whom: str) -> None:
        self.log.append((self.world.clock.now_s, fault.name or fault.kind, whom))
