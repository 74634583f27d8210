"""Tables of `lfr_core.custody.audit`; see `lfr_core.storage.tables.row` for the rules all tables follow.

Rows are added and, at the old end, pruned; no code of OpenLFR changes one.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["AuditAnchorRow", "AuditEntryRow", "AuditHeadRow"]


class AuditEntryRow(Row, table=True):
    """One entry. Hashes, writer and seal are hexadecimal; what they are of stands in `lfr_core.custody.audit.entry`."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "deployment", "seq"),)

    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at_ns: int = Field(sa_type=BigInteger)
    deployment: str
    verb: str
    """These three repeat what the body says, to be searched by; `verify` compares them."""
    body: str
    previous_hash: str
    hash: str
    writer: str
    seal: str


class AuditHeadRow(Row, table=True):
    """A signature over the newest entry at that time, and through its hash over all before it."""

    __tablename__ = "audit_head"

    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: str
    at_ns: int = Field(sa_type=BigInteger)
    public_key: str
    signature: str
    generation: int | None = Field(default=None, sa_type=BigInteger)
    """The keystore's then; None: it doesn't say."""


class AuditAnchorRow(Row, table=True):
    """Where the trail begins since it was pruned: the last entry removed. One row, or none."""

    __tablename__ = "audit_anchor"

    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: str
    count: int = Field(sa_type=BigInteger)
    at_ns: int = Field(sa_type=BigInteger)
    public_key: str
    signature: str
