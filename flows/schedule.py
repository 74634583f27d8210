"""Plans the flow runs of a planned deployment, as a pure function of its state. Imports no Prefect.

The reconciler makes Prefect's schedule equal to this, and each flow plans again before it acts: a run that is no longer
planned ends as superseded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlmodel import Session, col, select

from lfr_core.deployments.deadlines import ResultsSchedule, results_due
from lfr_core.deployments.reading import read_authority, read_state
from lfr_core.deployments.steps import AFTER_AUTHORITY
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.deployments import lifecycle_of
from lfr_core.domain.policy import PlanningPolicy, Policy
from lfr_core.publication.closing import closing_report_file
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = [
    "FlowStep",
    "PlannedRun",
    "RunKey",
    "ScheduleFacts",
    "key_of_run",
    "parse_run_key",
    "plan_runs",
    "read_all_schedule_facts",
    "read_schedule_facts",
    "retry_after",
]

_KEY_PARTS = 6
_REPORT_FOR = timedelta(days=1)
"""How long after its end a closing report is still made up for; the list's destruction is the sweep's anyway."""


class FlowStep(StrEnum):
    """The flows of a deployment's lifecycle. The values are the flows' names."""

    COMPILE = "compile-watchlist"
    ANNOUNCE = "announce"
    OPEN = "open-deployment"
    CLOSE = "close-deployment"
    PUBLISH = "publish-results"


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One flow run that should exist. `at` is aware; one that is past is due at once."""

    step: FlowStep
    deployment: str
    revision: int
    at: datetime
    occasion: str = ""
    """Tells apart several runs of one flow for one revision."""

    @property
    def name(self) -> str:
        """Identifies the run, whatever its time."""
        return f"{self.deployment}:{self.step}:{self.occasion}:{self.revision}"


def key_of_run(run: PlannedRun, attempt: int) -> str:
    """Return the idempotency key of an attempt of a run."""
    return f"life:{run.name}:{attempt}"


@dataclass(frozen=True, slots=True)
class RunKey:
    """What such a key says."""

    deployment: str
    step: FlowStep
    occasion: str
    revision: int
    attempt: int


def parse_run_key(key: str) -> RunKey | None:
    """Read such a key; None where it is none of ours."""
    parts = key.split(":")
    if len(parts) != _KEY_PARTS or parts[0] != "life":
        return None
    _, deployment, step, occasion, revision, attempt = parts
    try:
        return RunKey(deployment, FlowStep(step), occasion, int(revision), int(attempt))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """What the schedule of a planned deployment follows from. Times are aware."""

    deployment: str
    revision: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    authorised_at: datetime | None
    """When the newest revision was authorised; None while it isn't."""
    announced: bool
    """Whether these hours were announced, or withheld."""
    ended_at: datetime | None = None
    reported: bool = False
    """Whether its closing report is written."""
    results: ResultsSchedule | None = None
    """When its results are to be looked at; None: it hasn't ended, or they are published."""


