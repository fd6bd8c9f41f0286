"""The journal's records: one per step, written before the act that it announces.

Records are only appended. The state of a campaign follows from them (`state`), so a record holds what
cannot be found out again: what was intended, what was answered, what was concluded.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.options import Options
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.port import ActAnswer
from rhevmig.planning.plan import Move, Plan

# ── what the records embed ───────────────────────────────────────────────────────────────────────────


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the engine to migrate a VM, and its end."""

    correlation_id: str
    vm_id: str
    #: Number of the attempt within its move, from 1.
    number: int
    #: When the intent was written.
    started_at: datetime
    #: Host that the VM ran on.
    source_host_id: str
    #: Host that was named; None where the engine chose.
    destination_host_id: str | None = None
    #: Cluster that the VM should be in afterwards.
    cluster_id: str | None = None
    #: Status before.
    status_before: str = "up"
    #: Whether force was given.
    force: bool = False
    #: Newest event before the request.
    watermark: int = 0
    #: Whether VMs of one hard affinity group were requested together: the engine gives their events ids
    #: that it makes itself.
    is_closure: bool = False
    #: Id of the request that moved this VM too; None where it had a request for itself.
    led_by: str | None = None
    #: `accepted`, `refused`, `not_sent`, `answer_lost`; None while unknown.
    answer: str | None = None
    #: The answer's text.
    answer_detail: str = ""
    #: Ids of requested cancels.
    cancel_ids: tuple[str, ...] = ()
    #: When the last of them was requested.
    cancelled_at: datetime | None = None
    #: When the first copied byte was observed.
    copying_at: datetime | None = None
    #: When the outcome was written.
    settled_at: datetime | None = None
    #: None while open.
    outcome: Outcome | None = None


class HostCourse(msgspec.Struct, frozen=True, kw_only=True):
    """The course of the host to be emptied."""

    host_id: str
    name: str = ""
    #: `none`, `entering_maintenance`, `maintenance`, `activating`, `up`, `stuck`, `refused`, `not_started`,
    #: `failed`, `reactivated` (maintenance was not reached, and the host was activated again).
    state: str = "none"
    #: In one sentence.
    reason: str = ""
    #: VMs that keep it from maintenance.
    straggler_ids: tuple[str, ...] = ()
    #: Correlation ids of the requests to switch it.
    correlation_ids: tuple[str, ...] = ()


class HostAct(msgspec.Struct, frozen=True, kw_only=True):
    """A request to put the host into maintenance or to activate it."""

    act: Act
    correlation_id: str
    #: When the intent was written.
    intended_at: datetime
    #: Newest event before.
    watermark: int
    #: None while unknown.
    answer: ActAnswer | None = None
    #: The host's state after the act; None while it is under way.
    settled: HostCourse | None = None


# ── records ──────────────────────────────────────────────────────────────────────────────────────────


class CampaignOpened(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_opened"):
    """A plan is run."""

    plan: Plan
    options: Options
    #: Newest event before the first request.
    watermark: int


class MoveAppended(msgspec.Struct, frozen=True, kw_only=True, tag="move_appended"):
    """A move that is not in the plan: a straggler, or a return to the host."""

    move: Move
    #: `straggler` or `home`.
    why: str


class MigrationIntended(msgspec.Struct, frozen=True, kw_only=True, tag="migration_intended"):
    """A migration will be requested."""

    #: Attempts by the number of their move; those with `led_by` go along in the same request.
    attempts: dict[int, Attempt]

    @property
    def leader(self) -> Attempt:
        """The attempt that the request names."""
        return next(attempt for attempt in self.attempts.values() if attempt.led_by is None)


class CancelIntended(msgspec.Struct, frozen=True, kw_only=True, tag="cancel_intended"):
    """A cancel will be requested."""

    vm_id: str
    #: Id of the migration.
    migration_id: str
    #: Id of the cancel request; event 161 carries it.
    correlation_id: str
    why: str


class HostActIntended(msgspec.Struct, frozen=True, kw_only=True, tag="host_act_intended"):
    """Maintenance or activation of the host will be requested."""

    host_id: str
    act: HostAct


class ActAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="act_answered"):
    """The engine's answer to a request."""

    #: Id of the request.
    correlation_id: str
    answer: ActAnswer


class CopyingSeen(msgspec.Struct, frozen=True, kw_only=True, tag="copying_seen"):
    """The first copied byte was observed: the deadline of the copy runs from here."""

    #: Id of the migration.
    correlation_id: str


class MoveSettled(msgspec.Struct, frozen=True, kw_only=True, tag="move_settled"):
    """How an attempt ended; without an id, how a move ended that was never requested."""

    vm_id: str
    #: Number of the move.
    move: int
    #: Id of the migration.
    correlation_id: str | None
    outcome: Outcome


class OutcomeAmended(msgspec.Struct, frozen=True, kw_only=True, tag="outcome_amended"):
    """A correction after an attempt was settled."""

    #: Id of the migration.
    correlation_id: str
    outcome: Outcome


class OutcomeReopened(msgspec.Struct, frozen=True, kw_only=True, tag="outcome_reopened"):
    """A resumed campaign determines an outcome again that was `lost` or `unknown`."""

    #: Number of the move.
    move: int


class HostActSettled(msgspec.Struct, frozen=True, kw_only=True, tag="host_act_settled"):
    """The state that the host has reached, or why it has not reached the intended one."""

    host: HostCourse


class CampaignStopped(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_stopped"):
    """Nothing more will be started."""

    reason: str
    #: Whether open migrations are cancelled too.
    cancel_open: bool = False
    #: Whether the reason is an outcome that an administrator must look at.
    is_data_risk: bool = False


class CampaignFinished(msgspec.Struct, frozen=True, kw_only=True, tag="campaign_finished"):
    """Nothing is open any more."""


Record = (
    CampaignOpened
    | MoveAppended
    | MigrationIntended
    | CancelIntended
    | HostActIntended
    | ActAnswered
    | CopyingSeen
    | MoveSettled
    | OutcomeAmended
    | OutcomeReopened
    | HostActSettled
    | CampaignStopped
    | CampaignFinished
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its place in the journal."""

    #: Increasing.
    sequence: int
    #: When it was written, by the campaign's clock.
    at: datetime
    campaign_id: str
    record: Record
