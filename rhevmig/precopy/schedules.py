"""The engine's migration policies as data: limits and convergence schedules.

`policies.json` beside this module holds the engine option `MigrationPolicies` as it was recorded; a
site's own policies are read from the same JSON text with `policies_from_option`. What a schedule does
to a running copy is `rounds`' business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from rhevmig.errors import InvalidArgument


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
    """An action that waits until a number of iterations has passed."""

    #: the action runs once the iterations counted are more than this
    stalling_limit: int
    #: what is done then
    action: Action


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvergenceSchedule:
    """What is done to a migration that does not end, in order.

    Engine: the last actions follow the steps with a stalling limit of -1 (ConvergenceSchedule.from).
    """

    #: done once, before the copy starts
    initial: tuple[Action, ...] = ()
    #: done one by one as iterations add up
    steps: tuple[StallStep, ...] = ()
    #: done one by one after the steps are used up, however few iterations there were
    last: tuple[Action, ...] = ()

    @property
    def queue(self) -> tuple[StallStep, ...]:
        """Steps and last actions as one list, the way the host receives it."""
        return self.steps + tuple(StallStep(stalling_limit=-1, action=action) for action in self.last)

    @property
    def initial_downtime_ms(self) -> int | None:
        """The downtime limit a copy starts with; None = the host's own default."""
        return next((action.downtime_ms for action in reversed(self.initial) if action.downtime_ms), None)

    @property
    def final_downtime_ms(self) -> int | None:
        """The highest downtime limit the schedule ever sets."""
        actions = (*self.initial, *(step.action for step in self.queue))
        return max((action.downtime_ms for action in actions if action.downtime_ms), default=None)

    @property
    def has_post_copy(self) -> bool:
        """Whether the VM may be moved before its memory."""
        return any(step.action.kind == ActionKind.POST_COPY for step in self.queue)

    def without_post_copy(self) -> ConvergenceSchedule:
        """The schedule of a paused VM or of parallel connections, which cannot do post-copy.

        Engine: MigrateVmCommand.filterOutPostcopy.
        """
        return ConvergenceSchedule(
            initial=self.initial,
            steps=tuple(step for step in self.steps if step.action.kind != ActionKind.POST_COPY),
            last=tuple(action for action in self.last if action.kind != ActionKind.POST_COPY),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationPolicy:
    """A migration policy of the engine."""

    #: the engine's id of the policy
    id: str
    #: the engine's name of the policy
    name: str
    #: concurrent migrations per host, each direction
    max_migrations: int
    #: throttle the VM's CPUs when the copy does not catch up; None: cluster or VM decide
    auto_converge: bool | None = None
    #: compress pages (xbzrle); None: cluster or VM decide
    compressed: bool | None = None
    #: sends without copying first; implies parallel connections
    zero_copy: bool = False
    #: tell the guest agent before and after
    guest_events: bool = True
    #: downtime limits and final actions
    schedule: ConvergenceSchedule = ConvergenceSchedule()


def fixed_downtime(downtime_ms: int) -> ConvergenceSchedule:
    """A schedule with one downtime limit and no further action (plain QEMU).

    >>> fixed_downtime(300).final_downtime_ms
    300
    """
    return ConvergenceSchedule(initial=(_set_downtime(downtime_ms),))


def legacy_schedule(*, downtime_ms: int = 500, steps: int = 5) -> ConvergenceSchedule:
    """The schedule a host makes up when the engine sends none (policy Legacy).

    Args: downtime_ms (the VM's migration downtime, vdsm.conf `migration_downtime` 500); steps
    (`migration_downtime_steps` 5).

    >>> [action.downtime_ms for action in legacy_schedule().initial]
    [101]
    """
    limits = [downtime_ms] if steps < 2 else _exponential(downtime_ms, steps)
    stalls = [
        StallStep(stalling_limit=index, action=_set_downtime(limit))
        for index, limit in enumerate(limits[1:], start=1)
    ]
    stalls.append(StallStep(stalling_limit=42, action=_set_downtime(limits[-1])))
    return ConvergenceSchedule(
        initial=(_set_downtime(limits[0]),),
        steps=tuple(stalls),
        last=(Action(kind=ActionKind.ABORT),),
    )


def find_policy(id_or_name: str, *, level: str | None = None) -> MigrationPolicy | None:
    """The engine's policy with this id or name (names without regard to case), if there is one.

    Args: level (compatibility version; None: any that the recorded engine knows).

    >>> find_policy("very large vms").max_migrations
    1
    """
    wanted = id_or_name.strip().lower()
    pool = POLICIES if level is None else (*policies_of_level(level), LEGACY)
    return next((policy for policy in pool if wanted in (policy.id, policy.name.lower())), None)


def policies_of_level(level: str) -> tuple[MigrationPolicy, ...]:
    """The engine's own policies at one compatibility version; empty where it is not known."""
    return next((policies for levels, policies in _RECORDED if level in levels), ())


def policies_from_option(value: str) -> tuple[MigrationPolicy, ...]:
    """The policies in the JSON text of one value of the engine option `MigrationPolicies`.

    Raises: InvalidArgument when the text is not such a list.
    """
    try:
        return _policies(json.loads(value))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidArgument(
            name="MigrationPolicies", value=value[:80], expected="the engine's JSON list of policies"
        ) from error


def _exponential(downtime_ms: int, steps: int) -> list[int]:
    offset = downtime_ms / steps
    base = (downtime_ms - offset) ** (1 / (steps - 1))
    return [int(offset + base**index) for index in range(steps)]


def _set_downtime(downtime_ms: int) -> Action:
    return Action(kind=ActionKind.SET_DOWNTIME, downtime_ms=downtime_ms)


def _policies(items: Sequence[Mapping[str, Any]]) -> tuple[MigrationPolicy, ...]:
    return tuple(
        MigrationPolicy(
            id=item["id"]["uuid"],
            name=item["name"],
            max_migrations=int(item["maxMigrations"]),
            auto_converge=item.get("autoConvergence"),
            compressed=item.get("migrationCompression"),
            zero_copy=bool(item.get("zeroCopy", False)),
            guest_events=bool(item.get("enableGuestEvents", False)),
            schedule=_schedule(item.get("config") or {}),
        )
        for item in items
    )


def _schedule(config: Mapping[str, Any]) -> ConvergenceSchedule:
    return ConvergenceSchedule(
        initial=tuple(_action(item) for item in config.get("initialItems") or ()),
        steps=tuple(
            StallStep(stalling_limit=int(item["stallingLimit"]), action=_action(item["convergenceItem"]))
            for item in config.get("convergenceItems") or ()
        ),
        last=tuple(_action(item) for item in config.get("lastItems") or ()),
    )


def _action(item: Mapping[str, Any]) -> Action:
    kind = ActionKind(item["action"])
    return _set_downtime(int(item["params"][0])) if kind == ActionKind.SET_DOWNTIME else Action(kind=kind)


def _recorded() -> tuple[tuple[frozenset[str], tuple[MigrationPolicy, ...]], ...]:
    text = resources.files(__package__).joinpath("policies.json").read_text(encoding="utf-8")
    return tuple(
        (frozenset(value["levels"]), _policies(value["policies"])) for value in json.loads(text)["values"]
    )


_RECORDED = _recorded()

#: no policy: what a host does when the engine sends no schedule (compatibility below 4.3)
LEGACY = MigrationPolicy(
    id="00000000-0000-0000-0000-000000000000",
    name="Legacy",
    max_migrations=2,
    guest_events=False,
    schedule=legacy_schedule(),
)
MINIMAL_DOWNTIME, SUSPEND_WORKLOAD, POST_COPY, VERY_LARGE_VMS = policies_of_level("4.8")
#: every policy that the recorded engine knows, Legacy last
POLICIES = (MINIMAL_DOWNTIME, SUSPEND_WORKLOAD, POST_COPY, VERY_LARGE_VMS, LEGACY)
