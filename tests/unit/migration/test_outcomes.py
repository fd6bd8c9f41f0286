"""How one migration ends, whatever happens to it: the outcome, its evidence, and how often was asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rhevmig.clock import ManualClock
from rhevmig.errors import AuthenticationFailed, EngineUnavailable, NotAnEngine
from rhevmig.migration import (
    CampaignState,
    Options,
    Phase,
    RefusalClass,
    Refused,
    Timing,
    Verdict,
    cancel,
    resume,
    run,
    status,
)
from tests.unit.migration.fake_engine import Course
from tests.unit.migration.scenes import Scene, a_plan


def test_success_on_the_named_host():
    """A VM that arrives where it was meant to has succeeded, with the engine's own figures and evidence."""
    scene = Scene()
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id) == (Verdict.SUCCEEDED, "h2")
    assert (outcome.duration_s, outcome.total_s, outcome.downtime_ms) == (18.0, 20.0, 74.0)
    assert [(e.source, e.event_code) for e in outcome.evidence] == [("vm", None), ("event", 63)]
    assert scene.engine.posts() == 1


def test_downtime_that_the_engine_does_not_tell_is_none():
    """`Actual downtime: (N/A)` happens on ordinary success and is no zero."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(downtime_ms=None))
    assert scene.outcome().downtime_ms is None


def test_the_engine_chooses_where_no_host_is_named():
    """Without a named host the engine's choice is a success."""
    scene = Scene()
    outcome = scene.outcome(a_plan(scene.engine, "v1", to=None))
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.SUCCEEDED, "h2", 1)


def test_rerun_by_the_engine_is_only_watched():
    """Event 128 is no end: the engine tries the next host by itself under the same request."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="failed"), Course(seconds=10))
    outcome = scene.outcome(a_plan(scene.engine, "v1", to=None))
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.SUCCEEDED, "h3", 1)


def test_named_failure_returns_to_the_source():
    """A named host that fails is never tried again by the engine: event 120 ends it."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="failed", error="Lost connection to destination host"))
    outcome = scene.outcome()
    assert outcome.verdict == Verdict.RETURNED_TO_SOURCE
    assert outcome.reason == "Lost connection to destination host"
    assert outcome.evidence[-1].event_code == 120
    assert scene.engine.posts() == 1


def test_unnamed_failure_ends_with_event_65():
    """Three hosts fail, then the engine gives up."""
    scene = Scene()
    scene.engine.hosts["h4"] = "up"
    scene.engine.plan_course("v1", *(Course(ends="failed") for _ in range(3)))
    outcome = scene.outcome(a_plan(scene.engine, "v1", to=None))
    assert (outcome.verdict, outcome.evidence[-1].event_code) == (Verdict.RETURNED_TO_SOURCE, 65)
    assert scene.engine.posts() == 1


@pytest.mark.parametrize(
    ("values", "key", "kind"),
    [
        ({"affinity": "user_migratable"}, "user_migratable", RefusalClass.PERMANENT),
        ({"affinity": "pinned"}, "pinned", RefusalClass.PERMANENT),
    ],
)
def test_refusal_is_an_outcome_with_its_class(values, key, kind):
    """A no of the engine is data: a key, what can be done, and one request at most."""
    scene = Scene()
    plan = a_plan(scene.engine, "v1")
    scene.engine.set_vm("v1", **values)
    outcome = scene.outcome(plan)
    assert outcome.verdict == Verdict.REFUSED
    assert outcome.refusal is not None
    assert (outcome.refusal.key, outcome.refusal.kind) == (key, kind)
    assert scene.engine.posts() <= 1


def test_blocked_is_tried_again_until_it_passes():
    """A locked disk passes: the request is made again after a pause, as another attempt."""
    scene = Scene()
    locked = Refused(status_code=409, detail="[Cannot migrate VM: The following disks are locked: d1.]")
    scene.engine.refusals["v1"] = [locked, locked]
    campaign = scene.run()
    assert [a.outcome.verdict for a in campaign.courses[0].attempts] == [
        Verdict.REFUSED,
        Verdict.REFUSED,
        Verdict.SUCCEEDED,
    ]
    assert len({a.correlation_id for a in campaign.courses[0].attempts}) == scene.engine.posts() == 3


