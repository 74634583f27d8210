"""Who allowed a deployment: an officer of the rank, before it opened, and never whoever planned it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.counts import counted, each_of
from lfr_core.custody.people.lookup import are_one_person
from lfr_core.custody.people.roles import Rank
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.publication.promises.port import PromiseFinding, finding
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow, PlannedDeploymentRow

__all__ = ["Authorised"]

_HIGH_ENOUGH = frozenset(rank.value for rank in Rank if rank.at_least(Rank.SUPERINTENDENT))


class Authorised:
    """Before an operational deployment opened, a superintendent or above had granted what was last applied for."""

    id = "people.authorised"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def check(self, now_ns: int) -> PromiseFinding:  # true at any time
        with reading(self._engine) as session:
            opened = session.exec(
                select(DeploymentRow.id, DeploymentRow.opened_at)
                .where(DeploymentRow.kind == DeploymentKind.OPERATIONAL)
                .where(col(DeploymentRow.opened_at).is_not(None))
            ).all()
            broken = [f"deployment:{name}" for name, at in opened if at is not None and not _allowed(session, name, at)]
        return finding(
            broken,
            holds=f"{each_of(len(opened), 'deployment')} had its authority before it opened, of a "
            "superintendent or above "
            "who hadn't planned it",
            breaks=f"{len(broken)} of {counted(len(opened), 'deployment')} opened without such an authority",
            looked_at=len(opened),
            evidence={"opened": len(opened)},
        )


def _allowed(session: Session, deployment: str, opened_at: datetime) -> bool:
    applied = session.exec(
        select(ApplicationRow.revision, ApplicationRow.applied_by)
        .where(ApplicationRow.deployment == deployment)
        .order_by(col(ApplicationRow.revision))
    ).all()
    given = session.get(AuthorityRow, (deployment, applied[-1][0])) if applied else None
    if given is None or not given.granted or given.at >= opened_at or given.rank not in _HIGH_ENOUGH:
        return False
    kept = session.get(PlannedDeploymentRow, deployment)
    planners = [*(by for _, by in applied), *([kept.planner] if kept else [])]
    return bool(given.by.strip()) and not any(are_one_person(session, given.by, each) for each in planners)
