"""What an engaging officer reads: the alerts of their deployment that an operator has judged to be the same person."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import defer
from sqlmodel import col, select

from lfr_core.alerts.read._alerts import LISTED, PROBE, SHOWN, AlertSummary, summary_of
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.officer_alerts import check_judged_same
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.people.sign_on import DUTIES, signed_on
from lfr_core.domain.alerts import Judgement
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow

__all__ = ["alert_to_engage", "alerts_to_engage"]


def alerts_to_engage(
    looks: Consultations, deployment: str, *, by: AuthenticatedPerson, now_ns: int, limit: int = 20
) -> tuple[AlertSummary, ...]:
    """Read the alerts of a deployment, the newest first, for an engaging officer or operator who has signed on to it.

    Raises:
        Refused: as `lfr_core.custody.people.sign_on.signed_on`; `officer.deployment-over`.
        Retryable: the records are away.
    """
    with reading(looks.engine) as session:
        person = signed_on(session, deployment, by, utc_from_ns(now_ns), DUTIES)
        wanted = (
            select(AlertRow)
            .where(AlertRow.deployment == deployment)
            .where(col(AlertRow.canary).is_(False))
            .where(AlertRow.judgement == Judgement.SAME.value)
            .order_by(col(AlertRow.opened_ns).desc(), col(AlertRow.id))
            .limit(limit)
            .options(defer(PROBE, raiseload=True))
        )
        found = tuple(summary_of(row) for row in session.exec(wanted))
    looks.note(person, LISTED, deployment=deployment)
    return found


def alert_to_engage(looks: Consultations, id: UUID, *, by: AuthenticatedPerson, now_ns: int) -> AlertSummary:
    """Read one of these alerts, as it is now. Raises Refused `officer.not-judged`, and as `alerts_to_engage`."""
    with reading(looks.engine) as session:
        row = session.get(AlertRow, id, options=[defer(PROBE, raiseload=True)])
        person = signed_on(session, row.deployment if row is not None else "", by, utc_from_ns(now_ns), DUTIES)
        check_judged_same(row)
        assert row is not None  # else it was refused
        found = summary_of(row)
    looks.note(person, SHOWN, deployment=found.deployment, subject=f"alert:{id}")
    return found
