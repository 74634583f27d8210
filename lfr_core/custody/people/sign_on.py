"""Signing on: a registered operator takes a deployment's alerts in hand, or an engaging officer those to act on.

It is on the audit trail. An engaging officer is shown nothing once the deployment is over.

Nothing personal of a deployment is shown to anybody who hasn't. It is asked again at each look, so whoever is revoked,
loses the role, is logged out or signs off sees nothing more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting, find_row, in_role
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, Role, principal_of
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.people import SignOnRow

__all__ = ["DUTIES", "SIGN_ON_H", "SignOns", "check_signed_on", "signed_on"]

SIGN_ON_H: Final = 12
"""[proposal] Hours after which an operator signs on again: a long shift."""

_OPERATOR: Final = frozenset({Role.OPERATOR})
DUTIES: Final = frozenset({Role.OPERATOR, Role.ENGAGING_OFFICER})
"""Who signs on to a deployment."""


class SignOns:
    """Takes sign-ons. Every method raises Retryable when the database is away; to sign on takes the vault too."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def sign_on(self, deployment: str, by: AuthenticatedPerson) -> Person:
        """Let the operator or engaging officer `by` take that deployment's alerts in hand, for `SIGN_ON_H` hours.

        Raises:
            Refused: `actor.not-a-person`, `people.unknown`, `people.revoked`, `people.wrong-role`,
                `deployment.unknown`; `officer.deployment-over`.
        """
        with reading(self._engine) as session:
            person = acting(session, by, DUTIES)
        self._trail.prepare(person.name)
        with writing(self._engine) as session:
            person = acting(session, by, DUTIES)
            if "\x00" in deployment or session.get(DeploymentRow, deployment) is None:
                raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
            _check_not_over(session, deployment, person)
            row = _row(session, deployment, person.name)
            if row is None:
                row = SignOnRow(deployment=deployment, person=_id(session, person.name), since=self._now())
            row.since = self._now()
            session.add(row)
            session.flush()
            self._append(session, person.name, deployment, "operator.signed-on")
        return person

    def sign_off(self, deployment: str, by: AuthenticatedPerson) -> None:
        """Sign off the operator, who gets up. Whoever hadn't signed on stays so."""
        given = str(principal_of(by))
        with reading(self._engine) as session:
            row = _row(session, deployment, given)
            person = find_row(session, given)
        if row is None or person is None:
            return
        self._trail.prepare(person.name)
        with writing(self._engine) as session:
            row = _row(session, deployment, given)
            if row is not None:
                session.delete(row)
                session.flush()
                self._append(session, person.name, deployment, "operator.signed-off")

    def check(self, deployment: str, by: AuthenticatedPerson) -> Person:
        """Return the operator, if signed on to that deployment now. Raises as `signed_on`."""
        with reading(self._engine) as session:
            return signed_on(session, deployment, by, self._now())

    def _append(self, session: Session, name: str, deployment: str, rule: str) -> None:
        self._trail.append(session, AuditEvent(Verb.CONSULT, name, deployment, f"deployment:{deployment}", rule))

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def signed_on(
    session: Session, deployment: str, by: AuthenticatedPerson, now: datetime, roles: frozenset[Role] = _OPERATOR
) -> Person:
    """Return who acts, an operator unless `roles` says otherwise, who has signed on to that deployment.

    Raises:
        Refused: as `acting` and `check_signed_on`.
    """
    return check_signed_on(session, deployment, acting(session, by, roles).name, now, roles)


def check_signed_on(
    session: Session, deployment: str, name: str, now: datetime, roles: frozenset[Role] = _OPERATOR
) -> Person:
    """Return the person of that name, who has signed on to that deployment; whoever asks has seen who it is.

    Raises:
        Refused: `people.unknown`, `people.revoked`, `people.wrong-role`, `operator.not-signed-on`;
            `officer.deployment-over`: for an engaging officer it is gone at the end.
    """
    row = _row(session, deployment, name)
    # revoked meanwhile and registered again: to be signed on anew
    person = in_role(session, name, roles, since=None if row is None else row.since)
    if row is None or not timedelta(0) <= now - row.since < timedelta(hours=SIGN_ON_H):
        raise Refused(
            "operator.not-signed-on",
            f"{person.name} hasn't signed on to {deployment}: on the operator's page, or with "
            f"`lfr operator sign-on {deployment}`",
        )
    _check_not_over(session, deployment, person)
    return person


def _check_not_over(session: Session, deployment: str, person: Person) -> None:
    if Role.OPERATOR in person.roles:
        return
    row = session.get(DeploymentRow, deployment)
    if row is None or DeploymentStatus(row.status).is_over:
        raise Refused("officer.deployment-over", "the deployment is over: an officer's phone shows nothing of it")


def _row(session: Session, deployment: str, name: str) -> SignOnRow | None:
    person = find_row(session, name)
    return None if person is None or "\x00" in deployment else session.get(SignOnRow, (deployment, person.id))


def _id(session: Session, name: str) -> int:
    row = find_row(session, name)
    assert row is not None  # acting() has just found it
    assert row.id is not None
    return row.id