def plan_runs(facts: ScheduleFacts, policy: PlanningPolicy, now: datetime) -> tuple[PlannedRun, ...]:
    """Return every run that should wait, or should be run now, in the order of their times.

    * compile: `compile_before_h` before the start, until the hours are over;
    * announce: `announce_after_min` after the authority, earlier if notice asks for it; until the start;
    * open: at the start, until the hours are over;
    * close: at the end; a deployment that never opened is then cancelled, so that its list goes;
    * publish: at the end, at the reminder, and when it publishes by itself.
    """
    planned: list[PlannedRun] = []

    def plan(step: FlowStep, at: datetime, occasion: str = "") -> None:
        planned.append(PlannedRun(step, facts.deployment, facts.revision, at, occasion))

    status = facts.status
    if status in AFTER_AUTHORITY and facts.authorised_at is not None:
        if now < facts.ends_at:
            if status is Status.AUTHORISED:
                plan(FlowStep.COMPILE, facts.starts_at - timedelta(hours=policy.compile_before_h))
            plan(FlowStep.OPEN, facts.starts_at)
        if not facts.announced and now < facts.starts_at:
            plan(FlowStep.ANNOUNCE, _choose_announcement(facts.authorised_at, facts.starts_at, policy))
        plan(FlowStep.CLOSE, facts.ends_at)
    elif status in {Status.LIVE, Status.SUSPENDED}:
        plan(FlowStep.CLOSE, facts.ends_at)
    elif status is Status.ENDED and facts.ended_at is not None:
        if not facts.reported and now < facts.ended_at + _REPORT_FOR:
            plan(FlowStep.CLOSE, facts.ended_at)
        if facts.results is not None:
            plan(FlowStep.PUBLISH, facts.ended_at, "ended")
            plan(FlowStep.PUBLISH, facts.results.remind_at, "reminder")
            plan(FlowStep.PUBLISH, facts.results.unattended_at, "unattended")
    return tuple(sorted(planned, key=lambda run: (run.at, run.step)))


def _choose_announcement(authorised_at: datetime, starts_at: datetime, policy: PlanningPolicy) -> datetime:
    """Choose when to announce; not at once: withholding is decided after the authority, of what isn't public yet."""
    latest = starts_at - timedelta(hours=policy.notice_h)
    at = authorised_at + timedelta(minutes=policy.announce_after_min)
    return min(at, latest) if latest > authorised_at else at


def retry_after(step: FlowStep, attempt: int) -> timedelta:
    """Return how long after a failed run of `step` the next is made; `attempt` counts from 1.

    A minute for what must happen in the deployment's hours; the others, whose fault is seldom gone in a minute, double
    that up to half an hour.
    """
    if step in {FlowStep.OPEN, FlowStep.CLOSE}:
        return timedelta(minutes=1)
    return timedelta(minutes=min(2 ** min(attempt - 1, 10), 30))


def read_schedule_facts(
    session: Session, deployment: str, policy: Policy, home: Path, now: datetime
) -> ScheduleFacts | None:
    """Read one planned deployment; None for a trial, or when there is no such."""
    row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
    if row is None or not lifecycle_of(planned=row.planned).has_authority:
        return None
    due = _read_results_due(session, policy, now)
    return _read_facts(session, row, home, due)


def read_all_schedule_facts(session: Session, policy: Policy, home: Path, now: datetime) -> tuple[ScheduleFacts, ...]:
    """Read every planned deployment for which something may be scheduled."""
    due = _read_results_due(session, policy, now)
    query = select(DeploymentRow).where(col(DeploymentRow.planned).is_(True), DeploymentRow.status != Status.CANCELLED)
    rows = [
        row
        for row in session.exec(query.order_by(DeploymentRow.id))
        if row.ended_at is None or row.id in due or now < row.ended_at + _REPORT_FOR
    ]
    return tuple(facts for facts in (_read_facts(session, row, home, due) for row in rows) if facts is not None)


def _read_results_due(session: Session, policy: Policy, now: datetime) -> dict[str, ResultsSchedule]:
    """Return when unpublished results are to be looked at, by deployment."""
    return {
        one.deployment: one.schedule
        for one in results_due(session, now, policy.publication)
        if one.published_at is None
    }


def _read_facts(
    session: Session, row: DeploymentRow, home: Path, due: dict[str, ResultsSchedule]
) -> ScheduleFacts | None:
    planned = read_state(session, row)
    if planned is None:
        return None
    given = read_authority(session, row.id)
    return ScheduleFacts(
        deployment=row.id,
        revision=planned.revision,
        status=planned.status,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        authorised_at=given.at if given is not None and given.granted and planned.officer else None,
        announced=planned.announced,
        ended_at=row.ended_at,
        reported=closing_report_file(home, row.id).exists(),
        results=due.get(row.id),
    )
