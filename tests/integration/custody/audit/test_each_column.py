"""Each column that the trail is said to cover is edited alone, and of each table a row taken out, past the platform:
`test_what_is_compared` asks the code's own tables which ones those are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import pytest
from sqlalchemy import Engine, inspect
from sqlmodel import Session, select

from lfr_core.common.errors import Fatal, LfrError
from lfr_core.storage.recorded import HELD_BESIDE, RECORDED
from lfr_core.storage.tables.row import Row
from tests.integration.custody.audit.test_records_on_trail import lived
from tests.support.edited_records import NOW, differences, overwritten
from tests.unit.custody.audit.test_what_is_compared import APART

__all__ = ["lived"]

pytestmark = pytest.mark.slow
TABLES = tuple(dict.fromkeys((*RECORDED, *HELD_BESIDE)))
SAID_AS = {"alert_reference": "alert", "alert_shot": "alert", "sighting": "alert", "proof_answer": "proof"}
"""Of what an alert rests on the alert is named, of an answer the live probe."""
NEW: dict[type, object] = {
    str: "another", int: 7, float: 0.5, bytes: b"another", bool: True, dt.datetime: NOW, dt.date: NOW.date(),
}  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is compared is read by the same code from either."""
    return sqlite_url


def another(value: Any, kind: type[Row], column: str) -> object:
    """A value like it, and not it."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case bytes():
            return value + b"x"
        case dt.datetime() | dt.date():
            return value + dt.timedelta(days=1)
    hint = get_type_hints(kind)[column]
    return NEW[next(each for each in (*get_args(hint), hint) if each in NEW)]


def edits(session: Session) -> Iterator[tuple[str, Callable[[Session], None]]]:
    """One of each column of the first row of each table, with its name."""
    for kind in TABLES:
        row = session.exec(select(kind)).first()
        assert row is not None, f"no row of {kind.__tablename__} is tried"
        keys = [key.name for key in inspect(kind).primary_key]
        for column in inspect(kind).columns:
            name = f"{kind.__tablename__}.{column.name}"
            if column.name not in keys and not column.foreign_keys and name not in APART:
                new = another(getattr(row, column.name), kind, column.name)
                yield name, edit(kind, tuple(getattr(row, key) for key in keys), column.name, new)


def edit(kind: type[Row], key: tuple[object, ...], column: str, new: object) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        row = session.get(kind, key)
        assert row is not None
        setattr(row, column, new)
        session.add(row)

    return change


def test_an_edit_of_any_one_column_is_found(lived: Engine) -> None:
    with Session(lived) as session:
        tried = dict(edits(session))

    missed = []
    for name, change in tried.items():
        try:
            with overwritten(lived, change) as found:
                table = name.partition(".")[0]
                if not any(SAID_AS.get(table, table) in each for each in found):
                    missed.append(name)
        except LfrError as error:
            missed.append(f"{name}: {error}")
    assert missed == []
    assert len(tried) > 200
    assert differences(lived) == ()


def test_a_row_of_any_table_that_is_taken_out_is_found(lived: Engine) -> None:
    refused, missed = set(), []
    for kind in TABLES:
        name = str(kind.__tablename__)
        try:
            with overwritten(lived, take_out(kind)) as found:
                if not any(each.startswith(f"{SAID_AS.get(name, name)}/") for each in found):
                    missed.append(name)
        except Fatal:
            refused.add(name)

    assert missed == []
    assert refused == {"person", "deployment", "footage_hold", "rights_request"}, "the database itself keeps these"
    assert differences(lived) == ()


def take_out(kind: type[Row]) -> Callable[[Session], None]:
    def remove(session: Session) -> None:
        session.delete(session.exec(select(kind).limit(1)).one())
        session.flush()

    return remove
