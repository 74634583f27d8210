"""Alerts as people look at them: an operator who has signed on to their deployment, and nobody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import QueryableAttribute, defer
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from lfr_core.alerts.answers import decision_of
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.people.sign_on import signed_on
from lfr_core.domain.alerts import Cell, Decision, published_cell
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow

__all__ = [
    "LISTED",
    "PROBE",
    "SHOWN",
    "AlertSummary",
    "Answer",
    "alert",
    "alerts",
    "alerts_in",
    "alerts_starting",
    "summary_of",
]


PROBE = cast("QueryableAttribute[bytes]", AlertRow.probe_sealed)  # what SQLModel's class attribute is
"""What is read only where pictures are opened."""
LISTED: Final = "alert.listed"
SHOWN: Final = "alert.shown"
"""Under what a look stands on the trail."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered a question, and when (aware UTC)."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertSummary:
    """An alert; its pictures are opened apart. Times in nanoseconds since the epoch."""

    id: UUID
    deployment: str
    camera: str
    entry: str
    subject: str
    category: Category
    legal_reference: str
    opened_ns: int
    first_ns: int
    last_ns: int
    first_session: str
    first_sequence: int
    last_session: str
    last_sequence: int
    similarity: float
    """The best of its sightings until a person compared them, cosine."""
    threshold: float
    sightings: int
    decision: Decision
    judged: Answer | None
    engaged: Answer | None
    reviewed: Answer | None
    resulted: Answer | None = None
    """Who recorded the outcome."""
    minutes: float | None = None
    age: int | None = None
    """Whole years, as the list gives it; None where it gives none."""

    @property
    def cell(self) -> Cell:
        """The published cell it counts in as things stand."""
        return published_cell(self.decision)

    @property
    def undecided(self) -> bool:
        """Nobody has compared the pair yet."""
        return self.decision.judgement is None


def alerts(
    looks: Consultations,
    deployment: str,
    *,
    by: AuthenticatedPerson,
    now_ns: int,
    limit: int = 200,
    undecided_only: bool = False,
    judged: bool | None = None,
) -> tuple[AlertSummary, ...]:
    """Read a deployment's alerts, the newest first; their pictures are `lfr_core.alerts.read.crops`'.

    Args:
        looks: of the records; puts this one on the trail.
        deployment: its id.
        by: who looks: an operator who has signed on to it.
        now_ns: wall time.
        limit: at most so many.
        undecided_only: only those nobody has compared.
        judged: only those a person has compared, or only those nobody has yet; None for both.

    Raises:
        Refused: as `lfr_core.custody.people.sign_on.signed_on`.
    """
    with reading(looks.engine) as session:
        person = signed_on(session, deployment, by, utc_from_ns(now_ns))
        found = alerts_in(session, deployment, limit=limit, undecided_only=undecided_only, judged=judged)
    looks.note(person, LISTED, deployment=deployment)
    return found


def alerts_in(
    session: Session, deployment: str, *, limit: int = 200, undecided_only: bool = False, judged: bool | None = None
) -> tuple[AlertSummary, ...]:
    """Read as `alerts` does, for whoever has seen to it that nobody is shown what isn't for them."""
    wanted = _newest(deployment, limit, undecided_only=undecided_only or judged is False)
    if judged:
        wanted = wanted.where(col(AlertRow.judgement).is_not(None))
    return tuple(summary_of(row) for row in session.exec(wanted.options(defer(PROBE, raiseload=True))))


@dataclass(frozen=True, slots=True)
class ConsoleAlerts:
    """What one look at the alerts of a deployment found, for an operator's screen."""

    waiting: tuple[AlertSummary, ...]
    judged: tuple[AlertSummary, ...]
    also: Mapping[UUID, AlertSummary]
    """Those that were asked for by their id; one that isn't here is no longer."""

    def find(self, id: UUID) -> AlertSummary | None:
        """Return one of them."""
        return self.also.get(id) or next((each for each in (*self.waiting, *self.judged) if each.id == id), None)


