"""The rows that a planned deployment begins with, and that of each application."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.application import Application, ApplicationForm
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.storage.tables.alerts import digest_stubs
from lfr_core.storage.tables.deployments import ApplicationRow, DeploymentRow, PlannedDeploymentRow

__all__ = ["application_row", "draft"]


def draft(
    session: Session,
    id: str,
    kind: DeploymentKind,
    form: ApplicationForm,
    name: str,
    by: AuthenticatedPerson,
    now: datetime,
    *,
    agreeing_shots: int,
) -> DeploymentRow:
    """Make a draft's rows, without an application yet. Raises Refused `people.*`: `by` is no planner."""
    person = acting(session, by, {Role.PLANNER})
    row = DeploymentRow(
        id=id,
        name=" ".join(name.split()),
        kind=kind.value,
        status=DeploymentStatus.DRAFT.value,
        threshold=form.threshold,
        agreeing_shots=agreeing_shots,
        live_only=True,
        planned=True,
        created_at=now,
        stubs_sha256=digest_stubs(()),
    )
    session.add(row)
    session.flush()
    session.add(PlannedDeploymentRow(deployment=id, revision=0, planner=person.name))
    session.flush()
    return row


def application_row(made: Application) -> ApplicationRow:
    """Make the row in which one revision of an application is kept."""
    return ApplicationRow(**made.model_dump() | {"use_case": made.use_case.value, "cameras": "\n".join(made.cameras)})
