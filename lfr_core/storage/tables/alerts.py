"""Tables of sightings, alerts, their pictures and answers. See `lfr_core.storage.tables.row`."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = [
    "AlertAnswerRow",
    "AlertReferenceRow",
    "AlertRow",
    "AlertShotRow",
    "AlertStubRow",
    "SightingRow",
    "digest_pictures",
    "digest_stubs",
]


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
    age: int | None = None
    """Whole years, as the list gave it; None where it gave none."""
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
    state_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Keyed digest of what changes with each sighting (`lfr_core.storage.recorded_tables.AS_SEALED`)."""
    pictures_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """`digest_pictures`; "" of an alert that an earlier version opened, whose pictures nothing is held against."""
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


class AlertShotRow(Row, table=True):
    """A picture that was an alert's before a better one came: whoever looks at it answers to it."""

    __tablename__ = "alert_shot"

    alert: UUID = Field(primary_key=True, foreign_key="alert.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    """In the order in which they were replaced, from 1."""
    probe_sealed: bytes
    """Under the alert's key, as the alert's own."""


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


def digest_stubs(stubs: Iterable[AlertStubRow]) -> str:
    """Return SHA-256 of stubs in any order, hexadecimal; a row says its columns in another order once it was read."""
    columns = sorted(AlertStubRow.model_fields)
    lines = sorted(json.dumps([str(getattr(stub, name)) for name in columns]) for stub in stubs)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digest_pictures(alert: AlertRow, references: Iterable[AlertReferenceRow], shots: Iterable[AlertShotRow]) -> str:
    """Return SHA-256 of an alert's sealed pictures, hexadecimal: its own, those before it, references."""
    lines = [["probe", _digest(alert.probe_sealed)]]
    lines += sorted(["reference", one.id, one.photograph, _digest(one.crop_sealed)] for one in references)
    lines += sorted(["shot", f"{one.number:09}", _digest(one.probe_sealed)] for one in shots)
    return hashlib.sha256(json.dumps([str(alert.id), *lines]).encode()).hexdigest()


def _digest(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


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
    state_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Keyed digest of the row, as an alert's; "" of one that an earlier version recorded."""
