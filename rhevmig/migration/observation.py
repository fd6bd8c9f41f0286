"""One poll of the engine: what is read, the facts that come back, and what they hold about one attempt.

No conclusion is drawn here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from rhevmig.clock import Clock
from rhevmig.errors import AuthenticationFailed, EngineError
from rhevmig.events import (
    CONTACT_LOST,
    MIGRATION_EVENTS,
    MIGRATION_FAILURES,
    MIGRATION_STARTS,
    NIC_FAILURES,
    VM_ENDS,
    EventCode,
)
from rhevmig.inventory import RUNNING
from rhevmig.migration.journal.correlation_ids import Act, parse_correlation_id
from rhevmig.migration.journal.records import Attempt
from rhevmig.migration.port import EventFact, HostState, JobState, MigrationPort, TransferState, VmState
from rhevmig.terms import HostStatus, VmStatus

_UNCLEAR = frozenset({VmStatus.UNKNOWN, VmStatus.NOT_RESPONDING, VmStatus.UNASSIGNED})
_KNOWN = frozenset(VmStatus)
_ENDS = MIGRATION_FAILURES | {EventCode.MIGRATION_DONE}


def is_unclear(status: str) -> bool:
    """Whether a VM's status does not show where it runs; a status that we do not know does not."""
    return status in _UNCLEAR or status not in _KNOWN


# ── one poll ─────────────────────────────────────────────────────────────────────────────────────────


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What the next poll reads."""

    #: VMs whose state is read: one request for all of them.
    vm_ids: tuple[str, ...] = ()
    #: Open attempts; the job of one is read when its VM no longer migrates.
    attempts: tuple[Attempt, ...] = ()
    #: VMs whose progress is read: one request each, so only a few.
    progress_ids: tuple[str, ...] = ()
    host_ids: tuple[str, ...] = ()
    #: Host whose VMs are read, with its cluster.
    vms_on: tuple[str, str] | None = None
    #: Host whose image transfers are read.
    transfers_on: str | None = None
    #: Events above this index.
    since_index: int = 0
    #: Ids of attempts whose end an event has reported: their jobs need not be read.
    ended_ids: frozenset[str] = frozenset()
    #: Whether jobs of VMs that still migrate are read too: a restarted engine has none.
    all_jobs: bool = False


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll has read."""

    #: By the campaign's clock.
    at: datetime
    #: VMs that were read.
    asked: frozenset[str] = frozenset()
    #: By id; a VM that was read and is not here is gone.
    vms: dict[str, VmState] = {}
    #: By correlation id, of those that were read.
    jobs: dict[str, tuple[JobState, ...]] = {}
    #: Oldest first.
    events: tuple[EventFact, ...] = ()
    #: Newest event that was ever read.
    last_index: int = 0
    #: Progress in percent by VM.
    percent: dict[str, float] = {}
    #: By id.
    hosts: dict[str, HostState] = {}
    #: VMs on the host that was read; None where none was.
    on_host: tuple[VmState, ...] | None = None
    #: Image transfers over the host that is being emptied.
    transfers: tuple[TransferState, ...] = ()


def observe(port: MigrationPort, needs: Needs, clock: Clock) -> Observation:
    """Polls the engine: two requests, plus hosts, progress and jobs of unexplained ends where needed.

    Events are read after the states that they explain, jobs after the events that make them needless.
    """
    vms = dict(port.watch(needs.vm_ids)) if needs.vm_ids else {}
    at = clock.now()
    events = port.events_since(needs.since_index)
    explained = needs.ended_ids | ended_ids(events)
    unexplained = (
        a
        for a in needs.attempts
        if a.correlation_id not in explained and (needs.all_jobs or _is_resting(vms.get(a.vm_id)))
    )
    return Observation(
        at=at,
        asked=frozenset(needs.vm_ids),
        vms=vms,
        jobs={attempt.correlation_id: port.jobs_of(attempt.correlation_id) for attempt in unexplained},
        percent=_progress(port, needs.progress_ids),
        hosts=dict(port.host_states(needs.host_ids)) if needs.host_ids else {},
        on_host=port.vms_on(needs.vms_on[0], cluster_id=needs.vms_on[1]) if needs.vms_on else None,
        transfers=_transfers(port, needs.transfers_on),
        events=events,
    )


