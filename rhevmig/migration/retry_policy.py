"""Whether and when a move is tried again, and towards which host: pure functions of the journal."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from rhevmig.migration.campaign import Attempt
from rhevmig.migration.journal.state import MoveState, State
from rhevmig.migration.options import Options, Timing
from rhevmig.migration.outcome import SUCCESSES, Outcome, RefusalClass, Verdict

#: Tries of a request that the engine never heard of, or that only bumped into another operation.
_HARMLESS_TRIES = 6
_TRANSIENT_BACKOFF_S = 3.0
_TRANSIENT_BACKOFF_MAX_S = 30.0


def next_attempt_at(item: MoveState, options: Options) -> datetime | None:
    """When a move may be tried again after its last try was settled; None = never.

    Class A (it failed on the way, or that host refused): `options.retries` more tries, 20 s × 2ⁿ apart.
    Class B: until its wait is used up. Class T and never begun: a few tries. Everything else: no.
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
        if alike >= _HARMLESS_TRIES:
            return None
        wait_s = min(_TRANSIENT_BACKOFF_S * 2 ** (alike - 1), _TRANSIENT_BACKOFF_MAX_S)
        return settled_at + timedelta(seconds=wait_s)
    if kind == RefusalClass.BLOCKED:
        return _after_block(attempts, settled_at, alike, timing)
    return None


def course_outcome(item: MoveState, options: Options) -> Outcome | None:
    """How a move ended for good; None while it is open, waiting, or to be tried again."""
    outcome = item.last_outcome
    if outcome is None or next_attempt_at(item, options) is not None:
        return None
    return outcome


def failures(state: State) -> int:
    """Moves that ended without leaving the source; what people stopped or moved themselves is none."""
    harmless = (*SUCCESSES, Verdict.CANCELLED, Verdict.MOVED_BY_OTHER)
    ended = (course_outcome(item, state.options) for item in state.moves.values())
    return sum(outcome is not None and outcome.verdict not in harmless for outcome in ended)


def failure_budget(state: State) -> int:
    """Failed moves at which nothing more is started: the larger of 3 and 5 % of the moves."""
    if state.options.max_failures is not None:
        return state.options.max_failures
    return max(3, math.ceil(len(state.moves) * 0.05))


def cooling_hosts(state: State, now: datetime) -> frozenset[str]:
    """Destinations that failed twice lately and are left alone for a while."""
    times: dict[str, list[datetime]] = {}
    for item in state.moves.values():
        for attempt in item.attempts:
            host_id = attempt.destination_host_id
            if host_id and attempt.settled_at and _failed_on_the_way(attempt):
                times.setdefault(host_id, []).append(attempt.settled_at)
    cooldown = timedelta(seconds=state.options.timing.host_cooldown_s)
    return frozenset(
        host_id for host_id, at in times.items() if len(at) >= 2 and now < sorted(at)[-1] + cooldown
    )


def pick_destination(
    item: MoveState, *, cooling: Collection[str], full: Collection[str], unusable: Collection[str]
) -> tuple[bool, str | None]:
    """Whether the move may go now, and where to; (True, None) lets the engine choose.

    The planned host first, then the alternatives that have not failed this VM. When every one of several
    has failed, the engine is asked; a host that was named alone stays the only one.
    """
    move = item.move
    if move.destination_host_id is None:
        return True, None
    pool = (move.destination_host_id, *move.alternatives)
    failed = {a.destination_host_id for a in item.attempts if a.outcome is not None and _blames_host(a)}
    open_pool = [host_id for host_id in pool if host_id not in failed]
    if not open_pool:
        if len(pool) > 1:
            return True, None
        open_pool = list(pool)
    free = [h for h in open_pool if h not in cooling and h not in full and h not in unusable]
    return (True, free[0]) if free else (False, None)


def _after_block(
    attempts: Sequence[Attempt], settled_at: datetime, alike: int, timing: Timing
) -> datetime | None:
    first = attempts[-alike].started_at
    wait_s = min(timing.blocked_backoff_s * 2 ** (alike - 1), timing.blocked_backoff_max_s)
    due = settled_at + timedelta(seconds=wait_s)
    return due if due <= first + timedelta(seconds=timing.blocked_wait_s) else None


def _kind(item: MoveState, outcome: Outcome | None) -> RefusalClass | None:
    """What class an outcome belongs to; None where nothing is to be tried."""
    if outcome is None:
        return None
    if outcome.verdict == Verdict.RETURNED_TO_SOURCE:
        #: a closure that failed in part would drag back those that have arrived
        return None if item.attempts[-1].is_closure else RefusalClass.ALTERNATIVE
    if outcome.verdict == Verdict.NOT_STARTED:
        return RefusalClass.TRANSIENT if outcome.host_id is not None else None
    if outcome.verdict != Verdict.REFUSED or outcome.refusal is None:
        return None
    kind = outcome.refusal.kind
    if kind == RefusalClass.UNCLEAR:
        return RefusalClass.TRANSIENT
    is_of_host = bool(outcome.refusal.filters) and item.attempts[-1].destination_host_id is not None
    if kind in (RefusalClass.PERMANENT, RefusalClass.BLOCKED) and is_of_host and item.move.alternatives:
        return RefusalClass.ALTERNATIVE
    return kind if kind not in (RefusalClass.PERMANENT, RefusalClass.OPERATOR) else None


def _alike(item: MoveState, kind: RefusalClass | None) -> int:
    """Tries of one class: all of class A in the move, of the others those in a row."""
    kinds = [_kind(item, attempt.outcome) for attempt in item.attempts]
    if kind == RefusalClass.ALTERNATIVE:
        return kinds.count(kind)
    count = 0
    for other in reversed(kinds):
        if other != kind:
            break
        count += 1
    return count


def _failed_on_the_way(attempt: Attempt) -> bool:
    return attempt.outcome is not None and attempt.outcome.verdict == Verdict.RETURNED_TO_SOURCE


def _blames_host(attempt: Attempt) -> bool:
    """Whether the try speaks against the host that was named."""
    outcome = attempt.outcome
    if outcome is None or attempt.destination_host_id is None:
        return False
    by_filter = outcome.refusal is not None and (
        bool(outcome.refusal.filters) or outcome.refusal.key in ("host_not_up", "no_hosts")
    )
    return outcome.verdict == Verdict.RETURNED_TO_SOURCE or by_filter