def test_blocked_is_given_up_when_its_wait_is_used_up():
    """A disk that stays locked ends as refused, after the time that blocked moves are given."""
    scene = Scene()
    locked = Refused(status_code=409, detail="[Cannot migrate VM: The following disks are locked: d1.]")
    scene.engine.refusals["v1"] = [locked] * 99
    outcome = scene.outcome()
    assert outcome.refusal is not None
    assert outcome.refusal.key == "locked_disks"
    assert 300 < scene.clock.monotonic() < 1200


def test_cancel_by_somebody_else_is_not_fought():
    """Event 161 under another id: cancelled, by whom, and not asked for again."""
    scene = Scene()
    scene.engine.at(8, "other_cancels", "v1")
    outcome = scene.outcome(options=Options(retries=2))
    assert (outcome.verdict, outcome.actor, scene.engine.posts()) == (Verdict.CANCELLED, "bob@internal", 1)


def test_copy_past_its_deadline_is_cancelled_by_us():
    """A copy that never ends is cancelled after its deadline; event 161 carries the cancel's own id."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=20, ends="never"))
    outcome = scene.outcome(options=Options(timing=Timing(copy_deadline_s=60, copy_deadline_s_per_gib=1)))
    assert (outcome.verdict, outcome.actor) == (Verdict.CANCELLED, None)
    assert (scene.engine.posts(), scene.engine.posts("cancel")) == (1, 1)
    ids = {act: correlation_id for act, _, correlation_id in scene.engine.acts}
    assert ids["migrate"] != ids["cancel"]


def test_queueing_is_no_copying():
    """While nothing is copied the deadline of the copy does not run; the watcher is told."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=1000, queued_s=900))
    timing = Timing(copy_deadline_s=120, copy_deadline_s_per_gib=1)
    assert scene.outcome(options=Options(timing=timing)).verdict == Verdict.SUCCEEDED
    assert scene.engine.posts("cancel") == 0
    assert any(p.phase == Phase.QUEUED and "waiting for a migration slot" in p.note for p in scene.told)


def test_moved_by_the_balancer_before_we_asked():
    """A VM that has left the source while it waited for its turn is not asked for."""
    scene = Scene()
    scene.engine.add("v2")
    scene.engine.plan_course("v1", Course(seconds=60))
    scene.engine.at(30, "other_moves", "v2", "h3")
    campaign = scene.run(a_plan(scene.engine, "v1", "v2", limit=1))
    assert [c.outcome.verdict for c in campaign.courses] == [Verdict.SUCCEEDED, Verdict.MOVED_BY_OTHER]
    assert scene.engine.posts("migrate", "v2") == 0


def test_moved_away_again_after_we_moved_it():
    """Our migration arrives and somebody moves the VM on before we look: moved by other, with both told."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=6.2))
    scene.engine.at(6.4, "other_moves", "v1", "h3", 67, 3.0)
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id) == (Verdict.MOVED_BY_OTHER, "h3")
    assert "Load balancing" in (outcome.actor or "")
    assert {e.event_code for e in outcome.evidence} >= {63, 67}


def test_somebody_elses_migration_is_adopted_not_repeated():
    """The engine refuses because the VM is moving already: it is watched, and counted as theirs."""
    scene = Scene()
    being_migrated = Refused(status_code=409, detail="[Cannot migrate VM. VM v1 is being migrated.]")
    scene.engine.refusals["v1"] = [being_migrated]
    scene.engine.at(0.5, "other_moves", "v1", "h3", 62, 30.0)
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.MOVED_BY_OTHER, "h3", 1)


def test_arrived_elsewhere_than_named():
    """Our own completion on another host than named is told apart."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(lands_on="h3"))
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id) == (Verdict.SUCCEEDED_ELSEWHERE, "h3")


@pytest.mark.parametrize(
    ("course", "words"),
    [
        (Course(paused=True), "paused"),
        (Course(wrong_cluster="cluster-2"), "cluster"),
    ],
)
def test_arrived_but_not_whole(course, words):
    """Paused, or counted to another cluster: a success that a person must look at."""
    scene = Scene()
    scene.engine.plan_course("v1", course)
    outcome = scene.outcome()
    assert outcome.verdict == Verdict.SUCCEEDED_DEGRADED
    assert words in outcome.reason


