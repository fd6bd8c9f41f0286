"""What an engine must offer so that VMs can be migrated and hosts emptied: facts in, acts out.

Readings return frozen facts and raise `rhevmig.errors.EngineError` (`retryable`: reading again may help).
Acts do not raise for the engine's answer; they return what is known of it: `Accepted`, `Refused`,
`NotSent` or `AnswerLost`. The port holds no rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from rhevmig.inventory import Engine, Inventory


class VmState(msgspec.Struct, frozen=True, kw_only=True):
    """Status and place of a VM at one moment (`vm`)."""

    vm_id: str
    #: `up`, `migrating`, `paused`, `down`, `unknown`, …; both halves of a migration read `migrating`.
    status: str
    #: Host that it runs on; None where it runs on none, or the account lacks permission to see it.
    host_id: str | None = None
    cluster_id: str | None = None
    name: str | None = None
    #: `migratable`, `user_migratable` or `pinned`; None where not reported.
    affinity: str | None = None
    #: Why it is paused.
    status_detail: str | None = None


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """Status of a host at one moment (`host`)."""

    host_id: str
    #: `up`, `preparing_for_maintenance`, `maintenance`, `non_responsive`, …
    status: str
    name: str | None = None
    cluster_id: str | None = None
    #: Why, where the engine reports it.
    status_detail: str | None = None
    #: VMs running on it (`summary.active`).
    vms_active: int | None = None
    #: VMs on their way in or out (`summary.migrating`).
    vms_migrating: int | None = None
    #: All VMs (`summary.total`).
    vms_total: int | None = None
    #: `spm`, `contending` or `none`.
    spm_status: str | None = None


class TransferState(msgspec.Struct, frozen=True, kw_only=True):
    """An upload or download of a disk (`imagetransfer`); maintenance of its host waits for it."""

    transfer_id: str
    #: `transferring`, `paused_user`, …
    phase: str | None = None
    host_id: str | None = None
    disk_id: str | None = None
    #: `upload` or `download`.
    direction: str | None = None


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """A job of the engine (`job`): rows vanish 10 min after success, 60 min after failure, at a restart."""

    job_id: str
    #: `started`, `finished`, `failed`, `aborted`, `unknown`.
    status: str
    #: Text, e.g. `Migrating VM web01 to Host host02`.
    description: str = ""
    #: Start by the engine's clock.
    started_at: datetime | None = None
    #: End by the engine's clock.
    ended_at: datetime | None = None


class EventFact(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the engine with the facts that its English text holds about a migration (`event`)."""

    #: Increasing; the order of events, regardless of clocks.
    index: int
    #: Code, see `rhevmig.events`.
    code: int
    #: By the engine's clock.
    time: datetime | None = None
    correlation_id: str | None = None
    vm_id: str | None = None
    #: Host that the event refers to.
    host_id: str | None = None
    #: Text in English.
    description: str = ""
    #: Name of the VM in the text.
    vm_name: str | None = None
    #: Name of the source host in the text (`Source: …`).
    source_host: str | None = None
    #: Name of the destination host in the text (`Destination: …`, or `to Host …` of code 128).
    destination_host: str | None = None
    #: Code 63, `Duration: …`: since the first progress report.
    duration_s: float | None = None
    #: Code 63, `Total: …`: with queueing and reruns.
    total_s: float | None = None
    #: Code 63, `Actual downtime: …ms`; None for `(N/A)`.
    downtime_ms: float | None = None
    #: What went wrong, of codes 64, 65, 120, 128, 140, 1111 (the text after `due to an Error:`, or the
    #: refusal in brackets after `due to a failed validation:`).
    error: str | None = None
    #: Who requested it, of codes 62 and 161 (`User: …`).
    user: str | None = None
    #: Why, of code 67 (`Reason: …`; empty means that the engine gave none).
    reason: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The engine has started the act; that does not mean that it is done."""

    #: Job, where the answer named one.
    job_id: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The engine answered with a fault (HTTP 400, 403, 404, 409, 500)."""

    status_code: int | None = None
    #: The fault's detail as sent, brackets included.
    detail: str = ""
    #: The fault's reason as sent.
    reason: str = ""


class NotSent(msgspec.Struct, frozen=True, kw_only=True, tag="not_sent"):
    """The request certainly did not reach the engine: no connection, no TLS, no name."""

    detail: str = ""


class AnswerLost(msgspec.Struct, frozen=True, kw_only=True, tag="answer_lost"):
    """It is unknown whether the engine has started it: connection cut, timeout, an HTML page instead."""

    #: What came instead of an answer.
    detail: str = ""


ActAnswer = Accepted | Refused | NotSent | AnswerLost


def answer_text(answer: ActAnswer) -> str:
    """The text of an answer: the job of an accepted request, the fault or the failure of any other."""
    if isinstance(answer, Accepted):
        return answer.job_id or ""
    if isinstance(answer, Refused):
        return answer.detail or answer.reason
    return answer.detail


class MigrationPort(Protocol):
    """The readings and acts that migrating needs.

    A reading passes `max`, takes one request unless noted, and may be repeated when a failure is
    retryable. An act is sent exactly once, even when its answer is lost, with the correlation id as given.
    Any call may raise `AuthenticationFailed`; nothing was done then. With status 401 and a path of the
    API it means that the engine refused a session although it accepted the login, as a starting engine
    does.
    """

    def identity(self) -> Engine:
        """Which engine this is; may be cached."""

    # ── readings ─────────────────────────────────────────────────────────────────────────────────

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        """States of these VMs, by one list request for any number; a VM that is gone is left out."""

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        """VMs that occupy a host or are leaving it, by one list of the cluster, never by `host=`."""

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        """`migration.progress` in percent, one request per VM: read only for the few that are shown."""

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """States of these hosts; a host that is gone is left out."""

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        """Jobs with a correlation id, oldest first; none where the engine has forgotten them."""

    def transfers_on(self, host_id: str) -> tuple[TransferState, ...]:
        """Image transfers that run over a host and have not ended."""

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        """Events of migrations and hosts (`rhevmig.events`) above an index, oldest first, none missing."""

    def event_index(self) -> int:
        """Index of the newest event."""

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────

    def migrate(
        self,
        vm_id: str,
        *,
        correlation_id: str,
        destination_host_id: str | None = None,
        cluster_id: str | None = None,
        force: bool = False,
        affinity_closure: bool = False,
    ) -> ActAnswer:
        """Requests a migration; without a host the engine chooses one and tries up to three."""

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        """Cancels a migration; event 161 carries this id, not the migration's."""

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        """Requests maintenance; the engine migrates the VMs that are left on the host."""

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        """Requests activation of a host."""


class MigrationEngine(Protocol):
    """A connection to an engine, as `rhevmig.run` and `rhevmig.migrate` take it."""

    def inventory(self) -> Inventory:
        """The engine at one instant."""

    def migration_port(self) -> MigrationPort:
        """The port of this connection; the same one each time."""
