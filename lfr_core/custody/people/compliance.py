"""What only compliance may do with people, and what this machine's user may where there is nobody else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import read_named_rows
from lfr_core.custody.people.lookup import acting, find_row, person_of, roles_of, unknown
from lfr_core.custody.people.roles import SERVICE_ROLES, Actor, AuthenticatedPerson, Role, principal_of
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow

__all__ = ["SERVICE_ISSUER", "check_by", "check_kind", "check_not_last", "check_other", "find_person_to_log_out"]

SERVICE_ISSUER: Final = "openlfr:service-key"
"""Stands where a person's account has its identity provider; no provider's tokens say that."""


def check_by(session: Session, by: Actor) -> None:
    """See that somebody of compliance acts. Raises Refused `people.by`."""
    if isinstance(by, SystemActor):
        raise Refused("people.by", "only the very first person is registered by nobody: log in (`lfr login`)")
    try:
        acting(session, by, {Role.COMPLIANCE})
    except Refused as refused:
        raise Refused(
            "people.by", f"only a person registered with role compliance adds, changes or revokes people. {refused}"
        ) from refused


def find_person_to_log_out(session: Session, name: str, by: Actor) -> PersonRow:
    """Find the person whose sessions `by` may end.

    Raises:
        Refused: `people.unknown`, `people.by`.
    """
    row = find_row(session, name)
    is_stuck = row is not None and row.revoked_at is None and Role.COMPLIANCE in roles_of(session, row)
    if by is SystemActor.LFR:
        if row is None or not is_stuck or _others_of_compliance(session, row) or _any_role_gone(session):
            raise Refused(
                "people.by",
                "this machine's user helps only the one person of compliance that there is, whom nobody else can: "
                "log in (`lfr login`)",
            )
    elif row is None or not person_of(row, ()).is_called(str(principal_of(by))):
        check_by(session, by)
    if row is None:
        raise unknown(name)
    return row


def _others_of_compliance(session: Session, row: PersonRow) -> bool:
    others = (
        select(PersonRow.id)
        .join(PersonRoleRow, col(PersonRoleRow.person) == col(PersonRow.id))
        .where(PersonRoleRow.role == Role.COMPLIANCE.value, col(PersonRow.revoked_at).is_(None), PersonRow.id != row.id)
    )
    return session.exec(others).first() is not None


def _any_role_gone(session: Session) -> bool:
    """Return whether a role that the trail has is gone from the table: perhaps another's of compliance."""
    said = {name for name, is_there in read_named_rows(session, PersonRoleRow).items() if is_there}
    rows = session.exec(select(PersonRoleRow.person, PersonRoleRow.role))
    return not said <= {f"{PersonRoleRow.__tablename__}/{person}/{role}" for person, role in rows}


def check_kind(issuer: str, roles: Collection[Role]) -> None:
    """See that people have a login at an identity provider, and service accounts a key.

    Raises:
        Refused: `identity.kind`.
    """
    if (issuer == SERVICE_ISSUER) != bool(SERVICE_ROLES & set(roles)):
        raise Refused(
            "identity.kind", "a service account has a key (`lfr users add-service`) and no login; a person has a login"
        )


def check_other(session: Session, row: PersonRow, by: AuthenticatedPerson) -> None:
    """See that nobody changes what the register says of themselves. Raises Refused `people.own-roles`."""
    mine = find_row(session, by.name)
    if mine is None or mine.id == row.id:
        raise Refused("people.own-roles", "nobody changes their own roles, rank or name: ask another of compliance")


def check_not_last(session: Session, row: PersonRow) -> None:
    """See that somebody else is of compliance. Raises Refused `people.last-compliance`."""
    if not _others_of_compliance(session, row):
        raise Refused("people.last-compliance", f"{row.name} is the last person of compliance: register another before")
