"""Requests to withhold an announcement, as they are kept: what one person has asked for and nobody has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from lfr_core.deployments.announcement_terms import Plan, ReasonClass, planned_of
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.steps import Step, rules_for
from lfr_core.domain.approvals import request_digest
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import WithholdingRequestRow

__all__ = ["WithholdingRequest", "read_newest_request", "read_pending", "read_pending_row", "request_of"]


@dataclass(frozen=True, slots=True)
class WithholdingRequest:
    """What one person asks for. Until an authorising officer approves, nothing is withheld."""

    deployment: str
    number: int
    plan: Plan
    because: ReasonClass
    asked_by: str
    asked_at: datetime

    @property
    def name(self) -> str:
        """Its number, and the digest of what is asked for: who approves says it."""
        of = self.plan
        hours = of.starts_at.astimezone(UTC), of.ends_at.astimezone(UTC)
        facts = (self.deployment, of.place, *hours, of.purpose, of.use_case.value, self.because.value)
        return f"{self.number}-{request_digest(self.number, *facts, self.asked_by, self.asked_at.astimezone(UTC))}"

    @property
    def words(self) -> str:
        """For people."""
        return (
            f"{self.asked_by} asks that its notice be withheld, because: {self.because.value} "
            f"({self.plan.place}, {_hours(self.plan)}, {self.plan.purpose}). "
            "Another person, an authorising officer, approves or refuses that"
        )


def read_newest_request(session: Session, deployment: str) -> WithholdingRequestRow | None:
    """Return the last request, answered or not."""
    query = select(WithholdingRequestRow).where(WithholdingRequestRow.deployment == deployment)
    return session.exec(query.order_by(col(WithholdingRequestRow.number).desc())).first()


def read_pending_row(session: Session, of: DeploymentRow) -> WithholdingRequestRow | None:
    """Return the request that waits for an officer: about the newest revision of its application, where it has one."""
    row = read_newest_request(session, of.id)
    if row is None or row.answered_at is not None or _is_too_late(of):
        return None
    made = read_application(session, of.id)
    if made is not None and (made.applied_at > row.asked_at or planned_of(made) != request_of(row).plan):
        return None
    return row


def _is_too_late(of: DeploymentRow) -> bool:
    """Return whether its lifecycle has such a step, and is over."""
    return Step.WITHHOLD in rules_for(of) and DeploymentStatus(of.status).is_over


def read_pending(session: Session, of: DeploymentRow) -> WithholdingRequest | None:
    """Return what `read_pending_row` finds, as a value."""
    row = read_pending_row(session, of)
    return None if row is None else request_of(row)


def request_of(row: WithholdingRequestRow) -> WithholdingRequest:
    """Make the value of a row."""
    return WithholdingRequest(
        deployment=row.deployment,
        number=row.number,
        plan=Plan(row.place, row.starts_at, row.ends_at, row.purpose, UseCase(row.use_case)),
        because=ReasonClass(row.because),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
    )


def _hours(plan: Plan) -> str:
    return f"{plan.starts_at.astimezone(LONDON):%Y-%m-%d %H:%M} to {plan.ends_at.astimezone(LONDON):%H:%M}"
