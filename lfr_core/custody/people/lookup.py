"""The register of people, read: who is on it, and who may act in a role now.

Who acts has shown who they are (`AuthenticatedPerson`); the register, and their login, are asked again at each act.

Names are compared as `lfr_core.domain.actors.fold_name` says. A name is one person's for ever, also once they have
another: so a name on record says who it was (docs/decisions/0039-a-name-is-one-persons.md). The software can't know
that one name is two people: whoever registers people gives each a name of their own (with a collar number, if need be).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, select

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import AuthenticatedPerson, Login, Person, Rank, Role, principal_of
from lfr_core.domain.actors import LONGEST_NAME, fold_name, same_person
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow

__all__ = [
    "acting",
    "are_one_person",
    "check_session",
    "find_account",
    "find_person",
    "find_row",
    "in_role",
    "person_of",
    "read_role_rows",
    "roles_of",
    "unknown",
]


def find_person(session: Session, name: str) -> Person | None:
    """Return the person of that name, now or before, revoked or not, or None."""
    row = find_row(session, name)
    return None if row is None else person_of(row, roles_of(session, row))


def acting(session: Session, by: AuthenticatedPerson, roles: Collection[Role]) -> Person:
    """Return who acts, as registered now, if they may act in one of `roles` and their session hasn't ended.

    Raises:
        Refused: `actor.not-authenticated`; `people.renamed` since they were looked up, so that nothing is written under
            a former name; as `in_role` and `check_session`.
    """
    name = str(principal_of(by))
    _keep_as_read(session, name)
    person = in_role(session, name, roles)
    if not same_person(person.name, name):
        raise Refused("people.renamed", f"{name} is registered as {person.name} now: do it again")
    row = find_row(session, person.name)
    assert row is not None  # in_role has just found them
    check_session(session, row, by.login)
    return person


def find_account(session: Session, issuer: str, subject: str) -> PersonIdentityRow | None:
    """Return the account, whoever's it is or was.

    A database can be had to answer with another (`lfr_core.storage.plain_tables`): what it says where it was asked for
    the account is held against the row itself, by its number.
    """
    query = select(PersonIdentityRow.id).where(PersonIdentityRow.issuer == issuer, PersonIdentityRow.subject == subject)
    number = session.exec(query).one_or_none()
    row = None if number is None else session.get(PersonIdentityRow, number, populate_existing=True)
    return row if row is not None and (row.issuer, row.subject) == (issuer, subject) else None


def check_session(session: Session, person: PersonRow, login: Login) -> None:
    """See that the account is still the person's, and the login still counts.

    Raises:
        Refused: `identity.unknown`, `identity.ended`, `identity.session-ended`, `login.expired`.
    """
    row = find_account(session, login.issuer, login.subject)
    if row is None or row.person != person.id:
        raise Refused("identity.unknown", f"this account isn't {person.name}'s: log in again")
    if row.ended_at is not None:
        raise Refused(
            "identity.ended",
            f"this account of {person.name} isn't in use since {row.ended_at:%Y-%m-%d}: ask compliance",
        )
    # a token's time is in whole seconds
    if login.at is not None and login.at < max(row.sessions_from, person.added_at.replace(microsecond=0)):
        raise Refused("identity.session-ended", f"{person.name}'s sessions were ended: log in again")
    if login.is_over:
        raise Refused("login.expired", "the session is over: log in again")


def in_role(session: Session, name: str, roles: Collection[Role], *, since: datetime | None = None) -> Person:
    """Return the person of that name, who may act in one of `roles` now and, if `since` is given, without a break.

    For names on record: who acts now is for `acting`. Give `since` where an earlier act must still stand: an authority
    given by an officer revoked since doesn't, not even when the officer is registered again.

    Raises:
        Refused: `people.unknown`; `people.revoked`; `people.wrong-role`, which names the roles that may.
    """
    row = find_row(session, name)
    if row is None:
        raise unknown(name)
    if row.revoked_at is not None:
        raise Refused(
            "people.revoked",
            f"{row.name} was revoked on {row.revoked_at:%Y-%m-%d} and may do nothing since: ask another",
        )
    held = roles_of(session, row)
    may = [role for role in Role if role in roles and role in held]
    if not may:
        wanted = " or ".join(role.value for role in Role if role in roles)
        raise Refused(
            "people.wrong-role",
            f"{row.name} is {_listed(held)}: this needs a person registered as {wanted} (`lfr users list`)",
        )
    if since is not None and min(held[role] for role in may) > since:
        raise Refused(
            "people.revoked", f"{row.name} has been revoked since, so what was done before doesn't stand: do it again"
        )
    return person_of(row, held)


def _keep_as_read(session: Session, name: str) -> None:
    """Have what is registered of a person stay as it is until the transaction ends, so that the trail sees the same.

    SQLite's transactions see nothing but what there was when they began.
    """
    if session.get_bind().dialect.name == "postgresql":
        folded = fold_name(name)
        session.exec(select(PersonRow.id).where(PersonRow.folded == folded).with_for_update(read=True)).all()
        of_them = select(PersonRoleRow.role).join(PersonRow).where(PersonRow.folded == folded)
        session.exec(of_them.with_for_update(read=True, of=PersonRoleRow)).all()


def find_row(session: Session, name: str) -> PersonRow | None:
    """Return the row of the person who has that name, or had it before."""
    if "\x00" in name:
        return None  # no database could hold it
    row = session.exec(select(PersonRow).where(PersonRow.folded == fold_name(name))).one_or_none()
    if row is not None:
        return row
    renamed = session.exec(select(PersonRow).where(PersonRow.former_names != ""))
    return next((each for each in renamed if any(same_person(name, before) for before in _former(each))), None)


def are_one_person(session: Session, a: str, b: str) -> bool:
    """Return whether two names on record are one person's, who may have been renamed; strangers' as they read."""
    one, other = find_row(session, a), find_row(session, b)
    return same_person(a, b) if one is None or other is None else one.id == other.id


def read_role_rows(session: Session, row: PersonRow) -> list[PersonRoleRow]:
    return list(session.exec(select(PersonRoleRow).where(PersonRoleRow.person == row.id)))


def roles_of(session: Session, row: PersonRow) -> dict[Role, datetime]:
    return {Role(each.role): each.since for each in read_role_rows(session, row)}


def person_of(row: PersonRow, roles: Collection[Role]) -> Person:
    rank = Rank(row.rank)
    return Person(row.name, frozenset(roles), rank, row.added_at, row.revoked_at, former_names=_former(row))


def _former(row: PersonRow) -> tuple[str, ...]:
    return tuple(row.former_names.splitlines())


def _listed(roles: Collection[Role]) -> str:
    return ", ".join(role.value for role in Role if role in roles)


def unknown(name: str) -> Refused:
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:LONGEST_NAME]
    return Refused(
        "people.unknown", f"nobody is registered as {shown!r}: `lfr users list` shows who is; compliance adds people"
    )
