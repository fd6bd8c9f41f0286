"""What a watcher is told while a campaign runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from rhevmig.migration.outcome import Outcome
from rhevmig.units import format_duration


class Phase(StrEnum):
    """Our step, of a VM or of a host."""

    #: Not started yet.
    WAITING = "waiting"
    #: Asked for; no byte copied yet.
    QUEUED = "queued"
    #: Copying.
    COPYING = "copying"
    #: A cancel was asked for.
    CANCELLING = "cancelling"
    #: It looks ended; how is being found out.
    SETTLING = "settling"
    #: Ended; see the outcome.
    DONE = "done"
    #: The engine does not answer; nothing is started until it does.
    ENGINE_AWAY = "engine_away"
    #: The host is on its way into maintenance.
    ENTERING_MAINTENANCE = "entering_maintenance"
    #: The host is in maintenance.
    IN_MAINTENANCE = "in_maintenance"
    #: The host is on its way back.
    ACTIVATING = "activating"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One step of one VM, or of the host, or (both ids None) of the campaign."""

    #: Campaign.
    campaign_id: str
    #: When, by the clock of the campaign.
    at: datetime
    #: Our step.
    phase: Phase
    #: VM.
    vm_id: str | None = None
    #: Host, where it concerns a host.
    host_id: str | None = None
    #: Name of the VM or host.
    name: str = ""
    #: Name of the host that the VM leaves.
    source: str | None = None
    #: Name of the host that it goes to; None while the engine has not said.
    destination: str | None = None
    #: Copied, in percent, as the engine tells it; None while it tells nothing.
    percent: float | None = None
    #: Seconds since it was asked for.
    elapsed_s: float | None = None
    #: Seconds that it should still take; None where nothing can be said.
    remaining_s: float | None = None
    #: How it ended.
    outcome: Outcome | None = None
    #: Moves that have ended.
    done: int = 0
    #: Moves in all.
    total: int = 0
    #: Anything else to say.
    note: str = ""

    def __str__(self) -> str:
        parts = [f"[{self.done}/{self.total}]", self.name or "campaign", self.phase.value.replace("_", " ")]
        if self.source and self.phase in (Phase.QUEUED, Phase.COPYING):
            parts.append(f"{self.source} → {self.destination or '?'}")
        if self.percent is not None and self.phase == Phase.COPYING:
            parts.append(f"{self.percent:.0f} %")
        if self.remaining_s is not None:
            parts.append(f"about {format_duration(self.remaining_s)} left")
        if self.outcome is not None:
            parts.append(f"{self.outcome.verdict.value}: {self.outcome.reason}")
        if self.note:
            parts.append(self.note)
        return " ".join(parts)


OnProgress = Callable[[Progress], None]
