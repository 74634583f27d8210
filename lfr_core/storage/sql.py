"""The few statements that SQLAlchemy writes differently for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from lfr_core.storage.tables.row import Row

__all__ = ["Value", "add_up", "insert_absent", "is_storable"]

Value = str | int | float | bool | UUID
_LARGEST = 2**63 - 1  # BIGINT, on both databases


def _insert(session: Session, table: Table) -> postgresql.Insert | sqlite.Insert:
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _table(row: type[Row]) -> Table:
    return row.metadata.tables[str(row.__tablename__)]


def insert_absent(session: Session, row: type[Row], values: Mapping[str, Value]) -> None:
    """Insert a row unless its primary key is there."""
    session.execute(_insert(session, _table(row)).values(dict(values)).on_conflict_do_nothing())


def add_up(session: Session, row: type[Row], rows: Sequence[Mapping[str, Value]]) -> None:
    """Insert each of `rows`, or add its figures to the row of the same primary key.

    Rows are taken in the order of their keys, so that two processes never wait for each other in a ring.
    """
    table = _table(row)
    key = [column.name for column in table.primary_key]
    statement = _insert(session, table)
    upsert = statement.on_conflict_do_update(
        index_elements=key,
        set_={c.name: c + statement.excluded[c.name] for c in table.columns if c.name not in key},
    )
    for values in sorted(rows, key=lambda values: [str(values[name]) for name in key]):
        session.execute(upsert, dict(values))


def is_storable(*values: str | int) -> bool:
    """Return whether both databases can hold these: no NUL in a text, no integer past 64 bits."""
    return all("\x00" not in v if isinstance(v, str) else abs(v) <= _LARGEST for v in values)
