"""Announcements: who is told what, and when, before a deployment; or withheld for a reason that two people stand for.

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
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting, in_role
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.announcement_terms import Plan, ReasonClass, plan
from lfr_core.deployments.application import Application
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.record import record_step
from lfr_core.deployments.steps import Step
from lfr_core.domain.actors import Principal, SystemActor, person_name, same_person
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
    "plan",
    "withhold",
]

NOT_RELEASED = "place not released"
"""Printed instead of the place of a withheld deployment."""
TELLERS = frozenset({Role.PLANNER, Role.PUBLICATION_OFFICER, Role.AUTHORISING_OFFICER})
"""Who announces, withholds, releases. A planned deployment's lifecycle asks for more (`lfr_core.deployments.steps`)."""
APPROVERS = frozenset({Role.AUTHORISING_OFFICER})
"""Who approves that nobody is told."""
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
        self._engine = engine
        self._trail = trail
        self._clock = clock
        self._token = token

    def publish(self, deployment: str, plan: Plan, *, by: Actor) -> Announcement:
        """Announce it now, or replace its announcement while it hasn't opened.

        Raises:
            Refused: `deployment.unknown`, `announcement.too-late` (it has opened and has one), `actor.not-a-person`,
                `people.*`.
        """
        return self._add(deployment, plan, by, None, "")

    def withhold(
        self, deployment: str, plan: Plan, *, because: ReasonClass, by: AuthenticatedPerson, approved_by: str
    ) -> Announcement:
        """Tell nobody beforehand, for `because`, approved by somebody else.

        Raises:
            Refused: as `publish`, and `announcement.same-person`, `announcement.is-public` (it has been announced).
        """
        if same_person(str(principal_of(by)), approved_by):
            raise Refused(
                "announcement.same-person", "who withholds a notice can't approve that: name the authorising officer"
            )
        return self._add(deployment, plan, by, because, approved_by)

    def release(self, deployment: str, *, by: AuthenticatedPerson) -> Announcement:
        """Let the place of a withheld deployment be named from now on.

        Raises:
            Refused: `announcement.none`, `announcement.nothing-to-release`, `actor.not-a-person`, `people.*`.
        """
        with reading(self._engine) as session:
            name = acting(session, by, TELLERS).name
        self._trail.prepare(name)
        with writing(self._engine) as session:
            row = _newest(session, deployment)
            if row is None:
                raise _none(deployment)
            if not row.withheld_because:
                raise Refused("announcement.nothing-to-release", f"the place of {deployment} is public already")
            if row.released_at is None:
                row.released_at, row.released_by = self._now(), name
                session.add(row)
                self._append(session, row, Verb.DISCLOSE, name, "announcement.released")
            return _value(row)

    def _add(
        self, deployment: str, plan: Plan, by: Actor, because: ReasonClass | None, approved_by: str
    ) -> Announcement:
        actor = principal_of(by)
        with reading(self._engine) as session:
            if not isinstance(by, SystemActor):
                acting(session, by, TELLERS)
            if because:
                approved_by = in_role(session, person_name(approved_by), APPROVERS).name
        if plan.starts_at.tzinfo is None or not timedelta(0) < plan.ends_at - plan.starts_at <= timedelta(
            hours=_LONGEST_H
        ):
            raise Poison(f"a deployment's times are aware, and it lasts up to {_LONGEST_H} hours: mend the plan")
        for name in (actor, approved_by) if because else (actor,):
            self._trail.prepare(name)
        with writing(self._engine) as session:
            query = select(DeploymentRow).where(DeploymentRow.id == deployment).with_for_update(key_share=True)
            of = session.exec(query).one_or_none() if "\x00" not in deployment else None
            if of is None:
                raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
            if of.planned:
                self._check_planned(session, of, plan, by, approved_by if because else "")
            before = _newest(session, deployment)
            if before is not None and of.opened_at is not None:
                raise Refused(
                    "announcement.too-late",
                    f"deployment {deployment} has opened: what the public was told about it stays as it was",
                )
            if before is not None and because is not None and not before.withheld_because:
                raise Refused("announcement.is-public", f"{deployment} has been announced: that can't be taken back")
            kept_name = before.public_id if before is not None and (because or not before.withheld_because) else ""
            row = AnnouncementRow(
                deployment=deployment,
                revision=before.revision + 1 if before else 1,
                public_id=kept_name or (f"withheld-{self._token()}" if because else deployment),
                place=plan.place,
                starts_at=plan.starts_at,
                ends_at=plan.ends_at,
                purpose=plan.purpose,
                use_case=plan.use_case.value,
                made_at=self._now(),
                made_by=str(actor),
                withheld_because=because.value if because else "",
                approved_by=approved_by if because else "",
            )
            session.add(row)
            session.flush()
            if because:
                self._append(session, row, Verb.DECIDE, actor, "announcement.withheld")
                self._append(session, row, Verb.AUTHORISE, approved_by, "announcement.withheld")
            else:
                self._append(session, row, Verb.DISCLOSE, actor, "announcement.published")
            return _value(row)

    def _check_planned(self, session: Session, of: DeploymentRow, plan: Plan, by: Actor, approved_by: str) -> None:
        """A planned deployment is announced as it is authorised, by whom its line names."""
        made = read_application(session, of.id)
        if made is None or (plan.place, plan.starts_at, plan.ends_at) != (made.place, made.starts_at, made.ends_at):
            raise Refused(
                "announcement.not-as-planned",
                f"{of.id} is announced as it is planned: `lfr deployment announce` or `lfr deployment withhold`",
            )
        if approved_by:
            officer = in_role(session, approved_by, APPROVERS)
            if same_person(officer.name, made.applied_by):
                raise Refused("announcement.same-person", f"{officer.name} planned {of.id}: another officer approves")
        step, note = (Step.WITHHOLD, f"approved by {approved_by}") if approved_by else (Step.ANNOUNCE, "")
        record_step(session, self._trail, of, step, by=by, now=self._now(), note=note)

    def _append(self, session: Session, row: AnnouncementRow, verb: Verb, by: Principal, rule: str) -> None:
        facts = {"revision": row.revision}
        self._trail.append(session, AuditEvent(verb, by, row.deployment, f"deployment:{row.deployment}", rule, facts))

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def announcement_of(engine: Engine, deployment: str) -> Announcement:
    """The newest of one deployment. Raises Refused `announcement.none`, Retryable."""
    with reading(engine) as session:
        row = _newest(session, deployment)
    if row is None:
        raise _none(deployment)
    return _value(row)


