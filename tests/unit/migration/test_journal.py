"""The journal: append-only, one writer, readable from outside, clear about what is wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from rhevmig.clock import ManualClock
from rhevmig.errors import EngineUnavailable, JournalClaimed, JournalCorrupt, JournalError, JournalVersion
from rhevmig.migration import CampaignState, Journal, Options, resume, run, status
from rhevmig.migration.journal.lease import Owner, is_alive, is_dead, this_process
from rhevmig.migration.journal.records import CampaignFinished, CampaignStopped
from rhevmig.migration.journal.store import LEASE_S
from tests.unit.migration.fake_engine import FakeEngine
from tests.unit.migration.scenes import Scene, a_plan

JOURNALS_OF_SCHEMA_1 = Path(__file__).parents[3] / "cassettes" / "journals"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
DEAD = Owner(pid=2**22 - 1, machine=this_process().machine, birth="1")
ELSEWHERE = Owner(pid=7, machine="another/boot", birth="1")


def test_records_come_back_in_order_and_equal(tmp_path):
    """What was appended is read back equal, in order, by another connection."""
    with Journal(tmp_path / "j.db") as book:
        book.claim()
        first = book.append("c1", CampaignStopped(reason="why"), at=NOW)
        second = book.append("c1", CampaignFinished(), at=NOW)
        book.append("c2", CampaignFinished(), at=NOW)
        with Journal(tmp_path / "j.db", create=False) as reader:
            assert reader.entries("c1") == (first, second)
            assert reader.campaign_ids() == ("c1", "c2")


def test_records_cannot_be_written_without_the_claim(tmp_path):
    """No claim, no record: an act without one is impossible."""
    with Journal(tmp_path / "j.db") as book, pytest.raises(JournalClaimed):
        book.append("c1", CampaignFinished(), at=NOW)


def test_second_writer_is_turned_away(tmp_path):
    """A living process keeps its journal; the other is told which it is."""
    with Journal(tmp_path / "j.db") as book, Journal(tmp_path / "j.db") as other:
        book.claim()
        with pytest.raises(JournalClaimed, match=f"process {os.getpid()}"):
            other.claim()
        assert other.owner() == this_process()
        book.release()
        other.claim()


@pytest.mark.parametrize(("owner", "is_free"), [(DEAD, True), (ELSEWHERE, False)])
def test_dead_owner_is_taken_over_at_once_another_machine_only_after_its_lease(
    tmp_path, monkeypatch, owner, is_free
):
    """A process that is no more leaves its claim; of another machine nobody knows until the lease ends."""
    clock = ManualClock()
    book, other = Journal(tmp_path / "j.db", clock=clock), Journal(tmp_path / "j.db", clock=clock)
    monkeypatch.setattr("rhevmig.migration.journal.store.this_process", lambda: owner)
    book.claim()
    monkeypatch.undo()
    if not is_free:
        with pytest.raises(JournalClaimed):
            other.claim()
        clock.advance(LEASE_S + 1)
    other.claim()
    with pytest.raises(JournalClaimed, match="took it over"):
        book.append("c1", CampaignFinished(), at=NOW)
    other.close()


def test_process_number_that_was_given_again_is_another_process():
    """A number lives on, a process does not: its birth tells them apart."""
    me = this_process()
    assert not is_dead(me)
    assert is_dead(Owner(pid=me.pid, machine=me.machine, birth="0"))
    host, _, namespace = me.machine.split("/")
    assert is_dead(Owner(pid=me.pid, machine=f"{host}/earlier/{namespace}", birth=me.birth))
    assert is_dead(Owner(pid=me.pid, machine=f"{host}/earlier", birth=me.birth))


@pytest.mark.parametrize("machine", ["elsewhere/{boot}/{namespace}", "{host}/{boot}/4026531999"])
def test_process_that_cannot_be_seen_is_neither_dead_nor_alive(machine):
    """Another machine, and a container with the same host name: only the lease decides."""
    host, boot, namespace = this_process().machine.split("/")
    there = Owner(pid=1, machine=machine.format(host=host, boot=boot, namespace=namespace), birth="1")
    assert not is_dead(there)
    assert not is_alive(there)


def test_running_owner_keeps_its_claim_after_its_lease(tmp_path):
    """A request that takes longer than the lease: the process runs, so its journal is not taken over."""
    clock = ManualClock()
    book, other = Journal(tmp_path / "j.db", clock=clock), Journal(tmp_path / "j.db", clock=clock)
    book.claim()
    clock.advance(LEASE_S + 1)
    assert other.owner() == this_process()
    with pytest.raises(JournalClaimed):
        other.claim()
    book.append("c1", CampaignFinished(), at=NOW)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://team:s3cret@db/journal",
        "postgresql://db/journal?user=team&password=s3cret",
        "nosuch://team:s3cret@db/journal",
        "postgresql://team:s3cret@[::1/journal",
    ],
)
def test_password_of_a_database_is_not_shown(url):
    """Neither in errors nor in what a campaign reports as its journal."""
    with pytest.raises(JournalError) as caught:
        Journal(url)
    assert "s3cret" not in f"{caught.value} {caught.value.url} {caught.value.remedy}"


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but long enough to look at", b"SQLite format 3\0" + b"x" * 5000]
)
def test_damaged_file_is_one_clear_error(tmp_path, content):
    """A file of something else is told, not overwritten."""
    path = tmp_path / "j.db"
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        status(path)
    assert path.read_bytes() == content


def test_database_of_something_else_is_left_alone(tmp_path):
    """A database that is no journal gets no tables of ours."""
    path = tmp_path / "j.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table theirs (x)")
    with pytest.raises(JournalCorrupt, match="another database"):
        Journal(path)


def test_half_made_journal_is_made_whole(tmp_path):
    """A process that died while it made the journal leaves one that the next can use."""
    path = tmp_path / "j.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table rhevmig_meta (name varchar(64) primary key, value varchar(255))")
    with pytest.raises(JournalCorrupt, match="empty"):
        status(path)
    assert Scene().run(journal=path).is_success


def test_record_that_cannot_be_read_is_named(tmp_path):
    """A damaged record is named by its place; nothing is concluded from the rest."""
    path = tmp_path / "j.db"
    Scene().run(journal=path)
    with sqlite3.connect(path) as connection:
        connection.execute("update rhevmig_records set payload = '{}' where sequence = 2")
    with pytest.raises(JournalCorrupt, match="record 2"):
        status(path)


def test_journal_of_another_version(tmp_path):
    """A newer schema is refused by its number."""
    path = tmp_path / "j.db"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("update rhevmig_meta set value = '99' where name = 'schema_version'")
    with pytest.raises(JournalVersion, match="99"):
        status(path)


def test_no_such_file_and_no_campaign(tmp_path):
    """Looking never creates a journal, and an empty one says so."""
    with pytest.raises(JournalError, match="no such file"):
        status(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    Journal(tmp_path / "j.db").close()
    with pytest.raises(JournalError, match="no campaign"):
        status(tmp_path / "j.db")
    with pytest.raises(JournalError, match="folder"):
        Journal(tmp_path / "nowhere" / "j.db")


def test_unknown_database_is_one_clear_error():
    """A URL that nothing can open is told in a line."""
    with pytest.raises(JournalError) as caught:
        Journal("nosuch://database")
    assert "\n" not in caught.value.message


def test_unfinished_campaign_keeps_the_journal(tmp_path):
    """A second plan does not start in a journal whose campaign is open."""
    scene, path = Scene(), tmp_path / "j.db"
    scene.engine.at(4, "go_away", EngineUnavailable())
    with pytest.raises(EngineUnavailable):
        scene.run(journal=path)
    scene.engine.come_back()
    with pytest.raises(JournalError, match="not finished"):
        run(a_plan(scene.engine, "v1"), scene.engine, journal=path, clock=scene.clock)


def test_finished_journal_takes_the_next_campaign(tmp_path):
    """One journal holds many campaigns; each can be looked at, the last by default."""
    path = tmp_path / "j.db"
    first, second = Scene().run(journal=path), Scene().run(journal=path)
    assert status(path) == second
    assert status(path, campaign_id=first.id) == first
    with pytest.raises(JournalError, match="no campaign other"):
        status(path, campaign_id="other")


def test_resuming_a_finished_campaign_changes_nothing(tmp_path):
    """A second resume asks the engine for nothing but who it is."""
    scene, path = Scene(), tmp_path / "j.db"
    done = scene.run(journal=path)
    before = len(scene.engine.requests)
    assert resume(path, scene.engine, clock=scene.clock) == done
    assert scene.engine.requests[before:] == ["identity"]


class _NearlyFull:
    """A disk with room for so many pages: SQLite then says what it says on a full disk."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def __call__(self, connection, _) -> None:
        connection.execute(f"PRAGMA max_page_count={self.pages}")

    def __enter__(self) -> None:
        sqlalchemy.event.listen(sqlalchemy.engine.Engine, "connect", self)

    def __exit__(self, *_: object) -> None:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "connect", self)


