"""The migration port on a real engine: cheap readings, acts that are sent exactly once.

`rhevmig.migration.port.MigrationPort` says what each call promises; which request answers it was chosen by
what it costs an engine (polls by ids or by cluster, never by host, never statistics of a list).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rhevmig.engine.actions import act
from rhevmig.engine.event_texts import event_fact_of
from rhevmig.engine.mapping.event import event_of
from rhevmig.engine.mapping.values import moment, ref, word
from rhevmig.engine.transport import Transport
from rhevmig.errors import EngineNotFound
from rhevmig.events import HOST_EVENTS, MIGRATION_EVENTS
from rhevmig.inventory import Engine
from rhevmig.migration.port import ActAnswer, EventFact, HostState, JobState, VmState

#: Most ids in one search: an address has its longest length (8,190 bytes at the engine's Apache).
MOST_IDS = 150
#: First `max`; lists that are as long are asked for again with ten times as much.
FIRST_MAX = 1000
#: Longest wait for one reading: all of them are cheap.
READ_TIMEOUT_S = 60.0
_CODES = MIGRATION_EVENTS | HOST_EVENTS
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_.-]+")


class EnginePort:
    """The port of one session; satisfies `rhevmig.migration.port.MigrationPort`."""

    def __init__(self, transport: Transport, engine: Engine) -> None:
        self._transport = transport
        self._engine = engine
        self._cluster_names: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"EnginePort({self._engine.url!r})"

    def identity(self) -> Engine:
        """Which engine this is, as it told when the session began."""
        return self._engine

    # ── readings ─────────────────────────────────────────────────────────────────────────────────

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        """States of VMs by one list: by their ids, or of all where they are too many for an address."""
        wanted = set(vm_ids)
        if not wanted:
            return {}
        query = {"search": _by_ids(wanted)} if len(wanted) <= MOST_IDS else {}
        found = self._list("vms", "vms", _vm_state, query)
        return {vm.vm_id: vm for vm in found if vm.vm_id in wanted}

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        """VMs on a host, from the list of its cluster (30 ms; by `host=` an engine needs seconds)."""
        name = self._cluster_name(cluster_id)
        found = self._list("vms", "vms", _vm_state, {"search": f"cluster={_quoted(name)}"})
        return tuple(vm for vm in found if vm.host_id == host_id)

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        """`migration.progress` in percent; a VM that is gone, or tells none, is left out."""
        found: dict[str, float] = {}
        for vm_id in vm_ids:
            try:
                figures = self._list(f"vms/{vm_id}/statistics", "statistics", _figure, {})
            except EngineNotFound:
                continue
            value = dict(figures).get("migration.progress")
            if value is not None:
                found[vm_id] = value
        return found

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """States of hosts: one by itself, several from the list of all (15 ms with `max`)."""
        wanted = set(host_ids)
        if len(wanted) == 1:
            (host_id,) = wanted
            try:
                found = self._read(f"hosts/{host_id}", "host", _host_state, {})
            except EngineNotFound:
                return {}
        elif wanted:
            found = self._list("hosts", "hosts", _host_state, {})
        else:
            return {}
        return {host.host_id: host for host in found if host.host_id in wanted}

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        """Jobs with a correlation id, oldest first."""
        query = {"search": f"correlation_id={correlation_id}"}
        jobs = self._list("jobs", "jobs", _job_state, query)
        return tuple(sorted(jobs, key=lambda job: (job.started_at is None, job.started_at)))

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        """Events with a correlation id, oldest first."""
        return self._events({"search": f"correlation_id={correlation_id}"})

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        """Events of migrations and hosts above an index, oldest first.

        Engine: `from` with `max` gives the newest so many, so a full answer is asked for again with more.
        """
        return tuple(event for event in self._events({"from": str(index)}) if event.code in _CODES)

    def event_index(self) -> int:
        """Index of the newest event; 0 on an engine without events."""
        newest = self._read("events", "events", event_of, {"max": "1"})
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
        """Asks the engine to move a VM."""
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
        """Asks the engine to stop a migration."""
        return act(self._transport, f"vms/{vm_id}/cancelmigration", correlation_id=correlation_id)

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        """Asks the engine to empty a host and put it into maintenance."""
        path = f"hosts/{host_id}/deactivate"
        return act(self._transport, path, correlation_id=correlation_id, reason=reason or None)

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        """Asks the engine to take a host back into service."""
        return act(self._transport, f"hosts/{host_id}/activate", correlation_id=correlation_id)

    # ── how ──────────────────────────────────────────────────────────────────────────────────────

    def _events(self, query: dict[str, str]) -> tuple[EventFact, ...]:
        found = self._list("events", "events", event_of, query)
        return tuple(event_fact_of(event) for event in sorted(found, key=lambda event: event.id))

    def _cluster_name(self, cluster_id: str) -> str:
        if cluster_id not in self._cluster_names:
            pairs = self._list("clusters", "clusters", lambda item: (item.id, item.name), {})
            self._cluster_names = {id: name for id, name in pairs if id and name}
        try:
            return self._cluster_names[cluster_id]
        except KeyError:
            path = f"{self._transport.settings.url}/clusters/{cluster_id}"
            raise EngineNotFound(method="GET", path=path, status_code=404) from None

    def _list(self, path: str, tag: str, convert: Any, query: dict[str, str]) -> list[Any]:
        most = FIRST_MAX
        while True:
            found = self._read(path, tag, convert, {**query, "max": str(most)})
            if len(found) < most:
                return found
            most *= 10

    def _read(self, path: str, tag: str, convert: Any, query: dict[str, str]) -> list[Any]:
        timeout_s = min(READ_TIMEOUT_S, self._transport.settings.timeout_s)
        return self._transport.read(path, query, tag=tag, convert=convert, timeout_s=timeout_s)


def _by_ids(ids: set[str]) -> str:
    return " or ".join(f"id={id}" for id in sorted(ids))


def _quoted(name: str) -> str:
    return name if _PLAIN_WORD.fullmatch(name) else f'"{name}"'


#: A status that the SDK does not know: never one of the engine's own words, so no rule takes it for one.
_UNRECOGNISED = "unrecognised"


def _vm_state(item: Any) -> VmState:
    return VmState(
        vm_id=item.id,
        status=word(item.status) or _UNRECOGNISED,
        host_id=ref(item.host),
        cluster_id=ref(item.cluster),
        name=item.name,
        affinity=word(item.placement_policy.affinity) if item.placement_policy else None,
        status_detail=item.status_detail,
    )


def _host_state(item: Any) -> HostState:
    summary = item.summary
    return HostState(
        host_id=item.id,
        status=word(item.status) or _UNRECOGNISED,
        name=item.name,
        cluster_id=ref(item.cluster),
        status_detail=item.status_detail,
        vms_active=summary.active if summary else None,
        vms_migrating=summary.migrating if summary else None,
        vms_total=summary.total if summary else None,
        spm_status=word(item.spm.status) if item.spm else None,
    )


def _job_state(item: Any) -> JobState:
    return JobState(
        job_id=item.id,
        status=word(item.status) or _UNRECOGNISED,
        description=item.description or "",
        started_at=moment(item.start_time),
        ended_at=moment(item.end_time),
    )


def _figure(item: Any) -> tuple[str, float | None]:
    return item.name, item.values[0].datum if item.values else None
