"""kill −9 at every write of the journal, then `resume`: no request twice, no VM lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from rhevmig.errors import JournalError
from rhevmig.migration import Campaign, Options, Plan, resume, run, status
from tests.recovery.killing import killed
from tests.unit.migration.fake_engine import Course, FakeEngine
from tests.unit.migration.scenes import Scene, a_plan

#: Writes of a campaign that ends well: opened; for each VM intended, answered, copying seen, settled; for
#: the host intended, answered, settled; finished.
ONE_MIGRATION = 6
FIVE_VMS = 1 + 5 * 4 + 3 + 1


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
    engine: FakeEngine, plan: Plan, folder: Path, *kills: tuple[int, str]
) -> tuple[FakeEngine, Campaign]:
    """Runs the plan, dies at each of the writes in turn, and at last goes through."""
    journal, aside = folder / "journal.db", folder / "engine"

    def begin_or_go_on(there: FakeEngine) -> Campaign:
        try:
            return resume(journal, there, clock=there.clock)
        except JournalError:
            return run(plan, there, journal=journal, clock=there.clock, options=Options(retries=0))

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
