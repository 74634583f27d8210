"""Tables of the blue list: what was planned, and each pass of a test subject as it was scored.

Nobody is named but staff: a pass is scored when it is entered, and of the volunteer nothing is kept.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = ["BlueListPassRow", "BlueListPlanRow"]


class BlueListPlanRow(Row, table=True):
    """How many passes are to be walked, and why so many. The last plan counts."""

    __tablename__ = "blue_list_plan"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    passes: int
    expected_rate: float
    margin: float
    planned_by: str
    planned_at: dt.datetime


class BlueListPassRow(Row, table=True):
    """One pass through the zone of recognition. Never changed."""

    __tablename__ = "blue_list_pass"

    id: int | None = Field(default=None, primary_key=True)
    deployment: str = Field(foreign_key="deployment.id", index=True)
    camera: str
    from_ns: int = Field(sa_type=BigInteger)
    to_ns: int = Field(sa_type=BigInteger)
    recognised: bool
    entered_by: str
    entered_at: dt.datetime
