"""How fast a running memory gets dirty: unique bytes written since the last look, per kind of load.

Every model answers one question, `unique_bytes(seconds)`: how many different bytes (whole pages)
were written in a window of that length. Nothing here knows about links or rounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtyClass:
    """One region of memory that is written at a steady rate."""

    #: page writes, in bytes of whole pages per second, rewrites of the same page counted
    rate_bytes_s: float
    #: bytes of memory the writes fall into
    working_set_bytes: float
    #: True: the writes walk through the region in order; False: uniformly at random
    is_sequential: bool = False

    def unique_bytes(self, seconds: float) -> float:
        """Different bytes written within `seconds`; never more than the working set."""
        if seconds <= 0 or self.rate_bytes_s <= 0 or self.working_set_bytes <= 0:
            return 0.0
        written = self.rate_bytes_s * seconds
        if self.is_sequential:
            return min(written, self.working_set_bytes)
        return -self.working_set_bytes * math.expm1(-written / self.working_set_bytes)


@dataclass(frozen=True, kw_only=True, slots=True)
class DirtyModel:
    """A load: the sum of its regions. No regions means idle."""

    #: the regions, disjoint
    classes: tuple[DirtyClass, ...] = ()

    @property
    def rate_bytes_s(self) -> float:
        """Page writes per second over all regions, rewrites counted."""
        return sum(part.rate_bytes_s for part in self.classes)

    @property
    def working_set_bytes(self) -> float:
        """Memory that is written at all."""
        return sum(part.working_set_bytes for part in self.classes if part.rate_bytes_s > 0)

    def unique_bytes(self, seconds: float) -> float:
        """Different bytes written within `seconds`."""
        return sum(part.unique_bytes(seconds) for part in self.classes)

    def newly_dirty(self, seconds: float, *, pending_bytes: float) -> float:
        """Bytes written within `seconds` that are not pending anyway; what is pending may be anywhere."""
        whole = self.working_set_bytes
        return self.unique_bytes(seconds) * max(0.0, 1 - pending_bytes / whole) if whole else 0.0


#: nothing is written
IDLE = DirtyModel()


def idle() -> DirtyModel:
    """A VM that writes nothing."""
    return IDLE


def random_load(*, rate_bytes_s: float, working_set_bytes: float) -> DirtyModel:
    """Uniformly random page writes over one working set."""
    return _of([DirtyClass(rate_bytes_s=rate_bytes_s, working_set_bytes=working_set_bytes)])


def sequential_load(*, rate_bytes_s: float, working_set_bytes: float) -> DirtyModel:
    """Page writes that walk through the working set in order, again and again."""
    return _of(
        [DirtyClass(rate_bytes_s=rate_bytes_s, working_set_bytes=working_set_bytes, is_sequential=True)]
    )


def hot_cold(
    *,
    rate_bytes_s: float,
    working_set_bytes: float,
    hot_fraction: float = 0.1,
    hot_probability: float = 0.9,
) -> DirtyModel:
    """A share `hot_probability` of the writes goes to `hot_fraction` of the working set."""
    hot = DirtyClass(
        rate_bytes_s=rate_bytes_s * hot_probability,
        working_set_bytes=working_set_bytes * hot_fraction,
    )
    cold = DirtyClass(
        rate_bytes_s=rate_bytes_s * (1 - hot_probability),
        working_set_bytes=working_set_bytes * (1 - hot_fraction),
    )
    return _of([hot, cold])


def _of(parts: Sequence[DirtyClass]) -> DirtyModel:
    live = tuple(p for p in parts if p.rate_bytes_s > 0 and p.working_set_bytes > 0)
    return DirtyModel(classes=live) if live else IDLE
