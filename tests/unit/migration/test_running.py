"""Running, interrupting, resuming, stopping; the one-call migration; SQL for other databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql

from rhevmig.errors import (
    AuthenticationFailed,
    MigrationFailed,
    MigrationTimeout,
    PlanOutdated,
    UsageError,
)
from rhevmig.migration import (
    CampaignState,
    Options,
    Phase,
    Verdict,
    cancel,
    migrate,
    resume,
    run,
    status,
)
from rhevmig.migration.journal import store as journal
from rhevmig.migration.journal.records import CampaignOpened
from rhevmig.migration.journal.state import replay
from tests.builders import an_inventory
from tests.unit.migration.fake_engine import Course, FakeEngine
from tests.unit.migration.scenes import Scene, a_plan


class Connection:
    """What `rhevmig.connect` gives: an inventory and a port."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine

    def inventory(self):
        return an_inventory(engine=self.engine.identity())

    def migration_port(self) -> FakeEngine:
        return self.engine


@pytest.fixture
def connection() -> Connection:
    """An engine of which `an_inventory()` is true: `web01` runs on h1, h2 could take it."""
    scene = Scene()
    inventory = an_inventory()
    engine = FakeEngine(scene.clock, hosts=tuple(host.id for host in inventory.hosts))
    for vm in inventory.vms:
        engine.add(vm.id, vm.host_id or "h1", cluster=vm.cluster_id)
    return Connection(engine)


def interrupted(scene: Scene, path, *vm_ids: str, after_s: float = 6.0) -> None:
    """A campaign that Ctrl-C ends while it waits."""

    def on_progress(progress) -> None:
        if (progress.at - scene.clock._start) >= timedelta(seconds=after_s):
            raise KeyboardInterrupt

    plan = a_plan(scene.engine, *(vm_ids or ("v1",)), kind="evacuate" if vm_ids else "migrate")
    with pytest.raises(KeyboardInterrupt):
        run(
            plan,
            scene.engine,
            journal=path,
            clock=scene.clock,
            on_progress=on_progress,
            options=Options(retries=0),
        )


def test_interruption_leaves_the_migrations_running(tmp_path):
    """Ctrl-C: nothing is cancelled, the journal says interrupted, nobody owns it, resume goes on."""
    scene, path = Scene(), tmp_path / "j.db"
    interrupted(scene, path)
    left = status(path)
    assert (left.state, left.owner, left.exit_code) == (CampaignState.INTERRUPTED, None, 4)
    assert scene.engine.posts("cancel") == 0
    campaign = resume(path, scene.engine, clock=scene.clock)
    assert (campaign.counts, scene.engine.posts()) == ({"succeeded": 1}, 1)


def test_cancel_of_an_interrupted_campaign(tmp_path):
    """Nobody works on it: the open migrations are cancelled from here, the others never begin."""
    scene, path = Scene(), tmp_path / "j.db"
    for number in range(2, 6):
        scene.engine.add(f"v{number}")
    interrupted(scene, path, *scene.engine.vms)
    with pytest.raises(UsageError, match="an engine is needed"):
        cancel(path)
    campaign = cancel(path, scene.engine, clock=scene.clock)
    assert campaign.state == CampaignState.STOPPED
    assert campaign.counts == {"cancelled": 2, "open": 3}
    assert (scene.engine.posts(), scene.engine.posts("cancel")) == (2, 2)
    assert {vm.host for vm in scene.engine.vms.values()} == {"h1"}


def test_cancel_that_lets_open_migrations_arrive(tmp_path):
    """`keep_migrating`: what has begun arrives, nothing more is started."""
    scene, path = Scene(), tmp_path / "j.db"
    for number in range(2, 6):
        scene.engine.add(f"v{number}")
    interrupted(scene, path, *scene.engine.vms)
    campaign = cancel(path, scene.engine, clock=scene.clock, keep_migrating=True)
    assert campaign.counts == {"succeeded": 2, "open": 3}
    assert scene.engine.posts("cancel") == 0


def test_cancel_of_a_running_campaign_is_a_wish_to_its_process(tmp_path):
    """The process that works on it is asked to stop; it does so at its next look."""
    scene, path, told = Scene(), tmp_path / "j.db", []
    for number in range(2, 6):
        scene.engine.add(f"v{number}")

    def on_progress(progress) -> None:
        if progress.phase == Phase.COPYING and not told:
            told.append(cancel(path))

    plan = a_plan(scene.engine, *scene.engine.vms, kind="evacuate")
    campaign = run(plan, scene.engine, journal=path, clock=scene.clock, on_progress=on_progress)
    assert told[0].state == CampaignState.RUNNING
    assert (campaign.state, campaign.stop_reason) == (CampaignState.STOPPED, "stopped on request")
    assert campaign.counts == {"cancelled": 2, "open": 3}


