"""Which account at an identity provider is which person's: the step from a login to somebody who may act.

A person is found by issuer and subject, never by a name. An account is one person's for ever, also after its use has
ended, so that nobody comes into the place of somebody who left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import read_named_rows
from lfr_core.custody.people.lookup import check_session, find_account, person_of, roles_of
from lfr_core.custody.people.roles import AuthenticatedPerson, Login
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRow

__all__ = [
    "add_link",
    "end_use",
    "find_person_of_identity",
    "find_with_several",
    "is_any_linked",
    "read_ended_subjects",
    "read_linked_rows",
    "was_ever_linked",
]


def find_person_of_identity(
    session: Session,
    issuer: str,
    subject: str,
    clock: Clock,
    *,
    since: datetime | None,
    ends_at: datetime | None,
    shown: str = "",
) -> AuthenticatedPerson:
    """Return the person whose account it is, who may act now. The caller has verified the login.

    Args:
        session: of the records.
        issuer: the provider, as its tokens name it.
        subject: what it calls the account.
        clock: by which the login ends.
        since: when the login was; one before the person's sessions were ended, or before they were registered anew,
            counts no more.
        ends_at: when the login counts no more; None for one without an end.
        shown: the token or key that says so, for the vault.

    Raises:
        Refused: `identity.unknown`, `identity.ended`, `people.revoked`, `identity.session-ended`, `login.expired`.
    """
    row = None if "\x00" in issuer + subject else find_account(session, issuer, subject)
    if row is None:
        told = "".join(letter if letter.isprintable() else "?" for letter in f"{subject} at {issuer}")
        raise Refused("identity.unknown", f"the account {told} is no registered person's: compliance adds people")
    person = session.get_one(PersonRow, row.person)
    login = Login(issuer, subject, since, ends_at, clock, shown)
    if person.revoked_at is not None:
        raise Refused(
            "people.revoked",
            f"{person.name} was revoked on {person.revoked_at:%Y-%m-%d} and may do nothing since: ask another",
        )
    check_session(session, person, login)
    known = person_of(person, roles_of(session, person))
    return AuthenticatedPerson(
        known.name, known.roles, known.rank, known.added_at, known.revoked_at, login, former_names=known.former_names
    )


def add_link(session: Session, person: PersonRow, issuer: str, subject: str, now: datetime, by: str) -> None:
    """Write that the account is the person's. The caller has seen to who may say so.

    One that ended before they were registered anew, as by their revocation, may be theirs again.

    Raises:
        Refused: `identity.bad`, `identity.known` (somebody's, perhaps theirs), `identity.has-one` (at this provider).
    """
    if not issuer or not subject or not (issuer + subject).isprintable():
        raise Refused("identity.bad", "give the issuer and the subject as the provider's tokens have them")
    known = find_account(session, issuer, subject)
    if known is not None and not (known.person == person.id and known.ended_at and known.ended_at < person.added_at):
        raise Refused("identity.known", "this account is a person's already, and stays theirs for ever: make another")
    if read_linked_rows(session, person, issuer):
        raise Refused(
            "identity.has-one",
            f"{person.name} has an account at {issuer}: end its use first, if it isn't used any more",
        )
    assert person.id is not None  # it was flushed
    row = known or PersonIdentityRow(
        person=person.id, issuer=issuer, subject=subject, linked_at=now, linked_by=by, sessions_from=now
    )
    row.linked_at, row.linked_by, row.sessions_from = now, by, now.replace(microsecond=0)
    row.ended_at, row.ended_by = None, ""
    session.add(row)
    session.flush()


def read_linked_rows(session: Session, person: PersonRow, issuer: str | None = None) -> list[PersonIdentityRow]:
    """Return the person's accounts in use, at one provider or at any."""
    wanted = select(PersonIdentityRow).where(
        PersonIdentityRow.person == person.id, col(PersonIdentityRow.ended_at).is_(None)
    )
    if issuer is not None:
        wanted = wanted.where(PersonIdentityRow.issuer == issuer)
    return list(session.exec(wanted))


def read_ended_subjects(session: Session, person: PersonRow, issuer: str) -> tuple[str, ...]:
    """Return the person's accounts at a provider whose use has ended, as it calls them."""
    of_them = select(PersonIdentityRow.subject).where(
        PersonIdentityRow.person == person.id,
        PersonIdentityRow.issuer == issuer,
        col(PersonIdentityRow.ended_at).is_not(None),
    )
    return tuple(session.exec(of_them))


def is_any_linked(session: Session, *, but: str = "") -> bool:
    """Return whether anybody has an account, in use or not, at another provider than `but`, in the table now."""
    return session.exec(select(PersonIdentityRow.id).where(PersonIdentityRow.issuer != but)).first() is not None


def was_ever_linked(session: Session) -> bool:
    """Return whether an account of anybody was ever linked, by the audit trail too: the table may have been emptied."""
    return is_any_linked(session) or bool(read_named_rows(session, PersonIdentityRow))


def end_use(row: PersonIdentityRow, now: datetime, by: str) -> None:
    """Let nobody log in as the person with this account any more. It can't be undone: make another account."""
    row.ended_at, row.ended_by = now, by


def find_with_several(session: Session) -> Mapping[str, tuple[str, ...]]:
    """Return the people with several accounts in use: name, and the providers' issuers. For compliance."""
    found: dict[str, list[str]] = {}
    rows = select(PersonRow.name, PersonIdentityRow.issuer).where(
        PersonIdentityRow.person == PersonRow.id, col(PersonIdentityRow.ended_at).is_(None)
    )
    for name, issuer in session.exec(rows.order_by(PersonRow.name, PersonIdentityRow.issuer)):
        found.setdefault(name, []).append(issuer)
    return {name: tuple(issuers) for name, issuers in found.items() if len(issuers) > 1}
