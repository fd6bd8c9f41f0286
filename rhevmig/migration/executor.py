"""The executor loop: poll, write what has ended, decide, write, send the request. It holds no rule."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from rhevmig.clock import Clock, SteadyClock
from rhevmig.errors import AuthenticationFailed, EngineError, NotAnEngine
from rhevmig.migration.decisions import Action, Wait, next_actions
from rhevmig.migration.journal.correlation_ids import Act
from rhevmig.migration.journal.records import (
    ActAnswered,
    Attempt,
    CampaignFinished,
    CampaignStopped,
    CancelIntended,
    CopyingSeen,
    HostActIntended,
    MigrationIntended,
    MoveSettled,
    OutcomeAmended,
    OutcomeReopened,
    Record,
)
from rhevmig.migration.journal.state import MoveState, State, apply, continued, replay
from rhevmig.migration.journal.store import Journal
from rhevmig.migration.observation import Observation
from rhevmig.migration.outcome import Outcome
from rhevmig.migration.outcome_rules import amend, settle, settle_answer
from rhevmig.migration.poller import Poller
from rhevmig.migration.port import ActAnswer, AnswerLost, MigrationPort, NotSent
from rhevmig.migration.progress import OnProgress, ProgressReporter
from rhevmig.terms import VmStatus

WISH_STOP = "stop"
WISH_CANCEL = "cancel"
_log = structlog.get_logger(__name__)


def _log_step(what: str, **about: object) -> None:
    """Logs where the program has configured logging; a library without configuration stays silent."""
    if structlog.is_configured():
        _log.info(what, **about)


def _is_refused_session(error: EngineError) -> bool:
    """Whether the engine accepted the password and refused the session, as a starting engine does."""
    return isinstance(error, AuthenticationFailed) and error.status_code == 401 and "/sso/" not in error.path


class Executor:
    """Runs one campaign to its end, or to the error that interrupts it."""

    def __init__(
        self,
        *,
        campaign_id: str,
        port: MigrationPort,
        journal: Journal,
        clock: Clock,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._port, self._journal, self._clock = port, journal, SteadyClock(clock)
        self._id = campaign_id
        recorded = replay(journal.entries(campaign_id), url=journal.url)
        self.state: State = continued(recorded, self._clock.now())
        self._reporter = ProgressReporter(on_progress)
        self._poller = Poller(port, self._clock, self.state)
        self._away_since_s: float | None = None
        self._away_wait_s = self.state.options.timing.away_backoff_s

    def execute(self) -> State:
        """Runs until nothing is open. Raises: EngineError (the engine stayed away), JournalError."""
        self._reopen()
        if self.state.finished_at is not None:
            return self._recorded()
        while True:
            self._read_wishes()
            try:
                seen = self._poller.poll(self.state)
            except EngineError as error:
                self._wait_for_engine(error)
                continue
            self._engine_is_back()
            self._amend()
            self._settle_open(seen)
            seen = msgspec.structs.replace(seen, at=self._clock.now())
            self._reporter.report(self.state, seen, seen.at)
            if self._act(next_actions(self.state, seen, seen.at), seen):
                self._reporter.report(self.state, seen, self._clock.now())
                return self._recorded()

    def _recorded(self) -> State:
        """The state with the times of the records."""
        return replay(self._journal.entries(self._id), url=self._journal.url)

    def _reopen(self) -> None:
        """A resumed campaign looks again at what was lost or unknown."""
        for number, item in self.state.moves.items():
            if item.last_outcome is not None and item.last_outcome.is_data_risk:
                self._write(OutcomeReopened(move=number))

    # ── the engine away ──────────────────────────────────────────────────────────────────────────

    def _wait_for_engine(self, error: EngineError) -> None:
        """Starts and concludes nothing while the engine does not answer."""
        timing, now_s = self.state.options.timing, self._clock.monotonic()
        if _is_refused_session(error):
            deadline_s = timing.session_deadline_s
        elif error.retryable or isinstance(error, NotAnEngine):
            # a page with status 200 from an engine that has answered before is a proxy's outage
            deadline_s = timing.away_deadline_s
        else:
            raise error
        if self._away_since_s is None:
            self._away_since_s, self._away_wait_s = now_s, timing.away_backoff_s
            _log_step("engine away", campaign=self._id, error=error.message)
        if now_s - self._away_since_s > deadline_s:
            raise error
        self._reporter.engine_away(self.state, self._clock.now(), error.message)
        self._journal.renew()
        self._clock.sleep(self._away_wait_s)
        self._away_wait_s = min(self._away_wait_s * 2, timing.away_backoff_max_s)

    def _engine_is_back(self) -> None:
        if self._away_since_s is not None:
            self._away_since_s = None
            self._poller.reset_tracking()
            self._reporter.engine_back()

    # ── concluding ───────────────────────────────────────────────────────────────────────────────

    def _settle_open(self, seen: Observation) -> None:
        names = {host.host_id: host.name for host in self.state.plan.hosts}
        for item, attempt in self.state.open_attempts:
            sighting = self._poller.sighting(attempt, seen)
            if sighting is None:
                continue
            outcome = settle(attempt, sighting, host_names=names, timing=self.state.options.timing)
            if outcome is not None:
                self._write(_settled(item, attempt, outcome))
                self._poller.forget_progress(attempt.vm_id)
            elif attempt.copying_at is None and self._is_copying(attempt, seen):
                self._write(CopyingSeen(correlation_id=attempt.correlation_id))

    def _is_copying(self, attempt: Attempt, seen: Observation) -> bool:
        """Whether the copy has begun, as far as the engine shows it.

        Engine: after a restart it has no job, and reports 0 % until the migration ends.
        """
        vm = seen.vms.get(attempt.vm_id)
        has_progress = bool(seen.percent.get(attempt.vm_id))
        is_forgotten = attempt.answer == "accepted" and seen.jobs.get(attempt.correlation_id) == ()
        is_migrating = vm is not None and vm.status == VmStatus.MIGRATING
        return is_migrating and (has_progress or (is_forgotten and not attempt.is_closure))

    def _amend(self) -> None:
        """Corrects settled outcomes by events that came later."""
        concerned = {event.vm_id for event in self._poller.fresh}
        for item in self.state.moves.values():
            last = item.attempts[-1] if item.attempts else None
            if last is None or last.outcome is None or last.vm_id not in concerned:
                continue
            asked = Observation(at=self._clock.now(), asked=frozenset({last.vm_id}))
            sighting = self._poller.sighting(last, asked)
            amended = amend(last.outcome, last, sighting) if sighting is not None else None
            if amended is not None:
                self._write(OutcomeAmended(correlation_id=last.correlation_id, outcome=amended))

    # ── acting ───────────────────────────────────────────────────────────────────────────────────

    def _act(self, actions: tuple[Action, ...], seen: Observation) -> bool:
        """Does what was decided; True when nothing is left to do."""
        is_frozen = False
        for action in actions:
            if isinstance(action, Wait):
                self._journal.renew()
                self._clock.sleep(action.seconds)
            elif not (is_frozen and isinstance(action, MigrationIntended | HostActIntended)):
                self._write(action)
                if isinstance(action, CampaignFinished):
                    return True
                answer = self._send(action)
                is_frozen = is_frozen or isinstance(answer, AnswerLost | NotSent)
                self._reporter.report(self.state, seen, self._clock.now())
        return False

    def _send(self, record: Record) -> ActAnswer | None:
        """Sends the request that a written record announces; None where it announces none."""
        port = self._port
        if isinstance(record, MigrationIntended):
            attempt = record.leader
            _log_step(
                "migrate",
                vm=attempt.vm_id,
                correlation_id=attempt.correlation_id,
                host=attempt.destination_host_id,
            )
            return self._request(
                attempt.correlation_id,
                lambda: port.migrate(
                    attempt.vm_id,
                    correlation_id=attempt.correlation_id,
                    destination_host_id=attempt.destination_host_id,
                    force=attempt.force,
                    affinity_closure=attempt.is_closure,
                ),
            )
        if isinstance(record, CancelIntended):
            id = record.correlation_id
            return self._request(id, lambda: port.cancel_migration(record.vm_id, correlation_id=id))
        if isinstance(record, HostActIntended):
            host_id, act, id = record.host_id, record.act.act, record.act.correlation_id
            _log_step("switch host", host=host_id, act=act.name, correlation_id=id)
            if act == Act.ACTIVATE:
                return self._request(id, lambda: port.activate_host(host_id, correlation_id=id))
            reason = self.state.options.reason
            return self._request(id, lambda: port.deactivate_host(host_id, correlation_id=id, reason=reason))
        return None

    def _request(self, correlation_id: str, send: Callable[[], ActAnswer]) -> ActAnswer:
        """Sends a request and writes its answer."""
        try:
            answer = send()
        except AuthenticationFailed as error:
            answer = NotSent(detail=error.message)
            self._answered(correlation_id, answer)
            if not _is_refused_session(error):
                raise
            return answer
        self._answered(correlation_id, answer)
        return answer

    def _answered(self, correlation_id: str, answer: ActAnswer) -> None:
        self._write(ActAnswered(correlation_id=correlation_id, answer=answer))
        for item, attempt in self.state.requested_by(correlation_id):
            outcome = settle_answer(attempt, answer)
            if outcome is not None:
                self._write(_settled(item, attempt, outcome))

    # ── the journal ──────────────────────────────────────────────────────────────────────────────

    def _read_wishes(self) -> None:
        wishes = self._journal.wishes(self._id)
        wants_cancel = WISH_CANCEL in wishes
        stopped = self.state.stopped
        if wishes and (stopped is None or (wants_cancel and not stopped.cancel_open)):
            self._write(CampaignStopped(reason="stopped on request", cancel_open=wants_cancel))

    def _write(self, record: Record) -> None:
        entry = self._journal.append(self._id, record, at=self._clock.now())
        self.state = apply(self.state, entry)


def _settled(item: MoveState, attempt: Attempt, outcome: Outcome) -> MoveSettled:
    return MoveSettled(
        vm_id=attempt.vm_id,
        move=item.move.number,
        correlation_id=attempt.correlation_id,
        outcome=outcome,
    )
