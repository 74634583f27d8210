"""Planned deployments as people look at them: the calendar, one deployment with its readiness board, who has to act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Person
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.gate_facts import gather_gate_facts
from lfr_core.deployments.reading import read_application, read_authority, read_state
from lfr_core.deployments.state_machine import DeploymentState
from lfr_core.deployments.steps import RULES, Step
from lfr_core.deployments.views import view_of
from lfr_core.deployments.withholding_requests import WithholdingRequest, read_pending
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.domain.gate import Condition, GateFinding, GateLimits, gate
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.publication import WatchlistCompositionRow

__all__ = [
    "CalendarEntry",
    "DeploymentOverview",
    "ListShare",
    "ReadinessItem",
    "calendar",
    "read_overview",
    "read_pending_withholdings",
    "steps_for",
]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A line of the calendar."""

    id: str
    name: str
    status: DeploymentStatus
    application: Application


@dataclass(frozen=True, slots=True)
class ListShare:
    """How many of a list are of one category. Test subjects aren't in it."""

    category: str
    people: int
    images: int


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """A condition of the gate on the readiness board."""

    finding: GateFinding
    looked: bool
    """False: it can't be seen from here, so whether it is met isn't known."""


@dataclass(frozen=True, slots=True)
class DeploymentOverview:
    """One planned deployment, as it stands."""

    name: str
    view: DeploymentView
    planned: DeploymentState
    application: Application
    authority: Authority | None
    """The decision on this revision."""
    readiness: tuple[ReadinessItem, ...]
    composition: tuple[ListShare, ...]
    list_built_at: datetime | None
    suspended_why: str
    signage_by: str
    briefing_by: str
    withholding: WithholdingRequest | None = None
    """That its notice be withheld, as somebody asks and no officer has answered: it withholds nothing."""

    @property
    def list_people(self) -> int:
        """On the list as built, test subjects left out."""
        return sum(share.people for share in self.composition)


def calendar(engine: Engine, *, over: bool = False) -> tuple[CalendarEntry, ...]:
    """List planned deployments by their start: those still to come or running, or those that are over, the last first.

    Raises Retryable when the records are away.
    """
    ended = [each.value for each in DeploymentStatus if each.is_over]
    where = col(DeploymentRow.status).in_(ended) if over else col(DeploymentRow.status).not_in(ended)
    found = []
    with reading(engine) as session:
        for row in session.exec(select(DeploymentRow).where(col(DeploymentRow.planned).is_(True), where)):
            made = read_application(session, row.id)
            if made is not None:
                found.append(CalendarEntry(row.id, row.name, DeploymentStatus(row.status), made))
    return tuple(sorted(found, key=lambda one: (one.application.starts_at, one.id), reverse=over))


def read_overview(engine: Engine, deployment: str, limits: GateLimits, *, now_ns: int) -> DeploymentOverview:
    """Read one planned deployment with every condition of the gate.

    Raises:
        Refused: `deployment.unknown`; `deployment.trial`: it isn't planned.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        row = None if "\x00" in deployment else session.get(DeploymentRow, deployment)
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment!r}: choose one of the calendar")
        planned, made, kept = (
            read_state(session, row),
            read_application(session, row.id),
            session.get(PlannedDeploymentRow, row.id),
        )
        if planned is None or made is None or kept is None:
            raise Refused("deployment.trial", f"{row.id} is a trial: it has no application and no readiness board")
        shares = session.exec(
            select(WatchlistCompositionRow)
            .where(WatchlistCompositionRow.deployment == row.id)
            .order_by(WatchlistCompositionRow.category)
        )
        return DeploymentOverview(
            name=row.name,
            view=view_of(row),
            planned=planned,
            application=made,
            authority=read_authority(session, row.id),
            readiness=tuple(
                _line(one) for one in gate(gather_gate_facts(session, row, utc_from_ns(now_ns)), limits, now_ns=now_ns)
            ),
            composition=tuple(ListShare(one.category, one.people, one.images) for one in shares),
            list_built_at=kept.list_built_at,
            suspended_why=row.suspended_why,
            signage_by=kept.signage_by,
            briefing_by=kept.briefing_by,
            withholding=read_pending(session, row),
        )


def read_pending_withholdings(engine: Engine) -> tuple[WithholdingRequest, ...]:
    """Return the requests to withhold a planned deployment's notice that wait for an officer. Raises Retryable."""
    ended = [each.value for each in DeploymentStatus if each.is_over]
    with reading(engine) as session:
        query = select(DeploymentRow).where(
            col(DeploymentRow.planned).is_(True), col(DeploymentRow.status).not_in(ended)
        )
        found = [read_pending(session, row) for row in session.exec(query.order_by(DeploymentRow.id))]
    return tuple(one for one in found if one is not None)


def steps_for(person: Person, status: DeploymentStatus) -> frozenset[Step]:
    """Return the steps that this person's roles may take on a deployment of that status, preconditions left aside."""
    return frozenset(step for step, rule in RULES.items() if status in rule.froms and person.roles & rule.roles)


def _line(finding: GateFinding) -> ReadinessItem:
    """Make the line of a finding; only the vault, which remembers the latest time it saw, can judge the clock."""
    if finding.condition is not Condition.CLOCK_SANE:
        return ReadinessItem(finding, looked=True)
    why = "not looked at from here: the vault judges the clock whenever it gives a key"
    return ReadinessItem(GateFinding(finding.condition, met=False, who=finding.who, why=why), looked=False)
