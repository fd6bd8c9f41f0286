"""Faults on purpose, as data: what goes wrong, with whom, the how-manieth time.

A mishap waits for its moment: an instant (`at_s` after the lab's start), a request (`path`, `method`) or
the start of a migration (`vm`, `host`). Of the moments that match, `skip` pass, then `count` are hit,
each with `probability`. In a scenario they stand under `faults`; the control endpoint plants them while
the lab runs. `mishap_kinds` says what each kind does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial

from rhevmig.lab.fault_injection.effects import ON_ANSWERS, ON_COPIES, ON_REQUESTS, ON_WORLD, Stage
from rhevmig.lab.fault_injection.spec import Mishap, read_mishaps
from rhevmig.lab.http.request import LabRequest, LabResponse
from rhevmig.lab.migration.memory_transfer import Copy
from rhevmig.lab.state.external_facts import ExternalFacts, TransferScript, use_facts
from rhevmig.lab.state.store import Entity
from rhevmig.lab.subsystems import Moves


class _Planted:
    def __init__(self, number: int, mishap: Mishap) -> None:
        self.number = number
        self.mishap = mishap
        self.met = 0
        self.hit = 0
        self.chance = random.Random(mishap.seed)

    def strikes(self) -> bool:
        """Whether this moment, which matches, is hit."""
        mishap = self.mishap
        if mishap.count is not None and self.hit >= mishap.count:
            return False
        self.met += 1
        if self.met <= mishap.skip:
            return False
        if mishap.probability < 1.0 and self.chance.random() >= mishap.probability:
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


class Mishaps:
    """All mishaps of one lab."""

    def __init__(self, moves: Moves) -> None:
        self.moves = moves
        self.world = moves.world
        self.stage = Stage(moves)
        self.planted: dict[int, _Planted] = {}
        #: What struck, when and whom: for tests and for the control endpoint.
        self.log: list[tuple[float, str, str]] = []
        self._number = 0
        self._answering: list[Mishap] = []
        moves.engine.before.append(self._before)
        moves.engine.after.append(self._after)
        use_facts(self.world, _FaultyHosts(self._transfer_begins))
        for mishap in read_mishaps(self.world.faults):
            self.plant(mishap)

    def plant(self, mishap: Mishap) -> int:
        """From now on it waits for its moment; returns its number."""
        self._number += 1
        planted = _Planted(self._number, mishap)
        self.planted[self._number] = planted
        if mishap.at_s is not None:
            at_s = self.world.clock.start_s + mishap.at_s
            self.world.agenda.at(at_s, partial(self._at_last, planted), f"mishap {mishap.kind}")
        elif (
            mishap.path is None
            and mishap.method is None
            and mishap.kind in ON_WORLD
            and not self._by_copy(mishap)
        ):
            self.world.agenda.after(mishap.after_s, partial(self._at_last, planted), f"mishap {mishap.kind}")
        return self._number

    def _by_copy(self, mishap: Mishap) -> bool:
        """A mishap of the world that waits for a migration to start."""
        return mishap.kind in (
            "another_cancels",
            "engine_restart",
            "host_dies",
            "session_expired",
        ) and (mishap.vm is not None)

    def remove(self, number: int) -> bool:
        """It no longer waits."""
        return self.planted.pop(number, None) is not None

    # -- moments

    def _at_last(self, planted: _Planted) -> None:
        if planted.number in self.planted and planted.strikes():
            self._world_strikes(planted.mishap, None)

    def _before(self, request: LabRequest) -> LabResponse | None:
        self._answering = []
        answer = self.stage.during_outage(request)
        if answer is not None:
            return answer
        target = request.path + ("?" + request.query if request.query else "")
        for planted in list(self.planted.values()):
            mishap = planted.mishap
            if not self._is_asked(mishap, request, target) or not planted.strikes():
                continue
            self._note(mishap, request.path)
            if mishap.kind in ON_ANSWERS:
                self._answering.append(mishap)
            elif mishap.kind in ON_WORLD and not (mishap.kind in ON_REQUESTS and mishap.after_s == 0):
                self.world.agenda.after(
                    mishap.after_s, partial(self._world_strikes, mishap, None), mishap.kind
                )
            else:
                answer = answer or ON_REQUESTS[mishap.kind](self.stage, mishap, request)
        return answer

    def _is_asked(self, mishap: Mishap, request: LabRequest, target: str) -> bool:
        if mishap.at_s is not None or (mishap.path is None and mishap.method is None):
            return False
        if mishap.method is not None and mishap.method.upper() != request.method:
            return False
        if mishap.path is not None and not re.search(mishap.path, target):
            return False
        vm = self.stage.vm_in(request.path)
        host = self.stage.host_in(request.path)
        about_vm = mishap.vm is None or mishap.fits_vm(vm) or mishap.kind in ON_WORLD
        return about_vm and (mishap.host is None or mishap.fits_host(host) or mishap.kind in ON_WORLD)

    def _after(self, request: LabRequest, response: LabResponse) -> LabResponse:
        for mishap in self._answering:
            response = ON_ANSWERS[mishap.kind](mishap, response)
        self._answering = []
        return response

    def _transfer_begins(self, vm: Entity) -> None:
        copy = self.moves.copies.active[vm.id]
        for planted in list(self.planted.values()):
            mishap = planted.mishap
            if mishap.at_s is not None or mishap.path is not None or mishap.method is not None:
                continue
            if mishap.kind not in ON_COPIES and not self._by_copy(mishap):
                continue
            host = copy.source if mishap.kind == "source_dies" else copy.destination
            if mishap.fits_vm(copy.vm) and mishap.fits_host(host) and planted.strikes():
                self._note(mishap, copy.vm.name)
                if mishap.kind in ON_COPIES:
                    ON_COPIES[mishap.kind](self.stage, mishap, copy)
                else:
                    act = partial(self._world_strikes, mishap, copy)
                    self.world.agenda.after(mishap.after_s, act, f"mishap {mishap.kind}")

    def _world_strikes(self, mishap: Mishap, copy: Copy | None) -> None:
        self._note(mishap, mishap.vm or mishap.host or "")
        ON_WORLD[mishap.kind](self.stage, mishap, copy)

    def _note(self, mishap: Mishap, whom: str) -> None:
        self.log.append((self.world.clock.now_s, mishap.name or mishap.kind, whom))
