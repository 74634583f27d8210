"""Bring a database's tables up to date with Alembic, from the migrations inside this package.

Several processes may do it at once: the first takes a lock, the others wait and find nothing to do.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from lfr_core.common.errors import Fatal
from lfr_core.storage.engine import is_sqlite, open_engine, translated

__all__ = ["check", "upgrade"]

_LOCK = 0x4C46_5252  # any number of our own ("LFRR"), for PostgreSQL's advisory lock


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def _revisions() -> ScriptDirectory:
    """Read the migrations of this package, once: Alembic compiles each of them at every reading."""
    return ScriptDirectory.from_config(_config())


def upgrade(url: str, *, had_by: Path | None = None) -> None:
    """Make or mend the tables of `url`. Does nothing when they are current. had_by: as `open_engine`.

    Raises:
        Retryable: the database is away, or has gone.
        Fatal: the database was made by a newer version of OpenLFR.
    """
    engine = open_engine(url, had_by=had_by)
    try:
        with translated(engine):
            _upgrade(engine)
    finally:
        engine.dispose()


def _upgrade(engine: Engine) -> None:
    with engine.execution_options(openlfr_writes=True).begin() as connection:  # SQLite: BEGIN IMMEDIATE is the lock
        if not is_sqlite(engine):
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current = MigrationContext.configure(connection).get_current_revision()
        if current != _revisions().get_current_head():
            _refuse_newer(current, engine)
            command.upgrade(_config(connection), "head")


def _refuse_newer(current: str | None, engine: Engine) -> None:
    known = {script.revision for script in _revisions().walk_revisions()}
    if current is not None and current not in known:
        where = engine.url.render_as_string(hide_password=True)
        raise Fatal(
            f"the database {where} is at revision {current}, which this version doesn't know: use the newer OpenLFR"
        )


def check(url: str) -> bool:
    """Return whether the tables of `url` are current. Raises Retryable when the database is away."""
    engine = open_engine(url)
    try:
        with translated(engine), engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current == _revisions().get_current_head()
    finally:
        engine.dispose()
