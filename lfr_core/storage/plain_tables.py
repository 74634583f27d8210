"""Whether tables are as they were made: what stands in one's place may answer each who asks in another way.

A view, rule, trigger or row policy does. So does an index that doesn't say what its table says, a column that is
compared by another collation, and, on PostgreSQL, somebody's own operator or function in the place of `=`: whoever asks
for one row is given another, and each row by itself is as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import Session

__all__ = ["find_odd_tables"]

_SQLITE = text(
    "SELECT tbl_name, CASE WHEN type IN ('view', 'trigger') THEN type ELSE 'collation' END FROM sqlite_master "
    "WHERE tbl_name IN :names AND (type IN ('view', 'trigger') OR sql LIKE '%COLLATE%')"
)
_SQLITE_INDEXES = text(
    "SELECT m.name, found.integrity_check FROM sqlite_master m, pragma_integrity_check(m.name) found "
    "WHERE m.type = 'table' AND m.name IN :names AND found.integrity_check <> 'ok'"
)
_POSTGRESQL = text(
    "SELECT c.relname, CASE WHEN c.relkind <> 'r' THEN 'view' WHEN c.relrowsecurity THEN 'row policy' "
    "WHEN c.relhasrules THEN 'rule' WHEN odd.attrelid IS NOT NULL THEN 'collation' ELSE 'trigger' END "
    "FROM pg_class c LEFT JOIN (SELECT DISTINCT a.attrelid FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.attcollation <> t.typcollation OR t.oid >= :ours)) odd "
    "ON odd.attrelid = c.oid WHERE c.relname IN :names AND pg_table_is_visible(c.oid) AND (c.relkind <> 'r' "
    "OR c.relrowsecurity OR c.relhasrules OR odd.attrelid IS NOT NULL "
    "OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))"
)
_POSTGRESQL_NAMES = text(
    "SELECT 'operator ' || o.oprname FROM pg_operator o WHERE o.oid >= :ours AND pg_operator_is_visible(o.oid) "
    "AND o.oprleft < :ours AND o.oprright < :ours "
    "UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.oid >= :ours AND pg_function_is_visible(p.oid) "
    "AND NOT EXISTS (SELECT 1 FROM unnest(p.proargtypes) each WHERE each >= :ours) "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') "
    "AND EXISTS (SELECT 1 FROM pg_proc b WHERE b.proname = p.proname AND b.oid < :ours) "
    "UNION ALL SELECT 'search path' WHERE array_position(current_schemas(true), 'pg_catalog') > 1 "
    "AND (current_schemas(true))[1] NOT LIKE 'pg\\_temp%'"
)
_FIRST_MADE_OID = 16_384
"""From here on are the objects that somebody made in a PostgreSQL (its `FirstNormalObjectId`)."""


def find_odd_tables(session: Session, names: Collection[str], *, with_indexes: Collection[str] = ()) -> Iterator[str]:
    """Yield a sentence for each of these tables that isn't as OpenLFR makes it, and for what stands in `=`'s place.

    names: that nobody has given a view, trigger, rule, row policy or collation.
    with_indexes: those whose indexes are held against them too, where they could say something else: SQLite's. Each of
        their rows is read for it.
    """
    if session.get_bind().dialect.name == "sqlite":
        yield from _odd(session.execute(_among(_SQLITE), {"names": list(names)}))
        for name, what in session.execute(_among(_SQLITE_INDEXES), {"names": list(with_indexes)}):
            yield f"the table {name} and its indexes don't say the same: {what}"
        return
    yield from _odd(session.execute(_among(_POSTGRESQL), {"names": list(names), "ours": _FIRST_MADE_OID}))
    for (what,) in session.execute(_POSTGRESQL_NAMES, {"ours": _FIRST_MADE_OID}):
        yield f"the database compares as OpenLFR doesn't: somebody gave it a {what} of their own"


def _among(query: TextClause) -> TextClause:
    return query.bindparams(bindparam("names", expanding=True))


def _odd(found: Iterable[Any]) -> Iterator[str]:
    for name, what in found:
        yield f"the table {name} isn't as OpenLFR makes it: somebody gave it a {what}"