@pytest.mark.parametrize("pages", [3, 5, 6, 7, 8, 9, 10])
def test_full_disk_stops_before_the_act_and_moves_nothing_twice(tmp_path, pages):
    """Wherever the disk fills up: one clear error, then with room again each VM was asked for once."""
    scene, path = Scene(), tmp_path / "j.db"
    for number in range(2, 7):
        scene.engine.add(f"v{number}")
    plan = a_plan(scene.engine, *scene.engine.vms, kind="evacuate")
    with _NearlyFull(pages), suppress(JournalError):
        run(plan, scene.engine, journal=path, clock=scene.clock, options=Options(retries=0))
    asked = scene.engine.posts()
    scene.clock.advance(30)
    try:
        campaign = resume(path, scene.engine, clock=scene.clock)
    except JournalError:
        assert asked == 0
        path.unlink()
        campaign = run(plan, scene.engine, journal=path, clock=scene.clock)
    assert campaign.is_success
    assert all(scene.engine.posts("migrate", vm) == 1 for vm in scene.engine.vms)


def test_full_disk_is_one_clear_error(tmp_path):
    """What is the matter, that nothing was asked for without a record, and how to go on."""
    scene, path = Scene(), tmp_path / "j.db"
    with _NearlyFull(5), pytest.raises(JournalError, match="the disk is full; no request was sent") as caught:
        scene.run(journal=path)
    assert "resume" in caught.value.remedy