def ended_ids(events: Iterable[EventFact]) -> frozenset[str]:
    """Ids under which events report the end of a migration."""
    return frozenset(e.correlation_id for e in events if e.correlation_id and e.code in _ENDS)


def _transfers(port: MigrationPort, host_id: str | None) -> tuple[TransferState, ...]:
    """Transfers only explain a wait: a failure to read them stops nothing."""
    try:
        return port.transfers_on(host_id) if host_id is not None else ()
    except EngineError as error:
        if isinstance(error, AuthenticationFailed):
            raise
        return ()


def _progress(port: MigrationPort, vm_ids: tuple[str, ...]) -> dict[str, float]:
    """Progress serves the display and the copy's deadline: a failure to read it stops nothing."""
    try:
        return dict(port.progress(vm_ids)) if vm_ids else {}
    except EngineError as error:
        if not error.retryable:
            raise
        return {}


def _is_resting(vm: VmState | None) -> bool:
    return vm is not None and vm.status != VmStatus.MIGRATING and not is_unclear(vm.status)


# ── one attempt over several polls ───────────────────────────────────────────────────────────────────


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """Since when an open attempt looks the way it looks; in memory only, reset after a crash."""

    #: Since when its VM rests on one host.
    resting_at: datetime | None = None
    #: Status and host while it rests.
    resting_in: tuple[str, str | None] | None = None
    #: Polls that found it so.
    polls: int = 0
    #: Since when its state is unclear, or it is not listed.
    unclear_at: datetime | None = None

    @property
    def is_down(self) -> bool:
        """Whether its VM was read as not running."""
        return self.resting_in is not None and self.resting_in[0] not in RUNNING


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one open attempt at one moment."""

    at: datetime
    #: None where the engine does not list it.
    vm: VmState | None
    #: None where they were not read.
    jobs: tuple[JobState, ...] | None = None
    #: Events of its VM or with one of its ids, after its watermark, oldest first.
    events: tuple[EventFact, ...] = ()
    tracking: Tracking = Tracking()


def track(before: Tracking, attempt: Attempt, observation: Observation) -> Tracking:
    """The tracking of an attempt after one more poll."""
    vm = observation.vms.get(attempt.vm_id)
    if attempt.vm_id not in observation.asked:
        return before
    if vm is None or is_unclear(vm.status):
        return Tracking(unclear_at=before.unclear_at or observation.at)
    if vm.status == VmStatus.MIGRATING:
        return Tracking()
    place = (vm.status, vm.host_id)
    if vm.status not in RUNNING and _is_cut_off(attempt, observation):
        # the engine's knowledge of the VM may be stale, so its rest does not count
        return Tracking(unclear_at=before.unclear_at or observation.at, resting_in=place)
    if before.resting_in != place or before.resting_at is None:
        return Tracking(resting_at=observation.at, resting_in=place, polls=1)
    return msgspec.structs.replace(before, polls=before.polls + 1, unclear_at=None)


def _is_cut_off(attempt: Attempt, observation: Observation) -> bool:
    """Whether a host of the migration does not answer the engine."""
    ends = (attempt.source_host_id, attempt.destination_host_id or "")
    return any(observation.hosts[id].status != HostStatus.UP for id in ends if id in observation.hosts)


def sight(
    attempt: Attempt, observation: Observation, events: Collection[EventFact], tracking: Tracking
) -> Sighting | None:
    """What is known of an attempt; None where its VM was not read."""
    if attempt.vm_id not in observation.asked:
        return None
    return Sighting(
        at=observation.at,
        vm=observation.vms.get(attempt.vm_id),
        jobs=observation.jobs.get(attempt.correlation_id),
        events=_events_for(attempt, events),
        tracking=tracking,
    )


def _events_for(attempt: Attempt, events: Iterable[EventFact]) -> tuple[EventFact, ...]:
    ids = {attempt.correlation_id, *attempt.cancel_ids}
    return tuple(
        event
        for event in events
        if event.index > attempt.watermark
        and (event.correlation_id in ids or (event.vm_id == attempt.vm_id and event.code in MIGRATION_EVENTS))
    )


# ── the events of one attempt ────────────────────────────────────────────────────────────────────────


class AttemptEvents(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one attempt, sorted by meaning."""

    #: The last start of ours (62; 67 where events are matched by VM).
    started: EventFact | None = None
    #: Our completion (63).
    done: EventFact | None = None
    #: The last failure of ours that ends a migration.
    failed: EventFact | None = None
    #: A refusal of ours (event 65 of a failed validation).
    refused: EventFact | None = None
    #: The last cancel of this VM's migration (161).
    cancelled: EventFact | None = None
    #: Whether that cancel was ours.
    cancelled_by_us: bool = False
    #: Starts by others, oldest first.
    other_starts: tuple[EventFact, ...] = ()
    #: Completions by others, oldest first.
    other_dones: tuple[EventFact, ...] = ()
    #: The VM went down.
    down: EventFact | None = None
    nic_failure: EventFact | None = None
    #: The engine did not know the VM's state for a time (142, 163).
    contact_lost: EventFact | None = None

    @property
    def is_begun(self) -> bool:
        """Whether the engine certainly began the migration."""
        return self.started is not None or self.done is not None


