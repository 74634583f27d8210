"""The database of Prefect's server, migrated once a machine and copied for each new home.

Its migrations of an empty SQLite database take ten times as long as everything else of a first start
(docs/facts.md#prefect); what they come to is the same for each home, so it is kept in the cache.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from lfr_core.common.logs import get_logger
from lfr_core.common.owned_file import is_trusted

__all__ = ["is_migrated_and_empty", "kept_database", "migrate_database", "prepare_database"]


def kept_database(cache: Path) -> Path:
    """Return where the cache has the one of the Prefect that is installed."""
    from prefect import __version__

    return cache / "prefect" / f"migrated-{__version__}.db"


def prepare_database(database: Path, kept: Path, migrate: Callable[[], None]) -> None:
    """Make a new home's database from the kept one; without one, migrate it and keep a copy.

    A home that has one goes on with it. What can't be kept or copied is migrated: that takes longer, and no more. So is
    where somebody else may have written the kept one: what it makes of a flow, the platform runs.
    """
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if kept.exists() and is_trusted(kept) and is_migrated_and_empty(kept):
            _copy(kept, database)
            return
        migrate()
        _copy(database, kept)
    except (OSError, sqlite3.Error) as error:
        get_logger().warning("prefect_database.not_kept", error=str(error))


def is_migrated_and_empty(file: Path) -> bool:
    """Return whether it is a database of Prefect's with no row but its version, and nothing that adds one.

    Nobody's flow comes with it, nor a trigger that would make one. Prefect's has neither triggers nor views.
    """
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            there = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
            names = [name for kind, name in there if kind == "table"]
            filled = [
                name
                for name in names
                if connection.execute(f'SELECT EXISTS (SELECT 1 FROM "{name}")').fetchone()[0]  # noqa: S608  its own name
            ]
    except sqlite3.Error:
        return False
    return filled == ["alembic_version"] and {kind for kind, _ in there} <= {"table", "index"}


def migrate_database() -> None:
    """Migrate the database that Prefect's settings name, as its server would when it starts."""
    import asyncio

    from prefect.server.database import provide_database_interface

    async def migrate() -> None:
        interface = provide_database_interface()
        await interface.create_db()
        await (await interface.engine()).dispose()

    asyncio.run(migrate())


def _copy(source: Path, target: Path) -> None:
    """Copy a database whole, its write-ahead log too; the target is there all at once or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".prefect-") as folder:
        made = Path(folder) / target.name
        with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(made)) as copy:
            origin.backup(copy)
        made.replace(target)
