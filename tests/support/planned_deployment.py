"""A deployment that is planned, without the walk through its lifecycle: what the watch needs of one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.people.lookup import find_row
from lfr_core.custody.people.roles import Rank, Role
from lfr_core.domain.actors import fold_name
from lfr_core.domain.figures import UseCase
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow
from tests.support.alert_harness import AlertHarness
from tests.support.overwriting import overwriting
from tests.support.people import account_row
from tests.support.records import NOW_NS

__all__ = ["OPERATOR", "deployment_row", "make_planned"]

OPERATOR = "Ann Operator"

_TEXT = "a sentence that somebody wrote for a test"


def make_planned(engine: Engine, deployment: str, *, one_in: int = 1_000) -> None:
    """Give a live deployment an application and an authority that allows one false alert in `one_in` faces."""
    with overwriting(engine) as session:
        row = session.get_one(DeploymentRow, deployment)
        _register_operator(session)
        assert row.opened_at is not None
        row.planned, row.cameras = True, "north"
        session.add(
            PlannedDeploymentRow(deployment=deployment, revision=1, planner="Pat Planner", officer="Olu Officer")
        )
        session.add(
            ApplicationRow(
                deployment=deployment,
                revision=1,
                place="High Street",
                footprint="north side",
                starts_at=row.opened_at,
                ends_at=row.opened_at + timedelta(hours=6),
                use_case=next(iter(UseCase)).value,
                purpose="a test",
                sought=_TEXT,
                necessity=_TEXT,
                proportionality=_TEXT,
                grounds=_TEXT,
                threshold=row.threshold,
                threshold_reason="",
                list_cap=100,
                expected_faces=1_000,
                cameras="north",
                watchlist_folder="",
                applied_by="Pat Planner",
                applied_at=row.opened_at,
            )
        )
        session.add(
            AuthorityRow(
                deployment=deployment,
                revision=1,
                granted=True,
                by="Olu Officer",
                rank=Rank.SUPERINTENDENT.value,
                at=row.opened_at,
                reason=_TEXT,
                false_alerts_one_in=one_in,
                expected_false_alerts=1.0,
                claim_not_shown=True,
            )
        )


def _register_operator(session: Session) -> None:
    """Who decides the alerts of these tests, registered as the register keeps people."""
    if find_row(session, OPERATOR) is None:
        now = utc_from_ns(NOW_NS)
        person = PersonRow(
            folded=fold_name(OPERATOR), name=OPERATOR, rank=Rank.CONSTABLE.value, added_at=now, added_by=""
        )
        session.add(person)
        session.flush()
        assert person.id is not None
        session.add(PersonRoleRow(person=person.id, role=Role.OPERATOR.value, since=now))
        session.add(account_row(person.id, OPERATOR, now))


def deployment_row(harness: AlertHarness) -> DeploymentRow:
    with reading(harness.engine) as session:
        return session.get_one(DeploymentRow, "dep")
