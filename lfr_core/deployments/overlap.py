"""Two deployments at one place, or with one camera, at one time: refused."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.deployments.application import ApplicationForm
from lfr_core.deployments.reading import read_application
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.folding import fold_text
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["check_overlap"]


def check_overlap(session: Session, id: str, form: ApplicationForm) -> None:
    """Raise Refused `deployment.overlap` if another has the place, or one of the cameras, within these hours."""
    over = [each.value for each in DeploymentStatus if each.is_over]
    query = select(DeploymentRow).where(DeploymentRow.id != id, col(DeploymentRow.status).not_in(over))
    for row in session.exec(query.where(col(DeploymentRow.planned).is_(True))):
        other = read_application(session, row.id)
        if other is None or other.ends_at <= form.starts_at or form.ends_at <= other.starts_at:
            continue
        shared = sorted(set(other.cameras) & set(form.cameras))
        if shared or fold_text(other.place) == fold_text(form.place):
            what = f"the camera {shared[0]}" if shared else "the place"
            raise Refused(
                "deployment.overlap",
                f"{row.name} has {what} from {_moment(other.starts_at)}, to {_moment(other.ends_at)}: choose other "
                "hours, or cancel it",
            )


def _moment(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}"
