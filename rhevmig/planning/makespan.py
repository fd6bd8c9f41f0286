"""How long a set of moves takes when each starts as soon as its two hosts have a free slot."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rhevmig.planning.plan import Estimate, Move, PlanHost

#: Migrations per host where the plan does not hold the host.
DEFAULT_MAX_MIGRATIONS = 2


def estimate_window(moves: Sequence[Move], hosts: Mapping[str, PlanHost]) -> Estimate:
    """The time for all moves; None where the time of any move is not known."""
    assumptions = list(dict.fromkeys(a for move in moves for a in move.estimate.assumptions))
    unknown = sum(move.estimate.p50_s is None for move in moves)
    if unknown:
        assumptions.append(f"{unknown} of {len(moves)} moves have no estimate, so the whole has none")
    return Estimate(
        p50_s=_makespan(moves, hosts, lambda move: move.estimate.p50_s),
        p90_s=_makespan(moves, hosts, lambda move: move.estimate.p90_s),
        assumptions=tuple(assumptions),
    )


def _makespan(
    moves: Sequence[Move], hosts: Mapping[str, PlanHost], duration: Callable[[Move], float | None]
) -> float | None:
    durations = [duration(move) for move in moves]
    if not moves or None in durations:
        return None
    waiting = list(zip(moves, durations, strict=True))
    busy: Counter[tuple[str, str]] = Counter()
    running: list[tuple[float, int, Move]] = []
    now_s = 0.0
    while waiting or running:
        for pair in list(waiting):
            move, seconds = pair
            if _has_slot(move, hosts, busy):
                waiting.remove(pair)
                busy.update(_ends(move))
                heapq.heappush(running, (now_s + (seconds or 0.0), move.number, move))
        if not running:
            return None
        now_s, _, ended = heapq.heappop(running)
        busy.subtract(_ends(ended))
    return now_s


def _ends(move: Move) -> list[tuple[str, str]]:
    return [("out", move.source_host_id), ("in", move.destination_host_id or "")]


def _has_slot(move: Move, hosts: Mapping[str, PlanHost], busy: Counter[tuple[str, str]]) -> bool:
    source, destination = hosts.get(move.source_host_id), hosts.get(move.destination_host_id or "")
    out_limit = source.max_outgoing if source is not None else DEFAULT_MAX_MIGRATIONS
    in_limit = destination.max_incoming if destination is not None else math.inf
    out_key, in_key = _ends(move)
    return busy[out_key] < out_limit and busy[in_key] < in_limit
