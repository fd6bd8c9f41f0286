"""QEMU's auto-converge: takes CPU time from a VM that dirties faster than the copy sends.

At bitmap reads at least a second apart, dirtying more than half of what was sent counts as a hit; every
second hit raises the throttle. Engine: the policies switch it on; libvirt leaves QEMU's own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

_PERIOD_S = 1.0
_HIT_SHARE = 0.5


@dataclass(kw_only=True, slots=True)
class Throttle:
    """The state of auto-converge for one migration."""

    #: whether it is switched on
    is_on: bool = False
    #: share of its CPUs that the load needs; up to the idle rest the throttle has no effect
    cpu_duty: float = 1.0
    #: first step, percent (QEMU: cpu-throttle-initial)
    initial_percent: int = 20
    #: further steps, percent (QEMU: cpu-throttle-increment)
    increment_percent: int = 10
    #: highest step, percent (QEMU: max-cpu-throttle)
    max_percent: int = 99
    #: CPU time taken now, percent
    percent: int = 0
    _hits: int = 0
    _since_s: float = 0.0
    _dirtied: float = 0.0
    _transferred: float = 0.0

    @property
    def factor(self) -> float:
        """The VM's rate of writes as a share of what it would be."""
        if not self.percent:
            return 1.0
        return min(1.0, (1 - self.percent / 100) / max(self.cpu_duty, 0.01))

    @property
    def is_settled(self) -> bool:
        """Whether it will not change any more."""
        return not self.is_on or self.percent >= self.max_percent

    def after_bitmap(self, *, now_s: float, dirtied: float, transferred: float) -> None:
        """Judge one bitmap read: bytes newly dirty, bytes sent since the start."""
        if not self.is_on:
            return
        self._dirtied += dirtied
        if now_s - self._since_s < _PERIOD_S:
            return
        if self._dirtied > _HIT_SHARE * (transferred - self._transferred):
            self._hits += 1
            if self._hits >= 2:
                self._hits = 0
                step = self.percent + self.increment_percent if self.percent else self.initial_percent
                self.percent = min(self.max_percent, step)
        self._since_s, self._dirtied, self._transferred = now_s, 0.0, transferred
