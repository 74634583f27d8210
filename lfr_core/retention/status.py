"""How each kind of data stands against its promise: for the command line, the operator's page and the flow's artifact.

Overdue, and so an alarm, is a kind of data of which

* something is past due by more than the policy's `retention.overdue_after_s`,
* or whose step hasn't succeeded for that long, or never ran while others did, or at all since the first deployment,
* or whose last run lies in the future by that much: the clock went back, and nothing can be said until it is mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import func, select

from lfr_core.domain.policy import RetentionPolicy
from lfr_core.retention.port import CLASSES, RetentionClass
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.retention import RetentionClassRow

__all__ = ["ClassStatus", "RetentionState", "read_retention_status"]

_NS = 10**9


class RetentionState(StrEnum):
    """In a word."""

    IN_TIME = "in-time"
    LATE = "late"
    """Something is past due, or the last run failed, but not for long."""
    NOT_SWEPT = "not-swept"
    """No sweep has run yet, and there is no deployment old enough to mind."""
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class ClassStatus:
    """One kind of data."""

    data: RetentionClass
    standing: RetentionState
    why: str
    """In words; "" where all is well."""
    lag_s: float
    """How long the oldest thing that is still there is past due by now."""
    due: int
    swept_ns: int | None
    """When its step last ran."""
    succeeded_ns: int | None
    destroyed_ever: int
    note: str

    @property
    def is_alarm(self) -> bool:
        return self.standing is RetentionState.OVERDUE


def read_retention_status(engine: Engine, policy: RetentionPolicy, *, now_ns: int) -> tuple[ClassStatus, ...]:
    """Read how every class of `CLASSES` stands, from what sweeps recorded. Raises Retryable: the records are away."""
    with reading(engine) as session:
        rows = {row.step: row for row in session.exec(select(RetentionClassRow))}
        oldest = session.exec(select(func.min(DeploymentRow.created_at))).one()
    since_ns = _since_ns(rows, oldest)
    return tuple(_status(data, rows.get(data.name), policy.overdue_after_s, since_ns, now_ns) for data in CLASSES)


def _since_ns(rows: Mapping[str, RetentionClassRow], oldest: datetime | None) -> int | None:
    """Read since when every class should have been swept: the first sweep of any, or the first deployment."""
    begun = [row.first_ns for row in rows.values()]
    if oldest is not None:
        begun.append(round(oldest.timestamp() * _NS))
    return min(begun, default=None)


def _status(
    data: RetentionClass, row: RetentionClassRow | None, after_s: float, since_ns: int | None, now_ns: int
) -> ClassStatus:
    if row is None:
        waited_s = 0.0 if since_ns is None else (now_ns - since_ns) / _NS
        overdue = waited_s > after_s
        return ClassStatus(
            data,
            RetentionState.OVERDUE if overdue else RetentionState.NOT_SWEPT,
            "no sweep has ever reached it" if overdue else "no sweep yet",
            *(0.0, 0, None, None, 0, ""),
        )
    lag_s = 0.0 if row.oldest_due_ns is None else max(0.0, (now_ns - row.oldest_due_ns) / _NS)
    silent_s = (now_ns - (row.succeeded_ns if row.succeeded_ns is not None else row.first_ns)) / _NS
    standing, why = RetentionState.IN_TIME, ""
    if (row.at_ns - now_ns) / _NS > after_s:
        standing, why = RetentionState.OVERDUE, "the clock went back: its last run lies in the future; mend the clock"
    elif lag_s > after_s:
        standing, why = RetentionState.OVERDUE, f"{row.due} past due"
    elif silent_s > after_s:
        standing, why = RetentionState.OVERDUE, "its purge hasn't succeeded for too long"
    elif lag_s > 0 or row.error:
        standing, why = RetentionState.LATE, f"{row.due} past due" if row.due else ""
    if row.error:
        why = f"{why}: {row.error}" if why else row.error
    return ClassStatus(data, standing, why, lag_s, row.due, row.at_ns, row.succeeded_ns, row.destroyed_ever, row.note)
