"""The journal: append-only rows in SQL, written before each act, with one writer at a time.

SQLite in WAL mode by default, or any database that SQLAlchemy reaches by URL; the statements are the same.
Rows are never changed. The claim is a lease in a separate row: every append checks that the writer still
holds it, so a process that slept through its lease cannot act any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sql
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from rhevmig.clock import Clock, SystemClock
from rhevmig.errors import JournalClaimed, JournalCorrupt, JournalError, JournalVersion
from rhevmig.migration.journal.lease import Owner, is_alive, is_dead, this_process
from rhevmig.migration.journal.records import Entry, Record
from rhevmig.migration.journal.schema_1 import is_of_schema_1, record_of_schema_1

SCHEMA_VERSION: Final = "2"
_READABLE: Final = ("1", SCHEMA_VERSION)
_FORMAT: Final = "rhevmig-journal"
_HEAD: Final = (("format", _FORMAT), ("schema_version", SCHEMA_VERSION))
#: Seconds that a claim holds without being renewed: longer than any request to the engine. Only other
#: machines wait for it: a dead process of this machine is detected at once, a running one keeps its claim.
LEASE_S: Final = 300.0

_METADATA = sql.MetaData()
_META = sql.Table(
    "rhevmig_meta",
    _METADATA,
    sql.Column("name", sql.String(64), primary_key=True),
    sql.Column("value", sql.String(255), nullable=False),
)
_RECORDS = sql.Table(
    "rhevmig_records",
    _METADATA,
    sql.Column("sequence", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("campaign_id", sql.String(36), nullable=False, index=True),
    sql.Column("at", sql.String(40), nullable=False),
    sql.Column("kind", sql.String(40), nullable=False),
    sql.Column("payload", sql.Text, nullable=False),
)
_CLAIM = sql.Table(
    "rhevmig_claim",
    _METADATA,
    sql.Column("id", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("token", sql.String(64), nullable=False),
    sql.Column("owner", sql.String(255), nullable=False),
    sql.Column("until", sql.Float, nullable=False),
)
_WISHES = sql.Table(
    "rhevmig_wishes",
    _METADATA,
    sql.Column("sequence", sql.Integer, primary_key=True, autoincrement=True),
    sql.Column("campaign_id", sql.String(36), nullable=False),
    sql.Column("wish", sql.String(40), nullable=False),
    sql.Column("owner", sql.String(255), nullable=False),
)


class Journal:
    """A journal, by path or database URL; `":memory:"` lives and dies with the object."""

    def __init__(
        self, target: str | os.PathLike[str], *, create: bool = True, clock: Clock | None = None
    ) -> None:
        """Opens or creates it. Raises: JournalError, JournalCorrupt, JournalVersion."""
        text = os.fspath(target)
        self.url = _without_password(text)
        self._clock = clock or SystemClock()
        self._token = ""
        self._engine = _open(text, create=create)
        with self._guarded():
            self._prepare(create=create)

    def close(self) -> None:
        """Releases the claim and closes the file."""
        with suppress(JournalError):
            # a claim that cannot be released ends with its process, or with its lease
            if self._token:
                self.release()
        self._engine.dispose()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def entries(self, campaign_id: str) -> tuple[Entry, ...]:
        """All records of a campaign in order. Raises: JournalCorrupt at a record that cannot be read."""
        with self._guarded(), self._engine.connect() as connection:
            rows = connection.execute(
                sql.select(_RECORDS)
                .where(_RECORDS.c.campaign_id == campaign_id)
                .order_by(_RECORDS.c.sequence)
            ).all()
        return tuple(self._entry(row) for row in rows)

    def campaign_ids(self) -> tuple[str, ...]:
        """Campaigns in the journal, oldest first."""
        with self._guarded(), self._engine.connect() as connection:
            rows = connection.execute(
                sql.select(_RECORDS.c.campaign_id)
                .group_by(_RECORDS.c.campaign_id)
                .order_by(sql.func.min(_RECORDS.c.sequence))
            ).all()
        return tuple(row[0] for row in rows)

    def owner(self) -> Owner | None:
        """The process that holds the claim; None where it is free or its holder is dead."""
        with self._guarded(), self._engine.connect() as connection:
            row = connection.execute(sql.select(_CLAIM.c.owner, _CLAIM.c.until)).first()
        if row is None:
            return None
        owner = Owner.parse(row.owner)
        is_held = row.until > self._now_s() and not is_dead(owner)
        return owner if is_held or is_alive(owner) else None

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def claim(self) -> None:
        """Becomes the one writer, taking over from a dead one. Raises: JournalClaimed.

        A journal of schema 1 becomes one of schema 2: a version that reads only schema 1 then refuses it.
        """
        me = this_process()
        with self._guarded():
            _enter_wal_mode(self._engine)
        with self._guarded(), self._engine.begin() as connection:
            row = connection.execute(sql.select(_CLAIM)).first()
            if row is None:
                connection.execute(_CLAIM.insert().values(id=1, token="", owner="", until=0.0))
                row = connection.execute(sql.select(_CLAIM)).one()
            holder = Owner.parse(row.owner)
            is_held = row.until > self._now_s() and not is_dead(holder)
            if row.token and (is_held or is_alive(holder)):
                raise JournalClaimed(url=self.url, owner=str(holder), detail="")
            token = os.urandom(16).hex()
            taken = connection.execute(
                _CLAIM.update()
                .where(_CLAIM.c.token == row.token, _CLAIM.c.until == row.until)
                .values(token=token, owner=me.text, until=self._now_s() + LEASE_S)
            )
            if taken.rowcount != 1:
                raise JournalClaimed(url=self.url, owner="another process that was faster", detail="")
            connection.execute(
                _META.update().where(_META.c.name == "schema_version").values(value=SCHEMA_VERSION)
            )
        self._token = token

    def renew(self) -> None:
        """Extends the lease. Raises: JournalClaimed when it was lost."""
        with self._guarded(), self._engine.begin() as connection:
            self._extend_lease(connection)

    def release(self) -> None:
        """Gives the claim up."""
        token, self._token = self._token, ""
        with self._guarded(), self._engine.begin() as connection:
            connection.execute(
                _CLAIM.update().where(_CLAIM.c.token == token).values(token="", owner="", until=0.0)
            )

    def append(self, campaign_id: str, record: Record, *, at: datetime) -> Entry:
        """Writes a record durably. Raises: JournalClaimed (lost), JournalError (nothing was written)."""
        with self._guarded(), self._engine.begin() as connection:
            self._extend_lease(connection)
            result = connection.execute(
                _RECORDS.insert().values(
                    campaign_id=campaign_id,
                    at=at.isoformat(),
                    kind=type(record).__struct_config__.tag,
                    payload=msgspec.json.encode(record).decode(),
                )
            )
            key = result.inserted_primary_key
        assert key is not None
        return Entry(sequence=int(key[0]), at=at, campaign_id=campaign_id, record=record)

    # ── requests of other processes ──────────────────────────────────────────────────────────────

    def wish(self, campaign_id: str, wish: str) -> None:
        """Leaves a request for the process that holds the claim; it reads them at every poll."""
        with self._guarded(), self._engine.begin() as connection:
            connection.execute(
                _WISHES.insert().values(campaign_id=campaign_id, wish=wish, owner=this_process().text)
            )

    def wishes(self, campaign_id: str) -> tuple[str, ...]:
        """Requests of other processes, oldest first."""
        with self._guarded(), self._engine.connect() as connection:
            rows = connection.execute(
                sql.select(_WISHES.c.wish)
                .where(_WISHES.c.campaign_id == campaign_id)
                .order_by(_WISHES.c.sequence)
            ).all()
        return tuple(row[0] for row in rows)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _extend_lease(self, connection: sql.Connection) -> None:
        """Extends the lease in the same transaction as the write that follows: no claim, no write."""
        held = connection.execute(
            _CLAIM.update().where(_CLAIM.c.token == self._token).values(until=self._now_s() + LEASE_S)
        )
        if not self._token or held.rowcount != 1:
            raise JournalClaimed(
                url=self.url,
                owner="another process, which took it over from this one",
                remedy="Nothing was done here since; `rhevmig status` shows the process that works on it.",
            )

    def _prepare(self, *, create: bool) -> None:
        tables = set(sql.inspect(self._engine).get_table_names())
        if tables and not tables & set(_METADATA.tables):
            raise JournalCorrupt(url=self.url, detail="not a rhevmig journal but another database")
        meta = self._meta() if _META.name in tables else {}
        if not meta and not create:
            raise JournalCorrupt(url=self.url, detail="it is empty")
        if not meta:
            # new, or incomplete after a crash: nothing was recorded before these tables existed
            with self._engine.begin() as connection:
                _METADATA.create_all(connection)
                connection.execute(_META.insert(), [{"name": name, "value": value} for name, value in _HEAD])
            return
        if meta.get("format") != _FORMAT:
            raise JournalCorrupt(url=self.url, detail="not a rhevmig journal")
        if meta.get("schema_version") not in _READABLE:
            raise JournalVersion(
                url=self.url, found=meta.get("schema_version"), supported=" and ".join(_READABLE)
            )

    def _meta(self) -> dict[str, str]:
        with self._engine.connect() as connection:
            return {row.name: row.value for row in connection.execute(sql.select(_META))}

    def _entry(self, row: Any) -> Entry:
        try:
            at = datetime.fromisoformat(row.at)
            record: Record = (
                record_of_schema_1(row.kind, row.payload, at)
                if is_of_schema_1(row.kind)
                else msgspec.json.decode(row.payload, type=Record)
            )
        except (msgspec.MsgspecError, LookupError, ValueError) as error:
            raise JournalCorrupt(url=self.url, detail=f"record {row.sequence}: {error}") from error
        return Entry(sequence=row.sequence, at=at, campaign_id=row.campaign_id, record=record)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            text = str(error.orig or error)
            if "full" in text:
                raise JournalError(
                    url=self.url,
                    detail="the disk is full; no request was sent without a record",
                    remedy="Free space, then `rhevmig resume`: it reads the state of open moves.",
                ) from error
            if "malformed" in text or "not a database" in text:
                raise JournalCorrupt(url=self.url, detail=text) from error
            raise JournalError(url=self.url, detail=text) from error
        except DatabaseError as error:
            raise JournalCorrupt(url=self.url, detail=str(error.orig or error)) from error
        except SQLAlchemyError as error:
            raise JournalError(url=self.url, detail=str(error)) from error
        except UnicodeDecodeError as error:
            # sqlite3 decodes a text of a damaged page while it reads the row
            raise JournalCorrupt(url=self.url, detail=str(error)) from error


def _without_password(text: str) -> str:
    """A database URL as it may be shown."""
    if "://" not in text:
        return text
    try:
        url = sql.make_url(text)
    except (SQLAlchemyError, ValueError):
        return text.partition("://")[0] + "://…"
    secret = {key: "***" for key in url.query if "pass" in key.lower() or "secret" in key.lower()}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def _open(text: str, *, create: bool) -> sql.Engine:
    try:
        if "://" in text:
            return sql.create_engine(text)
        if text != ":memory:":
            file = Path(text)
            if not create and not file.exists():
                raise JournalError(url=text, detail="there is no such file")
            if not file.absolute().parent.is_dir():
                raise JournalError(url=text, detail="its folder does not exist")
            text = str(file)
        pool = sql.pool.StaticPool if text == ":memory:" else None
        engine = sql.create_engine(
            sql.URL.create("sqlite", database=text),
            poolclass=pool,
            connect_args={"timeout": 15.0, "check_same_thread": False},
        )
    except OSError as error:
        raise JournalError(url=_without_password(text), detail=error.strerror or str(error)) from error
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise JournalError(url=_without_password(text), detail=str(error).splitlines()[0]) from None
    sql.event.listen(engine, "connect", _durable)
    return engine


def _durable(connection: Any, _: object) -> None:
    """A record that was written survives a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _enter_wal_mode(engine: sql.Engine) -> None:
    """Readers never wait for the writer, nor the writer for readers. The mode is kept in the file.

    A journal in rollback mode that another process reads at this moment stays in that mode.
    """
    if engine.dialect.name == "sqlite":
        with suppress(OperationalError), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
