"""The tables. Rows stay inside the contexts of `lfr_core`; everyone else gets frozen values.

Times of the stream are nanoseconds since the epoch (`..._ns`), times of people's acts are aware UTC
datetimes. Closed lists are stored as their words, not as ENUM types, which a downgrade leaves behind.
Table models don't validate: values are checked before they come here.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, MetaData, false
from sqlmodel import Field, SQLModel

__all__ = [
    "NAMING",
    "AlertAnswerRow",
    "AlertReferenceRow",
    "AlertRow",
    "AlertStubRow",
    "CameraLatencyRow",
    "CameraSecondRow",
    "CameraSessionRow",
    "DeadLetterCountRow",
    "DeadLetterRow",
    "DeploymentRow",
    "GalleryLookRow",
    "GalleryReferenceRow",
    "Row",
    "SightingRow",
    "StageTimeRow",
    "WatchlistEntryRow",
    "WatchlistReferenceRow",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has the same name on both databases, so that a migration can drop it."""


class Row(SQLModel):
    """Base of the tables: metadata of their own, apart from any other package's."""

    metadata = MetaData(naming_convention=NAMING)


class DeploymentRow(Row, table=True):
    __tablename__ = "deployment"

    id: str = Field(primary_key=True)
    name: str
    kind: str
    status: str
    gallery: str | None = Field(default=None, unique=True)  # one gallery per deployment, never reused
    contract_id: str = ""
    gallery_rows: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many references the gallery was made with, the drawn test face among them."""
    gallery_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The `gallery_digest` of them; "" where the list was made before there was one."""
    threshold: float
    agreeing_shots: int
    live_only: bool
    planned: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether it goes the whole line of `lfr_core.deployments`; what takes a live camera does."""
    cameras: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Those of a planned one, one a line."""
    watchlist_size: int = 0
    """Entries, test subjects not counted. Stays after the list is destroyed."""
    blue_list_size: int = 0
    created_at: dt.datetime
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    """Its hours: the gate is shut outside them."""
    suspended_why: str = Field(default="", sa_column_kwargs={"server_default": ""})
    opened_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


class WatchlistEntryRow(Row, table=True):
    """Exists until the deployment ends."""

    __tablename__ = "watchlist_entry"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    id: str = Field(primary_key=True)
    subject: str
    category: str
    legal_reference: str
    approved_by: str
    expires_on: dt.date


class WatchlistReferenceRow(Row, table=True):
    __tablename__ = "watchlist_reference"
    __table_args__ = (
        ForeignKeyConstraint(["deployment", "entry"], ["watchlist_entry.deployment", "watchlist_entry.id"]),
        Index(None, "deployment", "entry"),
    )

    deployment: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    entry: str
    photograph: str
    crop_sealed: bytes
    crop_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Of the crop in the clear, for the digest that is approved."""


class GalleryReferenceRow(Row, table=True):
    """What the gallery must hold: the list's references, the drawn test face, and canaries, which may be there or not.

    Exists until the deployment ends. No vector can be made from a digest.
    """

    __tablename__ = "gallery_reference"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    id: str = Field(primary_key=True)
    entry: str
    sha256: str
    """Of the vector as stored."""


class GalleryLookRow(Row, table=True):
    """The newest comparison of a deployment's gallery with its list."""

    __tablename__ = "gallery_look"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    looked_ns: int = Field(sa_type=BigInteger)
    why: str = ""
    """What differs, in words; "" when nothing did."""


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
    ended: bool = False


class CameraLatencyRow(Row, table=True):
    """A log-spaced histogram of capture-to-outcome times; see `lfr_core.alerts.latency` for the buckets."""

    __tablename__ = "camera_latency"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    camera: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True)
    frames: int = Field(sa_type=BigInteger)


class CameraSecondRow(Row, table=True):
    """What was booked in each of the last seconds; older rows are removed as new ones come."""

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


class AlertRow(Row, table=True):
    """An alert owns its copy of what it was about: the watchlist goes before the alert does."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(None, "deployment", "camera", "entry", "last_ns"),
        Index(None, "deployment", "opened_ns"),
    )

    id: UUID = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    camera: str
    entry: str
    subject: str
    category: str
    legal_reference: str
    opened_ns: int = Field(sa_type=BigInteger)
    first_ns: int = Field(sa_type=BigInteger)
    last_ns: int = Field(sa_type=BigInteger)
    first_session: str
    first_sequence: int = Field(sa_type=BigInteger)
    last_session: str
    last_sequence: int = Field(sa_type=BigInteger)
    similarity: float
    threshold: float
    sightings: int
    probe_sealed: bytes
    key_id: str
    """The vault's key of this alert's crops."""
    canary: bool = False
    """InjectedCanary to be looked for after its deletion: of nobody, and counted nowhere."""
    judgement: str | None = None
    judged_by: str | None = None
    judged_at: dt.datetime | None = None
    engagement: str | None = None
    engaged_by: str | None = None
    engaged_at: dt.datetime | None = None
    review: str | None = None
    reviewed_by: str | None = None
    reviewed_at: dt.datetime | None = None
    outcome: str | None = None
    minutes: float | None = None
    """How long the person was detained, where somebody measured."""
    resulted_by: str | None = None
    resulted_at: dt.datetime | None = None


class AlertReferenceRow(Row, table=True):
    """The references an operator compares the probe with, copied when the alert was opened."""

    __tablename__ = "alert_reference"

    alert: UUID = Field(primary_key=True, foreign_key="alert.id", ondelete="CASCADE")
    id: str = Field(primary_key=True)
    photograph: str
    crop_sealed: bytes


class AlertAnswerRow(Row, table=True):
    """Every answer that was given to an alert, also one that was replaced or undone. Those that stand are the alert's.

    It goes with the alert; the audit trail keeps that there was one.
    """

    __tablename__ = "alert_answer"

    alert: UUID = Field(primary_key=True, foreign_key="alert.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """In the order they were given, from 1."""
    question: str
    answer: str
    minutes: float | None = None
    """An outcome's."""
    by: str
    at: dt.datetime
    undone_at: dt.datetime | None = None
    """By whoever gave it."""


class AlertStubRow(Row, table=True):
    """What stays of an alert for the published record, once its data is deleted.

    The id is new, so nothing leads back to the alert; there is no time, camera or subject. On SQLite the rows lie in
    the order of their random ids, or their order would tell which came first.
    """

    __tablename__ = "alert_stub"
    __table_args__ = (Index(None, "deployment"), {"sqlite_with_rowid": False})

    id: UUID = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    category: str
    similarity: float
    """Two decimals: what is published, and no fingerprint of one comparison."""
    judgement: str | None = None
    engagement: str | None = None
    review: str | None = None
    outcome: str | None = None
    minutes: float | None = None
    """Whole minutes: finer would be a trace of one person's day."""


class SightingRow(Row, table=True):
    """Which shots an alert rests on. No crop: only the best is kept, in the alert."""

    __tablename__ = "sighting"

    id: UUID = Field(primary_key=True)
    alert: UUID = Field(foreign_key="alert.id", ondelete="CASCADE", index=True)
    session: str
    sequence: int = Field(sa_type=BigInteger)
    captured_ns: int = Field(sa_type=BigInteger)
    face: int
    track: str
    similarity: float


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
