"""The register of people, written: who may put somebody on it, and take somebody off."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.compliance import check_by, check_kind, check_not_last, person_to_log_out
from lfr_core.custody.people.identities import (
    any_linked,
    end_use,
    linked_rows,
    new_link,
    person_of_identity,
    with_several,
)
from lfr_core.custody.people.lookup import (
    acting,
    find_person,
    person_of,
    role_rows,
    roles_of,
    row_of,
    unknown,
)
from lfr_core.custody.people.roles import (
    SERVICE_ROLES,
    Actor,
    AuthenticatedPerson,
    Person,
    Rank,
    Role,
    check_roles,
    principal_of,
)
from lfr_core.custody.people.texts import check_name, check_reason
from lfr_core.domain.actors import Principal, SystemActor, fold_name, same_person
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow

__all__ = ["People", "acting", "find_person"]

_LOCK = 0x4C46_5250  # any number of our own ("LFRP"), for PostgreSQL's advisory lock


class People:
    """Adds, changes and revokes people. Each act is audited, under a number and never the name of whom it is about.

    Every method that changes something raises Retryable when database or vault is away.
    """

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def add(self, name: str, roles: Collection[Role], rank: Rank, *, by: Actor) -> Person:
        """Register a person, or one anew who was revoked. The very first, of compliance, is added by `SystemActor.LFR`.

        Raises:
            Refused: `people.bad-name`, `people.by` (`by` isn't registered as compliance), `people.first` (the first
                without role compliance), `people.known`, and as `check_roles`.
        """
        written, held = check_name(name), check_roles(roles, rank)
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            if session.exec(select(PersonRow.id)).first() is None:
                if Role.COMPLIANCE not in held:
                    raise Refused(
                        "people.first", "the first person registered registers the others: give role compliance too"
                    )
            else:
                check_by(session, by)
            now, row = self._now(), row_of(session, name)
            if row is None:
                row = PersonRow(folded=fold_name(name), name=written, rank=rank, added_at=now, added_by=str(actor))
            elif row.revoked_at is None:
                raise Refused("people.known", f"{row.name} is registered: `lfr users change` gives other roles or rank")
            row.name, row.rank, row.added_at, row.added_by = written, rank.value, now, str(actor)
            row.revoked_at, row.revoked_by, row.revoked_why = None, "", ""
            return self._store(session, row, held, now, actor, "people.added")

    def check_compliance(self, *, by: Actor) -> None:
        """See that somebody of compliance acts. Raises Refused `people.by`."""
        principal_of(by)
        with reading(self._engine) as session:
            check_by(session, by)

    def change(self, name: str, roles: Collection[Role], rank: Rank, *, by: AuthenticatedPerson) -> Person:
        """Give a registered person these roles and this rank instead. A role kept is held without a break.

        Raises:
            Refused: `people.unknown`, `people.revoked`, `people.by`, `people.own-roles` (nobody changes their own),
                `people.last-compliance`, and as `check_roles`.
        """
        held = check_roles(roles, rank)
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            check_by(session, by)
            row = _active(session, name)
            if same_person(name, by.name):
                raise Refused("people.own-roles", "nobody changes their own roles or rank: ask another of compliance")
            if Role.COMPLIANCE not in held:
                check_not_last(session, row)
            row.rank = rank.value
            return self._store(session, row, held, self._now(), actor, "people.changed")

    def revoke(self, name: str, *, why: str, by: AuthenticatedPerson) -> Person:
        """From now on this person may do nothing; what an officer has authorised doesn't open a gate any more.

        Raises:
            Refused: `people.unknown`, `people.revoked` (already), `people.reason-missing`, `people.by`,
                `people.last-compliance`.
        """
        reason = check_reason(why)
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            check_by(session, by)
            row = _active(session, name)
            check_not_last(session, row)
            held = roles_of(session, row)
            row.revoked_at, row.revoked_by, row.revoked_why = self._now(), str(actor), reason
            session.add(row)
            self._append(session, row, actor, "people.revoked", held)
            return person_of(row, held)

    def list(self) -> tuple[Person, ...]:
        """Everybody, the revoked too, by name."""
        with reading(self._engine) as session:
            roles: dict[int, dict[Role, datetime]] = {}
            for each in session.exec(select(PersonRoleRow)):
                roles.setdefault(each.person, {})[Role(each.role)] = each.since
            rows = session.exec(select(PersonRow).order_by(col(PersonRow.folded))).all()
            return tuple(person_of(row, roles.get(row.id or 0, {})) for row in rows)

    def find(self, name: str) -> Person | None:
        """Return the person of that name, revoked or not, or None."""
        with reading(self._engine) as session:
            return find_person(session, name)

    def link_identity(self, name: str, issuer: str, subject: str, *, by: Actor) -> Person:
        """Write whose account at an identity provider it is. It is that person's for ever.

        The very first, of somebody of compliance, is linked by `SystemActor.LFR`: nobody can log in before.

        Raises:
            Refused: `people.unknown`, `people.revoked`, `people.by`, and as `identities.new_link`.
        """
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            row = _active(session, name)
            if by is not SystemActor.LFR or any_linked(session) or Role.COMPLIANCE not in roles_of(session, row):
                check_by(session, by)
            check_kind(issuer, roles_of(session, row))
            new_link(session, row, issuer, subject, self._now(), str(actor))
            held = roles_of(session, row)
            self._append(session, row, actor, "people.identity-linked", held)
            return person_of(row, held)

    def end_identity(self, name: str, issuer: str, *, by: AuthenticatedPerson) -> None:
        """Let nobody log in any more with the account that the person, revoked or not, has at that provider.

        Raises:
            Refused: `people.unknown`, `people.by`, `identity.unknown`: they have none in use.
        """
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            check_by(session, by)
            if (row := row_of(session, name)) is None:
                raise unknown(name)
            if not (linked := linked_rows(session, row, issuer)):
                raise Refused("identity.unknown", f"{row.name} has no account in use at {issuer}")
            for each in linked:
                end_use(each, self._now(), str(actor))
                session.add(each)
            self._append(session, row, actor, "people.identity-ended", roles_of(session, row))

    def check_may_end_sessions(self, name: str, *, by: Actor) -> None:
        """See that `by` may log that person out. Raises as `end_sessions`."""
        with reading(self._engine) as session:
            person_to_log_out(session, name, by)

    def end_sessions(self, name: str, *, by: Actor, gives_password_link: bool = False) -> None:
        """Log a person out everywhere: logins before now count no more.

        Whoever has a link to set the password can log in as that person, so the trail says where one was made.

        They do it themselves, or compliance does. `SystemActor.LFR` does it for the only person of compliance, whom
        nobody else could help.

        Raises:
            Refused: `people.unknown`, `people.by`.
        """
        actor = self._actor(by)
        with writing(self._engine) as session:
            _one_at_a_time(session)
            row = person_to_log_out(session, name, by)
            for each in linked_rows(session, row):
                each.sessions_from = self._now()
                session.add(each)
            rule = "people.password-link" if gives_password_link else "people.sessions-ended"
            rule = "people.recovered" if by is SystemActor.LFR else rule
            self._append(session, row, actor, rule, roles_of(session, row))

    def of_identity(self, issuer: str, subject: str, *, since: datetime | None = None) -> AuthenticatedPerson:
        """Find the person whose account it is, who may act now. Raises as `identities.person_of_identity`."""
        with reading(self._engine) as session:
            return person_of_identity(session, issuer, subject, since=since)

    def any_can_log_in(self) -> bool:
        """Whether an account was ever linked: until then this machine's user links the first."""
        with reading(self._engine) as session:
            return any_linked(session)

    def identities_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Find the accounts in use of a person, revoked or not: issuer and subject. Raises Refused `people.unknown`."""
        with reading(self._engine) as session:
            if (row := row_of(session, name)) is None:
                raise unknown(name)
            return tuple((each.issuer, each.subject) for each in linked_rows(session, row))

    def with_several_accounts(self) -> Mapping[str, tuple[str, ...]]:
        """Find people with several accounts in use, for compliance: name, and the issuers."""
        with reading(self._engine) as session:
            return with_several(session)

    def _store(
        self, session: Session, row: PersonRow, held: frozenset[Role], now: datetime, by: Principal, rule: str
    ) -> Person:
        session.add(row)
        session.flush()
        for linked in linked_rows(session, row):
            check_kind(linked.issuer, held)  # a key makes no person, and a login no service
        anew = rule == "people.added"
        before = {each.role: each for each in role_rows(session, row)}
        for role, old in before.items():
            if Role(role) not in held:
                session.delete(old)
        for role in held:
            kept = before.get(role.value)
            if kept is None:
                session.add(PersonRoleRow(person=_id(row), role=role.value, since=now))
            elif anew:
                kept.since = now
                session.add(kept)
        session.flush()
        roles = roles_of(session, row)
        self._append(session, row, by, rule, roles)
        return person_of(row, roles)

    def _append(self, session: Session, row: PersonRow, by: Principal, rule: str, held: Collection[Role]) -> None:
        rank = {} if SERVICE_ROLES & set(held) else {"rank": row.rank}
        facts = {"roles": " + ".join(role.value for role in Role if role in held)} | rank
        self._trail.append(session, AuditEvent(Verb.ALTER, by, "", f"person:{row.id}", rule, facts))

    def _actor(self, by: Actor) -> Principal:
        """Return who goes on the trail, which is prepared for them."""
        actor = principal_of(by)
        self._trail.prepare(actor)
        return actor

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def _one_at_a_time(session: Session) -> None:
    """Two who are added first at once, or who revoke each other at once, come one after the other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _active(session: Session, name: str) -> PersonRow:
    row = row_of(session, name)
    if row is None:
        raise unknown(name)
    if row.revoked_at is not None:
        raise Refused("people.revoked", f"{row.name} was revoked on {row.revoked_at:%Y-%m-%d} already")
    return row


def _id(row: PersonRow) -> int:
    assert row.id is not None  # it was flushed
    return row.id
