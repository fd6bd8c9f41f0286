"""The truth rule: how a migration ended, decided from facts alone, or not yet.

A migration succeeded when its VM runs, not on the source, on the host that was named (if one was), in the
cluster that was meant, and the engine's completion carries our id, or its absence is explained. A VM that
rests on its source is no failure until the engine says how it failed, or has had time to. Whatever cannot
be told stays open, then becomes `unknown`; it is never taken for well.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rhevmig.inventory import RUNNING
from rhevmig.migration.attempt_events import Story, read_story
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.evidence import (
    absence,
    by_answer,
    by_event,
    by_jobs,
    by_vm,
    cancelled,
    moved_by_other,
    refused,
    returned,
    succeeded,
)
from rhevmig.migration.journal.state import answer_text
from rhevmig.migration.observation import Sighting, is_unclear
from rhevmig.migration.options import Timing
from rhevmig.migration.outcome import Evidence, Outcome, RefusalClass, Verdict
from rhevmig.migration.port import ActAnswer, Refused
from rhevmig.migration.refusals import classify_refusal
from rhevmig.terms import VmStatus

#: Looks that must agree before an absence counts: the first may be old, the second refreshed.
_LOOKS = 3


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that a rule may look at."""

    attempt: Attempt
    sighting: Sighting
    story: Story
    timing: Timing
    #: Host names by id, of the clusters concerned.
    hosts: Mapping[str, str]

    @property
    def is_adopted(self) -> bool:
        """The engine refused because the VM was moving already: somebody else's migration is watched."""
        return self.attempt.answer == "refused"

    @property
    def is_heard(self) -> bool:
        """The engine certainly has our request: it said so, or its jobs or events do."""
        return self.attempt.answer == "accepted" or self.story.is_heard or self.has_job

    @property
    def has_job(self) -> bool:
        """The engine remembers a job of ours that it did not refuse."""
        return bool(self.sighting.jobs) and not self.is_adopted and self.story.refused is None

    def job_is(self, *statuses: str) -> bool:
        """Whether the last job of ours has one of these statuses."""
        return bool(self.sighting.jobs) and self.sighting.jobs[-1].status in statuses  # type: ignore[index]

    @property
    def rested_s(self) -> float:
        """Seconds that the VM has been seen to rest where it is."""
        since = self.sighting.since.resting_at
        return (self.sighting.at - since).total_seconds() if since is not None else 0.0

    @property
    def unclear_s(self) -> float:
        """Seconds that its state has been unclear."""
        since = self.sighting.since.unclear_at
        return (self.sighting.at - since).total_seconds() if since is not None else 0.0

    def rested(self, seconds: float) -> bool:
        """Whether it has rested so long, over several looks."""
        return self.rested_s >= seconds and self.sighting.since.looks >= _LOOKS

    def place(self) -> list[Evidence]:
        """Where the VM is."""
        return [by_vm(self.sighting.vm, self.hosts)]


def settle_answer(attempt: Attempt, answer: ActAnswer) -> Outcome | None:
    """The outcome where the answer alone decides: a plain refusal, or a request that never left."""
    if isinstance(answer, Refused):
        refusal = classify_refusal(answer)
        if refusal.kind == RefusalClass.UNCLEAR:
            return None
        return refused(refusal, [by_answer(attempt, answer_text(answer))], attempt.source_host_id)
    if attempt.answer == "not_sent":
        return Outcome(
            verdict=Verdict.NOT_STARTED,
            reason="the request never reached the engine",
            evidence=(by_answer(attempt, answer_text(answer)),),
            host_id=attempt.source_host_id,
        )
    return None


