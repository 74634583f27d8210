"""Tables of deployments, and of the lifecycle of planned ones. See `lfr_core.storage.tables.row`.

Names in them are those of officers and staff, never of the public. They stay: who allowed what must be answerable.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, false
from sqlmodel import Field

from lfr_core.storage.tables.row import Row

__all__ = [
    "ApplicationRow",
    "AuthorityRow",
    "CallRow",
    "DeploymentRow",
    "DeploymentStepRow",
    "PlannedDeploymentRow",
    "ScheduledRunRow",
]


class DeploymentRow(Row, table=True):
    __tablename__ = "deployment"

    id: str = Field(primary_key=True)
    name: str
    kind: str
    status: str
    gallery: str | None = Field(default=None, unique=True)  # one gallery per deployment, never reused
    contract_id: str = ""
    gallery_rows: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many references the gallery was made with, the drawn test face among them."""
    gallery_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """The `gallery_digest` of them; "" where the list was made before there was one."""
    threshold: float
    agreeing_shots: int
    live_only: bool
    planned: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether it goes the whole line of `lfr_core.deployments`; what takes a live camera does."""
    cameras: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Those of a planned one, one a line."""
    watchlist_size: int = 0
    """Entries, test subjects not counted. Stays after the list is destroyed."""
    blue_list_size: int = 0
    created_at: dt.datetime
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    """Its hours: the gate is shut outside them."""
    list_digest: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """`list_digest` of the list as it was attached; "" where it was before there was one."""
    stubs_sha256: str | None = None
    """`digest_stubs` of what stays of its alerts; None where the deployment was made before there was one."""
    suspended_why: str = Field(default="", sa_column_kwargs={"server_default": ""})
    opened_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


class PlannedDeploymentRow(Row, table=True):
    """Where a planned deployment stands, beside its status. One a deployment."""

    __tablename__ = "life"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    revision: int
    planner: str
    officer: str = ""
    compiler: str = ""
    list_digest: str = ""
    list_built_at: dt.datetime | None = None
    list_last_day: dt.date | None = None
    """The earliest last day of any entry: the list is good until then."""
    approved_digest: str = ""
    bound_contract: str = ""
    """Embedding contract of the list that was approved."""
    approver: str = ""
    approved_at: dt.datetime | None = None
    signage_by: str = ""
    signage_at: dt.datetime | None = None
    briefing_by: str = ""
    briefing_at: dt.datetime | None = None
    list_destroyed_at: dt.datetime | None = None
    """When it was found that nothing is left of it, as with what follows."""
    alerts_purged_at: dt.datetime | None = None
    footage_purged_at: dt.datetime | None = None


class ApplicationRow(Row, table=True):
    """One revision of an application. Never changed."""

    __tablename__ = "application"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    revision: int = Field(primary_key=True)
    place: str
    footprint: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    use_case: str
    purpose: str
    sought: str
    necessity: str
    proportionality: str
    grounds: str
    threshold: float
    threshold_reason: str
    list_cap: int
    expected_faces: int
    cameras: str
    """Names, one a line."""
    watchlist_folder: str
    applied_by: str
    applied_at: dt.datetime


class AuthorityRow(Row, table=True):
    """A decision on a revision. A refused one may be followed by another revision, never by another decision."""

    __tablename__ = "authority"

    deployment: str = Field(primary_key=True, foreign_key="deployment.id")
    revision: int = Field(primary_key=True)
    granted: bool
    by: str
    rank: str
    at: dt.datetime
    reason: str
    false_alerts_one_in: int
    expected_false_alerts: float | None
    claim_not_shown: bool


class DeploymentStepRow(Row, table=True):
    """The timeline: what was done, when, by whom."""

    __tablename__ = "life_step"

    id: int | None = Field(default=None, primary_key=True)
    deployment: str = Field(foreign_key="deployment.id", index=True)
    revision: int
    step: str
    status: str
    """After it."""
    by: str
    at: dt.datetime
    note: str = ""


class CallRow(Row, table=True):
    """Somebody of a role is asked to act. Shown until answered."""

    __tablename__ = "call"
    __table_args__ = (Index(None, "deployment", "role"),)

    id: int | None = Field(default=None, primary_key=True)
    deployment: str = Field(foreign_key="deployment.id")
    role: str
    why: str
    at: dt.datetime
    answered_by: str = ""
    answered_at: dt.datetime | None = None


class ScheduledRunRow(Row, table=True):
    """A flow run that we made: the workflow server may have others, which are refused."""

    __tablename__ = "scheduled_run"

    key: str = Field(primary_key=True)
    """Its idempotency key: deployment, step, occasion, revision, attempt."""
    run_id: str = Field(default="", index=True)
    """At the workflow server; "" while it is being made."""
