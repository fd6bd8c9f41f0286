"""What a check says: findings, each about one object, and the collection of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property

import msgspec

from rhevmig.inventory import Cluster


class Status(StrEnum):
    """What became of a check on one object."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    #: It could not be judged; never green.
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    #: The policy accepts the failure; the original stays in `Finding.waived_status`.
    WAIVED = "waived"
    #: The check itself broke.
    ERROR = "error"


class Severity(StrEnum):
    """How bad a failure is, worst first."""

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
        """Whether it is at least as bad."""
        return self.rank <= Severity(other).rank


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
#: Statuses that somebody has to do something about.
OPEN = frozenset({Status.FAIL, Status.UNKNOWN, Status.ERROR})
#: What the verdict on a cluster is called.
READINESS = {
    Status.PASS: "ready",
    Status.FAIL: "not ready",
    Status.UNKNOWN: "cannot be judged",
    Status.NOT_APPLICABLE: "nothing to judge",
}
#: Statuses that come of looking at something.
JUDGED = frozenset({Status.PASS, Status.FAIL, Status.WAIVED})


class Scope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a finding is about; the id counts, names move."""

    #: `engine`, `data_center`, `cluster`, `host`, `network`, `storage_domain`, `vm`.
    kind: str
    #: Engine id; of the engine its address.
    id: str
    #: Name.
    name: str
    #: Cluster that it belongs to, if to one.
    cluster_id: str | None = None
    #: Data center that it belongs to, if to one.
    data_center_id: str | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was looked at."""

    #: What, e.g. `speed of eno1`.
    name: str
    #: As found, with its unit; a dash where it was not observed.
    observed: str
    #: As it should be, with its unit; empty where nothing particular is expected.
    expected: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one check says about one object."""

    #: Check, e.g. `NET-003`.
    check_id: str
    #: Status.
    status: Status
    #: Severity of the check, or as the policy sets it.
    severity: Severity
    #: What it is about.
    scope: Scope
    #: One sentence.
    message: str
    #: What was looked at.
    evidence: tuple[Evidence, ...] = ()
    #: What to do about it; of an unknown the smallest permission, setting or fact that would help.
    remedy: str = ""
    #: Of an unknown: what was missing.
    missing: str | None = None
    #: Of a waived finding: the status that it had.
    waived_status: Status | None = None
    #: Of a waived finding: why, by whom, until when.
    waiver: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.status in OPEN


class Findings(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All findings of one run of the checks."""

    #: The findings, worst first.
    findings: tuple[Finding, ...] = ()
    #: Clusters by id: their data center, so that a finding of a data center counts for its clusters.
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
        """Failures at least as bad as this."""
        return tuple(f for f in self.findings if f.status == Status.FAIL and f.severity.at_or_above(severity))

    def unjudged_at_or_above(self, severity: Severity | str) -> tuple[Finding, ...]:
        """What could not be judged (unknown, or the check broke) at least as bad as this."""
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
    """Findings that say the same about several objects, together; the order is that of the first of each."""
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
