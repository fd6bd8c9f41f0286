"""The engine's migration policies as data: limits and convergence schedules.

Texts and numbers are those of the engine option `MigrationPolicies` (recorded from engine 4.5.8,
versions 4.2 to 4.8). A site's own policies are read from the same JSON with `policies_from_option`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "LEGACY",
    "MINIMAL_DOWNTIME",
    "POLICIES",
    "POST_COPY",
    "SUSPEND_WORKLOAD",
    "VERY_LARGE_VMS",
    "Action",
    "ActionKind",
    "ConvergenceSchedule",
    "MigrationPolicy",
    "StallStep",
    "fixed_downtime",
    "find_policy",
    "policies_from_option",
]


class ActionKind(StrEnum):
    """What the source host does to a migration that stalls; the engine's words."""

    SET_DOWNTIME = "setDowntime"
    POST_COPY = "postcopy"
    ABORT = "abort"


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One convergence action."""

    #: what is done
    kind: ActionKind
    #: the new downtime limit, milliseconds; only with `setDowntime`
    downtime_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StallStep:
    """An action that waits for a number of stalled iterations."""

    #: the action runs at the first stall beyond this number
    stalling_limit: int
    #: what is done then
    action: Action


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvergenceSchedule:
    """What happens to a migration as its iterations stall, in order."""

    #: done once, before the copy starts
    initial: tuple[Action, ...] = ()
    #: done one by one as stalls add up
    steps: tuple[StallStep, ...] = ()
    #: done one per further stall after the steps are used up
    last: tuple[Action, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationPolicy:
    """A migration policy of the engine."""

    #: the engine's id of the policy
    id: str
    #: the engine's name of the policy
    name: str
    #: concurrent migrations per host, each direction
    max_migrations: int
    #: throttle the guest's CPUs when the copy does not catch up
    auto_converge: bool | None = None
    #: compress pages (xbzrle); None: the cluster's or the VM's own setting decides
    compressed: bool | None = None
    #: needs parallel connections and sends without copying
    zero_copy: bool = False
    #: tell the guest agent before and after
    guest_events: bool = True
    #: downtime limits and final actions
    schedule: ConvergenceSchedule = ConvergenceSchedule()


POLICIES: tuple[MigrationPolicy, ...] = ()


def find_policy(id_or_name: str) -> MigrationPolicy | None:
    """The engine's policy with this id or name (names without regard to case), if there is one."""
    raise NotImplementedError


def policies_from_option(value: str) -> tuple[MigrationPolicy, ...]:
    """The policies in the JSON text of one value of the engine option `MigrationPolicies`."""
    raise NotImplementedError


def fixed_downtime(downtime_ms: int) -> ConvergenceSchedule:
    """A schedule with one downtime limit and no further action (plain QEMU)."""
    action = Action(kind=ActionKind.SET_DOWNTIME, downtime_ms=downtime_ms)
    return ConvergenceSchedule(initial=(action,))
