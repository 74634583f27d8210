"""A database that gives another row than the one that was asked for, while each row by itself is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.people import People
from lfr_core.storage.engine import is_sqlite, open_engine, reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRow
from tests.integration.custody.audit.test_records_on_trail import lived
from tests.support.edited_records import differences
from tests.support.lying_database import NO_LIES, another_operator, give_another_rows_index, run_statements
from tests.support.people import ISSUER, subject_of
from tests.support.planning import OFFICER, PLANNER
from tests.support.vaults import trail_of

__all__ = ["lived"]


def test_the_planners_account_is_never_the_officers_whatever_the_database_answers(lived: Engine) -> None:
    people = People(lived, trail_of(lived), SystemClock())
    one, other = subject_of(PLANNER), subject_of(OFFICER)
    assert people.of_identity(ISSUER, one).name == PLANNER
    rows = _accounts(lived)

    with another_operator(lived, one, other) if not is_sqlite(lived) else NO_LIES:
        if is_sqlite(lived):
            give_another_rows_index(lived, "person_identity", "subject", one, other)

        with _anew(lived) as engine:
            assert _accounts(engine) == rows, "each row is as it was"
            with pytest.raises(Refused) as refused:
                People(engine, trail_of(engine), SystemClock()).of_identity(ISSUER, one)
            said, *_ = differences(engine)
        assert refused.value.rule == "identity.unknown"
        assert ("indexes don't say the same" if is_sqlite(lived) else "operator = of their own") in said


def test_entries_that_an_index_of_the_trail_hides_are_missed(lived: Engine) -> None:
    if not is_sqlite(lived):
        return
    give_another_rows_index(lived, "audit_entry", "deployment", "market", "nowhere")

    with _anew(lived) as engine, reading(engine) as session:
        hidden = session.exec(select(AuditEntryRow.seq).where(AuditEntryRow.deployment == "market")).all()
    assert hidden == []
    assert "the table audit_entry and its indexes don't say the same" in _said(lived)


_NO_CASE = (
    "UPDATE sqlite_master SET sql = replace(sql, 'issuer VARCHAR', 'issuer VARCHAR COLLATE NOCASE') "
    "WHERE name = 'person_identity'"
)
_COLLATION = 'ALTER TABLE person_identity ALTER issuer TYPE varchar COLLATE "{}"'


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "undone", "what"),
    [
        (
            _NO_CASE,
            _COLLATION.format("C"),
            _COLLATION.format("default"),
            "gave it a collation",
        ),
        (
            "",
            "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
            "DROP FUNCTION public.lower(varchar)",
            "function lower of their own",
        ),
        (
            "",
            "ALTER DATABASE {database} SET search_path = public, pg_catalog",
            "ALTER DATABASE {database} RESET search_path",
            "search path of their own",
        ),
    ],
    ids=["collation", "function", "search-path"],
)
def test_what_is_compared_in_another_way_is_named(
    lived: Engine, sqlite: str, postgresql: str, undone: str, what: str
) -> None:
    assert differences(lived) == ()
    if is_sqlite(lived):
        if sqlite:
            run_statements(lived, "PRAGMA writable_schema = ON", sqlite)
            assert what in _said(lived)
        return
    run_statements(lived, postgresql)
    try:
        assert what in _said(lived)
    finally:
        run_statements(lived, undone)


@contextmanager
def _anew(engine: Engine) -> Iterator[Engine]:
    """Open the records as a process does that starts now."""
    engine.dispose()
    opened = open_engine(engine.url.render_as_string(hide_password=False))
    try:
        yield opened
    finally:
        opened.dispose()


def _said(engine: Engine) -> str:
    with _anew(engine) as opened:
        return "\n".join(differences(opened))


def _accounts(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as session:
        found = session.exec(select(PersonRow.name, PersonIdentityRow.subject).join(PersonIdentityRow))
        return sorted(tuple(each) for each in found)
