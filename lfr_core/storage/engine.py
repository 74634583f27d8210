"""The database: how it is opened, how a transaction is begun, and what its failures mean.

One engine a process. SQLite writers begin with BEGIN IMMEDIATE, so that two never deadlock half-way; on
PostgreSQL the callers lock the rows they decide on. Every failure of the database itself comes out as an
error of `lfr_core.common.errors`, never with a statement's parameters, which may hold crops.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from lfr_core.common.errors import Fatal, LfrError, Poison, Retryable
from lfr_core.storage.postgres_tls import connection_options
from lfr_core.storage.recorded import RecordingSession

__all__ = ["DatabaseAwayError", "erase_freed_pages", "is_sqlite", "open_engine", "reading", "translated", "writing"]

BUSY_TIMEOUT_MS = 10_000
"""Many times a transaction's length."""
_CONNECT_TIMEOUT_S = 5
_POSTGRES_DISK_FULL = {"53100", "53200"}  # disk_full, out_of_memory
_POSTGRES_NO_SCHEMA = {"42P01", "42703"}  # undefined_table, undefined_column
_WRITES = "openlfr_writes"


class DatabaseAwayError(Retryable):
    """The database doesn't answer, or another process holds it: whoever asks again at once waits as long again."""


class _SqliteConnection(sqlite3.Connection):
    """Closed with the last one that holds it: an engine nobody holds any more lets go of its file in silence.

    Python 3.13 warns of each that is left to it, which ends a program that takes warnings for errors.
    """

    def __del__(self) -> None:
        with suppress(sqlite3.Error):
            self.close()


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def open_engine(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, had_by: Path | None = None) -> Engine:
    """Make an engine for `url` (`sqlite:///...` or `postgresql+psycopg://...`). Connects to nothing yet.

    Records of another installation than the keystore beside `had_by` are refused at each connection: by them nothing
    that is here would be known, and so it would go, or stay.

    A writer that waits for another longer than `busy_timeout_ms` gives up as Retryable. A SQLite file that isn't there
    is made here, unless there is the file `had_by`, which shows that there has been one; it is made at no later time.
    Whoever connects while it isn't there gets Retryable.

    Whoever connects to another installation's gets Fatal.

    Raises:
        Fatal: the URL can't be used, or is of a server elsewhere that needn't show a certificate.
        Retryable: the folder of a SQLite file can't be made or written.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Fatal("LFR_DATABASE_URL isn't a database URL; write postgresql+psycopg://USER@HOST/NAME") from error
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,  # a server that was restarted is noticed before a statement is lost to it
            connect_args={
                "connect_timeout": _CONNECT_TIMEOUT_S,
                "options": f"-c lock_timeout={busy_timeout_ms} -c timezone=UTC",
                **connection_options(parsed),
            },
        )
        event.listen(engine, "connect", partial(_refuse_others_records, engine, had_by))
        return engine
    if parsed.get_backend_name() != "sqlite":
        raise Fatal(f"{parsed.get_backend_name()} isn't supported: records live in SQLite or PostgreSQL")
    if not parsed.database or parsed.database == ":memory:":
        raise Fatal("records can't live in a memory database: several processes share them. Give a file's path")
    file = Path(parsed.database)
    if file.exists() or had_by is None or not had_by.exists():
        _make_private_file(file)
    engine = create_engine(
        parsed,
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_ms / 1000, "factory": _SqliteConnection},
    )
    event.listen(engine, "do_connect", partial(_refuse_lost_file, file, had_by))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "connect", partial(_refuse_others_records, engine, had_by))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private_file(file: Path) -> None:
    """Create the database file readable by its owner alone; SQLite gives -wal and -shm the same mode.

    One that is there is never opened here: closing any descriptor of it drops the POSIX locks that this process holds
    on it through another engine, and then another process takes the log away under that engine (sqlite.org,
    "How To Corrupt An SQLite Database File", 2.2).
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if not file.is_file():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
        if not os.access(file, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    except OSError as error:
        raise Retryable(
            f"the database file {file} can't be written: {error.strerror}. Free space, mend its "
            "folder's owner, or set LFR_HOME"
        ) from error


def _refuse_lost_file(file: Path, had_by: Path | None, *_connect: object) -> None:
    if not file.exists():  # SQLite would make an empty one
        anew = f"; to begin anew without it, move {had_by} away first" if had_by is not None and had_by.exists() else ""
        raise Retryable(
            f"the records' database {file} has gone: put it back, or see LFR_HOME and LFR_DATABASE_URL "
            f"(`lfr doctor`){anew}"
        )


def _refuse_others_records(
    engine: Engine, had_by: Path | None, connection: DBAPIConnection, _entry: ConnectionPoolEntry
) -> None:
    """Refuse records of another installation than the keystore says, where this machine has one."""
    try:
        own = "" if had_by is None else (had_by.parent / "installation").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return  # another machine has it, or there is none yet; the vault says what is wrong with one
    if not own:
        return
    cursor = connection.cursor()
    try:
        cursor.execute("SELECT id FROM installation")
        found = cursor.fetchone()
    except (sqlite3.Error, psycopg.Error):
        found = None  # no tables yet, or of a version before
    finally:
        cursor.close()
        connection.rollback()
    if found is not None and found[0] != own:
        connection.close()
        where = engine.url.render_as_string(hide_password=True)
        raise Fatal(
            f"the records at {where} belong to installation {found[0]}, and the keystore here to {own}: "
            "LFR_DATABASE_URL, LFR_VAULT_FOLDER or LFR_HOME names another's; nothing was read or done by them"
        )


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            # The very first switch to WAL ignores the busy timeout when two processes make it at once.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")  # commit, then acknowledge: a commit must be on the disk
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open one transaction that writes: committed at the end of the block, rolled back by any error.

    Raises:
        Retryable, Fatal, Poison: as `translated`; Fatal also where a recorded row was changed and no entry written.
    """
    with (
        translated(engine),
        RecordingSession(engine.execution_options(**{_WRITES: True}), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open one consistent read. Raises as `translated`."""
    with translated(engine), Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn the database's failures into OpenLFR's.

    Raises:
        Retryable: the database is away, busy, or its disk is full; nothing of the block was written.
        Fatal: its tables are missing or of another version, or it refuses a statement.
        Poison: a value can't be stored.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Retryable("every connection to the database is busy; try again") from error
    except DBAPIError as error:
        # Not `from error`: its text may hold the row that was refused, and with it a crop.
        raise _meaning(error, engine) from None


def _meaning(error: DBAPIError, engine: Engine) -> LfrError:
    where = engine.url.render_as_string(hide_password=True)
    detail = str(error.orig).strip().partition("\n")[0]
    state = str(getattr(error.orig, "sqlstate", ""))
    if "disk is full" in detail or state in _POSTGRES_DISK_FULL:
        return Retryable(f"the database's disk is full ({where}): free space; nothing was written", retry_after_s=5.0)
    if "no such table" in detail or "no such column" in detail or state in _POSTGRES_NO_SCHEMA:
        return Fatal(f"start the platform first with `lfr up`: no records of this version are at {where} yet")
    if "database is locked" in detail or state == "55P03":
        return DatabaseAwayError(f"the database {where} is busy: another process holds it; try again")
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return DatabaseAwayError(f"the database {where} is away ({detail}): see that it runs; nothing was written")
    if error.__class__.__name__ == "DataError":
        return Poison(f"the database refuses a value: {detail}")
    if "not a database" in detail or "malformed" in detail:
        return Fatal(f"the database {where} is damaged ({detail}): restore it from a backup")
    if state == "23505" or "UNIQUE constraint failed" in detail:
        return Retryable("another process wrote the same thing at the same moment; try again")
    return Fatal(f"the database refuses a statement of OpenLFR's, which is a fault of OpenLFR: {detail}")


def erase_freed_pages(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, which still holds the old pages after a deletion. Best effort.

    PostgreSQL keeps old row versions and its own log until vacuum and recycling; nothing is claimed there.
    """
    if is_sqlite(engine):
        with translated(engine), engine.connect() as connection:
            raw = connection.connection.driver_connection
            if isinstance(raw, sqlite3.Connection):
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