def test_nics_not_plugged_back_amend_a_success():
    """Events 12003 and 12004 come after event 63: the settled success is amended while others still move."""
    scene = Scene()
    scene.engine.add("v2")
    scene.engine.plan_course("v1", Course(seconds=10, nic_trouble_s=1.0))
    campaign = scene.run(a_plan(scene.engine, "v1", "v2"))
    assert campaign.courses[0].outcome.verdict == Verdict.SUCCEEDED_DEGRADED
    assert campaign.courses[0].outcome.evidence[-1].event_code == 12003


def test_vm_goes_down_on_the_way():
    """A VM that ends during its migration is lost: nothing more is started, and nothing is repeated."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="down"))
    outcome = scene.outcome(options=Options(retries=2))
    assert (outcome.verdict, outcome.is_data_risk, scene.engine.posts()) == (Verdict.LOST, True, 1)


def test_post_copy_that_broke_is_lost():
    """Paused on the destination after event 120: its memory is in two halves; nothing is repeated."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="broken"))
    outcome = scene.outcome(options=Options(retries=2))
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.LOST, "h2", 1)


def test_vm_disappears_on_the_way():
    """A VM that the engine no longer lists is lost."""
    scene = Scene()
    scene.engine.at(8, "remove_vm", "v1")
    assert scene.outcome().verdict == Verdict.LOST


def test_host_dies_and_the_vm_stays_unknown():
    """An unknown VM is held, never asked for again, and given up as unknown after its deadline."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="unknown"))
    campaign = scene.run(options=Options(retries=2))
    assert campaign.courses[0].outcome.verdict == Verdict.UNKNOWN
    assert (scene.engine.posts(), campaign.exit_code) == (1, 4)


def test_unknown_that_passes_is_settled_by_what_it_becomes():
    """A host that answers again in time makes the migration settle as usual."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=10, ends="unknown"))
    scene.engine.at(120, "put_vm", "v1", "h2", "up")
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (Verdict.SUCCEEDED, 1)


def test_engine_restarted_on_the_way_and_the_vm_arrives():
    """The job is gone and event 63 never comes: status and host tell, and the absence is explained."""
    scene = Scene()
    scene.engine.at(6, "go_away")
    scene.engine.at(7, "restart")
    scene.engine.at(90, "come_back")
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.SUCCEEDED, "h2", 1)
    assert any(e.source == "absence" and "63" in e.text for e in outcome.evidence)
    assert outcome.downtime_ms is None
    assert Phase.ENGINE_AWAY in {p.phase for p in scene.told}


def test_engine_restarted_on_the_way_and_the_vm_came_back():
    """The VM rests on its source, and nobody is left to tell why: returned, after several looks."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=30, ends="never"))
    scene.engine.at(6, "go_away")
    scene.engine.at(7, "restart")
    scene.engine.at(9, "put_vm", "v1", "h1", "up")
    scene.engine.at(60, "come_back")
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (Verdict.RETURNED_TO_SOURCE, 1)
    assert "restart" in outcome.reason


def test_answer_lost_although_it_was_done():
    """A cut after the request: found by its id, not repeated."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["lost_done"]
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (Verdict.SUCCEEDED, 1)


def test_answer_lost_and_never_done():
    """Nothing is found for 45 s: not started; only then is it asked for again, under a new id."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["lost_undone"]
    campaign = scene.run()
    attempts = campaign.courses[0].attempts
    assert [a.outcome.verdict for a in attempts] == [Verdict.NOT_STARTED, Verdict.SUCCEEDED]
    assert attempts[0].correlation_id != attempts[1].correlation_id
    assert (attempts[1].started_at - attempts[0].started_at).total_seconds() >= 45
    assert scene.engine.posts() == 2


def test_answer_lost_while_the_engine_refused():
    """The refusal is read from event 65 that carries our id."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["lost_done"]
    scene.engine.refusals["v1"] = [
        Refused(status_code=409, detail="[Cannot migrate VM. VM is pinned to Host.]")
    ]
    outcome = scene.outcome()
    assert outcome.refusal is not None
    assert (outcome.verdict, outcome.refusal.key, scene.engine.posts()) == (Verdict.REFUSED, "pinned", 1)


