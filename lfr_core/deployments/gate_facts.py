"""What the gate is decided on, gathered from the records in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.record_parts import of_deployment
from lfr_core.custody.audit.row_seals import IsSealed
from lfr_core.custody.people.lookup import in_role
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.attendance import read_last_attended_ns
from lfr_core.deployments.compliance_documents import read_documents_status
from lfr_core.deployments.gallery_binding import read_last_gallery_check
from lfr_core.deployments.monitoring.store import last_proven_ns
from lfr_core.deployments.reading import read_application
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, lifecycle_of
from lfr_core.domain.gate import GateFacts, PlannedFacts
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.deployments import AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.publication import AnnouncementRow
from lfr_core.storage.tables.vault import InstallationRow

__all__ = ["difference_of", "gather_gate_facts", "gather_planned_facts"]


def gather_gate_facts(
    session: Session, row: DeploymentRow, now: datetime, is_sealed: IsSealed | None = None
) -> GateFacts:
    """Return the facts of one deployment at `now`, aware; with `is_sealed` as the vault goes by.

    Raises as `gather_planned_facts`.
    """
    looked_ns, why = read_last_gallery_check(session, row.id)
    if row.gallery and not row.gallery_digest:
        why = "nothing shows what it must hold"
    installation = session.exec(select(InstallationRow)).first()
    return GateFacts(
        deployment=row.id,
        status=DeploymentStatus(row.status),
        opens_ns=_ns(row.opens_at) if row.opens_at else None,
        closes_ns=_ns(row.closes_at) if row.closes_at else None,
        gallery=row.gallery or "",
        suspended_why=row.suspended_why,
        attended_ns=read_last_attended_ns(session, row.id, is_sealed),
        gallery_why=why,
        gallery_looked_ns=looked_ns,
        audit_written_ns=installation.written_ns if installation else None,
        records_why=difference_of(row.id, installation.records_why if installation else ""),
        planned=gather_planned_facts(session, row, now, is_sealed)
        if lifecycle_of(planned=row.planned).has_authority
        else None,
        is_operational=row.kind == DeploymentKind.OPERATIONAL,
    )


def gather_planned_facts(
    session: Session, row: DeploymentRow, now: datetime, is_sealed: IsSealed | None = None
) -> PlannedFacts:
    """Return the facts of one planned deployment at `now`, aware.

    Raises:
        Refused: `gate.no-application`: it is called planned and has none; the records are damaged.
    """
    planned, made = session.get(PlannedDeploymentRow, row.id), read_application(session, row.id)
    if planned is None or made is None:
        raise Refused("gate.no-application", f"deployment {row.id} is planned and has no application: that is damage")
    authority = session.get(AuthorityRow, (row.id, planned.revision))
    granted = authority if authority is not None and authority.granted and planned.officer else None
    query = select(AnnouncementRow).where(AnnouncementRow.deployment == row.id)
    announced = session.exec(query.order_by(col(AnnouncementRow.revision).desc())).first()
    if announced is not None and (announced.starts_at, announced.ends_at) != (made.starts_at, made.ends_at):
        announced = None  # other hours were announced
    today = now.astimezone(LONDON).date()
    standing = read_documents_status(session, row.id, today)
    return PlannedFacts(
        authorised_by=granted.by if granted else "",
        officer_may=granted is not None and _may(session, granted.by, granted.at),
        starts_ns=_ns(made.starts_at),
        documents_why="" if standing.in_date else standing.why,
        list_digest=planned.list_digest,
        approved_digest=planned.approved_digest,
        list_built_ns=_ns(planned.list_built_at) if planned.list_built_at else None,
        list_last_day=planned.list_last_day,
        today=today,
        threshold_authorised=made.threshold,
        threshold=row.threshold,
        contract_approved=planned.bound_contract,
        contract=row.contract_id,
        announced_ns=_ns(announced.made_at) if announced else None,
        withheld_by=announced.approved_by if announced and announced.withheld_because else "",
        signage_by=planned.signage_by,
        briefing_by=planned.briefing_by,
        proven_ns=last_proven_ns(session, row.id, is_sealed),
    )


def difference_of(deployment: str, differences: str) -> str:
    """Return the first difference found in this deployment's own records when the vault last compared them all."""
    of_it = (f"{kind.__tablename__}/{deployment}" for kind in of_deployment(deployment))
    starts = tuple(f"{name}{end}" for name in of_it for end in (" ", ",", "/"))
    return next((line for line in differences.splitlines() if line.startswith(starts)), "")


def _may(session: Session, officer: str, since: datetime) -> bool:
    try:
        in_role(session, officer, {Role.AUTHORISING_OFFICER}, since=since)
    except Refused:
        return False
    return True


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1e6) * 1_000