def console_alerts(
    looks: Consultations,
    deployment: str,
    *,
    by: AuthenticatedPerson,
    now_ns: int,
    most: tuple[int, int],
    also: Collection[UUID] = (),
) -> ConsoleAlerts:
    """Look once at all that an operator's screen shows: who looks is found in the register once, not five times.

    Args:
        looks: of the records; puts this one on the trail.
        deployment: its id.
        by: who looks: an operator who has signed on to it, and to that of each alert in `also`.
        now_ns: wall time.
        most: at most so many that wait, and so many judged.
        also: ids of further alerts.

    Raises:
        Refused: as `lfr_core.custody.people.sign_on.signed_on`.
    """
    with reading(looks.engine) as session:
        person = signed_on(session, deployment, by, utc_from_ns(now_ns))
        wanted = select(AlertRow).where(col(AlertRow.id).in_(also)).where(col(AlertRow.canary).is_(False))
        rows = session.exec(wanted.options(defer(PROBE, raiseload=True))).all() if also else ()
        others = {row.deployment for row in rows} - {deployment}
        for other in others:
            signed_on(session, other, by, utc_from_ns(now_ns))
        found = ConsoleAlerts(
            waiting=alerts_in(session, deployment, limit=most[0], judged=False),
            judged=alerts_in(session, deployment, limit=most[1], judged=True),
            also={row.id: summary_of(row) for row in rows},
        )
    for each in (deployment, *others):
        looks.note(person, LISTED, deployment=each)
    return found


def alert(looks: Consultations, id: UUID, *, by: AuthenticatedPerson, now_ns: int) -> AlertSummary | None:
    """Read one alert; None if there is no such, or no longer. Raises Refused as `alerts`."""
    with reading(looks.engine) as session:
        row = session.get(AlertRow, id, options=[defer(PROBE, raiseload=True)])
        if row is None or row.canary:
            return None
        person = signed_on(session, row.deployment, by, utc_from_ns(now_ns))
        found = summary_of(row)
    looks.note(person, SHOWN, deployment=found.deployment, subject=f"alert:{id}")
    return found


def alerts_starting(engine: Engine, start: str, *, limit: int = 10) -> tuple[UUID, ...]:
    """Find the alerts whose id starts with `start` (hexadecimal, with or without hyphens), of all deployments."""
    digits = start.replace("-", "").lower()
    if not digits or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):  # a UUID's digits
        return ()
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    with reading(engine) as session:
        found = select(AlertRow.id).where(col(AlertRow.id).between(first, last)).where(col(AlertRow.canary).is_(False))
        return tuple(session.exec(found.limit(limit)).all())


def _newest(deployment: str, limit: int, *, undecided_only: bool) -> SelectOfScalar[AlertRow]:
    wanted = select(AlertRow).where(AlertRow.deployment == deployment).where(col(AlertRow.canary).is_(False))
    if undecided_only:
        wanted = wanted.where(col(AlertRow.judgement).is_(None))
    return wanted.order_by(col(AlertRow.opened_ns).desc(), col(AlertRow.id)).limit(limit)


def _answer(by: str | None, at: datetime | None) -> Answer | None:
    return None if by is None or at is None else Answer(by, at)


def summary_of(row: AlertRow) -> AlertSummary:
    """Return the alert as people read it."""
    return AlertSummary(
        id=row.id,
        deployment=row.deployment,
        camera=row.camera,
        entry=row.entry,
        subject=row.subject,
        category=Category(row.category),
        legal_reference=row.legal_reference,
        opened_ns=row.opened_ns,
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        first_session=row.first_session,
        first_sequence=row.first_sequence,
        last_session=row.last_session,
        last_sequence=row.last_sequence,
        similarity=row.similarity,
        threshold=row.threshold,
        sightings=row.sightings,
        decision=decision_of(row),
        judged=_answer(row.judged_by, row.judged_at),
        engaged=_answer(row.engaged_by, row.engaged_at),
        reviewed=_answer(row.reviewed_by, row.reviewed_at),
        resulted=_answer(row.resulted_by, row.resulted_at),
        minutes=row.minutes,
        age=row.age,
    )
