"""Whether a running VM can be moved now, with the case between yes and no: only with force."""

from __future__ import annotations

from enum import StrEnum

from rhevmig.report.document import Cell, Tone
from rhevmig.scheduling import Allowed, Explanation

__all__ = ["Movable", "movable", "movable_cell"]


class Movable(StrEnum):
    """The answer."""

    YES = "yes"
    #: A person may move it, with `force`; the engine's balancer may not.
    FORCE = "only with force"
    NO = "no"
    UNKNOWN = "cannot be judged"


_TONES = {
    Movable.YES: Tone.GOOD,
    Movable.FORCE: Tone.WARN,
    Movable.NO: Tone.BAD,
    Movable.UNKNOWN: Tone.UNKNOWN,
}


def movable(explanation: Explanation) -> Movable:
    """The answer for one VM."""
    if explanation.is_migratable != Allowed.NO:
        return Movable.YES if explanation.is_migratable == Allowed.YES else Movable.UNKNOWN
    holding = [obstacle for obstacle in explanation.obstacles if obstacle.allowed == Allowed.NO]
    is_forceable = bool(holding) and all(obstacle.force_helps for obstacle in holding)
    return Movable.FORCE if is_forceable and explanation.destinations else Movable.NO


def movable_cell(answer: Movable) -> Cell:
    """The answer in its tone."""
    return Cell(text=answer.value, tone=_TONES[answer])
