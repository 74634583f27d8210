"""Whether recorded rows stand on the audit trail: each entry says what the rows that changed with it were afterwards.

A row counts when the newest entry that names it has its digest. What was written past the platform has no such entry:
it is named, and the vault doesn't go by it (docs/decisions/0023-a-record-counts-with-its-entry.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Final

from sqlalchemy import inspect
from sqlalchemy.orm import load_only
from sqlmodel import Session, select

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.alert_rows import find_resting_otherwise
from lfr_core.custody.audit.entry import record_digest
from lfr_core.custody.audit.record_parts import Part, Where
from lfr_core.custody.audit.recorded_state import RecordedState
from lfr_core.custody.audit.row_states import is_as_noted
from lfr_core.custody.audit.standing import find_otherwise
from lfr_core.storage.plain_tables import find_odd_tables
from lfr_core.storage.recorded import (
    AS_SEALED,
    PARTS,
    RECORDED,
    columns_of,
    is_recorded,
    key_of,
    part_key_of,
    part_text_of,
    text_of,
)
from lfr_core.storage.tables.alerts import AlertAnswerRow, AlertRow, AlertStubRow, digest_stubs
from lfr_core.storage.tables.audit import AuditAnchorRow, AuditEntryRow, AuditHeadRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.monitoring import LiveProbeAnswerRow, LiveProbeRow, digest_answers
from lfr_core.storage.tables.row import Row

__all__ = [
    "NOT_ON_TRAIL",
    "digest_rows",
    "find_differences",
    "find_lost",
    "not_on_trail",
    "read_rows",
]

NOT_ON_TRAIL: Final = "records.not-on-trail"
"""The rule by which nothing is done on a record that differs."""


def find_differences(
    session: Session,
    state: RecordedState,
    records_key: bytes,
    where: Where | None = None,
    *,
    with_pictures: bool = False,
) -> Iterator[str]:
    """Compare rows with what the trail says of them; a sentence for each that differs, in one consistent look.

    Args:
        session: of `snapshot`, in which `state` was read too.
        state: of the whole trail.
        records_key: the installation's (`WriterKey`).
        where: which rows; None: all of them. Rows that are gone and that the trail has are found either way.
        with_pictures: hold the indexes of tables with pictures, and of the trail, against them too, and alerts against
            their pictures and sightings: all of it is read.
    """
    kinds: Iterable[type[Row]] = where if where is not None else _to_compare(with_seldom=with_pictures)
    indexed = [kind for kind in kinds if with_pictures or not RECORDED[kind].goes]
    trail: list[type[Row]] = [AuditEntryRow, AuditHeadRow, AuditAnchorRow] if with_pictures else []
    yield from find_odd_tables(session, _names([*kinds, *trail]), with_indexes=_names([*indexed, *trail]))
    for kind in kinds:
        asked = None if where is None else where[kind].key
        found = set()
        for row in _rows(session, kind, where):
            name = key_of(row)
            if asked is not None and not f"{name}/".startswith(f"{asked}/"):
                yield f"{name} is what the database gives whoever asks for {asked}"
            found.add(name)
            difference = _difference(state, name, record_digest(records_key, text_of(row)), must=is_recorded(row))
            if difference:
                yield difference
            if isinstance(row, DeploymentRow):
                standing = state.standing.get(row.id)
                yield from find_otherwise(name, standing, row.status, row.opened_at, row.ended_at)
                if where is None:
                    yield from _stubs_differ(session, row, state.stubs.get(row.id, 0))
            yield from _parts_differ(state, records_key, row, set(columns_of(kind)) if difference else set())
            if isinstance(row, LiveProbeRow):
                yield from _probe_differs(session, row, records_key)
            if isinstance(row, AlertRow) and not is_as_noted(row, records_key):
                yield f"{name} has another similarity, time or count than the recorder gave it"
        if not RECORDED[kind].goes:
            yield from _gone(session, state, kind, None if where is None else where[kind], found)
        elif kind is AlertAnswerRow and where is None:
            yield from _answers_gone(session, state, found)
    if where is None:
        there = {str(alert) for alert in session.exec(select(AlertRow.id))}
        for alert, opened in state.alerts.items():
            if alert not in there:
                yield f"alert/{alert}, opened by entry {opened.seq} of the audit trail, is gone before it was due"
        if with_pictures:
            yield from find_resting_otherwise(session, records_key)


def _to_compare(*, with_seldom: bool) -> list[type[Row]]:
    """Return the recorded tables, or those of them that each look reads."""
    return [kind for kind in RECORDED if with_seldom or not RECORDED[kind].seldom]


def _names(kinds: Iterable[type[Row]]) -> list[str]:
    return [str(kind.__tablename__) for kind in kinds]


def _difference(state: RecordedState, name: str, digest: str, *, must: bool = True) -> str:
    """Return the sentence where the trail says another digest of `name`, or none although there `must` be one."""
    said = state.find(name)
    if said is None or (not must and not said[0]):  # an answer that was taken back is none
        return f"{name} has no entry on the audit trail" if must else ""
    return "" if said[0] == digest else f"{name} isn't what entry {said[1]} of the audit trail says"


def _parts_differ(state: RecordedState, records_key: bytes, row: Row, told: AbstractSet[str]) -> Iterator[str]:
    """Find the parts of a row that differ, but those of columns that are `told` of already."""
    for part in PARTS.get(type(row), ()):
        digest = record_digest(records_key, part_text_of(row, part))
        if not told >= set(part.columns) and (found := _difference(state, part_key_of(row, part), digest)):
            yield found


def _probe_differs(session: Session, row: LiveProbeRow, records_key: bytes) -> Iterator[str]:
    """Hold what was asked against its keyed digest, and the answers to a live probe that is over against its row."""
    if row.state_digest and not is_as_noted(row, records_key):
        yield f"{key_of(row)} asks for something else than was sent"
    if row.answers_sha256:
        answers = session.exec(select(LiveProbeAnswerRow).where(LiveProbeAnswerRow.proof == row.id)).all()
        if row.answers_sha256 != digest_answers(answers):
            yield f"{key_of(row)} has other answers than were recorded"


def _stubs_differ(session: Session, row: DeploymentRow, erased: int) -> Iterator[str]:
    """Compare what stays of a deployment's alerts with what the deployment, which is recorded, says of it.

    `erased`: how many went that leave something, by the trail.
    """
    if row.stubs_sha256 is not None:
        stubs = session.exec(select(AlertStubRow).where(AlertStubRow.deployment == row.id)).all()
        if digest_stubs(stubs) != row.stubs_sha256:
            yield f"alert_stub of {row.id}: they aren't what the deployment's newest entry says of them"
        elif len(stubs) < erased:
            yield f"alert_stub of {row.id}: of {erased} alerts that were erased {len(stubs)} left what is published"


def digest_rows(session: Session, records_key: bytes, where: Where) -> dict[str, str]:
    """Return the digest of each of these rows as it is now, by its `key_of`."""
    return {
        key_of(row): record_digest(records_key, text_of(row)) for kind in where for row in _rows(session, kind, where)
    }


def find_lost(session: Session, state: RecordedState, records_key: bytes, kind: type[Row]) -> Iterator[tuple[str, int]]:
    """Find the rows of a table that the trail has, and that are gone or others now: name, and entry's number."""
    said = {name: each for name, each in state.entries.get(str(kind.__tablename__), {}).items() if each[0]}
    there = (
        {key_of(row): record_digest(records_key, text_of(row)) for row in session.exec(select(kind))} if said else {}
    )
    yield from ((name, seq) for name, (digest, seq) in said.items() if there.get(name) != digest)


