"""A fault as data: what goes wrong, on which object, at which moments."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from rhevmig.errors import ScenarioInvalid
from rhevmig.lab.state.store import Entity

FaultKind = Literal[
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
    "ha_flag_fails",
]


class InjectedFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong."""

    kind: FaultKind
    #: What it is called; for removing it again and for reading the log.
    name: str = ""
    #: Name or pattern (`web*`) of the VM.
    vm: str | None = None
    #: Name or pattern of the host: of a migration's destination, or the host it is about.
    host: str | None = None
    #: Regular expression that a request's path with query must hold.
    path: str | None = None
    method: str | None = None
    #: Simulated seconds after the lab's start at which it happens by itself.
    at_s: float | None = None
    #: Simulated seconds between its moment and what happens.
    after_s: float = 0.0
    #: Moments that match and pass unharmed.
    skip: int = 0
    #: Moments that are hit then; None: all.
    count: int | None = 1
    #: Chance of each, from the fault's own seed.
    probability: float = 1.0
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
    nic: str | None = None
    #: Engine restart: a proxy in front answers 503 HTML meanwhile instead of a reset connection.
    proxy: bool = False
    #: Engine restart: with a relay in front, connections are refused until it starts, not reset.
    refused: bool = False

    def fits_vm(self, vm: Entity | None) -> bool:
        """Whether the fault applies to the VM."""
        return self.vm is None or (vm is not None and fnmatchcase(vm.name, self.vm))

    def fits_host(self, host: Entity | None) -> bool:
        """Whether the fault applies to the host."""
        return self.host is None or (host is not None and fnmatchcase(host.name, self.host))


def read_faults(raw: object, *, file: str = "<faults>") -> list[InjectedFault]:
    """FaultInjector from plain data; a misspelt key is refused with its place."""
    try:
        return msgspec.convert(raw, type=list[InjectedFault])
    except msgspec.ValidationError as error:
        raise ScenarioInvalid(file=file, detail=f"faults: {error}") from error
