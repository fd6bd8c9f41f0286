"""What a check is: its description as data, and the function that evaluates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from rhevmig.checks.finding import Finding, Severity
from rhevmig.errors import NotFound
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy

__all__ = ["CHECKS", "Check", "Evaluate", "Threshold", "get_check", "register"]

Evaluate = Callable[[Inventory, Policy], Iterator[Finding]]


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that a check compares with."""

    #: Key of the policy that sets it.
    name: str
    #: Value when the policy says nothing.
    default: float
    #: Unit.
    unit: str
    #: Where the default comes from: `DOC`, `engine`, `vendor`, `local`, with the place.
    provenance: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: what it verifies, how bad a failure is, what it has to see."""

    #: Id, e.g. `NET-003`; never given to another check.
    id: str
    #: What holds when it passes.
    title: str
    #: `storage`, `network`, `cpu`, `time`, `vm`.
    area: str
    #: How bad a failure is.
    severity: Severity
    #: What it reads, in the words of the API.
    needs: tuple[str, ...]
    #: Figures that it compares with.
    thresholds: tuple[Threshold, ...] = ()

    def evaluate(self, inventory: Inventory, policy: Policy) -> tuple[Finding, ...]:
        """Judges an inventory: pure, a finding for each object that it looked at."""
        return tuple(_EVALUATE[self.id](inventory, policy))


#: Every check by its id, in the order of registration: storage, network, CPU, time, VM.
CHECKS: dict[str, Check] = {}
_EVALUATE: dict[str, Evaluate] = {}


def register(check: Check) -> Callable[[Evaluate], Evaluate]:
    """Decorates the function that evaluates a check."""

    def remember(evaluate: Evaluate) -> Evaluate:
        if check.id in CHECKS:
            raise ValueError(f"check id {check.id} is taken")
        CHECKS[check.id] = check
        _EVALUATE[check.id] = evaluate
        return evaluate

    return remember


def get_check(check_id: str) -> Check:
    """The check of this id, whatever its case; raises `NotFound`."""
    check = CHECKS.get(check_id.upper())
    if check is None:
        raise NotFound(
            kind="check", key=check_id, remedy=f"There are {', '.join(CHECKS)}; see `rhevmig explain`."
        )
    return check
