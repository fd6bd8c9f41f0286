"""The outcome rules: how a migration ended, decided from facts alone, or not yet.

A migration succeeded when its VM runs, not on the source, on the host that was named (if one was), in the
intended cluster, and the engine's completion event carries our id, or its absence is explained. A VM that
rests on its source is no failure until the engine reports how it failed, or has had time to. What cannot
be determined stays open, then becomes `unknown`; it is never taken for success.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from rhevmig.inventory import RUNNING
from rhevmig.migration.journal.records import Attempt
from rhevmig.migration.observation import AttemptEvents, Sighting, events_of, is_unclear
from rhevmig.migration.options import Timing
from rhevmig.migration.outcome import (
    Outcome,
    OutcomeEvidence,
    Refusal,
    RefusalClass,
    Verdict,
    absence_evidence,
    event_evidence,
    job_evidence,
    vm_evidence,
)
from rhevmig.migration.port import ActAnswer, EventFact, NotSent, Refused, answer_text
from rhevmig.migration.refusals import classify_refusal, classify_text, own_refusal
from rhevmig.terms import VmStatus

#: Polls that must agree before an absence counts: the first may be stale, the second refreshed.
_POLLS = 3


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that a rule may use."""

    attempt: Attempt
    sighting: Sighting
    events: AttemptEvents
    timing: Timing
    #: By id, of the clusters concerned.
    host_names: Mapping[str, str]

    @property
    def is_adopted(self) -> bool:
        """The engine refused because the VM was migrating: another client's migration is watched."""
        return self.attempt.answer == "refused"

    @property
    def is_received(self) -> bool:
        """The engine certainly has our request: by its answer, a job or an event."""
        return self.attempt.answer == "accepted" or self.events.is_begun or self.has_job

    @property
    def has_job(self) -> bool:
        """The engine has a job of ours that it did not refuse."""
        return bool(self.sighting.jobs) and not self.is_adopted and self.events.refused is None

    def job_is(self, *statuses: str) -> bool:
        """Whether the last job of ours has one of these statuses."""
        return bool(self.sighting.jobs) and self.sighting.jobs[-1].status in statuses  # type: ignore[index]

    @property
    def rested_s(self) -> float:
        """Seconds for which the VM was observed at rest where it is."""
        since = self.sighting.tracking.resting_at
        return (self.sighting.at - since).total_seconds() if since is not None else 0.0

    @property
    def unclear_s(self) -> float:
        """Seconds for which its state has been unclear."""
        since = self.sighting.tracking.unclear_at
        return (self.sighting.at - since).total_seconds() if since is not None else 0.0

    @property
    def may_be_under_way(self) -> bool:
        """Whether the request itself may still reach the engine."""
        age_s = (self.sighting.at - self.attempt.started_at).total_seconds()
        return not self.is_received and not self.is_adopted and age_s < self.timing.request_timeout_s

    def rested(self, seconds: float) -> bool:
        """Whether it has rested for this time, over several polls."""
        return self.rested_s >= seconds and self.sighting.tracking.polls >= _POLLS

    def place(self) -> list[OutcomeEvidence]:
        """Status and host of the VM."""
        return [vm_evidence(self.sighting.vm, self.host_names)]


def settle_answer(attempt: Attempt, answer: ActAnswer) -> Outcome | None:
    """The outcome where the answer alone decides: a clear refusal, or a request that was not sent."""
    text = f"{attempt.correlation_id}: {answer_text(answer)}".strip()
    evidence = (OutcomeEvidence(source="answer", text=text),)
    if isinstance(answer, Refused):
        refusal = classify_refusal(answer)
        if refusal.kind == RefusalClass.UNCLEAR:
            return None
        return _refused(refusal, evidence, attempt.source_host_id)
    if isinstance(answer, NotSent):
        return Outcome(
            verdict=Verdict.NOT_STARTED,
            reason="the request did not reach the engine",
            evidence=evidence,
            host_id=attempt.source_host_id,
        )
    return None


def settle(
    attempt: Attempt,
    sighting: Sighting,
    *,
    host_names: Mapping[str, str],
    timing: Timing,
) -> Outcome | None:
    """How an attempt ended, or None while that cannot be determined.

    Args: host_names (by id: events name hosts).
    """
    case = _Case(
        attempt=attempt,
        sighting=sighting,
        events=events_of(attempt, sighting.events),
        timing=timing,
        host_names=host_names,
    )
    vm = sighting.vm
    if vm is None:
        return _gone(case)
    if is_unclear(vm.status):
        return _unclear(case)
    if vm.status == VmStatus.MIGRATING:
        return _never_ending(case)
    if vm.status not in RUNNING:
        return _down(case)
    if vm.host_id is None:
        return _hostless(case)
    return _on_source(case) if vm.host_id == attempt.source_host_id else _elsewhere(case)


