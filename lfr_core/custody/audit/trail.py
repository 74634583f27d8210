"""The trail's writing end: an entry in the caller's transaction, or it and what it records don't happen.

A transaction appends last: on PostgreSQL the trail's lock is held until the commit, and whoever waits for it must not
hold a row that the holder still wants. Before the transaction, `prepare` asks the vault for what the entry needs:
inside, the vault may be waiting for the very database that this process has locked.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

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
    record_digest,
    seal_of,
    write_body,
)
from lfr_core.custody.audit.port import AuditEvent, WriterSource
from lfr_core.custody.audit.record_parts import of_person
from lfr_core.custody.audit.record_rights import may_record
from lfr_core.custody.audit.records import digest_rows
from lfr_core.custody.audit.row_seals import seal_row
from lfr_core.custody.vault.port import WriterKey
from lfr_core.custody.vault.writer_keys import CLOCKS_APART_NS, Writer
from lfr_core.domain.actors import Principal, SystemActor, fold_name, may_write
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import take_changes
from lfr_core.storage.tables.audit import AuditAnchorRow, AuditEntryRow
from lfr_core.storage.tables.people import PersonRow

__all__ = ["AuditTrail", "record"]

_LOCK = 0x4C46_5241  # any number of our own ("LFRA"), for PostgreSQL's advisory lock
_MOST_NAMES = 1000
"""Pseudonyms kept in one process: many times the people of one deployment."""
_ASKED_AGAIN_S = 30.0
"""While the vault is away: a vault that hangs isn't waited for at every act."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")