def test_request_that_never_left_is_made_again():
    """A refused connection is certain: nothing was done, and it is asked again when the engine answers."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["not_sent"]
    campaign = scene.run()
    assert [a.answer for a in campaign.courses[0].attempts] == ["not_sent", "accepted"]
    assert (scene.engine.posts(), campaign.requests_to_migrate) == (1, 1)


def test_html_503_to_the_request_then_away():
    """A proxy's page instead of an answer, then an engine that is away: frozen, then settled by looking."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["lost_done"]
    scene.engine.at(0.1, "go_away")
    scene.engine.at(200, "come_back")
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (Verdict.SUCCEEDED, 1)


def test_engine_that_stays_away_interrupts_and_keeps_the_journal(tmp_path):
    """After its deadline the engine's own error is raised; the campaign can be resumed."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.at(4, "go_away")
    with pytest.raises(EngineUnavailable):
        scene.run(journal=journal, options=Options(timing=Timing(away_deadline_s=100)))
    assert status(journal).state == CampaignState.INTERRUPTED
    scene.engine.come_back()
    campaign = resume(journal, scene.engine, clock=scene.clock)
    assert (campaign.counts, scene.engine.posts()) == ({"succeeded": 1}, 1)


def test_rejected_login_stops_at_once(tmp_path):
    """A password is never tried twice: the error comes out, and the journal stays fit to be resumed."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.at(4, "go_away", AuthenticationFailed(detail="expired"))
    with pytest.raises(AuthenticationFailed):
        scene.run(journal=journal)
    asked = len(scene.engine.requests)
    scene.engine.come_back()
    assert resume(journal, scene.engine, clock=scene.clock).counts == {"succeeded": 1}
    assert scene.engine.posts() == 1
    assert len(scene.engine.requests) > asked


def test_account_that_sees_no_hosts():
    """Without `vm.host` only the engine's own event counts as success."""
    scene = Scene()
    plan = a_plan(scene.engine, "v1")
    scene.engine.reads_without_host = True
    outcome = scene.outcome(plan)
    assert (outcome.verdict, outcome.host_id) == (Verdict.SUCCEEDED, "h2")


def test_account_that_sees_no_hosts_and_no_end():
    """Without host, event or job nothing is claimed: unknown."""
    scene = Scene()
    plan = a_plan(scene.engine, "v1")
    scene.engine.reads_without_host = True
    scene.engine.at(10, "restart")
    assert scene.outcome(plan).verdict == Verdict.UNKNOWN


def test_failed_move_is_tried_on_another_host():
    """Class A: another destination from the plan after a pause, and success there."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(ends="failed"))
    plan = a_plan(scene.engine, "v1", alternatives=("h3",))
    campaign = scene.run(plan, options=Options(retries=2))
    attempts = campaign.courses[0].attempts
    assert [a.destination_host_id for a in attempts] == ["h2", "h3"]
    assert (attempts[1].started_at - attempts[0].settled_at).total_seconds() >= 20
    assert campaign.courses[0].outcome.verdict == Verdict.SUCCEEDED


def test_retries_are_counted():
    """Two tries beyond the first, 20 s and 40 s apart, then it is over."""
    scene = Scene()
    scene.engine.plan_course("v1", *(Course(seconds=5, ends="failed") for _ in range(9)))
    campaign = scene.run(options=Options(retries=2))
    assert scene.engine.posts() == 3
    assert campaign.courses[0].outcome.verdict == Verdict.RETURNED_TO_SOURCE


def test_vm_that_is_down_for_a_moment_is_not_lost():
    """After an outage of the source agent the engine reports it down for 8 s, then up elsewhere."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=10, ends="unknown"))
    scene.engine.at(60, "put_vm", "v1", "h2", "down")
    scene.engine.at(60, "event", 61, "v1")
    scene.engine.at(68, "put_vm", "v1", "h2", "up")
    outcome = scene.outcome()
    assert (outcome.verdict, outcome.host_id, scene.engine.posts()) == (Verdict.SUCCEEDED, "h2", 1)


