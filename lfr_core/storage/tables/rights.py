"""Tables of `lfr_core.publication.rights`; see `lfr_core.storage.tables.row` for the rules all tables follow.

Who asks, how to reach them and what they wrote is sealed under a key of the vault of the request's own
(`lfr_core.publication.rights.sealed`); here lies only what the clock, the holds and the published count need.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["ComplaintHoldRow", "ListedCommitmentRow", "ReceiptAlertRow", "ReceiptRow", "RightsRequestRow"]


class ListedCommitmentRow(Row, table=True):
    """That somebody was on a deployment's list, for whoever knows whom to ask about and has the vault.

    On SQLite the rows lie in the order of their digests, or their order would be the list's.
    """

    __tablename__ = "listed_commitment"
    __table_args__ = ({"sqlite_with_rowid": False},)

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    digest: str = Field(primary_key=True)


class RightsRequestRow(Row, table=True):
    """An enquiry or a complaint."""

    __tablename__ = "rights_request"

    reference: str = Field(primary_key=True)
    kind: str
    asks_listed: bool
    """Whether it asks "was I on a list"."""
    deployment: str | None = Field(default=None, foreign_key="deployment.id", index=True)
    from_ns: int | None = Field(default=None, sa_type=BigInteger)
    to_ns: int | None = Field(default=None, sa_type=BigInteger)
    receipt: str = ""
    """Reference of the receipt that was shown, if one was."""
    received_on: dt.date
    """London's day: the month runs from it."""
    taken_at: dt.datetime
    taken_by: str
    key_id: str
    asked_sealed: bytes
    neither_confirm_nor_deny: bool
    disclosure_asked_by: str = ""
    disclosure_approved_by: str = ""
    disclosure_at: dt.datetime | None = None
    """When two people decided that this one is answered plainly."""
    answered_at: dt.datetime | None = None
    answered_by: str = ""
    answer_sealed: bytes | None = None
    closed_at: dt.datetime | None = None
    closed_by: str = ""
    withdrawn: bool = False


class ComplaintHoldRow(Row, table=True):
    """What of a deployment's footage a complaint concerns, and until when the hold stands without a second person."""

    __tablename__ = "complaint_hold"

    hold: str = Field(primary_key=True, foreign_key="footage_hold.id")
    request: str = Field(foreign_key="rights_request.reference", index=True)
    deployment: str = Field(foreign_key="deployment.id")
    from_ns: int | None = Field(default=None, sa_type=BigInteger)
    to_ns: int | None = Field(default=None, sa_type=BigInteger)
    """None on both sides: the whole deployment."""
    lapses_at: dt.datetime
    confirmed_at: dt.datetime | None = None
    lapsed: bool = False


class ReceiptRow(Row, table=True):
    """What stays of a receipt: it leads to a stretch of footage, and to nobody."""

    __tablename__ = "stop_receipt"
    __table_args__ = ({"sqlite_with_rowid": False},)

    reference: str = Field(primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    minute_at: dt.datetime
    """When the alert was opened, to the minute."""
    category: str


class ReceiptAlertRow(Row, table=True):
    """Which alert a receipt was printed for, so that it is printed again the same. Goes with the alert."""

    __tablename__ = "stop_receipt_alert"

    alert: UUID = Field(primary_key=True, foreign_key="alert.id", ondelete="CASCADE")
    receipt: str = Field(foreign_key="stop_receipt.reference")
