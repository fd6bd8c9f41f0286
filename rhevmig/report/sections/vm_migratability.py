"""Whether a running VM can be moved now, with the case between yes and no: only with force."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from rhevmig.report.document import Cell, Tone
from rhevmig.scheduling import Allowed, Explanation, Verdict


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


class VmAnswer(NamedTuple):
    """What is known of moving one VM, worked out once."""

    #: Host by host.
    explanation: Explanation
    #: The answer.
    movable: Movable
    #: Hosts that it could move to, whatever its own obstacles.
    destinations: tuple[Verdict, ...]


def answer_of(explanation: Explanation) -> VmAnswer:
    """The answer for one VM."""
    destinations = explanation.destinations
    return VmAnswer(explanation, _movable(explanation, has_destination=bool(destinations)), destinations)


def _movable(explanation: Explanation, *, has_destination: bool) -> Movable:
    holding = [obstacle for obstacle in explanation.obstacles if obstacle.allowed == Allowed.NO]
    if holding:
        is_forceable = has_destination and all(obstacle.force_helps for obstacle in holding)
        return Movable.FORCE if is_forceable else Movable.NO
    answers = {Allowed.YES: Movable.YES, Allowed.NO: Movable.NO, Allowed.UNKNOWN: Movable.UNKNOWN}
    return answers[explanation.is_migratable]


def movable_cell(answer: Movable) -> Cell:
    """The answer in its tone."""
    return Cell(text=answer.value, tone=_TONES[answer])