def test_vm_that_stays_down_while_a_host_does_not_answer_is_not_lost_yet():
    """The destination is non-responsive: the engine cannot know, so the deadline of unclear states holds."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=10, ends="unknown"))
    scene.engine.at(20, "put_vm", "v1", "h2", "down")
    scene.engine.at(15, "set_host", "h2", "non_responsive")
    scene.engine.at(300, "set_host", "h2", "up")
    scene.engine.at(301, "put_vm", "v1", "h2", "up")
    assert scene.outcome().verdict == Verdict.SUCCEEDED


def test_resume_looks_again_at_a_lost_vm(tmp_path):
    """A VM that was settled as lost runs on the destination: succeeded, and the rest is moved."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.add("v2")
    scene.engine.plan_course("v1", Course(ends="down"))
    campaign = scene.run(a_plan(scene.engine, "v1", "v2", limit=1), journal=journal)
    assert campaign.counts == {"lost": 1, "open": 1}
    scene.engine.put_vm("v1", "h2", "up")
    campaign = resume(journal, scene.engine, clock=scene.clock)
    assert (campaign.counts, campaign.state) == ({"succeeded": 2}, CampaignState.FINISHED)
    assert scene.engine.posts("migrate", "v1") == 1
    assert status(journal) == campaign


def test_resume_settles_a_vm_that_is_still_lost_as_lost(tmp_path):
    """Nothing has changed: the same verdict again, nothing is requested."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.plan_course("v1", Course(ends="down"))
    scene.run(journal=journal)
    campaign = resume(journal, scene.engine, clock=scene.clock)
    assert (campaign.counts, scene.engine.posts()) == ({"lost": 1}, 1)


def test_no_second_request_while_the_first_may_be_on_its_way():
    """A lost answer: the request is repeated only after the timeout of a request, counted from its intent."""
    scene = Scene()
    scene.engine.answers["migrate"] = ["lost_undone"]
    first, second = scene.run().courses[0].attempts
    assert (second.started_at - first.started_at).total_seconds() >= 120


def test_request_that_arrives_late_after_a_crash_is_not_repeated(tmp_path):
    """The process ends with its request under way; it arrives 100 s later: resume waits and finds it."""
    scene, journal = Scene(), tmp_path / "j.db"
    sent = scene.engine.migrate

    def late(vm_id, **values):
        scene.engine.at(100, "_migrate", vm_id, values["correlation_id"], "h2", False)
        scene.engine.acts.append(("migrate", vm_id, values["correlation_id"]))
        raise KeyboardInterrupt

    scene.engine.migrate = late  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.run(journal=journal)
    scene.engine.migrate = sent  # type: ignore[method-assign]
    campaign = resume(journal, scene.engine, clock=scene.clock)
    assert (campaign.counts, scene.engine.posts()) == ({"succeeded": 1}, 1)


class OtherClock(ManualClock):
    """The engine's clock as a process with a wrong date reads it."""

    def __init__(self, clock: ManualClock, hours: float) -> None:
        self._clock, self._off = clock, timedelta(hours=hours)

    def now(self) -> datetime:
        return self._clock.now() + self._off

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@pytest.mark.parametrize("hours", [2, -24])
def test_clock_that_was_set_before_resume_changes_no_deadline(tmp_path, hours):
    """Two hours ahead: a healthy copy is not cancelled. A day back: nothing waits a day."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.plan_course("v1", Course(seconds=200))

    def stop(progress) -> None:
        if progress.phase == Phase.COPYING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(a_plan(scene.engine, "v1"), scene.engine, journal=journal, clock=scene.clock, on_progress=stop)
    campaign = resume(journal, scene.engine, clock=OtherClock(scene.clock, hours))
    assert (campaign.counts, scene.engine.posts("cancel")) == ({"succeeded": 1}, 0)
    assert scene.clock.monotonic() < 400


def test_clock_back_a_day_does_not_delay_the_next_attempt(tmp_path):
    """The back-off of a failed attempt is counted in elapsed time."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.plan_course("v1", Course(seconds=10, ends="failed"))

    def stop(progress) -> None:
        if progress.phase == Phase.WAITING and progress.note:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            a_plan(scene.engine, "v1", alternatives=("h3",)),
            scene.engine,
            journal=journal,
            clock=scene.clock,
            on_progress=stop,
        )
    campaign = resume(journal, scene.engine, clock=OtherClock(scene.clock, -24))
    assert campaign.counts == {"succeeded": 1}
    assert scene.clock.monotonic() < 200


