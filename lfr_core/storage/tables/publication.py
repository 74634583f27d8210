"""Tables of `lfr_core.publication`; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = [
    "AnnouncementRow",
    "PlacePlanRow",
    "PublishedRecordRow",
    "ResultsRow",
    "WatchlistCompositionRow",
    "WithholdingRequestRow",
]


class AnnouncementRow(Row, table=True):
    """One revision of a deployment's announcement, published or withheld. Rows are added; a release is filled in."""

    __tablename__ = "announcement"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    revision: int = Field(primary_key=True)
    public_id: str
    """What the public calls the deployment: its id, or drawn by chance where the notice was withheld."""
    place: str
    """An area, never a camera's place."""
    starts_at: dt.datetime
    ends_at: dt.datetime
    purpose: str
    use_case: str
    made_at: dt.datetime
    made_by: str
    withheld_because: str = ""
    approved_by: str = ""
    released_at: dt.datetime | None = None
    released_by: str = ""


class PlacePlanRow(Row, table=True):
    """The plan of a deployment's place, with its cameras on it."""

    __tablename__ = "place_plan"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    jpeg: bytes
    sha256: str
    """Of the picture, hexadecimal: what stands on the trail of it."""
    width_px: int = 0
    height_px: int = 0
    marks: str = "[]"
    """JSON: cameras with their shares of width and height."""
    is_public: bool = False
    kept_by: str = ""
    kept_at: dt.datetime | None = None


class WithholdingRequestRow(Row, table=True):
    """Somebody asks to withhold a deployment's announcement. Rows are added; the answer is filled in."""

    __tablename__ = "withholding_request"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    number: int = Field(primary_key=True)
    place: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    purpose: str
    use_case: str
    because: str
    asked_by: str
    asked_at: dt.datetime
    answered_by: str = ""
    answered_at: dt.datetime | None = None
    approved: bool | None = None
    answer: str = ""
    """Why it was refused, in the officer's words."""


class PublishedRecordRow(Row, table=True):
    """One published revision of a deployment's record, as it was published. Rows are only ever added."""

    __tablename__ = "published_record"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    revision: int = Field(primary_key=True)
    published_at: dt.datetime
    published_by: str
    reason: str = ""
    """Why it supersedes the one before."""
    body: str
    """The record as JSON, byte for byte as published."""
    sha256: str
    """Of the body in UTF-8."""


class ResultsRow(Row, table=True):
    """How a deployment's results stand beside their deadline; what was published is in `PublishedRecordRow`."""

    __tablename__ = "results"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    due_at: dt.datetime
    """Moves with the calendar until it has passed, and no more afterwards."""
    reminded_at: dt.datetime | None = None
    late_at: dt.datetime | None = None
    """When it was noticed that nobody had published in time."""
    late_because: str = ""
    """For the public: no id, no place."""
    late_detail: str = ""
    """For staff."""
    explanation: str = ""
    explained_at: dt.datetime | None = None
    explained_by: str = ""


class WatchlistCompositionRow(Row, table=True):
    """How many people and photographs of a category a list held: what stays of it, because the record prints it."""

    __tablename__ = "watchlist_composition"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    category: str = Field(primary_key=True)
    people: int
    images: int
    built_at: dt.datetime | None = None
    """None for lists that stood before this was kept."""
    under_18: int | None = None
    """How many of the people; None where the list gives an age for none, or not for all."""
