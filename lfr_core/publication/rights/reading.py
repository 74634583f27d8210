"""Requests as pages, commands and the published record look them up. Opens nothing: no personal data comes out here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lfr_core.common.errors import Refused
from lfr_core.deployments.announcement import Announcement, value_of
from lfr_core.domain.approvals import request_digest
from lfr_core.domain.working_days import LONDON, WorkingDays
from lfr_core.publication.rights.deadline import answer_by, state_of
from lfr_core.publication.rights.types import ReferenceKind, Request, RequestHold, RequestKind, reference_of
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow
from lfr_core.storage.tables.publication import AnnouncementRow
from lfr_core.storage.tables.rights import ComplaintHoldRow, RightsRequestRow

__all__ = [
    "complaints_received",
    "deployment_called",
    "disclosure_digest",
    "find_request",
    "find_row",
    "public_place",
    "public_place_and_day",
    "request_of",
    "requests",
]


def requests(engine: Engine, days: WorkingDays, now: datetime, *, closed: bool = False) -> tuple[Request, ...]:
    """Read the requests, those due first at the front. Raises Retryable.

    closed: also those that are closed; else only those of them whose footage waits for a second person to confirm it.
    """
    statement = select(RightsRequestRow)
    if not closed:
        waiting = (
            select(ComplaintHoldRow.request)
            .join(FootageHoldRow, col(FootageHoldRow.id) == col(ComplaintHoldRow.hold))
            .where(FootageHoldRow.approved_by == "", col(FootageHoldRow.released_at).is_(None))
        )
        is_open = col(RightsRequestRow.closed_at).is_(None)
        statement = statement.where(is_open | col(RightsRequestRow.reference).in_(waiting))
    with reading(engine) as session:
        found = [request_of(session, row, days, now) for row in session.exec(statement)]
    return tuple(sorted(found, key=lambda each: (each.due_on, each.reference)))


def find_request(engine: Engine, days: WorkingDays, now: datetime, reference: str) -> Request:
    """Read one request. Raises Refused `rights.bad-reference`, `rights.unknown`; Retryable."""
    with reading(engine) as session:
        return request_of(session, find_row(session, reference), days, now)


def complaints_received(session: Session, deployment: str) -> int:
    """Count the complaints about a deployment, withdrawn ones too: what the published record counts."""
    statement = (
        select(func.count())
        .select_from(RightsRequestRow)
        .where(RightsRequestRow.deployment == deployment)
        .where(RightsRequestRow.kind == RequestKind.COMPLAINT.value)
    )
    return session.exec(statement).one()


def deployment_called(session: Session, name: str) -> str:
    """Find the id of the deployment that the public calls `name`, or that has it as its id.

    Raises:
        Refused: `rights.deployment-unknown`.
    """
    wanted = name.strip()
    if "\x00" not in wanted:
        announced = session.exec(select(AnnouncementRow.deployment).where(AnnouncementRow.public_id == wanted)).first()
        if announced is not None:
            return announced
        if session.get(DeploymentRow, wanted) is not None:
            return wanted
    shown = "".join(letter if letter.isprintable() else "?" for letter in wanted)[:64]
    raise Refused(
        "rights.deployment-unknown",
        f"no deployment is called {shown}: leave it out and give the time of what happened; nothing was taken",
    )


def public_place(session: Session, deployment: str) -> str:
    """Return the place of a deployment as it was announced; "" where nothing was, or it isn't released."""
    announced = _released_announcement(session, deployment)
    return "" if announced is None else announced.plan.place


def public_place_and_day(session: Session, deployment: str) -> str:
    """Return which deployment it is as the public knows it, "Norwich market, 23 November 2026"; "" as above."""
    announced = _released_announcement(session, deployment)
    if announced is None:
        return ""
    day = announced.plan.starts_at.astimezone(LONDON)
    return f"{announced.plan.place}, {day.day} {day:%B %Y}"


def _released_announcement(session: Session, deployment: str) -> Announcement | None:
    statement = select(AnnouncementRow).where(AnnouncementRow.deployment == deployment)
    row = session.exec(statement.order_by(col(AnnouncementRow.revision).desc())).first()
    announced = None if row is None else value_of(row)
    return announced if announced is not None and announced.place_is_public else None


def disclosure_digest(row: RightsRequestRow) -> str:
    """Return the digest of what somebody asks to be answered plainly: which request, as sealed, of which deployment."""
    if not row.disclosure_asked_by:
        return ""
    sealed = hashlib.sha256(row.asked_sealed).hexdigest()
    return request_digest(row.reference, row.deployment, sealed, row.disclosure_asked_by)


def find_row(session: Session, reference: str, *, lock: bool = False) -> RightsRequestRow:
    """Read the row of a reference as it was typed. Raises Refused `rights.bad-reference`, `rights.unknown`."""
    wanted = reference_of(reference, ReferenceKind.REQUEST)
    statement = select(RightsRequestRow).where(RightsRequestRow.reference == wanted)
    row = session.exec(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise Refused(
            "rights.unknown", f"there is no request {wanted}; `lfr rights list --closed` shows those there are"
        )
    return row


def request_of(session: Session, row: RightsRequestRow, days: WorkingDays, now: datetime) -> Request:
    """Return a row as a value."""
    due_on = answer_by(row.received_on, days)
    return Request(
        reference=row.reference,
        kind=RequestKind(row.kind),
        asks_listed=row.asks_listed,
        deployment=row.deployment,
        from_ns=row.from_ns,
        to_ns=row.to_ns,
        receipt=row.receipt,
        received_on=row.received_on,
        due_on=due_on,
        due_at=days.end_of(due_on),
        taken_by=row.taken_by,
        neither_confirm_nor_deny=row.neither_confirm_nor_deny,
        disclosure_asked_by=row.disclosure_asked_by,
        disclosure_digest=disclosure_digest(row),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        withdrawn=row.withdrawn,
        state=state_of(due_on, days, now, row.answered_at, row.closed_at),
        holds=_holds(session, row.reference),
    )


def _holds(session: Session, reference: str) -> tuple[RequestHold, ...]:
    statement = (
        select(ComplaintHoldRow, FootageHoldRow)
        .join(FootageHoldRow, col(FootageHoldRow.id) == col(ComplaintHoldRow.hold))
        .where(ComplaintHoldRow.request == reference)
        .order_by(col(ComplaintHoldRow.deployment), ComplaintHoldRow.hold)
    )
    found: Sequence[tuple[ComplaintHoldRow, FootageHoldRow]] = session.exec(statement).all()
    return tuple(
        RequestHold(
            id=hold.id,
            deployment=held.deployment,
            segments=session.exec(
                select(func.count()).select_from(FootageHoldSegmentRow).where(FootageHoldSegmentRow.hold == hold.id)
            ).one(),
            lapses_at=held.lapses_at,
            requested_by=hold.requested_by,
            confirmed_by=hold.approved_by,
            ended_at=hold.released_at,
        )
        for held, hold in found
    )
