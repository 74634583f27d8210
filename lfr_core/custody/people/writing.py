"""What every change of the register of people shares: one at a time, in one transaction with its audit entry."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine, text
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import find_row, unknown
from lfr_core.custody.people.roles import SERVICE_ROLES, Actor, Role, principal_of
from lfr_core.domain.actors import Principal
from lfr_core.storage.tables.people import PersonRow

__all__ = ["RegisterWriter", "active_row", "lock_register"]

_LOCK = 0x4C46_5250  # any number of our own ("LFRP"), for PostgreSQL's advisory lock


class RegisterWriter:
    """Where the register is, who writes what happens to it, and which time it is."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def _append(self, session: Session, row: PersonRow, by: Principal, rule: str, held: Collection[Role]) -> None:
        rank = {} if SERVICE_ROLES & set(held) else {"rank": row.rank}
        facts = {"roles": " + ".join(role.value for role in Role if role in held)} | rank
        self._trail.append(session, AuditEvent(Verb.ALTER, by, "", f"person:{row.id}", rule, facts))

    def _prepare(self, by: Actor) -> Principal:
        """Return who goes on the trail, which is prepared for them."""
        actor = principal_of(by)
        self._trail.prepare(actor)
        return actor

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def lock_register(session: Session) -> None:
    """Lock, so that two who are added first at once, or who revoke each other at once, come one after the other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def active_row(session: Session, name: str) -> PersonRow:
    row = find_row(session, name)
    if row is None:
        raise unknown(name)
    if row.revoked_at is not None:
        raise Refused("people.revoked", f"{row.name} was revoked on {row.revoked_at:%Y-%m-%d} already")
    return row
