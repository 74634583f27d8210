"""Which flow runs the reconciler made, as it is kept. Imports no Prefect."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import ScheduledRunRow

__all__ = ["forget_runs", "read_made", "remember_run"]


def read_made(engine: Engine) -> dict[str, str]:
    """The runs that we made: key, and id at Prefect's server ("" while it is being made). Raises Retryable."""
    with reading(engine) as session:
        return {row.key: row.run_id for row in session.exec(select(ScheduledRunRow))}


def remember_run(engine: Engine, key: str, run_id: str = "") -> None:
    """Keep that the run of this key is ours: before it is made, and again with its id. Raises Retryable."""
    with writing(engine) as session:
        row = session.get(ScheduledRunRow, key) or ScheduledRunRow(key=key)
        row.run_id = run_id
        session.add(row)


def forget_runs(engine: Engine, keys: Collection[str]) -> None:
    """Forget runs that are over for good. Raises Retryable."""
    with writing(engine) as session:
        for row in session.exec(select(ScheduledRunRow).where(col(ScheduledRunRow.key).in_(keys))):
            session.delete(row)
