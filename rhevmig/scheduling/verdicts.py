"""What `scheduling` answers: may this VM run on that host, and what says no."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Allowed(StrEnum):
    """An answer; unknown is never taken for yes."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a host is not (or not surely) a destination: one filter and what it saw."""

    #: The engine's filter name (`terms.FilterName`), or `Host status` before any filter is asked.
    filter: str
    #: `no` where the filter refuses, `unknown` where it could not be judged.
    allowed: Allowed
    #: The reason as a sentence.
    sentence: str
    #: What was compared, by name, as text with units.
    evidence: dict[str, str] = {}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one VM may run on one host."""

    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Host.
    host_id: str
    #: Its name.
    host_name: str
    #: The answer of all filters together.
    allowed: Allowed
    #: Every filter that refuses or could not be judged; empty where all agree.
    reasons: tuple[Reason, ...] = ()
    #: Whether the VM runs there now: its filters hold as elsewhere, but nothing would move.
    is_current_host: bool = False
    #: Whether the engine's own answer holds this host; None where the engine was not asked.
    engine_allows: bool | None = None

    @property
    def disagrees(self) -> bool:
        """Whether the engine's own answer contradicts ours."""
        if self.engine_allows is None or self.allowed == Allowed.UNKNOWN:
            return False
        return self.engine_allows != (self.allowed == Allowed.YES)


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a VM from migrating at all, whatever the host: validations before scheduling."""

    #: Stable word: `pinned`, `user_migratable`, `status`, `io_error`, `locked_disk`, `scsi_reservation`,
    #: `pass_through_nic`, `host_device`, `unobserved`, …
    code: str
    #: `no` where the engine refuses, `unknown` where it could not be judged.
    allowed: Allowed
    #: The obstacle as a sentence.
    sentence: str
    #: What a person can do about it.
    remedy: str
    #: Whether `force` makes the engine go past it.
    force_helps: bool = False
    #: What was seen, by name, as text with units.
    evidence: dict[str, str] = {}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where one VM may run, host by host."""

    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Its cluster.
    cluster_id: str
    #: The host that it runs on; None where it does not run or the account may not see it.
    host_id: str | None = None
    #: What keeps it from migrating at all.
    obstacles: tuple[Obstacle, ...] = ()
    #: A verdict a host, in the engine's order.
    verdicts: tuple[Verdict, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def destinations(self) -> tuple[Verdict, ...]:
        """Hosts that it could move to: allowed, and not where it is."""
        return tuple(v for v in self.verdicts if v.allowed == Allowed.YES and not v.is_current_host)

    @property
    def is_migratable(self) -> Allowed:
        """Whether it can be moved now without force: no obstacle and at least one destination."""
        if any(o.allowed == Allowed.NO for o in self.obstacles):
            return Allowed.NO
        if self.destinations:
            return Allowed.UNKNOWN if self.obstacles else Allowed.YES
        if any(v.allowed == Allowed.UNKNOWN and not v.is_current_host for v in self.verdicts):
            return Allowed.UNKNOWN
        return Allowed.NO

    @property
    def disagreements(self) -> tuple[Verdict, ...]:
        """Hosts about which the engine's own answer differs from ours."""
        return tuple(v for v in self.verdicts if v.disagrees)
