"""Reading the trail: stored entries in order, page by page, and the heads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields

import sqlalchemy
from sqlalchemy import Engine, or_
from sqlmodel import Session, col, func, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import AuditEntry, StoredEntry, canonical, parse_body
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.audit.signed import Anchor, Head
from lfr_core.storage.engine import is_sqlite, reading
from lfr_core.storage.tables.audit import AuditAnchorRow, AuditEntryRow, AuditHeadRow
from lfr_core.storage.tables.row import Row

__all__ = [
    "anchor_of",
    "entries",
    "entry_of",
    "read_heads",
    "read_named_rows",
    "read_newest_head",
    "read_newest_seq",
    "read_stored_entries",
    "snapshot",
]

_PAGE = 1000
_COLUMNS = tuple(col(getattr(AuditEntryRow, field.name)) for field in fields(StoredEntry))
"""Without the mapper's objects, which cost several times what the hashes do."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Open a read that sees one state of the records, however long it takes. Raises as `reading`."""
    with reading(engine) as session:
        if not is_sqlite(engine):  # SQLite's WAL gives every reading transaction its own snapshot
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def read_stored_entries(session: Session, *, after: int = 0, up_to: int | None = None) -> Iterator[StoredEntry]:
    """Yield the entries with `after` < seq <= `up_to` in order, a page in memory at a time."""
    while True:
        wanted = sqlalchemy.select(*_COLUMNS).where(col(AuditEntryRow.seq) > after)
        if up_to is not None:
            wanted = wanted.where(col(AuditEntryRow.seq) <= up_to)
        rows = session.execute(wanted.order_by(col(AuditEntryRow.seq)).limit(_PAGE)).all()
        for row in rows:
            yield StoredEntry(*row)
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def read_named_rows(session: Session, kind: type[Row]) -> dict[str, bool]:
    """Return the rows of a table that any entry names, and whether each is there by the newest that does.

    For whoever has no key to verify the trail with, and would else go by there being no row: the table may have been
    emptied. Entries that were removed the vault finds.
    """
    begin, found = f"{kind.__tablename__}/", dict[str, bool]()
    naming = select(AuditEntryRow.body).where(col(AuditEntryRow.body).contains(f'"{begin}', autoescape=True))
    for text in session.exec(naming.order_by(col(AuditEntryRow.seq))):
        body = parse_body(text)
        for name, digests in () if body is None else body.records.items():
            if name.startswith(begin):
                found[name] = not digests.endswith(">")
    return found


def read_heads(session: Session, *, at_least: int = 0) -> Iterator[Head]:
    """Yield the heads with seq >= `at_least` in order, a page in memory at a time."""
    while True:
        rows = session.exec(
            select(AuditHeadRow).where(col(AuditHeadRow.seq) >= at_least).order_by(col(AuditHeadRow.seq)).limit(_PAGE)
        ).all()
        for row in rows:
            yield _head(row)
        if len(rows) < _PAGE:
            return
        at_least = rows[-1].seq + 1


def read_newest_head(session: Session, *, before: int | None = None) -> Head | None:
    """Return the head of the newest entry that has one; of those `before` an entry, if given."""
    wanted = select(AuditHeadRow).order_by(col(AuditHeadRow.seq).desc()).limit(1)
    row = session.exec(wanted if before is None else wanted.where(col(AuditHeadRow.seq) < before)).first()
    return None if row is None else _head(row)


def anchor_of(session: Session) -> Anchor | None:
    """Return where the trail begins since it was pruned; None: it never was."""
    row = session.exec(select(AuditAnchorRow).order_by(col(AuditAnchorRow.seq).desc()).limit(1)).first()
    if row is None:
        return None
    return Anchor(row.seq, row.hash, row.count, row.at_ns, row.public_key, row.signature)


def read_newest_seq(session: Session) -> int:
    """Return the number of the newest entry; 0 when there is none."""
    return session.exec(select(func.max(AuditEntryRow.seq))).one() or 0


def entries(
    engine: Engine,
    *,
    deployment: str | None = None,
    verb: Verb | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    words: str = "",
    rules: Sequence[str] = (),
    people: Collection[str] = (),
    limit: int = 200,
) -> tuple[AuditEntry, ...]:
    """Return the newest `limit` entries that fit, the oldest of them first. They aren't verified; `verify` does that.

    words: somewhere in the entry: a rule, a person's number, a kind of thing.
    rules: entries under one of these fit too, whether or not `words` stand in them.
    people: entries by or about one of these fit too: `person:` and a pseudonym, or the register's number.

    Raises:
        Retryable: the database is away.
        Refused: `audit.damaged`: an entry can't be read.
    """
    wanted = select(AuditEntryRow)
    if deployment is not None:
        wanted = wanted.where(AuditEntryRow.deployment == deployment)
    if verb is not None:
        wanted = wanted.where(AuditEntryRow.verb == verb.value)
    if since_ns is not None:
        wanted = wanted.where(col(AuditEntryRow.at_ns) >= since_ns)
    if until_ns is not None:
        wanted = wanted.where(col(AuditEntryRow.at_ns) < until_ns)
    spoken = [canonical({"rule": rule})[1:-1] for rule in rules]
    spoken += [canonical({key: each})[1:-1] for each in people for key in ("actor", "subject")]
    if any_of := [each for each in (words, *spoken) if each]:
        wanted = wanted.where(or_(*(col(AuditEntryRow.body).contains(each, autoescape=True) for each in any_of)))
    with reading(engine) as session:
        rows = session.exec(wanted.order_by(col(AuditEntryRow.seq).desc()).limit(limit)).all()
        return tuple(entry_of(_stored(row)) for row in reversed(rows))


def entry_of(stored: StoredEntry) -> AuditEntry:
    """Return an entry as people read it. Raises Refused `audit.damaged`: it can't be read."""
    body = parse_body(stored.body)
    if body is None:
        raise Refused(
            "audit.damaged", f"entry {stored.seq} of the audit trail can't be read: `lfr audit verify` says more"
        )
    return AuditEntry(
        seq=stored.seq,
        at_ns=body.at_ns,
        verb=body.verb,
        actor=body.actor,
        deployment=body.deployment,
        subject=body.subject,
        rule=body.rule,
        facts=body.facts,
        hash=stored.hash,
    )


def _stored(row: AuditEntryRow) -> StoredEntry:
    return StoredEntry(
        seq=row.seq,
        at_ns=row.at_ns,
        deployment=row.deployment,
        verb=row.verb,
        body=row.body,
        previous_hash=row.previous_hash,
        hash=row.hash,
        writer=row.writer,
        seal=row.seal,
    )


def _head(row: AuditHeadRow) -> Head:
    return Head(row.seq, row.hash, row.at_ns, row.public_key, row.signature, row.generation)
