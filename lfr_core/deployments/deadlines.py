"""Whose results are due when, which are late, and which of those nobody has explained.

A deadline follows the calendar (`workdays`) until it has passed. A bank holiday added later moves only those that still
run: what has passed stays as it was kept, so that nobody is on time by an afterthought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from lfr_core.domain.deployments import DeploymentKind, lifecycle_of
from lfr_core.domain.policy import Policy, PublicationPolicy
from lfr_core.domain.working_days import LONDON, Deadline, WorkingDays
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import PublishedRecordRow, ResultsRow

__all__ = [
    "ResultsDue",
    "ResultsSchedule",
    "ResultsStatus",
    "compute_results_schedule",
    "find_overdue_unexplained",
    "keep_deadlines",
    "read_due_at",
    "results_due",
]


class ResultsStatus(StrEnum):
    """How a deployment's results stand."""

    RUNNING = "not due yet"
    REMINDER = "due soon"
    OVERDUE = "overdue"
    PUBLISHED = "published"
    LATE = "published, unexplained"
    """Nobody published in time by themselves, and nobody has said why."""


@dataclass(frozen=True, slots=True)
class ResultsSchedule:
    """When the flow `publish_results` has something to do for one deployment. All aware UTC."""

    remind_at: datetime
    unattended_at: datetime
    """From now on it publishes by itself; a while before the deadline, so that the record is in time."""
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ResultsDue:
    """One ended deployment. Times are aware."""

    deployment: str
    kind: DeploymentKind
    owed: bool
    """Whether new authorities wait for it: operational deployments, and evaluations that took a live camera."""
    ended_at: datetime
    schedule: ResultsSchedule
    published_at: datetime | None
    stands: ResultsStatus
    late_at: datetime | None
    late_because: str
    """For the public."""
    late_detail: str
    """For staff."""
    explanation: str
    explained_at: datetime | None

    @property
    def locks(self) -> bool:
        """Whether new authorities wait until this one is explained."""
        return self.owed and self.stands in {ResultsStatus.OVERDUE, ResultsStatus.LATE} and self.explained_at is None


def compute_results_schedule(ended_at: datetime, policy: PublicationPolicy) -> ResultsSchedule:
    """Compute the schedule by today's calendar, for the schedule of flows. Raises Poison for a naive `ended_at`."""
    deadline = Deadline.of(ended_at, WorkingDays(policy.extra_bank_holidays), policy)
    remind_at = datetime.combine(deadline.remind_on, time(), tzinfo=LONDON)
    return _moments(remind_at, deadline.due_at, policy)


def results_due(session: Session, now: datetime, policy: PublicationPolicy) -> tuple[ResultsDue, ...]:
    """Return every deployment that opened and ended, the earliest deadline first. `now` is aware."""
    kept = {row.deployment: row for row in session.exec(select(ResultsRow))}
    first = {
        row.deployment: row.published_at
        for row in session.exec(select(PublishedRecordRow).where(PublishedRecordRow.revision == 1))
    }
    found = [
        _due(row, row.ended_at, kept.get(row.id), first.get(row.id), now, policy)
        for row in _ended(session)
        if row.ended_at is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.schedule.due_at, one.deployment)))


def find_overdue_unexplained(session: Session, now: datetime, policy: Policy) -> tuple[str, ...]:
    """Return the deployments for whose late results nobody has given an explanation: no new authority until then."""
    return tuple(one.deployment for one in results_due(session, now, policy.publication) if one.locks)


def read_due_at(
    session: Session, deployment: str, ended_at: datetime, now: datetime, policy: PublicationPolicy
) -> datetime:
    """Return one deadline: as kept if it has passed, else by today's calendar."""
    schedule = compute_results_schedule(ended_at, policy)
    return _passed_or(session.get(ResultsRow, deployment), schedule, now, policy).due_at


def keep_deadlines(session: Session, now: datetime, policy: PublicationPolicy) -> tuple[str, ...]:
    """Write down each deadline that still runs, so that no later calendar moves it afterwards.

    Returns:
        The deployments whose deadline is new, or moved: the caller writes an entry for each.
    """
    changed = []
    for row in _ended(session):
        if row.ended_at is None:
            continue
        kept, due_at = session.get(ResultsRow, row.id), compute_results_schedule(row.ended_at, policy).due_at
        if kept is None:
            session.add(ResultsRow(deployment=row.id, due_at=due_at))
        elif kept.due_at > now and kept.due_at != due_at:
            kept.due_at = due_at
            session.add(kept)
        else:
            continue
        changed.append(row.id)
    return tuple(changed)


def _ended(session: Session) -> Iterable[DeploymentRow]:
    query = select(DeploymentRow).where(col(DeploymentRow.opened_at).is_not(None))
    return session.exec(query.where(col(DeploymentRow.ended_at).is_not(None)).order_by(DeploymentRow.id)).all()


def _due(
    row: DeploymentRow,
    ended_at: datetime,
    kept: ResultsRow | None,
    published_at: datetime | None,
    now: datetime,
    policy: PublicationPolicy,
) -> ResultsDue:
    kind = DeploymentKind(row.kind)
    at = _passed_or(kept, compute_results_schedule(ended_at, policy), now, policy)
    noticed = kept is not None and kept.late_at is not None
    explained_at = kept.explained_at if kept else None
    if published_at is not None:
        stands = ResultsStatus.LATE if noticed and explained_at is None else ResultsStatus.PUBLISHED
    elif now >= at.due_at or noticed:
        stands = ResultsStatus.OVERDUE
    else:
        stands = ResultsStatus.REMINDER if now >= at.remind_at else ResultsStatus.RUNNING
    return ResultsDue(
        deployment=row.id,
        kind=kind,
        owed=kind is DeploymentKind.OPERATIONAL
        or (lifecycle_of(planned=row.planned).has_authority and kind is DeploymentKind.EVALUATION),
        ended_at=ended_at,
        schedule=at,
        published_at=published_at,
        stands=stands,
        late_at=kept.late_at if kept else None,
        late_because=kept.late_because if kept else "",
        late_detail=kept.late_detail if kept else "",
        explanation=kept.explanation if kept else "",
        explained_at=explained_at,
    )


def _passed_or(
    kept: ResultsRow | None, at: ResultsSchedule, now: datetime, policy: PublicationPolicy
) -> ResultsSchedule:
    if kept is None or kept.due_at > now or kept.due_at == at.due_at:
        return at
    return _moments(min(at.remind_at, kept.due_at), kept.due_at, policy)


def _moments(remind_at: datetime, due_at: datetime, policy: PublicationPolicy) -> ResultsSchedule:
    before = timedelta(minutes=policy.unattended_before_due_min)
    return ResultsSchedule(remind_at.astimezone(due_at.tzinfo), due_at - before, due_at)
