"""What a check is: its description as data, the function that evaluates it, and loops over objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from rhevmig.checks.finding import Finding, ObservedValue, Scope, Severity, Status
from rhevmig.checks.scopes import help_for, scope_of
from rhevmig.errors import NotFound
from rhevmig.inventory import Cluster, DataCenter, Host, Inventory, Vm
from rhevmig.policy import Policy

Evaluate = Callable[[Inventory, Policy], Iterator[Finding]]


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that a check compares with."""

    #: Key in the policy.
    name: str
    default: float
    unit: str
    #: Source of the default: `DOC`, `engine`, `vendor` or `local`, with the place.
    provenance: str

    def value(self, policy: Policy) -> float:
        """The figure under a policy."""
        return policy.threshold(self.name, self.default)

    def expected(self, policy: Policy, relation: str) -> str:
        """The figure as evidence shows it, with unit and source.

        >>> Threshold(name="drift_window_h", default=24, unit="h", provenance="local").expected(Policy(), "≤")
        '≤ 24 h (local)'
        """
        return f"{relation} {self.value(policy):g} {self.unit} ({policy.origin(self.name, self.provenance)})"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: what it verifies, how severe a failure is, what it reads."""

    #: E.g. `NET-003`; never given to another check.
    id: str
    #: What is true when it passes.
    title: str
    #: `storage`, `network`, `cpu`, `time`, `host`, `vm`.
    area: str
    severity: Severity
    #: What it reads, as the API names it.
    needs: tuple[str, ...]
    thresholds: tuple[Threshold, ...] = ()

    def evaluate(self, inventory: Inventory, policy: Policy) -> tuple[Finding, ...]:
        """One finding per object of the inventory that the check is about."""
        return tuple(_EVALUATE[self.id](inventory, policy))

    def about(self, inventory: Inventory, item: object, cluster: Cluster | None = None) -> Subject:
        """The object that a finding is about."""
        return Subject(self, inventory, scope_of(inventory, item, cluster))


class Subject:
    """One object under one check; its methods make the finding."""

    __slots__ = ("check", "inventory", "scope")

    def __init__(self, check: Check, inventory: Inventory, scope: Scope) -> None:
        self.check = check
        self.inventory = inventory
        self.scope = scope

    def passed(self, message: str, *evidence: ObservedValue) -> Finding:
        """Everything is as it should be."""
        return self._finding(Status.PASS, message, evidence)

    def failed(self, message: str, *evidence: ObservedValue, remedy: str) -> Finding:
        """Something is wrong."""
        return self._finding(Status.FAIL, message, evidence, remedy)

    def unknown(self, message: str, *evidence: ObservedValue, missing: str, remedy: str) -> Finding:
        """It cannot be judged; `remedy` is the least that would help."""
        return self._finding(Status.UNKNOWN, message, evidence, remedy, missing)

    def unread(self, message: str, *evidence: ObservedValue, missing: str, part: tuple[str, ...]) -> Finding:
        """It cannot be judged because a part of the engine could not be read.

        Args: part (kind and parts as `Inventory.unobserved` names them, from which the remedy follows).
        """
        kind, *parts = part
        remedy = help_for(self.inventory, kind, *parts, id=self.scope.id)
        return self.unknown(message, *evidence, missing=missing, remedy=remedy)

    def not_applicable(self, message: str) -> Finding:
        """There is nothing to judge."""
        return self._finding(Status.NOT_APPLICABLE, message, ())

    def _finding(
        self,
        status: Status,
        message: str,
        evidence: tuple[ObservedValue, ...],
        remedy: str = "",
        missing: str | None = None,
    ) -> Finding:
        return Finding(
            check_id=self.check.id,
            status=status,
            severity=self.check.severity,
            scope=self.scope,
            message=message,
            evidence=evidence,
            remedy=remedy,
            missing=missing,
        )


def seen(name: str, observed: object, expected: str = "") -> ObservedValue:
    """One row of evidence; a value that was not observed is a dash."""
    text = "–" if observed is None or observed == "" else str(observed)
    return ObservedValue(name=name, observed=text, expected=expected)


#: All checks by id, in the order of registration: storage, network, CPU, time, hosts, VM.
CHECKS: dict[str, Check] = {}
_EVALUATE: dict[str, Evaluate] = {}


def get_check(check_id: str) -> Check:
    """The check with this id, in any case; raises `NotFound`."""
    check = CHECKS.get(check_id.strip().upper())
    if check is None:
        raise NotFound(kind="check", key=check_id, remedy=f"There are {', '.join(CHECKS)}.")
    return check


# ── registration ─────────────────────────────────────────────────────────────────────────────────────


def register(check: Check) -> Callable[[Evaluate], Evaluate]:
    """Registers a function that judges an inventory."""

    def remember(evaluate: Evaluate) -> Evaluate:
        if check.id in CHECKS:
            raise ValueError(f"check id {check.id} is taken")
        CHECKS[check.id] = check
        _EVALUATE[check.id] = evaluate
        return evaluate

    return remember


T = TypeVar("T")
JudgeHost = Callable[[Subject, Host, Policy], Finding]
JudgeCluster = Callable[[Subject, Cluster, Policy], Finding]
JudgeDataCenter = Callable[[Subject, DataCenter, Policy], Finding]
JudgeVm = Callable[[Subject, Vm, Policy], Finding]


def each_host(check: Check, *, only_up: str = "") -> Callable[[JudgeHost], JudgeHost]:
    """Registers a function that judges one host.

    Args: only_up (why a host in any other status is not applicable; without it all hosts are judged).
    """

    def decorate(judge: JudgeHost) -> JudgeHost:
        @register(check)
        def evaluate(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
            for host in inventory.hosts:
                subject = check.about(inventory, host)
                if only_up and not host.is_up:
                    yield subject.not_applicable(f"the host is {host.status}: {only_up}")
                else:
                    yield judge(subject, host, policy)

        return judge

    return decorate


def each_cluster(check: Check) -> Callable[[JudgeCluster], JudgeCluster]:
    """Registers a function that judges one cluster that has hosts."""

    def decorate(judge: JudgeCluster) -> JudgeCluster:
        @register(check)
        def evaluate(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
            hosts_unread = any(u.kind == "host" and u.what == "all" for u in inventory.unobserved)
            for cluster in inventory.clusters:
                subject = check.about(inventory, cluster)
                if inventory.hosts_of(cluster):
                    yield judge(subject, cluster, policy)
                elif hosts_unread:
                    message = "the hosts of the cluster could not be read"
                    yield subject.unread(message, missing="hosts", part=("host",))
                else:
                    yield subject.not_applicable("the cluster has no hosts")

        return judge

    return decorate


def each_data_center(check: Check) -> Callable[[JudgeDataCenter], JudgeDataCenter]:
    """Registers a function that judges one data center."""
    return _each(check, lambda inventory: inventory.data_centers)


def each_vm(check: Check) -> Callable[[JudgeVm], JudgeVm]:
    """Registers a function that judges one VM."""
    return _each(check, lambda inventory: inventory.vms)


def _each(
    check: Check, items: Callable[[Inventory], Iterable[T]]
) -> Callable[[Callable[[Subject, T, Policy], Finding]], Callable[[Subject, T, Policy], Finding]]:
    def decorate(judge: Callable[[Subject, T, Policy], Finding]) -> Callable[[Subject, T, Policy], Finding]:
        @register(check)
        def evaluate(inventory: Inventory, policy: Policy) -> Iterator[Finding]:
            for item in items(inventory):
                yield judge(check.about(inventory, item), item, policy)

        return judge

    return decorate
