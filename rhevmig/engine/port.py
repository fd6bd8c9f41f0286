"""The port of the migration rooms on a real engine: the cheap searches, and acts sent exactly once.

Costs by `engine-measured`: VMs by id 40 ms for ten, by status 16 ms; jobs and events by correlation id
12 ms; hosts with `max` 15 ms; never `vms?search=host=…` (3 to 9 s).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from rhevmig.engine.curl_numbers import NEVER_SENT
from rhevmig.engine.entities.events import event_of
from rhevmig.engine.entities.values import moment, needed, ref, word
from rhevmig.engine.requests import Asked
from rhevmig.engine.texts import read_text
from rhevmig.engine.transport import Transport
from rhevmig.errors import (
    AuthenticationFailed,
    CertificateUntrusted,
    EngineConflict,
    EngineError,
    EngineNotFound,
    EngineRejected,
    EngineUnreachable,
    PermissionDenied,
)
from rhevmig.events import HOST_EVENTS, MIGRATION_EVENTS
from rhevmig.inventory import RUNNING, Engine, Event
from rhevmig.migration import (
    Accepted,
    ActAnswer,
    AnswerLost,
    EventFact,
    HostState,
    JobState,
    NotSent,
    Refused,
    VmState,
)

__all__ = ["EnginePort"]

#: Longer searches by id pass the 8 KiB that a request line may have (an id takes 45 characters of it).
MAX_IDS_IN_SEARCH = 120
MAX_ROWS = 10_000
MAX_EVENTS = 1000
#: Seconds after which an act without an answer is called lost; its outcome is then found by looking.
ACT_TIMEOUT_S = 120.0
_WANTED = MIGRATION_EVENTS | HOST_EVENTS


class EnginePort:
    """`MigrationPort` over the session of an `EngineClient`; usable by any number of threads."""

    def __init__(self, transport: Transport, engine: Engine) -> None:
        self._transport = transport
        self._engine = engine
        self._cluster_names: dict[str, str] = {}

    def identity(self) -> Engine:
        """Which engine this is."""
        return self._engine

    def watch(self, vm_ids: Sequence[str]) -> Mapping[str, VmState]:
        """States of these VMs by one list request; a VM that is gone is left out."""
        if not vm_ids:
            return {}
        query = {"max": str(MAX_ROWS)}
        if len(vm_ids) <= MAX_IDS_IN_SEARCH:
            query["search"] = " or ".join(f"id={vm_id}" for vm_id in vm_ids)
        wanted = frozenset(vm_ids)
        return {vm.vm_id: vm for vm in self._vms(query) if vm.vm_id in wanted}

    def vms_on(self, host_id: str, *, cluster_id: str) -> tuple[VmState, ...]:
        """VMs that occupy a host or are leaving it, by one list of the cluster's."""
        query = {"max": str(MAX_ROWS), "search": f"cluster={self._cluster_name(cluster_id)}"}
        return tuple(vm for vm in self._vms(query) if vm.host_id == host_id and vm.status in RUNNING)

    def progress(self, vm_ids: Sequence[str]) -> Mapping[str, float]:
        """`migration.progress` in percent, one request a VM; what cannot be told is left out."""
        told: dict[str, float] = {}
        for vm_id in vm_ids:
            try:
                figures = dict(self._read(f"vms/{vm_id}/statistics", {}, tag="statistics", convert=_figure))
            except EngineNotFound:
                continue
            percent = figures.get("migration.progress")
            if percent is not None:
                told[vm_id] = percent
        return told

    def host_states(self, host_ids: Sequence[str]) -> Mapping[str, HostState]:
        """States of these hosts by one list; a host that is gone is left out."""
        wanted = frozenset(host_ids)
        hosts = self._read("hosts", {"max": str(MAX_ROWS)}, tag="hosts", convert=_host_state)
        return {host.host_id: host for host in hosts if host.host_id in wanted}

    def jobs_of(self, correlation_id: str) -> tuple[JobState, ...]:
        """Jobs with a correlation id, oldest first."""
        query = {"search": f"correlation_id={correlation_id}", "max": "100"}
        return tuple(self._read("jobs", query, tag="jobs", convert=_job_state))

    def events_of(self, correlation_id: str) -> tuple[EventFact, ...]:
        """Events with a correlation id, oldest first."""
        query = {"search": f"correlation_id={correlation_id}", "max": str(MAX_EVENTS)}
        return _in_order(self._read("events", query, tag="events", convert=event_of))

    def events_since(self, index: int) -> tuple[EventFact, ...]:
        """Events of migrations and hosts above an index, oldest first, none missing.

        Engine: `from` with `max` answers the *newest* so many, so a full answer is asked for again whole.
        """
        most = MAX_EVENTS
        while True:
            query = {"from": str(index), "max": str(most)}
            events = self._read("events", query, tag="events", convert=event_of)
            if len(events) < most:
                return _in_order(event for event in events if event.code in _WANTED)
            most *= 10

    def event_index(self) -> int:
        """Index of the newest event; 0 where there is none."""
        newest = self._read("events", {"max": "1"}, tag="events", convert=event_of)
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
        action = ET.Element("action")
        if cluster_id is not None:
            ET.SubElement(action, "cluster", id=cluster_id)
        if force:
            ET.SubElement(action, "force").text = "true"
        if destination_host_id is not None:
            ET.SubElement(action, "host", id=destination_host_id)
        if affinity_closure:
            ET.SubElement(action, "migrate_vms_in_affinity_closure").text = "true"
        return self._act(f"vms/{vm_id}/migrate", action, correlation_id)

    def cancel_migration(self, vm_id: str, *, correlation_id: str) -> ActAnswer:
        """Asks the engine to stop a migration."""
        return self._act(f"vms/{vm_id}/cancelmigration", ET.Element("action"), correlation_id)

    def deactivate_host(self, host_id: str, *, correlation_id: str, reason: str = "") -> ActAnswer:
        """Asks the engine to empty a host and put it into maintenance."""
        action = ET.Element("action")
        if reason:
            ET.SubElement(action, "reason").text = reason
        return self._act(f"hosts/{host_id}/deactivate", action, correlation_id)

    def activate_host(self, host_id: str, *, correlation_id: str) -> ActAnswer:
        """Asks the engine to take a host back into service."""
        return self._act(f"hosts/{host_id}/activate", ET.Element("action"), correlation_id)

    def _act(self, path: str, action: ET.Element, correlation_id: str) -> ActAnswer:
        asked = Asked(
            method="POST", url=self._transport.settings.url, path=path, correlation_id=correlation_id
        )
        body = ET.tostring(action, encoding="unicode")
        query = {"correlation_id": correlation_id}
        try:
            content = self._transport.exchange(asked, query, body=body, timeout_s=ACT_TIMEOUT_S)
        except AuthenticationFailed:
            raise
        except CertificateUntrusted as error:
            return NotSent(detail=error.message)
        except EngineUnreachable as error:
            sent = error.reason != NEVER_SENT
            return AnswerLost(detail=error.message) if sent else NotSent(detail=error.message)
        except (EngineConflict, EngineRejected, PermissionDenied, EngineNotFound) as error:
            return Refused(status_code=error.status_code, detail=error.detail, reason=error.reason)
        except EngineError as error:
            return AnswerLost(detail=error.message)
        return _accepted(content)

    # ── lists ────────────────────────────────────────────────────────────────────────────────────

    def _read(self, path: str, query: dict[str, str], *, tag: str, convert: Any) -> list[Any]:
        return self._transport.read(path, query, tag=tag, convert=convert)

    def _vms(self, query: dict[str, str]) -> list[VmState]:
        return self._read("vms", query, tag="vms", convert=_vm_state)

    def _cluster_name(self, cluster_id: str) -> str:
        if cluster_id not in self._cluster_names:
            clusters = self._read(
                "clusters", {"max": str(MAX_ROWS)}, tag="clusters", convert=lambda item: item
            )
            self._cluster_names = {cluster.id: cluster.name for cluster in clusters}
        if cluster_id not in self._cluster_names:
            raise EngineNotFound(method="GET", path=f"clusters/{cluster_id}", status_code=404)
        return self._cluster_names[cluster_id]


