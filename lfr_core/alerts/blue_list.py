"""The blue list: volunteers walk past the cameras, and each pass is scored by whether it raised their alert.

docs/domain.md F4: a pass is one walk through the zone of recognition, not a frame. A pass is recognised when an alert
on the volunteer's entry rests on a shot taken during it. It is scored when it is entered, while the alerts are there,
and of the volunteer nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.domain.identification import passes_for_margin
from lfr_core.domain.rates import Proportion, proportion
from lfr_core.domain.watchlists import Category
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.alerts import AlertRow, SightingRow
from lfr_core.storage.tables.blue_list import BlueListPassRow, BlueListPlanRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow

__all__ = ["BlueList", "BlueListResult", "read_blue_list", "show_blue_list"]

_NS = 10**9
_SETTLED_NS = 10 * _NS
"""After a pass, before it can be scored: its last shots are on their way."""
_LONGEST_NS = 600 * _NS
"""A walk through the zone of recognition; longer isn't one pass."""


@dataclass(frozen=True, slots=True)
class BlueListResult:
    """What the blue list of a deployment came to. planned: passes; 0 where nobody planned any."""

    planned: int
    recognition: Proportion
    """Recognised of the passes walked (F4); n is 0 where none was."""

    @property
    def words(self) -> str:
        """For people: the rate with its interval, and how much of the plan was walked."""
        of = self.recognition
        if of.point is None or of.low95 is None or of.high95 is None:
            return "not tested" if not self.planned else f"not tested: none of {self.planned:,} planned passes walked"
        short = f"; {self.planned:,} were planned" if self.planned > of.n else ""
        return (
            f"{of.k:,} of {of.n:,} passes recognised, {100 * of.point:.0f} % "
            f"(95 % interval {100 * of.low95:.0f} to {100 * of.high95:.0f} %){short}"
        )


