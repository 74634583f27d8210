"""Tables of the compliance documents; see `lfr_core.storage.tables.row` for the rules all tables follow."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["ComplianceDocumentRow"]


class ComplianceDocumentRow(Row, table=True):
    """One version of a document. Rows are only ever added; of one kind and scope the highest id is in force."""

    __tablename__ = "paper"
    __table_args__ = (UniqueConstraint("kind", "deployment", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    deployment: str
    """Empty for the force's own documents, so that the constraint holds for them too; hence no foreign key."""
    version: str
    title: str
    review_by: dt.date
    approved_by: str
    added_at: dt.datetime
    sha256: str
    file_name: str
    media_type: str
    size: int
    assessed_model: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Of an equality impact assessment: `read_model_in_use` when it was registered."""
    assessed_threshold: float | None = None
    """Of an equality impact assessment: the threshold that it is of."""
