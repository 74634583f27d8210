"""The trail's writing end: an entry in the caller's transaction, or it and what it records don't happen.

A transaction appends last: on PostgreSQL the trail's lock is held until the commit, and whoever waits for it must not
hold a row that the holder still wants. Before the transaction, `prepare` asks the vault for what the entry needs:
inside, the vault may be waiting for the very database that this process has locked.
"""

from __future__ import annotations

import re
import secrets
import threading

from cachetools import LRUCache, cachedmethod
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import (
    GENESIS,
    AuditEntry,
    actor_name,
    check_event,
    digest_of,
    link,
    seal_of,
    write_body,
)
from lfr_core.custody.audit.port import AuditEvent, IdentifiedPseudonyms, Pseudonyms
from lfr_core.domain.actors import AUDIT_WRITER, OWN_PROCESS, Principal, ProcessIdentity, SystemActor
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.audit import AuditAnchorRow, AuditEntryRow

__all__ = ["AuditTrail", "record", "writer_key"]

_LOCK = 0x4C46_5241  # any number of our own ("LFRA"), for PostgreSQL's advisory lock
_MOST_NAMES = 1000
"""Pseudonyms kept in one process: many times the people of one deployment."""
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")


class AuditTrail:
    """Appends entries. One for each process; safe to share between threads that each have their own session."""

    def __init__(self, pseudonyms: IdentifiedPseudonyms, clock: Clock) -> None:
        """`pseudonyms` is the vault. It isn't asked before the first entry."""
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._names: LRUCache[str, str] = LRUCache(_MOST_NAMES)
        self._names_lock = threading.Lock()
        self._identity = pseudonyms.identity
        self._writer = f"{'' if self._identity is None else f'{self._identity}:'}{secrets.token_hex(16)}"
        self._writer_key: bytes | None = None

    def prepare(self, actor: Principal) -> None:
        """Get what entries of `actor` need from the vault; call it before the transaction begins.

        Raises:
            Retryable: the vault is away, and so nothing may be done.
            Refused: `audit.bad-event`: `actor` isn't a name.
        """
        self._written(actor)
        self._key()

    def append(self, session: Session, event: AuditEvent) -> AuditEntry:
        """Put `event` on the trail in the transaction of `session`, which must be one of `writing`.

        Raises:
            Refused: `audit.bad-event`.
            Retryable: the vault is away and `prepare` wasn't called, or another process holds the trail for too long.
        """
        check_event(event)
        actor, key = self._written(event.actor), self._key()
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        seq, previous_hash = _newest(session)
        seq += 1
        at_ns = self._clock.time_ns()
        body = write_body(event, actor=actor, seq=seq, at_ns=at_ns)
        hash_ = link(previous_hash, digest_of(body))
        session.add(
            AuditEntryRow(
                seq=seq,
                at_ns=at_ns,
                deployment=event.deployment,
                verb=event.verb.value,
                body=body,
                previous_hash=previous_hash,
                hash=hash_,
                writer=self._writer,
                seal=seal_of(key, hash_),
            )
        )
        session.flush()
        return AuditEntry(
            seq=seq,
            at_ns=at_ns,
            verb=event.verb,
            actor=actor,
            deployment=event.deployment,
            subject=event.subject,
            rule=event.rule,
            facts=dict(event.facts),
            hash=hash_,
        )

    def _written(self, actor: Principal) -> str:
        """The actor as the trail has it."""
        name = actor_name(actor)
        own = OWN_PROCESS.get(actor) if isinstance(actor, SystemActor) else None
        if own is not None and self._identity not in (None, own, ProcessIdentity.VAULT):
            raise Refused("actor.not-this-process", f"{name} is the process {own}: {self._identity} doesn't act as it")
        return name if isinstance(actor, SystemActor) else f"person:{self._pseudonym(name)}"

    @cachedmethod(lambda self: self._names, lock=lambda self: self._names_lock)
    def _pseudonym(self, name: str) -> str:
        return _asked(self._pseudonyms, name)

    def _key(self) -> bytes:
        if self._writer_key is None:
            self._writer_key = writer_key(self._pseudonyms, self._writer)
        return self._writer_key


def record(engine: Engine, trail: AuditTrail, event: AuditEvent) -> AuditEntry:
    """Put `event` on the trail in a transaction of its own. Raises as `AuditTrail.append` and `writing`."""
    check_event(event)
    trail.prepare(event.actor)
    with writing(engine) as session:
        return trail.append(session, event)


def writer_key(pseudonyms: Pseudonyms, writer: str) -> bytes:
    """The key that the entries of `writer` (which process it is, and a random name) are sealed with, 16 bytes.

    It comes out of the vault's keyed function for names; no actor's name can hold the colon, so no entry shows it.
    """
    return bytes.fromhex(_asked(pseudonyms, f"{AUDIT_WRITER}{writer}"))


def _asked(pseudonyms: Pseudonyms, name: str) -> str:
    answer = pseudonyms.pseudonym(name)
    if not _PSEUDONYM.fullmatch(answer):
        raise Retryable("the vault's answer isn't a pseudonym: see that it is of the same version; nothing was done")
    return answer


def _newest(session: Session) -> tuple[int, str]:
    """Where the next entry hangs: the newest entry, else what pruning left, else the beginning."""
    row = session.exec(
        select(AuditEntryRow.seq, AuditEntryRow.hash).order_by(col(AuditEntryRow.seq).desc()).limit(1)
    ).first()
    if row is None:
        row = session.exec(
            select(AuditAnchorRow.seq, AuditAnchorRow.hash).order_by(col(AuditAnchorRow.seq).desc()).limit(1)
        ).first()
    return (0, GENESIS) if row is None else (row[0], row[1])
