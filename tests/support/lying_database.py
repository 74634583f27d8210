"""A database that gives whoever asks for one row another, though each row is as it was: what its login can make."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

from sqlalchemy import Engine

__all__ = ["NO_LIES", "another_operator", "give_another_rows_index", "run_statements"]

NO_LIES: AbstractContextManager[None] = nullcontext()


def give_another_rows_index(engine: Engine, table: str, column: str, one: object, other: object) -> None:
    """Have the first index of SQLite that has `column` say `other` of the rows that say `one`, and `one` of those."""
    engine.dispose()
    assert engine.url.database is not None
    with closing(sqlite3.connect(engine.url.database, isolation_level=None)) as sqlite:
        sqlite.execute("PRAGMA writable_schema = ON")
        for (index,) in sqlite.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,)
        ).fetchall():
            names = [each[2] for each in sqlite.execute(f"PRAGMA index_info({index})")]
            if column in names:
                said = f"CASE {column} WHEN {one!r} THEN {other!r} WHEN {other!r} THEN {one!r} ELSE {column} END"
                places = ", ".join(said if name == column else name for name in names)
                sqlite.execute("BEGIN IMMEDIATE")
                sqlite.execute(f"CREATE INDEX lie ON {table} ({places})")
                root = "(SELECT rootpage FROM sqlite_master WHERE name = 'lie')"
                sqlite.execute(f"UPDATE sqlite_master SET rootpage = {root} WHERE name = ?", (index,))
                sqlite.execute("DELETE FROM sqlite_master WHERE name = 'lie'")
                (version,) = sqlite.execute("PRAGMA schema_version").fetchone()
                sqlite.execute(f"PRAGMA schema_version = {version + 1}")
                sqlite.execute("COMMIT")
                return
    raise AssertionError(f"{table} has no index of its own of {column}")


@contextmanager
def another_operator(engine: Engine, one: str, other: str) -> Iterator[None]:
    """Have PostgreSQL find `other` equal to `one` meanwhile, wherever text columns are compared."""
    run_statements(
        engine,
        "CREATE FUNCTION lies(a varchar, b varchar) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT "
        f"a OPERATOR(pg_catalog.=) CASE WHEN b OPERATOR(pg_catalog.=) '{one}' THEN '{other}' ELSE b END $$",
        "CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = lies)",
    )
    try:
        yield
    finally:
        run_statements(engine, "DROP OPERATOR public.= (varchar, varchar)", "DROP FUNCTION lies(varchar, varchar)")


def run_statements(engine: Engine, *statements: str) -> None:
    """Run statements with the records' login; `{database}` is what the database is called."""
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("{database}", engine.url.database or ""))
        connection.commit()
    engine.dispose()
