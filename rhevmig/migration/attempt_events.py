"""What the events tell of one try: its start, its end, and who else had a hand in it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rhevmig.events import EventCode
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.journal.correlation_ids import Act, parse_correlation_id
from rhevmig.migration.port import EventFact

_STARTS = frozenset({EventCode.MIGRATION_STARTED, EventCode.MIGRATION_STARTED_BY_SYSTEM})
_FAILURES = frozenset(
    {
        EventCode.MIGRATION_ABORTED,
        EventCode.MIGRATION_FAILED,
        EventCode.MIGRATION_TO_HOST_FAILED,
        EventCode.MIGRATION_FAILED_DURING_MAINTENANCE,
        EventCode.MIGRATION_TO_HOST_FAILED_DURING_MAINTENANCE,
    }
)
_NIC_TROUBLE = frozenset({EventCode.NICS_NOT_REPLUGGED, EventCode.NICS_NOT_REPLUGGED_EXTERNAL})
_DOWN = frozenset({EventCode.VM_DOWN, EventCode.VM_DOWN_WITH_ERROR, EventCode.MIGRATION_ABORTED})


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one try, sorted by what they mean."""

    #: The last start of ours (62; 67 where the try is tied by VM).
    started: EventFact | None = None
    #: Our completion (63).
    done: EventFact | None = None
    #: The last failure of ours that ends a migration (64, 65, 120, 140, 1111); 128 never ends one.
    failed: EventFact | None = None
    #: A refusal of ours, told by event 65 of a failed validation.
    refused: EventFact | None = None
    #: The last cancel of this VM's migration (161).
    cancelled: EventFact | None = None
    #: Whether that cancel was ours.
    cancelled_by_us: bool = False
    #: Starts by others, oldest first.
    other_starts: tuple[EventFact, ...] = ()
    #: Completions by others, oldest first.
    other_dones: tuple[EventFact, ...] = ()
    #: The VM went down (61, 119, 64).
    down: EventFact | None = None
    #: NICs that were not plugged back (12003, 12004).
    nic_trouble: EventFact | None = None

    @property
    def is_heard(self) -> bool:
        """Whether the engine certainly began what was asked."""
        return self.started is not None or self.done is not None


def read_story(attempt: Attempt, events: Iterable[EventFact]) -> Story:
    """Sorts the events of a try.

    Engine: the events of an affinity closure carry ids of the engine's own (recording `affinity-groups`),
    so of such a try every start and end of the VM's after the watermark counts as its own.
    """
    story = Story()
    for event in sorted(events, key=lambda item: item.index):
        story = _told(story, event, _is_own(attempt, event), attempt)
    return story


def _is_own(attempt: Attempt, event: EventFact) -> bool:
    if event.correlation_id == attempt.correlation_id or attempt.is_closure:
        return True
    #: an earlier try of the same move that was taken for never begun: its migration is ours as well
    mine, theirs = parse_correlation_id(attempt.correlation_id), parse_correlation_id(event.correlation_id)
    if mine is None or theirs is None or theirs.act != Act.MIGRATE:
        return False
    return (mine.campaign_id, mine.move) == (theirs.campaign_id, theirs.move)


def _told(story: Story, event: EventFact, own: bool, attempt: Attempt) -> Story:
    changes: dict[str, object] = {}
    if event.code in _STARTS:
        #: a new start of ours (a rerun) takes back the failure before it
        changes = (
            {"started": event, "failed": None} if own else {"other_starts": (*story.other_starts, event)}
        )
    elif event.code == EventCode.MIGRATION_DONE:
        changes = {"done": event} if own else {"other_dones": (*story.other_dones, event)}
    elif event.code == EventCode.MIGRATION_CANCELLED:
        changes = {"cancelled": event, "cancelled_by_us": event.correlation_id in attempt.cancel_ids}
    elif event.code in _NIC_TROUBLE:
        changes = {"nic_trouble": event}
    elif event.code in _FAILURES and own:
        is_refusal = event.code == EventCode.MIGRATION_FAILED and (event.error or "").startswith("[")
        changes = {"refused" if is_refusal and story.started is None else "failed": event}
    if event.code in _DOWN:
        changes["down"] = event
    return msgspec.structs.replace(story, **changes) if changes else story
