"""The migration port on a real engine: cheap readings, acts that are sent exactly once.

`rhevmig.migration.port.MigrationPort` documents each call. The requests behind the readings were chosen by
what they cost an engine (polls by ids or by cluster, never by host, never statistics of a list).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rhevmig.engine.actions import act
from rhevmig.engine.event_texts import event_fact_of
from rhevmig.engine.list_reader import read_list
from rhevmig.engine.mapping import EVENT
from rhevmig.engine.mapping.conversions import any_text_of, utc_of
from rhevmig.engine.mapping.fields import FieldTable, computed, reference, same, value, word
from rhevmig.engine.transport import Transport
from rhevmig.errors import EngineNotFound, EngineUnavailable, FieldMissing
from rhevmig.events import HOST_EVENTS, MIGRATION_EVENTS
from rhevmig.inventory import Engine
from rhevmig.migration.port import ActAnswer, EventFact, HostState, JobState, TransferState, VmState

#: Most ids in one search: URLs have a length limit (8,190 bytes at the engine's Apache).
MOST_IDS = 150
#: First `max` of a list.
FIRST_MAX = 1000
#: Longest wait for one reading: all of them are cheap.
READ_TIMEOUT_S = 60.0
_CODES = MIGRATION_EVENTS | HOST_EVENTS
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.-]+")

T = TypeVar("T")


class EnginePort:
    """The port of one session; satisfies `rhevmig.migration.port.MigrationPort`."""

    def __init__(self, transport: Transport, engine: Engine) -> None:
        self._transport = transport
        self._engine = engine
        self._cluster_names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"EnginePort({self._engine.url!r})"

    def identity(self) -> Engine:
        """Which engine this is, as read when the session began."""
        return self._engine

    # ── readings ─────────────────────────────────────────────────────────────────────────────────

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        """States of VMs by one list: by their ids, or of all where they are too many for a URL."""
        wanted = set(vm_ids)
        if not wanted:
            return {}
        query = {"search": _by_ids(wanted)} if len(wanted) <= MOST_IDS else {}
        found = self._list("vms", "vms", _VM_STATE, query)
        return {vm.vm_id: vm for vm in found if vm.vm_id in wanted}

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        """VMs on a host, from the list of its cluster (30 ms; a search by `host=` takes seconds)."""
        name = self._cluster_name(cluster_id)
        found = self._list("vms", "vms", _VM_STATE, {"search": f"cluster={_quoted(name)}"})
        return tuple(vm for vm in found if vm.host_id == host_id)

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        """`migration.progress` in percent; a VM that is gone, or reports none, is left out."""
        found: dict[str, float] = {}
        for vm_id in vm_ids:
            try:
                figures = self._list(f"vms/{vm_id}/statistics", "statistics", _figure, {})
            except EngineNotFound:
                continue
            percent = dict(figures).get("migration.progress")
            if percent is not None:
                found[vm_id] = percent
        return found

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """States of hosts: of one by its own resource, of several from the list of all (15 ms with `max`)."""
        wanted = set(host_ids)
        if len(wanted) == 1:
            (host_id,) = wanted
            try:
                found = self._read(f"hosts/{host_id}", "host", _HOST_STATE, {})
            except EngineNotFound:
                return {}
        elif wanted:
            found = self._list("hosts", "hosts", _HOST_STATE, {})
        else:
            return {}
        return {host.host_id: host for host in found if host.host_id in wanted}

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        """Jobs with a correlation id, oldest first."""
        jobs = self._list("jobs", "jobs", _JOB_STATE, {"search": f"correlation_id={correlation_id}"})
        return tuple(sorted(jobs, key=lambda job: (job.started_at is None, job.started_at)))

    def transfers_on(self, host_id: str) -> tuple[TransferState, ...]:
        """Image transfers over a host that have not ended.

        Engine: since autumn 2022 maintenance waits for them.
        """
        found = self._list("imagetransfers", "image_transfers", _TRANSFER_STATE, {})
        return tuple(
            item
            for item in found
            if item.host_id == host_id and not (item.phase or "").startswith("finished")
        )

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        """Events with a correlation id, oldest first."""
        found = self._list("events", "events", EVENT, {"search": f"correlation_id={correlation_id}"})
        return tuple(event_fact_of(event) for event in sorted(found, key=lambda event: event.id))

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        """Events of migrations and hosts above an index, oldest first.

        Engine: `from` with `max` returns the newest, so a full answer is read again with a larger `max`.
        """
        found = self._list("events", "events", EVENT, {"from": str(index)})
        events = sorted((event for event in found if event.code in _CODES), key=lambda event: event.id)
        return tuple(event_fact_of(event) for event in events)

    def event_index(self) -> int:
        """Index of the newest event; 0 on an engine without events."""
        newest = self._read("events", "events", EVENT, {"max": "1"})
        return newest[0].id if newest else 0

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
        """Requests the migration of a VM."""
        return act(
            self._transport,
            f"vms/{vm_id}/migrate",
            correlation_id=correlation_id,
            host_id=destination_host_id,
            cluster_id=cluster_id,
            force=force or None,
            affinity_closure=affinity_closure or None,
        )

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        """Requests the cancellation of a migration."""
        return act(self._transport, f"vms/{vm_id}/cancelmigration", correlation_id=correlation_id)

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        """Requests maintenance for a host, which the engine empties first."""
        path = f"hosts/{host_id}/deactivate"
        return act(self._transport, path, correlation_id=correlation_id, reason=reason or None)

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        """Requests the activation of a host."""
        return act(self._transport, f"hosts/{host_id}/activate", correlation_id=correlation_id)

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def _cluster_name(self, cluster_id: str) -> str:
        if cluster_id not in self._cluster_names:
            pairs = self._list("clusters", "clusters", lambda item: (item.id, item.name), {})
            self._cluster_names = {id: name for id, name in pairs if id and name}
        try:
            return self._cluster_names[cluster_id]
        except KeyError:
            path = f"{self._transport.settings.url}/clusters/{cluster_id}"
            raise EngineNotFound(method="GET", path=path, status_code=404) from None

    def _list(self, path: str, tag: str, convert: Callable[[Any], T], query: dict[str, str]) -> list[T]:
        with _passing():
            return read_list(
                self._transport,
                path,
                query,
                tag=tag,
                convert=convert,
                first_max=FIRST_MAX,
                timeout_s=self._timeout_s,
            )

    def _read(self, path: str, tag: str, convert: Callable[[Any], T], query: dict[str, str]) -> list[T]:
        with _passing():
            return self._transport.read(path, query, tag=tag, convert=convert, timeout_s=self._timeout_s)

    @property
    def _timeout_s(self) -> float:
        return min(READ_TIMEOUT_S, self._transport.settings.timeout_s)


@contextmanager
def _passing() -> Iterator[None]:
    """A state without id or status ends no campaign: it is read again like after any other passing fault."""
    try:
        yield
    except FieldMissing as error:
        raise EngineUnavailable(status_code=200, detail=error.message, remedy=error.remedy) from error


def _by_ids(ids: set[str]) -> str:
    return " or ".join(f"id={id}" for id in sorted(ids))


def _quoted(name: str) -> str:
    return name if _PLAIN_WORD.fullmatch(name) else f'"{name}"'


def _status(item: Any) -> str:
    # a status that the SDK does not know: never a word of the engine, so no rule mistakes it for one
    return item.status.value if item.status is not None else "unrecognised"


_VM_STATE = FieldTable(
    VmState,
    "VM",
    same("name", "status_detail"),
    vm_id=value("id"),
    status=computed(_status),
    host_id=reference("host"),
    cluster_id=reference("cluster"),
    affinity=word("placement_policy.affinity"),
)
_HOST_STATE = FieldTable(
    HostState,
    "host",
    same("name", "status_detail"),
    host_id=value("id"),
    status=computed(_status),
    cluster_id=reference("cluster"),
    vms_active=value("summary.active"),
    vms_migrating=value("summary.migrating"),
    vms_total=value("summary.total"),
    spm_status=word("spm.status"),
)
_JOB_STATE = FieldTable(
    JobState,
    "job",
    job_id=value("id"),
    status=computed(_status),
    description=value("description", any_text_of),
    started_at=value("start_time", utc_of),
    ended_at=value("end_time", utc_of),
)
_TRANSFER_STATE = FieldTable(
    TransferState,
    "image transfer",
    transfer_id=value("id"),
    phase=word("phase"),
    host_id=reference("host"),
    disk_id=reference("disk"),
    direction=word("direction"),
)


def _figure(item: Any) -> tuple[str, float | None]:
    return item.name, item.values[0].datum if item.values else None
