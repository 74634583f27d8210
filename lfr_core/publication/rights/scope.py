"""Which footage a request concerns: by the receipt of a stop, by the deployment's name, or by the time alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.domain.policy import RightsPolicy
from lfr_core.publication.rights.checks import window_ns
from lfr_core.publication.rights.reading import deployment_called
from lfr_core.publication.rights.types import ReferenceKind, RequestContext, reference_of
from lfr_core.retention.footage.complaint_holds import Scope
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.rights import ReceiptRow

__all__ = ["RequestScope", "find_request_scope"]


@dataclass(frozen=True, slots=True)
class RequestScope:
    """What a request is about, found in the records."""

    scopes: tuple[Scope, ...]
    """One a deployment; several when only a time was given and several were open then; none when nothing is known."""
    receipt: str = ""

    @property
    def deployment(self) -> str | None:
        """The one it is about, if that is known."""
        return self.scopes[0].deployment if len(self.scopes) == 1 else None


def find_request_scope(session: Session, about: RequestContext, policy: RightsPolicy, now: datetime) -> RequestScope:
    """Find what a request is about.

    Raises:
        Refused: `rights.deployment-unknown`, `rights.bad-window`, `rights.bad-reference`, `rights.receipt-unknown`,
            `rights.receipt-elsewhere` (the receipt is of another deployment than the one named).
    """
    window = window_ns(about, now)
    named = deployment_called(session, about.deployment) if about.deployment.strip() else None
    if about.receipt.strip():
        row = session.get(ReceiptRow, reference_of(about.receipt, ReferenceKind.STOP))
        if row is None:
            raise Refused("rights.receipt-unknown", "no receipt has this reference: read it again, or give the time")
        if named not in (None, row.deployment):
            raise Refused("rights.receipt-elsewhere", "this receipt is of another deployment: leave the deployment out")
        begin = row.minute_at - timedelta(minutes=policy.receipt_before_min)
        end = row.minute_at + timedelta(minutes=policy.receipt_after_min)
        return RequestScope((Scope(row.deployment, *(window or (_ns(begin), _ns(end)))),), row.reference)
    if named is not None:
        return RequestScope((Scope(named, *(window or (None, None))),))
    if window is None:
        return RequestScope(())
    return RequestScope(tuple(Scope(each, *window) for each in _open_during(session, *window)))


def _open_during(session: Session, from_ns: int, to_ns: int) -> list[str]:
    statement = (
        select(DeploymentRow.id)
        .where(col(DeploymentRow.opened_at) <= utc_from_ns(to_ns))
        .where(or_(col(DeploymentRow.ended_at).is_(None), col(DeploymentRow.ended_at) >= utc_from_ns(from_ns)))
        .order_by(DeploymentRow.id)
    )
    return list(session.exec(statement))


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1_000
