"""Tables of the vault and its gate; `lfr_core.storage.tables.row` has the rules of all tables. No key is in any."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["AttendanceRow", "EpochRow", "InstallationRow"]


class InstallationRow(Row, table=True):
    """Which keystore belongs to this database: one row."""

    __tablename__ = "installation"

    id: str = Field(primary_key=True)
    written_ns: int | None = Field(default=None, sa_type=BigInteger)
    """When the vault last wrote here: for as long as it can, the audit trail can be written too."""
    records_why: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """What the vault found not to be on the audit trail when it last compared all records; a sentence a line."""


class EpochRow(Row, table=True):
    """When the faces of a stretch of seconds were forgotten. For publication: nothing else is in it."""

    __tablename__ = "epoch"

    id: str = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id", index=True)
    started_ns: int = Field(sa_type=BigInteger, index=True)
    ended_ns: int = Field(sa_type=BigInteger)
    fingerprint: str
    """SHA-256 of the key, hexadecimal."""
    destroyed_ns: int | None = Field(default=None, sa_type=BigInteger)


class AttendanceRow(Row, table=True):
    """When each operator of a live deployment was last heard of; removed when it ends."""

    __tablename__ = "attendance"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    operator: str = Field(primary_key=True)
    since_ns: int = Field(sa_type=BigInteger)
    last_ns: int = Field(sa_type=BigInteger)
    writer: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Who sealed it, and `seal`: see `lfr_core.custody.audit.row_seals`."""
    seal: str = Field(default="", sa_column_kwargs={"server_default": ""})
