"""Faults on purpose, as data: what goes wrong, with whom, the how-manieth time.

A mishap waits for its moment: an instant (`at_s` after the lab's start), a request (`path`, `method`) or
the start of a migration (`vm`, `host`). Of the moments that match, `skip` pass, then `count` are hit,
each with `probability`. In a scenario they stand under `faults`; the control endpoint plants them while
the lab runs. `mishap_kinds` says what each kind does.
"""

from __future__ import annotations

import random
import re
from fnmatch import fnmatchcase
from functools import partial
from typing import Literal

import msgspec

from rhevmig.errors import ScenarioInvalid
from rhevmig.lab.copying import Copy
from rhevmig.lab.exchange import Request, Response
from rhevmig.lab.mishap_kinds import ON_ANSWERS, ON_COPIES, ON_REQUESTS, ON_WORLD, Stage
from rhevmig.lab.moves import Moves
from rhevmig.lab.world import Entity

__all__ = ["Mishap", "Mishaps", "read_mishaps"]

Kind = Literal[
    "answer_lost",
    "reset",
    "silent",
    "cut",
    "cut_xml",
    "slow",
    "html",
    "status",
    "no_content_type",
    "session_expired",
    "destination_dies",
    "source_dies",
    "copy_breaks",
    "never_converges",
    "guest_dies",
    "post_copy_loss",
    "nic_replug_fails",
    "downtime_unknown",
    "host_dies",
    "host_revives",
    "link_down",
    "link_up",
    "link_slow",
    "clock_drift",
    "storage_stalls",
    "storage_back",
    "another_moves",
    "another_cancels",
    "engine_restart",
    "engine_maintenance",
    "vm_locked",
    "vm_unlocked",
    "maintenance_asked",
]


class Mishap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    #: What happens.
    kind: Kind
    #: What it is called; for removing it again and for reading the log.
    name: str = ""
    #: Name or pattern (`web*`) of the VM.
    vm: str | None = None
    #: Name or pattern of the host: of a migration's destination, or the host it is about.
    host: str | None = None
    #: Regular expression that a request's path with query must hold.
    path: str | None = None
    #: Method of the request.
    method: str | None = None
    #: Simulated seconds after the lab's start at which it happens by itself.
    at_s: float | None = None
    #: Simulated seconds between its moment and what happens.
    after_s: float = 0.0
    #: Moments that match and pass unharmed.
    skip: int = 0
    #: Moments that are hit then; None: all.
    count: int | None = 1
    #: Chance of each, from the mishap's own seed.
    probability: float = 1.0
    #: Seed of that chance.
    seed: int = 0
    #: Error that a host gives, or text of a page.
    error: str | None = None
    #: How long it lasts, or how slow it is, or by how much a clock drifts, seconds.
    seconds: float = 0.0
    #: Share of its speed that a slow link keeps.
    factor: float = 0.1
    #: Status code of an answer put in place of the engine's.
    status: int = 503
    #: Host that another actor moves a VM to.
    to: str | None = None
    #: Network interface.
    nic: str | None = None
    #: Engine restart: a proxy in front answers 503 HTML meanwhile instead of a reset connection.
    proxy: bool = False

    def fits_vm(self, vm: Entity | None) -> bool:
        """Whether the VM is meant."""
        return self.vm is None or (vm is not None and fnmatchcase(vm.name, self.vm))

    def fits_host(self, host: Entity | None) -> bool:
        """Whether the host is meant."""
        return self.host is None or (host is not None and fnmatchcase(host.name, self.host))


def read_mishaps(raw: object, *, file: str = "<faults>") -> list[Mishap]:
    """Mishaps from plain data; a misspelt key is refused with its place."""
    try:
        return msgspec.convert(raw, type=list[Mishap])
    except msgspec.ValidationError as error:
        raise ScenarioInvalid(file=file, detail=f"faults: {error}") from error


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
        moves.copies.on_start.append(self._copy_starts)
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
            "another_moves",
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

    def _before(self, request: Request) -> Response | None:
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

    def _is_asked(self, mishap: Mishap, request: Request, target: str) -> bool:
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

    def _after(self, request: Request, response: Response) -> Response:
        for mishap in self._answering:
            response = ON_ANSWERS[mishap.kind](mishap, response)
        self._answering = []
        return response

    def _copy_starts(self, copy: Copy) -> None:
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