def settle(
    attempt: Attempt,
    sighting: Sighting,
    *,
    hosts: Mapping[str, str],
    timing: Timing,
) -> Outcome | None:
    """How a try ended, or None while that cannot be told yet.

    Args: hosts (names by id: events speak of hosts by name).
    """
    story = read_story(attempt, sighting.events)
    case = _Case(attempt=attempt, sighting=sighting, story=story, timing=timing, hosts=hosts)
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
    """The verdict on a settled success once the engine tells of its NICs; None = no change."""
    trouble = read_story(attempt, sighting.events).nic_trouble
    if trouble is None or outcome.verdict not in (Verdict.SUCCEEDED, Verdict.SUCCEEDED_ELSEWHERE):
        return None
    return msgspec.structs.replace(
        outcome,
        verdict=Verdict.SUCCEEDED_DEGRADED,
        reason="arrived, but network interfaces were not plugged back",
        evidence=(*outcome.evidence, by_event(trouble)),
    )


# ── the VM does not run ──────────────────────────────────────────────────────────────────────────────


def _gone(case: _Case) -> Outcome | None:
    if case.unclear_s < case.timing.event_grace_s:
        return None
    return Outcome(
        verdict=Verdict.LOST if case.is_heard else Verdict.NOT_STARTED,
        reason="the engine no longer lists the VM",
        evidence=(absence("the VM is in no list of the engine's any more"),),
    )


def _unclear(case: _Case) -> Outcome | None:
    if case.unclear_s < case.timing.unclear_deadline_s:
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason=f"the VM has been {case.sighting.vm.status if case.sighting.vm else 'away'} for too long; "
        "a host may not answer, so nothing may be repeated",
        evidence=tuple(case.place()),
    )


def _never_ending(case: _Case) -> Outcome | None:
    """Only a cancel that did not help makes an endless migration unknown."""
    asked = case.attempt.cancelled_at
    if asked is None or (case.sighting.at - asked).total_seconds() < case.timing.unclear_deadline_s:
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason="it goes on migrating although a cancel was asked for",
        evidence=tuple(case.place()),
    )


def _down(case: _Case) -> Outcome | None:
    status = case.sighting.vm.status if case.sighting.vm else "down"
    if case.story.down is None and not case.rested(case.timing.event_grace_s):
        return None
    evidence = case.place() + ([by_event(case.story.down)] if case.story.down else [])
    return Outcome(
        verdict=Verdict.LOST if case.is_heard else Verdict.NOT_STARTED,
        reason=f"the VM is {status}"
        + (f": {case.story.down.error or case.story.down.description}" if case.story.down else ""),
        evidence=tuple(evidence),
    )


# ── the account may not see hosts ────────────────────────────────────────────────────────────────────


def _hostless(case: _Case) -> Outcome | None:
    """Without the host only the engine's own words count."""
    if case.story.done is not None:
        return succeeded(case.attempt, case.sighting.vm, case.story, case.hosts, case.place())
    ended = _ended_badly(case)
    if ended is not None:
        return ended
    if not case.rested(case.timing.unheard_s):
        return None
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason="the account may not see where the VM runs, and the engine tells no end",
        evidence=(*case.place(), by_jobs(case.sighting.jobs)),
    )


# ── it rests on the source ───────────────────────────────────────────────────────────────────────────


def _on_source(case: _Case) -> Outcome | None:
    story = case.story
    if story.done is not None:
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
        why = "the engine's job failed and no event tells why"
        return returned(case.attempt, why, [*case.place(), by_jobs(case.sighting.jobs)])
    if not case.rested(case.timing.unheard_s):
        return None
    if case.job_is("finished", "started"):
        return Outcome(
            verdict=Verdict.UNKNOWN,
            reason="the VM rests on its source, which the engine's job does not explain",
            evidence=(*case.place(), by_jobs(case.sighting.jobs)),
            host_id=case.attempt.source_host_id,
        )
    return _without_trace(case)


def _back_again(case: _Case) -> Outcome | None:
    done = case.story.done
    assert done is not None
    later = [event for event in case.story.other_starts if event.index > done.index]
    if not later and not case.rested(case.timing.event_grace_s):
        return None
    evidence = [*case.place(), by_event(done), *(by_event(event) for event in later[-1:])]
    return moved_by_other("it arrived, and was moved back", case.attempt.source_host_id, later[-1:], evidence)


