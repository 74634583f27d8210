"""Tables of `lfr_core.retention`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["RetentionClassRow", "RetentionRunRow"]


class RetentionClassRow(Row, table=True):
    """How one kind of data stands since its step last ran: one row a step, written over."""

    __tablename__ = "retention_class"

    step: str = Field(primary_key=True)
    first_ns: int = Field(sa_type=BigInteger)
    """When it was first run here."""
    at_ns: int = Field(sa_type=BigInteger)
    succeeded_ns: int | None = Field(default=None, sa_type=BigInteger)
    due: int = 0
    """Things past due that are still there."""
    oldest_due_ns: int | None = Field(default=None, sa_type=BigInteger)
    destroyed: int = 0
    """By its last run."""
    destroyed_ever: int = Field(default=0, sa_type=BigInteger)
    note: str = ""
    error: str = ""


class RetentionRunRow(Row, table=True):
    """A run that destroyed something or failed. The many that found nothing to do leave no row."""

    __tablename__ = "retention_run"
    __table_args__ = (Index(None, "at_ns"),)

    id: int | None = Field(default=None, primary_key=True)
    step: str
    at_ns: int = Field(sa_type=BigInteger)
    destroyed: int
    oldest_due_ns: int | None = Field(default=None, sa_type=BigInteger)
    """Of what was due when it began."""
    lag_ms: int = Field(sa_type=BigInteger)
    """How long the oldest thing was past due when the run began."""
    left: int
    """Still there after it, though due."""
    error: str = ""
