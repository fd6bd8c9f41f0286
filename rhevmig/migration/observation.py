"""One look at the engine: what is asked, and the facts that come back. No conclusion is drawn here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from rhevmig.clock import Clock
from rhevmig.errors import EngineError
from rhevmig.events import MIGRATION_EVENTS, EventCode
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.port import EventFact, HostState, JobState, MigrationPort, VmState
from rhevmig.terms import VmStatus


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What the next look should bring."""

    #: VMs whose state is wanted: one request for all of them.
    vm_ids: tuple[str, ...] = ()
    #: Open tries; the job of one is asked for when its VM has stopped moving.
    attempts: tuple[Attempt, ...] = ()
    #: VMs whose progress is wanted: one request each, so a few.
    progress_ids: tuple[str, ...] = ()
    #: Hosts whose state is wanted.
    host_ids: tuple[str, ...] = ()
    #: Host whose VMs are wanted, with its cluster.
    vms_on: tuple[str, str] | None = None
    #: Events above this index.
    since_index: int = 0
    #: Ids of tries whose end an event has told already: their jobs need not be asked for.
    told: frozenset[str] = frozenset()


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one look brought."""

    #: When, by the clock of the campaign.
    at: datetime
    #: VMs that were asked for.
    asked: frozenset[str] = frozenset()
    #: VMs by id; one that was asked for and is not here is gone.
    vms: dict[str, VmState] = {}
    #: Jobs by correlation id, of those that were asked for.
    jobs: dict[str, tuple[JobState, ...]] = {}
    #: New events, oldest first.
    events: tuple[EventFact, ...] = ()
    #: Progress in percent by VM.
    percent: dict[str, float] = {}
    #: Hosts by id.
    hosts: dict[str, HostState] = {}
    #: VMs on the host that was asked for; None where none was.
    on_host: tuple[VmState, ...] | None = None


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Since when an open try looks the way it looks; kept in memory, begun anew after a crash."""

    #: Since when its VM rests on one host.
    resting_at: datetime | None = None
    #: Host that it rests on.
    resting_on: str | None = None
    #: Looks that found it so.
    looks: int = 0
    #: Since when its state is unclear, or it is not listed.
    unclear_at: datetime | None = None


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one open try at one moment."""

    #: When.
    at: datetime
    #: Its VM; None where the engine does not list it.
    vm: VmState | None
    #: Its jobs; None where they were not asked for.
    jobs: tuple[JobState, ...] | None = None
    #: Events of its VM or with one of its ids, after its watermark, oldest first.
    events: tuple[EventFact, ...] = ()
    #: Since when.
    since: Since = Since()


_UNCLEAR = frozenset({VmStatus.UNKNOWN, VmStatus.NOT_RESPONDING, VmStatus.UNASSIGNED})
_KNOWN = frozenset(VmStatus)
_ENDS = frozenset(
    {
        EventCode.MIGRATION_DONE,
        EventCode.MIGRATION_ABORTED,
        EventCode.MIGRATION_FAILED,
        EventCode.MIGRATION_TO_HOST_FAILED,
        EventCode.MIGRATION_FAILED_DURING_MAINTENANCE,
        EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE,
    }
)


def is_unclear(status: str) -> bool:
    """Whether a VM's status says nothing of where it runs; a word that we do not know says nothing."""
    return status in _UNCLEAR or status not in _KNOWN


def observe(port: MigrationPort, needs: Needs, clock: Clock) -> Observation:
    """Asks the engine: two requests, plus what is wanted of hosts, progress and unexplained ends.

    Events are read after the states that they explain, jobs after the events that make them needless.
    """
    vms = dict(port.watch(needs.vm_ids)) if needs.vm_ids else {}
    at = clock.now()
    events = port.events_since(needs.since_index)
    told = needs.told | ended_ids(events)
    unexplained = (
        a for a in needs.attempts if a.correlation_id not in told and _is_resting(vms.get(a.vm_id))
    )
    return Observation(
        at=at,
        asked=frozenset(needs.vm_ids),
        vms=vms,
        jobs={attempt.correlation_id: port.jobs_of(attempt.correlation_id) for attempt in unexplained},
        percent=_progress(port, needs.progress_ids),
        hosts=dict(port.host_states(needs.host_ids)) if needs.host_ids else {},
        on_host=port.vms_on(needs.vms_on[0], cluster_id=needs.vms_on[1]) if needs.vms_on else None,
        events=events,
    )


def ended_ids(events: Iterable[EventFact]) -> frozenset[str]:
    """Ids under which events tell the end of a migration."""
    return frozenset(e.correlation_id for e in events if e.correlation_id and e.code in _ENDS)


def _progress(port: MigrationPort, vm_ids: tuple[str, ...]) -> dict[str, float]:
    """Progress is for people and for the copy's deadline: that it cannot be read stops nothing."""
    try:
        return dict(port.progress(vm_ids)) if vm_ids else {}
    except EngineError as error:
        if not error.retryable:
            raise
        return {}


def events_for(attempt: Attempt, events: Iterable[EventFact]) -> tuple[EventFact, ...]:
    """The events that may speak of a try: with its ids or of its VM, after its watermark."""
    ids = {attempt.correlation_id, *attempt.cancel_ids}
    return tuple(
        event
        for event in events
        if event.index > attempt.watermark
        and (event.correlation_id in ids or (event.vm_id == attempt.vm_id and event.code in MIGRATION_EVENTS))
    )


def track(since: Since, attempt: Attempt, observation: Observation) -> Since:
    """Since when a try looks the way it looks, after one more look."""
    vm = observation.vms.get(attempt.vm_id)
    if attempt.vm_id not in observation.asked:
        return since
    if vm is None or is_unclear(vm.status):
        return Since(unclear_at=since.unclear_at or observation.at)
    if vm.status == VmStatus.MIGRATING:
        return Since()
    place = vm.host_id or ""
    if since.resting_at is None or since.resting_on != place:
        return Since(resting_at=observation.at, resting_on=place, looks=1)
    return msgspec.structs.replace(since, looks=since.looks + 1, unclear_at=None)


def sight(
    attempt: Attempt, observation: Observation, events: Collection[EventFact], since: Since
) -> Sighting | None:
    """What is known of a try; None where its VM was not looked at."""
    if attempt.vm_id not in observation.asked:
        return None
    return Sighting(
        at=observation.at,
        vm=observation.vms.get(attempt.vm_id),
        jobs=observation.jobs.get(attempt.correlation_id),
        events=events_for(attempt, events),
        since=since,
    )


def _is_resting(vm: VmState | None) -> bool:
    return vm is not None and vm.status != VmStatus.MIGRATING and not is_unclear(vm.status)