def _ended_badly(case: _Case) -> Outcome | None:
    """What the engine's own words about an end that is no success mean."""
    story, attempt = case.story, case.attempt
    began = story.started.index if story.started else attempt.watermark
    if story.refused is not None and story.started is None:
        return refused(story.refused, [*case.place(), by_event(story.refused)], attempt.source_host_id)
    if story.cancelled is not None and story.cancelled.index > began and (case.is_heard or case.is_adopted):
        return cancelled(attempt, story, case.place())
    if story.failed is not None and story.failed.index > began:
        why = story.failed.error or story.failed.description
        return returned(attempt, why, [*case.place(), by_event(story.failed)])
    return None


def _without_trace(case: _Case) -> Outcome:
    """It rests on the source, and neither job nor event tells of an end."""
    looked = absence(f"looked {case.sighting.since.looks} times in {case.rested_s:.0f} s")
    evidence = [*case.place(), by_jobs(case.sighting.jobs), looked]
    if case.is_adopted:
        return refused(case.attempt.answer_detail, evidence, case.attempt.source_host_id)
    if case.story.is_heard:
        why = "the engine began and has forgotten the job, as after a restart; no event tells why it failed"
        return returned(case.attempt, why, evidence)
    if case.is_heard:
        why = "the engine accepted and did nothing that can be seen"
        return returned(case.attempt, why, evidence)
    return Outcome(
        verdict=Verdict.NOT_STARTED,
        reason="the engine never heard of the request: no job, no event, and the VM has not moved",
        evidence=tuple(evidence),
        host_id=case.attempt.source_host_id,
    )


# ── it runs somewhere else ───────────────────────────────────────────────────────────────────────────


def _elsewhere(case: _Case) -> Outcome | None:
    story, vm = case.story, case.sighting.vm
    assert vm is not None
    if story.done is not None:
        later = [event for event in story.other_starts if event.index > story.done.index]
        arrived = _id_of(case, story.done.destination_host)
        if later and arrived is not None and arrived != vm.host_id:
            evidence = [*case.place(), by_event(story.done), by_event(later[-1])]
            return moved_by_other("it arrived, and was moved on", vm.host_id, later[-1:], evidence)
        return succeeded(case.attempt, vm, story, case.hosts, case.place())
    if not case.is_heard or case.is_adopted:
        return _others_work(case)
    if story.failed is not None and vm.status == VmStatus.PAUSED != case.attempt.status_before:
        #: a post-copy that broke: one half of its memory is here, the other was there
        return Outcome(
            verdict=Verdict.LOST,
            reason=f"paused on the destination after a failure: {story.failed.error or 'no reason given'}",
            evidence=(*case.place(), by_event(story.failed)),
            host_id=vm.host_id,
        )
    if case.sighting.jobs is None or not case.rested(case.timing.event_grace_s):
        return None
    named = case.attempt.destination_host_id or _id_of(
        case, story.started.destination_host if story.started else None
    )
    evidence = [*case.place(), by_jobs(case.sighting.jobs)]
    if case.job_is("failed", "aborted") or story.failed is not None or (named and named != vm.host_id):
        return moved_by_other(
            "ours did not bring it here", vm.host_id, (*story.other_starts, *story.other_dones)[-1:], evidence
        )
    told = (
        "the job finished without an event 63"
        if case.job_is("finished")
        else "no event 63: the engine has forgotten the job, as after a restart"
    )
    return succeeded(case.attempt, vm, story, case.hosts, [*evidence, absence(told)])


def _others_work(case: _Case) -> Outcome | None:
    """It moved, and nothing of ours is known to have begun."""
    vm, others = case.sighting.vm, (*case.story.other_starts, *case.story.other_dones)
    assert vm is not None
    if not others and not case.rested(case.timing.unheard_s):
        return None
    evidence = [*case.place(), *(by_event(event) for event in others[-2:])]
    if not others:
        evidence.append(absence("no event or job ties the move to our request"))
    return moved_by_other("somebody else moved it", vm.host_id, others[-1:], evidence)


def _id_of(case: _Case, name: str | None) -> str | None:
    return next((host_id for host_id, known in case.hosts.items() if known == name), None)
