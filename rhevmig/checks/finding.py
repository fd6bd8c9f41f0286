"""Findings: the result of a check about one object, and the collection of all results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property

import msgspec

from rhevmig.inventory import Cluster


class Status(StrEnum):
    """The result of a check on one object."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    #: Not judged; never counts as pass.
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    #: The policy accepts the failure; `Finding.waived_status` keeps the original.
    WAIVED = "waived"
    #: The check itself failed with an error.
    ERROR = "error"


class Severity(StrEnum):
    """Severity of a failure, worst first."""

    BLOCKER = "blocker"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]

    def at_or_above(self, other: Severity | str) -> bool:
        """Whether it is at least as severe."""
        return self.rank <= Severity(other).rank


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
#: Statuses that need attention.
OPEN = frozenset({Status.FAIL, Status.UNKNOWN, Status.ERROR})
#: What the verdict on a cluster is called.
READINESS = {
    Status.PASS: "ready",
    Status.FAIL: "not ready",
    Status.UNKNOWN: "cannot be judged",
    Status.NOT_APPLICABLE: "nothing to judge",
}
#: Statuses that result from looking at the object.
JUDGED = frozenset({Status.PASS, Status.FAIL, Status.WAIVED})


class Scope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The object of a finding, identified by its id."""

    #: `engine`, `data_center`, `cluster`, `host`, `network`, `storage_domain`, `vm`.
    kind: str
    #: Engine id; of the engine its address.
    id: str
    name: str
    #: None for an object that belongs to no single cluster.
    cluster_id: str | None = None
    data_center_id: str | None = None


class ObservedValue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One observed value."""

    #: E.g. `speed of eno1`.
    name: str
    #: With its unit; a dash where it was not observed.
    observed: str
    #: With its unit; empty where no particular value is expected.
    expected: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The result of one check about one object."""

    #: E.g. `NET-003`.
    check_id: str
    status: Status
    severity: Severity
    scope: Scope
    #: One sentence with the scope as its subject.
    message: str
    evidence: tuple[ObservedValue, ...] = ()
    #: What to do; of an unknown finding the smallest permission, setting or fact that would help.
    remedy: str = ""
    #: What was missing for an unknown finding.
    missing: str | None = None
    #: Original status of a waived finding.
    waived_status: Status | None = None
    #: Reason of the waiver, who accepted it, until when.
    waiver: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it needs attention."""
        return self.status in OPEN


class Findings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All findings of one evaluation."""

    #: Worst first.
    findings: tuple[Finding, ...] = ()
    #: Data center by cluster id, so that findings of a data center count for its clusters.
    clusters: dict[str, str | None] = {}

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, *, check_id: str | None = None, status: Status | str | None = None) -> tuple[Finding, ...]:
        """Findings of a check, of a status, or of both."""
        return tuple(
            f
            for f in self.findings
            if (check_id is None or f.check_id == check_id) and (status is None or f.status == status)
        )

    def at_or_above(self, severity: Severity | str) -> tuple[Finding, ...]:
        """Failures at least as severe."""
        return tuple(f for f in self.findings if f.status == Status.FAIL and f.severity.at_or_above(severity))

    def unjudged_at_or_above(self, severity: Severity | str) -> tuple[Finding, ...]:
        """Unknown and error findings at least as severe."""
        return tuple(
            f
            for f in self.findings
            if f.status in (Status.UNKNOWN, Status.ERROR) and f.severity.at_or_above(severity)
        )

    def by_cluster(self) -> dict[str, tuple[Finding, ...]]:
        """Findings by cluster id; those of data center and engine count for each cluster."""
        return self._by_cluster

    def verdict(self, cluster: Cluster | str, *, gate: Severity | str = Severity.HIGH) -> Status:
        """Fit for live migration? FAIL or UNKNOWN by the findings at or above the gate, else PASS.

        A cluster of which nothing could be judged because nothing is in it is NOT_APPLICABLE.
        """
        cluster_id = cluster if isinstance(cluster, str) else cluster.id
        own = self._by_cluster.get(cluster_id, ())
        verdict = _verdict(own, gate)
        is_judged = any(f.status in JUDGED and f.scope.cluster_id == cluster_id for f in own)
        return Status.NOT_APPLICABLE if verdict == Status.PASS and not is_judged else verdict

    @cached_property
    def _by_cluster(self) -> dict[str, tuple[Finding, ...]]:
        found: dict[str, list[Finding]] = {cluster_id: [] for cluster_id in self.clusters}
        for finding in self.findings:
            for cluster_id in self._clusters_of(finding.scope):
                found.setdefault(cluster_id, []).append(finding)
        return {cluster_id: tuple(items) for cluster_id, items in found.items()}

    def _clusters_of(self, scope: Scope) -> Iterable[str]:
        if scope.cluster_id is not None:
            return (scope.cluster_id,)
        if scope.data_center_id is not None:
            return [
                c for c, data_center_id in self.clusters.items() if data_center_id == scope.data_center_id
            ]
        return self.clusters


def equal_findings(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Groups of findings that differ by their object only, in the order of the first of each."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for f in findings:
        outcome = (f.check_id, f.status, f.severity, f.scope.kind, f.missing, f.waiver)
        groups.setdefault((*outcome, f.message, f.evidence, f.remedy), []).append(f)
    return tuple(tuple(group) for group in groups.values())


def exit_code(findings: Findings, gate: Severity | str = Severity.HIGH) -> int:
    """The exit code of `rhevmig check`: 0 fine, 3 failures at or above the gate, 4 only unknowns there."""
    return {Status.FAIL: 3, Status.UNKNOWN: 4}.get(_verdict(findings.findings, gate), 0)


def _verdict(findings: Iterable[Finding], gate: Severity | str) -> Status:
    gated = [f.status for f in findings if f.is_open and f.severity.at_or_above(gate)]
    if Status.FAIL in gated:
        return Status.FAIL
    return Status.UNKNOWN if gated else Status.PASS