def test_display_that_fails_does_not_end_the_campaign():
    """A closed pipe or a full disk behind the progress display: progress is lost, the migration is not."""
    scene, calls = Scene(), []

    def closed(progress) -> None:
        calls.append(progress)
        raise BrokenPipeError("stderr is closed")

    campaign = run(
        a_plan(scene.engine, "v1"), scene.engine, journal=":memory:", clock=scene.clock, on_progress=closed
    )
    assert (campaign.counts, len(calls)) == ({"succeeded": 1}, 1)


def test_page_of_a_proxy_with_status_200_is_waited_out():
    """An engine that has answered before and now seems to be a web page: a passing fault."""
    scene = Scene()
    scene.engine.at(4, "go_away", NotAnEngine(path="/ovirt-engine/api", detail="HTML"))
    scene.engine.at(60, "come_back")
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts()) == (Verdict.SUCCEEDED, 1)


def test_engine_restarted_before_the_first_progress():
    """Afterwards it reports 0 % until the end: no queue, no time left, and the copy's deadline runs."""
    scene = Scene()
    scene.engine.plan_course("v1", Course(seconds=2000, queued_s=2000, ends="never"))
    scene.engine.at(3, "go_away")
    scene.engine.at(4, "restart")
    scene.engine.at(60, "come_back")
    timing = Timing(copy_deadline_s=120, copy_deadline_s_per_gib=1)
    assert scene.outcome(options=Options(retries=0, timing=timing)).verdict == Verdict.CANCELLED
    copying = [p for p in scene.told if p.phase == Phase.COPYING]
    assert copying
    assert {(p.percent, p.remaining_s) for p in copying} == {(None, None)}


def test_cool_down_of_the_only_destination_is_announced(tmp_path):
    """What is displayed as the next attempt includes the time for which its destination is not used."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.plan_course("v1", *(Course(seconds=5, ends="failed") for _ in range(2)))
    seen = []

    def watch(progress) -> None:
        scene.told.append(progress)
        seen.append(status(journal).courses[0].next_attempt_at)

    run(a_plan(scene.engine, "v1"), scene.engine, journal=journal, clock=scene.clock, on_progress=watch)
    notes = [p.note for p in scene.told if "next attempt" in p.note]
    first, second, third = status(journal).courses[0].attempts
    assert "failed twice" not in notes[0]
    assert "host-h2 failed twice and is not used until then" in notes[1]
    assert (third.started_at - second.settled_at).total_seconds() >= 600
    assert abs((third.started_at - max(at for at in seen if at)).total_seconds()) < 10
    assert first.outcome is not None


def test_somebody_elses_migration_that_does_not_end_is_given_up():
    """A VM that another client migrates without end is refused after an hour; nothing is cancelled."""
    scene = Scene()
    scene.engine.refusals["v1"] = [
        Refused(status_code=409, detail="[Cannot migrate VM. VM v1 is being migrated.]")
    ]
    scene.engine.at(0.5, "set_vm", "v1")
    scene.engine.vms["v1"].status = "up"
    scene.engine.at(0.5, "put_vm", "v1", "h1", "migrating")
    outcome = scene.outcome()
    assert (outcome.verdict, scene.engine.posts("cancel")) == (Verdict.REFUSED, 0)
    assert outcome.refusal is not None
    assert outcome.refusal.key == "being_migrated"
    assert 3600 < scene.clock.monotonic() < 8000


def test_resume_keeps_a_campaign_stopped_that_was_stopped_on_request(tmp_path):
    """The lost VM is looked at again; what was not started stays so."""
    scene, journal = Scene(), tmp_path / "j.db"
    scene.engine.add("v2")
    scene.engine.plan_course("v1", Course(ends="down"))

    def stop(progress) -> None:
        if progress.outcome is not None and progress.outcome.verdict == Verdict.LOST:
            cancel(journal)

    scene.told = []
    plan = a_plan(scene.engine, "v1", "v2", limit=1)
    options = Options(retries=0)
    run(plan, scene.engine, journal=journal, clock=scene.clock, on_progress=stop, options=options)
    scene.engine.put_vm("v1", "h2", "up")
    campaign = resume(journal, scene.engine, clock=scene.clock)
    assert campaign.counts["succeeded"] >= 1
    assert scene.engine.posts("migrate", "v1") == 1
