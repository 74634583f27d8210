"""A deployment that has ended, and the service that publishes its results, under a clock that a test owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.quality.findings import Finding
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.deadlines import ResultsDue, find_overdue_unexplained, results_due
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import PublicationPolicy, load_policy
from lfr_core.publication.explaining import Explanations
from lfr_core.publication.quality.ours import Checked, check_record
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.results import ResultsService
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.record_publisher import compared
from tests.support.records import ManualClock, alerts_of
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of

__all__ = ["POLICY", "ResultsHarness", "registered"]

POLICY = load_policy()


@dataclass
class ResultsHarness:
    """The service over one ended, operational deployment `dep` with an alert that nobody judged."""

    engine: Engine
    reports: Path
    clock: ManualClock = field(init=False)
    policy: PublicationPolicy = POLICY.publication
    calls: list[tuple[Role, str]] = field(default_factory=list)
    defect: str = ""
    """A message of the suites; "": they find nothing."""

    def __post_init__(self) -> None:
        self.clock = ended_deployment(self.engine)
        with overwriting(self.engine) as session:
            row = session.get_one(DeploymentRow, "dep")
            row.kind, row.opened_at = DeploymentKind.OPERATIONAL.value, self.now - timedelta(hours=6)
            row.ended_at = self.now
            session.add(row)
        self.ended_at = self.now

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.time_ns())

    def announce(self) -> None:
        announcing(self.engine, self.clock).publish("dep", planned(), by=authenticated("A. Okafor"))

    def results(self, *, real: bool = False) -> ResultsService:
        return ResultsService(
            self.engine,
            trail_of(self.engine),
            self.clock,
            self.policy,
            figures=lambda name: gather_figures(self.engine, name, force="Norfolk Constabulary"),
            reports=self.reports,
            call=self._call,
            compare=compared(self.engine),
            check=check_record if real else self._check,
        )

    def go_to(self, at: datetime) -> None:
        self.clock.advance((at - self.now).total_seconds())

    def due(self) -> ResultsDue:
        with reading(self.engine) as session:
            (one,) = results_due(session, self.now, self.policy)
        return one

    def locked(self) -> tuple[str, ...]:
        with reading(self.engine) as session:
            return find_overdue_unexplained(session, self.now, POLICY.model_copy(update={"publication": self.policy}))

    def judge_all(self) -> None:
        decisions = DecisionService(self.engine, trail_of(self.engine), self.clock)
        for alert in alerts_of(self.engine, "dep"):
            if alert.decision.judgement is None:
                decisions.judge(
                    alert.id, Judgement.DIFFERENT, authenticated("B. Operator"), shown=seen(self.engine, alert.id)
                )

    def _call(self, session: Session, *, role: Role, deployment: str, why: str, now: datetime) -> None:
        assert session.exec(select(DeploymentRow.id).where(DeploymentRow.id == deployment)).one()
        assert now == self.now
        self.calls.append((role, why))

    def _check(
        self, new: DeploymentRecord, others: Sequence[DeploymentRecord], *, today: date, report: Path | None = None
    ) -> Checked:
        assert today == self.now.date()
        assert new not in others
        assert report == self.reports / "dep"
        found = Finding("column-copied", None, "", "", "Norwich", self.defect, expected="apart")
        return Checked((found,) if self.defect else (), "suites")


def registered(harness: ResultsHarness) -> Explanations:
    officers = (("P. Officer", Role.PUBLICATION_OFFICER), ("O. Operator", Role.OPERATOR))
    add_people(harness.engine, *officers, clock=harness.clock)
    return Explanations(harness.engine, trail_of(harness.engine), harness.clock, harness.policy)
