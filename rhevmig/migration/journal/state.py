"""The state of a campaign: a fold of its records, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

import msgspec

from rhevmig.errors import JournalCorrupt
from rhevmig.migration.journal.correlation_ids import Act, CorrelationId
from rhevmig.migration.journal.records import (
    ActAnswered,
    Attempt,
    CampaignFinished,
    CampaignOpened,
    CampaignStopped,
    CancelIntended,
    CopyingSeen,
    Entry,
    HostAct,
    HostActIntended,
    HostActSettled,
    HostCourse,
    MigrationIntended,
    MoveAppended,
    MoveSettled,
    OutcomeAmended,
    OutcomeReopened,
)
from rhevmig.migration.options import Options
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.port import answer_text
from rhevmig.planning.plan import Move, Plan


class MoveState(msgspec.Struct, frozen=True, kw_only=True):
    """A move and its attempts."""

    move: Move
    #: `plan`, `straggler` or `home`.
    why: str = "plan"
    #: Oldest first.
    attempts: tuple[Attempt, ...] = ()
    #: How it ended without a request.
    unasked: Outcome | None = None

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that is not settled."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.outcome is None else None

    @property
    def last_outcome(self) -> Outcome | None:
        """How its last attempt ended."""
        return self.unasked or (self.attempts[-1].outcome if self.attempts else None)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a campaign."""

    campaign_id: str
    plan: Plan
    options: Options
    opened_at: datetime
    #: Newest event before the first request.
    watermark: int
    #: By number.
    moves: dict[int, MoveState]
    #: Requests to switch the host, oldest first.
    host_acts: tuple[HostAct, ...] = ()
    #: Why no request to switch the host was sent.
    host_unasked: HostCourse | None = None
    #: Why nothing more is started.
    stopped: CampaignStopped | None = None
    finished_at: datetime | None = None
    #: When the last record was written.
    last_at: datetime

    @property
    def open_attempts(self) -> tuple[tuple[MoveState, Attempt], ...]:
        """Attempts that are not settled, with their moves."""
        pairs = ((item, item.open_attempt) for item in self.moves.values())
        return tuple((item, attempt) for item, attempt in pairs if attempt is not None)

    @property
    def vm_ids(self) -> frozenset[str]:
        """VMs of the campaign."""
        return frozenset(item.move.vm_id for item in self.moves.values())

    @property
    def host(self) -> HostCourse | None:
        """The host's course so far; None where the plan empties no host."""
        if self.plan.host_id is None:
            return None
        course = self.host_unasked or HostCourse(host_id=self.plan.host_id)
        if self.host_acts:
            last = self.host_acts[-1]
            word = "entering_maintenance" if last.act == Act.DEACTIVATE else "activating"
            course = last.settled or HostCourse(host_id=self.plan.host_id, state=word)
        return msgspec.structs.replace(
            course,
            name=self.plan.host_name(self.plan.host_id),
            correlation_ids=tuple(act.correlation_id for act in self.host_acts),
        )

    def new_id(self, act: Act, *, move: int, attempt: int) -> str:
        """The correlation id of a request of this campaign."""
        return str(CorrelationId(campaign_id=self.campaign_id, act=act, move=move, attempt=attempt))

    def find_attempt(self, correlation_id: str) -> tuple[MoveState, Attempt] | None:
        """An attempt by its id, with its move."""
        for item in self.moves.values():
            for attempt in item.attempts:
                if attempt.correlation_id == correlation_id:
                    return item, attempt
        return None

    def requested_by(self, correlation_id: str) -> tuple[tuple[MoveState, Attempt], ...]:
        """The attempts of one request, with their moves: the one that it names and those that go along."""
        return tuple(
            (item, attempt)
            for item in self.moves.values()
            for attempt in item.attempts
            if correlation_id in (attempt.correlation_id, attempt.led_by)
        )


def continued(state: State, now: datetime) -> State:
    """The state as a process that continues the campaign at `now` sees it.

    Its times are shifted so that the last record was written now. The time without a process counts for no
    deadline and no back-off, and neither does a clock that was set meanwhile.
    """
    shift = now - state.last_at

    def shifted(at: datetime | None) -> datetime | None:
        return None if at is None else at + shift

    def attempt_of(attempt: Attempt) -> Attempt:
        return msgspec.structs.replace(
            attempt,
            started_at=attempt.started_at + shift,
            cancelled_at=shifted(attempt.cancelled_at),
            copying_at=shifted(attempt.copying_at),
            settled_at=shifted(attempt.settled_at),
        )

    return msgspec.structs.replace(
        state,
        moves={
            number: msgspec.structs.replace(item, attempts=tuple(map(attempt_of, item.attempts)))
            for number, item in state.moves.items()
        },
        host_acts=tuple(
            msgspec.structs.replace(act, intended_at=act.intended_at + shift) for act in state.host_acts
        ),
        last_at=now,
    )


def replay(entries: Iterable[Entry], *, url: str) -> State:
    """The state that follows from all records of a campaign. Raises: JournalCorrupt."""
    state: State | None = None
    for entry in entries:
        try:
            state = apply(state, entry)
        except (LookupError, ValueError) as error:
            raise JournalCorrupt(url=url, detail=f"record {entry.sequence}: {error}") from error
    if state is None:
        raise JournalCorrupt(url=url, detail="it holds no campaign")
    return state