def events_of(attempt: Attempt, events: Iterable[EventFact]) -> AttemptEvents:
    """Sorts the events of an attempt.

    Engine: the events of an affinity closure carry ids that the engine makes itself (recording
    `affinity-groups`), so there every start and end of the VM after the watermark counts as ours.
    """
    sorted_events = AttemptEvents()
    for event in sorted(events, key=lambda item: item.index):
        sorted_events = _with_event(sorted_events, event, attempt)
    return sorted_events


def _is_own(attempt: Attempt, event: EventFact) -> bool:
    if event.correlation_id == attempt.correlation_id or attempt.is_closure:
        return True
    # an earlier attempt of the same move that was settled as never begun: its migration is ours as well
    mine, theirs = parse_correlation_id(attempt.correlation_id), parse_correlation_id(event.correlation_id)
    if mine is None or theirs is None or theirs.act != Act.MIGRATE:
        return False
    return (mine.campaign_id, mine.move) == (theirs.campaign_id, theirs.move)


def _with_event(found: AttemptEvents, event: EventFact, attempt: Attempt) -> AttemptEvents:
    own = _is_own(attempt, event)
    changes: dict[str, object] = {}
    if event.code in MIGRATION_STARTS:
        changes = (
            {"started": event, "failed": None} if own else {"other_starts": (*found.other_starts, event)}
        )
    elif event.code == EventCode.MIGRATION_DONE:
        changes = {"done": event} if own else {"other_dones": (*found.other_dones, event)}
    elif event.code == EventCode.MIGRATION_CANCELLED:
        changes = {"cancelled": event, "cancelled_by_us": event.correlation_id in attempt.cancel_ids}
    elif event.code in NIC_FAILURES:
        changes = {"nic_failure": event}
    elif event.code in MIGRATION_FAILURES and own:
        is_refusal = event.code == EventCode.MIGRATION_FAILED and (event.error or "").startswith("[")
        changes = {"refused" if is_refusal and found.started is None else "failed": event}
    elif event.code in CONTACT_LOST:
        changes = {"contact_lost": event}
    if event.code in VM_ENDS:
        changes["down"] = event
    return msgspec.structs.replace(found, **changes) if changes else found
