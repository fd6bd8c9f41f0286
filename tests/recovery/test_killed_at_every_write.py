"""kill −9 at every write of the journal, then `resume`: no request twice, no VM lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rhevmig.errors import JournalError
from rhevmig.migration import Campaign, Options, cancel, resume, run, status
from rhevmig.planning import Plan
from tests.recovery.killing import killed
from tests.unit.migration.fake_engine import Course, FakeEngine
from tests.unit.migration.scenes import Scene, a_plan

#: Writes of a campaign that ends well: opened; for each VM intended, answered, copying seen, settled; for
#: the host intended, answered, settled; finished.
ONE_MIGRATION = 6
FIVE_VMS = 1 + 5 * 4 + 3 + 1
USUAL = Options(retries=0)


def one_vm() -> tuple[FakeEngine, Plan]:
    scene = Scene()
    return scene.engine, a_plan(scene.engine, "v1")


def five_vms() -> tuple[FakeEngine, Plan]:
    scene = Scene()
    for number in range(2, 6):
        scene.engine.add(f"v{number}")
        scene.engine.plan_course(f"v{number}", Course(seconds=10 + 3 * number))
    return scene.engine, a_plan(scene.engine, "v1", "v2", "v3", "v4", "v5", kind="evacuate")


def die_and_resume(
    engine: FakeEngine, plan: Plan, folder: Path, *kills: tuple[int, str], options: Options = USUAL
) -> tuple[FakeEngine, Campaign]:
    """Runs the plan, dies at each of the writes in turn, and at last goes through."""
    journal, aside = folder / "journal.db", folder / "engine"

    def begin_or_go_on(there: FakeEngine) -> Campaign:
        try:
            return resume(journal, there, clock=there.clock)
        except JournalError:
            return run(plan, there, journal=journal, clock=there.clock, options=options)

    for at, when in kills:
        engine, died = killed(engine, aside, lambda there=engine: begin_or_go_on(there), at=at, when=when)
        if not died:
            return engine, status(journal)
        engine.clock.advance(7.0)
    engine.catch_up()
    while engine.away is not None:
        engine.clock.advance(10.0)
        engine.catch_up()
    return engine, begin_or_go_on(engine)


def assert_all_is_well(engine: FakeEngine, campaign: Campaign) -> None:
    assert campaign.is_success, str(campaign)
    assert {vm.host for vm in engine.vms.values()} == {"h2"}
    for vm in engine.vms:
        assert engine.posts("migrate", vm) == 1, f"{vm} was asked for more than once"
    assert engine.posts("deactivate") <= 1
    for course in campaign.courses:
        assert course.outcome is not None
        assert course.outcome.evidence


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, ONE_MIGRATION + 1))
def test_one_migration(tmp_path, at, when):
    """One VM: whatever the write at which the process dies, it is asked for once and arrives."""
    engine, campaign = die_and_resume(*one_vm(), tmp_path, (at, when))
    assert_all_is_well(engine, campaign)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, FIVE_VMS + 1))
def test_evacuation_of_five(tmp_path, at, when):
    """Five VMs and the host: whatever the write, each VM is asked for once, arrives, and the host too."""
    engine, campaign = die_and_resume(*five_vms(), tmp_path, (at, when))
    assert_all_is_well(engine, campaign)
    assert campaign.host is not None
    assert campaign.host.state == "maintenance"
    assert engine.posts("deactivate") == 1


def test_the_enumeration_is_whole(tmp_path):
    """The numbers above are all the writes there are: a kill beyond the last is never reached."""
    for make, writes in ((one_vm, ONE_MIGRATION), (five_vms, FIVE_VMS)):
        folder = tmp_path / str(writes)
        folder.mkdir()
        engine, plan = make()
        journal = folder / "journal.db"

        def work(there=engine, what=plan, where=journal):
            return run(what, there, journal=where, clock=there.clock, options=Options(retries=0))

        _, died = killed(engine, folder / "engine", work, at=writes + 1, when="before")
        assert not died


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, ONE_MIGRATION + 1))
@pytest.mark.parametrize("second", range(1, ONE_MIGRATION + 1))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_again_while_resuming(tmp_path, first, second, when):
    """A resume that is killed as well changes nothing but time."""
    engine, campaign = die_and_resume(*one_vm(), tmp_path, (first, when), (second, when))
    assert_all_is_well(engine, campaign)


@pytest.mark.slow
@pytest.mark.parametrize("at", range(1, FIVE_VMS + 1))
@pytest.mark.parametrize("fate", ["lost_done", "restart", "away"])
def test_killed_while_the_engine_has_trouble_too(tmp_path, at, fate):
    """A lost answer, a restarted engine or one that is away, and a kill on top: still once, still whole."""
    engine, plan = five_vms()
    if fate == "lost_done":
        engine.answers["migrate v3"] = ["lost_done"]
    elif fate == "restart":
        engine.at(12, "restart")
    else:
        engine.at(9, "go_away")
        engine.at(70, "come_back")
    engine, campaign = die_and_resume(engine, plan, tmp_path, (at, "after"))
    assert_all_is_well(engine, campaign)


THERE_AND_BACK = Options(retries=2, return_host=True, return_vms=True)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 41))
def test_there_and_back_with_a_failure(tmp_path, at, when):
    """Three VMs, one of which fails once and goes to another host; the host and all VMs come back."""
    scene = Scene()
    scene.engine.add("v2")
    scene.engine.add("v3")
    scene.engine.plan_course("v2", Course(seconds=9, ends="failed"))
    plan = a_plan(scene.engine, "v1", "v2", "v3", kind="evacuate", alternatives=("h3",))
    engine, campaign = die_and_resume(scene.engine, plan, tmp_path, (at, when), options=THERE_AND_BACK)
    assert campaign.is_success, str(campaign)
    assert {vm.host for vm in engine.vms.values()} == {"h1"}
    assert [engine.posts("migrate", vm) for vm in ("v1", "v2", "v3")] == [2, 3, 2]
    assert (engine.posts("deactivate"), engine.posts("activate")) == (1, 1)
    assert engine.hosts["h1"] == "up"


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 12))
def test_cancelling_is_interrupted(tmp_path, at, when):
    """Two VMs move, the campaign is cancelled, and that is killed: cancelled again, nothing is lost."""
    scene, journal = Scene(), tmp_path / "journal.db"
    scene.engine.add("v2")
    for vm in scene.engine.vms:
        scene.engine.plan_course(vm, Course(seconds=500))
    plan = a_plan(scene.engine, "v1", "v2", kind="evacuate")
    aside = tmp_path / "engine"

    def begin(there=scene.engine):
        return run(plan, there, journal=journal, clock=there.clock, options=USUAL)

    engine, died = killed(scene.engine, aside, begin, at=5, when="after")
    assert died

    def stop(there=engine):
        return cancel(journal, there, clock=there.clock)

    engine, died = killed(engine, aside, stop, at=at, when=when)
    campaign = cancel(journal, engine, clock=engine.clock) if died else status(journal)
    assert campaign.counts == {"cancelled": 2}
    assert {vm.host for vm in engine.vms.values()} == {"h1"}
    assert [engine.posts("migrate", vm) for vm in ("v1", "v2")] == [1, 1]
