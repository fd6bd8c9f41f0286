"""Convergence schedules: what the source host does to a migration that does not end.

`rounds` applies a schedule to a running copy; `presets` holds the schedules of the engine's own policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


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
    def switches_to_post_copy(self) -> bool:
        """Whether a copy that does not converge ends in post-copy instead of being aborted."""
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


def schedule_of(
    *,
    initial: Iterable[tuple[str, Iterable[str]]] = (),
    steps: Iterable[tuple[int, str, Iterable[str]]] = (),
    last: Iterable[tuple[str, Iterable[str]]] = (),
) -> ConvergenceSchedule:
    """A schedule from the engine's words: actions with parameters, steps with their stalling limit first.

    Raises: ValueError for an action that no host knows, or a downtime that is no number.

    >>> schedule_of(steps=[(1, "setDowntime", ["150"])], last=[("abort", [])]).queue[0].action.downtime_ms
    150
    """
    return ConvergenceSchedule(
        initial=tuple(_action(kind, params) for kind, params in initial),
        steps=tuple(
            StallStep(stalling_limit=limit, action=_action(kind, params)) for limit, kind, params in steps
        ),
        last=tuple(_action(kind, params) for kind, params in last),
    )


def fixed_downtime(downtime_ms: int) -> ConvergenceSchedule:
    """A schedule with one downtime limit and no further action (plain QEMU).

    >>> [action.downtime_ms for action in fixed_downtime(300).initial]
    [300]
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


def _exponential(downtime_ms: int, steps: int) -> list[int]:
    offset = downtime_ms / steps
    base = (downtime_ms - offset) ** (1 / (steps - 1))
    return [int(offset + base**index) for index in range(steps)]


def _set_downtime(downtime_ms: int) -> Action:
    return Action(kind=ActionKind.SET_DOWNTIME, downtime_ms=downtime_ms)


def _action(word: str, params: Iterable[str]) -> Action:
    kind = ActionKind(word)
    if kind != ActionKind.SET_DOWNTIME:
        return Action(kind=kind)
    return _set_downtime(int(next(iter(params), "")))
