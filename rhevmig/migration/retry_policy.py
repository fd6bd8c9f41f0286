"""Whether and when a move is attempted again, and to which host: pure functions of the journal."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from rhevmig.migration.journal.records import Attempt
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.options import Options, Timing
from rhevmig.migration.outcome import Outcome, RefusalClass, Verdict

#: Attempts whose request the engine did not receive, or that collided with another operation.
_HARMLESS_ATTEMPTS = 6
_TRANSIENT_BACKOFF_S = 3.0
_TRANSIENT_BACKOFF_MAX_S = 30.0


def next_attempt_at(item: MoveState, options: Options) -> datetime | None:
    """When a move may be attempted again after its last attempt was settled; None: never.

    Class A (the migration failed, or that host refused): `options.retries` more attempts, 20 s × 2ⁿ apart.
    Class B: until its wait is used up. Class T and not started: a few attempts. All others: never.
    """
    attempts, timing = item.attempts, options.timing
    if item.unasked is not None or not attempts or attempts[-1].outcome is None:
        return None
    settled_at = attempts[-1].settled_at or attempts[-1].started_at
    kind = _kind(item, attempts[-1].outcome)
    alike = _alike(item, kind)
    if kind == RefusalClass.ALTERNATIVE:
        if alike > options.retries:
            return None
        return settled_at + timedelta(seconds=timing.retry_backoff_s * 2 ** (alike - 1))
    if kind == RefusalClass.TRANSIENT:
        if alike >= _HARMLESS_ATTEMPTS:
            return None
        wait_s = min(_TRANSIENT_BACKOFF_S * 2 ** (alike - 1), _TRANSIENT_BACKOFF_MAX_S)
        return settled_at + timedelta(seconds=wait_s)
    if kind == RefusalClass.BLOCKED:
        return _after_block(attempts, settled_at, alike, timing)
    return None


def course_outcome(item: MoveState, options: Options) -> Outcome | None:
    """How a move ended; None while it is open, waiting, or will be attempted again."""
    outcome = item.last_outcome
    if outcome is None or next_attempt_at(item, options) is not None:
        return None
    return outcome


def failures(state: State) -> int:
    """Moves that count against the failure budget."""
    ended = (course_outcome(item, state.options) for item in state.moves.values())
    return sum(outcome is not None and outcome.verdict.meaning.is_failure for outcome in ended)


def failure_budget(state: State) -> int:
    """Failed moves at which nothing more is started: the larger of 3 and 5 % of the moves."""
    if state.options.max_failures is not None:
        return state.options.max_failures
    return max(3, math.ceil(len(state.moves) * 0.05))


def cooling_hosts(state: State, now: datetime) -> frozenset[str]:
    """Destinations that failed twice within the cool-down, so they are not used."""
    return frozenset(host_id for host_id, ends_at in _cooldowns(state).items() if now < ends_at)


def _cooldowns(state: State) -> dict[str, datetime]:
    """When the cool-down of each destination with two failures ends."""
    times: dict[str, list[datetime]] = {}
    for item in state.moves.values():
        for attempt in item.attempts:
            host_id = attempt.destination_host_id
            if host_id and attempt.settled_at and _failed_during_migration(attempt):
                times.setdefault(host_id, []).append(attempt.settled_at)
    cooldown = timedelta(seconds=state.options.timing.host_cooldown_s)
    return {host_id: max(at) + cooldown for host_id, at in times.items() if len(at) >= 2}


def expected_attempt_at(state: State, item: MoveState) -> tuple[datetime | None, str]:
    """When a move will be attempted again, cool-downs included, and the host that is waited for.

    The host is empty where the back-off alone decides; (None, "") where no further attempt is made.
    """
    due = next_attempt_at(item, state.options)
    pool = _open_pool(item)
    if due is None or not pool:
        return due, ""
    cooldowns = _cooldowns(state)
    host_id = min(pool, key=lambda host_id: cooldowns.get(host_id, due))
    cooled_at = cooldowns.get(host_id, due)
    return (cooled_at, host_id) if cooled_at > due else (due, "")


def pick_destination(
    item: MoveState, *, cooling: Collection[str], full: Collection[str], unusable: Collection[str]
) -> tuple[bool, str | None]:
    """Whether the move may start now, and to which host; (True, None) lets the engine choose."""
    pool = _open_pool(item)
    if not pool:
        return True, None
    free = [h for h in pool if h not in cooling and h not in full and h not in unusable]
    return (True, free[0]) if free else (False, None)


def _open_pool(item: MoveState) -> tuple[str, ...]:
    """Hosts that may be named; empty where the engine chooses.

    The planned host first, then the alternatives that have not failed for this VM. When all of several
    have failed, the engine chooses; a host without alternatives stays the only one.
    """
    move = item.move
    if move.destination_host_id is None:
        return ()
    pool = (move.destination_host_id, *move.alternatives)
    failed = {a.destination_host_id for a in item.attempts if a.outcome is not None and _blames_host(a)}
    return tuple(h for h in pool if h not in failed) or (pool if len(pool) == 1 else ())


def _after_block(
    attempts: Sequence[Attempt], settled_at: datetime, alike: int, timing: Timing
) -> datetime | None:
    first = attempts[-alike].started_at
    wait_s = min(timing.blocked_backoff_s * 2 ** (alike - 1), timing.blocked_backoff_max_s)
    due = settled_at + timedelta(seconds=wait_s)
    return due if due <= first + timedelta(seconds=timing.blocked_wait_s) else None


def _kind(item: MoveState, outcome: Outcome | None) -> RefusalClass | None:
    """The class that an outcome belongs to; None where no further attempt is made."""
    if outcome is None:
        return None
    if outcome.refusal is None or outcome.verdict != Verdict.REFUSED:
        retry = outcome.verdict.meaning.retry
        if retry == RefusalClass.ALTERNATIVE and item.attempts[-1].is_closure:
            # an affinity closure that failed in part would move back the VMs that have arrived
            return None
        if retry == RefusalClass.TRANSIENT and outcome.host_id is None:
            return None
        return retry
    kind = outcome.refusal.kind
    if kind == RefusalClass.UNCLEAR:
        return RefusalClass.TRANSIENT
    is_of_host = bool(outcome.refusal.filters) and item.attempts[-1].destination_host_id is not None
    if kind in (RefusalClass.PERMANENT, RefusalClass.BLOCKED) and is_of_host and item.move.alternatives:
        return RefusalClass.ALTERNATIVE
    return kind if kind not in (RefusalClass.PERMANENT, RefusalClass.OPERATOR) else None


def _alike(item: MoveState, kind: RefusalClass | None) -> int:
    """Attempts of one class: all of class A in the move, of other classes the latest in a row."""
    kinds = [_kind(item, attempt.outcome) for attempt in item.attempts]
    if kind == RefusalClass.ALTERNATIVE:
        return kinds.count(kind)
    count = 0
    for other in reversed(kinds):
        if other != kind:
            break
        count += 1
    return count


def _failed_during_migration(attempt: Attempt) -> bool:
    return attempt.outcome is not None and attempt.outcome.verdict.meaning.blames_destination


def _blames_host(attempt: Attempt) -> bool:
    """Whether the attempt counts against the host that was named."""
    outcome = attempt.outcome
    if outcome is None or attempt.destination_host_id is None:
        return False
    by_filter = outcome.refusal is not None and (
        bool(outcome.refusal.filters) or outcome.refusal.key in ("host_not_up", "no_hosts")
    )
    return outcome.verdict.meaning.blames_destination or by_filter
