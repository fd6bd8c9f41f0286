"""QEMU's copy loop at a constant bandwidth: the figures of one migration without stepping through it.

The same rule as `rounds`, for one region of random writes, in a tight loop: predictions run it for
hundreds of plausible loads. A test holds both together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rhevmig.units import KIB

#: one guest page
PAGE_BYTES = 4 * KIB
#: bytes on the wire per byte of page: the page header
PAGE_OVERHEAD = 1.002
#: bytes on the wire for a page of zeros
ZERO_PAGE_BYTES = 9
#: how often QEMU compares what is pending with what the downtime limit allows
CHECK_INTERVAL_S = 0.05
#: device state and resume on the destination
RESUME_S = 0.004

#: bitmap reads after which a copy that still runs is taken to run for ever
_MAX_CHECKS = 4000


@dataclass(frozen=True, slots=True)
class CopyFigures:
    """What one migration takes; infinite when the copy never catches up."""

    total_s: float
    transferred_bytes: float
    downtime_s: float
    #: the pause if the unsent tail holds no zero pages
    longest_downtime_s: float


def first_pass_bytes(*, memory_bytes: float, nonzero_bytes: float) -> float:
    """Bytes on the wire to send the whole memory once."""
    zero_pages = max(0.0, memory_bytes - nonzero_bytes) / PAGE_BYTES
    return nonzero_bytes * PAGE_OVERHEAD + zero_pages * ZERO_PAGE_BYTES


def copy_through(
    *,
    first_pass: float,
    zero_bytes: float,
    bandwidth: float,
    stop_bandwidth: float,
    downtime_limit: float,
    rate: float,
    working_set: float,
) -> CopyFigures:
    """Run the copy loop to its end. All in bytes and seconds; `first_pass` in bytes on the wire.

    While the first pass is not through, part of what is pending turns out to be zero pages: half of
    the unsent tail, as far as there are that many, so the pause is shorter than the limit.
    """
    threshold = max(bandwidth * downtime_limit, 1.0)
    hot = working_set * PAGE_OVERHEAD
    slope = -rate / working_set if working_set > 0 and rate > 0 else 0.0
    chunk = bandwidth * CHECK_INTERVAL_S
    pending, now, last, sent, before = first_pass, 0.0, 0.0, 0.0, -1.0
    for check in range(_MAX_CHECKS):
        if pending >= threshold:
            count = math.floor((pending - threshold) / chunk) + 1
            moved = min(pending, chunk * count)
            pending -= moved
            sent += moved
            now += moved / bandwidth if pending <= 0 else CHECK_INTERVAL_S * count
        overlap = min(1.0, pending / hot) if check and hot else 0.0
        pending -= hot * math.expm1(slope * (now - last)) * (1 - overlap)
        last = now
        if pending < threshold:
            tail = min(max(0.0, first_pass - sent) / 2, zero_bytes)
            now += tail / bandwidth
            downtime = (pending - tail) / stop_bandwidth + RESUME_S
            longest = pending / stop_bandwidth + RESUME_S
            return CopyFigures(now + downtime, sent + pending, downtime, longest)
        if abs(pending - before) < 1:
            break
        before = pending
    return CopyFigures(math.inf, math.inf, downtime_limit, downtime_limit)
