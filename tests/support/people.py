"""A register of people for tests: one person for each role."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.audit.read import read_named_rows
from lfr_core.custody.people import Actor, AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.machine_user import MACHINE_USER_ISSUER
from lfr_core.custody.people.roles import Login
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.domain.actors import Principal, SystemActor, fold_name
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from tests.support.made_once import Beginning
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock
from tests.support.vaults import MemoryTrail, trail_of

__all__ = [
    "CAST",
    "FAR",
    "ISSUER",
    "MACHINE",
    "account_row",
    "add_operators",
    "add_people",
    "authenticated",
    "give_accounts",
    "put_accounts",
    "put_people",
    "register",
    "registered",
    "registrar",
    "sign_on",
    "subject_of",
]

_FIRST = "Dana Compliance"

CAST = {
    "Dee Compliance": ({Role.COMPLIANCE}, Rank.POLICE_STAFF),
    "Pat Planner": ({Role.PLANNER}, Rank.SERGEANT),
    "Sue Perintendent": ({Role.AUTHORISING_OFFICER, Role.PLANNER}, Rank.SUPERINTENDENT),
    "Olu Operator": ({Role.OPERATOR}, Rank.CONSTABLE),
    "Una Publisher": ({Role.PUBLICATION_OFFICER}, Rank.POLICE_STAFF),
    "Ada Auditor": ({Role.AUDITOR}, Rank.POLICE_STAFF),
}
"""The first is of compliance and registers the others."""


MACHINE = SystemActor.LFR
"""This machine's user, who registers the first person."""


ISSUER: Final = MACHINE_USER_ISSUER
"""Of the accounts of registers of tests, which `give_account` and `put_people` link: no provider's, so that a vault in
a process of its own goes by a name, as in a trial."""
FAR: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""After every session that a test ends."""


def subject_of(name: str) -> str:
    """What the tests' issuer calls the account of somebody of that name."""
    return f"tests know {fold_name(name)}"


def authenticated(
    name: str, *, at: datetime = FAR, ends_at: datetime | None = None, account_of: str = ""
) -> AuthenticatedPerson:
    """Make somebody of that name, as a login with their account would have found them: services look them up anew.

    Without a role: what a service takes from here instead of from the register would show.

    Args:
        name: the person's.
        at: when they logged in.
        ends_at: when the login counts no more, by the machine's clock.
        account_of: the name under which they were given their account, where that was another.
    """
    login = Login(ISSUER, subject_of(account_of or name), at, ends_at, SystemClock())
    return AuthenticatedPerson(name, frozenset(), Rank.POLICE_STAFF, datetime(2020, 1, 1, tzinfo=UTC), None, login)


def give_accounts(people: People, *names: str, by: Actor = MACHINE) -> None:
    """Link the accounts that `authenticated` logs in with; the first, of compliance, by this machine's user."""
    for name in names:
        people.link_identity(name, ISSUER, subject_of(name), by=by)


def registrar(engine: Engine) -> Principal:
    """Find who registers people: the first of compliance who may act, once the trail has a person; this machine's user
    before, whom nobody believes later.
    """
    of_compliance = select(PersonRow.name).join(PersonRoleRow, col(PersonRoleRow.person) == col(PersonRow.id))
    wanted = of_compliance.where(PersonRoleRow.role == Role.COMPLIANCE.value, col(PersonRow.revoked_at).is_(None))
    with reading(engine) as session:
        found = session.exec(wanted.order_by(col(PersonRow.id))).first()
        return found if found is not None and read_named_rows(session, PersonRow) else MACHINE


def put_accounts(engine: Engine) -> None:
    """Write these accounts of everybody who has none into the register's tables, with no entry on a trail."""
    with overwriting(engine) as session:
        there = set(session.exec(select(PersonIdentityRow.subject)))
        for row in session.exec(select(PersonRow)):
            if row.id is not None and subject_of(row.name) not in there:
                session.add(account_row(row.id, row.name, row.added_at))


def register(engine: Engine, clock: Clock | None = None) -> People:
    """An empty register on the test's database, with its trail."""
    return People(engine, trail_of(engine), clock or ManualClock())


def registered(engine: Engine, clock: Clock | None = None) -> People:
    """A register with everybody of `CAST` on it."""
    people, at_ns = register(engine, clock), (clock or ManualClock()).time_ns()
    beginning = Beginning(engine, Path(str(engine.url.database)).parent, "a register", at_ns)
    if beginning.restore() is None:
        for number, (name, (roles, rank)) in enumerate(CAST.items()):
            people.add(name, roles, rank, by=authenticated(next(iter(CAST))) if number else MACHINE)
            put_accounts(engine)
        if not isinstance(clock, SystemClock):  # no other test begins at this moment
            beginning.keep(at_ns)
    return people


def add_people(
    engine: Engine, *people: tuple[str, Role], clock: Clock | None = None, trail: Trail | None = None
) -> None:
    """Put them on the register, whoever is there already; one of compliance first. As `put_people`."""
    ranks = {Role.AUTHORISING_OFFICER: Rank.SUPERINTENDENT}
    wanted = {name: ({role}, ranks.get(role, Rank.CONSTABLE)) for name, role in people}
    put_people(engine, {_FIRST: ({Role.COMPLIANCE}, Rank.POLICE_STAFF)} | wanted, clock=clock, trail=trail)


def put_people(
    engine: Engine,
    people: Mapping[str, tuple[Collection[Role], Rank]],
    *,
    clock: Clock | None = None,
    trail: Trail | None = None,
    with_accounts: bool = True,
) -> None:
    """Write those who aren't there yet into the register's tables, in one transaction and with one audit entry at most.

    For tests of what registered people do afterwards: `People.add` takes as long for each of them. Give the trail where
    the vault is the real one: it goes by nobody who has no entry.
    """
    if isinstance(trail, MemoryTrail):
        trail = None
    by = MACHINE if trail is None else registrar(engine)
    if trail is not None:
        trail.prepare(by)
    now = utc_from_ns((clock or SystemClock()).time_ns())
    with (overwriting if trail is None else writing)(engine) as session:
        there = set(session.exec(select(PersonRow.folded)))
        for name, (roles, rank) in people.items():
            if (folded := fold_name(name)) in there:
                continue
            row = PersonRow(folded=folded, name=name, rank=rank.value, added_at=now, added_by=str(by))
            session.add(row)
            session.flush()
            assert row.id is not None
            session.add_all(PersonRoleRow(person=row.id, role=role.value, since=now) for role in roles)
            if with_accounts:
                session.add(account_row(row.id, name, now))
        if trail is not None:
            trail.append(session, AuditEvent(Verb.ALTER, by, "", "person:all", "people.added"))


def account_row(person: int, name: str, now: datetime) -> PersonIdentityRow:
    since = now.replace(microsecond=0)
    return PersonIdentityRow(
        person=person,
        issuer=ISSUER,
        subject=subject_of(name),
        linked_at=now,
        linked_by=str(MACHINE),
        sessions_from=since,
    )


def add_operators(engine: Engine, *names: str, clock: Clock | None = None, trail: Trail | None = None) -> None:
    """Put them on the register as operators, whoever is there already. As `put_people`."""
    add_people(engine, *((name, Role.OPERATOR) for name in names), clock=clock, trail=trail)


def sign_on(engine: Engine, trail: Trail, *names: str, deployment: str = "dep", clock: Clock | None = None) -> None:
    """Registered operators who have signed on to a deployment."""
    add_operators(engine, *names, clock=clock, trail=trail)
    for name in names:
        SignOns(engine, trail, clock or SystemClock()).sign_on(deployment, authenticated(name))
