"""Lets one sweep run at a time. Both locks are released by the system when their holder dies, however it dies.

The file's (flock) at once. PostgreSQL's when its server sees the connection end: at once if the process dies, within a
minute if the whole machine goes or its line is cut, because the server is told to ask whether we are still there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from lfr_core.common.errors import Retryable
from lfr_core.common.logs import get_logger
from lfr_core.storage.engine import is_sqlite, translated

__all__ = ["SweepIsRunning", "lock_sweep"]

_LOCK = 0x4C46_5253  # a number of our own ("LFRS"), for PostgreSQL's advisory lock
_STILL_THERE = ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 3")
"""For the lock's own connection: the server's default is to ask after two hours. Without effect on a Unix socket."""


class SweepIsRunning(Retryable):
    """Another sweep runs; it does this one's work."""


@contextmanager
def lock_sweep(engine: Engine, home: Path) -> Iterator[None]:
    """Hold the sweep of this installation: of `home` on this machine, and of its PostgreSQL where there is one.

    While PostgreSQL is away `home` alone is held: what needs no records goes on, and two machines at once do no harm.

    Raises:
        SweepIsRunning: somebody else holds it.
        Retryable: the lock's file can't be written.
    """
    with _file_lock(home / "retention.lock"), ExitStack() as held:
        if not is_sqlite(engine):
            try:
                held.enter_context(_database_lock(engine))
            except SweepIsRunning:
                raise
            except Retryable as error:
                get_logger().warning("sweep_without_records", reason=str(error))
        yield


@contextmanager
def _database_lock(engine: Engine) -> Iterator[None]:
    with translated(engine), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for each in _STILL_THERE:
            connection.execute(text(f"SET {each}"))
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar_one():
            raise SweepIsRunning("another sweep runs on another machine; it does this one's work")
        try:
            yield
        finally:
            if not connection.invalidated:
                with suppress(DBAPIError):  # the server has gone meanwhile, and its lock with it
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


@contextmanager
def _file_lock(file: Path) -> Iterator[None]:
    lock = FileLock(file, mode=0o600, blocking=False, thread_local=False, fallback_to_soft=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise SweepIsRunning("another sweep runs; it does this one's work") from error
    except OSError as error:
        raise Retryable(f"{file} can't be written: {error.strerror}. Mend the folder; nothing was purged") from error
    try:
        yield
    finally:
        lock.release()