def amend(outcome: Outcome, attempt: Attempt, sighting: Sighting) -> Outcome | None:
    """The outcome of a settled success once an event reports NIC failures; None: no change."""
    failure = events_of(attempt, sighting.events).nic_failure
    if failure is None or outcome.verdict not in (Verdict.SUCCEEDED, Verdict.SUCCEEDED_ELSEWHERE):
        return None
    return msgspec.structs.replace(
        outcome,
        verdict=Verdict.SUCCEEDED_DEGRADED,
        reason="arrived, but network interfaces were not plugged back",
        evidence=(*outcome.evidence, event_evidence(failure)),
    )


# ── the VM does not run ──────────────────────────────────────────────────────────────────────────────


def _gone(case: _Case) -> Outcome | None:
    if case.unclear_s < case.timing.unheard_s or case.may_be_under_way:
        return None
    return Outcome(
        verdict=Verdict.LOST if case.is_received else Verdict.NOT_STARTED,
        reason="the engine no longer lists the VM",
        evidence=(absence_evidence("no list of the engine contains the VM"),),
    )


def _unclear(case: _Case) -> Outcome | None:
    if case.unclear_s < case.timing.unclear_deadline_s:
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason=f"the VM has been {case.sighting.vm.status if case.sighting.vm else 'away'} for too long; "
        "a host may be unreachable, so no request is repeated",
        evidence=tuple(case.place()),
    )


def _never_ending(case: _Case) -> Outcome | None:
    """An endless migration becomes unknown only after a cancel without effect.

    One of another client is not ours to cancel, and is not waited for without end.
    """
    age_s = (case.sighting.at - case.attempt.started_at).total_seconds()
    if case.is_adopted and age_s > case.timing.other_migration_s:
        sentence = "a migration by another client does not end"
        return _refused(own_refusal("being_migrated", sentence), case.place(), case.attempt.source_host_id)
    asked = case.attempt.cancelled_at
    if asked is None or (case.sighting.at - asked).total_seconds() < case.timing.unclear_deadline_s:
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason="still migrating although a cancel was requested",
        evidence=tuple(case.place()),
    )


def _down(case: _Case) -> Outcome | None:
    """The VM is down, for longer than the engine may mistake a VM that has changed hosts for one.

    Engine: after an outage of the source host's agent it first reports "VM … is down. Exit message:
    Migration succeeded" (61), and finds the VM up on the destination 8 s later.
    """
    status = case.sighting.vm.status if case.sighting.vm else "down"
    if case.sighting.tracking.unclear_at is not None:
        return _unclear(case)
    if not case.rested(case.timing.unheard_s) or case.may_be_under_way:
        return None
    evidence = case.place() + ([event_evidence(case.events.down)] if case.events.down else [])
    evidence.append(absence_evidence(f"found on no host in {case.rested_s:.0f} s"))
    return Outcome(
        verdict=Verdict.LOST if case.is_received else Verdict.NOT_STARTED,
        reason=f"the VM is {status}"
        + (f": {case.events.down.error or case.events.down.description}" if case.events.down else ""),
        evidence=tuple(evidence),
    )


# ── the account cannot read hosts ────────────────────────────────────────────────────────────────────


def _hostless(case: _Case) -> Outcome | None:
    """Without the host only the engine's events count."""
    if case.events.done is not None:
        return _succeeded(case, case.place())
    ended = _ended_badly(case)
    if ended is not None:
        return ended
    if not case.rested(case.timing.unheard_s):
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason="the account cannot read the VM's host, and the engine reports no end",
        evidence=(*case.place(), job_evidence(case.sighting.jobs)),
    )


# ── it rests on the source ───────────────────────────────────────────────────────────────────────────


def _on_source(case: _Case) -> Outcome | None:
    events = case.events
    if events.done is not None:
        return _back_again(case)
    ended = _ended_badly(case)
    if ended is not None:
        return ended
    if case.sighting.jobs is None or (
        case.job_is("started") and not case.rested(case.timing.unclear_deadline_s)
    ):
        return None
    if case.job_is("failed", "aborted"):
        if not case.rested(case.timing.event_grace_s):
            return None
        why = "the engine's job failed and no event gives the reason"
        return _returned(case.attempt, why, [*case.place(), job_evidence(case.sighting.jobs)])
    if not case.rested(case.timing.unheard_s) or case.may_be_under_way:
        return None
    if case.job_is("finished", "started"):
        return Outcome(
            verdict=Verdict.UNKNOWN,
            reason="the VM is on its source, which the engine's job does not explain",
            evidence=(*case.place(), job_evidence(case.sighting.jobs)),
            host_id=case.attempt.source_host_id,
        )
    return _without_trace(case)


