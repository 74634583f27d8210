"""The demonstration's five people: registered, given accounts and logged in as a force's people are.

Their passwords are random, known to this process alone and gone with it. Nobody needs to type one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from apps.demo.http_browser import log_in_at, set_password
from lfr_core.custody.identity.canaille import CanailleAccounts
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.identity.terminal import record_login
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import AuthenticatedPerson, Rank, Role
from lfr_core.domain.actors import SystemActor

__all__ = ["COMPLIANCE", "OFFICER", "OPERATOR", "PLANNER", "PUBLISHER", "DemoPerson", "log_people_in"]

COMPLIANCE, PLANNER, OFFICER, OPERATOR, PUBLISHER = (
    "Dana Compliance",
    "Pat Planner",
    "Sam Superintendent",
    "Ola Operator",
    "Uma Publisher",
)
_PEOPLE = {
    COMPLIANCE: (Role.COMPLIANCE, Rank.POLICE_STAFF),
    PLANNER: (Role.PLANNER, Rank.SERGEANT),
    OFFICER: (Role.AUTHORISING_OFFICER, Rank.SUPERINTENDENT),
    OPERATOR: (Role.OPERATOR, Rank.CONSTABLE),
    PUBLISHER: (Role.PUBLICATION_OFFICER, Rank.POLICE_STAFF),
}
_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One of them, who has logged in."""

    person: AuthenticatedPerson
    """As the login showed them."""
    login: str
    password: str = field(repr=False)


def log_people_in(installation: Installation) -> Mapping[str, DemoPerson]:
    """Register the five, make their accounts, set each password by its link, and log each in, once.

    The identity server runs meanwhile.

    Raises:
        Refused, Retryable, Fatal: as `People.add`, `CanailleAccounts.invite_all` and `log_in_at`.
        NotLoggedInError, httpx.HTTPError: the server lets one not in.
    """
    people = installation.people
    provider = provider_of(installation.settings)
    people.add(COMPLIANCE, {_PEOPLE[COMPLIANCE][0]}, _PEOPLE[COMPLIANCE][1], by=SystemActor.LFR)
    directory = CanailleAccounts(installation.settings, installation.policy.access)
    found: dict[str, DemoPerson] = {}
    for name, (account, link) in zip(
        _PEOPLE, directory.invite_all([(login_of(name), name) for name in _PEOPLE]), strict=True
    ):
        by = found[COMPLIANCE].person if found else SystemActor.LFR
        if found:
            people.add(name, {_PEOPLE[name][0]}, _PEOPLE[name][1], by=by)
        people.link_identity(name, provider.issuer, account.subject, by=by)
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        set_password(link, password)
        identity = log_in_at(provider, account.login, password)
        ends_at = identity.issued_at + timedelta(hours=installation.policy.access.session_h)
        person = people.of_identity(
            identity.issuer, identity.subject, since=identity.issued_at, ends_at=ends_at, shown=identity.token
        )
        installation.vault.remember(person)
        record_login(installation.engine, installation.trail, person)
        found[name] = DemoPerson(person, account.login, password)
    return found