class AuditTrail:
    """Appends entries. One for each process; safe to share between threads that each have their own session."""

    def __init__(self, vault: WriterSource, clock: Clock) -> None:
        """Keep the vault for later: it isn't asked before the first entry."""
        self._vault = vault
        self._clock = clock
        self._names: LRUCache[str, str] = LRUCache(_MOST_NAMES)
        self._names_lock = threading.Lock()
        self._identity = vault.identity
        self._name = secrets.token_hex(16)
        self._lent: LRUCache[str, tuple[WriterKey, float]] = LRUCache(_MOST_NAMES)
        """By the folded name of the person for whom it was asked, "" for the platform's parts; and when it was, by the
        monotonic clock."""
        self._not_before = float("-inf")
        self._people: LRUCache[str, Mapping[str, str]] = LRUCache(_MOST_NAMES)
        """What the trail says of the people for whom a key was asked: the digest of each row of the register."""

    def prepare(self, actor: Principal) -> None:
        """Get what entries of `actor` need from the vault; call it before the transaction begins.

        Raises:
            Retryable: the vault is away, and so nothing may be done; or it has been for an hour.
            Refused: `audit.bad-event`: `actor` isn't a name; `actor.not-this-process`; as the vault, where this
                process may write no more, or what the register says of a person isn't on the trail.
        """
        self._written(actor)
        self._ask_for_key(_person(actor))

    def seal(self, text: str, person: str = "") -> tuple[str, str]:
        """Seal a row's text (`lfr_core.custody.audit.row_seals`). Raises as `records_key`."""
        lent = self._key(person)[0]
        return lent.writer, seal_row(lent.key, text)

    def records_key(self) -> bytes:
        """Return the key of what entries say of records. Raises Retryable: the vault is away; Refused as `prepare`."""
        with self._names_lock:  # any will do: a person's may have been asked for before the vault went away
            people = list(self._lent)
        held = next((lent for lent in map(self._held, people) if lent is not None), None)
        return (held or self._ask_for_key())[0].records_key

    def append(self, session: Session, event: AuditEvent, carried: Mapping[str, str] = _NONE) -> AuditEntry:
        """Put `event` on the trail in the transaction of `session`, which must be one of `writing`.

        The entry names the recorded rows that the transaction has changed since the entry before; or, as they stood,
        those of `carried`, each with its digest.

        Raises:
            Refused: `audit.bad-event`; `records.not-this-process`: this process changes no rows of that table.
            Retryable: the vault is away and `prepare` wasn't called, or another process holds the trail for too long;
                this machine's clock is far from the vault's; or what the register says of the person who acts isn't
                what the vault found there in `prepare`.
        """
        check_event(event)
        actor, (lent, asked) = self._written(event.actor), self._key(_person(event.actor))
        changed = take_changes(session)
        self._check_register(session, event.actor, lent.records_key, changed)
        self._check_records(lent.writer, actor, changed.keys() | carried.keys())
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        seq, previous_hash = _newest(session)
        seq += 1
        at_ns = self._clock.time_ns()
        if lent.at_ns is not None:
            apart_ns = at_ns - lent.at_ns - round((self._clock.monotonic() - asked) * 1e9)
            if abs(apart_ns) > CLOCKS_APART_NS:
                raise Retryable(
                    f"this machine's clock is {apart_ns / 1e9:+.0f} s from the vault's: set it right; nothing was done"
                )
        records = {name: f"{digest}>{digest}" for name, digest in carried.items()} | {
            name: ">".join(record_digest(lent.records_key, text) for text in texts) for name, texts in changed.items()
        }
        body = write_body(event, actor=actor, seq=seq, at_ns=at_ns, records=records)
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
                writer=lent.writer,
                seal=seal_of(lent.key, hash_),
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

    def _check_records(self, lent_as: str, actor: str, names: Collection[str]) -> None:
        """See that this process may name these records in an entry of `actor`: another's would damage the trail."""
        writer = Writer.parse(lent_as)
        roles = None if writer is None else writer.roles
        if not may_record(self._identity, actor, names, roles):
            raise Refused(
                "records.not-this-process", f"no process {self._identity or 'here'} changes such records as {actor}"
            )

    def _check_register(
        self, session: Session, actor: Principal, records_key: bytes, changed: Mapping[str, tuple[str | None, ...]]
    ) -> None:
        """Hold what this transaction reads of who acts against what the vault found on the trail.

        Rows that somebody put in for the moment between the vault's look and this one give nobody a role.
        """
        if isinstance(actor, SystemActor):
            return
        with self._names_lock:
            known = self._people.get(fold_name(actor))
        person = next((name.partition("/")[2] for name in known or () if name.startswith("person/")), None)
        if known is None:
            return
        if person is None:
            appeared = select(PersonRow.id).where(PersonRow.folded == fold_name(actor))
            if session.exec(appeared).first() is not None:
                raise Retryable(f"{actor} was registered while this was done: try again; nothing was done")
            return
        now = digest_rows(session, records_key, of_person(int(person)))
        for name in changed.keys() & (now.keys() | known.keys()):  # by this very act
            before = changed[name][0]
            now[name] = "" if before is None else record_digest(records_key, before)
        if {name: digest for name, digest in now.items() if digest} != dict(known):
            raise Retryable(f"what is registered of {actor} changed while this was done: try again; nothing was done")

    def _written(self, actor: Principal) -> str:
        """Return the actor as the trail has it."""
        name = actor_name(actor)
        if self._identity is not None and not may_write(self._identity, name):
            who = name if isinstance(actor, SystemActor) else "a person"
            raise Refused("actor.not-this-process", f"the process {self._identity} writes no entry of {who}")
        return name if isinstance(actor, SystemActor) else f"person:{self._pseudonym(name)}"

    @cachedmethod(lambda self: self._names, lock=lambda self: self._names_lock)
    def _pseudonym(self, name: str) -> str:
        answer = self._vault.pseudonym(name)
        if not _PSEUDONYM.fullmatch(answer):
            raise Retryable(
                "the vault's answer isn't a pseudonym: see that it is of the same version; nothing was done"
            )
        return answer

    def _key(self, person: str = "") -> tuple[WriterKey, float]:
        """Return the key that was asked for, while it is lent, and when that was; ask for another after that."""
        return self._held(person) or self._ask_for_key(person)

    def _held(self, person: str) -> tuple[WriterKey, float] | None:
        with self._names_lock:
            lent = self._lent.get(_folded(person))
        return None if lent is None or self._clock.monotonic() >= lent[1] + lent[0].lease_s else lent

    def _ask_for_key(self, person: str = "") -> tuple[WriterKey, float]:
        """Ask whether this process may still write, of that person if one is given; while the vault is away, what it
        lent is good for its lease.
        """
        now, held = self._clock.monotonic(), self._held(person)
        if held is not None and now < self._not_before:
            return held
        try:
            key = self._vault.writer_key(self._name, person)
        except Retryable:
            if held is None:
                raise
            self._not_before = now + _ASKED_AGAIN_S
            return held
        except Refused:
            with self._names_lock:
                self._lent.pop(_folded(person), None)
            raise
        with self._names_lock:
            self._lent[_folded(person)] = (key, now)
            if person:
                self._people.pop(fold_name(person), None)
                if key.person_records is not None:
                    self._people[fold_name(person)] = key.person_records
        return key, now


def record(engine: Engine, trail: AuditTrail, event: AuditEvent) -> AuditEntry:
    """Put `event` on the trail in a transaction of its own. Raises as `AuditTrail.append` and `writing`."""
    check_event(event)
    trail.prepare(event.actor)
    with writing(engine) as session:
        return trail.append(session, event)


def _person(actor: Principal) -> str:
    return "" if isinstance(actor, SystemActor) else actor


def _folded(person: str) -> str:
    """Fold a person's key as it is kept, and never to a part's of the platform: a name of points folds to nothing."""
    return fold_name(person) or person


def _newest(session: Session) -> tuple[int, str]:
    """Find what the next entry follows: the newest entry, else what pruning left, else the beginning."""
    row = session.exec(
        select(AuditEntryRow.seq, AuditEntryRow.hash).order_by(col(AuditEntryRow.seq).desc()).limit(1)
    ).first()
    if row is None:
        row = session.exec(
            select(AuditAnchorRow.seq, AuditAnchorRow.hash).order_by(col(AuditAnchorRow.seq).desc()).limit(1)
        ).first()
    return (0, GENESIS) if row is None else (row[0], row[1])
