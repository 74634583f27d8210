"""Whose account at an identity provider is whose, and which logins still count: the register's accounts, written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lfr_core.common.errors import Refused
from lfr_core.custody.people.compliance import SERVICE_ISSUER, check_by, check_kind, find_person_to_log_out
from lfr_core.custody.people.identities import (
    add_link,
    end_use,
    find_person_of_identity,
    find_with_several,
    read_ended_subjects,
    read_linked_rows,
    was_ever_linked,
)
from lfr_core.custody.people.lookup import find_row, person_of, roles_of, unknown
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson, Person, Role
from lfr_core.custody.people.writing import RegisterWriter, active_row, lock_register
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import reading, writing

__all__ = ["Accounts"]


class Accounts(RegisterWriter):
    """Links accounts, ends them, and ends sessions. Each act is audited, as all of the register."""

    def link_identity(self, name: str, issuer: str, subject: str, *, by: Actor) -> Person:
        """Write whose account at an identity provider it is. It is that person's for ever.

        The very first, of somebody of compliance, is linked by `SystemActor.LFR`: nobody can log in before.

        Raises:
            Refused: `people.unknown`, `people.revoked`, `people.by`, and as `identities.add_link`.
        """
        actor = self._prepare(by)
        with writing(self._engine) as session:
            lock_register(session)
            row = active_row(session, name)
            if by is not SystemActor.LFR or was_ever_linked(session) or Role.COMPLIANCE not in roles_of(session, row):
                check_by(session, by)
            check_kind(issuer, roles_of(session, row))
            add_link(session, row, issuer, subject, self._now(), str(actor))
            held = roles_of(session, row)
            self._append(session, row, actor, "people.identity-linked", held)
            return person_of(row, held)

    def end_identity(self, name: str, issuer: str, *, by: AuthenticatedPerson) -> None:
        """Let nobody log in any more with the account that the person, revoked or not, has at that provider.

        Raises:
            Refused: `people.unknown`, `people.by`, `identity.unknown`: they have none in use.
        """
        actor = self._prepare(by)
        with writing(self._engine) as session:
            lock_register(session)
            check_by(session, by)
            if (row := find_row(session, name)) is None:
                raise unknown(name)
            if not (linked := read_linked_rows(session, row, issuer)):
                raise Refused("identity.unknown", f"{row.name} has no account in use at {issuer}")
            for each in linked:
                end_use(each, self._now(), str(actor))
                session.add(each)
            self._append(session, row, actor, "people.identity-ended", roles_of(session, row))

    def check_may_end_sessions(self, name: str, *, by: Actor) -> None:
        """See that `by` may log that person out. Raises as `end_sessions`."""
        with reading(self._engine) as session:
            find_person_to_log_out(session, name, by)

    def end_sessions(self, name: str, *, by: Actor, gives_password_link: bool = False) -> None:
        """Log a person out everywhere: logins before now count no more. A service account's key is used no more.

        Whoever has a link to set the password can log in as that person, so the trail says where one was made.

        They do it themselves, or compliance does. `SystemActor.LFR` does it for the only person of compliance, whom
        nobody else could help.

        Raises:
            Refused: `people.unknown`, `people.by`.
        """
        actor = self._prepare(by)
        with writing(self._engine) as session:
            lock_register(session)
            row = find_person_to_log_out(session, name, by)
            for each in read_linked_rows(session, row):
                each.sessions_from = self._now()
                if each.issuer == SERVICE_ISSUER:  # a key has no time of a login, and counts whenever it is shown
                    end_use(each, self._now(), str(actor))
                session.add(each)
            rule = "people.password-link" if gives_password_link else "people.sessions-ended"
            rule = "people.recovered" if by is SystemActor.LFR else rule
            self._append(session, row, actor, rule, roles_of(session, row))

    def of_identity(
        self,
        issuer: str,
        subject: str,
        *,
        since: datetime | None = None,
        ends_at: datetime | None = None,
        shown: str = "",
    ) -> AuthenticatedPerson:
        """Find the person whose account it is, who may act now. Raises as `identities.find_person_of_identity`."""
        with reading(self._engine) as session:
            return find_person_of_identity(
                session, issuer, subject, self._clock, since=since, ends_at=ends_at, shown=shown
            )

    def any_can_log_in(self) -> bool:
        """Return whether an account was ever linked: until then this machine's user links the first."""
        with reading(self._engine) as session:
            return was_ever_linked(session)

    def identities_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Find the accounts in use of a person, revoked or not: issuer and subject. Raises Refused `people.unknown`."""
        with reading(self._engine) as session:
            if (row := find_row(session, name)) is None:
                raise unknown(name)
            return tuple((each.issuer, each.subject) for each in read_linked_rows(session, row))

    def ended_accounts(self, name: str, issuer: str) -> tuple[str, ...]:
        """Find the accounts of a person at a provider that are in use no more: their subjects."""
        with reading(self._engine) as session:
            row = find_row(session, name)
            return () if row is None else read_ended_subjects(session, row, issuer)

    def with_several_accounts(self) -> Mapping[str, tuple[str, ...]]:
        """Find people with several accounts in use, for compliance: name, and the issuers."""
        with reading(self._engine) as session:
            return find_with_several(session)