def _accepted(content: bytes) -> ActAnswer:
    """The answer to an act with status 200; one that cannot be read tells nothing of what was done."""
    try:
        root = ET.fromstring(content)  # noqa: S314 - the engine's own answer; expat expands no outside entity
    except ET.ParseError as error:
        return AnswerLost(detail=f"the XML of the answer breaks off: {error}")
    if root.tag != "action":
        return AnswerLost(detail=f"the answer begins with <{root.tag}>, not <action>")
    fault = root.find("fault")
    if fault is not None:
        return Refused(
            status_code=200, detail=fault.findtext("detail") or "", reason=fault.findtext("reason") or ""
        )
    job = root.find("job")
    return Accepted(job_id=job.get("id") if job is not None else None)


def _vm_state(item: Any) -> VmState:
    vm_id = needed(item.id, kind="vm", id=item.id, field="id")
    policy = item.placement_policy
    return VmState(
        vm_id=vm_id,
        status=needed(word(item.status), kind="vm", id=vm_id, field="status"),
        host_id=ref(item.host),
        cluster_id=ref(item.cluster),
        name=item.name,
        affinity=word(policy.affinity) if policy is not None else None,
        status_detail=item.status_detail,
    )


def _host_state(item: Any) -> HostState:
    host_id = needed(item.id, kind="host", id=item.id, field="id")
    summary = item.summary
    return HostState(
        host_id=host_id,
        status=needed(word(item.status), kind="host", id=host_id, field="status"),
        name=item.name,
        cluster_id=ref(item.cluster),
        status_detail=item.status_detail,
        vms_active=summary.active if summary is not None else None,
        vms_migrating=summary.migrating if summary is not None else None,
        vms_total=summary.total if summary is not None else None,
        spm_status=word(item.spm.status) if item.spm is not None else None,
    )


def _job_state(item: Any) -> JobState:
    job_id = needed(item.id, kind="job", id=item.id, field="id")
    return JobState(
        job_id=job_id,
        status=needed(word(item.status), kind="job", id=job_id, field="status"),
        description=item.description or "",
        started_at=moment(item.start_time),
        ended_at=moment(item.end_time),
    )


def _figure(item: Any) -> tuple[str, float | None]:
    values = item.values or []
    return item.name or "", float(values[0].datum) if values and values[0].datum is not None else None


def _in_order(events: Any) -> tuple[EventFact, ...]:
    return tuple(_fact(event) for event in sorted(events, key=lambda event: event.id))


def _fact(event: Event) -> EventFact:
    told = read_text(event.description) if event.code in MIGRATION_EVENTS else read_text("")
    return EventFact(
        index=event.id,
        code=event.code,
        time=event.time,
        correlation_id=event.correlation_id,
        vm_id=event.vm_id,
        host_id=event.host_id,
        description=event.description,
        vm_name=told.vm_name,
        source_host=told.source_host,
        destination_host=told.destination_host,
        duration_s=told.duration_s,
        total_s=told.total_s,
        downtime_ms=told.downtime_ms,
        error=told.error,
        user=told.user,
        reason=told.reason,
    )
