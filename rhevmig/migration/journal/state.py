"""The state of a campaign, as it follows from its records and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from rhevmig.errors import JournalCorrupt
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.records import (
    ActAnswered,
    CampaignFinished,
    CampaignOpened,
    CampaignStopped,
    CancelIntended,
    CopyingSeen,
    Entry,
    HostIntended,
    HostSettled,
    Led,
    MigrateIntended,
    MoveAdded,
    MoveSettled,
    OutcomeAmended,
)
from rhevmig.migration.options import Options
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.port import Accepted, ActAnswer, Refused
from rhevmig.planning.plan import Move, Plan


class MoveState(msgspec.Struct, frozen=True, kw_only=True):
    """A move and its tries."""

    #: The move.
    move: Move
    #: `plan`, `straggler` or `home`.
    why: str = "plan"
    #: Tries, oldest first.
    attempts: tuple[Attempt, ...] = ()
    #: How it ended without ever being asked for.
    unasked: Outcome | None = None

    @property
    def open_attempt(self) -> Attempt | None:
        """The try that is not settled."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.outcome is None else None

    @property
    def last_outcome(self) -> Outcome | None:
        """How its last try ended."""
        return self.unasked or (self.attempts[-1].outcome if self.attempts else None)


class HostAct(msgspec.Struct, frozen=True, kw_only=True):
    """A request to switch the host, and what was answered."""

    #: Into maintenance, or back.
    act: Act
    #: Id of the request.
    correlation_id: str
    #: When the intent was written down.
    intended_at: datetime
    #: Newest event before.
    watermark: int
    #: The answer; None while unknown.
    answer: ActAnswer | None = None
    #: Where the host has arrived since, or why it has not.
    settled: HostSettled | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a campaign."""

    #: Campaign.
    campaign_id: str
    #: The plan.
    plan: Plan
    #: How it is run.
    options: Options
    #: When it was opened.
    opened_at: datetime
    #: Newest event before anything was asked for.
    watermark: int
    #: Moves by number.
    moves: dict[int, MoveState]
    #: Requests to switch the host.
    host_acts: tuple[HostAct, ...] = ()
    #: Why the host was never switched.
    host_unasked: HostSettled | None = None
    #: Why nothing more is started.
    stopped: CampaignStopped | None = None
    #: When nothing was open any more.
    finished_at: datetime | None = None
    #: When the last record was written.
    last_at: datetime

    @property
    def open_attempts(self) -> tuple[tuple[MoveState, Attempt], ...]:
        """Tries that are not settled, with their moves."""
        pairs = ((item, item.open_attempt) for item in self.moves.values())
        return tuple((item, attempt) for item, attempt in pairs if attempt is not None)

    @property
    def vm_ids(self) -> frozenset[str]:
        """VMs of the campaign."""
        return frozenset(item.move.vm_id for item in self.moves.values())

    def find_attempt(self, correlation_id: str) -> tuple[MoveState, Attempt] | None:
        """A try by its id."""
        for item in self.moves.values():
            for attempt in item.attempts:
                if attempt.correlation_id == correlation_id:
                    return item, attempt
        return None

    def together(self, correlation_id: str) -> tuple[Attempt, ...]:
        """The try of a request and those that went with it."""
        return tuple(
            attempt
            for item in self.moves.values()
            for attempt in item.attempts
            if correlation_id in (attempt.correlation_id, attempt.led_by)
        )

    def last_act(self, act: Act) -> HostAct | None:
        """The last request to switch the host that way."""
        return next((item for item in reversed(self.host_acts) if item.act == act), None)


def answer_word(answer: ActAnswer) -> str:
    """The kind of an answer as a word."""
    return str(type(answer).__struct_config__.tag)


def answer_text(answer: ActAnswer) -> str:
    """What an answer says."""
    if isinstance(answer, Accepted):
        return answer.job_id or ""
    if isinstance(answer, Refused):
        return answer.detail or answer.reason
    return answer.detail


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
        return _opened(entry, record)
    if state is None:
        raise ValueError("the campaign was never opened")
    state = msgspec.structs.replace(state, last_at=entry.at)
    if isinstance(record, CampaignStopped):
        cancel_open = record.cancel_open or (state.stopped is not None and state.stopped.cancel_open)
        reason = state.stopped.reason if state.stopped is not None else record.reason
        return msgspec.structs.replace(state, stopped=CampaignStopped(reason=reason, cancel_open=cancel_open))
    if isinstance(record, CampaignFinished):
        return msgspec.structs.replace(state, finished_at=entry.at)
    if isinstance(record, HostIntended):
        act = HostAct(
            act=record.act,
            correlation_id=record.correlation_id,
            intended_at=entry.at,
            watermark=record.watermark,
        )
        return msgspec.structs.replace(state, host_acts=(*state.host_acts, act))
    if isinstance(record, HostSettled):
        return _host_settled(state, record)
    return _move_record(state, entry)


def _opened(entry: Entry, record: CampaignOpened) -> State:
    return State(
        campaign_id=entry.campaign_id,
        plan=record.plan,
        options=record.options,
        opened_at=entry.at,
        watermark=record.watermark,
        moves={move.number: MoveState(move=move) for move in record.plan.moves},
        last_at=entry.at,
    )


def _host_settled(state: State, record: HostSettled) -> State:
    if not state.host_acts:
        return msgspec.structs.replace(state, host_unasked=record)
    last = msgspec.structs.replace(state.host_acts[-1], settled=record)
    return msgspec.structs.replace(state, host_acts=(*state.host_acts[:-1], last))


def _move_record(state: State, entry: Entry) -> State:
    record = entry.record
    if isinstance(record, MoveAdded):
        return _with_move(state, _added(state, record))
    if isinstance(record, MigrateIntended):
        attempt = _intended(entry.at, record)
        state = _with_attempt(state, record.move, attempt)
        for led in record.led:
            state = _with_attempt(state, led.move, _led(attempt, led))
        return state
    if isinstance(record, MoveSettled):
        if record.correlation_id is None:
            return _with_move(
                state, msgspec.structs.replace(state.moves[record.move], unasked=record.outcome)
            )
        return _changed(state, record.correlation_id, outcome=record.outcome, settled_at=entry.at)
    if isinstance(record, OutcomeAmended):
        return _changed(state, record.correlation_id, outcome=record.outcome)
    if isinstance(record, CopyingSeen):
        return _changed(state, record.correlation_id, copying_at=entry.at)
    if isinstance(record, CancelIntended):
        found = state.find_attempt(record.migration_id)
        cancel_ids = (*found[1].cancel_ids, record.correlation_id) if found else ()
        return _changed(state, record.migration_id, cancel_ids=cancel_ids, cancelled_at=entry.at)
    if isinstance(record, ActAnswered):
        return _answered(state, record)
    raise ValueError(f"unknown record {type(record).__name__}")


def _added(state: State, record: MoveAdded) -> MoveState:
    if record.number in state.moves:
        raise ValueError(f"move {record.number} is added twice")
    move = Move(
        number=record.number,
        vm_id=record.vm_id,
        vm_name=record.vm_name,
        cluster_id=record.cluster_id,
        source_host_id=record.source_host_id,
        destination_host_id=record.destination_host_id,
        force=record.force,
    )
    return MoveState(move=move, why=record.why)


def _intended(at: datetime, record: MigrateIntended) -> Attempt:
    return Attempt(
        correlation_id=record.correlation_id,
        vm_id=record.vm_id,
        number=record.attempt,
        started_at=at,
        source_host_id=record.source_host_id,
        destination_host_id=record.destination_host_id,
        cluster_id=record.cluster_id,
        status_before=record.status_before,
        force=record.force,
        watermark=record.watermark,
        is_closure=bool(record.led),
    )


def _with_attempt(state: State, move: int, attempt: Attempt) -> State:
    item = state.moves[move]
    return _with_move(state, msgspec.structs.replace(item, attempts=(*item.attempts, attempt)))


def _led(leader: Attempt, led: Led) -> Attempt:
    return msgspec.structs.replace(
        leader,
        correlation_id=led.correlation_id,
        vm_id=led.vm_id,
        number=led.attempt,
        source_host_id=led.source_host_id,
        status_before=led.status_before,
        led_by=leader.correlation_id,
    )


def _answered(state: State, record: ActAnswered) -> State:
    acts = tuple(
        msgspec.structs.replace(act, answer=record.answer)
        if act.correlation_id == record.correlation_id
        else act
        for act in state.host_acts
    )
    if acts != state.host_acts:
        return msgspec.structs.replace(state, host_acts=acts)
    if state.find_attempt(record.correlation_id) is None:
        #: the answer to a cancel: what it did shows in events and in where the VM runs
        return state
    for attempt in state.together(record.correlation_id):
        state = _changed(
            state,
            attempt.correlation_id,
            answer=answer_word(record.answer),
            answer_detail=answer_text(record.answer),
        )
    return state


def _changed(state: State, correlation_id: str, **changes: object) -> State:
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
