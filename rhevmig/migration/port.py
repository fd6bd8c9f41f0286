"""What an engine must offer so that VMs can be moved and hosts emptied on it: facts in, acts out.

The port is narrow on purpose. Readings return frozen facts and raise `rhevmig.errors.EngineError`
(`retryable` tells whether asking again may help); acts never raise for what the engine answered, they
return what is known of it: `Accepted`, `Refused`, `NotSent` or `AnswerLost`. No rule lives behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from rhevmig.inventory import Engine, Inventory


class VmState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a VM is and how it is, at one moment (`vm`)."""

    #: Engine id.
    vm_id: str
    #: `up`, `migrating`, `paused`, `down`, `unknown`, …; both halves of a migration read `migrating`.
    status: str
    #: Host that it runs on; None where it runs on none, or the account may not see it.
    host_id: str | None = None
    #: Cluster.
    cluster_id: str | None = None
    #: Name.
    name: str | None = None
    #: Who may move it: `migratable`, `user_migratable`, `pinned`; None where it was not told.
    affinity: str | None = None
    #: Why it is paused.
    status_detail: str | None = None


class HostState(msgspec.Struct, frozen=True, kw_only=True):
    """How a host is at one moment (`host`)."""

    #: Engine id.
    host_id: str
    #: `up`, `preparing_for_maintenance`, `maintenance`, `non_responsive`, …
    status: str
    #: Name.
    name: str | None = None
    #: Cluster.
    cluster_id: str | None = None
    #: Why, where the engine says.
    status_detail: str | None = None
    #: VMs running on it (`summary.active`).
    vms_active: int | None = None
    #: VMs on their way in or out (`summary.migrating`).
    vms_migrating: int | None = None
    #: VMs in all (`summary.total`).
    vms_total: int | None = None
    #: `spm`, `contending` or `none`.
    spm_status: str | None = None


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """A job of the engine (`job`): rows vanish 10 min after success, 60 min after failure, at a restart."""

    #: Engine id.
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
    """An event of the engine with what its English text says of a migration (`event`)."""

    #: Index, increasing; the order of events, whatever the clocks say.
    index: int
    #: Code, see `rhevmig.events`.
    code: int
    #: When, by the engine's clock.
    time: datetime | None = None
    #: Correlation id.
    correlation_id: str | None = None
    #: VM.
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
    #: Code 63, `Duration: …`: from the first progress report on.
    duration_s: float | None = None
    #: Code 63, `Total: …`: with queueing and reruns.
    total_s: float | None = None
    #: Code 63, `Actual downtime: …ms`; None for `(N/A)`.
    downtime_ms: float | None = None
    #: What went wrong, of codes 64, 65, 120, 128, 140, 1111 (the text after `due to an Error:`, or the
    #: refusal in brackets after `due to a failed validation:`).
    error: str | None = None
    #: Who asked, of codes 62 and 161 (`User: …`).
    user: str | None = None
    #: Why, of code 67 (`Reason: …`; empty means that the engine gave none).
    reason: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """The engine has started to do it: not yet that it is done."""

    #: Job, where the answer named one.
    job_id: str | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The engine answered with a fault of its own that it will not (HTTP 400, 403, 404, 409, 500)."""

    #: HTTP status.
    status_code: int | None = None
    #: The fault's detail as sent, brackets included.
    detail: str = ""
    #: The fault's reason as sent.
    reason: str = ""


class NotSent(msgspec.Struct, frozen=True, kw_only=True, tag="not_sent"):
    """The request certainly did not reach the engine: no connection, no TLS, no name."""

    #: What failed.
    detail: str = ""


class AnswerLost(msgspec.Struct, frozen=True, kw_only=True, tag="answer_lost"):
    """Nobody knows whether the engine has started it: cut, timed out, an HTML page instead."""

    #: What came instead.
    detail: str = ""


ActAnswer = Accepted | Refused | NotSent | AnswerLost


class MigrationPort(Protocol):
    """An engine as the migration rooms need it.

    Readings pass `max`, answer in one request unless said otherwise, and may repeat themselves when a
    failure is retryable. Acts are sent exactly once each, whatever happens to their answer, with the
    correlation id as given. `AuthenticationFailed` may be raised by any call: nothing was done then; with
    status 401 and a path of the API it means that a session was refused although the login was accepted,
    as an engine that has just started does.
    """

    def identity(self) -> Engine:
        """Which engine this is; asked once, may be kept."""

    # ── readings ─────────────────────────────────────────────────────────────────────────────────

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        """States of these VMs by one list request however many they are; a VM that is gone is left out."""

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        """VMs that occupy a host or are leaving it: by one list of the cluster, never by `host=`."""

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        """`migration.progress` in percent, one request a VM: asked only for the few that are shown."""

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """States of these hosts; a host that is gone is left out."""

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        """Jobs with a correlation id, oldest first; none where the engine has forgotten them."""

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        """Events with a correlation id, oldest first."""

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
        """Asks the engine to move a VM; without a host the engine chooses, and tries up to three."""

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        """Asks the engine to stop a migration; its event 161 carries this id, not the migration's."""

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        """Asks the engine to empty a host and put it into maintenance."""

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        """Asks the engine to take a host back into service."""


class MigrationEngine(Protocol):
    """A connection to an engine as `rhevmig.run` and `rhevmig.migrate` take it."""

    def inventory(self) -> Inventory:
        """The engine at one instant."""

    def migration_port(self) -> MigrationPort:
        """The port of this connection; the same one each time."""
