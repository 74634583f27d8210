"""When the newest record was made: a clock that is before it was set back."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, select

from lfr_core.storage.tables.stream import CameraSessionRow

__all__ = ["newest_record_ns"]


def newest_record_ns(session: Session) -> int | None:
    """Read the wall time at which a camera was last heard of, nanoseconds since the epoch; None before the first."""
    return session.exec(select(func.max(CameraSessionRow.last_seen_ns))).one()