def announcements(engine: Engine) -> tuple[Announcement, ...]:
    """The newest of each deployment, by start. Raises Retryable."""
    with reading(engine) as session:
        rows = session.exec(select(AnnouncementRow).order_by(col(AnnouncementRow.revision))).all()
    newest = {row.deployment: row for row in rows}
    return tuple(sorted((_value(row) for row in newest.values()), key=lambda one: (one.plan.starts_at, one.public_id)))


def _newest(session: Session, deployment: str) -> AnnouncementRow | None:
    if "\x00" in deployment:
        return None
    query = select(AnnouncementRow).where(AnnouncementRow.deployment == deployment)
    return session.exec(query.order_by(col(AnnouncementRow.revision).desc())).first()


def _value(row: AnnouncementRow) -> Announcement:
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
        Refused: `life.trial`, and as `AnnouncementStore.publish` and `record_step`.
        Retryable: database or vault are away.
    """
    return store.publish(deployment, _planned(engine, deployment), by=by)


def withhold(
    engine: Engine,
    store: AnnouncementStore,
    deployment: str,
    *,
    because: ReasonClass,
    by: AuthenticatedPerson,
    approved_by: str,
) -> Announcement:
    """Tell nobody beforehand, for a reason of the closed list that an authorising officer approves.

    Raises:
        Refused: `life.trial`, and as `AnnouncementStore.withhold` and `record_step`.
        Retryable: database or vault are away.
    """
    return store.withhold(deployment, _planned(engine, deployment), because=because, by=by, approved_by=approved_by)


def _planned(engine: Engine, deployment: str) -> Plan:
    with reading(engine) as session:
        made: Application | None = read_application(session, deployment)
    if made is None:
        raise Refused("life.trial", f"{deployment} is a trial, or there is no such deployment: nobody need be told")
    return Plan(made.place, made.starts_at, made.ends_at, made.purpose, made.use_case)
