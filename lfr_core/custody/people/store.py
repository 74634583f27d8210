"""The register of people, written: who may put somebody on it, rename them, and take them off."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import read_named_rows
from lfr_core.custody.people.accounts import Accounts
from lfr_core.custody.people.compliance import check_by, check_kind, check_not_last, check_other
from lfr_core.custody.people.identities import end_use, read_linked_rows
from lfr_core.custody.people.lookup import acting, find_person, find_row, person_of, read_role_rows, roles_of
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
from lfr_core.custody.people.writing import active_row, lock_register
from lfr_core.domain.actors import Principal, fold_name, same_person
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow

__all__ = ["People", "acting", "find_person"]

_APART: Final = "somebody else of that name is registered under one that tells them apart, as with their collar number"


class People(Accounts):
    """Adds, changes and revokes people. Each act is audited, under a number and never the name of whom it is about.

    Every method that changes something raises Retryable when database or vault is away.
    """

    def add(self, name: str, roles: Collection[Role], rank: Rank, *, by: Actor, again: bool = False) -> Person:
        """Register a person. The very first, of compliance, is added by `SystemActor.LFR`.

        Args:
            name: nobody else's, now or before.
            roles: which they hold.
            rank: theirs.
            by: of compliance.
            again: it is the very person of that name who was revoked and comes back, without the former accounts.

        Raises:
            Refused: `people.bad-name`, `people.by` (`by` isn't registered as compliance), `people.first` (the first
                without role compliance), `people.known`, `people.left` (of a name that somebody had who was revoked,
                without `again`), `people.never-left`, and as `check_roles`.
        """
        written, held = check_name(name), check_roles(roles, rank)
        actor = self._prepare(by)
        with writing(self._engine) as session:
            lock_register(session)
            if session.exec(select(PersonRow.id)).first() is None and not read_named_rows(session, PersonRow):
                if Role.COMPLIANCE not in held:
                    raise Refused(
                        "people.first", "the first person registered registers the others: give role compliance too"
                    )
            else:
                check_by(session, by)
            now, row = self._now(), find_row(session, name)
            if row is None:
                if again:
                    raise Refused("people.never-left", f"nobody called {written} was revoked: register them as new")
                row = PersonRow(folded=fold_name(name), name=written, rank=rank, added_at=now, added_by=str(actor))
            else:
                _check_comes_back(row, written, again=again)
                if bool(SERVICE_ROLES & held) is not bool(SERVICE_ROLES & set(roles_of(session, row))):
                    raise Refused("people.left", f"a person and a service account share no name: {_APART}")
                self._end_accounts(session, row, row.revoked_at or now, actor)  # revoked by a version that left them
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
        with self._changing(name, by) as (session, row, actor):
            check_other(session, row, by)
            if Role.COMPLIANCE not in held:
                check_not_last(session, row)
            row.rank = rank.value
            return self._store(session, row, held, self._now(), actor, "people.changed")

    def rename(self, name: str, new_name: str, *, by: AuthenticatedPerson) -> Person:
        """Give a registered person another name. They stay the same person, and both names stay theirs for ever.

        Raises:
            Refused: `people.unknown`, `people.revoked`, `people.by`, `people.own-roles` (nobody renames themselves),
                `people.bad-name`, `people.known` (that name is, or was, somebody else's, or theirs already).
        """
        written, folded = check_name(new_name), fold_name(new_name)
        with self._changing(name, by) as (session, row, actor):
            check_other(session, row, by)
            other = find_row(session, new_name)
            if other is not None and other.id != row.id:
                raise Refused("people.known", f"{written} is or was a name of {other.name}: {_APART}")
            if written == row.name:
                raise Refused("people.known", f"{written} is their name already")
            had = (*row.former_names.splitlines(), row.name)
            row.former_names = "\n".join(each for each in had if not same_person(each, written))
            row.name, row.folded = written, folded
            session.add(row)
            held = roles_of(session, row)
            self._append(session, row, actor, "people.renamed", held)
            return person_of(row, held)

    def revoke(self, name: str, *, why: str, by: AuthenticatedPerson) -> Person:
        """Revoke a person: they may do nothing more, and what an officer has authorised opens no gate any more.

        Their accounts end with it: nobody logs in with one of them again, whoever comes back under that name.

        Raises:
            Refused: `people.unknown`, `people.revoked` (already), `people.reason-missing`, `people.by`,
                `people.last-compliance`.
        """
        reason = check_reason(why)
        with self._changing(name, by) as (session, row, actor):
            check_not_last(session, row)
            held = roles_of(session, row)
            row.revoked_at, row.revoked_by, row.revoked_why = self._now(), str(actor), reason
            session.add(row)
            self._end_accounts(session, row, row.revoked_at, actor)
            self._append(session, row, actor, "people.revoked", held)
            return person_of(row, held)

    @contextmanager
    def _changing(self, name: str, by: AuthenticatedPerson) -> Iterator[tuple[Session, PersonRow, Principal]]:
        """Give a session that alone changes the register, the row of somebody active, and who acts, of compliance."""
        actor = self._prepare(by)
        with writing(self._engine) as session:
            lock_register(session)
            check_by(session, by)
            yield session, active_row(session, name), actor

    def list(self) -> tuple[Person, ...]:
        """Return everybody, the revoked too, by name."""
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

    def _end_accounts(self, session: Session, row: PersonRow, now: datetime, by: Principal) -> None:
        for each in read_linked_rows(session, row):
            end_use(each, now, str(by))
            session.add(each)

    def _store(
        self, session: Session, row: PersonRow, held: frozenset[Role], now: datetime, by: Principal, rule: str
    ) -> Person:
        session.add(row)
        session.flush()
        for linked in read_linked_rows(session, row):
            check_kind(linked.issuer, held)  # a key makes no person, and a login no service
        anew = rule == "people.added"
        before = {each.role: each for each in read_role_rows(session, row)}
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


def _check_comes_back(row: PersonRow, written: str, *, again: bool) -> None:
    """See that somebody of a name that is taken is who had it, and was revoked."""
    if row.revoked_at is None:
        raise Refused(
            "people.known", f"{row.name} is registered: `lfr users change` gives other roles or rank; {_APART}"
        )
    if not again:
        raise Refused(
            "people.left",
            f"{row.name} was revoked on {row.revoked_at:%Y-%m-%d}: say that it is the same person who comes back "
            f"(--again, on the page the tick); {_APART}",
        )
    if not same_person(row.name, written):
        raise Refused("people.left", f"{written} was called {row.name} at last: register them again under that name")


def _id(row: PersonRow) -> int:
    assert row.id is not None  # it was flushed
    return row.id
