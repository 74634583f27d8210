"""Deployments whose hours are over, closed by the sweep where the workflow that closes them has not run."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import LfrError
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.retention.port import ACTOR, Audited, Destroyed, Due, PurgeResult
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["WORKFLOW_FIRST_S", "OverdueClosesStep"]

WORKFLOW_FIRST_S: Final = 60.0
"""[proposal] The workflow closes at the end of the hours and writes the closing report; only then does the sweep."""
_OPENED: Final = frozenset({DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED})
_OVER: Final = [each.value for each in DeploymentStatus if each.is_over]


class OverdueClosesStep:
    """Ends what is live or suspended past its hours, and cancels what was planned and never opened.

    With that its list and its key go, and the steps after this one take the rest: without a workflow server too.
    """

    name = "hours"
    audited = Audited.ITSELF

    def __init__(self, engine: Engine, store: DeploymentService) -> None:
        self._engine = engine
        self._store = store

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return the deployments whose hours are over by `now_ns`. Raises Retryable when the records are away."""
        return tuple(Due(f"deployment:{row.id}", _due_ns(row), row.id) for row in self._overdue(now_ns))

    def purge(self, now_ns: int) -> PurgeResult:
        gone: list[Destroyed] = []
        failures: list[LfrError] = []
        for row in self._overdue(now_ns):
            try:
                if DeploymentStatus(row.status) in _OPENED:
                    self._store.close(row.id, by=ACTOR)
                else:
                    self._store.cancel(row.id, "its hours ended and it had never opened", by=ACTOR)
            except LfrError as error:
                failures.append(error)
            else:
                gone.append(Destroyed(f"deployment:{row.id}", _due_ns(row), row.id))
        return PurgeResult(tuple(gone), tuple(failures))

    def _overdue(self, now_ns: int) -> list[DeploymentRow]:
        last = utc_from_ns(now_ns) - timedelta(seconds=WORKFLOW_FIRST_S)
        with reading(self._engine) as session:
            going = select(DeploymentRow).where(col(DeploymentRow.status).not_in(_OVER))
            return list(session.exec(going.where(col(DeploymentRow.closes_at) <= last)))


def _due_ns(row: DeploymentRow) -> int:
    assert row.closes_at is not None
    return round(row.closes_at.timestamp() * 1e6) * 1000 + round(WORKFLOW_FIRST_S * 1e9)
