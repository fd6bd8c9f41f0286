"""The loop: look, write down what has ended, ask what to do, write it down, do it. It holds no rule."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from rhevmig.clock import Clock
from rhevmig.errors import AuthenticationFailed, EngineError
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.decisions import (
    Action,
    Cancel,
    Finish,
    Settle,
    Start,
    Stop,
    Wait,
    next_actions,
)
from rhevmig.migration.host_maintenance import AddMove, SettleHost, SwitchHost
from rhevmig.migration.journal.correlation_ids import Act, CorrelationId, parse_correlation_id
from rhevmig.migration.journal.records import (
    ActAnswered,
    CampaignFinished,
    CampaignStopped,
    CancelIntended,
    CopyingSeen,
    HostIntended,
    HostSettled,
    Led,
    MigrateIntended,
    MoveAdded,
    MoveSettled,
    OutcomeAmended,
    Record,
)
from rhevmig.migration.journal.state import State, apply, replay
from rhevmig.migration.journal.store import Journal
from rhevmig.migration.observation import Observation
from rhevmig.migration.outcome_rules import amend, settle, settle_answer
from rhevmig.migration.poller import Lookout
from rhevmig.migration.port import (
    ActAnswer,
    AnswerLost,
    MigrationPort,
    NotSent,
    VmState,
)
from rhevmig.migration.progress import OnProgress
from rhevmig.migration.progress_reports import Announcer
from rhevmig.terms import VmStatus

WISH_STOP = "stop"
WISH_CANCEL = "cancel"
_log = structlog.get_logger(__name__)


def _note(what: str, **about: object) -> None:
    """Logs where a program has set logging up; a library that nobody configured stays silent."""
    if structlog.is_configured():
        _log.info(what, **about)


def _is_refused_session(error: EngineError) -> bool:
    """Whether the engine took the password and refused the session: it may only just have started."""
    return isinstance(error, AuthenticationFailed) and error.status_code == 401 and "/sso/" not in error.path


class Driver:
    """Drives one campaign to its end, or to the error that interrupts it."""

    def __init__(
        self,
        *,
        campaign_id: str,
        port: MigrationPort,
        journal: Journal,
        clock: Clock,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._port, self._journal, self._clock = port, journal, clock
        self._id = campaign_id
        self.state: State = replay(journal.entries(campaign_id), url=journal.url)
        self._announcer = Announcer(on_progress)
        self._lookout = Lookout(port, clock, self.state)
        self._away_since_s: float | None = None
        self._away_wait_s = self.state.options.timing.away_backoff_s

    def drive(self) -> State:
        """Goes on until nothing is open. Raises: EngineError (the engine stayed away), JournalError."""
        if self.state.finished_at is not None:
            return self.state
        while True:
            self._heed_wishes()
            try:
                seen = self._lookout.look(self.state)
            except EngineError as error:
                self._stay_away(error)
                continue
            self._come_back()
            self._amend()
            self._settle_open(seen)
            seen = msgspec.structs.replace(seen, at=self._clock.now())
            self._announcer.announce(self.state, seen, seen.at)
            if self._act(next_actions(self.state, seen, seen.at), seen):
                self._announcer.announce(self.state, seen, self._clock.now())
                return self.state

    # ── the engine away ──────────────────────────────────────────────────────────────────────────

    def _stay_away(self, error: EngineError) -> None:
        """Freezes: nothing is started or concluded while the engine does not answer."""
        timing, now_s = self.state.options.timing, self._clock.monotonic()
        if not error.retryable and not _is_refused_session(error):
            raise error
        deadline_s = timing.away_deadline_s if error.retryable else timing.session_deadline_s
        if self._away_since_s is None:
            self._away_since_s, self._away_wait_s = now_s, timing.away_backoff_s
            _note("engine away", campaign=self._id, error=error.message)
        if now_s - self._away_since_s > deadline_s:
            raise error
        self._announcer.engine_away(self.state, self._clock.now(), error.message)
        self._journal.renew()
        self._clock.sleep(self._away_wait_s)
        self._away_wait_s = min(self._away_wait_s * 2, timing.away_backoff_max_s)

    def _come_back(self) -> None:
        if self._away_since_s is not None:
            self._away_since_s = None
            self._lookout.start_over()
            self._announcer.engine_back()

    # ── concluding ───────────────────────────────────────────────────────────────────────────────

    def _settle_open(self, seen: Observation) -> None:
        names = {host.host_id: host.name for host in self.state.plan.hosts}
        for item, attempt in self.state.open_attempts:
            sighting = self._lookout.sighting(attempt, seen)
            if sighting is None:
                continue
            outcome = settle(attempt, sighting, hosts=names, timing=self.state.options.timing)
            if outcome is not None:
                self._write(
                    MoveSettled(
                        vm_id=attempt.vm_id,
                        move=item.move.number,
                        correlation_id=attempt.correlation_id,
                        outcome=outcome,
                    )
                )
                self._lookout.forget_progress(attempt.vm_id)
            elif attempt.copying_at is None and self._is_copying(attempt, seen):
                self._write(CopyingSeen(correlation_id=attempt.correlation_id))

    def _is_copying(self, attempt: Attempt, seen: Observation) -> bool:
        vm = seen.vms.get(attempt.vm_id)
        percent = seen.percent.get(attempt.vm_id)
        return vm is not None and vm.status == VmStatus.MIGRATING and bool(percent)

    def _amend(self) -> None:
        """Events after the end may still tell that it did not end well."""
        concerned = {event.vm_id for event in self._lookout.fresh}
        for item in self.state.moves.values():
            last = item.attempts[-1] if item.attempts else None
            if last is None or last.outcome is None or last.vm_id not in concerned:
                continue
            asked = Observation(at=self._clock.now(), asked=frozenset({last.vm_id}))
            sighting = self._lookout.sighting(last, asked)
            better = amend(last.outcome, last, sighting) if sighting is not None else None
            if better is not None:
                self._write(OutcomeAmended(correlation_id=last.correlation_id, outcome=better))

    # ── acting ───────────────────────────────────────────────────────────────────────────────────

    def _act(self, actions: tuple[Action, ...], seen: Observation) -> bool:
        """Does what was decided; True when nothing is left to do."""
        is_frozen = False
        for action in actions:
            if isinstance(action, Finish):
                self._write(CampaignFinished())
                return True
            if isinstance(action, Wait):
                self._journal.renew()
                self._clock.sleep(action.seconds)
            elif not (is_frozen and isinstance(action, Start | SwitchHost)):
                answer = self._do(action)
                is_frozen = is_frozen or isinstance(answer, AnswerLost | NotSent)
                self._announcer.announce(self.state, seen, self._clock.now())
        return False

    def _do(self, action: Action) -> ActAnswer | None:
        if isinstance(action, Start):
            return self._start(action)
        if isinstance(action, Cancel):
            return self._cancel(action)
        if isinstance(action, SwitchHost):
            return self._switch(action)
        if isinstance(action, Settle):
            self._write(
                MoveSettled(
                    vm_id=self.state.moves[action.move].move.vm_id,
                    move=action.move,
                    correlation_id=None,
                    outcome=action.outcome,
                )
            )
        elif isinstance(action, Stop):
            self._write(CampaignStopped(reason=action.reason))
        elif isinstance(action, AddMove):
            self._add(action)
        elif isinstance(action, SettleHost):
            assert self.state.plan.host_id is not None
            self._write(
                HostSettled(
                    host_id=self.state.plan.host_id,
                    state=action.state,
                    reason=action.reason,
                    straggler_ids=action.straggler_ids,
                )
            )
        return None

    def _start(self, start: Start) -> ActAnswer:
        item = self.state.moves[start.move]
        attempt_number = len(item.attempts) + 1
        correlation_id = self._new_id(Act.MIGRATE, move=start.move, attempt=attempt_number)
        led = tuple(self._led(number, vm) for number, vm in start.led)
        self._write(
            MigrateIntended(
                move=start.move,
                attempt=attempt_number,
                vm_id=item.move.vm_id,
                correlation_id=correlation_id,
                source_host_id=start.vm.host_id or item.move.source_host_id,
                destination_host_id=start.destination_host_id,
                cluster_id=item.move.cluster_id,
                status_before=start.vm.status,
                force=item.move.force,
                watermark=self._lookout.last_index,
                led=led,
            )
        )
        _note("migrate", vm=item.move.vm_name, correlation_id=correlation_id, host=start.destination_host_id)
        return self._ask(
            correlation_id,
            lambda: self._port.migrate(
                item.move.vm_id,
                correlation_id=correlation_id,
                destination_host_id=start.destination_host_id,
                force=item.move.force,
                affinity_closure=bool(led),
            ),
        )

    def _ask(self, correlation_id: str, act: Callable[[], ActAnswer]) -> ActAnswer:
        """Sends an act whose intent is written down, and writes down what came back."""
        try:
            answer = act()
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
        for attempt in self.state.together(correlation_id):
            found = self.state.find_attempt(attempt.correlation_id)
            outcome = settle_answer(attempt, answer)
            if outcome is not None and found is not None:
                self._write(
                    MoveSettled(
                        vm_id=attempt.vm_id,
                        move=found[0].move.number,
                        correlation_id=attempt.correlation_id,
                        outcome=outcome,
                    )
                )

    def _led(self, number: int, vm: VmState) -> Led:
        attempt = len(self.state.moves[number].attempts) + 1
        return Led(
            move=number,
            attempt=attempt,
            vm_id=vm.vm_id,
            correlation_id=self._new_id(Act.MIGRATE, move=number, attempt=attempt),
            source_host_id=vm.host_id or self.state.moves[number].move.source_host_id,
            status_before=vm.status,
        )

    def _cancel(self, cancel: Cancel) -> ActAnswer:
        attempt = cancel.attempt
        parsed = parse_correlation_id(attempt.correlation_id)
        number = attempt.number * 10 + len(attempt.cancel_ids) + 1
        correlation_id = self._new_id(Act.CANCEL, move=parsed.move if parsed else 0, attempt=number)
        self._write(
            CancelIntended(
                vm_id=attempt.vm_id,
                migration_id=attempt.correlation_id,
                correlation_id=correlation_id,
                why=cancel.why,
            )
        )
        return self._ask(
            correlation_id,
            lambda: self._port.cancel_migration(attempt.vm_id, correlation_id=correlation_id),
        )

    def _switch(self, switch: SwitchHost) -> ActAnswer:
        host_id = self.state.plan.host_id
        assert host_id is not None
        correlation_id = self._new_id(switch.act, move=0, attempt=switch.attempt)
        self._write(
            HostIntended(
                host_id=host_id,
                act=switch.act,
                correlation_id=correlation_id,
                watermark=self._lookout.last_index,
            )
        )
        _note("switch host", host=host_id, act=switch.act.name, correlation_id=correlation_id)
        if switch.act == Act.ACTIVATE:
            return self._ask(
                correlation_id, lambda: self._port.activate_host(host_id, correlation_id=correlation_id)
            )
        reason = self.state.options.reason
        return self._ask(
            correlation_id,
            lambda: self._port.deactivate_host(host_id, correlation_id=correlation_id, reason=reason),
        )

    def _add(self, add: AddMove) -> None:
        self._write(
            MoveAdded(
                vm_id=add.vm.vm_id,
                vm_name=add.vm.name or add.vm.vm_id,
                cluster_id=add.vm.cluster_id or "",
                number=max(self.state.moves, default=0) + 1,
                source_host_id=add.source_host_id,
                destination_host_id=add.destination_host_id,
                force=add.force,
                why=add.why,
            )
        )

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def _heed_wishes(self) -> None:
        wishes = self._journal.wishes(self._id)
        wants_cancel = WISH_CANCEL in wishes
        stopped = self.state.stopped
        if wishes and (stopped is None or (wants_cancel and not stopped.cancel_open)):
            self._write(CampaignStopped(reason="stopped on request", cancel_open=wants_cancel))

    def _new_id(self, act: Act, *, move: int, attempt: int) -> str:
        return str(CorrelationId(campaign_id=self._id, act=act, move=move, attempt=attempt))

    def _write(self, record: Record) -> None:
        entry = self._journal.append(self._id, record, at=self._clock.now())
        self.state = apply(self.state, entry)
