"""Which flow runs we made, as it is kept: those of deployments' lives, and the sweep's. Imports no Prefect."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import ScheduledRunRow

__all__ = ["forget_runs", "forget_sweeps", "is_sweep_key", "plan_sweep", "read_made", "remember_run"]

_SWEEP = "sweep-"


def read_made(engine: Engine) -> dict[str, str]:
    """Read the runs that we made: key, and id at Prefect's server ("" while it is being made). Raises Retryable."""
    with reading(engine) as session:
        return {row.key: row.run_id for row in session.exec(select(ScheduledRunRow))}


def remember_run(engine: Engine, key: str, run_id: str = "") -> None:
    """Keep that the run of this key is ours: before it is made, and again with its id. Raises Retryable."""
    with writing(engine) as session:
        row = session.get(ScheduledRunRow, key) or ScheduledRunRow(key=key)
        row.run_id = run_id
        session.add(row)


def is_sweep_key(key: str) -> bool:
    """Return whether it is the key of a run of the retention sweep."""
    return key.startswith(_SWEEP)


def plan_sweep(engine: Engine, interval: int) -> str:
    """Return the key of the sweep's run of an interval, drawn for whoever asks first. Raises Retryable.

    Nobody can make a run under it before we do: it isn't to be guessed.
    """
    with writing(engine) as session:
        of_interval = col(ScheduledRunRow.key).startswith(f"{_SWEEP}{interval}-")
        found = session.exec(select(ScheduledRunRow.key).where(of_interval)).first()
        key = found or f"{_SWEEP}{interval}-{secrets.token_hex(16)}"
        if not found:
            session.add(ScheduledRunRow(key=key))
        return key


def forget_sweeps(engine: Engine, interval: int, *, reach: int, active: Collection[str]) -> None:
    """Forget the sweep's runs that are more than `reach` intervals away and not `active`. Raises Retryable."""
    with writing(engine) as session:
        for row in session.exec(select(ScheduledRunRow).where(col(ScheduledRunRow.key).startswith(_SWEEP))):
            number = row.key.removeprefix(_SWEEP).partition("-")[0]
            if row.run_id not in active and abs(int(number) - interval) > reach:
                session.delete(row)


def forget_runs(engine: Engine, keys: Collection[str]) -> None:
    """Forget runs that are over for good. Raises Retryable."""
    with writing(engine) as session:
        for row in session.exec(select(ScheduledRunRow).where(col(ScheduledRunRow.key).in_(keys))):
            session.delete(row)
