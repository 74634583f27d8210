"""Announcements: who is told what, and when, before a deployment; `withholding` has how two people withhold one.

The moment of publication is the clock's, never given: a late announcement shows that it was late. It may be replaced
until the deployment opens. A withheld one is counted in public from the start, under a name drawn by chance, and its
place is named only once it is released.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.counts import counted
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.announcement_terms import Plan, ReasonClass, plan, planned_of
from lfr_core.deployments.application import Application
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.record import record_step
from lfr_core.deployments.steps import Step, rules_for
from lfr_core.deployments.withholding_requests import read_pending_row
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.figures import Notice, UseCase
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.publication import AnnouncementRow

__all__ = [
    "NOT_RELEASED",
    "Announcement",
    "AnnouncementStore",
    "Plan",
    "ReasonClass",
    "announce",
    "announcement_of",
    "announcements",
    "check_hours",
    "check_may_change",
    "plan",
    "plan_of",
    "read_as_planned",
    "value_of",
]

NOT_RELEASED = "place not released"
"""Printed instead of the place of a withheld deployment."""
TELLERS = frozenset({Role.PLANNER, Role.PUBLICATION_OFFICER, Role.AUTHORISING_OFFICER})
"""Who announces, asks to withhold, releases. A planned one's lifecycle asks for more (`lfr_core.deployments.steps`)."""
_LONGEST_H = 24


@dataclass(frozen=True, slots=True)
class Announcement:
    """The newest revision of a deployment's announcement."""

    deployment: str
    revision: int
    public_id: str
    plan: Plan
    made_at: datetime
    withheld_because: ReasonClass | None
    released_at: datetime | None

    @property
    def place_is_public(self) -> bool:
        return self.withheld_because is None or self.released_at is not None

    @property
    def public_place(self) -> str:
        return self.plan.place if self.place_is_public else NOT_RELEASED

    @property
    def notice(self) -> Notice:
        """As the record prints it."""
        if self.withheld_because is None:
            return Notice(published_at=self.made_at)
        return Notice(withheld_because=self.withheld_because.value)


class AnnouncementStore:
    """Makes and releases announcements. `token` gives the hexadecimal digits of a withheld deployment's public name.

    Every method raises Retryable when database or vault is away: what can't be audited isn't done.
    """

    def __init__(self, engine: Engine, trail: Trail, clock: Clock, token: Callable[[], str]) -> None:
        self.engine = engine
        self.trail = trail
        self._clock = clock
        self._token = token

    def publish(self, deployment: str, plan: Plan, *, by: Actor) -> Announcement:
        """Announce it now, or replace its announcement while it hasn't opened.

        Raises:
            Refused: `deployment.unknown`, `announcement.too-late` (it has opened and has one),
                `announcement.withholding-asked` (an officer decides first), `actor.not-a-person`, `people.*`.
        """
        actor = principal_of(by)
        check_hours(plan)
        if not isinstance(by, SystemActor):
            with reading(self.engine) as session:
                acting(session, by, TELLERS)
        self.trail.prepare(actor)
        with writing(self.engine) as session:
            of = lock_deployment(session, deployment)
            asked = read_pending_row(session, of)
            if asked is not None:
                raise Refused(
                    "announcement.withholding-asked",
                    f"{asked.asked_by} has asked to withhold the notice of {deployment}: an authorising officer "
                    "approves or refuses that first",
                )
            if Step.ANNOUNCE in rules_for(of):
                read_as_planned(session, deployment, plan)
                record_step(session, self.trail, of, Step.ANNOUNCE, by=by, now=self.now())
            row = self.add(session, of, plan, made_by=str(actor))
            self.append(session, row, Verb.DISCLOSE, actor, "announcement.published")
            return value_of(row)

    def release(self, deployment: str, *, by: AuthenticatedPerson) -> Announcement:
        """Let the place of a withheld deployment be named from now on.

        Raises:
            Refused: `announcement.none`, `announcement.nothing-to-release`, `actor.not-a-person`, `people.*`.
        """
        with reading(self.engine) as session:
            name = acting(session, by, TELLERS).name
        self.trail.prepare(name)
        with writing(self.engine) as session:
            row = _newest(session, deployment)
            if row is None:
                raise _none(deployment)
            if not row.withheld_because:
                raise Refused("announcement.nothing-to-release", f"the place of {deployment} is public already")
            if row.released_at is None:
                row.released_at, row.released_by = self.now(), name
                session.add(row)
                self.append(session, row, Verb.DISCLOSE, name, "announcement.released")
            return value_of(row)

    def add(
        self,
        session: Session,
        of: DeploymentRow,
        plan: Plan,
        *,
        made_by: str,
        because: ReasonClass | None = None,
        approved_by: str = "",
    ) -> AnnouncementRow:
        """Add another revision in the caller's transaction, which holds the row of the deployment.

        Raises:
            Refused: as `check_may_change`.
        """
        before = check_may_change(session, of, withhold=because is not None)
        kept_name = before.public_id if before is not None and (because or not before.withheld_because) else ""
        row = AnnouncementRow(
            deployment=of.id,
            revision=before.revision + 1 if before else 1,
            public_id=kept_name or (f"withheld-{self._token()}" if because else of.id),
            place=plan.place,
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            purpose=plan.purpose,
            use_case=plan.use_case.value,
            made_at=self.now(),
            made_by=made_by,
            withheld_because=because.value if because else "",
            approved_by=approved_by,
        )
        session.add(row)
        session.flush()
        return row

    def append(self, session: Session, row: AnnouncementRow, verb: Verb, by: Principal, rule: str) -> None:
        """Put what was done about an announcement on the trail."""
        facts = {"revision": row.revision}
        self.trail.append(session, AuditEvent(verb, by, row.deployment, f"deployment:{row.deployment}", rule, facts))

    def now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def check_hours(plan: Plan) -> None:
    """Raise Poison where the plan's times aren't aware, or it lasts longer than a day."""
    if plan.starts_at.tzinfo is None or not timedelta(0) < plan.ends_at - plan.starts_at <= timedelta(hours=_LONGEST_H):
        raise Poison(f"a deployment's times are aware, and it lasts up to {counted(_LONGEST_H, 'hour')}: mend the plan")


