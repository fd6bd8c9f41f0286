"""Answers of the scheduling room: reasons, verdicts per VM and host, obstacles of a VM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

#: The smallest role that reads everything that filters compare.
READ_ALL = "Read with an account that has ReadOnlyAdmin on the system."


class Allowed(StrEnum):
    """An answer; unknown never counts as yes."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Migratability(StrEnum):
    """Whether a running VM can be migrated now."""

    YES = "yes"
    #: With `force` only; the engine's balancer does not move it.
    FORCE = "only with force"
    NO = "no"
    UNKNOWN = "unknown"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One filter that refuses a host or could not be judged."""

    #: The engine's filter name (`terms.FilterName`), or `Host status`, which precedes all filters.
    filter: str
    #: `no` where the filter refuses, `unknown` where it could not be judged.
    allowed: Allowed
    sentence: str
    #: Compared values by name, as text with units.
    evidence: dict[str, str] = {}
    #: What was missing where it could not be judged, as the API names it.
    missing: str | None = None
    #: The least that would make it known.
    remedy: str = ""

    @classmethod
    def no(cls, filter: str, sentence: str, **evidence: object) -> Reason:
        """A refusal."""
        return cls(filter=filter, allowed=Allowed.NO, sentence=sentence, evidence=_shown(evidence))

    @classmethod
    def unknown(
        cls, filter: str, sentence: str, *, missing: str, remedy: str = READ_ALL, **evidence: object
    ) -> Reason:
        """A filter that could not be judged; what was missing, and the least that would help."""
        return cls(
            filter=filter,
            allowed=Allowed.UNKNOWN,
            sentence=sentence,
            evidence=_shown(evidence),
            missing=missing,
            remedy=remedy,
        )


def _shown(evidence: dict[str, object]) -> dict[str, str]:
    return {key.replace("_", " "): "–" if value is None else str(value) for key, value in evidence.items()}


class HostVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether one VM may run on one host."""

    vm_id: str
    vm_name: str
    host_id: str
    host_name: str
    #: The answer of all filters together.
    allowed: Allowed
    #: Filters that refuse or could not be judged; empty where all agree.
    reasons: tuple[Reason, ...] = ()
    #: Whether the VM runs there now: the filters apply as elsewhere, but nothing would move.
    is_current_host: bool = False
    #: Whether the engine lists this host as a destination; None where the engine was not asked.
    engine_allows: bool | None = None

    @property
    def disagrees(self) -> bool:
        """Whether the engine's answer contradicts ours."""
        if self.engine_allows is None or self.allowed == Allowed.UNKNOWN:
            return False
        return self.engine_allows != (self.allowed == Allowed.YES)


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """A validation of the VM that precedes scheduling and applies to every host."""

    #: Stable word: `pinned`, `user_migratable`, `status`, `io_error`, `locked_disk`, `scsi_reservation`,
    #: `pass_through_nic`, `host_device`, `no_other_host`, `unobserved`, …
    code: str
    #: `no` where the engine refuses, `unknown` where it could not be judged.
    allowed: Allowed
    sentence: str
    #: What an operator can do about it.
    remedy: str
    #: Whether `force` overrides it.
    force_helps: bool = False
    #: Observed values by name, as text with units.
    evidence: dict[str, str] = {}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where one VM may run, host by host."""

    vm_id: str
    vm_name: str
    cluster_id: str
    #: The host that it runs on; None where it does not run or the account may not see it.
    host_id: str | None = None
    obstacles: tuple[Obstacle, ...] = ()
    #: One verdict per host, in the engine's order.
    verdicts: tuple[HostVerdict, ...] = ()

    def __iter__(self) -> Iterator[HostVerdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def destinations(self) -> tuple[HostVerdict, ...]:
        """Hosts that it could move to: allowed, and not its current host."""
        return tuple(v for v in self.verdicts if v.allowed == Allowed.YES and not v.is_current_host)

    @property
    def migratability(self) -> Migratability:
        """Whether it can be moved now, with or without force."""
        return migratability(
            self.obstacles,
            has_destination=bool(self.destinations),
            has_unknown=any(v.allowed == Allowed.UNKNOWN and not v.is_current_host for v in self.verdicts),
        )

    @property
    def is_migratable(self) -> Allowed:
        """Whether it can be moved now without force: no obstacle and at least one destination."""
        answer = self.migratability
        return Allowed.NO if answer == Migratability.FORCE else Allowed(answer.value)

    @property
    def disagreements(self) -> tuple[HostVerdict, ...]:
        """Hosts about which the engine's answer differs from ours."""
        return tuple(v for v in self.verdicts if v.disagrees)


class VmSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The explanation of one VM counted over hosts, for inventories too large to explain pair by pair."""

    vm_id: str
    migratability: Migratability
    obstacles: tuple[Obstacle, ...] = ()
    #: Hosts that it could move to, in the engine's order, regardless of its obstacles.
    destination_ids: tuple[str, ...] = ()
    #: Other hosts of its cluster that could not be judged.
    unknown_ids: tuple[str, ...] = ()
    #: Other hosts of its cluster.
    other_hosts: int = 0
    #: Filter → number of other hosts that it refuses or could not judge.
    filters: dict[str, int] = {}
    #: Hosts about which the engine's answer differs from ours.
    disagreeing_ids: tuple[str, ...] = ()


def migratability(
    obstacles: Iterable[Obstacle], *, has_destination: bool, has_unknown: bool
) -> Migratability:
    """The answer for one VM from its obstacles and whether any other host may take it."""
    found = tuple(obstacles)
    refusals = [obstacle for obstacle in found if obstacle.allowed == Allowed.NO]
    if refusals:
        forceable = has_destination and all(obstacle.force_helps for obstacle in refusals)
        return Migratability.FORCE if forceable else Migratability.NO
    if has_destination:
        return Migratability.UNKNOWN if found else Migratability.YES
    return Migratability.UNKNOWN if has_unknown else Migratability.NO