def apply(state: State | None, entry: Entry) -> State:
    """The state after one more record. Raises: LookupError, ValueError where the record cannot follow."""
    record = entry.record
    if isinstance(record, CampaignOpened):
        if state is not None:
            raise ValueError("a campaign is opened twice")
        return State(
            campaign_id=entry.campaign_id,
            plan=record.plan,
            options=record.options,
            opened_at=entry.at,
            watermark=record.watermark,
            moves={move.number: MoveState(move=move) for move in record.plan.moves},
            last_at=entry.at,
        )
    if state is None:
        raise ValueError("the campaign was never opened")
    return _applied(msgspec.structs.replace(state, last_at=entry.at), entry)


def _applied(state: State, entry: Entry) -> State:
    match entry.record:
        case CampaignOpened():
            return state
        case MoveAppended(move=move, why=why):
            if move.number in state.moves:
                raise ValueError(f"move {move.number} is added twice")
            return _with_move(state, MoveState(move=move, why=why))
        case MigrationIntended(attempts=attempts):
            for number, attempt in attempts.items():
                item = state.moves[number]
                started = msgspec.structs.replace(attempt, started_at=entry.at)
                state = _with_move(state, msgspec.structs.replace(item, attempts=(*item.attempts, started)))
            return state
        case ActAnswered() as record:
            return _answered(state, record)
        case CopyingSeen(correlation_id=id):
            return _with_attempt(state, id, copying_at=entry.at)
        case CancelIntended(migration_id=id, correlation_id=cancel_id):
            found = state.find_attempt(id)
            cancel_ids = (*found[1].cancel_ids, cancel_id) if found else ()
            return _with_attempt(state, id, cancel_ids=cancel_ids, cancelled_at=entry.at)
        case MoveSettled(correlation_id=id, move=number, outcome=outcome):
            if id is None:
                return _with_move(state, msgspec.structs.replace(state.moves[number], unasked=outcome))
            return _with_attempt(state, id, outcome=outcome, settled_at=entry.at)
        case OutcomeAmended(correlation_id=id, outcome=outcome):
            return _with_attempt(state, id, outcome=outcome)
        case OutcomeReopened(move=number):
            return _reopened(state, state.moves[number])
        case HostActIntended(act=act):
            act = msgspec.structs.replace(act, intended_at=entry.at)
            return msgspec.structs.replace(state, host_acts=(*state.host_acts, act))
        case HostActSettled(host=host):
            if not state.host_acts:
                return msgspec.structs.replace(state, host_unasked=host)
            last = msgspec.structs.replace(state.host_acts[-1], settled=host)
            return msgspec.structs.replace(state, host_acts=(*state.host_acts[:-1], last))
        case CampaignStopped() as record:
            before = state.stopped or record
            stopped = msgspec.structs.replace(
                before,
                cancel_open=before.cancel_open or record.cancel_open,
                is_data_risk=before.is_data_risk and record.is_data_risk,
            )
            return msgspec.structs.replace(state, stopped=stopped)
        case CampaignFinished():
            return msgspec.structs.replace(state, finished_at=entry.at)
        case unknown:
            assert_never(unknown)


def _answered(state: State, record: ActAnswered) -> State:
    """The answer of a host's or a migration's request; that of a cancel shows in events and in the VM."""
    acts = tuple(
        msgspec.structs.replace(act, answer=record.answer)
        if act.correlation_id == record.correlation_id
        else act
        for act in state.host_acts
    )
    state = msgspec.structs.replace(state, host_acts=acts)
    word, text = str(type(record.answer).__struct_config__.tag), answer_text(record.answer)
    for _, attempt in state.requested_by(record.correlation_id):
        state = _with_attempt(state, attempt.correlation_id, answer=word, answer_detail=text)
    return state


def _reopened(state: State, item: MoveState) -> State:
    """The move without its last outcome, the campaign without the stop that followed from it."""
    attempts = item.attempts
    if item.unasked is None and attempts:
        last = msgspec.structs.replace(attempts[-1], outcome=None, settled_at=None)
        attempts = (*attempts[:-1], last)
    stopped = None if state.stopped is not None and state.stopped.is_data_risk else state.stopped
    return msgspec.structs.replace(
        _with_move(state, msgspec.structs.replace(item, attempts=attempts, unasked=None)),
        stopped=stopped,
        finished_at=None,
    )


def _with_attempt(state: State, correlation_id: str, **changes: object) -> State:
    found = state.find_attempt(correlation_id)
    if found is None:
        raise ValueError(f"there is no attempt {correlation_id}")
    item, _ = found
    attempts = tuple(
        msgspec.structs.replace(attempt, **changes) if attempt.correlation_id == correlation_id else attempt
        for attempt in item.attempts
    )
    return _with_move(state, msgspec.structs.replace(item, attempts=attempts))


def _with_move(state: State, item: MoveState) -> State:
    return msgspec.structs.replace(state, moves={**state.moves, item.move.number: item})
