"""Deployments as people look at them, and their totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, union_all
from sqlmodel import Session, col, func, select

from lfr_core.alerts.read._cameras import frame_counts
from lfr_core.deployments.views import view_of
from lfr_core.domain.alerts import Cell, Decision, Engagement, Judgement, Review, published_cell
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.messages import DeadLetter
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.stream import (
    CameraSessionRow,
    DeadLetterCountRow,
    DeadLetterRow,
    StageTimeRow,
)

__all__ = [
    "AlertTally",
    "DeploymentCounts",
    "DeploymentSummary",
    "RefusedRecords",
    "StageFigures",
    "count_waiting",
    "counts",
    "dead_letters",
    "deployment",
    "deployments",
    "refused_records",
    "stages",
]


@dataclass(frozen=True, slots=True)
class DeploymentSummary:
    """A deployment with what a person wants to know of it."""

    view: DeploymentView
    name: str
    watchlist_size: int
    """Entries, test subjects not counted."""
    blue_list_size: int
    created_at: datetime
    opened_at: datetime | None
    closes_at: datetime | None
    """End of its hours."""
    suspended_why: str
    ended_at: datetime | None
    opens_at: datetime | None = None
    """Start of its hours."""


@dataclass(frozen=True, slots=True)
class AlertTally:
    """Alerts by what people answered."""

    total: int
    undecided: int
    judgements: Mapping[Judgement, int]
    engagements: Mapping[Engagement, int]
    cells: Mapping[Cell, int]


@dataclass(frozen=True, slots=True)
class DeploymentCounts:
    """Totals. Test subjects never count among the alerts: they are apart in `blue_list`."""

    frames: FrameCounts
    faces: int
    """Detections: one a face and frame."""
    tracks_started: int
    """Faces seen, as published (docs/design.md#a-decision): one a track, however many frames it has."""
    faces_compared: int
    """Tracks that gave a comparable template: what rates are of."""
    alerts: AlertTally
    blue_list: AlertTally


@dataclass(frozen=True, slots=True)
class StageFigures:
    """Time spent in a stage of the way of a frame."""

    stage: str
    calls: int
    total_ms: float

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.calls if self.calls else 0.0


def deployments(engine: Engine) -> tuple[DeploymentSummary, ...]:
    """Read all deployments, the newest first."""
    with reading(engine) as session:
        rows = session.exec(select(DeploymentRow).order_by(col(DeploymentRow.created_at).desc(), DeploymentRow.id))
        return tuple(_summary(row) for row in rows)


def deployment(engine: Engine, id: str) -> DeploymentSummary | None:
    """Read one deployment; None if there is no such."""
    with reading(engine) as session:
        row = session.get(DeploymentRow, id)
        return None if row is None else _summary(row)


def counts(engine: Engine, deployment: str) -> DeploymentCounts:
    """Read the deployment's totals; zeros for one that has seen nothing."""
    with reading(engine) as session:
        rows = session.exec(select(CameraSessionRow).where(CameraSessionRow.deployment == deployment)).all()
        answers = _answers(session, deployment)
    return DeploymentCounts(
        frames=frame_counts(rows),
        faces=sum(row.faces for row in rows),
        tracks_started=sum(row.tracks_started for row in rows),
        faces_compared=sum(row.tracks_compared for row in rows),
        alerts=_tally([decision for category, decision in answers if not category.is_test_subject]),
        blue_list=_tally([decision for category, decision in answers if category.is_test_subject]),
    )


def count_waiting(engine: Engine, deployment: str) -> int:
    """Count the alerts that a person can judge now, test subjects among them: neither judged nor deleted."""
    standing = select(func.count()).where(AlertRow.deployment == deployment, col(AlertRow.canary).is_(False))
    with reading(engine) as session:
        return session.exec(standing.where(col(AlertRow.judgement).is_(None))).one()


def stages(engine: Engine, deployment: str) -> tuple[StageFigures, ...]:
    """Read the stages by name."""
    with reading(engine) as session:
        rows = session.exec(
            select(StageTimeRow).where(StageTimeRow.deployment == deployment).order_by(StageTimeRow.stage)
        )
        return tuple(StageFigures(row.stage, row.calls, row.total_ms) for row in rows)


def dead_letters(engine: Engine, *, limit: int = 200) -> tuple[DeadLetter, ...]:
    """Read what could not be processed, of all deployments, the newest first."""
    with reading(engine) as session:
        rows = session.exec(select(DeadLetterRow).order_by(col(DeadLetterRow.at_ns).desc()).limit(limit))
        return tuple(DeadLetter.model_validate(row.model_dump(exclude={"id"})) for row in rows)


@dataclass(frozen=True, slots=True)
class RefusedRecords:
    """Records of one camera that could not be processed."""

    camera: str
    """The key they were sent under; empty for all others, where an hour had too many names."""
    count: int
    reason: str
    """Of the last of them."""
    last_ns: int
    unauthentic: int = 0
    """How many of them nobody of this installation sent, or were changed on their way."""


def refused_records(engine: Engine, *, now_ns: int, hours: int = 24) -> tuple[RefusedRecords, ...]:
    """Read who sent what nobody could process in the last hours, the most first."""
    statement = (
        select(DeadLetterCountRow)
        .where(col(DeadLetterCountRow.hour) > now_ns // (3_600 * 10**9) - hours)
        .order_by(col(DeadLetterCountRow.last_ns))
    )
    found: dict[str, RefusedRecords] = {}
    with reading(engine) as session:
        for row in session.exec(statement):
            before = found.get(row.camera, RefusedRecords("", 0, "", 0))
            count, unauthentic = before.count + row.letters, before.unauthentic + row.unauthentic
            found[row.camera] = RefusedRecords(row.camera, count, row.reason, row.last_ns, unauthentic)
    return tuple(sorted(found.values(), key=lambda each: -each.count))


def _answers(session: Session, deployment: str) -> list[tuple[Category, Decision]]:
    """Read category and answers of each alert that stands and each deleted one's stub, so figures never change."""
    standing = (
        select(AlertRow.category, AlertRow.judgement, AlertRow.engagement, AlertRow.review)
        .where(AlertRow.deployment == deployment)
        .where(col(AlertRow.canary).is_(False))
    )
    stubs = select(AlertStubRow.category, AlertStubRow.judgement, AlertStubRow.engagement, AlertStubRow.review).where(
        AlertStubRow.deployment == deployment
    )
    # One statement: between two, PostgreSQL could show an alert that expires in both tables or in neither.
    found = session.execute(union_all(standing, stubs)).all()
    return [
        (
            Category(category),
            Decision(
                None if judgement is None else Judgement(judgement),
                None if engagement is None else Engagement(engagement),
                None if review is None else Review(review),
            ),
        )
        for category, judgement, engagement, review in found
    ]


def _tally(decisions: Sequence[Decision]) -> AlertTally:
    return AlertTally(
        total=len(decisions),
        undecided=sum(d.judgement is None for d in decisions),
        judgements=Counter(d.judgement for d in decisions if d.judgement is not None),
        engagements=Counter(d.engagement for d in decisions if d.engagement is not None),
        cells=Counter(published_cell(d) for d in decisions),
    )


def _summary(row: DeploymentRow) -> DeploymentSummary:
    return DeploymentSummary(
        view=view_of(row),
        name=row.name,
        watchlist_size=row.watchlist_size,
        blue_list_size=row.blue_list_size,
        created_at=row.created_at,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        suspended_why=row.suspended_why,
        ended_at=row.ended_at,
        opens_at=row.opens_at,
    )
