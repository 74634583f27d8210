"""Rows that count only with their entry on the audit trail (`recorded_tables`): which of them a transaction changes.

`lfr_core.storage.engine.writing` gives sessions that take note of every such row they change. The trail takes the notes
when it writes the entry (`take_changes`), and what was changed without an entry isn't committed. Whoever writes into
the database by another way leaves no entry, and is found.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session

from lfr_core.common.errors import Fatal
from lfr_core.storage.recorded_tables import (
    AS_SEALED,
    HELD_BESIDE,
    PARTS,
    RECORDED,
    SAID_ONCE,
    RowPart,
    columns_of,
    parts_of,
)
from lfr_core.storage.tables.row import Row

__all__ = [
    "AS_SEALED",
    "HELD_BESIDE",
    "PARTS",
    "RECORDED",
    "SAID_ONCE",
    "RecordingSession",
    "RowPart",
    "columns_of",
    "is_recorded",
    "key_of",
    "note_parts",
    "note_rows",
    "part_key_of",
    "part_text_of",
    "parts_of",
    "sealed_text_of",
    "take_changes",
    "text_of",
]


_CHANGED: Final = "openlfr_recorded"
_PARTS: Final = "openlfr_recorded_parts"


@dataclass(frozen=True, slots=True)
class _Change:
    row: Row
    before: str | None
    is_deleted: bool = False
    part: RowPart | None = None

    @property
    def name(self) -> str:
        return key_of(self.row) if self.part is None else part_key_of(self.row, self.part)

    @property
    def after(self) -> str | None:
        if self.part is not None:
            return part_text_of(self.row, self.part)
        return text_of(self.row) if not self.is_deleted and is_recorded(self.row) else None


class RecordingSession(Session):
    """A session that takes note of the recorded rows that it changes, and commits none without an entry."""


def key_of(row: Row) -> str:
    """Return what a recorded row is called on the trail: its table and its key, as `authority/market-square-1204/2`."""
    return "/".join(
        [str(row.__tablename__), *(str(part) for part in inspect(row).mapper.primary_key_from_instance(row))]
    )


def text_of(row: Row, was: Mapping[str, object] = MappingProxyType({})) -> str:
    """Return what is recorded of a recorded row: its name and columns as JSON, the same whichever database it is from.

    A column that has its default is left out, so that one that a later version adds changes no earlier text. `was`
    has earlier values for some columns.
    """
    return _text(row, key_of(row), columns_of(type(row)), was)


def part_key_of(row: Row, part: RowPart) -> str:
    """Return what the trail calls a part of a row: `alert_opened/…`."""
    return f"{row.__tablename__}_{part.name}/{key_of(row).partition('/')[2]}"


def part_text_of(row: Row, part: RowPart, was: Mapping[str, object] = MappingProxyType({})) -> str:
    """Return what is recorded of a part of a row (`PARTS`), as `text_of`."""
    return _text(row, part_key_of(row, part), part.columns, was)


def sealed_text_of(row: Row) -> str:
    """Return of what of a row its `state_digest` is (`AS_SEALED`), as `text_of`."""
    return _text(row, f"{row.__tablename__}_sealed/{key_of(row)}", AS_SEALED[type(row)], MappingProxyType({}))


def _text(row: Row, name: str, names: Iterable[str], was: Mapping[str, object]) -> str:
    columns, fields = inspect(row).mapper.columns, type(row).model_fields
    values = {
        each: _plain(value, columns[each].type.python_type)
        for each in names
        if (value := was.get(each, getattr(row, each))) != fields[each].default
    }
    return json.dumps([name, values], sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def take_changes(session: Session) -> Mapping[str, tuple[str | None, str | None]]:
    """Flush, and return the recorded rows changed since the last time, by `key_of`.

    Each with its `text_of` before, as it was read, and after; None: there was none, or there is none.
    """
    session.flush()
    changed: dict[int, _Change] = session.info.pop(_CHANGED, {})
    parts: dict[tuple[int, str], _Change] = session.info.pop(_PARTS, {})
    taken: dict[str, tuple[str | None, str | None]] = {}
    for each in (*changed.values(), *parts.values()):
        first, _ = taken.get(each.name, (each.before, None))  # a row that was replaced by another of the same key
        taken[each.name] = (first, each.after)
    return taken


def note_rows(session: Session, rows: Iterable[Row], *, later: bool = False) -> None:
    """Have the next entry of this transaction name these rows too, as if they were new.

    later: as rows that are on the trail without the columns of `RecordedTable.later`.
    """
    for row in rows:
        if is_recorded(row):
            before = text_of(row, dict.fromkeys(RECORDED[type(row)].later)) if later else None
            session.info.setdefault(_CHANGED, {})[id(row)] = _Change(row, before)
    note_parts(session, rows)


def note_parts(session: Session, rows: Iterable[Row]) -> None:
    """Have the next entry of this transaction name the parts of these rows, as if they were new; not the rows."""
    noted: dict[tuple[int, str], _Change] = session.info.setdefault(_PARTS, {})
    for row in rows:
        noted |= {(id(row), part.name): _Change(row, None, part=part) for part in PARTS.get(type(row), ())}


def is_recorded(row: Row) -> bool:
    """Return whether there must be an entry for it: for an alert once something was decided, for a live probe once it
    is over.
    """
    table = RECORDED[type(row)]
    if table.since:
        return getattr(row, table.since) is not None
    return not table.answers or any(getattr(row, name) is not None for name in table.columns)


def _plain(value: object, kind: type) -> object:
    if value is None:
        return None
    if kind is float:
        return float(value)  # type: ignore[arg-type]  # a number that was given whole comes back as one with a point
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, str | UUID) else value


def _note_changes(session: Session, _context: object, _instances: object) -> None:
    """Note which recorded rows change. Called before each flush."""
    changed: dict[int, _Change] = session.info.setdefault(_CHANGED, {})
    for row in session.deleted:
        if type(row) in RECORDED and not RECORDED[type(row)].goes:
            changed[id(row)] = _Change(row, _text_before(row), is_deleted=True)
    for row in session.new:
        if type(row) in RECORDED and is_recorded(row):
            changed[id(row)] = _Change(row, None)
    note_parts(session, [row for row in session.new if isinstance(row, Row)])
    for row in session.dirty:
        if type(row) in RECORDED and row not in session.deleted and (was := _values_before(row)):
            changed.setdefault(id(row), _Change(row, _text_before(row)))
            _note_changed_parts(session, row, was)


def _note_changed_parts(session: Session, row: Row, was: Mapping[str, object]) -> None:
    """Note the parts of which something changes; not those that never do: what is changed there differs."""
    noted: dict[tuple[int, str], _Change] = session.info.setdefault(_PARTS, {})
    for part in PARTS.get(type(row), ()):
        if not part.is_once and not was.keys().isdisjoint(part.columns):
            noted.setdefault((id(row), part.name), _Change(row, part_text_of(row, part, was), part=part))


def _values_before(row: Row) -> dict[str, object]:
    """Return the columns that change in this flush, with their earlier values."""
    attributes = inspect(row).attrs
    histories = ((name, attributes[name].history) for name in columns_of(type(row)))
    return {name: history.deleted[0] for name, history in histories if history.has_changes() and history.deleted}


def _text_before(row: Row) -> str | None:
    """Return the row's text as it was read; None: nothing was recorded of it then."""
    was, table = _values_before(row), RECORDED[type(row)]
    if table.since and was.get(table.since, getattr(row, table.since)) is None:
        return None
    if table.answers and all(was.get(name, getattr(row, name)) is None for name in table.columns):
        return None
    return text_of(row, was)


def _check_entries(session: Session) -> None:
    """Raise Fatal, before a commit, when a recorded row was changed and no entry written: then nothing is written."""
    session.flush()
    left: list[_Change] = [each for kind in (_CHANGED, _PARTS) for each in session.info.get(kind, {}).values()]
    if left:
        names = sorted({str(each.row.__tablename__) for each in left})
        raise Fatal(f"{', '.join(names)} would change without an entry on the audit trail: a fault of OpenLFR")


def _check_statement(state: ORMExecuteState) -> None:
    """Raise Fatal for any statement that changes recorded rows past the session, which notes none of them."""
    if not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return
    kind: Any = state.bind_mapper.class_
    if kind in RECORDED and not (state.is_delete and RECORDED[kind].goes):
        raise Fatal(f"{kind.__tablename__} would change without an entry on the audit trail: a fault of OpenLFR")


event.listen(RecordingSession, "before_flush", _note_changes)
event.listen(RecordingSession, "before_commit", _check_entries)
event.listen(RecordingSession, "do_orm_execute", _check_statement)
