"""Predicts one migration from numbers known before it starts: time, bytes, pause, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Band", "Prediction", "predict"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """One quantile of the three figures."""

    total_s: float
    transferred_bytes: float
    downtime_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What is expected of one migration."""

    #: from the first byte to the VM running on the destination; inf when it does not converge
    total_s: float
    #: bytes over the link
    transferred_bytes: float
    #: how long the VM stands still
    downtime_s: float
    #: whether the copy catches up with the writing
    converges: Literal["yes", "uncertain", "no"]
    #: half of such migrations are within these figures
    p50: Band
    #: nine of ten such migrations are within these figures
    p90: Band
    #: what was assumed because it was not known; empty = everything was given
    assumptions: tuple[str, ...] = ()


def predict(
    *,
    memory_bytes: int | None,
    nonzero_bytes: int | None = None,
    bandwidth_bytes_s: float,
    dirty_samples: Sequence[tuple[float, float]] | None = None,
    downtime_limit_s: float = 0.5,
    stop_bandwidth_bytes_s: float | None = None,
) -> Prediction:
    """Predict total time, bytes and pause of one pre-copy migration.

    `dirty_samples` are (window in seconds, unique bytes dirtied within it); several of the same
    window are welcome and averaged by their noise.
    """
    raise NotImplementedError
