"""Tables of the stream: cameras' sessions and figures, stage times, dead letters. See `lfr_core.storage.tables.row`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = [
    "CameraLatencyRow",
    "CameraSecondRow",
    "CameraSessionRow",
    "DeadLetterCountRow",
    "DeadLetterRow",
    "StageTimeRow",
]


class CameraSessionRow(Row, table=True):
    """One run of a camera. `next_sequence` is the high-water: every frame below it is accounted for."""

    __tablename__ = "camera_session"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    camera: str = Field(primary_key=True)
    session: str = Field(primary_key=True)
    next_sequence: int = Field(default=0, sa_type=BigInteger)
    running_not_sampled: int = Field(default=0, sa_type=BigInteger)
    running_dropped: int = Field(default=0, sa_type=BigInteger)
    not_sampled: int = Field(default=0, sa_type=BigInteger)
    dropped_at_camera: int = Field(default=0, sa_type=BigInteger)
    recognised: int = Field(default=0, sa_type=BigInteger)
    dropped_stale: int = Field(default=0, sa_type=BigInteger)
    dropped_closed: int = Field(default=0, sa_type=BigInteger)
    unopenable: int = Field(default=0, sa_type=BigInteger)
    dead_lettered: int = Field(default=0, sa_type=BigInteger)
    lost: int = Field(default=0, sa_type=BigInteger)
    faces: int = Field(default=0, sa_type=BigInteger)
    tracks_started: int = Field(default=0, sa_type=BigInteger)
    tracks_compared: int = Field(default=0, sa_type=BigInteger)
    first_seen_ns: int = Field(sa_type=BigInteger)
    last_seen_ns: int = Field(sa_type=BigInteger)
    last_frame_ns: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """When a captured frame was last reported, whatever became of it; 0: none was."""
    last_look_ns: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """When a frame that a worker looked at was last reported; 0: none was."""
    picture: str = Field(default="sound", sa_column_kwargs={"server_default": "sound"})
    """What is the matter with its pictures, by its own word: a `PictureState`."""
    picture_since_ns: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """When that was first reported; 0: it never was otherwise."""
    ended: bool = False


class CameraLatencyRow(Row, table=True):
    """A log-spaced histogram of capture-to-outcome times; see `lfr_core.alerts.latency` for the buckets."""

    __tablename__ = "camera_latency"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    camera: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True)
    frames: int = Field(sa_type=BigInteger)


class CameraSecondRow(Row, table=True):
    """What was recorded in each of the last seconds; older rows are removed as new ones come."""

    __tablename__ = "camera_second"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    camera: str = Field(primary_key=True)
    second: int = Field(primary_key=True, sa_type=BigInteger)
    captured: int
    recognised: int
    stale: int
    failed: int
    """Lost, unopenable or dead-lettered."""
    faces: int
    latency_total_ms: float
    """Summed over the recognised."""


class StageTimeRow(Row, table=True):
    __tablename__ = "stage_time"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    stage: str = Field(primary_key=True)
    calls: int = Field(sa_type=BigInteger)
    total_ms: float


class DeadLetterRow(Row, table=True):
    __tablename__ = "dead_letter"
    __table_args__ = (Index(None, "topic", "partition", "offset"),)

    id: UUID = Field(primary_key=True)
    topic: str
    partition: int
    offset: int = Field(sa_type=BigInteger)
    camera: str
    error: str
    reason: str
    at_ns: int = Field(sa_type=BigInteger)


class DeadLetterCountRow(Row, table=True):
    """How many records of a camera could not be processed in an hour, and why the last of them."""

    __tablename__ = "dead_letter_count"

    hour: int = Field(primary_key=True, sa_type=BigInteger)
    """Whole hours since the epoch."""
    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    camera: str = Field(primary_key=True)
    """The record's key, cut short; empty for all others once an hour has too many names."""
    letters: int = Field(sa_type=BigInteger)
    kept: int
    """How many of them are kept whole."""
    last_offset: int = Field(sa_type=BigInteger)
    last_ns: int = Field(sa_type=BigInteger)
    error: str
    reason: str
    unauthentic: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """How many of them nobody of this installation sent, or were changed on their way."""