class BlueList:
    """Plans and enters passes. Every method raises Retryable when database or vault are away."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def plan(self, deployment: str, *, rate: float, margin: float, by: AuthenticatedPerson) -> int:
        """Plan as many passes as put a rate near `rate` within `margin` at 95 % (docs/domain.md 4.3); how many that is.

        Raises:
            Refused: `deployment.unknown`; `people.*`: planned by planner or operator.
            Poison: a rate or margin outside (0, 1).
        """
        passes = passes_for_margin(rate, margin)
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            _deployment(session, deployment)
            person = acting(session, by, {Role.PLANNER, Role.OPERATOR})
            row = BlueListPlanRow(
                deployment=deployment,
                passes=passes,
                expected_rate=rate,
                margin=margin,
                planned_by=person.name,
                planned_at=utc_from_ns(self._clock.time_ns()),
            )
            session.merge(row)
            self._append(session, person.name, deployment, "blue-list.planned", {"passes": passes})
        return passes

    def enter(
        self,
        deployment: str,
        subject: str,
        camera: str,
        start: datetime,
        end: datetime,
        *,
        retention_h: int,
        by: AuthenticatedPerson,
    ) -> bool:
        """Enter one pass and score it; whether it was recognised.

        Args:
            deployment: its id.
            subject: of the test subject, as on the list.
            camera: past which they walked.
            start: of the pass, aware.
            end: of the pass, aware.
            retention_h: how long alerts are kept (`alerts.retention_h`): an older pass can't be scored.
            by: the operator who saw who walked when.

        Raises:
            Refused: `deployment.unknown`, `people.*`; `blue-list.subject`: nobody of that name is a test subject of the
                list; `blue-list.times`: it ends before it begins, is longer than ten minutes, isn't over or is too
                long ago; `blue-list.twice`: a pass of that camera and beginning is there.
        """
        from_ns, to_ns = round(start.timestamp() * _NS), round(end.timestamp() * _NS)
        now_ns = self._clock.time_ns()
        _check_times(from_ns, to_ns, now_ns, retention_h)
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            row = _deployment(session, deployment)
            person = acting(session, by, {Role.OPERATOR})
            if row.opened_at is None or start < row.opened_at or (row.ended_at is not None and end > row.ended_at):
                raise Refused("blue-list.times", f"deployment {deployment} wasn't open during that pass")
            entry = _test_subject(session, deployment, subject)
            recognised = _is_recognised(session, deployment, entry, camera, from_ns, to_ns)
            known = select(BlueListPassRow).where(
                BlueListPassRow.deployment == deployment,
                BlueListPassRow.camera == camera,
                BlueListPassRow.from_ns == from_ns,
            )
            if session.exec(known).first() is not None:
                raise Refused("blue-list.twice", f"a pass before {camera} that began then is entered already")
            made = BlueListPassRow(
                deployment=deployment,
                camera=camera,
                from_ns=from_ns,
                to_ns=to_ns,
                recognised=recognised,
                entered_by=person.name,
                entered_at=utc_from_ns(now_ns),
            )
            session.add(made)
            self._append(session, person.name, deployment, "blue-list.entered", {"recognised": int(recognised)})
        return recognised

    def _append(self, session: Session, name: str, deployment: str, rule: str, facts: dict[str, str | int]) -> None:
        subject = f"deployment:{deployment}"
        self._trail.append(session, AuditEvent(Verb.DECIDE, name, deployment, subject, rule, facts))


def read_blue_list(session: Session, deployment: str) -> BlueListResult:
    """Read what the blue list of a deployment came to."""
    plan = session.get(BlueListPlanRow, deployment)
    mine = BlueListPassRow.deployment == deployment
    total = session.exec(select(func.count()).select_from(BlueListPassRow).where(mine)).one()
    hits = session.exec(
        select(func.count()).select_from(BlueListPassRow).where(mine, col(BlueListPassRow.recognised).is_(True))
    ).one()
    return BlueListResult(0 if plan is None else plan.passes, proportion(hits, total))


def show_blue_list(engine: Engine, deployment: str) -> BlueListResult:
    """Read the same, in a look of its own. Raises Refused `deployment.unknown`; Retryable."""
    with reading(engine) as session:
        _deployment(session, deployment)
        return read_blue_list(session, deployment)


def _deployment(session: Session, deployment: str) -> DeploymentRow:
    row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
    if row is None:
        raise Refused("deployment.unknown", f"there is no deployment {deployment!r}; see `lfr deployment list`")
    return row


def _check_times(from_ns: int, to_ns: int, now_ns: int, retention_h: int) -> None:
    if not from_ns < to_ns <= from_ns + _LONGEST_NS:
        raise Refused("blue-list.times", "a pass ends after it begins, within ten minutes: give both times")
    if to_ns + _SETTLED_NS > now_ns:
        raise Refused("blue-list.times", "the pass isn't over for ten seconds yet: wait, then enter it")
    if from_ns < now_ns - retention_h * 3_600 * _NS:
        raise Refused(
            "blue-list.times",
            f"the pass is over {retention_h} hours ago: its alerts are deleted, and nobody can say any more whether it "
            "was recognised",
        )


def _test_subject(session: Session, deployment: str, subject: str) -> str:
    query = select(WatchlistEntryRow).where(
        WatchlistEntryRow.deployment == deployment,
        WatchlistEntryRow.subject == subject,
        WatchlistEntryRow.category == Category.BLUE_LIST.value,
    )
    found = session.exec(query).first()
    if found is None:
        raise Refused(
            "blue-list.subject",
            f"no test subject {subject!r} is on the list of {deployment}: the list goes when the deployment ends, so "
            "passes are entered before; else see how they are called in `watchlist.csv`",
        )
    return found.id


def _is_recognised(session: Session, deployment: str, entry: str, camera: str, from_ns: int, to_ns: int) -> bool:
    query = (
        select(SightingRow.id)
        .join(AlertRow, col(AlertRow.id) == col(SightingRow.alert))
        .where(col(AlertRow.deployment) == deployment, col(AlertRow.entry) == entry, col(AlertRow.camera) == camera)
        .where(col(SightingRow.captured_ns) >= from_ns, col(SightingRow.captured_ns) <= to_ns)
    )
    return session.exec(query).first() is not None
