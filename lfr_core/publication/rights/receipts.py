"""The receipt for a person who was stopped: a reference that finds the footage of the stop, and no name.

The alert and all that leads to it go after the policy's `alerts.retention_h`. Of the receipt stay its reference, the
deployment, the minute and the class of the list's entry.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.custody.people.sign_on import DUTIES, signed_on
from lfr_core.domain.alerts import Engagement
from lfr_core.domain.watchlists import Category
from lfr_core.publication.rights.reading import public_place
from lfr_core.publication.rights.types import ReferenceKind, new_reference
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.rights import ReceiptAlertRow, ReceiptRow

__all__ = ["Receipt", "issue_receipt", "words_of_deletion"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is printed."""

    reference: str
    place: str
    """Of the deployment, as it was announced; "" where that isn't released. Its id says nothing to who was stopped."""
    minute_at: datetime
    """When the system suggested a match, to the minute, aware UTC."""
    category: Category


def words_of_deletion(retention_h: int) -> str:
    """Say when an alert goes, hours after it was opened."""
    return f"after {retention_h} hour{'s' * (retention_h != 1)} an alert is deleted"


def issue_receipt(
    engine: Engine,
    trail: Trail,
    alert: UUID,
    *,
    by: AuthenticatedPerson,
    now_ns: int,
    retention_h: int,
    below: Callable[[int], int] = secrets.randbelow,
) -> Receipt:
    """Issue the receipt for the person engaged on `alert`; asked again while the alert stands, the same.

    Args:
        engine: the records.
        trail: notes that it was given.
        alert: its id.
        by: whoever gives it.
        now_ns: wall time.
        retention_h: how long an alert is kept, hours; the policy's.
        below: draws the reference.

    Raises:
        Refused: `alert.unknown` (or deleted by now), `rights.not-engaged` (nobody was stopped), and as
            `lfr_core.custody.people.sign_on.signed_on`: it says what kind of list the alert was of.
        Retryable: records or vault are away.
    """
    name = str(principal_of(by))
    trail.prepare(name)
    with writing(engine) as session:
        statement = select(AlertRow).where(AlertRow.id == alert).where(col(AlertRow.canary).is_(False))
        row = session.exec(statement.with_for_update()).one_or_none()
        if row is None:
            raise Refused("alert.unknown", f"there is no alert {alert}: {words_of_deletion(retention_h)}")
        signed_on(session, row.deployment, by, utc_from_ns(now_ns), DUTIES)
        if row.engagement != Engagement.ENGAGED.value:
            raise Refused(
                "rights.not-engaged",
                "nobody is recorded as engaged on this alert: `lfr alerts engage ALERT engaged` comes first",
            )
        receipt = _standing(session, alert) or _new(session, row, below)
        event = AuditEvent(Verb.DISCLOSE, name, row.deployment, f"receipt:{receipt.reference}", "rights.receipt", {})
        trail.append(session, event)
        return Receipt(
            receipt.reference, public_place(session, row.deployment), receipt.minute_at, Category(receipt.category)
        )


def _standing(session: Session, alert: UUID) -> ReceiptRow | None:
    link = session.get(ReceiptAlertRow, alert)
    return None if link is None else session.get(ReceiptRow, link.receipt)


def _new(session: Session, alert: AlertRow, below: Callable[[int], int]) -> ReceiptRow:
    minute = utc_from_ns(alert.opened_ns).replace(second=0, microsecond=0)
    receipt = ReceiptRow(
        reference=new_reference(ReferenceKind.STOP, minute.year, below),
        deployment=alert.deployment,
        minute_at=minute,
        category=alert.category,
    )
    session.add(receipt)
    session.flush()
    session.add(ReceiptAlertRow(alert=alert.id, receipt=receipt.reference))
    session.flush()
    return receipt
