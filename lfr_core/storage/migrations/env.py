"""Alembic's entry point: always on a connection that `lfr_core.storage.migrate` opened and locked."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from lfr_core.common.errors import Fatal
from lfr_core.storage.tables.row import Row

__all__: list[str] = []


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise Fatal("migrations run through lfr_core.storage.migrate.upgrade(url), which takes the lock first")
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        render_as_batch=True,  # SQLite can't alter most things in place
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
