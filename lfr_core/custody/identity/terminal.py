"""From a login to the registered person behind it, asked anew at each use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.identity.login import CommandLineLogin
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.identity.session_file import session_folder
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.lookup import find_row
from lfr_core.custody.people.roles import AuthenticatedPerson, Person
from lfr_core.custody.people.store import People
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.vault import InstallationRow

__all__ = ["build_command_line_login", "end_login", "find_person_logged_in", "record_login"]

_OVER: Final = frozenset({"login.none", "login.expired", "login.token", "people.revoked"})
"""Rules by which a login counts no more; and those of `identity`."""


def build_command_line_login(installation: Installation) -> CommandLineLogin:
    """Put together the command line's logins at this installation.

    Raises:
        Refused: `login.installation`: the platform was never started, so there is nothing to log in to.
    """
    with reading(installation.engine) as session:
        known = _installation_id(session)
    return CommandLineLogin(
        provider=provider_of(installation.settings),
        installation=known,
        session_h=installation.policy.access.session_h,
        folder=session_folder(),
        clock=installation.clock,
    )


def find_person_logged_in(login: CommandLineLogin, people: People) -> AuthenticatedPerson:
    """Find who is at this terminal: the provider's signature, then the register.

    Raises:
        Refused, Retryable: as `CommandLineLogin.identify` and `People.of_identity`.
    """
    identity = login.identify()
    ends_at = identity.issued_at + timedelta(hours=login.session_h)
    return people.of_identity(
        identity.issuer, identity.subject, since=identity.issued_at, ends_at=ends_at, shown=identity.token
    )


def end_login(
    login: CommandLineLogin, people: People, remember: Callable[[AuthenticatedPerson], None] = lambda _: None
) -> bool:
    """Log the person at this terminal out everywhere, so that a copy of the session is worth nothing, and forget it.

    The register keeps since when an account's logins count, so that one alone can't be ended. What counts no more (it
    is over, or the person was revoked) is only forgotten. Returns whether there was a session.

    `remember`: keeps what shows the login, for the vault (`VaultClient.remember`).

    Raises:
        Refused, Retryable, Fatal: it couldn't be ended; this terminal's is forgotten all the same.
    """
    try:
        person = find_person_logged_in(login, people)
    except LfrError as error:
        is_over = isinstance(error, Refused) and counts_no_more(error.rule)
        had_one = login.log_out()
        if is_over:
            return had_one
        raise
    remember(person)
    try:
        people.end_sessions(person.name, by=person)
    finally:
        login.log_out()
    return True


def counts_no_more(rule: str) -> bool:
    """Return whether a login that is refused by this rule, and a copy of it, counts for nothing anywhere.

    Any other refusal says that it couldn't be told, as while the provider is in trouble: a copy may count still.
    """
    return rule in _OVER or rule.startswith("identity.")


def record_login(engine: Engine, trail: Trail, person: Person) -> None:
    """Put on the audit trail that the person logged in. Raises Retryable: what can't be audited isn't done."""
    trail.prepare(person.name)
    with writing(engine) as session:
        row = find_row(session, person.name)
        assert row is not None  # the register has just found them
        trail.append(session, AuditEvent(Verb.CONSULT, person.name, "", f"person:{row.id}", "people.logged-in"))


def _installation_id(session: Session) -> str:
    known = session.exec(select(InstallationRow.id)).first()
    if known is None:
        raise Refused("login.installation", "this installation was never started: `lfr up` first, then `lfr login`")
    return known
