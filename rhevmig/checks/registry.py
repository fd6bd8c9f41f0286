"""What a check is: its description as data, and the function that evaluates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from rhevmig.checks.finding import Evidence, Finding, Scope, Severity, Status
from rhevmig.errors import NotFound
from rhevmig.inventory import Inventory
from rhevmig.policy import Policy

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

    def value(self, policy: Policy) -> float:
        """The figure that holds under a policy."""
        return policy.threshold(self.name, self.default)

    def expected(self, policy: Policy, relation: str) -> str:
        """The figure as evidence shows it, with unit and origin.

        >>> Threshold(name="drift_window_h", default=24, unit="h", provenance="local").expected(Policy(), "≤")
        '≤ 24 h (local)'
        """
        return f"{relation} {self.value(policy):g} {self.unit} ({policy.origin(self.name, self.provenance)})"


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

    def passed(self, scope: Scope, message: str, *evidence: Evidence) -> Finding:
        """A finding that all is fine."""
        return self._finding(Status.PASS, scope, message, evidence)

    def failed(self, scope: Scope, message: str, *evidence: Evidence, remedy: str) -> Finding:
        """A finding that something is wrong."""
        return self._finding(Status.FAIL, scope, message, evidence, remedy=remedy)

    def unknown(self, scope: Scope, message: str, *evidence: Evidence, missing: str, remedy: str) -> Finding:
        """A finding that it cannot be judged: what was missing, and the least that would help."""
        return self._finding(Status.UNKNOWN, scope, message, evidence, remedy=remedy, missing=missing)

    def not_applicable(self, scope: Scope, message: str) -> Finding:
        """A finding that there is nothing to judge."""
        return self._finding(Status.NOT_APPLICABLE, scope, message, ())

    def _finding(
        self,
        status: Status,
        scope: Scope,
        message: str,
        evidence: tuple[Evidence, ...],
        *,
        remedy: str = "",
        missing: str | None = None,
    ) -> Finding:
        return Finding(
            check_id=self.id,
            status=status,
            severity=self.severity,
            scope=scope,
            message=message,
            evidence=evidence,
            remedy=remedy,
            missing=missing,
        )


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
    check = CHECKS.get(check_id.strip().upper())
    if check is None:
        raise NotFound(kind="check", key=check_id, remedy=f"There are {', '.join(CHECKS)}.")
    return check