def test_state_is_readable_from_outside_while_it_runs(tmp_path):
    """`status` during the run tells what is open, and who works on it."""
    scene, path, seen = Scene(), tmp_path / "j.db", []
    scene.run(journal=path)

    def look(_: object) -> None:
        seen.append(status(path))

    engine = FakeEngine(scene.clock)
    engine.add("v1")
    run(a_plan(engine, "v1"), engine, journal=path, clock=scene.clock, on_progress=look)
    assert {campaign.state for campaign in seen} == {CampaignState.RUNNING}
    assert seen[0].owner == str(this_process())
    assert seen[0].courses[0].attempts[0].correlation_id.startswith("rm-")
    assert status(path).state == CampaignState.FINISHED
    assert status(path).owner is None


def test_reader_and_writer_do_not_wait_for_each_other(tmp_path):
    """WAL: a reader that stays in its transaction does not stop the writer, and reads without waiting."""
    path = tmp_path / "j.db"
    campaign_id = Scene().run(journal=path).id
    reader = sqlite3.connect(path, timeout=0.1, isolation_level=None)
    assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader.execute("BEGIN")
    before = reader.execute("select count(*) from rhevmig_records").fetchone()
    with Journal(path) as book:
        book.claim()
        book.append("c1", CampaignFinished(), at=NOW)
        assert reader.execute("select count(*) from rhevmig_records").fetchone() == before
        writer = sqlite3.connect(path, timeout=0.1, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        assert status(path, campaign_id=campaign_id).state == CampaignState.FINISHED
        writer.close()
    reader.close()


def test_journal_of_schema_1_enters_wal_mode_when_it_is_claimed(tmp_path):
    """A journal in rollback mode is switched by its next writer; its schema becomes 2."""
    path = shutil.copy(JOURNALS_OF_SCHEMA_1 / "finished.sqlite", tmp_path / "j.db")
    Scene().run(journal=path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        version = connection.execute("select value from rhevmig_meta where name = 'schema_version'")
        assert version.fetchone() == ("2",)
