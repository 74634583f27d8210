"""Tables of `lfr_core.publication.promises`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["PromiseResultRow", "PromiseStateRow", "PromiseStatementRow"]


class PromiseStateRow(Row, table=True):
    """What the last look at a promise came to: one row a promise, written over."""

    __tablename__ = "promise_state"

    promise: str = Field(primary_key=True)
    result: str
    said: str
    evidence: str
    """A JSON object of numbers and hashes."""
    subjects: str
    """A JSON list of `kind:id`."""
    detail: str
    at_ns: int = Field(sa_type=BigInteger)
    since_ns: int = Field(sa_type=BigInteger)
    """Since when every look has come to this result."""


class PromiseResultRow(Row, table=True):
    """The history: a row whenever a look came to another result than the one before. Rows are only ever added."""

    __tablename__ = "promise_result"
    __table_args__ = (Index(None, "promise", "at_ns"),)

    id: int | None = Field(default=None, primary_key=True)
    promise: str
    result: str
    said: str
    evidence: str
    at_ns: int = Field(sa_type=BigInteger)


class PromiseStatementRow(Row, table=True):
    """What the force says it does about a broken promise, for the public. Rows are only ever added."""

    __tablename__ = "promise_statement"
    __table_args__ = (Index(None, "promise", "at_ns"),)

    id: int | None = Field(default=None, primary_key=True)
    promise: str
    text: str
    by: str
    at_ns: int = Field(sa_type=BigInteger)
