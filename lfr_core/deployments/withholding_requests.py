"""Requests to withhold an announcement, as they are kept: what one person has asked for and nobody has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from lfr_core.deployments.announcement_terms import Plan, ReasonClass
from lfr_core.deployments.reading import read_application
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import WithholdingRequestRow

__all__ = ["WithholdingRequest", "newest_request", "pending_row", "read_pending", "request_of"]


@dataclass(frozen=True, slots=True)
class WithholdingRequest:
    """What one person asks for. Until an authorising officer approves, nothing is withheld."""

    deployment: str
    plan: Plan
    because: ReasonClass
    asked_by: str
    asked_at: datetime

    @property
    def words(self) -> str:
        """For people."""
        return (
            f"{self.asked_by} asks that its notice be withheld, because: {self.because.value}. "
            "Another person, an authorising officer, approves or refuses that"
        )


def newest_request(session: Session, deployment: str) -> WithholdingRequestRow | None:
    """The last request, answered or not."""
    query = select(WithholdingRequestRow).where(WithholdingRequestRow.deployment == deployment)
    return session.exec(query.order_by(col(WithholdingRequestRow.number).desc())).first()


def pending_row(session: Session, of: DeploymentRow) -> WithholdingRequestRow | None:
    """The request that waits for an officer: for the place and hours as they are planned now, if they are."""
    row = newest_request(session, of.id)
    if row is None or row.answered_at is not None or (of.planned and DeploymentStatus(of.status).is_over):
        return None
    made = read_application(session, of.id) if of.planned else None
    if made is not None and (row.place, row.starts_at, row.ends_at) != (made.place, made.starts_at, made.ends_at):
        return None
    return row


def read_pending(session: Session, of: DeploymentRow) -> WithholdingRequest | None:
    """The same as a value."""
    row = pending_row(session, of)
    return None if row is None else request_of(row)


def request_of(row: WithholdingRequestRow) -> WithholdingRequest:
    """Make the value of a row."""
    return WithholdingRequest(
        deployment=row.deployment,
        plan=Plan(row.place, row.starts_at, row.ends_at, row.purpose, UseCase(row.use_case)),
        because=ReasonClass(row.because),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
    )
