"""Planned deployments as they are kept, as values. Each is read in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.custody.people.consultations import STAFF, Consultations
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Rank, Role
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.state_machine import DeploymentState
from lfr_core.deployments.steps import Step, rules_for
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import (
    ApplicationRow,
    AuthorityRow,
    CallRow,
    DeploymentRow,
    DeploymentStepRow,
    PlannedDeploymentRow,
)
from lfr_core.storage.tables.publication import AnnouncementRow, PublishedRecordRow

__all__ = [
    "Call",
    "TimelineEntry",
    "answer_calls",
    "call",
    "call_at_newest",
    "open_calls",
    "read_application",
    "read_authority",
    "read_state",
    "show_timeline",
    "timeline",
]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step that was taken."""

    at: datetime
    step: str
    status: str
    """After it."""
    by: str
    revision: int
    note: str


@dataclass(frozen=True, slots=True)
class Call:
    """A role is asked to act."""

    id: int
    deployment: str
    role: Role
    why: str
    at: datetime


def read_application(session: Session, deployment: str) -> Application | None:
    """Return the newest revision, or None."""
    query = select(ApplicationRow).where(ApplicationRow.deployment == deployment)
    row = session.exec(query.order_by(col(ApplicationRow.revision).desc())).first()
    if row is None:
        return None
    return Application(
        **(row.model_dump() | {"use_case": UseCase(row.use_case), "cameras": tuple(row.cameras.split("\n"))})
    )


def read_authority(session: Session, deployment: str) -> Authority | None:
    """Return the decision on the newest revision of the application, or None while there is none."""
    made = read_application(session, deployment)
    row = None if made is None else session.get(AuthorityRow, (deployment, made.revision))
    return None if row is None else Authority(**(row.model_dump() | {"rank": Rank(row.rank)}))


_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""The hours of a trial: it may be opened at any time."""


def read_state(session: Session, row: DeploymentRow) -> DeploymentState | None:
    """Return where a deployment stands; None where one that is planned has no application, which is damage."""
    if Step.PLAN not in (rules := rules_for(row)):
        return DeploymentState(row.id, DeploymentStatus(row.status), 0, "", _EVER[0], _EVER[1], rules=rules)
    kept, made = session.get(PlannedDeploymentRow, row.id), read_application(session, row.id)
    if kept is None or made is None:
        return None
    return DeploymentState(
        deployment=row.id,
        status=DeploymentStatus(row.status),
        revision=kept.revision,
        planner=kept.planner,
        starts_at=made.starts_at,
        ends_at=row.closes_at or made.ends_at,
        officer=kept.officer,
        compiler=kept.compiler,
        list_digest=kept.list_digest,
        approved_digest=kept.approved_digest,
        approver=kept.approver,
        announced=_is_announced(session, made),
        signage=kept.signage_at is not None,
        briefing=kept.briefing_at is not None,
    )


def _is_announced(session: Session, made: Application) -> bool:
    """Return whether its newest announcement, or withholding, is for these hours."""
    query = select(AnnouncementRow).where(AnnouncementRow.deployment == made.deployment)
    newest = session.exec(query.order_by(col(AnnouncementRow.revision).desc())).first()
    return newest is not None and (newest.starts_at, newest.ends_at) == (made.starts_at, made.ends_at)


def timeline(engine: Engine, deployment: str) -> tuple[TimelineEntry, ...]:
    """Return what was done, in order; results are published last. Raises Retryable when the records are away."""
    with reading(engine) as session:
        rows = session.exec(
            select(DeploymentStepRow)
            .where(DeploymentStepRow.deployment == deployment)
            .order_by(col(DeploymentStepRow.id))
        )
        steps = tuple(TimelineEntry(row.at, row.step, row.status, row.by, row.revision, row.note) for row in rows)
        published = session.exec(
            select(PublishedRecordRow)
            .where(PublishedRecordRow.deployment == deployment)
            .order_by(col(PublishedRecordRow.revision))
        ).all()
    if not steps:
        return ()  # a trial has no timeline
    then = steps[-1]
    return *steps, *(
        TimelineEntry(
            row.published_at,
            "results-published" if row.revision == 1 else "results-corrected",
            then.status,
            row.published_by,
            then.revision,
            row.reason,
        )
        for row in published
    )


def show_timeline(looks: Consultations, deployment: str, *, by: AuthenticatedPerson) -> tuple[TimelineEntry, ...]:
    """Return what was done, for somebody of the force, and that they looked on the trail.

    Raises:
        Refused: `people.*`.
        Retryable: the records or the vault are away.
    """
    with reading(looks.engine) as session:
        person = acting(session, by, STAFF)
    found = timeline(looks.engine, deployment)
    if found:
        looks.note(person, "deployment.timeline-shown", deployment=deployment)
    return found


def call(session: Session, *, role: Role, deployment: str, why: str, now: datetime) -> None:
    """Write a call for `role`; the same one that isn't answered yet isn't repeated."""
    same = select(CallRow.id).where(CallRow.deployment == deployment, CallRow.role == role.value, CallRow.why == why)
    if session.exec(same.where(col(CallRow.answered_at).is_(None))).first() is None:
        session.add(CallRow(deployment=deployment, role=role.value, why=why, at=now))


def call_at_newest(session: Session, roles: Iterable[Role], why: str, *, now: datetime) -> None:
    """Call `roles` about the platform: shown at the newest deployment; where there is none, there is no call."""
    newest = session.exec(select(DeploymentRow.id).order_by(col(DeploymentRow.created_at).desc())).first()
    for role in roles if newest else ():
        call(session, role=role, deployment=newest or "", why=why, now=now)


def answer_calls(session: Session, deployment: str, role: Role, *, by: str, now: datetime) -> None:
    """Note that whoever has acted has answered the calls for that role."""
    query = select(CallRow).where(CallRow.deployment == deployment, CallRow.role == role.value)
    for row in session.exec(query.where(col(CallRow.answered_at).is_(None))):
        row.answered_by, row.answered_at = by, now
        session.add(row)


def open_calls(engine: Engine, roles: frozenset[Role] = frozenset(Role)) -> tuple[Call, ...]:
    """Return the calls for these roles that nobody has answered, the oldest first.

    Raises Retryable when the records are away.
    """
    with reading(engine) as session:
        rows = session.exec(select(CallRow).where(col(CallRow.answered_at).is_(None)).order_by(col(CallRow.id)))
        return tuple(
            Call(row.id or 0, row.deployment, Role(row.role), row.why, row.at)
            for row in rows
            if Role(row.role) in roles
        )
