"""Deployments as workers, cameras and commands look them up. Changes nothing, so it needs neither vault nor trail."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import col, func, select

from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistReferenceRow

__all__ = ["DeploymentReader", "view_of"]


class DeploymentReader:
    """Implements `lfr_core.domain.deployments.DeploymentDirectory`. Raises Retryable when the database is away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, deployment: str) -> DeploymentView | None:
        """Return the deployment as it is now, or None if there is no such."""
        if "\x00" in deployment:
            return None  # no database could hold it
        with reading(self._engine) as session:
            row = session.get(DeploymentRow, deployment)
            return None if row is None else view_of(row)

    def list(self) -> list[DeploymentView]:
        """Return all deployments, the newest first."""
        with reading(self._engine) as session:
            rows = session.exec(select(DeploymentRow).order_by(col(DeploymentRow.created_at).desc(), DeploymentRow.id))
            return [view_of(row) for row in rows]

    def references(self, id: str) -> int:
        """Count the photographs that are kept for it."""
        with reading(self._engine) as session:
            return session.exec(
                select(func.count()).select_from(WatchlistReferenceRow).where(WatchlistReferenceRow.deployment == id)
            ).one()


def view_of(row: DeploymentRow) -> DeploymentView:
    """Return the row as a worker sees it."""
    return DeploymentView(
        id=row.id,
        kind=DeploymentKind(row.kind),
        status=DeploymentStatus(row.status),
        gallery=row.gallery or "",
        contract_id=row.contract_id,
        threshold=row.threshold,
        agreeing_shots=row.agreeing_shots,
        live_only=row.live_only,
        planned=row.planned,
        cameras=tuple(row.cameras.split("\n")) if row.cameras else (),
    )
