"""What is still owed after a planned deployment: four obligations, independent of each other, each due and done.

The sweep records each as done when it finds it so, and the deployment is closed when all are, held footage apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.deployments.deadlines import read_due_at
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, FootageSegmentRow
from lfr_core.storage.tables.publication import PublishedRecordRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["Obligation", "ObligationKind", "closed_at", "read_obligations", "record_met_obligations"]

_ACTOR = SystemActor.FLOWS
LIST_WITHIN = timedelta(hours=24)
"""docs/domain.md W7: a list is destroyed at the close, and 24 hours after the end at the latest."""


class ObligationKind(StrEnum):
    """What a force owes the public after a deployment."""

    LIST_DESTROYED = "list destroyed"
    ALERTS_PURGED = "alerts deleted"
    RESULTS_PUBLISHED = "results published"
    FOOTAGE_PURGED = "footage deleted"


@dataclass(frozen=True, slots=True)
class Obligation:
    """One of the four, of one deployment. Times are aware."""

    owed: ObligationKind
    due_at: datetime | None
    """None: nothing fell due, or nothing is owed."""
    done_at: datetime | None
    held: int = 0
    """Segments of footage under a recorded hold."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is left, held items apart."""
        return self.done_at is not None

    def is_late(self, now: datetime) -> bool:
        """Return whether it is past due and not done, or was done late."""
        return self.due_at is not None and (self.done_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class _Left:
    """What is there of a deployment that is over."""

    list_rows: int
    alerts: int
    segments: int
    """Not purged, held ones apart."""
    held: int
    last_footage_due: datetime | None
    published_at: datetime | None


def read_obligations(session: Session, deployment: str, policy: Policy, *, now: datetime) -> tuple[Obligation, ...]:
    """Return the four, as they stand; none before the deployment has ended, and none for a trial.

    A cancelled one owes no results: they count as done when it was cancelled.
    """
    row, planned = session.get(DeploymentRow, deployment), session.get(PlannedDeploymentRow, deployment)
    if row is None or planned is None or row.ended_at is None:
        return ()
    left, ended_at = _left(session, deployment), row.ended_at
    opened = row.status == DeploymentStatus.ENDED
    results_due = read_due_at(session, deployment, ended_at, now, policy.publication) if opened else None
    alerts_due = ended_at + timedelta(hours=policy.alerts.retention_h) if opened else None
    return (
        Obligation(ObligationKind.LIST_DESTROYED, ended_at + LIST_WITHIN, planned.list_destroyed_at),
        Obligation(ObligationKind.ALERTS_PURGED, alerts_due, planned.alerts_purged_at),
        Obligation(ObligationKind.RESULTS_PUBLISHED, results_due, left.published_at if opened else ended_at),
        Obligation(ObligationKind.FOOTAGE_PURGED, left.last_footage_due, planned.footage_purged_at, held=left.held),
    )


def closed_at(obligations: tuple[Obligation, ...]) -> datetime | None:
    """Return when the last of them was done; None while one isn't, or before the end."""
    done = [each.done_at for each in obligations]
    if not obligations or any(at is None for at in done):
        return None
    return max(at for at in done if at is not None)


def record_met_obligations(engine: Engine, vault: Vault, trail: Trail, now: datetime) -> tuple[str, ...]:
    """Look what is left of each deployment that is over, and write down what is done; `DEPLOYMENT: WHAT` of each.

    When it was found so is on the audit trail: nobody has what was late have been in time.

    Raises:
        Retryable: database or vault are away.
    """
    with reading(engine) as session:
        waiting = session.exec(
            select(PlannedDeploymentRow.deployment)
            .join(DeploymentRow, col(DeploymentRow.id) == PlannedDeploymentRow.deployment)
            .where(col(DeploymentRow.ended_at).is_not(None))
            .where(
                col(PlannedDeploymentRow.list_destroyed_at).is_(None)
                | col(PlannedDeploymentRow.alerts_purged_at).is_(None)
                | col(PlannedDeploymentRow.footage_purged_at).is_(None)
            )
        ).all()
    keys = {info.deployment for info in vault.kept(KeyKind.WATCHLIST)} if waiting else set()
    alert_keys = {info.deployment for info in vault.kept(KeyKind.ALERT)} if waiting else set()
    if waiting:
        trail.prepare(_ACTOR)
    done: list[str] = []
    for deployment in waiting:
        with writing(engine) as session:
            planned, left = session.get_one(PlannedDeploymentRow, deployment), _left(session, deployment)
            met = []
            if planned.list_destroyed_at is None and not left.list_rows and deployment not in keys:
                planned.list_destroyed_at = now
                met.append(ObligationKind.LIST_DESTROYED)
            if planned.alerts_purged_at is None and not left.alerts and deployment not in alert_keys:
                planned.alerts_purged_at = now
                met.append(ObligationKind.ALERTS_PURGED)
            if planned.footage_purged_at is None and not left.segments:
                planned.footage_purged_at = now
                met.append(ObligationKind.FOOTAGE_PURGED)
            if met:
                session.add(planned)
                trail.append(session, _event(deployment, met))
            done += [f"{deployment}: {each}" for each in met]
    return tuple(done)


def _event(deployment: str, met: Sequence[ObligationKind]) -> AuditEvent:
    facts = {"met": ", ".join(met)}
    return AuditEvent(Verb.ALTER, _ACTOR, deployment, f"deployment:{deployment}", "deployment.obligation-met", facts)


def _left(session: Session, deployment: str) -> _Left:
    def count(row: type[WatchlistEntryRow | WatchlistReferenceRow | AlertRow]) -> int:
        return session.exec(select(func.count()).select_from(row).where(row.deployment == deployment)).one()

    of = FootageSegmentRow.deployment == deployment
    there = session.exec(select(FootageSegmentRow.id).where(of).where(col(FootageSegmentRow.purged_ns).is_(None))).all()
    held = session.exec(
        select(func.count(func.distinct(FootageSegmentRow.id)))
        .join(FootageHoldSegmentRow, col(FootageHoldSegmentRow.segment) == FootageSegmentRow.id)
        .join(FootageHoldRow, col(FootageHoldRow.id) == FootageHoldSegmentRow.hold)
        .where(of, col(FootageSegmentRow.purged_ns).is_(None), col(FootageHoldRow.released_at).is_(None))
    ).one()
    last_due = session.exec(
        select(FootageSegmentRow.due_ns).where(of).order_by(col(FootageSegmentRow.due_ns).desc())
    ).first()
    published = select(PublishedRecordRow.published_at).where(
        PublishedRecordRow.deployment == deployment, PublishedRecordRow.revision == 1
    )
    return _Left(
        list_rows=count(WatchlistEntryRow) + count(WatchlistReferenceRow),
        alerts=count(AlertRow),
        segments=len(there) - held,
        held=held,
        last_footage_due=None if last_due is None else utc_from_ns(last_due),
        published_at=session.exec(published).first(),
    )
