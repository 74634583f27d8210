"""The vault's look at the records: which rows stand on the audit trail, whose entries it verifies as it reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.common.clock import Clock
from lfr_core.custody.audit.chain import Chain, check_head
from lfr_core.custody.audit.entry import MOST_RECORDS, Body, parse_body
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint
from lfr_core.custody.audit.heads import check_against_checkpoint, check_writer, damaged, refuse
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import anchor_of, read_newest_head, read_newest_seq, read_stored_entries, snapshot
from lfr_core.custody.audit.recorded_state import ADOPTED, CARRIED, OPENED, RecordedState
from lfr_core.custody.audit.row_seals import is_sealed
from lfr_core.custody.audit.row_states import note_state
from lfr_core.custody.audit.signed import Anchor, Head
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import (
    AS_SEALED,
    PARTS,
    RECORDED,
    is_recorded,
    note_parts,
    note_rows,
    parts_of,
)
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.row import Row

__all__ = ["TrailRecords", "append_noting", "note_unnamed_writers", "record_existing_rows"]


_FIRST: Final = frozenset(
    {
        *("alert", "alert_answer", "announcement", "application", "authority", "deployment", "footage_hold", "life"),
        *("person", "person_identity", "person_role", "published_record", "withholding_request"),
    }
)
"""The tables that were recorded when the file of adopted tables named none."""
_TELLING: Final = frozenset({ADOPTED, CARRIED, OPENED})
"""The rules of entries that say something of records, also where they name none."""
_UNNAMED_UNTIL: Final = "writers-unnamed-until"
_SEALED: Final = "_sealed"


class TrailRecords:
    """Follows the trail from where it left off, so that each look reads only what is new. Safe to share by threads.

    Entries up to the newest signed head are held against it, and later ones must have their writer's seal, as when the
    next head is signed: an entry put in by hand is believed at no moment.
    """

    def __init__(self, engine: Engine, writers: WriterKeys, public_key: bytes, clock: Clock, folder: Path) -> None:
        """
        Args:
            engine: the records.
            writers: the keys of all writers.
            public_key: the installation's, 32 bytes.
            clock: the vault's.
            folder: the keystore's, where the head lies that was signed last, and whether records were ever adopted.
        """
        self._folder = folder
        self._engine = engine
        self._writers = writers
        self._public_key = public_key
        self._clock = clock
        self._lock = threading.Lock()
        self._chain: Chain | None = None
        self._state = RecordedState()
        self.key = writers.records_key

    def is_sealed(
        self, text: str, writer: str, seal: str, processes: Collection[ProcessIdentity], person: str = ""
    ) -> bool:
        """Check as `IsSealed` does. Raises Refused, Retryable: the clock can't be trusted."""
        return is_sealed(self._writers, text, writer, seal, processes, person, now_ns=self._clock.time_ns())

    @contextmanager
    def open_state(self) -> Iterator[tuple[Session, RecordedState]]:
        """Open one consistent read of the records, with what the trail says of them then. One is open at a time.

        Raises:
            Refused: `audit.damaged`, `audit.other-installation`.
            Retryable: the database is away.
        """
        with self._lock, snapshot(self._engine) as session:
            self._follow(session)
            yield session, self._state

    @property
    def adopted_file(self) -> Path:
        """It is there once each record has its entry, or doesn't count; outside the database and its backups.

        It names the tables of which that is so, a line each; none: those of the version that made the first such file.
        """
        return self._folder / "records-adopted"

    def names_to_adopt(self) -> frozenset[str]:
        """Return what of the recorded tables was put on the trail of no row yet, as it is once for each."""
        wanted = frozenset(name for kind in RECORDED for name in _adopted_as(kind))
        if not self.adopted_file.exists():
            return wanted
        return wanted - (frozenset(self.adopted_file.read_text("utf-8").split()) or _FIRST)

    def _follow(self, session: Session) -> None:
        anchor, head = anchor_of(session), read_newest_head(session)
        checkpoint = read_checkpoint(self._folder / HEAD_FILE)
        if checkpoint is not None:
            check_against_checkpoint(session, checkpoint, anchor, self._public_key)
        chain, state = self._begin(anchor, head)
        if read_newest_seq(session) < chain.seq and (anchor is None or anchor.seq < chain.seq):
            raise damaged(f"it went up to entry {chain.seq}, and the newest entries are gone")
        now_ns, new = self._clock.time_ns(), list[Body]()
        for entry in read_stored_entries(session, after=chain.seq):
            refuse(chain.follow(entry))
            if head is None or entry.seq > head.seq:
                check_writer(entry, self._writers, 0 if head is None else head.at_ns, now_ns)
            elif entry.seq == head.seq and entry.hash != head.hash:
                raise damaged(f"entry {head.seq}, which was signed, is another one now")
            body = parse_body(entry.body)
            if body is not None and (
                body.records or body.rule in {ADOPTED, CARRIED, OPENED} or body.verb is Verb.ERASE
            ):
                new.append(body)
        if head is not None and head.seq > max(chain.seq, 0 if anchor is None else anchor.seq):
            raise damaged(f"entry {head.seq} was signed, and the newest entries are gone")
        for body in new:  # only now: a trail that is damaged leaves what is known as it was
            state.take_destroyed(body)
            state.take(body)
        for signed in (head, checkpoint):
            state.generation = max(state.generation, 0 if signed is None else signed.generation or 0)
        self._chain, self._state = chain, state

    def _begin(self, anchor: Anchor | None, head: Head | None) -> tuple[Chain, RecordedState]:
        """Return from where to read on, and what is known there."""
        for signed in (anchor, head):
            if signed is not None:
                refuse(check_head(signed, self._public_key))
        if self._chain is not None and (anchor is None or self._chain.seq >= anchor.seq):
            return Chain(self._chain.seq, self._chain.hash), self._state
        if anchor is None:
            return Chain(), RecordedState()
        return Chain(anchor.seq, anchor.hash), RecordedState(anchor=anchor.seq)


