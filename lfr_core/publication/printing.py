"""A deployment's documents out of the records: what each needs is read here, and what doesn't exist yet is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.custody.people.consultations import STAFF, Consultations
from lfr_core.custody.people.lookup import find_row
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.compliance_documents.forms import FormKind, PrintedForm, render
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.false_alert_forecast import forecast_false_alerts
from lfr_core.deployments.gate_facts import gather_planned_facts
from lfr_core.deployments.reading import read_application, read_authority, read_state
from lfr_core.domain.categories import category_words
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.publication.closing import build_closing_report
from lfr_core.publication.closing_document import printed_report
from lfr_core.publication.document_words import when
from lfr_core.publication.documents import AnnouncementFacts, ListFacts, build_application_form, build_authority_form
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.publication import AnnouncementRow, WatchlistCompositionRow

__all__ = ["build_form", "list_forms", "print_form"]


def list_forms(authority: Authority | None, status: DeploymentStatus) -> tuple[FormKind, ...]:
    """List the documents that there are of a deployment which was applied for: as `build_form` refuses the others."""
    if authority is None:
        return (FormKind.APPLICATION,)
    return tuple(FormKind) if status.is_over else (FormKind.APPLICATION, FormKind.AUTHORITY)


def build_form(
    engine: Engine,
    deployment: str,
    kind: FormKind,
    policy: Policy,
    evaluations: Sequence[Evaluation],
    *,
    now: datetime,
    tpm: bool | None,
) -> PrintedForm:
    """Build one document of the newest revision, as the records have it at `now`, aware; `tpm`: as `has_tpm` says.

    Raises:
        Refused: `deployment.unknown`; `deployment.trial`; `deployment.no-document`: there is none yet, and what comes
            first.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        row = None if "\x00" in deployment else session.get(DeploymentRow, deployment)
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        made = read_application(session, deployment)
        if made is None:
            raise Refused("deployment.trial", f"{deployment} is a trial: it has no application, so it has no documents")
        if kind is FormKind.APPLICATION:
            words = forecast_false_alerts(made, evaluations, policy).words
            rank = _rank_in_words(session, made.applied_by, now)
            return build_application_form(made, row.name, policy, words, rank=rank, notice=_of_application(row))
        given = read_authority(session, deployment)
        if given is None:
            raise Refused(
                "deployment.no-document",
                f"nobody has decided on revision {made.revision} of {deployment}: "
                "`lfr deployment authorise` or `refuse` comes first",
            )
        if kind is FormKind.AUTHORITY:
            return build_authority_form(
                made,
                given,
                _list_of(session, row),
                _read_announcement(session, made),
                name=row.name,
                policy=policy,
                notice=_of_authority(session, row, given, now),
            )
        if row.ended_at is None:
            raise Refused("deployment.no-document", f"{deployment} hasn't ended: its closing report comes then")
    return printed_report(build_closing_report(engine, deployment, policy, now, tpm=tpm), force=policy.force.name)


def print_form(
    looks: Consultations,
    deployment: str,
    kind: FormKind,
    policy: Policy,
    evaluations: Sequence[Evaluation],
    *,
    by: AuthenticatedPerson,
    now: datetime,
    tpm: bool | None,
) -> str:
    """Print one document as HTML for somebody of the staff, which is on the trail. Raises as `build_form`, `check`."""
    form = build_form(looks.engine, deployment, kind, policy, evaluations, now=now, tpm=tpm)
    looks.check(by, STAFF, "deployment.form-printed", deployment=deployment)
    return render(form)


def _of_application(row: DeploymentRow) -> str:
    if row.status == DeploymentStatus.DRAFT.value:
        return "A draft: it isn't applied for, or it was refused and has to be revised."
    return "Cancelled." if row.status == DeploymentStatus.CANCELLED.value else ""


def _of_authority(session: Session, row: DeploymentRow, given: Authority, now: datetime) -> str:
    status = DeploymentStatus(row.status)
    if status.is_over:
        return f"No longer in force: {status.value} {when(row.ended_at) if row.ended_at else ''}".rstrip()
    if given.granted and not gather_planned_facts(session, row, now).officer_may:
        return f"No longer in force: {given.by} may authorise nothing any more. Another officer has to decide."
    return ""


def _list_of(session: Session, row: DeploymentRow) -> ListFacts | None:
    kept, planned = session.get_one(PlannedDeploymentRow, row.id), read_state(session, row)
    if planned is None or not kept.list_digest or kept.list_built_at is None:
        return None
    of = WatchlistCompositionRow.deployment == row.id
    shares = session.exec(select(WatchlistCompositionRow).where(of).order_by(WatchlistCompositionRow.category))
    return ListFacts(
        built_at=kept.list_built_at,
        compiler=kept.compiler,
        shares=tuple((category_words(share.category), share.people, share.images) for share in shares),
        approver=kept.approver if planned.list_is_approved else "",
        approved_at=kept.approved_at,
    )


def _read_announcement(session: Session, made: Application) -> AnnouncementFacts | None:
    """Read the newest announcement, if it is for these hours."""
    query = select(AnnouncementRow).where(AnnouncementRow.deployment == made.deployment)
    row = session.exec(query.order_by(col(AnnouncementRow.revision).desc())).first()
    if row is None or (row.starts_at, row.ends_at) != (made.starts_at, made.ends_at):
        return None
    return AnnouncementFacts(at=row.made_at, withheld_because=row.withheld_because, approved_by=row.approved_by)


def _rank_in_words(session: Session, name: str, now: datetime) -> str:
    """Say the rank of somebody whose rank wasn't recorded with what they did: as the register has it at `now`."""
    row = find_row(session, name)
    return f"{row.rank} (register of {when(now)})" if row else "not recorded"