def read_rows(session: Session, kind: type[Row], deployment: str) -> Iterator[Row]:
    """Read a deployment's rows of a recorded table, of each its key and what is recorded."""
    column = "id" if kind is DeploymentRow else "deployment"
    return _rows(session, kind, {kind: Part(inspect(kind).mapper.columns[column] == deployment, None)})


def _rows(session: Session, kind: type[Row], where: Where | None) -> Iterator[Row]:
    """Read rows of a table, of each its key and what is recorded: no picture."""
    wanted = select(kind).options(load_only(*_attributes(kind)))
    yield from session.exec(wanted if where is None else wanted.where(where[kind].rows))


def _gone(
    session: Session, state: RecordedState, kind: type[Row], part: Part | None, found: AbstractSet[str]
) -> Iterator[str]:
    """Find the rows that the trail has and the table hasn't; of `part` alone, where one is given."""
    said = state.entries.get(str(kind.__tablename__), {})
    names = said if part is None else state.names_of(kind, part)
    gone = [name for name in names if said[name][0] and name not in found]
    if gone and part is not None and part.key is None:  # of another part, perhaps
        (column,) = inspect(kind).mapper.primary_key
        there = {f"{kind.__tablename__}/{key}" for key in session.exec(select(column))}
        gone = [name for name in gone if name not in there]
    for name in gone:
        yield f"{name}, of entry {said[name][1]} of the audit trail, is gone from the records"


def _answers_gone(session: Session, state: RecordedState, found: AbstractSet[str]) -> Iterator[str]:
    """Find the answers that the trail has of alerts that are there, and the table hasn't: they go with their alert."""
    table = str(AlertAnswerRow.__tablename__)
    there = {f"{table}/{alert}" for alert in session.exec(select(AlertRow.id))}
    for name, (digest, seq) in state.entries.get(table, {}).items():
        if digest and name not in found and name.rpartition("/")[0] in there:
            yield f"{name}, of entry {seq} of the audit trail, is gone from the records"


def not_on_trail(what: str, difference: str) -> Refused:
    """Return what is refused where a record doesn't count."""
    return Refused(
        NOT_ON_TRAIL,
        f"what the records say of {what} isn't what the audit trail says: {difference}. Somebody wrote in the database "
        "past the platform; nothing goes by it: compliance runs `lfr audit verify`, and keeps the database as it is",
    )


def _attributes(kind: type[Row]) -> list[Any]:
    """Return what of a table is read: its key and what is recorded, no picture."""
    mapper = inspect(kind).mapper
    names = {column.name for column in mapper.primary_key} | set(columns_of(kind))
    names |= {column for part in PARTS.get(kind, ()) for column in part.columns}
    if kind in AS_SEALED:
        names |= {*AS_SEALED[kind], "state_digest"}
    return [mapper.attrs[name].class_attribute for name in sorted(names)]
