"""Writes into the records past the platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.storage.engine import translated

__all__ = ["overwriting"]


@contextmanager
def overwriting(engine: Engine) -> Iterator[Session]:
    """One transaction that writes past the platform, as whoever has the database's login can: nothing asks for entries
    on the audit trail.
    """
    writes = engine.execution_options(openlfr_writes=True)
    with translated(engine), Session(writes, expire_on_commit=False) as session, session.begin():
        yield session
