"""This machine's user, who plays recordings in records that hold nobody else: a trial (`lfr stream run`).

Nobody logs in for a trial, so the trail says that nobody has: the user is registered as such, with an account that no
identity provider gives, and acts under it. Both are refused where anybody else is registered, so no force's records
take them.
"""

from __future__ import annotations

import os
import pwd
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import find_row
from lfr_core.custody.people.roles import AuthenticatedPerson, Rank, Role
from lfr_core.custody.people.store import People
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import writing

__all__ = ["MACHINE_USER_ISSUER", "TRIAL_RULE", "act_as_machine_user"]

MACHINE_USER_ISSUER: Final = "openlfr:machine-user"
"""Stands where a person's account has its identity provider; no provider's tokens say that."""
TRIAL_RULE: Final = "people.machine-user"
"""Marks on the trail that a trial's person is this machine's user, who showed no login."""


def act_as_machine_user(people: People, engine: Engine, trail: Trail) -> AuthenticatedPerson:
    """Register this machine's user in a trial's own records, marked so on its trail, and return them as who acts.

    Raises:
        Refused: `run.not-own-records`: somebody is registered there; as `People.add`.
        Retryable: records or vault are away.
    """
    uid = os.getuid()
    name = f"User {_login_name(uid)} of this machine"
    if strangers := [each.name for each in people.list() if each.name != name]:
        raise Refused(
            "run.not-own-records",
            f"these records have a register of people ({strangers[0]} is on it): who acts there logs in. A run has "
            "records of its own, in a folder of its own",
        )
    if people.find(name) is None:
        people.add(name, {Role.COMPLIANCE, Role.OPERATOR}, Rank.POLICE_STAFF, by=SystemActor.LFR)
        people.link_identity(name, MACHINE_USER_ISSUER, str(uid), by=SystemActor.LFR)
    person = people.of_identity(MACHINE_USER_ISSUER, str(uid))
    trail.prepare(person.name)
    with writing(engine) as session:
        trail.append(session, _mark(session, person))
    return person


def _mark(session: Session, person: AuthenticatedPerson) -> AuditEvent:
    row = find_row(session, person.name)
    assert row is not None  # the register has just found them
    return AuditEvent(Verb.CONSULT, person.name, "", f"person:{row.id}", TRIAL_RULE)


def _login_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a number that has no name
        return str(uid)
