"""Holds as values, and those on record. See `lfr_core.retention.footage.hold_service` for how they come about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.domain.approvals import request_digest
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow
from lfr_core.storage.tables.rights import ComplaintHoldRow

__all__ = [
    "Hold",
    "HoldGround",
    "HoldRequest",
    "find_covered",
    "find_hold",
    "hold_of",
    "holds",
    "holds_of_requests",
    "unknown_hold",
]


class HoldGround(StrEnum):
    """Why footage may be kept beyond its time; nothing else counts.

    Our reading of a force's published list, whose bullets couldn't be obtained (docs/domain.md 7).
    """

    CRIMINAL_INVESTIGATION = "criminal_investigation"
    """Evidence or unused material: Criminal Procedure and Investigations Act 1996."""
    COMPLAINT = "complaint"
    """A complaint or conduct investigation."""
    LEGAL_DUTY = "legal_duty"
    """A pending request of a data subject, or another duty in law: Data Protection Act 2018."""


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What somebody asks for; somebody else approves it."""

    segments: tuple[str, ...]
    ground: HoldGround
    reference: str
    """Crime number, complaint number or request number."""
    review_on: dt.date


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on record."""

    id: str
    segments: tuple[str, ...]
    ground: HoldGround
    reference: str
    requested_by: str
    approved_by: str
    """Empty while nobody has: it lapses then."""
    placed_at: dt.datetime
    review_on: dt.date
    released_at: dt.datetime | None
    released_by: str | None

    @property
    def digest(self) -> str:
        """Of what is held, why and until when: who approves says it."""
        facts = (self.id, self.segments, self.ground.value, self.reference, self.requested_by, self.review_on)
        return request_digest(*facts)

    def review_is_overdue(self, today: dt.date) -> bool:
        """Return whether somebody should have looked at it before `today`."""
        return self.released_at is None and self.review_on < today


def holds(engine: Engine, *, released: bool = False) -> tuple[Hold, ...]:
    """Read the holds in force, those to be reviewed first; with `released`, the others too. Raises Retryable."""
    statement = select(FootageHoldRow).order_by(col(FootageHoldRow.review_on), FootageHoldRow.id)
    if not released:
        statement = statement.where(col(FootageHoldRow.released_at).is_(None))
    with reading(engine) as session:
        return tuple(hold_of(row, find_covered(session, row.id)) for row in session.exec(statement).all())


def holds_of_requests(engine: Engine) -> frozenset[str]:
    """Return the ids of the holds that a complaint placed by itself: they are confirmed with it. Raises Retryable."""
    with reading(engine) as session:
        return frozenset(session.exec(select(ComplaintHoldRow.hold)))


def find_hold(engine: Engine, hold: str) -> Hold:
    """Return one hold. Raises Refused `footage.hold-unknown`, Retryable."""
    with reading(engine) as session:
        row = None if "\x00" in hold else session.get(FootageHoldRow, hold)
        if row is None:
            raise unknown_hold(hold)
        return hold_of(row, find_covered(session, hold))


def unknown_hold(hold: str) -> Refused:
    """Return the refusal of a hold that isn't on record."""
    return Refused("footage.hold-unknown", f"there is no hold {hold}; `lfr footage holds` shows those there are")


def find_covered(session: Session, hold: str) -> tuple[str, ...]:
    """Return the segments that a hold names, in order."""
    statement = select(FootageHoldSegmentRow.segment).where(FootageHoldSegmentRow.hold == hold)
    return tuple(sorted(session.exec(statement)))


def hold_of(row: FootageHoldRow, covered: tuple[str, ...]) -> Hold:
    """Return a row and the segments it names, as a value."""
    return Hold(
        id=row.id,
        segments=covered,
        ground=HoldGround(row.ground),
        reference=row.reference,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        placed_at=row.placed_at,
        review_on=row.review_on,
        released_at=row.released_at,
        released_by=row.released_by,
    )
