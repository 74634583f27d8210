"""Tables of `lfr_core.retention.footage`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["FootageHoldRow", "FootageHoldSegmentRow", "FootageSegmentRow", "digest_segments"]


class FootageSegmentRow(Row, table=True):
    """One segment. The row stays when the footage goes: it says that there was some, and when it went."""

    __tablename__ = "footage_segment"
    __table_args__ = (Index(None, "deployment", "camera", "started_ns"), Index(None, "purged_ns", "due_ns"))

    id: str = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    camera: str
    session: str
    key_id: str
    key_fingerprint: str
    started_ns: int = Field(sa_type=BigInteger)
    due_ns: int = Field(sa_type=BigInteger)
    ended_ns: int | None = Field(default=None, sa_type=BigInteger)
    """The last frame's time; None while the segment is written, and after a camera that was killed."""
    frames: int = Field(default=0, sa_type=BigInteger)
    bytes: int = Field(default=0, sa_type=BigInteger)
    """Of the sealed file."""
    missed: int = Field(default=0, sa_type=BigInteger)
    """Frames not kept since the segment before: the disk was full, or the vault away."""
    purged_ns: int | None = Field(default=None, sa_type=BigInteger)


class FootageHoldRow(Row, table=True):
    """A person's decision, approved by another, to keep named segments for longer."""

    __tablename__ = "footage_hold"

    id: str = Field(primary_key=True)
    ground: str
    reference: str
    requested_by: str
    approved_by: str
    placed_at: dt.datetime
    review_on: dt.date
    released_at: dt.datetime | None = None
    released_by: str | None = None
    segments_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """`digest_segments` of those that it covers."""


class FootageHoldSegmentRow(Row, table=True):
    __tablename__ = "footage_hold_segment"

    hold: str = Field(primary_key=True, foreign_key="footage_hold.id")
    segment: str = Field(primary_key=True, foreign_key="footage_segment.id", index=True)


def digest_segments(segments: Iterable[str]) -> str:
    """Return SHA-256 of segments' ids, in order, one a line; hexadecimal."""
    return hashlib.sha256("\n".join(sorted(segments)).encode()).hexdigest()
