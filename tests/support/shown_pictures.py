"""What an operator has before them when they answer an alert."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine

from lfr_core.alerts.pictures import pictures_digest, read_references
from lfr_core.domain.alerts import Shown
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow

__all__ = ["seen"]


def seen(engine: Engine, alert: UUID) -> Shown:
    """The alert's pictures as they are now, as if they had just been opened."""
    with reading(engine) as session:
        row = session.get_one(AlertRow, alert)
        return Shown(pictures_digest(row.id, row.probe_sealed, read_references(session, row)))