def check_may_change(session: Session, of: DeploymentRow, *, withhold: bool) -> AnnouncementRow | None:
    """Return the announcement that another one would replace.

    Raises:
        Refused: `announcement.too-late` (it has opened and has one), `announcement.is-public` (what has been announced
            can't be withheld).
    """
    before = _newest(session, of.id)
    if before is not None and of.opened_at is not None:
        raise Refused(
            "announcement.too-late",
            f"deployment {of.id} has opened: what the public was told about it stays as it was",
        )
    if before is not None and withhold and not before.withheld_because:
        raise Refused("announcement.is-public", f"{of.id} has been announced: that can't be taken back")
    return before


def read_as_planned(session: Session, deployment: str, plan: Plan) -> Application:
    """Read the application of a planned deployment, which `plan` must be.

    Raises:
        Refused: `announcement.not-as-planned`.
    """
    made = read_application(session, deployment)
    if made is None or plan != planned_of(made):
        raise Refused(
            "announcement.not-as-planned",
            f"{deployment} is announced as it is planned: `lfr deployment announce` or `lfr deployment withhold`",
        )
    return made


def announcement_of(engine: Engine, deployment: str) -> Announcement:
    """Return the newest announcement of one deployment. Raises Refused `announcement.none`, Retryable."""
    with reading(engine) as session:
        return read_announcement(session, deployment)


def read_announcement(session: Session, deployment: str) -> Announcement:
    """Read the same, in the caller's look."""
    row = _newest(session, deployment)
    if row is None:
        raise _none(deployment)
    return value_of(row)


def announcements(engine: Engine) -> tuple[Announcement, ...]:
    """Return the newest announcement of each deployment, by start. Raises Retryable."""
    with reading(engine) as session:
        rows = session.exec(select(AnnouncementRow).order_by(col(AnnouncementRow.revision))).all()
    newest = {row.deployment: row for row in rows}
    return tuple(
        sorted((value_of(row) for row in newest.values()), key=lambda one: (one.plan.starts_at, one.public_id))
    )


def _newest(session: Session, deployment: str) -> AnnouncementRow | None:
    if "\x00" in deployment:
        return None
    query = select(AnnouncementRow).where(AnnouncementRow.deployment == deployment)
    return session.exec(query.order_by(col(AnnouncementRow.revision).desc())).first()


def value_of(row: AnnouncementRow) -> Announcement:
    """Make the value of a row."""
    return Announcement(
        deployment=row.deployment,
        revision=row.revision,
        public_id=row.public_id,
        plan=Plan(row.place, row.starts_at, row.ends_at, row.purpose, UseCase(row.use_case)),
        made_at=row.made_at,
        withheld_because=ReasonClass(row.withheld_because) if row.withheld_because else None,
        released_at=row.released_at,
    )


def _none(deployment: str) -> Refused:
    return Refused(
        "announcement.none",
        f"{deployment} was neither announced nor withheld: do it with `lfr publish announce` (late, if it must be)",
    )


def announce(engine: Engine, store: AnnouncementStore, deployment: str, *, by: Actor) -> Announcement:
    """Tell the public where, when and what for, as the newest application says.

    Raises:
        Refused: `deployment.trial`, and as `AnnouncementStore.publish` and `record_step`.
        Retryable: database or vault are away.
    """
    return store.publish(deployment, plan_of(engine, deployment), by=by)


def plan_of(engine: Engine, deployment: str) -> Plan:
    """Read what the newest application says. Raises Refused `deployment.trial`, Retryable."""
    with reading(engine) as session:
        made: Application | None = read_application(session, deployment)
    if made is None:
        raise Refused("deployment.trial", f"{deployment} is a trial, or there is no such: nobody need be told")
    return planned_of(made)