def note_unnamed_writers(engine: Engine, folder: Path) -> int:
    """Return the newest entry that there was when this version's vault was first started, which lends keys for persons.

    A file beside the keys has it: an entry of a person sealed with a key of an earlier version counts up to there only.

    Raises:
        Retryable: the database is away. Refused: the file can't be written.
    """
    file = folder / _UNNAMED_UNTIL
    if not file.exists():
        with snapshot(engine) as session:
            write_private(file, str(read_newest_seq(session)).encode())
    noted = file.read_text("utf-8")
    return int(noted) if noted.isdecimal() else 0


def record_existing_rows(engine: Engine, records: TrailRecords, trail: AuditTrail) -> int:
    """Put rows of an earlier version's home on the trail, once: from then on each has its entry, or doesn't count.

    So are the rows of a table, and the columns, that a later version records, once.

    Returns:
        How many rows were adopted; 0 where the trail names records of all tables already.

    Raises:
        Refused, Retryable: as `TrailRecords.open_state` and `AuditTrail.append`.
    """
    wanted = records.names_to_adopt()
    if not wanted:
        return 0
    adopted = 0
    with records.open_state() as (_, state):
        is_adopted = state.adopted
    if not is_adopted or records.adopted_file.exists():
        trail.prepare(SystemActor.VAULT)
        with writing(engine) as session:
            for note, rows in zip(_NOTES, _rows_to_adopt(session, records, wanted), strict=True):
                adopted += append_noting(session, trail, rows, SystemActor.VAULT, ADOPTED, note)
    write_private(records.adopted_file, "\n".join(name for kind in RECORDED for name in _adopted_as(kind)).encode())
    return adopted


_NOTES: Final[tuple[Callable[[Session, list[Row]], None], ...]] = (
    note_rows,
    partial(note_rows, later=True),
    note_parts,
)
"""As rows of a new table; as those of which more columns are recorded now; as those whose parts are."""


def _rows_to_adopt(session: Session, records: TrailRecords, wanted: frozenset[str]) -> tuple[list[Row], ...]:
    """Seal what is to be sealed, and return the rows to be noted in each of `_NOTES`.

    A row without an entry in a table that is on the trail stays without one.
    """
    anew, later, apart, is_first = list[Row](), list[Row](), list[Row](), not records.adopted_file.exists()
    for kind in RECORDED:
        name, names = str(kind.__tablename__), wanted.intersection(_adopted_as(kind))
        rows = list(session.exec(select(kind).with_for_update())) if names else []
        if f"{name}{_SEALED}" in names:
            for row in rows:
                if isinstance(row, AlertRow) and (is_first or not row.state_digest):
                    note_state(row, records.key)
        named = [row for row in rows if is_recorded(row) or kind in PARTS]
        if name in names:
            anew += named
        elif names.intersection(_later_columns(kind)):
            later += named
        elif names.intersection(parts_of(kind)):
            apart += named
    return anew, later, apart


def _adopted_as(kind: type[Row]) -> tuple[str, ...]:
    """Return what the file of adopted tables calls a table, its rows' parts, their state, later columns."""
    name = str(kind.__tablename__)
    return (name, *parts_of(kind), *([f"{name}{_SEALED}"] if kind in AS_SEALED else []), *_later_columns(kind))


def _later_columns(kind: type[Row]) -> tuple[str, ...]:
    return tuple(f"{kind.__tablename__}.{column}" for column in RECORDED[kind].later)


def append_noting(
    session: Session,
    trail: AuditTrail,
    rows: list[Row],
    actor: SystemActor,
    rule: str,
    note: Callable[[Session, list[Row]], None] = note_rows,
) -> int:
    """Write entries that name these rows as they are, as `note` notes them. Returns how many rows they are."""
    at_once = MOST_RECORDS // (1 + max(map(len, PARTS.values())))  # each may be named with its parts
    for first in range(0, len(rows), at_once):
        part = rows[first : first + at_once]
        note(session, part)
        trail.append(session, AuditEvent(Verb.ALTER, actor, "", "records:all", rule, {"rows": len(part)}))
    return len(rows)
