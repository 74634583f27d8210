"""Writes into the records past the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, delete, update
from sqlmodel import Session

from lfr_core.storage.engine import translated
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.audit import AuditEntryRow

__all__ = ["make_earlier", "overwriting"]


@contextmanager
def overwriting(engine: Engine) -> Iterator[Session]:
    """One transaction that writes past the platform, as whoever has the database's login can: nothing asks for entries
    on the audit trail.
    """
    writes = engine.execution_options(openlfr_writes=True)
    with translated(engine), Session(writes, expire_on_commit=False) as session, session.begin():
        yield session


def make_earlier(session: Session) -> None:
    """Make records those of an earlier version, without a trail or digests of pictures: the vault takes them over."""
    session.execute(delete(AuditEntryRow))
    session.execute(update(AlertRow).values(pictures_sha256=""))