def test_cancel_that_comes_too_late(tmp_path):
    """A migration that ended meanwhile is what it is: the refused cancel changes nothing."""
    scene, path = Scene(), tmp_path / "j.db"
    interrupted(scene, path)
    scene.clock.advance(60)
    campaign = cancel(path, scene.engine, clock=scene.clock)
    assert (campaign.counts, campaign.exit_code) == ({"succeeded": 1}, 0)
    assert campaign == cancel(path, scene.engine, clock=scene.clock)


def test_resume_with_another_engine_is_refused(tmp_path):
    """A journal is of one engine only."""
    scene, path = Scene(), tmp_path / "j.db"
    interrupted(scene, path)
    other = FakeEngine(scene.clock)
    other.identity = lambda: scene.engine.identity().__class__(url="https://other", instance_id="2")  # type: ignore[method-assign]
    with pytest.raises(PlanOutdated, match="other"):
        resume(path, other, clock=scene.clock)


def test_one_call_migration(connection):
    """Plan, run and settle in one call; the outcome comes back."""
    outcome = migrate(connection, "web01", clock=connection.engine.clock)
    assert (outcome.verdict, outcome.host_id) == (Verdict.SUCCEEDED, "h2")


def test_one_call_migration_that_checks(connection):
    """With `check` anything but success is an error that carries ids and reason."""
    connection.engine.plan_course("web01", *(Course(ends="failed", error="no route") for _ in range(3)))
    with pytest.raises(MigrationFailed, match="no route") as caught:
        migrate(
            connection,
            "web01",
            "h2",
            check=True,
            clock=connection.engine.clock,
            options=Options(retries=0, deactivate=False),
        )
    assert (caught.value.vm_id, caught.value.source_host_id) == ("web01", "h1")
    assert (caught.value.correlation_id or "").startswith("rm-")


def test_one_call_migration_that_nobody_can_judge(connection):
    """With `check` an unknown end is a timeout error, exit code 3, never a success."""
    connection.engine.plan_course("web01", Course(ends="unknown"))
    with pytest.raises(MigrationTimeout):
        migrate(connection, "web01", "h2", check=True, clock=connection.engine.clock)


def test_login_that_is_refused_during_a_request_is_no_lost_answer(tmp_path):
    """The engine refused the login, so nothing was done: written down as not sent, and raised."""
    scene, path = Scene(), tmp_path / "j.db"

    def refuse(*_: object, **__: object):
        raise AuthenticationFailed(path="/ovirt-engine/sso/oauth/token", detail="wrong password")

    asked, scene.engine.migrate = scene.engine.migrate, refuse  # type: ignore[method-assign]
    with pytest.raises(AuthenticationFailed):
        scene.run(journal=path)
    assert status(path).courses[0].attempts[0].answer == "not_sent"
    scene.engine.migrate = asked  # type: ignore[method-assign]
    assert resume(path, scene.engine, clock=scene.clock).counts == {"succeeded": 1}


def test_session_that_is_refused_after_a_login_is_waited_out():
    """An engine that has just started takes the login and refuses the session for a moment: not the end."""
    scene = Scene()
    refused = AuthenticationFailed(path="/ovirt-engine/api/vms", status_code=401, detail="expired")
    scene.engine.at(5, "go_away", refused)
    scene.engine.at(9, "come_back")
    assert scene.outcome().verdict == Verdict.SUCCEEDED


def test_campaign_has_a_name_of_its_own_by_chance_that_is_given():
    """The same randomness gives the same ids: a test, or a rehearsal, can be repeated."""
    names = {Scene().run(rng=random.Random(7)).id for _ in range(3)}
    assert len(names) == 1


def test_replaying_the_records_gives_the_same_state_each_time(tmp_path):
    """State is a function of the records alone, and each prefix of them is a state."""
    scene, path = Scene(), tmp_path / "j.db"
    scene.run(journal=path)
    with journal.Journal(path, create=False) as book:
        entries = book.entries(book.campaign_ids()[0])
    assert isinstance(entries[0].record, CampaignOpened)
    states = [replay(entries[:n], url="x") for n in range(1, len(entries) + 1)]
    assert states == [replay(entries[:n], url="x") for n in range(1, len(entries) + 1)]
    assert [state.finished_at is not None for state in states][-2:] == [False, True]


def test_statements_are_sql_that_postgresql_takes():
    """Tables and statements compile for PostgreSQL; only pragmas are SQLite's."""
    dialect = postgresql.dialect()
    tables = journal._METADATA.sorted_tables
    text = [str(sql.schema.CreateTable(table).compile(dialect=dialect)) for table in tables]
    assert any("SERIAL" in statement for statement in text)
    for table in tables:
        for statement in (sql.select(table), table.insert(), table.update(), table.delete()):
            assert str(statement.compile(dialect=dialect))