def _back_again(case: _Case) -> Outcome | None:
    done = case.events.done
    assert done is not None
    later = [event for event in case.events.other_starts if event.index > done.index]
    if not later and not case.rested(case.timing.event_grace_s):
        return None
    evidence = [*case.place(), event_evidence(done), *(event_evidence(event) for event in later[-1:])]
    return _moved_by_other(
        "it arrived, and was moved back", case.attempt.source_host_id, later[-1:], evidence
    )


def _ended_badly(case: _Case) -> Outcome | None:
    """The outcome by an event that reports an end without success."""
    events, attempt = case.events, case.attempt
    began = _began(case)
    if events.refused is not None and events.started is None:
        return _refused(
            events.refused.error or events.refused.description,
            [*case.place(), event_evidence(events.refused)],
            attempt.source_host_id,
        )
    if (
        events.cancelled is not None
        and events.cancelled.index > began
        and (case.is_received or case.is_adopted)
    ):
        return _cancelled(case, events.cancelled)
    if events.failed is not None and events.failed.index > began:
        why = events.failed.error or events.failed.description
        return _returned(attempt, why, [*case.place(), event_evidence(events.failed)])
    return None


def _began(case: _Case) -> int:
    """Index of the event of our start; without one, of the newest event before the request."""
    return case.events.started.index if case.events.started else case.attempt.watermark


def _without_trace(case: _Case) -> Outcome:
    """It rests on the source, and neither job nor event reports an end."""
    looked = absence_evidence(f"polled {case.sighting.tracking.polls} times in {case.rested_s:.0f} s")
    evidence = [*case.place(), job_evidence(case.sighting.jobs), looked]
    if case.is_adopted:
        return _refused(case.attempt.answer_detail, evidence, case.attempt.source_host_id)
    if case.events.is_begun:
        why = "the engine began and no longer has the job, as after a restart; no event gives the reason"
        return _returned(case.attempt, why, evidence)
    if case.is_received:
        why = "the engine accepted the request and nothing happened that can be observed"
        return _returned(case.attempt, why, evidence)
    return Outcome(
        verdict=Verdict.NOT_STARTED,
        reason="the engine has not received the request: no job, no event, and the VM has not moved",
        evidence=tuple(evidence),
        host_id=case.attempt.source_host_id,
    )


# ── it runs somewhere else ───────────────────────────────────────────────────────────────────────────


def _elsewhere(case: _Case) -> Outcome | None:
    events, vm = case.events, case.sighting.vm
    assert vm is not None
    if events.done is not None:
        later = [event for event in events.other_starts if event.index > events.done.index]
        arrived = _id_of(case, events.done.destination_host)
        if later and arrived is not None and arrived != vm.host_id:
            evidence = [*case.place(), event_evidence(events.done), event_evidence(later[-1])]
            return _moved_by_other("it arrived, and was moved on", vm.host_id, later[-1:], evidence)
        return _succeeded(case, case.place())
    if not case.is_received or case.is_adopted:
        return _moved_without_us(case)
    if events.failed is not None and vm.status == VmStatus.PAUSED != case.attempt.status_before:
        # a failed post-copy: one part of the memory is here, the other was on the source
        return Outcome(
            verdict=Verdict.LOST,
            reason=f"paused on the destination after a failure: {events.failed.error or 'no reason given'}",
            evidence=(*case.place(), event_evidence(events.failed)),
            host_id=vm.host_id,
        )
    is_explained = case.sighting.jobs is not None or events.failed is not None
    if not is_explained or not case.rested(case.timing.event_grace_s):
        return None
    evidence = [*case.place(), job_evidence(case.sighting.jobs)]
    others = [event for event in (*events.other_starts, *events.other_dones) if event.index > _began(case)]
    has_failed = case.job_is("failed", "aborted") or events.failed is not None
    if (has_failed and others) or _intended_host_id(case) not in (None, vm.host_id):
        why = "our migration did not bring it here"
        return _moved_by_other(why, vm.host_id, others[-1:], evidence)
    return _succeeded(case, [*evidence, *_why_no_completion(case)])


def _intended_host_id(case: _Case) -> str | None:
    """The host that was named, or that the engine chose."""
    started = case.events.started
    chosen = started.destination_host if started is not None else None
    return case.attempt.destination_host_id or _id_of(case, chosen)


def _why_no_completion(case: _Case) -> list[OutcomeEvidence]:
    """Why a migration that arrived has no event 63.

    Engine: after an outage of the source host's agent the engine closes the job as failed and writes no 63
    for a VM that has arrived (recording `source-agent-away-arrived-without-63`).
    """
    if case.events.contact_lost is not None:
        missing = "no event 63: the engine lost contact with the VM's host during the migration"
        return [event_evidence(case.events.contact_lost), absence_evidence(missing)]
    if case.job_is("finished"):
        return [absence_evidence("the job finished without an event 63")]
    if case.events.failed is not None:
        missing = "no event 63, and no other migration of the VM after the failure"
        return [event_evidence(case.events.failed), absence_evidence(missing)]
    if case.job_is("failed", "aborted"):
        return [absence_evidence("no event 63 and no other migration of the VM, although the job failed")]
    return [absence_evidence("no event 63: the engine no longer has the job, as after a restart")]


