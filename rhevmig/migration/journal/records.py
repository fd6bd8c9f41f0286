"""What is written into the journal, one record a step, each before the act it speaks of.

Records are only ever added. The state of a campaign is what follows from them (`state`), so a record
holds what cannot be found out again: what was meant, what was answered, what was concluded.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.options import Options
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.port import ActAnswer
from rhevmig.planning.plan import Plan


class CampaignOpened(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_opened"):
    """A plan is run."""

    #: The plan.
    plan: Plan
    #: How.
    options: Options
    #: Newest event before anything was asked for.
    watermark: int


class MoveAdded(msgspec.Struct, frozen=True, kw_only=True, tag="move_added"):
    """A move that the plan did not hold: a straggler, or the way home."""

    #: VM.
    vm_id: str
    #: Its name.
    vm_name: str
    #: Its cluster.
    cluster_id: str
    #: Number, above all of the plan's.
    number: int
    #: Host that it leaves.
    source_host_id: str
    #: Host that it goes to; None lets the engine choose.
    destination_host_id: str | None
    #: Whether force is given.
    force: bool
    #: `straggler` or `home`.
    why: str


class Led(msgspec.Struct, frozen=True, kw_only=True):
    """A VM that goes with another one, under one request."""

    #: Number of its move.
    move: int
    #: Which try.
    attempt: int
    #: VM.
    vm_id: str
    #: Id that it is known by here; the engine never sees it.
    correlation_id: str
    #: Host that it runs on.
    source_host_id: str
    #: Status before.
    status_before: str


class MigrateIntended(msgspec.Struct, frozen=True, kw_only=True, tag="migrate_intended"):
    """A migration is about to be asked for."""

    #: Number of the move.
    move: int
    #: Which try.
    attempt: int
    #: VM.
    vm_id: str
    #: Id that the request will carry.
    correlation_id: str
    #: Host that the VM runs on.
    source_host_id: str
    #: Host that will be named.
    destination_host_id: str | None
    #: Cluster that it should be in afterwards.
    cluster_id: str | None
    #: Status before.
    status_before: str
    #: Whether force will be given.
    force: bool
    #: Newest event before.
    watermark: int
    #: VMs that hard affinity moves with it, in the same request.
    led: tuple[Led, ...] = ()


class CancelIntended(msgspec.Struct, frozen=True, kw_only=True, tag="cancel_intended"):
    """A cancel is about to be asked for."""

    #: VM.
    vm_id: str
    #: Id of the migration.
    migration_id: str
    #: Id that the cancel will carry; its event 161 carries it too.
    correlation_id: str
    #: Why.
    why: str


class HostIntended(msgspec.Struct, frozen=True, kw_only=True, tag="host_intended"):
    """A host is about to be switched."""

    #: Host.
    host_id: str
    #: `d` into maintenance, `a` back.
    act: Act
    #: Id that the request will carry.
    correlation_id: str
    #: Newest event before.
    watermark: int


class ActAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="act_answered"):
    """What the engine answered to a request."""

    #: Id of the request.
    correlation_id: str
    #: The answer.
    answer: ActAnswer


class CopyingSeen(msgspec.Struct, frozen=True, kw_only=True, tag="copying_seen"):
    """The first copied byte was seen: the deadline of the copy runs from here."""

    #: Id of the migration.
    correlation_id: str


class MoveSettled(msgspec.Struct, frozen=True, kw_only=True, tag="move_settled"):
    """How a try ended; without an id, how a move ended that was never asked for."""

    #: VM.
    vm_id: str
    #: Number of the move.
    move: int
    #: Id of the migration.
    correlation_id: str | None
    #: How.
    outcome: Outcome


class OutcomeAmended(msgspec.Struct, frozen=True, kw_only=True, tag="outcome_amended"):
    """Something that came to light after a try was settled."""

    #: Id of the migration.
    correlation_id: str
    #: What holds now.
    outcome: Outcome


class HostSettled(msgspec.Struct, frozen=True, kw_only=True, tag="host_settled"):
    """Where a host has arrived, or why it has not."""

    #: Host.
    host_id: str
    #: `maintenance`, `up`, `stuck`, `refused`, `not_started`, `failed`.
    state: str
    #: In one sentence.
    reason: str
    #: VMs that keep it from maintenance.
    straggler_ids: tuple[str, ...] = ()


class CampaignStopped(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_stopped"):
    """Nothing more will be started."""

    #: Why.
    reason: str
    #: Whether open migrations are to be cancelled too.
    cancel_open: bool = False


class CampaignFinished(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_finished"):
    """Nothing is open any more."""


Record = (
    CampaignOpened
    | MoveAdded
    | MigrateIntended
    | CancelIntended
    | HostIntended
    | ActAnswered
    | CopyingSeen
    | MoveSettled
    | OutcomeAmended
    | HostSettled
    | CampaignStopped
    | CampaignFinished
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its place in the journal."""

    #: Place, increasing.
    sequence: int
    #: When it was written, by the clock of the campaign.
    at: datetime
    #: Campaign.
    campaign_id: str
    #: The record.
    record: Record
