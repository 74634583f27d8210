"""What stands in the way of an authority, and the authority or refusal as it is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Rank, Role
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.compliance_documents import read_documents_status
from lfr_core.deployments.deadlines import find_overdue_unexplained
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast
from lfr_core.deployments.locking import reason_of
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.deployments import AuthorityRow

__all__ = ["LEAST_ONE_IN", "check_may_authorise", "keep_decision"]

LEAST_ONE_IN: Final = 1_000
"""No authority allows more than one false alert in so many faces (docs/domain.md M3)."""


def check_may_authorise(session: Session, made: Application, policy: Policy, *, now: datetime) -> None:
    """Check that anybody may authorise anything now.

    Raises:
        Refused: `deployment.documents` (one is missing, or not in date on the day), `deployment.results-overdue`
            (of any deployment, and nobody explained why).
    """
    day = made.ends_at.astimezone(LONDON).date()
    standing = read_documents_status(session, made.deployment, day)
    if not standing.in_date:
        raise Refused("deployment.documents", f"{standing.why}, good on {day}")
    late = find_overdue_unexplained(session, now, policy)
    if late:
        raise Refused(
            "deployment.results-overdue",
            f"results are overdue and unexplained ({', '.join(late[:3])}): publish them, or `lfr publish explain`",
        )


def keep_decision(
    session: Session,
    made: Application,
    *,
    by: AuthenticatedPerson,
    reason: str,
    limit: int,
    found: FalseAlertForecast | None,
    now: datetime,
) -> Authority:
    """Keep the officer's decision.

    Args:
        session: a transaction.
        made: what was applied for.
        by: an authorising officer.
        reason: in the officer's words.
        limit: at most one false alert in so many faces.
        found: the false alert forecast, as the officer signed it; None: the answer is no.
        now: aware.

    Raises:
        Refused: `people.unknown`, `people.revoked`, `people.wrong-role`; there is no reason.
    """
    person = acting(session, by, {Role.AUTHORISING_OFFICER})
    given = Authority(
        deployment=made.deployment,
        revision=made.revision,
        granted=found is not None,
        by=person.name,
        rank=Rank(person.rank),
        at=now,
        reason=reason_of(reason),
        false_alerts_one_in=limit,
        expected_false_alerts=found.forecast.expected if found is not None and found.forecast is not None else None,
        claim_not_shown=found is not None and not found.shown,
    )
    session.add(AuthorityRow(**given.model_dump() | {"rank": given.rank.value}))
    return given