def _moved_without_us(case: _Case) -> Outcome | None:
    """It moved, and no migration of ours is known to have begun."""
    vm, others = case.sighting.vm, (*case.events.other_starts, *case.events.other_dones)
    assert vm is not None
    if not others and not case.rested(case.timing.unheard_s):
        return None
    evidence = [*case.place(), *(event_evidence(event) for event in others[-2:])]
    if not others:
        evidence.append(absence_evidence("no event or job connects the move with our request"))
    return _moved_by_other("another client moved it", vm.host_id, others[-1:], evidence)


def _id_of(case: _Case, name: str | None) -> str | None:
    return next((host_id for host_id, known in case.host_names.items() if known == name), None)


# ── outcomes ─────────────────────────────────────────────────────────────────────────────────────────


def _succeeded(case: _Case, evidence: Sequence[OutcomeEvidence]) -> Outcome:
    """It arrived: on the intended host, on another one, or with a defect."""
    attempt, vm, done = case.attempt, case.sighting.vm, case.events.done
    facts = list(evidence)
    host_id = vm.host_id if vm is not None else None
    if done is not None:
        facts.append(event_evidence(done))
        host_id = host_id or _id_of(case, done.destination_host)
    where = case.host_names.get(host_id or "", host_id or "its destination")
    verdict, reason = Verdict.SUCCEEDED, f"runs on {where}"
    if attempt.destination_host_id is not None and host_id not in (None, attempt.destination_host_id):
        named = case.host_names.get(attempt.destination_host_id, attempt.destination_host_id)
        verdict, reason = Verdict.SUCCEEDED_ELSEWHERE, f"runs on {where}, not on {named}"
    defect = _defect(case)
    if defect is not None:
        verdict, reason = Verdict.SUCCEEDED_DEGRADED, f"runs on {where}, but {defect.text}"
        facts.append(defect)
    return Outcome(
        verdict=verdict,
        reason=reason,
        evidence=tuple(facts),
        host_id=host_id,
        duration_s=done.duration_s if done else None,
        total_s=done.total_s if done else None,
        downtime_ms=done.downtime_ms if done else None,
    )


def _defect(case: _Case) -> OutcomeEvidence | None:
    attempt, vm = case.attempt, case.sighting.vm
    if case.events.nic_failure is not None:
        return event_evidence(case.events.nic_failure)
    if vm is None:
        return None
    if attempt.cluster_id is not None and vm.cluster_id not in (None, attempt.cluster_id):
        return OutcomeEvidence(source="vm", text="the engine still lists it in another cluster")
    if vm.status == VmStatus.PAUSED != attempt.status_before:
        return OutcomeEvidence(source="vm", text=f"it is paused {vm.status_detail or ''}".strip())
    return None


def _returned(attempt: Attempt, why: str, evidence: Sequence[OutcomeEvidence]) -> Outcome:
    return Outcome(
        verdict=Verdict.RETURNED_TO_SOURCE,
        reason=why.strip(),
        evidence=tuple(evidence),
        host_id=attempt.source_host_id,
    )


def _refused(cause: Refusal | str, evidence: Sequence[OutcomeEvidence], host_id: str | None) -> Outcome:
    refusal = classify_text(cause) if isinstance(cause, str) else cause
    return Outcome(
        verdict=Verdict.REFUSED,
        reason=refusal.sentence,
        evidence=tuple(evidence),
        host_id=host_id,
        refusal=refusal,
    )


def _cancelled(case: _Case, event: EventFact) -> Outcome:
    by_us = case.events.cancelled_by_us
    who = "us" if by_us else (event.user or "another client")
    return Outcome(
        verdict=Verdict.CANCELLED,
        reason=f"cancelled by {who}",
        evidence=(*case.place(), event_evidence(event)),
        host_id=case.attempt.source_host_id,
        actor=None if by_us else who,
    )


def _moved_by_other(
    why: str, host_id: str | None, others: Sequence[EventFact], evidence: Sequence[OutcomeEvidence]
) -> Outcome:
    """Another migration decided where it is; `others` are its events, the last one names the actor."""
    actor = None
    if others:
        last = others[-1]
        by_engine = None if last.reason is None else f"the engine: {last.reason or 'no reason given'}"
        actor = last.user or by_engine
    return Outcome(
        verdict=Verdict.MOVED_BY_OTHER,
        reason=why + (f" ({actor})" if actor else ""),
        evidence=tuple(evidence),
        host_id=host_id,
        actor=actor,
    )
