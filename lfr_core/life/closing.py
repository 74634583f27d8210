"""The closing report: what was forecast beside what came of it, and what became of the data. Counts and times only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lfr_core.alerts import Cell
from lfr_core.clock import utc_from_ns
from lfr_core.erasure.keys import destroyed_kept_keys
from lfr_core.errors import Refused
from lfr_core.footage.tables import FootageSegmentRow
from lfr_core.life.application import Application, Authority
from lfr_core.life.reading import application_of, authority_of
from lfr_core.policy import Policy
from lfr_core.publication.deadlines import due_at_of
from lfr_core.publication.rates import upper_bound
from lfr_core.publication.tables import PublishedRecordRow
from lfr_core.records import read
from lfr_core.records.engine import reading
from lfr_core.records.tables import AlertRow, DeploymentRow
from lfr_core.vault.port import KeyKind

__all__ = ["ClosingReport", "Obligation", "Outcome", "closing_report", "closing_report_file", "obligations_of"]

_LIST_H = 24
"""DOMAIN.md W7: the list is destroyed within a day of the end."""
_FALSE = (Cell.FALSE_CONFIRMED, Cell.FALSE_UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What has to be done after the end. Times are aware; `done_at`: None if not done or not known when."""

    what: str
    due_at: datetime
    done: bool
    done_at: datetime | None
    left: int = 0
    """Things still there, where they can be counted."""

    def stands(self, now: datetime) -> str:
        """In a few words."""
        if self.done:
            return "done" if self.done_at is None else f"done {self.done_at:%Y-%m-%d %H:%M} UTC"
        still = f"{self.left} still there, " if self.left else ""
        return f"{still}OVERDUE" if now > self.due_at else f"{still}not due yet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; test subjects are left out everywhere."""

    opened_at: datetime | None
    ended_at: datetime
    list_size: int
    faces_compared: int
    alerts: int
    false_alerts: int
    """As published: an alert that nobody decided counts as false."""
    undecided: int


@dataclass(frozen=True, slots=True)
class ClosingReport:
    """Forecast against outcome. Made at `made_at`, aware."""

    deployment: str
    name: str
    made_at: datetime
    application: Application
    authority: Authority
    outcome: Outcome
    obligations: tuple[Obligation, ...]

    @property
    def within_limit(self) -> bool:
        """Whether there were no more false alerts than the authority allows in so many faces; none is always within."""
        false = self.outcome.false_alerts
        return not false or false * self.authority.false_alerts_one_in <= self.outcome.faces_compared

    @property
    def limit_shown(self) -> bool:
        """Whether the faces are enough to show it: the one-sided 95 % bound of the rate is within the limit (F10)."""
        faces, false = self.outcome.faces_compared, self.outcome.false_alerts
        return faces > 0 and false <= faces and upper_bound(false, faces) <= 1 / self.authority.false_alerts_one_in

    @property
    def verdict(self) -> str:
        """One sentence on the limit."""
        one_in = f"1 in {self.authority.false_alerts_one_in:,}"
        if not self.within_limit:
            return f"More false alerts than the authority's {one_in}."
        if self.limit_shown:
            return f"Within the authority's {one_in}, and the faces are enough to show it."
        return f"Within the authority's {one_in}; {self.outcome.faces_compared:,} faces are too few to show it."


def closing_report(engine: Engine, deployment: str, policy: Policy, now: datetime) -> ClosingReport:
    """The report of a planned deployment that has ended, as of `now`, aware.

    Raises:
        Refused: `deployment.unknown`, `life.trial` (it has no authority to report on), `record.not-ended`.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        made, given = application_of(session, deployment), authority_of(session, deployment)
        if made is None or given is None:
            raise Refused("life.trial", f"{deployment} has no authority: there is nothing to report on")
        if row.ended_at is None:
            raise Refused("record.not-ended", f"deployment {deployment} hasn't ended: its report comes then")
        ended_at = row.ended_at
        rest = _obligations(session, row, ended_at, policy, now)
    tally = read.counts(engine, deployment)
    return ClosingReport(
        deployment=deployment,
        name=row.name,
        made_at=now,
        application=made,
        authority=given,
        outcome=Outcome(
            opened_at=row.opened_at,
            ended_at=ended_at,
            list_size=row.watchlist_size,
            faces_compared=tally.faces_compared,
            alerts=tally.alerts.total,
            false_alerts=sum(tally.alerts.cells.get(cell, 0) for cell in _FALSE),
            undecided=tally.alerts.undecided,
        ),
        obligations=(_list_destroyed(engine, row, ended_at), *rest),
    )


def obligations_of(engine: Engine, deployment: str, policy: Policy, now: datetime) -> tuple[Obligation, ...]:
    """The four of a deployment that has ended: list, alerts, results, footage. Raises as `closing_report`."""
    return closing_report(engine, deployment, policy, now).obligations


def closing_report_file(home: Path, deployment: str) -> Path:
    """Where the paper of the closing report is kept."""
    return home / "reports" / deployment / "closing-report.html"


def _list_destroyed(engine: Engine, row: DeploymentRow, ended_at: datetime) -> Obligation:
    """By the newest key of its list that the audit trail has as destroyed. One that never had a list has none."""
    gone = [key.destroyed_ns for key in destroyed_kept_keys(engine, row.id) if key.kind == KeyKind.WATCHLIST.value] or (
        [] if row.gallery else [round(ended_at.timestamp() * 1e9)]
    )
    done_at = utc_from_ns(max(gone)) if gone else None
    return Obligation("watchlist destroyed", ended_at + timedelta(hours=_LIST_H), bool(gone), done_at)


def _obligations(
    session: Session, row: DeploymentRow, ended_at: datetime, policy: Policy, now: datetime
) -> tuple[Obligation, ...]:
    alerts = session.exec(select(func.count()).select_from(AlertRow).where(AlertRow.deployment == row.id)).one()
    alerts_due = ended_at + timedelta(hours=policy.alerts.retention_h)
    segments = session.exec(
        select(func.count(), func.max(FootageSegmentRow.due_ns))
        .where(FootageSegmentRow.deployment == row.id)
        .where(col(FootageSegmentRow.purged_ns).is_(None))
    ).one()
    purged_ns = session.exec(
        select(func.max(FootageSegmentRow.purged_ns)).where(FootageSegmentRow.deployment == row.id)
    ).one()
    footage_due = ended_at + timedelta(days=policy.footage.retention_days)
    published = session.exec(
        select(func.min(PublishedRecordRow.published_at)).where(PublishedRecordRow.deployment == row.id)
    ).one()
    last_due = utc_from_ns(segments[1]) if segments[1] else footage_due
    last_gone = utc_from_ns(purged_ns) if purged_ns else ended_at
    results_due = due_at_of(session, row.id, ended_at, now, policy.publication)
    results = (Obligation("results published", results_due, published is not None, published),)
    return (
        Obligation("alerts deleted", alerts_due, not alerts, None, alerts),
        *(results if row.opened_at is not None else ()),
        Obligation("footage destroyed", last_due, not segments[0], None if segments[0] else last_gone, segments[0]),
    )
