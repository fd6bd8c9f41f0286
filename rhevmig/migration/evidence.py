"""Outcomes with the evidence that they rest on, put together the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rhevmig.migration.attempt_events import Story
from rhevmig.migration.campaign import Attempt
from rhevmig.migration.outcome import Evidence, Outcome, Refusal, Verdict
from rhevmig.migration.port import EventFact, JobState, VmState
from rhevmig.migration.refusals import classify_text
from rhevmig.terms import VmStatus


def by_vm(vm: VmState | None, hosts: Mapping[str, str]) -> Evidence:
    """Where the VM is."""
    if vm is None:
        return Evidence(source="vm", text="the engine does not list the VM")
    where = "" if vm.host_id is None else f" on {hosts.get(vm.host_id, vm.host_id)}"
    return Evidence(source="vm", text=f"the VM is {vm.status}{where}")


def by_event(event: EventFact) -> Evidence:
    """What an event says."""
    return Evidence(
        source="event",
        text=event.description.strip() or f"event {event.code}",
        event_index=event.index,
        event_code=event.code,
    )


def by_jobs(jobs: Sequence[JobState] | None) -> Evidence:
    """What the last job says."""
    if not jobs:
        return Evidence(source="job", text="the engine has no job with our id")
    return Evidence(source="job", text=f"job “{jobs[-1].description}” {jobs[-1].status}")


def by_answer(attempt: Attempt, text: str) -> Evidence:
    """What was answered to the request."""
    return Evidence(source="answer", text=f"{attempt.correlation_id}: {text}".strip())


def absence(text: str) -> Evidence:
    """What was looked for and not found."""
    return Evidence(source="absence", text=text)


def succeeded(
    attempt: Attempt,
    vm: VmState | None,
    story: Story,
    hosts: Mapping[str, str],
    evidence: Sequence[Evidence],
) -> Outcome:
    """It arrived: as meant, elsewhere, or not whole."""
    done, facts = story.done, list(evidence)
    host_id = vm.host_id if vm is not None else None
    if done is not None:
        facts.append(by_event(done))
        host_id = host_id or next((i for i, name in hosts.items() if name == done.destination_host), None)
    where = hosts.get(host_id or "", host_id or "its destination")
    verdict, reason = Verdict.SUCCEEDED, f"runs on {where}"
    if attempt.destination_host_id is not None and host_id not in (None, attempt.destination_host_id):
        named = hosts.get(attempt.destination_host_id, attempt.destination_host_id)
        verdict, reason = Verdict.SUCCEEDED_ELSEWHERE, f"runs on {where}, not on {named}"
    flaw = _flaw(attempt, vm, story)
    if flaw is not None:
        verdict, reason = Verdict.SUCCEEDED_DEGRADED, f"runs on {where}, but {flaw.text}"
        facts.append(flaw)
    return Outcome(
        verdict=verdict,
        reason=reason,
        evidence=tuple(facts),
        host_id=host_id,
        duration_s=done.duration_s if done else None,
        total_s=done.total_s if done else None,
        downtime_ms=done.downtime_ms if done else None,
    )


def _flaw(attempt: Attempt, vm: VmState | None, story: Story) -> Evidence | None:
    if story.nic_trouble is not None:
        return by_event(story.nic_trouble)
    if vm is None:
        return None
    if attempt.cluster_id is not None and vm.cluster_id not in (None, attempt.cluster_id):
        text = "the engine still counts it to another cluster than it should be in"
        return Evidence(source="vm", text=text)
    if vm.status == VmStatus.PAUSED != attempt.status_before:
        return Evidence(source="vm", text=f"it is paused {vm.status_detail or ''}".strip())
    return None


def returned(attempt: Attempt, why: str, evidence: Sequence[Evidence]) -> Outcome:
    """It is on its source again, or still."""
    return Outcome(
        verdict=Verdict.RETURNED_TO_SOURCE,
        reason=why.strip(),
        evidence=tuple(evidence),
        host_id=attempt.source_host_id,
    )


def refused(what: Refusal | EventFact | str, evidence: Sequence[Evidence], host_id: str | None) -> Outcome:
    """The engine said no."""
    if isinstance(what, EventFact):
        what = what.error or what.description
    refusal = classify_text(what) if isinstance(what, str) else what
    return Outcome(
        verdict=Verdict.REFUSED,
        reason=refusal.sentence,
        evidence=tuple(evidence),
        host_id=host_id,
        refusal=refusal,
    )


def cancelled(attempt: Attempt, story: Story, evidence: Sequence[Evidence]) -> Outcome:
    """It was stopped."""
    event = story.cancelled
    assert event is not None
    who = "us" if story.cancelled_by_us else (event.user or "somebody else")
    return Outcome(
        verdict=Verdict.CANCELLED,
        reason=f"cancelled by {who}",
        evidence=(*evidence, by_event(event)),
        host_id=attempt.source_host_id,
        actor=None if story.cancelled_by_us else who,
    )


def moved_by_other(
    why: str, host_id: str | None, others: Sequence[EventFact], evidence: Sequence[Evidence]
) -> Outcome:
    """Somebody else's migration decided where it is."""
    actor = None
    if others:
        last = others[-1]
        actor = last.user or (
            f"the engine: {last.reason or 'no reason given'}" if last.reason is not None else None
        )
    return Outcome(
        verdict=Verdict.MOVED_BY_OTHER,
        reason=why + (f" ({actor})" if actor else ""),
        evidence=tuple(evidence),
        host_id=host_id,
        actor=actor,
    )
