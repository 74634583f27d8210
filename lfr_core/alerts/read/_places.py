"""Where and when alerts were: what tells one from another without saying whom it is about."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow

__all__ = ["alert_places"]

_MOST_AT_ONCE = 500


def alert_places(engine: Engine, ids: Collection[UUID]) -> dict[UUID, tuple[str, int]]:
    """Find the camera of each alert that is still there, and when it began (nanoseconds since the epoch), by its id."""
    found: dict[UUID, tuple[str, int]] = {}
    wanted = sorted(ids)
    with reading(engine) as session:
        for at in range(0, len(wanted), _MOST_AT_ONCE):
            part = col(AlertRow.id).in_(wanted[at : at + _MOST_AT_ONCE])
            for id_, camera, first_ns in session.exec(
                select(AlertRow.id, AlertRow.camera, AlertRow.first_ns).where(part)
            ):
                found[id_] = (camera, first_ns)
    return found
