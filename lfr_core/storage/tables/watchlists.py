"""Tables of watchlists, and of what their galleries hold. See `lfr_core.storage.tables.row`."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = [
    "GalleryLookRow",
    "GalleryReferenceRow",
    "ListThumbnailRow",
    "WatchlistEntryRow",
    "WatchlistReferenceRow",
]


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
    age: int | None = None
    """Whole years, known or believed; None where the list gives none."""


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


class ListThumbnailRow(Row, table=True):
    """An entry's face in small, for the officer who approves the list: exists while it waits for approval."""

    __tablename__ = "list_thumbnail"
    __table_args__ = (
        ForeignKeyConstraint(
            ["deployment", "entry"], ["watchlist_entry.deployment", "watchlist_entry.id"], ondelete="CASCADE"
        ),
    )

    deployment: str = Field(primary_key=True)
    entry: str = Field(primary_key=True)
    reference: str
    """Whose crop it was made of: it is bound to that crop's digest."""
    jpeg_sealed: bytes
    """Under a key that is derived from the list's."""


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
